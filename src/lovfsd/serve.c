/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/serve.h"

#include "base/error.h"
#include "base/log.h"
#include "inode/access_time.h"
#include "inode/inode_number.h"
#include "lovfsd/new_requests.h"
#include "lovfsd/ops.h"
#include "lovfsd/pages.h"
#include "lovfsd/prune.h"
#include "lovfsd/read_ahead.h"
#include "lovfsd/session.h"
#include "lovfsd/stop.h"
#include "volume/conf.h"
#include "volume/volume.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdarg.h>
#include <stdio.h>

#define THREADS_IDLE_MAX 16

/* Read-ahead and asynchronous direct I/O under way at once: enough to keep the OSTs of a wide file
 * busy. */
#define BACKGROUND_MAX 64
#define CONGESTED_ABOVE 48

/* Two full requests. */
#define READ_AHEAD_KIB 2048u

/* The kernel's caps that we ask for, besides those that libfuse asks for by itself. */
#define WANTED                                                                                     \
	(FUSE_CAP_ASYNC_READ | FUSE_CAP_DONT_MASK | FUSE_CAP_IOCTL_DIR | FUSE_CAP_READDIRPLUS |    \
	 FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS |               \
	 FUSE_CAP_POSIX_ACL | FUSE_CAP_CACHE_SYMLINKS)

/*
 * What libfuse would ask for, and why not:
 *
 *   ATOMIC_O_TRUNC   the kernel doesn't take the inode's lock for an open that truncates: who appends at that
 *                    moment writes at the old end, and the kernel's idea of the size is wrong afterwards
 *   HANDLE_KILLPRIV  the kernel takes set-user-id bits away by itself: it knows who wrote
 *   AUTO_INVAL_DATA  drops a file's pages whenever its time has changed, also by our own writes; all
 *                    that changes data comes through the kernel, which keeps its pages right
 *   SPLICE_*         data goes to more than one object, from and to memory
 *
 * Not asked for, though it would make small writes faster: WRITEBACK_CACHE. The kernel would then
 * be the one that knows sizes and times, and copies inside the daemon, swaps and group locks would
 * have to fetch dirty pages first.
 */
#define UNWANTED                                                                                   \
	(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_AUTO_INVAL_DATA |           \
	 FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |                     \
	 FUSE_CAP_WRITEBACK_CACHE)

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct session *s = userdata;

	conn->want |= conn->capable & WANTED;
	conn->want &= ~(unsigned int)UNWANTED;
	/* Only who can look "." up, whatever the number, may say so. */
	if (inode_number_lasts(s->volume))
		conn->want |= conn->capable & FUSE_CAP_EXPORT_SUPPORT;
	conn->max_write = SESSION_IO_MAX;
	conn->max_background = BACKGROUND_MAX;
	conn->congestion_threshold = CONGESTED_ABOVE;
	conn->time_gran = 1;
	if (s->ready)
		s->ready(s->ready_cookie);
}

static void PRINTF_LIKE(2, 0) log_fuse(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char line[ERROR_TEXT_MAX];

	vsnprintf(line, sizeof(line), fmt, ap);
	for (char *c = line; *c; c++) {
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	}
	if (level <= FUSE_LOG_ERR) {
		log_error("%s", line);
		fail(-EIO, "%s", line); /* for whoever asks why mounting failed */
	} else if (level <= FUSE_LOG_WARNING) {
		log_warning("%s", line);
	} else {
		log_debug("%s", line);
	}
}

static int new_session(struct session *s, const struct mount_options *opts)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_lowlevel_ops ops = { .init = op_init };
	CLEANUP_FREE char *list = NULL;

	names_ops_fill(&ops);
	attr_ops_fill(&ops);
	dir_ops_fill(&ops);
	io_ops_fill(&ops);
	xattr_ops_fill(&ops);
	ioctl_ops_fill(&ops);
	if (asprintf(&list, "-odefault_permissions,subtype=lovfs,fsname=%s%s%s",
		     volume_conf(s->volume)->fsname, opts->fuse ? "," : "",
		     opts->fuse ? opts->fuse : "") < 0)
		return fail(-ENOMEM, "no memory for mount options");
	if (fuse_opt_add_arg(&args, "lovfs") || fuse_opt_add_arg(&args, list) ||
	    (opts->debug && fuse_opt_add_arg(&args, "-d"))) {
		fuse_opt_free_args(&args);
		return fail(-ENOMEM, "no memory for mount options");
	}
	s->fuse = fuse_session_new(&args, &ops, sizeof(ops), s);
	fuse_opt_free_args(&args);
	return s->fuse ? 0 : fail(-EINVAL, "FUSE refuses these mount options: %s", list + 2);
}

