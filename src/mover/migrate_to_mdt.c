/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A migrate to a layout of which more, or less, is on the MDT than now. Data on the MDT is the inode's own, so that
 * layouts can't be swapped then: EOPNOTSUPP. As lfs_migrate_to_dom() of lfs does it, the new layout becomes a mirror,
 * which is brought in sync, and the old one goes. All mirrors of a file that are on the MDT share what is there, and
 * it goes with the first of them that is removed: so a file that has data there loses it to OSTs before.
 *
 * If we are killed the file has all of its data: in the old layout, on OSTs alone, or in two mirrors.
 */
#include "base/error.h"
#include "layout/mirror.h"
#include "mover/migrate_steps.h"
#include "mover/mirror_verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static struct mirror_options mirror_options_of(struct migration *m,
					       void (*progress)(uint64_t, uint64_t, void *))
{
	return (struct mirror_options){ .threads = m->opt->threads,
					.limit = m->opt->limit,
					.stop = m->opt->stop,
					.progress = progress,
					.cookie = m };
}

static void report_copied(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct migration *m = cookie;

	m->result->size_bytes = total_bytes;
	migrate_report_copied(m, done_bytes, total_bytes);
}

/* It counts both mirrors. */
static void report_verified(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct migration *m = cookie;
	double share = total_bytes ? (double)done_bytes / (double)total_bytes : 1;

	migrate_report_verified(m, (uint64_t)(share * (double)m->result->size_bytes));
}

/* The same layout with nothing on the MDT. */
static struct layout *without_mdt(const struct layout *l)
{
	struct layout *copy = layout_clone(l);

	for (uint32_t i = 0; copy && i < copy->count; i++) {
		if (!component_on_mdt(&copy->comps[i]))
			continue;
		copy->comps[i].pattern = PATTERN_RAID0;
		copy->comps[i].stripe_size = 0;
	}
	return copy;
}

static int leave_mdt(const struct migration *m)
{
	CLEANUP_LAYOUT struct layout *request = without_mdt(m->layout);
	struct migrate_options opt = *m->opt;
	struct migrate_result result;

	if (!request)
		return fail(-ENOMEM, "no memory");
	opt.request = request;
	opt.layout = MIGRATE_LAYOUT_GIVEN;
	return migrate_file(m->fs, m->path, &opt, &result);
}

/* The mirror that was made and the other one. */
struct pair {
	uint32_t made, old;
};

static int find_pair(struct migration *m, struct pair *ret)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	struct subject file;
	int err = subject_open(m->fs, m->path, O_RDONLY, "migrate", &file);

	if (err)
		return err;
	err = m->fs->ops->layout_get(m->fs, file.file_fd, &l);
	subject_close(&file);
	if (err)
		return err;
	if (mirror_ids(l, ids) != 2)
		return fail(-EBUSY, "somebody else changed its mirrors meanwhile");
	*ret = (struct pair){ .made = MAX_OF(ids[0], ids[1]), .old = MIN_OF(ids[0], ids[1]) };
	return mirror_usable(l, ret->made)
		       ? 0
		       : fail(-EBUSY, "was written meanwhile: its new layout is not in sync");
}

static void ignore(const struct mirror_difference *d UNUSED, void *cookie UNUSED)
{
}

static int verify(struct migration *m)
{
	const struct mirror_options opt = mirror_options_of(m, report_verified);
	struct mirror_result result;
	int err = mirror_verify(m->fs, m->path, NULL, 0, ignore, &opt, &result);

	if (err == -EBADMSG)
		return fail(err, "its data in the new layout differs when it is read back");
	m->result->verified = !err;
	return err;
}

/* What was made goes again: as if nothing had been done. */
static int give_up(struct migration *m, struct pair *pair, int err)
{
	char why[ERROR_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", error_text(err));
	if (!pair->made)
		(void)!find_pair(m, pair);
	if (pair->made)
		(void)!mirror_split(m->fs, m->path, pair->made, NULL, NULL, true);
	return fail(err, "%s", why);
}

static int by_mirror(struct migration *m)
{
	const struct layout *requests[] = { m->layout };
	const struct mirror_options opt = mirror_options_of(m, report_copied);
	struct mirror_result result = { 0 };
	struct pair pair = { 0 };
	int err = mirror_extend(m->fs, m->path, requests, 1, &opt, &result);

	m->result->size_bytes = result.size_bytes;
	m->result->moved = result.moved;
	if (err && !result.mirrors)
		return err;
	if (!err)
		err = find_pair(m, &pair);
	if (!err && m->opt->verify)
		err = verify(m);
	if (!err)
		err = mirror_split(m->fs, m->path, pair.old, NULL, NULL, false);
	return err ? give_up(m, &pair, err) : 0;
}

int migrate_to_mdt(struct migration *m)
{
	uint64_t wanted = layout_mdt_bytes(m->layout);
	int err = 0;

	if (!wanted || wanted == m->mdt_bytes)
		return 0;
	subject_close(&m->file);
	if (m->mdt_bytes)
		err = leave_mdt(m);
	if (!err)
		err = by_mirror(m);
	m->done = !err;
	return err;
}
