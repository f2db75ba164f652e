/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mirrors of layouts: what they say, and from one layout to the next. */
#include "unit.h"

#include "base/error.h"
#include "layout/mirror_change.h"
#include "layout/rules.h"
#include "layout_random.h"

#include <errno.h>

#define ROUNDS 2000
#define MIB_ (1u << 20)

static const struct fid file = { .seq = 0x200000401, .oid = 9 };

static void expect_error(int err, int expected, const char *word)
{
	assert_int_equal(err, expected);
	if (!strstr(error_text(err), word))
		fail_msg("'%s' isn't in '%s'", word, error_text(err));
}

static void assert_sound(const struct layout *l)
{
	int err = layout_check_file(l, NULL);

	if (err)
		fail_msg("%s", error_text(err));
}

static enum layout_state state_of(const struct layout *l)
{
	return (enum layout_state)(l->flags & 3);
}

static bool any_stale(const struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->comps[i].flags & COMP_STALE)
			return true;
	}
	return false;
}

static uint32_t pick_mirror(struct random_source *r, const struct layout *l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);

	return ids[random_range(r, 0, count - 1)];
}

static uint32_t pick_usable(struct random_source *r, const struct layout *l)
{
	uint32_t id;

	do {
		id = pick_mirror(r, l);
	} while (!mirror_usable(l, id));
	return id;
}

/* Takes the place of *l. */
static void replace(struct layout **l, struct layout *next)
{
	layout_unref(*l);
	*l = next;
}

/* ---- what a layout says ---- */

static void mirrors_are_counted(void **state)
{
	struct random_source r = random_start("mirrors");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t mirrors = (uint32_t)random_range(&r, 1, 16), ids[LAYOUT_MIRRORS_MAX];
		CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, mirrors, true);
		uint32_t usable = mirrors;

		assert_int_equal(mirror_ids(l, ids), mirrors);
		for (uint32_t m = 0; m < mirrors; m++) {
			uint64_t end = 0;

			assert_int_equal(ids[m], mirrors > 1 ? m + 1 : 0);
			assert_true(mirror_exists(l, ids[m]));
			for (uint32_t c = 0; c < l->count; c++) {
				if (component_mirror_id(&l->comps[c]) == ids[m])
					end = l->comps[c].end;
			}
			assert_true(mirror_end(l, ids[m]) == end);
			assert_int_equal(mirror_flags(l, ids[m]), COMP_INIT);
		}
		assert_false(mirror_exists(l, mirrors + 1));
		assert_false(mirror_usable(l, mirrors + 1));
		assert_int_equal(mirror_flags(l, mirrors + 1), 0);
		assert_int_equal(mirror_end(l, mirrors + 1), 0);
		for (uint32_t c = 0; c < l->count; c++) {
			uint32_t id = mirror_id_at(l, c);

			usable -= mirror_usable(l, id);
			l->comps[c].flags |= random_range(&r, 0, 1) ? COMP_STALE : COMP_OFFLINE;
			assert_false(mirror_usable(l, id));
			assert_int_equal(mirror_count_usable(l), usable);
		}
	}
}