static int run_loop(struct session *s)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result;

	if (!config)
		return fail(-ENOMEM, "no memory for threads");
	/* Each thread has a queue of its own in the kernel. */
	fuse_loop_cfg_set_clone_fd(config, 1);
	fuse_loop_cfg_set_max_threads(config, SESSION_THREADS_MAX);
	fuse_loop_cfg_set_idle_threads(config, THREADS_IDLE_MAX);
	result = fuse_session_loop_mt(s->fuse, config);
	fuse_loop_cfg_destroy(config);
	/* A thread may be reading when the last user of a mount that was taken away (umount -l) goes: the kernel
	 * then says this instead of ENODEV, which libfuse takes for the end that it is. */
	if (result == -ECONNABORTED)
		result = 0;
	/* Positive: the number of a signal that libfuse saw. */
	return result < 0 ? fail_sys(result, "reading requests") : 0;
}

/* Beside the loop: what it is to set is reset when the loop begins. */
struct tuner {
	const char *mount_path;
	atomic_bool stop;
	pthread_t thread;
};

static void *tune(void *cookie)
{
	struct tuner *tuner = cookie;

	read_ahead_raise(tuner->mount_path, READ_AHEAD_KIB, &tuner->stop);
	return NULL;
}

static int run_stoppable_loop(struct session *s, const char *mount_path)
{
	struct stop stop;
	int err = stop_init(&stop, s->fuse, mount_path);

	if (err)
		return err;
	err = run_loop(s);
	stop_release(&stop);
	return err;
}

/* The loop, with the threads beside it that stop it, keep it within its limits, and keep the kernel's pages
 * right. */
static int run_watched_loop(struct session *s, const char *mount_path)
{
	struct prune prune;
	struct pages pages;
	int err = prune_init(&prune, &s->known, s->fuse);

	if (err)
		return err;
	err = pages_init(&pages, s->fuse);
	if (err == 0) {
		s->pages = &pages;
		s->prune = &prune;
		err = run_stoppable_loop(s, mount_path);
		pages_release(&pages);
	}
	prune_release(&prune);
	return err;
}

/* Serves what is mounted at mount_path, and unmounts it. */
static int serve_mounted(struct session *s, const char *mount_path)
{
	struct tuner tuner = { .mount_path = mount_path };
	bool tuning = pthread_create(&tuner.thread, NULL, tune, &tuner) == 0;
	int err = new_requests_accept(s->fuse);

	if (!err)
		err = run_watched_loop(s, mount_path);

	fuse_session_unmount(s->fuse);
	atomic_store(&tuner.stop, true);
	if (tuning)
		pthread_join(tuner.thread, NULL);
	return err;
}

int serve_volume(struct volume *vol, const struct mount_options *opts, void (*ready)(void *cookie),
		 void *cookie)
{
	struct session s = { .ready = ready,
			     .ready_cookie = cookie,
			     .sync = opts->sync,
			     .dirsync = opts->dirsync,
			     .nodiratime = opts->nodiratime || opts->noatime };
	int err = session_init(&s, vol);

	if (err)
		return err;
	access_time_set_rule(vol, opts->noatime);
	fuse_set_log_func(log_fuse);
	err = new_session(&s, opts);
	if (err == 0) {
		/* What libfuse itself says of the cause is better. */
		fail(-EIO, "can't mount at %s", opts->mount_path);
		err = fuse_session_mount(s.fuse, opts->mount_path)
			      ? -EIO
			      : serve_mounted(&s, opts->mount_path);
	}
	session_release(&s);
	if (s.fuse)
		fuse_session_destroy(s.fuse);
	return err;
}
