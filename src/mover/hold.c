/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/hold.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <sys/random.h>

#define NAP_NS (10 * NS_PER_MS)

static int choose_gid(uint32_t *ret_gid)
{
	do {
		if (getrandom(ret_gid, sizeof(*ret_gid), 0) != sizeof(*ret_gid))
			return fail_sys(-errno, "cannot get a random number");
	} while (*ret_gid == 0);
	return 0;
}

int hold_writers(struct fs *fs, int fd, uint64_t wait_ns, const atomic_bool *stop,
		 struct hold *ret_hold)
{
	const struct timespec nap = { .tv_nsec = (long)NAP_NS };
	uint64_t begin = clock_now_ns(), now;
	uint32_t gid;
	int err = choose_gid(&gid);

	if (err)
		return err;
	for (;;) {
		now = clock_now_ns();
		err = fs->ops->group_lock(fs, fd, gid);
		if (err == -EINTR && stop && atomic_load(stop))
			return fail(-ECANCELED, "interrupted");
		if (err == -EINTR)
			continue;
		if (err != -EBUSY || now - begin >= wait_ns || (stop && atomic_load(stop)))
			break;
		nanosleep(&nap, NULL);
	}
	if (!err)
		*ret_hold = (struct hold){ .gid = gid, .since_ns = now };
	return err;
}

uint64_t hold_release(struct fs *fs, int fd, struct hold *hold)
{
	if (!hold->gid)
		return 0;
	(void)!fs->ops->group_unlock(fs, fd, hold->gid);
	hold->gid = 0;
	return clock_now_ns() - hold->since_ns;
}