static void layouts_without_mirrors_have_one(void **state)
{
	CLEANUP_LAYOUT struct layout *plain = layout_new(LAYOUT_PLAIN, 1);
	CLEANUP_LAYOUT struct layout *foreign = layout_new(LAYOUT_FOREIGN, 0);
	CLEANUP_LAYOUT struct layout *many = layout_new(LAYOUT_COMPOSITE, 20);
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	(void)state;

	assert_int_equal(mirror_ids(plain, ids), 1);
	assert_int_equal(ids[0], 0);
	assert_true(mirror_usable(plain, 0));
	assert_int_equal(mirror_count_usable(plain), 1);
	assert_true(mirror_end(plain, 0) == LAYOUT_EOF);
	assert_int_equal(mirror_ids(foreign, ids), 0);
	assert_false(mirror_exists(foreign, 0));
	assert_int_equal(mirror_count_usable(foreign), 0);
	many->mirror_count = 20;
	assert_int_equal(mirror_ids(many, ids), LAYOUT_MIRRORS_MAX);
	for (uint32_t i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		assert_int_equal(ids[i], i + 1); /* a request: each begins at 0 */
}

/* ---- stale ---- */

static bool touch(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	return MAX_OF(start, other_start) < MIN_OF(end, other_end);
}

/* Where a mirror ends before others, what is behind belongs to its last component. */
static uint64_t end_of(const struct layout *l, uint32_t idx)
{
	const struct component *c = &l->comps[idx];

	for (uint32_t i = 0; i < l->count; i++) {
		if (component_mirror_id(&l->comps[i]) == component_mirror_id(c) &&
		    l->comps[i].start > c->start)
			return c->end;
	}
	return LAYOUT_EOF;
}

/*
 * The rule, the slow way: some component that is written has bytes in common with component `idx`.
 */
static bool must_be_stale(const struct layout *l, uint32_t idx, uint32_t primary, uint64_t start,
			  uint64_t end)
{
	const struct component *c = &l->comps[idx];
	bool reached = false;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *p = &l->comps[i];

		reached |= component_mirror_id(p) == primary &&
			   touch(p->start, p->end, start, end) &&
			   touch(p->start, p->end, c->start, end_of(l, idx));
	}
	return reached && component_mirror_id(c) != primary;
}

static void assert_staled(const struct layout *l, const struct layout *next, uint32_t primary,
			  uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i], *n = &next->comps[i];
		uint32_t gen = mirror_change_stale_gen(l, component_mirror_id(c));
		bool stale = must_be_stale(l, i, primary, start, end);

		assert_int_equal(!!(n->flags & COMP_STALE), stale || (c->flags & COMP_STALE));
		if (n->flags != c->flags)
			assert_int_equal(n->entry_gen, gen ? gen : next->gen);
		else
			assert_int_equal(n->entry_gen, c->entry_gen);
	}
}

static void a_write_makes_the_others_stale(void **state)
{
	struct random_source r = random_start("stale");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l =
			random_file_layout(&r, (uint32_t)random_range(&r, 2, 4), true);
		uint32_t primary = pick_mirror(&r, l);

		l->flags = LAYOUT_STATE_RO;
		for (int w = 0; w < 4; w++) {
			uint64_t start = random_range(&r, 0, 10 * MIB_);
			uint64_t end = random_range(&r, 0, 9)
					       ? start + random_range(&r, 0, 5 * MIB_)
					       : LAYOUT_EOF;
			CLEANUP_LAYOUT struct layout *before = layout_clone(l);
			struct layout *next;
			bool needed = mirror_change_needed(l, primary, start, end);

			assert_int_equal(mirror_change_stale_others(l, primary, start, end, &next),
					 0);
			assert_true(layout_equal(l, before));
			assert_int_equal(needed, next != l);
			assert_false(mirror_change_needed(next, primary, start, end));
			assert_true(mirror_usable(next, primary));
			assert_sound(next);
			assert_staled(l, next, primary, start, end);
			if (needed) {
				assert_int_equal(next->gen, l->gen + 1);
				assert_int_equal(state_of(next), LAYOUT_STATE_WP);
			}
			replace(&l, next);
		}
	}
}

static void staleness_keeps_its_generation(void **state)
{
	struct random_source r = random_start("stale generation");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
	struct layout *next;
	(void)state;

	l->gen = 40;
	assert_int_equal(mirror_change_stale_gen(l, 2), 0);
	assert_int_equal(mirror_change_stale_others(l, 1, 0, 1, &next), 0);
	replace(&l, next);
	assert_int_equal(mirror_change_stale_gen(l, 2), 41);
	assert_int_equal(mirror_change_stale_gen(l, 1), 0);
	l->gen = 50;
	assert_int_equal(mirror_change_stale_others(l, 1, 0, LAYOUT_EOF, &next), 0);
	replace(&l, next);
	assert_int_equal(mirror_change_stale_gen(l, 2), 41);
	/* Another's layout, whose components don't say the same. */
	for (uint32_t i = 0; i < l->count; i++)
		l->comps[i].entry_gen = i + 1;
	if (component_mirror_id(&l->comps[l->count - 2]) == 2)
		assert_int_equal(mirror_change_stale_gen(l, 2), 0);
	/* In sync and stale again. */
	assert_int_equal(mirror_change_synced(l, (uint32_t[]){ 2 }, 1, &next), 0);
	replace(&l, next);
	assert_int_equal(state_of(l), LAYOUT_STATE_RO);
	assert_int_equal(mirror_change_stale_others(l, 1, 0, LAYOUT_EOF, &next), 0);
	replace(&l, next);
	assert_int_equal(mirror_change_stale_gen(l, 2), l->gen);
	/* Generation 0 means none. */
	assert_int_equal(mirror_change_synced(l, (uint32_t[]){ 2 }, 1, &next), 0);
	replace(&l, next);
	l->gen = UINT32_MAX;
	assert_int_equal(mirror_change_stale_others(l, 1, 0, LAYOUT_EOF, &next), 0);
	replace(&l, next);
	assert_int_equal(l->gen, 1);
	assert_int_equal(mirror_change_stale_gen(l, 2), 1);
}

