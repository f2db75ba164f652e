/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/migrate_to_mdt.h"

#include "base/error.h"
#include "layout/mirror.h"
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
	migration_report_copied(m, done_bytes, total_bytes);
}

/* It counts both mirrors. */
static void report_verified(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct migration *m = cookie;
	double share = total_bytes ? (double)done_bytes / (double)total_bytes : 1;

	migration_report_verified(m, (uint64_t)(share * (double)m->result->size_bytes));
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
	int left = 0;

	snprintf(why, sizeof(why), "%s", error_text(err));
	if (!pair->made)
		left = find_pair(m, pair);
	if (pair->made)
		left = mirror_split(m->fs, m->path, pair->made, NULL, NULL, true);
	if (!left)
		return fail(err, "%s", why);
	return fail(err, "%.300s; the mirror that was made for it is left: %.150s", why,
		    error_text(left));
}

int migrate_to_mdt(struct migration *m)
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
