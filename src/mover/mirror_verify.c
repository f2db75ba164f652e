/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "layout/mirror.h"
#include "mover/compare.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"
#include "mover/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct verify {
	struct fs *fs;
	const struct mirror_options *opt;
	void (*report)(const struct mirror_difference *d, void *cookie);
	struct subject file;
	struct layout *layout;            /* owned: before anything was read */
	uint32_t ids[LAYOUT_MIRRORS_MAX]; /* to be verified; those that are compared come first */
	int fds[LAYOUT_MIRRORS_MAX];      /* owned: of those that are compared */
	unsigned int count, compared;
	unsigned int
		opened; /* of those that are to be compared: the first ones of ids, after open_mirrors() */
	bool differ; /* a difference, or one that is stale, has been reported */
	bool done;   /* up to its end */
	bool lost;   /* one that can't be read has */
};

_Static_assert(COMPARE_FILES_MAX >= LAYOUT_MIRRORS_MAX, "all mirrors can be compared at once");

/* ---- which mirrors ---- */

static int take_named(struct verify *v, const uint32_t *only_ids, unsigned int only_count)
{
	if (only_count < 2)
		return fail(-EINVAL, "one mirror alone can't be verified: name two or more");
	for (unsigned int i = 0; i < only_count; i++) {
		uint32_t id = only_ids[i];

		if (!mirror_exists(v->layout, id))
			return fail(-ENOENT, "has no mirror %" PRIu32, id);
		for (unsigned int k = 0; k < i; k++) {
			if (only_ids[k] == id)
				return fail(-EINVAL, "mirror %" PRIu32 " is named twice", id);
		}
		/* None is named twice and all exist: there are no more than fit. */
		v->ids[v->count++] = id;
	}
	return 0;
}

/* Those that are to be read, and before the others; stale ones, last, aren't compared. */
static unsigned int rank(const struct verify *v, uint32_t id)
{
	uint32_t flags = mirror_flags(v->layout, id);

	return flags & COMP_STALE ? 2 : flags & COMP_OFFLINE ? 1 : 0;
}

static void sort_out_stale(struct verify *v)
{
	uint32_t sorted[LAYOUT_MIRRORS_MAX];
	unsigned int n = 0;

	for (unsigned int r = 0; r <= 2; r++) {
		for (unsigned int i = 0; i < v->count; i++) {
			if (rank(v, v->ids[i]) == r)
				sorted[n++] = v->ids[i];
		}
		if (r == 1)
			v->compared = n;
	}
	memcpy(v->ids, sorted, n * sizeof(*sorted));
}

static int choose(struct verify *v, const uint32_t *only_ids, unsigned int only_count)
{
	int err = subject_mirrors(v->fs, &v->file, &v->layout);

	if (err)
		return err;
	if (only_count)
		err = take_named(v, only_ids, only_count);
	else
		v->count = mirror_ids(v->layout, v->ids);
	sort_out_stale(v);
	return err;
}

/* ---- comparing ---- */

/* A write makes mirrors stale before it is issued: what it did to one mirror only isn't a fault. */
static int check_not_written(const struct verify *v)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = v->fs->ops->layout_get(v->fs, v->file.file_fd, &now);

	if (err)
		return err;
	return layout_equal(now, v->layout) ? 0 : fail(-EAGAIN, "was written meanwhile");
}

static void tell(struct verify *v, const struct mirror_difference *d)
{
	v->lost |= d->unreadable != NULL;
	v->differ |= d->unreadable == NULL;
	if (v->report)
		v->report(d, v->opt->cookie);
}

static int differs(unsigned int index, unsigned int reference, uint64_t start, uint64_t end,
		   void *cookie)
{
	struct verify *v = cookie;
	const struct mirror_difference d = { .mirror_id = v->ids[index],
					     .reference_id = v->ids[reference],
					     .start = start,
					     .end = end };
	int err = check_not_written(v);

	if (!err)
		tell(v, &d);
	return err;
}

/* "mirror 1: ..." of what is about mirror 1 anyway. */
static const char *without_name(const char *why, uint32_t id)
{
	char name[32];
	size_t len = (size_t)snprintf(name, sizeof(name), "mirror %" PRIu32 ": ", id);

	return strncmp(why, name, len) == 0 ? why + len : why;
}