/* Declared stale: what was noted of the mirror before is void. */
static void declared_staleness_is_new(void **state)
{
	struct random_source r = random_start("declared stale");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
		struct layout *next;
		bool all;

		l->gen = 7;
		assert_int_equal(mirror_change_stale_others(l, 1, 0, 1, &next), 0);
		replace(&l, next);
		assert_int_equal(mirror_change_stale(l, 2, &next), 0);
		all = next == l; /* the write reached all of its components */
		replace(&l, next);
		for (uint32_t c = 0; c < l->count; c++) {
			bool second = mirror_id_at(l, c) == 2;

			assert_int_equal(!!(l->comps[c].flags & COMP_STALE), second);
		}
		assert_int_equal(mirror_change_stale_gen(l, 2), all ? 8 : 9);
		assert_int_equal(l->gen, all ? 8 : 9);
		expect_error(mirror_change_stale(l, 1, &next), -EBUSY, "mirror 1");
		assert_sound(l);
	}
}

static void stale_mirrors_are_not_written(void **state)
{
	struct random_source r = random_start("primary");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 3, false);
	CLEANUP_LAYOUT struct layout *one = random_file_layout(&r, 1, false);
	struct layout *next;
	(void)state;

	expect_error(mirror_change_stale_others(l, 4, 0, 1, &next), -ENOENT, "mirror 4");
	expect_error(mirror_change_stale_others(l, 0, 0, 1, &next), -ENOENT, "mirror 0");
	assert_false(mirror_change_needed(one, 0, 0, LAYOUT_EOF));
	assert_int_equal(mirror_change_stale_others(one, 0, 0, LAYOUT_EOF, &next), 0);
	assert_ptr_equal(next, one);
	layout_unref(next);
	assert_false(mirror_change_needed(l, 1, 5, 5));
	assert_int_equal(mirror_change_stale(l, 2, &next), 0);
	replace(&l, next);
	expect_error(mirror_change_stale_others(l, 2, 0, 1, &next), -EINVAL, "mirror 2");
	expect_error(mirror_change_stale(l, 9, &next), -ENOENT, "mirror 9");
}

/* ---- resync ---- */

static void stale_components_are_listed_by_mirror(void **state)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_COMPOSITE, 5);
	static const uint32_t mirrors[] = { 1, 2, 2, 2, 3 };
	uint32_t ids[5];

	(void)state;
	l->mirror_count = 3;
	for (uint32_t i = 0; i < 5; i++)
		l->comps[i].id = mirrors[i] << 16 | (10 + i);
	l->comps[1].flags = COMP_STALE | COMP_INIT;
	l->comps[2].flags = COMP_INIT;
	l->comps[3].flags = COMP_STALE;
	assert_int_equal(mirror_stale_components(l, 2, ids), 2);
	assert_int_equal(ids[0], 2 << 16 | 11);
	assert_int_equal(ids[1], 2 << 16 | 13);
	assert_int_equal(mirror_stale_components(l, 1, ids), 0);
	assert_int_equal(mirror_stale_components(l, 3, ids), 0);
	assert_int_equal(mirror_stale_components(l, 9, ids), 0);
}

