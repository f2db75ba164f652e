/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/sums_keep.h"

#include "base/sys.h"
#include "layout/mirror.h"
#include "mover/aligned.h"
#include "mover/sums_dir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Of one mirror: 1 MiB at most. One of which a tenth is wrong passes once in five. */
#define SPOTS 16

/* The first doubt is what is told. */
static void doubt(struct sums_keep *k, const char *why)
{
	if (!*k->doubt)
		snprintf(k->doubt, sizeof(k->doubt), "%s", why);
}

static void trouble(struct sums_keep *k, int err)
{
	if (!*k->trouble)
		snprintf(k->trouble, sizeof(k->trouble), "%s", error_text(err));
}

/* ---- before ---- */

static void judge(struct sums_keep *k, const struct layout *now, const uint32_t *ids,
		  unsigned int count)
{
	const char *other = sums_record_doubt_born(&k->known, k->born_s);

	for (unsigned int i = 0; i < count; i++) {
		const char *why =
			other ? other
			      : sums_record_doubt(&k->known, k->file, k->fs->fsname, now, ids[i]);

		if (why)
			doubt(k, why);
		else
			k->known_ids[k->known_count++] = ids[i];
	}
}

static void give_up(struct sums_keep *k, int err)
{
	trouble(k, err);
	k->known_count = 0;
	k->dir_fd = -1;
}

/* A client may show a layout of before, until something needs the file's data. */
static int get_layout(const struct sums_keep *k, struct layout **ret_layout)
{
	uint64_t version;
	int err = k->fs->ops->data_version(k->fs, k->file_fd, false, &version);

	return err ? err : k->fs->ops->layout_get(k->fs, k->file_fd, ret_layout);
}

/* Clients from before 2.13 don't know it. */
static uint32_t birth_of(int fd)
{
	int64_t born_s;

	return sys_birth(fd, &born_s) ? 0 : (uint32_t)born_s;
}

void sums_keep_look(struct sums_keep *k, const uint32_t *ids, unsigned int count)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err;

	if (k->dir_fd < 0)
		return;
	err = k->fs->ops->fid_get(k->fs, k->file_fd, &k->file);
	k->born_s = birth_of(k->file_fd);
	if (!err && count)
		err = get_layout(k, &now);
	if (err)
		give_up(k, err);
	if (err || !count)
		return;
	err = sums_dir_load(k->dir_fd, k->fs->fsname, k->file, &k->known);
	if (!err) {
		judge(k, now, ids, count);
		return;
	}
	doubt(k, error_text(err));
	if (err != -ENOENT)
		trouble(k, err);
}

/* The beginning counts, too; were it not the one step more, what was seen before was of long ago. */
static void judge_again(struct sums_keep *k, const struct layout *now)
{
	const char *why = k->known_count && now ? sums_record_doubt_begun(&k->known, now) : NULL;

	if (!why)
		return;
	doubt(k, why);
	k->known_count = 0;
}

void sums_keep_begin(struct sums_keep *k, const struct layout *now, uint64_t size_bytes)
{
	int err;

	if (k->dir_fd < 0)
		return;
	judge_again(k, now);
	grain_sums_release(&k->fresh);
	err = sums_dir_remove(k->dir_fd, k->fs->fsname, k->file);
	if (!err)
		err = grain_sums_init(&k->fresh, size_bytes);
	if (err)
		give_up(k, err);
}

/* ---- spots ---- */

static bool is_known(const struct sums_keep *k, uint32_t id)
{
	for (unsigned int i = 0; i < k->known_count; i++) {
		if (k->known_ids[i] == id)
			return true;
	}
	return false;
}

/* What isn't there reads as zeros. */
static int read_grain(int fd, uint64_t idx, void *room, uint64_t *ret_sum)
{
	struct grain_sums one = { 0 };
	ssize_t n = aligned_read(fd, room, GRAIN_BYTES, idx * GRAIN_BYTES);
	int err;

	if (n < 0)
		return fail_sys((int)n, "cannot read at offset %" PRIu64, idx * GRAIN_BYTES);
	memset((uint8_t *)room + n, 0, GRAIN_BYTES - (size_t)n);
	err = grain_sums_init(&one, GRAIN_BYTES);
	if (err)
		return err;
	grain_sums_take(&one, 0, room, GRAIN_BYTES);
	*ret_sum = one.sums[0];
	grain_sums_release(&one);
	return 0;
}

/* What is behind the file's end now isn't shown. */
static uint64_t comparable(const struct sums_keep *k)
{
	return k->known.sums.size_bytes <= k->fresh.size_bytes ? k->known.sums.count
							       : k->fresh.size_bytes / GRAIN_BYTES;
}

