/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mirrors that come and go: see mirror_change.h. */
#include "base/error.h"
#include "layout/mirror_change.h"
#include "layout/mirror_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ID_HALF_MAX 0xffffu /* a mirror's id, or the number of a component */

/* `to`, which owns nothing, becomes a copy of `from`. */
static int copy_component(struct component *to, const struct component *from)
{
	*to = *from;
	to->objects = NULL;
	to->object_count = 0;
	if (component_set_objects(to, from->object_count))
		return fail(-ENOMEM, "no memory for a layout");
	if (from->object_count)
		memcpy(to->objects, from->objects, from->object_count * sizeof(*to->objects));
	return 0;
}

/* ---- merge ---- */

static uint64_t furthest_end(const struct layout *l)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < l->count; i++)
		end = MAX_OF(end, l->comps[i].end);
	return end;
}

static uint32_t highest_mirror_id(const struct layout *l)
{
	uint32_t id = 1; /* what a file without mirrors becomes */

	for (uint32_t i = 0; i < l->count; i++)
		id = MAX_OF(id, mirror_id_at(l, i));
	return id;
}

/* Components on the MDT and self-extending ones are possible where the rules (rules.h) let them be. */
static bool can_be_mirrored(const struct component *c)
{
	struct component plain = *c;

	plain.flags &= ~(uint32_t)COMP_EXTENSION;
	if (component_on_mdt(c))
		plain.pattern ^= PATTERN_MDT | PATTERN_RAID0;
	return component_has_data(&plain);
}

static int check_has_data(const struct layout *l)
{
	bool ok = l->kind != LAYOUT_FOREIGN && l->count != 0;

	for (uint32_t i = 0; ok && i < l->count; i++)
		ok = can_be_mirrored(&l->comps[i]);
	return ok ? 0 : fail(-EOPNOTSUPP, "a file whose data isn't here can't be mirrored");
}

static int check_mirror_to_be(const struct layout *l, const struct layout *other, uint32_t id)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	int err = check_has_data(other);

	if (err)
		return err;
	if (mirror_ids(other, ids) > 1)
		return fail(-EINVAL, "mirror %" PRIu32 " to be: has several mirrors itself", id);
	if (!mirror_usable(other, ids[0]))
		return fail(-EINVAL, "mirror %" PRIu32 " to be: is stale or offline", id);
	if (furthest_end(other) < furthest_end(l))
		return fail(-EINVAL,
			    "mirror %" PRIu32 " to be: its last component ends at %" PRIu64
			    ", before the file's",
			    id, furthest_end(other));
	/* What is written there the other mirrors could never have. */
	if (furthest_end(other) > furthest_end(l))
		return fail(-EINVAL,
			    "mirror %" PRIu32
			    " to be: its last component ends behind the file's, at %" PRIu64,
			    id, furthest_end(l));
	return 0;
}

static int check_merge(const struct layout *l, const struct layout *const *others,
		       unsigned int count, uint32_t *ret_total)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX], first_id = highest_mirror_id(l) + 1, total = l->count;
	unsigned int mirrors = mirror_ids(l, ids);
	int err = check_has_data(l);

	if (err)
		return err;
	if (count > LAYOUT_MIRRORS_MAX - mirrors)
		return fail(-ERANGE, "%u mirrors and %u more are too many, the limit is %u",
			    mirrors, count, LAYOUT_MIRRORS_MAX);
	for (unsigned int k = 0; k < count; k++) {
		err = check_mirror_to_be(l, others[k], first_id + k);
		if (err)
			return err;
		if (others[k]->count > LAYOUT_COMPONENTS_MAX - MIN_OF(total, LAYOUT_COMPONENTS_MAX))
			return fail(-ERANGE,
				    "mirror %" PRIu32 " to be: more than %u components in one file",
				    first_id + k, LAYOUT_COMPONENTS_MAX);
		total += others[k]->count;
	}
	if (first_id + count - 1 > ID_HALF_MAX)
		return fail(-ERANGE, "mirror %" PRIu32 " to be: no more ids are left", first_id);
	*ret_total = total;
	return 0;
}

/* Copies component `idx` of a file that may have a plain layout into a composite one. */
static int add_component(struct layout *to, uint32_t to_idx, const struct layout *from,
			 uint32_t idx, uint32_t id, struct fid file)
{
	struct component *c = &to->comps[to_idx];
	int err = copy_component(c, &from->comps[idx]);

	if (err)
		return err;
	c->id = id;
	if (!component_instantiated(from, &from->comps[idx]))
		return 0;
	c->flags |= COMP_INIT;
	c->offset_or_gen = 0;
	c->owner_oid = file.oid;
	c->owner_seq = file.seq;
	return 0;
}