static void a_resync_begins_and_ends(void **state)
{
	struct random_source r = random_start("resync");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 3, false);
	CLEANUP_LAYOUT struct layout *plain = layout_new(LAYOUT_PLAIN, 1);
	const uint32_t both[] = { 2, 3 }, wrong[] = { 2, 7 };
	struct layout *next;
	(void)state;

	assert_int_equal(mirror_change_stale_others(l, 1, 0, LAYOUT_EOF, &next), 0);
	replace(&l, next);
	assert_int_equal(mirror_change_begin_resync(l, &next), 0);
	assert_int_equal(next->gen, l->gen + 1);
	replace(&l, next);
	assert_int_equal(state_of(l), LAYOUT_STATE_SP);
	assert_int_equal(mirror_change_begin_resync(l, &next), 0);
	assert_ptr_equal(next, l);
	layout_unref(next);
	assert_false(mirror_change_needed(l, 1, 0, LAYOUT_EOF));
	assert_int_equal(mirror_change_end_resync(l, &next), 0);
	assert_int_equal(state_of(next), LAYOUT_STATE_WP);
	layout_unref(next);
	expect_error(mirror_change_synced(l, wrong, 2, &next), -ENOENT, "mirror 7");
	assert_int_equal(mirror_change_synced(l, both + 1, 1, &next), 0);
	replace(&l, next);
	assert_int_equal(state_of(l), LAYOUT_STATE_WP);
	assert_true(mirror_usable(l, 3));
	assert_false(mirror_usable(l, 2));
	assert_int_equal(mirror_change_synced(l, both, 2, &next), 0);
	replace(&l, next);
	assert_int_equal(state_of(l), LAYOUT_STATE_RO);
	assert_int_equal(mirror_count_usable(l), 3);
	assert_int_equal(mirror_change_end_resync(l, &next), 0);
	assert_ptr_equal(next, l);
	layout_unref(next);
	expect_error(mirror_change_begin_resync(plain, &next), -EINVAL, "no mirrors");
	assert_int_equal(mirror_change_end_resync(plain, &next), 0);
	assert_ptr_equal(next, plain);
	layout_unref(next);
}

/* ---- merge and split ---- */

static struct layout *plain_file(struct random_source *r, uint16_t stripes)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	assert_non_null(l);
	l->comps[0].stripe_size = MIB_;
	l->comps[0].stripe_count = stripes;
	l->comps[0].offset_or_gen = 3;
	l->gen = 3;
	random_objects(r, &l->comps[0], stripes);
	return l;
}

static void assert_same_objects(const struct component *a, const struct component *b)
{
	assert_int_equal(a->object_count, b->object_count);
	assert_int_equal(a->stripe_size, b->stripe_size);
	assert_true(a->start == b->start && a->end == b->end);
	for (uint32_t i = 0; i < a->object_count; i++) {
		assert_true(fid_equal(a->objects[i].fid, b->objects[i].fid));
		assert_int_equal(a->objects[i].ost_idx, b->objects[i].ost_idx);
	}
}

static void plain_files_merge(void **state)
{
	struct random_source r = random_start("merge plain");
	CLEANUP_LAYOUT struct layout *l = plain_file(&r, 2),
				     *pfl = random_file_layout(&r, 1, false);
	CLEANUP_LAYOUT struct layout *second = plain_file(&r, 3), *merged = NULL;
	const struct layout *others[] = { second, pfl };
	(void)state;

	assert_int_equal(mirror_change_merge(l, others, 2, file, &merged), 0);
	assert_sound(merged);
	assert_int_equal(merged->kind, LAYOUT_COMPOSITE);
	assert_int_equal(merged->gen, 4);
	assert_int_equal(merged->mirror_count, 3);
	assert_int_equal(state_of(merged), LAYOUT_STATE_RO);
	assert_int_equal(merged->count, 2 + pfl->count);
	assert_int_equal(merged->comps[0].id, 65537);
	assert_int_equal(merged->comps[1].id, 131073);
	for (uint32_t i = 0; i < merged->count; i++) {
		const struct component *c = &merged->comps[i];

		assert_int_equal(c->id & 0xffff, i < 2 ? 1 : i - 1);
		assert_int_equal(c->id >> 16, MIN_OF(i + 1, 3));
		assert_int_equal(c->flags, COMP_INIT);
		assert_int_equal(c->offset_or_gen, 0);
		assert_int_equal(c->owner_oid, file.oid);
		assert_int_equal(c->owner_seq, file.seq);
		assert_same_objects(c, i == 0   ? &l->comps[0]
				       : i == 1 ? &second->comps[0]
						: &pfl->comps[i - 2]);
	}
}

