/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC32C as everybody computes it; and of sums of parts that overlap none is left. */
#include "unit.h"

#include "random.h"

#include "base/attr.h"
#include "base/units.h"
#include "io/sums.h"

#include <pthread.h>
#include <stdbool.h>

/* Castagnoli's, bit by bit. */
static uint32_t slow_crc32c(const unsigned char *bytes, size_t len)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* The check value of the catalogues, and the examples of RFC 3720, appendix B.4. */
static void known_values(void **state)
{
	unsigned char bytes[32];

	(void)state;
	assert_int_equal(sums_crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(sums_crc32c(0, "", 0), 0);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(sums_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aau);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(sums_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43u);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	assert_int_equal(sums_crc32c(0, bytes, sizeof(bytes)), 0x46dd794eu);
}

static void any_length_in_any_parts(void **state)
{
	struct random_source r = random_start("any_length_in_any_parts");
	unsigned char bytes[3000];

	(void)state;
	for (int i = 0; i < 300; i++) {
		size_t len = random_range(&r, 0, 2900), cut = random_range(&r, 0, len);
		unsigned char *at = bytes + random_range(&r, 0, 99); /* any alignment */
		uint32_t crc;

		for (size_t n = 0; n < len; n++)
			at[n] = (unsigned char)random_u64(&r);
		crc = sums_crc32c(sums_crc32c(0, at, cut), at + cut, len - cut);
		assert_int_equal(crc, slow_crc32c(at, len));
	}
}

#define SPAN 64

static void settled_sums_are_in_order_and_apart(void **state)
{
	struct random_source r = random_start("settled_sums_are_in_order_and_apart");
	unsigned char bytes[SPAN] = { 0 };

	(void)state;
	for (int round = 0; round < 2000; round++) {
		unsigned int covered[2 * SPAN] = { 0 };
		struct sum given[10];
		struct sums s;
		size_t count = random_range(&r, 0, ARRAY_SIZE(given)), next = 0, apart = 0;

		sums_init(&s);
		for (size_t i = 0; i < count; i++) {
			given[i].offset = random_range(&r, 0, SPAN - 1);
			given[i].len_bytes = (uint32_t)random_range(&r, 1, 12);
			assert_int_equal(sums_add(&s, given[i].offset, bytes, given[i].len_bytes),
					 0);
			for (uint64_t b = 0; b < given[i].len_bytes; b++)
				covered[given[i].offset + b]++;
		}
		sums_settle(&s);
		/* Those whose bytes passed once are all there, and nothing else. */
		for (size_t i = 0; i < count; i++) {
			bool once = true;

			for (uint64_t b = 0; b < given[i].len_bytes; b++)
				once = once && covered[given[i].offset + b] == 1;
			apart += once;
		}
		assert_int_equal(s.count, apart);
		for (size_t i = 0; i < s.count; i++) {
			assert_true(s.list[i].offset >= next);
			next = s.list[i].offset + s.list[i].len_bytes;
			for (uint64_t b = s.list[i].offset; b < next; b++)
				assert_int_equal(covered[b], 1);
		}
		sums_release(&s);
	}
}

static void far_ends_do_not_wrap(void **state)
{
	struct sums s;

	(void)state;
	sums_init(&s);
	assert_int_equal(sums_add(&s, INT64_MAX - 4, "abcd", 4), 0);
	assert_int_equal(sums_add(&s, INT64_MAX - 8, "abcd", 4), 0);
	assert_int_equal(sums_add(&s, 0, "abcd", 4), 0);
	sums_settle(&s);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.list[2].offset, INT64_MAX - 4);
	sums_release(&s);
}

enum { THREADS = 4, EACH = 2000 };

struct adder {
	struct sums *sums;
	uint64_t from;
};

static void *add_many(void *arg)
{
	const struct adder *a = arg;

	for (uint64_t i = 0; i < EACH; i++)
		if (sums_add(a->sums, (a->from + i) * 8, &i, sizeof(i)))
			break;
	return NULL;
}

static void threads_add_together(void **state)
{
	struct adder adders[THREADS];
	pthread_t threads[THREADS];
	struct sums s;

	(void)state;
	sums_init(&s);
	for (uint64_t i = 0; i < THREADS; i++) {
		adders[i] = (struct adder){ &s, i * EACH };
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &adders[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	sums_settle(&s);
	assert_int_equal(s.count, THREADS * EACH);
	for (uint64_t i = 0; i < s.count; i++) {
		uint64_t value = i % EACH;

		assert_int_equal(s.list[i].offset, i * 8);
		assert_int_equal(s.list[i].crc32c, sums_crc32c(0, &value, sizeof(value)));
	}
	sums_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(any_length_in_any_parts),
		cmocka_unit_test(settled_sums_are_in_order_and_apart),
		cmocka_unit_test(far_ends_do_not_wrap),
		cmocka_unit_test(threads_add_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
