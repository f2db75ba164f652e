/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* States and flags of mirrors; mirror_merge.c has those that change which mirrors there are. */
#include "layout/mirror_change.h"

#include "base/error.h"
#include "layout/flags.h"
#include "layout/mirror_impl.h"

#include <errno.h>
#include <inttypes.h>

#define STATE_MASK 3u
#define TIMESTAMP_MAX ((UINT64_C(1) << 48) - 1)

/* What an administrator may set and clear; stale may only be set. */
#define FLAGS_CLEARABLE                                                                            \
	((uint32_t)(COMP_PREFER_READ | COMP_PREFER_WRITE | COMP_OFFLINE | COMP_NOSYNC))
#define FLAGS_SETTABLE (FLAGS_CLEARABLE | (uint32_t)COMP_STALE)

void mirror_set_state(struct layout *l, enum layout_state state)
{
	l->flags = (uint16_t)((l->flags & ~STATE_MASK) | (uint32_t)state);
}

enum layout_state mirror_settled_state(const struct layout *l)
{
	if (l->mirror_count <= 1)
		return LAYOUT_STATE_NONE;
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->comps[i].flags & COMP_STALE)
			return LAYOUT_STATE_WP;
	}
	return LAYOUT_STATE_RO;
}

int mirror_clone_next(const struct layout *l, struct layout **ret_layout)
{
	struct layout *next = layout_clone(l);

	if (!next)
		return fail(-ENOMEM, "no memory for a layout");
	next->gen = mirror_next_gen(l);
	*ret_layout = next;
	return 0;
}

uint32_t mirror_next_gen(const struct layout *l)
{
	return l->gen == UINT32_MAX ? 1 : l->gen + 1; /* 0 means none */
}

int mirror_no_such(uint32_t mirror_id)
{
	return fail(-ENOENT, "mirror %" PRIu32 ": there is no such mirror", mirror_id);
}

int mirror_check_spare(const struct layout *l, uint32_t mirror_id)
{
	if (mirror_usable(l, mirror_id) && mirror_count_usable(l) == 1)
		return fail(-EBUSY, "mirror %" PRIu32 ": is the last one in sync", mirror_id);
	return 0;
}

/* `next` if it says something else than `l`, otherwise another reference of `l`. */
static int give(const struct layout *l, struct layout **next, struct layout **ret_layout)
{
	uint32_t gen = (*next)->gen;
	bool same;

	(*next)->gen = l->gen;
	same = layout_equal(l, *next);
	(*next)->gen = gen;
	*ret_layout = same ? layout_ref(l) : PTR_STEAL(*next);
	return 0;
}

/* ---- stale ---- */

static bool overlap(const struct component *c, uint64_t start, uint64_t end)
{
	return c->start < end && start < c->end;
}

/* A mirror that ends before others has nothing of what is behind, and isn't like the file where there
 * is something: that is its last component's matter. */
static uint64_t end_of_matter(const struct layout *l, uint32_t idx)
{
	bool last = idx + 1 == l->count || mirror_id_at(l, idx + 1) != mirror_id_at(l, idx);

	return last ? LAYOUT_EOF : l->comps[idx].end;
}

/* Whether a component of the primary is in the range that the bytes of component `idx` are also in. */
static bool is_reached(const struct layout *l, uint32_t idx, uint32_t primary, uint64_t start,
		       uint64_t end)
{
	uint64_t from = l->comps[idx].start, to = end_of_matter(l, idx);

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *written = &l->comps[i];

		if (mirror_id_at(l, i) == primary && overlap(written, start, end) &&
		    overlap(written, from, to))
			return true;
	}
	return false;
}

static bool becomes_stale(const struct layout *l, uint32_t idx, uint32_t primary, uint64_t start,
			  uint64_t end)
{
	return !(l->comps[idx].flags & COMP_STALE) && mirror_id_at(l, idx) != primary &&
	       is_reached(l, idx, primary, start, end);
}

bool mirror_change_needed(const struct layout *l, uint32_t primary, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; l->mirror_count > 1 && start < end && i < l->count; i++) {
		if (becomes_stale(l, i, primary, start, end))
			return true;
	}
	return false;
}