static void tell_unreadable(struct verify *v, uint32_t id, int err)
{
	struct mirror_difference d = { .mirror_id = id };
	char why[ERROR_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", error_text(err));
	d.unreadable = without_name(why, id);
	tell(v, &d);
}

/* In the middle of it: which OST it is the file system may know. */
static int unreadable(unsigned int index, int err, void *cookie)
{
	struct verify *v = cookie;
	char why[ERROR_TEXT_MAX];

	snprintf(why, sizeof(why), "%.200s%s", error_text(err),
		 trouble_hint(v->fs, v->fds[index], err));
	tell_unreadable(v, v->ids[index], fail(err, "%s", why));
	return 0;
}

/* Those that can't be reached now say so, and aren't compared. */
static int open_mirrors(struct verify *v)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < v->compared; i++) {
		uint32_t id = v->ids[i];
		int err = v->fs->ops->mirror_check(v->fs, v->file.file_fd, id, false);

		if (err == -ENOENT)
			return fail(-EAGAIN, "was changed meanwhile");
		if (err) {
			tell_unreadable(v, id, err);
			continue;
		}
		err = v->fs->ops->mirror_open(v->fs, v->file.file_fd, id, O_RDONLY, &v->fds[kept]);
		if (err)
			return err;
		v->ids[kept++] = id;
	}
	v->opened = kept;
	return 0;
}

static void tell_stale(struct verify *v)
{
	for (unsigned int i = v->compared; i < v->count; i++) {
		const struct mirror_difference d = { .mirror_id = v->ids[i],
						     .reference_id = v->compared ? v->ids[0] : 0,
						     .stale = true };

		tell(v, &d);
	}
}

static void forward_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	const struct verify *v = cookie;

	if (v->opt->progress)
		v->opt->progress(done_bytes, total_bytes, v->opt->cookie);
}

static int compare(struct verify *v, struct mirror_result *result)
{
	const struct compare_request req = {
		.fds = v->fds,
		.count = v->opened,
		.limit = v->opt->limit,
		.stop = v->opt->stop,
		.differs = differs,
		.unreadable = unreadable,
		.progress = forward_progress,
		.cookie = v,
	};
	int err = compare_run(&req, &result->copied_bytes);

	/* A file that ended early, as another was written, has been read as zeros. */
	return err ? err : check_not_written(v);
}

static int verdict(const struct verify *v)
{
	if (v->differ)
		return fail(-EBADMSG, "its mirrors are not all alike%s",
			    v->lost ? ", and not all can be read" : "");
	return v->lost ? fail(-EIO, "not all of its mirrors can be read") : 0;
}

static int verify(struct verify *v, struct mirror_result *result)
{
	int err;

	tell_stale(v);
	err = open_mirrors(v);
	if (!err && v->opened > 1)
		err = compare(v, result);
	if (err)
		return err;
	result->mirrors = v->count;
	v->done = true;
	return verdict(v);
}

int mirror_verify(struct fs *fs, const char *path, const uint32_t *only_ids,
		  unsigned int only_count,
		  void (*report)(const struct mirror_difference *d, void *cookie),
		  const struct mirror_options *opt, struct mirror_result *ret_result)
{
	struct verify v = { .fs = fs, .opt = opt, .report = report, .file = SUBJECT_INIT };
	struct mirror_result result = { 0 };
	uint64_t begin = clock_now_ns();
	int err = subject_open(fs, path, O_RDONLY, "verify", &v.file);

	if (err)
		return err;
	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		v.fds[i] = -1;
	result.size_bytes = (uint64_t)v.file.st.st_size;
	err = choose(&v, only_ids, only_count);
	if (!err)
		err = verify(&v, &result);
	result.elapsed_ns = clock_now_ns() - begin;
	for (unsigned int i = 0; i < v.compared; i++)
		fd_cleanup(&v.fds[i]);
	subject_close(&v.file);
	layout_unref(v.layout);
	/* That mirrors differ is an answer, too. */
	if (v.done)
		*ret_result = result;
	return err;
}
