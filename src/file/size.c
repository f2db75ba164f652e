/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file/file_impl.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>

/* The size of the file that this object alone asks for. */
static uint64_t size_by_object(const struct component *c, uint32_t stripe_idx, uint64_t object_size)
{
	return MIN_OF(c->end,
		      raid0_file_size(c->stripe_size, c->stripe_count, stripe_idx, object_size));
}

/*
 * How long an object may be in a file of `size` bytes. Nothing is left of a component behind the
 * end, also not the sparse front.
 */
static uint64_t object_limit(const struct component *c, uint32_t stripe_idx, uint64_t size)
{
	return size <= c->start ? 0 : object_share(c, stripe_idx, size);
}

static int stat_part(const struct access *a, const struct object_part *part, struct stat *ret_st)
{
	return objects_stat(a->f->osts, a->layout, atomic_load(&a->f->objects), part->ref, ret_st);
}

int size_get(const struct access *a, uint64_t *ret_size)
{
	struct object_walk walk = objects_walk(a, 0, LAYOUT_EOF);
	struct object_part part;
	uint64_t size = 0;
	int first_err = 0;

	while (objects_next(&walk, &part)) {
		const struct component *c = &a->layout->comps[part.ref.comp_idx];
		struct stat st;
		int err = stat_part(a, &part, &st);

		if (!err)
			size = MAX_OF(size,
				      size_by_object(c, part.ref.stripe_idx, (uint64_t)st.st_size));
		else if (!first_err)
			first_err = err;
	}
	*ret_size = size;
	return first_err;
}

/* ---- stat ---- */

static struct timespec later(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec > b.tv_sec ? a : b;
	return a.tv_nsec > b.tv_nsec ? a : b;
}

static void add_mtime(struct file_attr *sum, struct timespec mtime)
{
	sum->mtime = sum->has_mtime ? later(sum->mtime, mtime) : mtime;
	sum->has_mtime = true;
}

/*
 * Adds the objects of one mirror: their blocks, and, where the mirror counts, size and time: one
 * that is stale may be of another size. Returns whether all could be asked.
 */
static bool add_mirror(const struct ost_set *osts, const struct layout *l,
		       struct object_table *table, uint32_t mirror_id, bool counts,
		       struct file_attr *sum)
{
	bool whole = true;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (!component_is_of(l, c, mirror_id) || !component_has_objects(l, c))
			continue;
		for (uint32_t k = 0; k < c->stripe_count; k++) {
			struct stat st;

			if (objects_stat(osts, l, table, (struct object_ref){ i, k }, &st)) {
				whole = false;
				continue;
			}
			sum->blocks += (uint64_t)st.st_blocks;
			if (!counts)
				continue;
			add_mtime(sum, st.st_mtim);
			sum->size_bytes =
				MAX_OF(sum->size_bytes, size_by_object(c, k, (uint64_t)st.st_size));
		}
	}
	return whole;
}

static void stat_whole(const struct ost_set *osts, const struct layout *l,
		       struct object_table *table, struct file_attr *ret_attr)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = l ? mirror_ids(l, ids) : 0;
	struct file_attr sum = { .complete = count == 0, .all_blocks = true };

	for (unsigned int i = 0; i < count; i++) {
		bool counts = mirror_choice_counts(l, ids[i]);
		bool whole = add_mirror(osts, l, table, ids[i], counts, &sum);

		sum.complete |= whole && counts;
		sum.all_blocks &= whole;
	}
	*ret_attr = sum;
}

static int stat_one(struct file *f, uint32_t mirror_id, struct file_attr *ret_attr)
{
	struct file_attr sum = { 0 };
	int err = mirror_choice_check_exists(f->layout, mirror_id);

	if (err)
		return err;
	sum.complete =
		add_mirror(f->osts, f->layout, atomic_load(&f->objects), mirror_id, true, &sum);
	sum.all_blocks = sum.complete;
	*ret_attr = sum;
	return 0;
}

int file_stat(struct file *f, uint32_t mirror_id, struct file_attr *ret_attr)
{
	int err = 0;

	file_lock_shared(f);
	if (mirror_id == FILE_WHOLE)
		stat_whole(f->osts, f->layout, atomic_load(&f->objects), ret_attr);
	else
		err = stat_one(f, mirror_id, ret_attr);
	file_unlock_shared(f);
	return err;
}

int file_stat_layout(const struct ost_set *osts, const struct layout *l, struct file_attr *ret_attr)
{
	stat_whole(osts, l, NULL, ret_attr);
	return 0;
}

/* ---- truncate ---- */

static int set_object_size(const struct access *a, struct object_ref ref, uint64_t object_size)
{
	struct io_end end;
	int err = objects_end(a, ref, true, &end);

	if (err)
		return err;
	err = sys_ftruncate(end.fd, object_size);
	if (!err)
		file_note_change(a->f);
	return err ? objects_fail(a->layout, ref, err, "truncate") : 0;
}

/*
 * The object that holds byte `offset`, and its size where that is the last byte. False: it has no
 * object.
 */
