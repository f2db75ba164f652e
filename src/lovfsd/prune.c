/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/prune.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "lovfsd/session.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

/* Objects of open files and directories being listed need descriptors as well. */
#define HIGH(limit) ((limit) / 2)
#define LOW(limit) ((limit) / 2 - (limit) / 16)
#define FULL(limit) ((limit) / 2 + (limit) / 8)

/* The kernel's answers, struct fuse_forget_in, come a little later. */
#define ROUND_PAUSE_NS (5 * (long)NS_PER_MS)

#define WAIT_MAX_NS (200 * NS_PER_MS)
#define WAIT_STEP_NS (1 * (long)NS_PER_MS)
#define IN_VAIN_NS NS_PER_S
#define WAITING_MAX (SESSION_THREADS_MAX / 2)

/* FUSE_NOTIFY_PRUNE of protocol 7.45: this head, then the inode numbers. */
#define NOTIFY_PRUNE 9
struct notify_prune_out {
	uint32_t count;
	uint32_t padding;
	uint64_t spare;
};

static int ask(struct fuse_session *fuse, const uint64_t *inos, size_t count)
{
	struct notify_prune_out prune = { .count = (uint32_t)count };
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + sizeof(prune) + count * sizeof(*inos)),
		.error = NOTIFY_PRUNE,
	};
	const struct iovec parts[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = &prune, .iov_len = sizeof(prune) },
		{ .iov_base = (void *)(uintptr_t)inos, .iov_len = count * sizeof(*inos) },
	};

	return writev(fuse_session_fd(fuse), parts, ARRAY_SIZE(parts)) < 0 ? -errno : 0;
}

static int prune_shard(struct prune *p, unsigned int shard, size_t *ret_asked)
{
	CLEANUP_FREE uint64_t *inos = NULL;
	int err = known_inodes_list(p->known, shard, &inos, ret_asked);

	return err || *ret_asked == 0 ? err : ask(p->fuse, inos, *ret_asked);
}

/* Asks for one shard after the other, until few enough will be left. */
static int prune_down(struct prune *p, unsigned int *shard)
{
	size_t count = known_inodes_count(p->known), asked;

	while (count > p->low && !atomic_load(&p->stop)) {
		int err = prune_shard(p, *shard, &asked);

		if (err)
			return err;
		*shard = (*shard + 1) % KNOWN_INODES_SHARDS;
		count -= MIN_OF(asked, count);
	}
	return 0;
}

static void *run(void *cookie)
{
	struct prune *p = cookie;
	const struct timespec pause = { .tv_nsec = ROUND_PAUSE_NS };
	unsigned int shard = 0;

	while (sem_wait(&p->wanted) || !atomic_load(&p->stop)) {
		int err = prune_down(p, &shard);

		if (err == -EINVAL) {
			log_warning(
				"the kernel can't be asked to forget files: about %zu can be in "
				"use at once",
				2 * p->low);
			atomic_store(&p->unknown, true);
			return NULL;
		}
		if (err)
			log_debug("asking the kernel to forget files: %s", error_text(err));
		nanosleep(&pause, NULL);
		known_inodes_pruned(p->known);
	}
	return NULL;
}

static void want(void *cookie)
{
	struct prune *p = cookie;

	sem_post(&p->wanted);
}

int prune_init(struct prune *p, struct known_inodes *known, struct fuse_session *fuse)
{
	struct rlimit limit;
	int err;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return fail_sys(-errno, "limit of descriptors");
	*p = (struct prune){ .known = known,
			     .fuse = fuse,
			     .low = LOW(limit.rlim_cur),
			     .full = FULL(limit.rlim_cur) };
	sem_init(&p->wanted, 0, 0);
	atomic_init(&p->stop, false);
	err = pthread_create(&p->thread, NULL, run, p);
	if (err) {
		sem_destroy(&p->wanted);
		return fail_sys(-err, "start a thread");
	}
	known_inodes_set_limit(known, HIGH(limit.rlim_cur), want, p);
	return 0;
}

void prune_release(struct prune *p)
{
	atomic_store(&p->stop, true);
	sem_post(&p->wanted);
	pthread_join(p->thread, NULL);
	known_inodes_set_limit(p->known, SIZE_MAX, NULL, NULL);
	sem_destroy(&p->wanted);
}

bool prune_has_room(const struct prune *p)
{
	return known_inodes_count(p->known) <= p->full || atomic_load(&p->unknown);
}

static void wait_for_room(struct prune *p)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_NS };
	uint64_t now_ns = clock_now_ns(), until_ns = now_ns + WAIT_MAX_NS;

	if (now_ns < atomic_load(&p->in_vain_until_ns))
		return;
	while (!prune_has_room(p)) {
		nanosleep(&step, NULL);
		now_ns = clock_now_ns();
		if (now_ns >= until_ns) {
			atomic_store(&p->in_vain_until_ns, now_ns + IN_VAIN_NS);
			return;
		}
	}
}

void prune_make_room(struct prune *p)
{
	if (prune_has_room(p))
		return;
	if (atomic_fetch_add(&p->waiting, 1) < WAITING_MAX)
		wait_for_room(p);
	atomic_fetch_sub(&p->waiting, 1);
}