static void unwritten_files_merge(void **state)
{
	struct random_source r = random_start("merge unwritten");
	CLEANUP_LAYOUT struct layout *l = plain_file(&r, 2), *other = plain_file(&r, 2);
	CLEANUP_LAYOUT struct layout *merged = NULL;
	const struct layout *others[] = { other };
	(void)state;

	assert_int_equal(component_set_objects(&l->comps[0], 0), 0);
	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	assert_int_equal(mirror_change_merge(l, others, 1, file, &merged), 0);
	assert_sound(merged);
	assert_int_equal(merged->comps[0].flags, 0);
	assert_int_equal(merged->comps[0].offset_or_gen, LAYOUT_OFFSET_ANY);
	assert_int_equal(merged->comps[0].owner_oid, 0);
	assert_int_equal(merged->comps[1].flags, COMP_INIT);
	replace(&merged, NULL);
	assert_int_equal(mirror_change_merge(l, others, 0, file, &merged), 0);
	assert_ptr_equal(merged, l);
}

static void what_does_not_fit_is_not_merged(void **state)
{
	struct random_source r = random_start("merge refused");
	CLEANUP_LAYOUT struct layout *l = plain_file(&r, 1),
				     *full = random_file_layout(&r, 16, false);
	CLEANUP_LAYOUT struct layout *two = random_file_layout(&r, 2, false);
	CLEANUP_LAYOUT struct layout *shorter = random_file_layout(&r, 1, true);
	CLEANUP_LAYOUT struct layout *released = plain_file(&r, 1), *mdt = plain_file(&r, 1),
				     *stale = random_file_layout(&r, 1, false);
	CLEANUP_LAYOUT struct layout *foreign = layout_new(LAYOUT_FOREIGN, 0);
	CLEANUP_LAYOUT struct layout *long_one =
		layout_new(LAYOUT_COMPOSITE, LAYOUT_COMPONENTS_MAX);
	CLEANUP_LAYOUT struct layout *last = random_file_layout(&r, 1, false);
	const struct {
		const struct layout *l, *other;
		int err;
		const char *word;
	} bad[] = {
		{ full, l, -ERANGE, "16" },
		{ l, two, -EINVAL, "several" },
		{ l, shorter, -EINVAL, "ends at" },
		{ l, released, -EOPNOTSUPP, "isn't here" },
		{ released, l, -EOPNOTSUPP, "isn't here" },
		{ foreign, l, -EOPNOTSUPP, "isn't here" },
		{ l, foreign, -EOPNOTSUPP, "isn't here" },
		{ l, stale, -EINVAL, "stale" },
		{ l, long_one, -ERANGE, "components" },
		{ last, l, -ERANGE, "ids" },
	};
	const struct layout *others[1];
	struct layout *merged;
	(void)state;

	released->comps[0].pattern |= (uint32_t)PATTERN_F_RELEASED;
	mdt->comps[0].pattern = PATTERN_MDT;
	stale->comps[0].flags |= COMP_STALE;
	last->comps[0].id = 0xffff0001;
	for (uint32_t i = 0; i < long_one->count; i++) {
		long_one->comps[i] =
			(struct component){ .start = i,
					    .end = i + 1 < long_one->count ? i + 1 : LAYOUT_EOF,
					    .pattern = PATTERN_RAID0 };
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_error(mirror_change_merge(bad[i].l, &bad[i].other, 1, file, &merged),
			     bad[i].err, bad[i].word);
	/* That lovfs has none is for the rules to say. */
	others[0] = mdt;
	assert_int_equal(mirror_change_merge(l, others, 1, file, &merged), 0);
	assert_int_equal(merged->comps[1].pattern, PATTERN_MDT);
	layout_unref(merged);
}

static void a_split_mirror_merges_again(void **state)
{
	struct random_source r = random_start("split");
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t mirrors = (uint32_t)random_range(&r, 2, 5), at = 0;
		CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, mirrors, false);
		uint32_t id = pick_mirror(&r, l), highest = id == mirrors ? mirrors - 1 : mirrors;
		CLEANUP_LAYOUT struct layout *rest = NULL, *split = NULL, *merged = NULL;
		const struct layout *others[1];

		l->flags = LAYOUT_STATE_RO;
		assert_int_equal(mirror_change_split(l, id, &rest, &split), 0);
		assert_sound(rest);
		assert_sound(split);
		assert_int_equal(rest->count + split->count, l->count);
		assert_int_equal(rest->mirror_count, mirrors - 1);
		assert_int_equal(split->mirror_count, 1);
		assert_false(mirror_exists(rest, id));
		assert_int_equal(rest->gen, l->gen + 1);
		assert_int_equal(split->gen, l->gen + 1);
		assert_int_equal(state_of(rest),
				 mirrors == 2 ? LAYOUT_STATE_NONE : LAYOUT_STATE_RO);
		assert_int_equal(state_of(split), LAYOUT_STATE_NONE);
		others[0] = split;
		assert_int_equal(mirror_change_merge(rest, others, 1, file, &merged), 0);
		assert_sound(merged);
		assert_int_equal(merged->count, l->count);
		assert_int_equal(merged->mirror_count, mirrors);
		assert_int_equal(state_of(merged), LAYOUT_STATE_RO);
		for (uint32_t c = 0; c < l->count; c++) {
			if (mirror_id_at(l, c) == id)
				continue;
			assert_int_equal(merged->comps[at].id, l->comps[c].id);
			assert_same_objects(&merged->comps[at++], &l->comps[c]);
		}
		for (uint32_t c = 0; c < l->count; c++) {
			if (mirror_id_at(l, c) != id)
				continue;
			assert_int_equal(mirror_id_at(merged, at), highest + 1);
			assert_same_objects(&merged->comps[at++], &l->comps[c]);
		}
	}
}

