/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leases, and what is done by giving one up: resync, merge, split.
 *
 * The resync lease is a read lease of lovfs, so that others may open the file for reading, and all stale mirrors follow the
 * file. It's lost as any other; then bound writes fail with ESTALE, the answer to "resync done" is 0, and
 * what has been written to the mirrors counts for nothing.
 */
#include "ioctl_impl.h"
#include "layout_peek.h"
#include "lovfs.h"
#include "lustre.h"
#include "special.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_held(struct open_file *f)
{
	return f->lease != HELD_NONE && lovfs_lease(table_holder_fd(f)) != LOVFS_LEASE_NONE;
}

/* What an unlock answers for such a lease. */
static int answer_for(unsigned int lease)
{
	return lease == HELD_NONE ? 0 : lease == HELD_READ ? 1 : 2;
}

int ioctl_get_lease(struct open_file *f)
{
	return is_held(f) ? answer_for(f->lease) : 0;
}

/* ---- getting one ---- */

static unsigned int stale_mirrors(struct open_file *f, uint32_t ids[LOVFS_MIRRORS_MAX])
{
	char path[PROC_PATH_MAX];
	struct layout_peek *l = layout_peek(table_own_path(f, path));
	unsigned int count = l ? layout_peek_stale(l, ids) : 0;

	free(l);
	return count;
}

/*
 * 2.17: on a descriptor that is open for reading alone a read lease is granted, and a write lease
 * is EPERM.
 */
static int get(struct open_file *f, enum held_lease lease)
{
	int err, holder;

	if (lease != HELD_READ && (f->flags & O_ACCMODE) == O_RDONLY)
		return -EPERM;
	/* The double's own descriptors would be somebody else's. */
	table_close_extra(f);
	holder = table_holder_fd(f);
	if (holder < 0)
		return holder;
	err = lovfs_lease_get(holder, lease == HELD_WRITE ? LOVFS_LEASE_WRITE : LOVFS_LEASE_READ);
	if (!err)
		f->lease = lease;
	return err;
}

static int begin_resync(struct open_file *f)
{
	struct lovfs_ioc_data_version v = { 0 };
	uint32_t ids[LOVFS_MIRRORS_MAX];
	unsigned int count;
	int err = get(f, HELD_RESYNC);

	if (err)
		return err;
	count = stale_mirrors(f, ids);
	if (count)
		err = lovfs_follow_begin(f->fd, ids, count);
	if (!err)
		err = lovfs_data_version(f->fd, &v);
	f->resync_version = v.version;
	if (err) {
		lovfs_lease_put(f->fd);
		f->lease = HELD_NONE;
	}
	return err;
}

/* HELD_NONE: there is no such lease. */
static enum held_lease wanted(const struct lustre_lease *l)
{
	if (l->mode == LUSTRE_LEASE_READ && l->flags == 0)
		return HELD_READ;
	if (l->mode == LUSTRE_LEASE_WRITE && l->flags == 0)
		return HELD_WRITE;
	if (l->mode == LUSTRE_LEASE_WRITE && l->flags == LUSTRE_LEASE_RESYNC)
		return HELD_RESYNC;
	return HELD_NONE;
}

static int lock(struct open_file *f, const struct lustre_lease *l)
{
	enum held_lease lease = wanted(l);

	if (l->count || lease == HELD_NONE)
		return -EINVAL;
	if (f->lease != HELD_NONE)
		return -EBUSY;
	return lease == HELD_RESYNC ? begin_resync(f) : get(f, lease);
}

/*
 * ---- resync done ----
 *
 * 2.17 believes its tools: EINVAL for an id that isn't that of a stale component, but without any
 * id the answer is 2 and all stays stale, and what was not written at all is in sync when it is
 * named.
 */

static off_t size_of(int fd)
{
	struct stat st;

	return fd >= 0 && real.fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 ? st.st_size : -1;
}

/* The file's size would be the mirror's; lovfs would mend it silently. */
static void check_size(struct open_file *f, uint32_t id)
{
	off_t size = size_of(f->fd), mirror_size = size_of(table_mirror_fd(f, id, false));

	if (size != mirror_size)
		double_forbid("resync done: mirror %u has %lld bytes, the file %lld", id,
			      (long long)mirror_size, (long long)size);
}