uint32_t mirror_change_stale_gen(const struct layout *l, uint32_t mirror_id)
{
	uint32_t gen = 0;
	bool any = false;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (mirror_id_at(l, i) != mirror_id || !(c->flags & COMP_STALE))
			continue;
		if (any && c->entry_gen != gen)
			return 0;
		any = true;
		gen = c->entry_gen;
	}
	return gen;
}

int mirror_change_stale_others(const struct layout *l, uint32_t primary, uint64_t start,
			       uint64_t end, struct layout **ret_layout)
{
	struct layout *next;
	int err;

	if (!mirror_exists(l, primary))
		return mirror_no_such(primary);
	if (!mirror_change_needed(l, primary, start, end)) {
		*ret_layout = layout_ref(l);
		return 0;
	}
	if (!mirror_usable(l, primary))
		return fail(-EINVAL, "mirror %" PRIu32 ": can't be written, it is %s", primary,
			    mirror_flags(l, primary) & COMP_STALE ? "stale" : "offline");
	err = mirror_clone_next(l, &next);
	if (err)
		return err;
	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t gen;

		if (!becomes_stale(l, i, primary, start, end))
			continue;
		gen = mirror_change_stale_gen(l, mirror_id_at(l, i));
		next->comps[i].flags |= COMP_STALE;
		next->comps[i].entry_gen = gen ? gen : next->gen;
	}
	mirror_set_state(next, LAYOUT_STATE_WP);
	*ret_layout = next;
	return 0;
}

/* Whether component `idx` is meant by the id of a component or of a mirror. */
typedef bool meant_fn(const struct layout *l, uint32_t idx, uint32_t id);

static bool in_mirror(const struct layout *l, uint32_t idx, uint32_t id)
{
	return mirror_id_at(l, idx) == id;
}

static bool has_id(const struct layout *l, uint32_t idx, uint32_t id)
{
	return l->comps[idx].id == id;
}

/*
 * Declares components of one mirror stale. What they differ in isn't known, so a dirty map that the
 * mirror may have has ended: its stale components all get the new generation.
 */
static void declare_stale(struct layout *next, uint32_t mirror_id, meant_fn *meant, uint32_t id)
{
	bool any = false;

	for (uint32_t i = 0; i < next->count; i++)
		any |= meant(next, i, id) && !(next->comps[i].flags & COMP_STALE);
	for (uint32_t i = 0; any && i < next->count; i++) {
		struct component *c = &next->comps[i];

		if (meant(next, i, id))
			c->flags |= COMP_STALE;
		if (in_mirror(next, i, mirror_id) && (c->flags & COMP_STALE))
			c->entry_gen = next->gen;
	}
	if (any)
		mirror_set_state(next, LAYOUT_STATE_WP);
}

int mirror_change_stale(const struct layout *l, uint32_t mirror_id, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *next = NULL;
	int err;

	if (!mirror_exists(l, mirror_id))
		return mirror_no_such(mirror_id);
	err = mirror_check_spare(l, mirror_id);
	if (!err)
		err = mirror_clone_next(l, &next);
	if (err)
		return err;
	declare_stale(next, mirror_id, in_mirror, mirror_id);
	return give(l, &next, ret_layout);
}

int mirror_change_stale_instead(const struct layout *l, const struct layout *before,
				uint32_t primary, struct layout **ret_layout)
{
	struct layout *again = layout_clone(before);
	int err;

	if (!again)
		return fail(-ENOMEM, "no memory for a layout");
	again->gen = l->gen;
	err = mirror_change_stale(again, primary, ret_layout);
	layout_unref(again);
	return err;
}

/* ---- resync ---- */

static int change_state(const struct layout *l, enum layout_state state, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *next = NULL;
	int err = mirror_clone_next(l, &next);

	if (err)
		return err;
	mirror_set_state(next, state);
	return give(l, &next, ret_layout);
}

