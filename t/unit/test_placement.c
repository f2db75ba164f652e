/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which OSTs are preferred for new objects. */
#include "unit.h"

#include "ost/placement.h"

#define COUNT 5

/* Two on device 1, two on device 2, one on device 3. */
static void make_osts(struct alloc_ost osts[COUNT])
{
	static const dev_t devices[COUNT] = { 1, 1, 2, 2, 3 };

	for (uint32_t i = 0; i < COUNT; i++)
		osts[i] = (struct alloc_ost){ .index = i, .usable = true, .device = devices[i] };
}

static void check_avoid(const struct alloc_ost osts[COUNT], const char *expected)
{
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(osts[i].avoid, expected[i] == 'a');
}

static void shares_device(void **state)
{
	const bool of[COUNT] = { [1] = true };
	const bool none[COUNT] = { false };
	struct alloc_ost osts[COUNT];

	(void)state;
	make_osts(osts);
	assert_true(placement_shares_device(osts, COUNT, of, 0));
	assert_true(placement_shares_device(osts, COUNT, of, 1));
	assert_false(placement_shares_device(osts, COUNT, of, 2));
	assert_false(placement_shares_device(osts, COUNT, none, 1));
}

static void near_devices_are_preferred(void **state)
{
	const bool near[COUNT] = { [2] = true };
	struct alloc_ost osts[COUNT];

	(void)state;
	make_osts(osts);
	osts[3].avoid = true;
	placement_prefer(osts, COUNT, near);
	check_avoid(osts, "aa..a");
}

/* The one that has the objects is full, its neighbour on the device isn't. */
static void a_neighbour_is_near(void **state)
{
	const bool near[COUNT] = { [2] = true };
	struct alloc_ost osts[COUNT];

	(void)state;
	make_osts(osts);
	osts[2].usable = false;
	placement_prefer(osts, COUNT, near);
	check_avoid(osts, "aa..a");
}

static void what_is_near_cannot_be_used(void **state)
{
	const bool near[COUNT] = { [4] = true };
	struct alloc_ost osts[COUNT];

	(void)state;
	make_osts(osts);
	osts[4].usable = false;
	osts[0].avoid = true;
	placement_prefer(osts, COUNT, near);
	check_avoid(osts, "a....");
}

static void nothing_is_near(void **state)
{
	const bool near[COUNT] = { false };
	struct alloc_ost osts[COUNT];

	(void)state;
	make_osts(osts);
	osts[1].avoid = true;
	placement_prefer(osts, COUNT, near);
	check_avoid(osts, ".a...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_device),
		cmocka_unit_test(near_devices_are_preferred),
		cmocka_unit_test(a_neighbour_is_near),
		cmocka_unit_test(what_is_near_cannot_be_used),
		cmocka_unit_test(nothing_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
