/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy_plan against RAID0 arithmetic, byte by byte, on random small layouts; and the order of
 * chunks. Stripe sizes here are a few bytes: neither plan nor segment map minds.
 */
#include "unit.h"

#include "random.h"

#include "copy/chunks.h"
#include "copy/plan.h"
#include "layout/raid0.h"

#include <errno.h>

static struct layout *plain_layout(uint32_t stripe_size, uint16_t stripe_count)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	assert_non_null(l);
	l->comps[0].stripe_size = stripe_size;
	l->comps[0].stripe_count = stripe_count;
	assert_int_equal(component_set_objects(&l->comps[0], stripe_count), 0);
	return l;
}

/* One to four components one after the other, the last to the end; a source may have components
 * without objects. */
static struct layout *random_layout(struct random_source *r, bool all_instantiated)
{
	uint32_t count = (uint32_t)random_range(r, 1, 4);
	struct layout *l = layout_new(LAYOUT_COMPOSITE, count);
	uint64_t pos = 0;

	assert_non_null(l);
	for (uint32_t i = 0; i < count; i++) {
		struct component *c = &l->comps[i];

		c->id = i + 1;
		c->magic = LAYOUT_MAGIC_V1;
		c->pattern = PATTERN_RAID0;
		c->start = pos;
		c->end = i + 1 == count ? LAYOUT_EOF : pos + random_range(r, 1, 200);
		pos = c->end;
		c->stripe_size = (uint32_t)random_range(r, 1, 20);
		c->stripe_count = (uint16_t)random_range(r, 1, 5);
		if (all_instantiated || random_range(r, 0, 3)) {
			c->flags = COMP_INIT;
			assert_int_equal(component_set_objects(c, c->stripe_count), 0);
		}
	}
	return l;
}

/* Checks that byte i of the range is in the piece where the arithmetic of both layouts says it is.
 */
static void check_byte(const struct copy_side *src, const struct copy_piece *piece, uint64_t i,
		       uint64_t at)
{
	int idx = layout_find(src->layout, 0, src->offset + i);
	const struct component *c;

	assert_true(idx >= 0);
	c = &src->layout->comps[idx];
	assert_int_equal(piece->hole, !component_instantiated(src->layout, c));
	if (piece->hole)
		return;
	assert_int_equal(piece->src.comp_idx, idx);
	assert_int_equal(piece->src.stripe_idx,
			 raid0_stripe(c->stripe_size, c->stripe_count, src->offset + i));
	assert_int_equal(piece->src_offset + at,
			 raid0_object_offset(c->stripe_size, c->stripe_count, src->offset + i));
}

static void check_plan(const struct copy_side *src, const struct copy_side *dst, uint64_t len,
		       const struct copy_plan *plan)
{
	CLEANUP_FREE uint8_t *seen = calloc(1, len + 1);
	uint64_t sum = 0;

	assert_non_null(seen);
	assert_int_equal(plan->len_bytes, len);
	for (size_t k = 0; k < plan->count; k++) {
		const struct copy_piece *piece = &plan->pieces[k];
		const struct component *c = &dst->layout->comps[piece->dst.comp_idx];

		assert_true(piece->len_bytes > 0);
		if (k > 0)
			assert_true(piece->file_offset > plan->pieces[k - 1].file_offset);
		for (uint64_t at = 0; at < piece->len_bytes; at++) {
			uint64_t file =
				raid0_file_offset(c->stripe_size, c->stripe_count,
						  piece->dst.stripe_idx, piece->dst_offset + at);

			assert_in_range(file, MAX_OF(c->start, dst->offset),
					MIN_OF(c->end, dst->offset + len) - 1);
			if (at == 0)
				assert_int_equal(file, piece->file_offset);
			assert_int_equal(seen[file - dst->offset]++, 0);
			check_byte(src, piece, file - dst->offset, at);
		}
		sum += piece->len_bytes;
	}
	assert_int_equal(sum, len);
}