static void the_last_mirror_stays(void **state)
{
	struct random_source r = random_start("last mirror");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
	CLEANUP_LAYOUT struct layout *one = random_file_layout(&r, 1, false),
				     *plain = plain_file(&r, 1);
	CLEANUP_LAYOUT struct layout *rest = NULL, *split = NULL;
	struct layout *next;
	(void)state;

	expect_error(mirror_change_split(l, 3, &rest, &split), -ENOENT, "mirror 3");
	expect_error(mirror_change_split(one, 0, &rest, &split), -EBUSY, "only one");
	expect_error(mirror_change_split(plain, 0, &rest, &split), -EBUSY, "only one");
	assert_int_equal(mirror_change_stale(l, 1, &next), 0);
	replace(&l, next);
	expect_error(mirror_change_split(l, 2, &rest, &split), -EBUSY, "mirror 2");
	assert_null(rest);
	assert_int_equal(mirror_change_split(l, 1, &rest, &split), 0);
	assert_false(any_stale(rest));
	assert_false(any_stale(split));
	assert_int_equal(state_of(rest), LAYOUT_STATE_NONE);
	assert_int_equal(component_mirror_id(&rest->comps[0]), 2);
	assert_int_equal(rest->kind, LAYOUT_COMPOSITE);
}

/* ---- flags ---- */

