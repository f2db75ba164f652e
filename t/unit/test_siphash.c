/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/siphash.h"

/* Key 00 01 .. 0f, message 00 01 .. (length - 1): the first values of the authors' table, and the paper's
 * own example (15 bytes). */
static void known_values(void **state)
{
	static const struct {
		size_t len_bytes;
		uint64_t hash;
	} known[] = {
		{ 0, 0x726fdb47dd0e0e31u },
		{ 1, 0x74f839c593dc67fdu },
		{ 8, 0x93f5f5799a932462u },
		{ 15, 0xa129ca6149be45e5u },
	};
	uint8_t bytes[16];
	(void)state;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_int_equal(siphash(bytes, bytes, known[i].len_bytes), known[i].hash);
}

/* Each bit of key and message counts. */
static void every_bit_counts(void **state)
{
	uint8_t key[SIPHASH_KEY_BYTES] = { 1, 2, 3 }, bytes[12] = { 4, 5, 6 };
	uint64_t before = siphash(key, bytes, sizeof(bytes));
	(void)state;

	for (size_t bit = 0; bit < 8 * (sizeof(key) + sizeof(bytes)); bit++) {
		uint8_t *at = bit / 8 < sizeof(key) ? &key[bit / 8] : &bytes[bit / 8 - sizeof(key)];

		*at ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(siphash(key, bytes, sizeof(bytes)), before);
		*at ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(every_bit_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