static void pieces_tile_the_range(void **state)
{
	struct random_source r = random_start("pieces_tile_the_range");

	(void)state;
	for (int i = 0; i < 20000; i++) {
		CLEANUP_LAYOUT struct layout *from = random_layout(&r, false),
					     *to = random_layout(&r, true);
		struct copy_side src = { .layout = from, .offset = random_range(&r, 0, 400) };
		struct copy_side dst = { .layout = to, .offset = random_range(&r, 0, 400) };
		uint64_t len = random_range(&r, 0, 600);
		struct copy_plan plan;

		assert_int_equal(copy_plan_make(&src, &dst, len, &plan), 0);
		check_plan(&src, &dst, len, &plan);
		copy_plan_release(&plan);
	}
}

static void equal_geometries_join(void **state)
{
	struct random_source r = random_start("equal_geometries_join");

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint32_t size = (uint32_t)random_range(&r, 1, 20);
		uint16_t count = (uint16_t)random_range(&r, 1, 9);
		CLEANUP_LAYOUT struct layout *from = plain_layout(size, count),
					     *to = plain_layout(size, count);
		struct copy_side src = { .layout = from, .offset = random_range(&r, 0, 400) };
		/* Shifted by whole stripes, objects still pair off. */
		struct copy_side dst = { .layout = to,
					 .offset = src.offset + size * random_range(&r, 0, 20) };
		uint64_t len = random_range(&r, 1, 2000);
		struct copy_plan plan;

		assert_int_equal(copy_plan_make(&src, &dst, len, &plan), 0);
		check_plan(&src, &dst, len, &plan);
		assert_true(plan.count <= count);
		copy_plan_release(&plan);
	}
}

static void terabyte_is_one_piece_per_object(void **state)
{
	CLEANUP_LAYOUT struct layout *from = plain_layout(1 << 20, 8),
				     *to = plain_layout(1 << 20, 8);
	struct copy_side src = { .layout = from }, dst = { .layout = to };
	struct copy_plan plan;

	(void)state;
	assert_int_equal(copy_plan_make(&src, &dst, (uint64_t)1 << 40, &plan), 0);
	assert_int_equal(plan.count, 8);
	for (size_t i = 0; i < plan.count; i++)
		assert_int_equal(plan.pieces[i].len_bytes, (uint64_t)1 << 37);
	copy_plan_release(&plan);
}

static void bad_sides_are_refused(void **state)
{
	CLEANUP_LAYOUT struct layout *good = plain_layout(16, 2),
				     *bare = layout_new(LAYOUT_PLAIN, 1);
	CLEANUP_LAYOUT struct layout *released = plain_layout(16, 2),
				     *gap = layout_new(LAYOUT_COMPOSITE, 1);
	struct copy_plan plan = { .count = 77 };
	struct copy_side at = { .layout = good };

	(void)state;
	released->comps[0].pattern |= (uint32_t)PATTERN_F_RELEASED;
	gap->comps[0] = (struct component){ .start = 0,
					    .end = 10,
					    .id = 1,
					    .flags = 0,
					    .magic = LAYOUT_MAGIC_V1,
					    .pattern = PATTERN_RAID0,
					    .stripe_size = 16,
					    .stripe_count = 1 };
	bare->comps[0].stripe_size = 16;
	bare->comps[0].stripe_count = 2;
	assert_int_equal(copy_plan_make(&(struct copy_side){ .layout = released }, &at, 10, &plan),
			 -EUCLEAN);
	assert_int_equal(copy_plan_make(&at, &(struct copy_side){ .layout = released }, 10, &plan),
			 -EUCLEAN);
	assert_int_equal(copy_plan_make(&(struct copy_side){ .layout = gap }, &at, 11, &plan),
			 -EUCLEAN);
	assert_int_equal(copy_plan_make(&at, &(struct copy_side){ .layout = bare }, 10, &plan),
			 -EINVAL);
	assert_int_equal(copy_plan_make(&at, &(struct copy_side){ .layout = good, .offset = 8 },
					UINT64_MAX - 4, &plan),
			 -EOVERFLOW);
	assert_int_equal(plan.count, 77);
	assert_int_equal(copy_plan_make(&(struct copy_side){ .layout = gap }, &at, 10, &plan), 0);
	assert_int_equal(plan.count, 1);
	assert_true(plan.pieces[0].hole);
	copy_plan_release(&plan);
	copy_plan_release(&plan);
}