static uint64_t some_number(uint64_t below)
{
	uint64_t number = 0;

	/* Where there is no chance to be had, the first grain is as good as any. */
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		return 0;
	return number % below;
}

static int compare_spots(const struct sums_keep *k, int fd, const atomic_bool *stop, bool *ret_same)
{
	CLEANUP_FREE uint8_t *room = aligned_new(GRAIN_BYTES);
	uint64_t count = comparable(k);
	uint64_t spots = MIN_OF(count, (uint64_t)SPOTS);

	*ret_same = true;
	if (!room)
		return fail(-ENOMEM, "no memory");
	for (uint64_t i = 0; i < spots && *ret_same; i++) {
		/* One in each of so many equal parts. */
		uint64_t from = count * i / spots, to = count * (i + 1) / spots, sum = 0;
		uint64_t idx = from + some_number(to - from);
		int err = stop && atomic_load(stop) ? fail(-ECANCELED, "interrupted")
						    : read_grain(fd, idx, room, &sum);

		*ret_same = !err && sum == grain_sums_at(&k->known.sums, idx);
		if (err)
			return err;
	}
	return 0;
}

/* A record that is wrong of one mirror is believed of none. */
static void refute(struct sums_keep *k, uint32_t id, int err)
{
	char why[ERROR_TEXT_MAX];

	if (err) {
		snprintf(why, sizeof(why), "%s", error_text(err));
		fail(err, "mirror %" PRIu32 ": %.400s", id, why);
	} else {
		err = fail(-EBADMSG,
			   "the record doesn't fit to mirror %" PRIu32
			   ": its objects were changed past the file system",
			   id);
	}
	doubt(k, error_text(err));
	trouble(k, err);
	k->known_count = 0;
}

int sums_keep_check(struct sums_keep *k, const uint32_t *ids, const int *fds, unsigned int count,
		    const atomic_bool *stop, uint32_t *ret_known)
{
	uint32_t known = 0;

	for (unsigned int i = 0; i < count && k->fresh.sums; i++) {
		bool same = false;
		int err;

		if (!is_known(k, ids[i]))
			continue;
		err = compare_spots(k, fds[i], stop, &same);
		if (err == -ECANCELED)
			return err;
		if (same)
			known |= UINT32_C(1) << i;
		else
			refute(k, ids[i], err);
	}
	*ret_known = k->known_count ? known : 0;
	return 0;
}

void sums_keep_forget(struct sums_keep *k)
{
	k->known_count = 0;
}

/* ---- after ---- */

static int store(struct sums_keep *k, struct layout *l, const uint32_t *ids, unsigned int count)
{
	struct sums_record r = {
		.file = k->file, .born_s = k->born_s, .layout = l, .count = count, .sums = k->fresh
	};

	snprintf(r.fsname, sizeof(r.fsname), "%s", k->fs->fsname);
	memcpy(r.ids, ids, count * sizeof(ids[0]));
	return sums_dir_store(k->dir_fd, &r);
}

/*
 * A server that goes down forgets what it hadn't written yet, and then counts on from an older
 * generation: the record's would come again, for another layout. fsync(2) of a file makes the MDT
 * write, too.
 */
static int make_layout_durable(const struct sums_keep *k)
{
	int err = sys_fsync(k->file_fd);

	return err ? fail_sys(err, "cannot make the layout durable, so there is no record") : 0;
}

void sums_keep_end(struct sums_keep *k, const uint32_t *ids, unsigned int count)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err;

	if (k->dir_fd < 0 || !k->fresh.sums)
		return;
	/* What wasn't stale is as it was recorded, where something is. */
	if (k->known_count)
		grain_sums_fill(&k->fresh, &k->known.sums);
	if (!grain_sums_complete(&k->fresh)) {
		doubt(k, "what was in sync was not read, so there is no record");
		return;
	}
	err = make_layout_durable(k);
	if (!err)
		err = get_layout(k, &l);
	if (!err && !sums_record_refusal(l, ids, count))
		err = store(k, l, ids, count);
	if (err)
		trouble(k, err);
}

void sums_keep_tell(const struct sums_keep *k, struct mirror_result *result)
{
	snprintf(result->sums_doubt, sizeof(result->sums_doubt), "%s", k->doubt);
	snprintf(result->sums_trouble, sizeof(result->sums_trouble), "%s", k->trouble);
}

void sums_keep_release(struct sums_keep *k)
{
	sums_record_release(&k->known);
	grain_sums_release(&k->fresh);
}