static void flags_are_set(void **state)
{
	struct random_source r = random_start("flags");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
	uint32_t comp_id = l->comps[l->count - 1].id;
	struct layout *next;
	(void)state;

	assert_int_equal(
		mirror_change_flags(l, 1, COMP_PREFER_READ | COMP_NOSYNC, 0, 1700000000, &next), 0);
	assert_int_equal(next->gen, l->gen + 1);
	replace(&l, next);
	assert_sound(l);
	for (uint32_t i = 0; i < l->count; i++) {
		bool first = mirror_id_at(l, i) == 1;

		assert_int_equal(l->comps[i].flags,
				 first ? COMP_INIT | COMP_PREFER_READ | COMP_NOSYNC : COMP_INIT);
		assert_int_equal(l->comps[i].timestamp, first ? 1700000000 : 0);
	}
	assert_int_equal(mirror_change_flags(l, 1, COMP_PREFER_READ, COMP_OFFLINE, 5, &next), 0);
	assert_ptr_equal(next, l);
	layout_unref(next);
	assert_int_equal(mirror_change_flags(l, 1, COMP_PREFER_WRITE, COMP_NOSYNC, 5, &next), 0);
	replace(&l, next);
	assert_int_equal(mirror_flags(l, 1), COMP_INIT | COMP_PREFER_READ | COMP_PREFER_WRITE);
	assert_int_equal(l->comps[0].timestamp, 0);
	assert_int_equal(mirror_change_flags(l, comp_id, COMP_OFFLINE, 0, 5, &next), 0);
	replace(&l, next);
	for (uint32_t i = 0; i < l->count; i++)
		assert_int_equal(!!(l->comps[i].flags & COMP_OFFLINE), i == l->count - 1);
	expect_error(mirror_change_flags(l, 1, COMP_OFFLINE, 0, 5, &next), -EBUSY, "mirror 1");
	expect_error(mirror_change_flags(l, 65537, COMP_STALE, 0, 5, &next), -EBUSY, "mirror 1");
	assert_int_equal(mirror_change_flags(l, comp_id, 0, COMP_OFFLINE, 5, &next), 0);
	replace(&l, next);
	l->gen = 30;
	assert_int_equal(mirror_change_flags(l, comp_id, COMP_STALE, 0, 5, &next), 0);
	replace(&l, next);
	for (uint32_t i = 0; i < l->count; i++)
		assert_int_equal(!!(l->comps[i].flags & COMP_STALE), i == l->count - 1);
	assert_int_equal(state_of(l), LAYOUT_STATE_WP);
	assert_int_equal(mirror_change_stale_gen(l, 2), 31);
}

static void wrong_flags_are_refused(void **state)
{
	struct random_source r = random_start("wrong flags");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 2, false);
	CLEANUP_LAYOUT struct layout *plain = plain_file(&r, 1);
	CLEANUP_LAYOUT struct layout *one = layout_new(LAYOUT_COMPOSITE, 1);
	struct layout *next;
	(void)state;

	expect_error(mirror_change_flags(l, 1, 0, COMP_STALE, 5, &next), -EOPNOTSUPP, "stale");
	expect_error(mirror_change_flags(l, 1, COMP_INIT, 0, 5, &next), -EOPNOTSUPP, "init");
	expect_error(mirror_change_flags(l, 1, 0, COMP_EXTENSION, 5, &next), -EOPNOTSUPP,
		     "extension");
	expect_error(mirror_change_flags(l, 1, COMP_NOSYNC, COMP_NOSYNC, 5, &next), -EINVAL,
		     "nosync");
	expect_error(mirror_change_flags(l, 3, COMP_NOSYNC, 0, 5, &next), -ENOENT, "mirror 3");
	expect_error(mirror_change_flags(l, 0x30001, COMP_NOSYNC, 0, 5, &next), -ENOENT, "196609");
	expect_error(mirror_change_flags(l, 0, COMP_NOSYNC, 0, 5, &next), -EINVAL, "components");
	expect_error(mirror_change_flags(plain, 0, COMP_NOSYNC, 0, 5, &next), -EINVAL, "plain");
	one->comps[0] = (struct component){ .id = 5, .end = LAYOUT_EOF };
	assert_int_equal(mirror_change_flags(one, 0, COMP_PREFER_READ, 0, 5, &next), 0);
	assert_int_equal(next->comps[0].flags, COMP_PREFER_READ);
	layout_unref(next);
	assert_int_equal(mirror_change_flags(one, 5, COMP_PREFER_READ, 0, 5, &next), 0);
	layout_unref(next);
	expect_error(mirror_change_flags(one, 0, COMP_STALE, 0, 5, &next), -EBUSY, "last");
}

/* ---- anything, for long ---- */