/* The id of component `idx` of the file's own, in a file that has mirrors. */
static uint32_t own_id(const struct layout *l, uint32_t idx)
{
	uint32_t mirror_id = mirror_id_at(l, idx), number = l->comps[idx].id & ID_HALF_MAX;

	return MAX_OF(mirror_id, 1u) << 16 | (l->kind == LAYOUT_PLAIN ? 1 : number);
}

/*
 * The components of `other`, after the first `*at`, as those of mirror `mirror_id`. They are
 * numbered from 1, as Lustre does it (2.17); those of a file that is created with mirrors are
 * numbered through all of them.
 */
static int add_mirror(struct layout *to, uint32_t *at, const struct layout *other,
		      uint32_t mirror_id, struct fid file)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < other->count; i++, ++*at) {
		err = add_component(to, *at, other, i, mirror_id << 16 | (i + 1), file);
		to->comps[*at].entry_gen = 0;
	}
	return err;
}

int mirror_change_merge(const struct layout *l, const struct layout *const *others,
			unsigned int count, struct fid file, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *next = NULL;
	uint32_t ids[LAYOUT_MIRRORS_MAX], total = 0, at = 0;
	int err = check_merge(l, others, count, &total);

	if (err)
		return err;
	if (count == 0) {
		*ret_layout = layout_ref(l);
		return 0;
	}
	next = layout_new(LAYOUT_COMPOSITE, total);
	if (!next)
		return fail(-ENOMEM, "no memory for a layout");
	next->gen = mirror_next_gen(l);
	next->flags = l->flags;
	next->mirror_count = (uint16_t)(mirror_ids(l, ids) + count);
	for (; !err && at < l->count; at++)
		err = add_component(next, at, l, at, own_id(l, at), file);
	for (unsigned int k = 0; !err && k < count; k++)
		err = add_mirror(next, &at, others[k], highest_mirror_id(l) + 1 + k, file);
	if (err)
		return err;
	mirror_set_state(next, mirror_settled_state(next));
	*ret_layout = PTR_STEAL(next);
	return 0;
}

/* ---- split ---- */

/* Those components of l that are (or are not) in the mirror, as a layout with as many mirrors. */
static int pick(const struct layout *l, uint32_t mirror_id, bool in, uint16_t mirrors,
		struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *part = NULL;
	uint32_t count = 0, at = 0;
	int err = 0;

	for (uint32_t i = 0; i < l->count; i++)
		count += (mirror_id_at(l, i) == mirror_id) == in;
	part = layout_new(LAYOUT_COMPOSITE, count);
	if (!part)
		return fail(-ENOMEM, "no memory for a layout");
	part->gen = mirror_next_gen(l);
	part->flags = l->flags;
	part->mirror_count = mirrors;
	for (uint32_t i = 0; !err && i < l->count; i++) {
		if ((mirror_id_at(l, i) == mirror_id) == in)
			err = copy_component(&part->comps[at++], &l->comps[i]);
	}
	if (err)
		return err;
	*ret_layout = PTR_STEAL(part);
	return 0;
}

int mirror_change_split(const struct layout *l, uint32_t mirror_id, struct layout **ret_rest,
			struct layout **ret_split)
{
	CLEANUP_LAYOUT struct layout *rest = NULL, *split = NULL;
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int mirrors = mirror_ids(l, ids);
	int err;

	if (!mirror_exists(l, mirror_id))
		return mirror_no_such(mirror_id);
	if (mirrors == 1)
		return fail(-EBUSY, "mirror %" PRIu32 ": is the only one", mirror_id);
	err = mirror_check_spare(l, mirror_id);
	if (!err)
		err = pick(l, mirror_id, false, (uint16_t)(mirrors - 1), &rest);
	if (!err)
		err = pick(l, mirror_id, true, 1, &split);
	if (err)
		return err;
	for (uint32_t i = 0; i < split->count; i++)
		split->comps[i].flags &= ~(uint32_t)COMP_STALE;
	mirror_set_state(rest, mirror_settled_state(rest));
	mirror_set_state(split, mirror_settled_state(split));
	*ret_rest = PTR_STEAL(rest);
	*ret_split = PTR_STEAL(split);
	return 0;
}
