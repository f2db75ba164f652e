/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random layouts; what the plan says of each byte is compared with what the components say of it.
 */
#include "unit.h"

#include "base/error.h"
#include "layout/mirror.h"
#include "layout_random.h"
#include "mover/resync_plan.h"

#include <errno.h>

#define ROUNDS 20000
#define MIB (UINT64_C(1) << 20)
#define UNIT LAYOUT_STRIPE_SIZE_MIN /* of the borders: what is between two of them is alike */

struct wanted {
	struct layout *l;
	uint64_t size;
	uint32_t ids[LAYOUT_MIRRORS_MAX], source_id;
	unsigned int count;
};

static const struct component *component_at(const struct layout *l, uint32_t mirror_id,
					    uint64_t offset)
{
	int i = layout_find(l, mirror_id, offset);

	return i < 0 ? NULL : &l->comps[i];
}

static bool readable_at(const struct layout *l, uint32_t mirror_id, uint64_t offset)
{
	const struct component *c = component_at(l, mirror_id, offset);

	return c && !(c->flags & (COMP_STALE | COMP_OFFLINE));
}

static uint32_t targets_at(const struct wanted *w, uint64_t offset)
{
	uint32_t targets = 0;

	for (unsigned int i = 0; i < w->count; i++) {
		const struct component *c = component_at(w->l, w->ids[i], offset);

		if (c && c->flags & COMP_STALE)
			targets |= UINT32_C(1) << i;
	}
	return targets;
}

static bool anybody_has(const struct wanted *w, uint64_t offset)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(w->l, ids);

	for (unsigned int i = 0; i < count; i++) {
		if (readable_at(w->l, ids[i], offset))
			return true;
	}
	return false;
}

/* A few mirrors of them, in any order; and sometimes one to read from. */
static void choose(struct random_source *r, struct wanted *w)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int all = mirror_ids(w->l, ids);

	w->count = 0;
	for (unsigned int i = all; i > 0; i--) {
		unsigned int at = (unsigned int)random_range(r, 0, i - 1);

		if (random_range(r, 0, 2))
			w->ids[w->count++] = ids[at];
		ids[at] = ids[i - 1];
	}
	if (w->count == 0)
		w->ids[w->count++] = ids[0];
	w->source_id = 0;
	mirror_ids(w->l, ids);
	if (random_range(r, 0, 3) == 0)
		w->source_id = ids[random_range(r, 0, all - 1)];
}

static struct wanted random_wanted(struct random_source *r)
{
	struct wanted w = { .l = random_file_layout(r, (uint32_t)random_range(r, 2, 4),
						    random_range(r, 0, 3) == 0) };
	uint64_t one_of = random_range(r, 1, 6);

	for (uint32_t i = 0; i < w.l->count; i++) {
		if (random_range(r, 0, one_of) == 0)
			w.l->comps[i].flags |= COMP_STALE;
		if (random_range(r, 0, 5) == 0)
			w.l->comps[i].flags |= COMP_OFFLINE;
		if (random_range(r, 0, 5) == 0)
			w.l->comps[i].flags |= COMP_PREFER_READ;
	}
	w.size = random_range(r, 0, 260 * UNIT);
	choose(r, &w);
	return w;
}

/* ---- what is true of a plan ---- */

static void assert_ranges(const struct wanted *w, const struct resync_plan *plan)
{
	unsigned int at = 0;

	for (uint64_t pos = 0; pos < w->size; pos += UNIT) {
		const struct resync_range *r;

		while (at < plan->count && plan->ranges[at].range.end <= pos)
			at++;
		r = at < plan->count && plan->ranges[at].range.start <= pos ? &plan->ranges[at]
									    : NULL;
		assert_int_equal(r ? r->range.targets : 0, targets_at(w, pos));
		if (!r)
			continue;
		assert_true(readable_at(w->l, r->source_id, pos));
		if (w->source_id)
			assert_int_equal(r->source_id, w->source_id);
	}
	for (unsigned int i = 0; i < plan->count; i++) {
		const struct piece_range *r = &plan->ranges[i].range;

		assert_true(r->start < r->end && r->end <= w->size && r->targets);
		assert_true(r->start % UNIT == 0 && (r->end % UNIT == 0 || r->end == w->size));
		assert_true(i == 0 || plan->ranges[i - 1].range.end <= r->start);
	}
}