/* After spreading, the same bytes are there, no chunk crosses a step, and an object's chunks are in
 * the order of their bytes. */
static void chunks_are_spread(void **state)
{
	struct random_source r = random_start("chunks_are_spread");

	(void)state;
	for (int i = 0; i < 2000; i++) {
		CLEANUP_LAYOUT struct layout *from = random_layout(&r, true),
					     *to = random_layout(&r, true);
		struct copy_side src = { .layout = from }, dst = { .layout = to };
		uint64_t len = random_range(&r, 1, 600), step = random_range(&r, 1, 30);
		CLEANUP_FREE uint8_t *seen = calloc(1, len);
		uint64_t last[8][8] = { 0 };
		struct chunks c = { .count = 0 };
		struct copy_plan plan;

		assert_non_null(seen);
		assert_int_equal(copy_plan_make(&src, &dst, len, &plan), 0);
		for (size_t k = 0; k < plan.count; k++) {
			struct chunk chunk = { .piece = &plan.pieces[k],
					       .len_bytes = plan.pieces[k].len_bytes,
					       .dst_dev = plan.pieces[k].dst.stripe_idx % 2 };

			assert_int_equal(chunks_add(&c, &chunk), 0);
		}
		assert_int_equal(c.len_bytes, len);
		assert_int_equal(chunks_spread(&c, step), 0);
		assert_int_equal(c.len_bytes, len);
		for (size_t k = 0; k < c.count; k++) {
			const struct copy_piece *piece = c.list[k].piece;
			const struct component *comp = &to->comps[piece->dst.comp_idx];
			uint64_t start = piece->dst_offset + c.list[k].offset,
				 n = c.list[k].len_bytes;

			assert_true(n > 0 && start / step == (start + n - 1) / step);
			assert_true(last[piece->dst.comp_idx][piece->dst.stripe_idx] <= start);
			last[piece->dst.comp_idx][piece->dst.stripe_idx] = start + n;
			for (uint64_t at = start; at < start + n; at++)
				assert_int_equal(seen[raid0_file_offset(
							 comp->stripe_size, comp->stripe_count,
							 piece->dst.stripe_idx, at)]++,
						 0);
		}
		for (uint64_t at = 0; at < len; at++)
			assert_int_equal(seen[at], 1);
		chunks_release(&c);
		copy_plan_release(&plan);
	}
}

static void devices_take_turns(void **state)
{
	struct copy_piece pieces[4];
	struct chunks c = { .count = 0 };

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct chunk chunk = { .piece = &pieces[i], .len_bytes = 40, .dst_dev = 1 + i / 2 };

		pieces[i] = (struct copy_piece){ .dst = { .stripe_idx = i }, .len_bytes = 40 };
		assert_int_equal(chunks_add(&c, &chunk), 0);
	}
	assert_int_equal(chunks_spread(&c, 10), 0);
	assert_int_equal(c.count, 16);
	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(c.list[i].dst_dev, 1 + i % 2);
		assert_int_equal(c.list[i].piece->dst.stripe_idx, i % 2 * 2 + i / 2 % 2);
		assert_int_equal(c.list[i].offset, i / 4 * 10);
	}
	chunks_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_tile_the_range),
		cmocka_unit_test(equal_geometries_join),
		cmocka_unit_test(terabyte_is_one_piece_per_object),
		cmocka_unit_test(bad_sides_are_refused),
		cmocka_unit_test(chunks_are_spread),
		cmocka_unit_test(devices_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
