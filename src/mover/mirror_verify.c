/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "layout/mirror.h"
#include "mover/compare.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
	bool bad; /* something has been reported */
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

static bool is_stale(const struct verify *v, uint32_t id)
{
	return mirror_flags(v->layout, id) & COMP_STALE;
}

/* Those that are not stale to the front, in their order. */
static void sort_out_stale(struct verify *v)
{
	uint32_t stale[LAYOUT_MIRRORS_MAX];
	unsigned int stale_count = 0;

	for (unsigned int i = 0; i < v->count; i++) {
		if (is_stale(v, v->ids[i]))
			stale[stale_count++] = v->ids[i];
		else
			v->ids[v->compared++] = v->ids[i];
	}
	memcpy(v->ids + v->compared, stale, stale_count * sizeof(*stale));
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
	v->bad = true;
	if (v->report)
		v->report(d, v->opt->cookie);
}

static int differs(unsigned int index, uint64_t start, uint64_t end, void *cookie)
{
	struct verify *v = cookie;
	const struct mirror_difference d = {
		.mirror_id = v->ids[index], .reference_id = v->ids[0], .start = start, .end = end
	};
	int err = check_not_written(v);

	if (!err)
		tell(v, &d);
	return err;
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
		.count = v->compared,
		.limit = v->opt->limit,
		.stop = v->opt->stop,
		.differs = differs,
		.progress = forward_progress,
		.cookie = v,
	};
	int err = 0;

	for (unsigned int i = 0; i < v->compared && !err; i++)
		err = v->fs->ops->mirror_open(v->fs, v->file.file_fd, v->ids[i], O_RDONLY,
					      &v->fds[i]);
	if (!err)
		err = compare_run(&req, &result->copied_bytes);
	/* A file that ended early, as another was written, has been read as zeros. */
	return err ? err : check_not_written(v);
}

static int verify(struct verify *v, struct mirror_result *result)
{
	int err = 0;

	tell_stale(v);
	if (v->compared > 1)
		err = compare(v, result);
	if (err)
		return err;
	result->mirrors = v->count;
	return v->bad ? fail(-EBADMSG, "its mirrors are not all alike") : 0;
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
	if (!err || err == -EBADMSG)
		*ret_result = result;
	return err;
}
