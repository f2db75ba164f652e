/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/df_sum.h"

#include "base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "fsname.pool" or "pool". */
static int pool_name(const struct fs *fs, const char *text, const char **ret_name)
{
	const char *dot = strchr(text, '.');
	size_t len = dot ? (size_t)(dot - text) : 0;

	if (dot && (len != strlen(fs->fsname) || strncmp(text, fs->fsname, len) != 0))
		return fail(-EINVAL, "is of file system '%s', pool '%s' of another", fs->fsname,
			    text);
	*ret_name = dot ? dot + 1 : text;
	return 0;
}

static int check_pool(const struct layout_limits *limits, const char *name)
{
	if (!limits->pool_size)
		return fail(-EOPNOTSUPP, "its OST pools can't be read here");
	if (limits->pool_size(name, limits->cookie) == 0)
		return fail(-ENOENT, "there is no OST pool '%s', or it is empty", name);
	return 0;
}

int df_targets_get(struct df_targets *ret_targets, struct fs *fs, const char *pool)
{
	CLEANUP_FREE struct fs_target *all = calloc((size_t)fs->ost_count + 1, sizeof(*all));
	const struct layout_limits *limits;
	uint32_t count = 0;
	int err = fs_limits(fs, &limits);

	if (!all)
		return -ENOMEM;
	if (!err && fs->ost_count == 0)
		return fail(-EOPNOTSUPP, "nothing is known of its OSTs here");
	if (!err && pool)
		err = pool_name(fs, pool, &pool);
	if (!err && pool)
		err = check_pool(limits, pool);
	if (!err)
		err = fs->ops->target(fs, FS_TARGET_MDT, &all[count++]);
	for (uint32_t i = 0; !err && i < fs->ost_count; i++) {
		if (pool && !limits->pool_has(pool, i, limits->cookie))
			continue;
		err = fs->ops->target(fs, i, &all[count]);
		count += !err;
		if (err == -ENODEV) /* numbers may be left out */
			err = 0;
	}
	if (err)
		return err;
	ret_targets->all = PTR_STEAL(all);
	ret_targets->count = count;
	return 0;
}

void df_targets_release(struct df_targets *targets)
{
	free(targets->all);
	targets->all = NULL;
	targets->count = 0;
}

struct df_numbers df_numbers_of(const struct fs_target *t, bool inodes)
{
	if (inodes)
		return (struct df_numbers){ t->total_inodes, t->total_inodes - t->free_inodes,
					    t->free_inodes };
	return (struct df_numbers){ t->total_bytes, t->total_bytes - t->free_bytes,
				    t->avail_bytes };
}

static bool device_seen(const struct df_targets *targets, uint32_t idx)
{
	for (uint32_t i = 1; i < idx; i++) {
		if (!targets->all[i].inactive && targets->all[i].device == targets->all[idx].device)
			return true;
	}
	return false;
}

/* Btrfs has no number of inodes: what says 0 in all is no limit. */
static struct df_numbers limit_inodes(const struct df_numbers *mdt, const struct df_numbers *osts)
{
	struct df_numbers n = *mdt;

	if (osts->total && osts->avail < n.avail) {
		n.avail = osts->avail;
		n.total = n.used + n.avail;
	}
	return n;
}

struct df_numbers df_sum(const struct df_targets *targets, bool inodes)
{
	struct df_numbers sum = { 0 }, mdt = df_numbers_of(&targets->all[0], true);

	for (uint32_t i = 1; i < targets->count; i++) {
		struct df_numbers n = df_numbers_of(&targets->all[i], inodes);

		if (targets->all[i].inactive || device_seen(targets, i))
			continue;
		sum.total += n.total;
		sum.used += n.used;
		sum.avail += n.avail;
	}
	return inodes ? limit_inodes(&mdt, &sum) : sum;
}

unsigned int df_percent(const struct df_numbers *n)
{
	double of = (double)n->used + (double)n->avail;
	double percent = of > 0 ? (double)n->used / of * 100 : 0;
	unsigned int whole = (unsigned int)percent;

	return whole + (percent > whole);
}