static unsigned int times_named(const struct resync_plan *plan, uint32_t component_id)
{
	unsigned int times = 0;

	for (unsigned int i = 0; i < plan->component_count; i++)
		times += plan->components[i] == component_id;
	return times;
}

static bool is_named(const struct wanted *w, uint32_t mirror_id)
{
	for (unsigned int i = 0; i < w->count; i++) {
		if (w->ids[i] == mirror_id)
			return true;
	}
	return false;
}

static unsigned int stale_components(const struct wanted *w)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < w->l->count; i++)
		count += is_named(w, mirror_id_at(w->l, i)) && w->l->comps[i].flags & COMP_STALE;
	return count;
}

/* Also those behind the end of the file. */
static void assert_components(const struct wanted *w, const struct resync_plan *plan)
{
	assert_int_equal(plan->component_count, stale_components(w));
	for (uint32_t i = 0; i < w->l->count; i++) {
		bool stale =
			is_named(w, mirror_id_at(w->l, i)) && w->l->comps[i].flags & COMP_STALE;

		assert_int_equal(times_named(plan, w->l->comps[i].id), stale);
	}
}

/* ---- when there is none ---- */

static int expected_error(const struct wanted *w)
{
	if (w->source_id && !mirror_usable(w->l, w->source_id))
		return -EAGAIN;
	if (!stale_components(w))
		return -EAGAIN;
	for (uint64_t pos = 0; pos < w->size; pos += UNIT) {
		if (!targets_at(w, pos))
			continue;
		if (w->source_id ? !readable_at(w->l, w->source_id, pos) : !anybody_has(w, pos))
			return -ENODATA;
	}
	return 0;
}

static void what_is_stale_is_copied_from_what_is_not(void **state)
{
	struct random_source r = random_start("resync plan");
	unsigned int made = 0, no_data = 0, nothing = 0;
	(void)state;

	for (int i = 0; i < ROUNDS; i++) {
		struct wanted w = random_wanted(&r);
		struct resync_plan plan = { 0 };
		int wanted = expected_error(&w);

		assert_int_equal(resync_plan_make(w.l, w.size, w.ids, w.count, w.source_id, &plan),
				 wanted);
		if (!wanted) {
			assert_ranges(&w, &plan);
			assert_components(&w, &plan);
		}
		made += !wanted;
		no_data += wanted == -ENODATA;
		nothing += wanted == -EAGAIN;
		resync_plan_release(&plan);
		assert_true(!plan.ranges && !plan.components);
		layout_unref(w.l);
	}
	assert_true(made > ROUNDS / 20 && no_data > ROUNDS / 100 && nothing > ROUNDS / 100);
}

/*
 * One that is in sync as a whole is preferred to one that is so at a place, and among these the
 * preferred.
 */
static void the_best_source_is_read(void **state)
{
	struct random_source r = random_start("best source");
	CLEANUP_LAYOUT struct layout *l = random_file_layout(&r, 4, false);
	struct resync_plan plan;
	(void)state;

	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == 2)
			l->comps[i].flags |= COMP_STALE;
		if (mirror_id_at(l, i) == 1)
			l->comps[i].flags |= COMP_OFFLINE;
		if (mirror_id_at(l, i) == 4)
			l->comps[i].flags |= COMP_PREFER_READ;
	}
	assert_int_equal(resync_plan_make(l, MIB, (uint32_t[]){ 2 }, 1, 0, &plan), 0);
	assert_true(plan.count > 0);
	for (unsigned int i = 0; i < plan.count; i++)
		assert_int_equal(plan.ranges[i].source_id, 4);
	resync_plan_release(&plan);
	assert_int_equal(resync_plan_make(l, MIB, (uint32_t[]){ 2 }, 1, 3, &plan), 0);
	for (unsigned int i = 0; i < plan.count; i++)
		assert_int_equal(plan.ranges[i].source_id, 3);
	resync_plan_release(&plan);
	assert_int_equal(resync_plan_make(l, MIB, (uint32_t[]){ 2 }, 1, 1, &plan), -EAGAIN);
	assert_int_equal(resync_plan_make(l, MIB, (uint32_t[]){ 3, 4 }, 2, 0, &plan), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_stale_is_copied_from_what_is_not),
		cmocka_unit_test(the_best_source_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