/* Those of which all that is stale was named. -EINVAL: what was named isn't stale, or isn't there. */
static int named_mirrors(struct open_file *f, const struct lustre_lease *l,
			 uint32_t ret_ids[LOVFS_MIRRORS_MAX])
{
	uint32_t ids[LOVFS_MIRRORS_MAX];
	char path[PROC_PATH_MAX];
	struct layout_peek *peek = layout_peek(table_own_path(f, path));
	unsigned int stale = peek ? layout_peek_stale(peek, ids) : 0;
	int count = 0;

	if (peek && !layout_peek_only_stale(peek, l->ids, l->count))
		count = -EINVAL;
	for (unsigned int i = 0; i < stale && count >= 0; i++) {
		if (layout_peek_all_named(peek, ids[i], l->ids, l->count))
			ret_ids[count++] = ids[i];
	}
	free(peek);
	return count;
}

static int mark_synced(struct open_file *f, const uint32_t *ids, unsigned int count)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < count; i++) {
		check_size(f, ids[i]);
		err = lovfs_all_copied(f->fd, ids[i]);
	}
	/* A writer who came meanwhile has been marked as copied. */
	if (!err && !is_held(f))
		return 0;
	if (!err)
		err = lovfs_synced(f->fd, ids, count);
	return err == -EAGAIN ? 0 : err ? err : 2;
}

static int resync_done(struct open_file *f, const struct lustre_lease *l)
{
	uint32_t ids[LOVFS_MIRRORS_MAX];
	int count;

	if (!is_held(f))
		return 0;
	count = named_mirrors(f, l, ids);
	if (count < 0)
		return count;
	return count ? mark_synced(f, ids, (unsigned int)count) : 2;
}

/* ---- merge and split ---- */

/* lovfs tells of a file without a layout the one that it would get. */
static bool has_no_layout(const struct open_file *victim, const struct layout_peek *l)
{
	return !l || (!victim->layout_set && l->magic != LUSTRE_MAGIC_COMPOSITE &&
		      layout_peek_ost(l, 0, 0) < 0);
}

/*
 * 2.17: EINVAL for a plain layout. 1: there is none, which is answered as if it had been done, and
 * nothing happened.
 */
static int check_victim(struct open_file *victim)
{
	char path[PROC_PATH_MAX];
	struct layout_peek *l = layout_peek(table_own_path(victim, path));
	int r;

	if (has_no_layout(victim, l))
		r = 1;
	else if (l->magic != LUSTRE_MAGIC_COMPOSITE)
		r = -EINVAL;
	else
		r = l->mirror_count > 1 ? -EBUSY : 0;
	free(l);
	return r;
}

/* The data version is that of objects, and a merge touches none. */
static int merge_versions(struct open_file *f, struct open_file *victim)
{
	char path[PROC_PATH_MAX], victim_path[PROC_PATH_MAX];
	struct special_plan *plan =
		special_plan_merge(table_own_path(f, path), table_own_path(victim, victim_path));
	struct lovfs_ioc_data_version before, after;
	int err = lovfs_data_version(f->fd, &before);

	if (!err)
		err = lovfs_merge(table_holder_fd(f), victim->fd);
	err = special_merged(plan, err, f, path, victim_path);
	if (!err)
		err = lovfs_data_version(f->fd, &after);
	if (!err)
		atomic_fetch_add(&f->merged_by, after.version - before.version);
	return err;
}

static int merge(struct open_file *f, const struct lustre_lease *l)
{
	struct open_file *victim;
	int err;

	if (!is_held(f))
		return -EBUSY;
	victim = table_get((int)l->ids[0]);
	if (!victim)
		return -EBADF;
	err = check_victim(victim);
	if (!err)
		err = merge_versions(f, victim);
	table_put(victim);
	if (err > 0)
		err = 0;
	return err ? err : answer_for(f->lease);
}

/*
 * 2.17: a layout that the target has already is replaced, and what it had is gone. By way of a file
 * without a name.
 */