static bool find_last(const struct access *a, uint64_t offset, struct object_ref *ret_ref,
		      uint64_t *ret_object_size)
{
	int idx = layout_find(a->layout, a->mirror_id, offset);
	const struct component *c = idx < 0 ? NULL : &a->layout->comps[idx];

	if (!c || !access_has_objects(a, c))
		return false;
	ret_ref->comp_idx = (uint32_t)idx;
	ret_ref->stripe_idx = raid0_stripe(c->stripe_size, c->stripe_count, offset);
	*ret_object_size = raid0_object_offset(c->stripe_size, c->stripe_count, offset) + 1;
	return true;
}

int size_extend(const struct access *a, uint64_t size)
{
	struct object_part last;
	uint64_t object_size;
	struct stat st;
	int err;

	if (!find_last(a, size - 1, &last.ref, &object_size))
		return access_check_range(a, size - 1, size);
	err = stat_part(a, &last, &st);
	if (err || (uint64_t)st.st_size >= object_size)
		return err;
	return set_object_size(a, last.ref, object_size);
}

static bool same_ref(struct object_ref a, struct object_ref b)
{
	return a.comp_idx == b.comp_idx && a.stripe_idx == b.stripe_idx;
}

/* `done`: the object that has its size already; NULL: none. */
static int shrink_others(const struct access *a, uint64_t size, const struct object_ref *done)
{
	struct object_walk walk = objects_walk(a, 0, LAYOUT_EOF);
	struct object_part part;
	int first_err = 0;

	while (objects_next(&walk, &part)) {
		uint64_t limit = object_limit(&a->layout->comps[part.ref.comp_idx],
					      part.ref.stripe_idx, size);
		struct stat st;
		int err;

		if (done && same_ref(part.ref, *done))
			continue;
		err = stat_part(a, &part, &st);
		if (!err && (uint64_t)st.st_size > limit)
			err = set_object_size(a, part.ref, limit);
		if (err && !first_err)
			first_err = err;
	}
	return first_err;
}

int size_shrink(const struct access *a, uint64_t size)
{
	return shrink_others(a, size, NULL);
}

/* How long the file would be if its objects were cut to what a file of `size` bytes can have. */
static int size_if_shrunk(const struct access *a, uint64_t size, uint64_t *ret_size)
{
	struct object_walk walk = objects_walk(a, 0, LAYOUT_EOF);
	struct object_part part;
	uint64_t left = 0;

	while (objects_next(&walk, &part)) {
		const struct component *c = &a->layout->comps[part.ref.comp_idx];
		uint64_t limit = object_limit(c, part.ref.stripe_idx, size);
		struct stat st;
		int err = stat_part(a, &part, &st);

		if (err)
			return err;
		left = MAX_OF(left, size_by_object(c, part.ref.stripe_idx,
						   MIN_OF(limit, (uint64_t)st.st_size)));
	}
	*ret_size = left;
	return 0;
}

/* access_check_stale(), and marks what changes when the file gets that size. */
static int mark_change(const struct access *a, uint64_t size)
{
	/* Whatever is behind the new end changes, be it only from "nothing" to "zeros". */
	int err = access_check_stale(a, size ? size - 1 : 0, LAYOUT_EOF);
	uint64_t old_size;

	if (err || a->asked_id != FILE_WHOLE || !a->f->followers)
		return err;
	err = size_get(a, &old_size);
	if (err || size == old_size)
		return err;
	if (size < old_size)
		return followers_mark_from_locked(a->f, a->mirror_id, size);
	/* A copy grows by its size alone; but one that is in sync before it has grown never
	 * does. */
	return followers_mark_locked(a->f, a->mirror_id, size - 1, size);
}

static int truncate_objects(const struct access *a, uint64_t size)
{
	uint64_t left, object_size;
	struct object_ref last;
	bool has_last;
	int err;

	err = access_check_kinds(a, 0, LAYOUT_EOF);
	if (err)
		return err;
	err = size_if_shrunk(a, size, &left);
	/* While others are as good, whoever makes them stale may choose another mirror than this. */
	if (err && access_check_stale(a, size ? size - 1 : 0, LAYOUT_EOF))
		return FILE_NOT_STALE;
	if (!err && left < size)
		err = access_check_range(a, size - 1, size);
	if (!err)
		err = mark_change(a, size);
	if (err)
		return err;
	/*
	 * The object of the last byte first: so the file is never shorter than it is to be. Also
	 * where its size is right already: for the times.
	 */
	has_last = find_last(a, size ? size - 1 : 0, &last, &object_size);
	if (has_last)
		err = set_object_size(a, last, size ? object_size : 0);
	return err ? err : shrink_others(a, size, has_last ? &last : NULL);
}

int file_truncate(struct file *f, uint32_t mirror_id, uint64_t size_bytes)
{
	struct access a = { .f = f, .kind = ACCESS_CHANGE, .asked_id = mirror_id };
	int err;

	if (size_bytes > INT64_MAX)
		return fail(-EFBIG, "%ju bytes are more than a file can have",
			    (uintmax_t)size_bytes);
	err = access_begin(&a);
	if (err)
		return err;
	err = truncate_objects(&a, size_bytes);
	access_end(&a);
	return err;
}
