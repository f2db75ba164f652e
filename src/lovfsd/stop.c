/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/stop.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define FLUSH_TIMEOUT_S 10
#define NUDGE_NS (20 * (long)NS_PER_MS)

/* Interrupts what the loop's thread waits in. */
#define NUDGE_SIGNAL SIGUSR1

static void stop_signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGHUP);
}

static void nudged(int signal UNUSED)
{
}

void stop_block_signals(void)
{
	struct sigaction nudge = { .sa_handler = nudged }; /* no SA_RESTART */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(NUDGE_SIGNAL, &nudge, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int stop_requested(unsigned int timeout_ms)
{
	struct timespec timeout = { .tv_sec = timeout_ms / 1000,
				    .tv_nsec = (long)(timeout_ms % 1000 * NS_PER_MS) };
	sigset_t set;
	int signal;

	stop_signals(&set);
	signal = sigtimedwait(&set, NULL, &timeout);
	return signal > 0 ? signal : 0;
}

static void *flush_mount(void *mount_path)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, mount_path, O_RDONLY | O_DIRECTORY, 0);
	int err = fd < 0 ? fd : sys_syncfs(fd);

	if (err)
		log_warning("%s: writing back before the end: %s", (char *)mount_path,
			    strerror(-err));
	return NULL;
}

/* In a thread that may be left behind: pages that can't be written now must not keep the daemon
 * from ending. */
static void flush_with_timeout(const struct stop *stop)
{
	struct timespec deadline;
	pthread_t flusher;

	if (pthread_create(&flusher, NULL, flush_mount, (void *)(uintptr_t)stop->mount_path))
		return;
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += FLUSH_TIMEOUT_S;
	if (pthread_timedjoin_np(flusher, NULL, &deadline)) {
		log_warning("%s: writing back before the end takes too long", stop->mount_path);
		pthread_detach(flusher);
	}
}

static void *wait_for_signal(void *cookie)
{
	struct stop *stop = cookie;
	const struct timespec pause = { .tv_nsec = NUDGE_NS };
	sigset_t set;
	int signal;

	stop_signals(&set);
	sigwait(&set, &signal);
	if (atomic_load(&stop->loop_ended))
		return NULL;
	log_info("%s: unmounting: %s", stop->mount_path, strsignal(signal));
	flush_with_timeout(stop);
	fuse_session_exit(stop->fuse);
	/* The loop looks at that before it waits: a nudge in between would go unnoticed, so there
	 * are more than one. */
	while (!atomic_load(&stop->loop_ended)) {
		pthread_kill(stop->loop, NUDGE_SIGNAL);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int stop_init(struct stop *stop, struct fuse_session *fuse, const char *mount_path)
{
	int err;

	stop->fuse = fuse;
	stop->mount_path = mount_path;
	stop->loop = pthread_self();
	atomic_init(&stop->loop_ended, false);
	err = pthread_create(&stop->waiter, NULL, wait_for_signal, stop);
	return err ? fail_sys(-err, "start a thread") : 0;
}

void stop_release(struct stop *stop)
{
	atomic_store(&stop->loop_ended, true);
	pthread_kill(stop->waiter, SIGTERM);
	pthread_join(stop->waiter, NULL);
}