static int random_flags(struct random_source *r, const struct layout *l, struct layout **next)
{
	static const uint32_t known[] = { COMP_STALE, COMP_OFFLINE, COMP_PREFER_READ,
					  COMP_PREFER_WRITE, COMP_NOSYNC };
	uint32_t flag = known[random_range(r, 0, ARRAY_SIZE(known) - 1)];
	uint32_t id = random_range(r, 0, 1) ? pick_mirror(r, l)
					    : l->comps[random_range(r, 0, l->count - 1)].id;
	bool set = flag == COMP_STALE || random_range(r, 0, 1);

	if (id == 0)
		id = l->comps[0].id;
	return mirror_change_flags(l, id, set ? flag : 0, set ? 0 : flag, 99, next);
}

static int random_split(struct random_source *r, const struct layout *l, struct layout **next)
{
	CLEANUP_LAYOUT struct layout *split = NULL;
	int err = mirror_change_split(l, pick_mirror(r, l), next, &split);

	if (!err)
		assert_sound(split);
	return err;
}

static int random_merge(struct random_source *r, const struct layout *l, struct layout **next)
{
	CLEANUP_LAYOUT struct layout *a = random_file_layout(r, 1, false), *b = plain_file(r, 2);
	const struct layout *others[] = { a, b };

	return mirror_change_merge(l, others, (unsigned int)random_range(r, 1, 2), file, next);
}

static int random_change(struct random_source *r, const struct layout *l, struct layout **next)
{
	uint64_t start = random_range(r, 0, 10 * MIB_);
	uint32_t id;

	switch (random_range(r, 0, 7)) {
	case 0:
		return mirror_change_stale_others(l, pick_usable(r, l), start,
						  start + random_range(r, 0, 5 * MIB_), next);
	case 1:
		return mirror_change_stale(l, pick_mirror(r, l), next);
	case 2:
		return mirror_change_begin_resync(l, next);
	case 3:
		return mirror_change_end_resync(l, next);
	case 4:
		id = pick_mirror(r, l);
		return mirror_change_synced(l, &id, 1, next);
	case 5:
		return random_flags(r, l, next);
	case 6:
		return random_split(r, l, next);
	default:
		return random_merge(r, l, next);
	}
}

static void no_change_loses_the_last_mirror(void **state)
{
	struct random_source r = random_start("changes");
	(void)state;

	for (int i = 0; i < 50; i++) {
		CLEANUP_LAYOUT struct layout *l = plain_file(&r, 2);

		if (i % 2)
			replace(&l,
				random_file_layout(&r, (uint32_t)random_range(&r, 1, 4), false));
		for (int k = 0; k < 200; k++) {
			CLEANUP_LAYOUT struct layout *before = layout_clone(l);
			struct layout *next = NULL;
			int err = random_change(&r, l, &next);

			assert_true(layout_equal(l, before) && l->gen == before->gen);
			if (err) {
				assert_null(next);
				assert_true(err == -EBUSY || err == -EINVAL || err == -ERANGE);
				continue;
			}
			assert_sound(next);
			assert_true(mirror_count_usable(next) >= 1);
			assert_int_equal(next->gen, next == l ? l->gen : l->gen + 1);
			assert_false(any_stale(next) && state_of(next) == LAYOUT_STATE_RO);
			assert_true(any_stale(next) || state_of(next) != LAYOUT_STATE_WP);
			replace(&l, next);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mirrors_are_counted),
		cmocka_unit_test(layouts_without_mirrors_have_one),
		cmocka_unit_test(a_write_makes_the_others_stale),
		cmocka_unit_test(staleness_keeps_its_generation),
		cmocka_unit_test(declared_staleness_is_new),
		cmocka_unit_test(stale_mirrors_are_not_written),
		cmocka_unit_test(stale_components_are_listed_by_mirror),
		cmocka_unit_test(a_resync_begins_and_ends),
		cmocka_unit_test(plain_files_merge),
		cmocka_unit_test(unwritten_files_merge),
		cmocka_unit_test(what_does_not_fit_is_not_merged),
		cmocka_unit_test(a_split_mirror_merges_again),
		cmocka_unit_test(the_last_mirror_stays),
		cmocka_unit_test(flags_are_set),
		cmocka_unit_test(wrong_flags_are_refused),
		cmocka_unit_test(no_change_loses_the_last_mirror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