int mirror_change_begin_resync(const struct layout *l, struct layout **ret_layout)
{
	if (l->mirror_count <= 1)
		return fail(-EINVAL, "the file has no mirrors");
	return change_state(l, LAYOUT_STATE_SP, ret_layout);
}

int mirror_change_end_resync(const struct layout *l, struct layout **ret_layout)
{
	return change_state(l, mirror_settled_state(l), ret_layout);
}

int mirror_change_synced(const struct layout *l, const uint32_t *mirror_ids, unsigned int count,
			 struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *next = NULL;
	int err;

	for (unsigned int k = 0; k < count; k++) {
		if (!mirror_exists(l, mirror_ids[k]))
			return mirror_no_such(mirror_ids[k]);
	}
	err = mirror_clone_next(l, &next);
	if (err)
		return err;
	for (uint32_t i = 0; i < next->count; i++) {
		for (unsigned int k = 0; k < count; k++) {
			if (in_mirror(next, i, mirror_ids[k]))
				next->comps[i].flags &= ~(uint32_t)COMP_STALE;
		}
	}
	mirror_set_state(next, mirror_settled_state(next));
	return give(l, &next, ret_layout);
}

/* ---- flags ---- */

static int check_flag_words(uint32_t set, uint32_t clear)
{
	char text[FLAGS_TEXT_MAX];

	if (clear & COMP_STALE)
		return fail(-EOPNOTSUPP, "flag stale can't be cleared: only a resync does that");
	if ((set & ~FLAGS_SETTABLE) || (clear & ~FLAGS_CLEARABLE))
		return fail(-EOPNOTSUPP, "flags %s can't be changed",
			    flags_text((set & ~FLAGS_SETTABLE) | (clear & ~FLAGS_CLEARABLE), text));
	if (set & clear)
		return fail(-EINVAL, "flags %s can't be set and cleared at once",
			    flags_text(set & clear, text));
	return 0;
}

/* Whom `id` means: a component before a mirror, which in one layout can't be mixed up. Fills
 * *ret_meant, and in *ret_mirror_id the mirror that they are all in. */
static int find_meant(const struct layout *l, uint32_t *id, meant_fn **ret_meant,
		      uint32_t *ret_mirror_id)
{
	if (l->kind != LAYOUT_COMPOSITE)
		return fail(-EINVAL, "the layout is plain: it has no components to flag");
	if (*id == 0) {
		if (l->count != 1)
			return fail(-EINVAL,
				    "the layout has %" PRIu32 " components: which is meant?",
				    l->count);
		*id = l->comps[0].id;
	}
	for (uint32_t i = 0; i < l->count; i++) {
		if (!has_id(l, i, *id))
			continue;
		*ret_meant = has_id;
		*ret_mirror_id = mirror_id_at(l, i);
		return 0;
	}
	if (!mirror_exists(l, *id))
		return fail(-ENOENT, "there is no component or mirror %" PRIu32, *id);
	*ret_meant = in_mirror;
	*ret_mirror_id = *id;
	return 0;
}

int mirror_change_flags(const struct layout *l, uint32_t id, uint32_t set, uint32_t clear,
			uint64_t now_s, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *next = NULL;
	uint32_t mirror_id = 0;
	meant_fn *meant = NULL;
	int err = check_flag_words(set, clear);

	if (!err)
		err = find_meant(l, &id, &meant, &mirror_id);
	if (!err && (set & (COMP_STALE | COMP_OFFLINE)))
		err = mirror_check_spare(l, mirror_id);
	if (!err)
		err = mirror_clone_next(l, &next);
	if (err)
		return err;
	for (uint32_t i = 0; i < next->count; i++) {
		struct component *c = &next->comps[i];

		if (!meant(next, i, id))
			continue;
		c->flags = (c->flags & ~clear) | (set & FLAGS_CLEARABLE);
		if ((set | clear) & COMP_NOSYNC)
			c->timestamp = set & COMP_NOSYNC ? MIN_OF(now_s, TIMESTAMP_MAX) : 0;
	}
	if (set & COMP_STALE)
		declare_stale(next, mirror_id, meant, id);
	return give(l, &next, ret_layout);
}