static int split_over(struct open_file *f, struct open_file *target, uint32_t mirror_id)
{
	struct lovfs_ioc_data_version v;
	int victim = lovfs_open_victim(), err;

	if (victim < 0)
		return victim;
	err = lovfs_split(table_holder_fd(f), victim, mirror_id);
	if (!err)
		err = lovfs_data_version(target->fd, &v);
	if (!err)
		err = lovfs_swap(target->fd, victim, 0, v.version);
	real.close(victim);
	return err;
}

/* 2.17: under a read lease too, of which the answer tells. An id that isn't there: EINVAL. */
static int split(struct open_file *f, const struct lustre_lease *l)
{
	char path[PROC_PATH_MAX], target_path[PROC_PATH_MAX];
	struct special_plan *plan;
	struct open_file *target;
	int err;

	if (!is_held(f))
		return -EBUSY;
	target = table_get((int)l->ids[0]);
	if (!target)
		return -EBADF;
	plan = special_plan_split(table_own_path(f, path), l->ids[1]);
	err = lovfs_split(table_holder_fd(f), target->fd, l->ids[1]);
	if (err == -EEXIST)
		err = split_over(f, target, l->ids[1]);
	special_split(plan, err, path, table_own_path(target, target_path));
	table_put(target);
	/* The last one that is in sync; none by that id. */
	if (err == -EBUSY || err == -ENOENT)
		err = -EINVAL;
	return err ? err : answer_for(f->lease);
}

/* ---- giving it up ---- */

static int check_unlock(const struct open_file *f, const struct lustre_lease *l)
{
	switch (l->flags) {
	case 0:
		return l->count ? -EINVAL : 0;
	case LUSTRE_LEASE_RESYNC_DONE:
		return f->lease == HELD_RESYNC ? 0 : -EINVAL;
	case LUSTRE_LEASE_MERGE:
		return l->count == 1 ? 0 : -EINVAL;
	case LUSTRE_LEASE_SPLIT:
		return l->count == 2 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int unlock(struct open_file *f, const struct lustre_lease *l)
{
	int r = check_unlock(f, l);

	/* 2.17: where no lease was taken, or it was given up. One that was lost isn't that: 0. */
	if (f->lease == HELD_NONE)
		return -ENOLCK;
	if (r)
		return r;
	switch (l->flags) {
	case LUSTRE_LEASE_RESYNC_DONE:
		r = resync_done(f, l);
		break;
	case LUSTRE_LEASE_MERGE:
		r = merge(f, l);
		break;
	case LUSTRE_LEASE_SPLIT:
		r = split(f, l);
		break;
	default:
		r = ioctl_get_lease(f);
	}
	/* It's gone, whatever came of it. */
	if (f->lease == HELD_RESYNC)
		lovfs_follow_end(f->fd);
	lovfs_lease_put(table_holder_fd(f));
	f->lease = HELD_NONE;
	if (!f->gid)
		table_close_holder(f);
	return r;
}

/* As the kernel reads what it is given. Where that may not be asked, it is taken for readable. */
static bool can_read(const void *from, void *to, size_t len)
{
	struct iovec here = { .iov_base = to, .iov_len = len };
	struct iovec there = { .iov_base = (void *)from, .iov_len = len };
	ssize_t n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	return n == (ssize_t)len || (n < 0 && errno != EFAULT);
}

/*
 * 2.17: 12 bytes are read, and the ids; of what begins a resync 24, where the mirror id that is in
 * them is believed whatever it is.
 */
static bool is_readable(const struct lustre_lease *l)
{
	unsigned char bytes[24];

	if (!can_read(l, bytes, sizeof(*l)))
		return false;
	return l->mode == LUSTRE_LEASE_UNLOCK || l->flags != LUSTRE_LEASE_RESYNC ||
	       can_read(l, bytes, sizeof(bytes));
}

int ioctl_set_lease(struct open_file *f, const void *arg)
{
	const struct lustre_lease *l = arg;

	if (!f->regular)
		return -ENOTTY;
	if (!is_readable(l))
		return -EFAULT;
	return l->mode == LUSTRE_LEASE_UNLOCK ? unlock(f, l) : lock(f, l);
}
