/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Group locks. Those of Lustre are granted also on a descriptor that is open for reading alone
 * (2.17).
 *
 * What waits here waits in the kernel there (2.17: state D, which no signal ends but that of the
 * client's end). So signals are kept back till the lock is had; SIGKILL can't be.
 */
#include "ioctl_impl.h"
#include "layout_peek.h"
#include "lovfs.h"
#include "lustre.h"
#include "unflushed.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int wait_for_lock(int fd, uint32_t gid)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	struct lovfs_ioc_group_lock lock = { .gid = gid };
	sigset_t all, mine;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mine);
	while ((err = lovfs_ioctl(fd, LOVFS_IOC_GROUP_LOCK, &lock)) == -EBUSY)
		nanosleep(&nap, NULL);
	pthread_sigmask(SIG_SETMASK, &mine, NULL);
	return err;
}

static bool is_in(uint32_t id, const uint32_t *ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* The mirror that stays in sync: a preferred one, or the first. 0: none is in sync as a whole. */
static uint32_t mirror_kept(const struct layout_peek *l)
{
	uint32_t stale[LOVFS_MIRRORS_MAX], kept = 0;
	unsigned int count = layout_peek_stale(l, stale);
	bool preferred = false;

	for (unsigned int i = 0; i < l->count; i++) {
		const struct peek_component *c = &l->comps[i];
		bool prefer = c->flags & LUSTRE_COMP_PREFER_READ;

		if (is_in(c->id >> 16, stale, count) || (kept && (preferred || !prefer)))
			continue;
		kept = c->id >> 16;
		preferred = prefer;
	}
	return kept;
}

/*
 * 2.17: a group lock on a file with mirrors makes all but one of them stale, also when nothing is
 * written (the layout's generation is one more then).
 */
static void make_stale(struct open_file *f, int holder)
{
	char path[PROC_PATH_MAX];
	struct layout_peek *l = layout_peek(table_own_path(f, path));
	uint32_t kept = l && l->mirror_count > 1 ? mirror_kept(l) : 0;

	for (unsigned int i = 0; kept && i < l->count; i++) {
		const struct peek_component *c = &l->comps[i];
		int err = c->id >> 16 == kept || c->flags & LUSTRE_COMP_STALE
				  ? 0
				  : lovfs_component_flags(holder, c->id, LUSTRE_COMP_STALE, 0);

		if (err)
			double_log("a mirror wasn't made stale: %s", strerrorname_np(-err));
	}
	free(l);
}

int ioctl_group_lock(struct open_file *f, unsigned long gid)
{
	int err, holder;

	if (gid == 0 || gid > UINT32_MAX || f->gid)
		return -EINVAL;
	if (!f->regular)
		return -ENOTTY;
	holder = table_holder_fd(f);
	if (holder < 0)
		return holder;
	make_stale(f, holder);
	err = wait_for_lock(holder, (uint32_t)gid);
	if (err)
		return err;
	f->gid = (unsigned int)gid;
	/* Other clients write out what they have before it is granted. */
	unflushed_flush(f);
	return 0;
}

int ioctl_group_unlock(struct open_file *f, unsigned long gid)
{
	struct lovfs_ioc_group_lock lock = { .gid = (uint32_t)gid };
	int err;

	if (gid == 0 || f->gid != gid)
		return -EINVAL;
	err = lovfs_ioctl(table_holder_fd(f), LOVFS_IOC_GROUP_UNLOCK, &lock);
	if (err)
		return err;
	f->gid = 0;
	if (f->lease == HELD_NONE)
		table_close_holder(f);
	return 0;
}
