/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_mdt_fixture.h"

#include "mdt/som.h"

#include <sys/xattr.h>

static void sizes_are_kept(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	const struct som som = {
		.size_bytes = 0x123456789, .blocks = 77, .exact = true, .times = SOM_TIMES_INODE
	};
	struct som found = { 0 };
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	assert_int_equal(som_get(p.mdt, fd, &found), -ENODATA);
	assert_int_equal(som_set(p.mdt, fd, &som), 0);
	assert_int_equal(som_get(p.mdt, fd, &found), 0);
	assert_int_equal(found.size_bytes, som.size_bytes);
	assert_int_equal(found.blocks, 77);
	assert_true(found.exact);
	assert_int_equal(found.times, SOM_TIMES_INODE);
	close(fd);
	place_release(&p);
}

/* Moments are kept to 1/256 s, none later than it was. */
static void moments_are_kept(const struct testfs *fs, bool privileged)
{
	static const struct {
		struct timespec since, found;
	} cases[] = {
		{ { 1234567890, 0 }, { 1234567890, 0 } },
		{ { 1234567890, 3906249 }, { 1234567890, 0 } },
		{ { 1234567890, 3906250 }, { 1234567890, 3906250 } },
		{ { 1234567890, 999999999 }, { 1234567890, 996093750 } },
		{ { 1, 0 }, { 1, 0 } },
		{ { 0, 0 }, { 0, 2 * 3906250 } },
		{ { 0, 500000000 }, { 0, 2 * 3906250 } },
		{ { -5, 7 }, { 0, 2 * 3906250 } },
		{ { (time_t)1 << 40, 0 }, { ((time_t)1 << 40) - 1, 996093750 } },
	};
	struct place p = place_new(fs, privileged);
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct som som = { .size_bytes = i,
				   .times = SOM_TIMES_SINCE,
				   .since = cases[i].since };
		struct som found = { 0 };

		assert_int_equal(som_set(p.mdt, fd, &som), 0);
		assert_int_equal(som_get(p.mdt, fd, &found), 0);
		assert_int_equal(found.size_bytes, i);
		assert_false(found.exact);
		assert_int_equal(found.times, SOM_TIMES_SINCE);
		assert_int_equal(found.since.tv_sec, cases[i].found.tv_sec);
		assert_int_equal(found.since.tv_nsec, cases[i].found.tv_nsec);
	}
	close(fd);
	place_release(&p);
}

static void malformed_sizes_are_reported(const struct testfs *fs, bool privileged)
{
	/* valid, then the size's last byte, then what it gives */
	static const struct {
		uint8_t valid, top;
		int err;
	} cases[] = { { 1, 0, 0 },        { 0, 0, -ENODATA },   { 2, 0, 0 },
		      { 4, 0, 0 },        { 3, 0, -EUCLEAN },   { 9, 0, -EUCLEAN },
		      { 5, 0, -EUCLEAN }, { 1, 0x80, -EUCLEAN } };
	struct place p = place_new(fs, privileged);
	const char *name = privileged ? "trusted.som" : "user.som";
	uint8_t bytes[64] = { 0 };
	struct som found;
	char path[256];
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	snprintf(path, sizeof(path), "%s/ROOT/f", p.path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bytes[0] = cases[i].valid;
		bytes[15] = cases[i].top;
		assert_int_equal(setxattr(path, name, bytes, 24, 0), 0);
		assert_int_equal(som_get(p.mdt, fd, &found), cases[i].err);
		/* As Lustre, and lovfs before it kept times there, write it. */
		if (!cases[i].err) {
			assert_int_equal(found.exact, cases[i].valid == 1);
			assert_int_equal(found.times, SOM_TIMES_OBJECTS);
		}
	}
	bytes[15] = 0;
	for (size_t len = 0; len < sizeof(bytes); len++) {
		assert_int_equal(setxattr(path, name, bytes, len, 0), 0);
		assert_int_equal(som_get(p.mdt, fd, &found), len == 24 ? 0 : -EUCLEAN);
	}
	close(fd);
	place_release(&p);
}

ON_EACH(sizes_are_kept)
ON_EACH(moments_are_kept)
ON_EACH(malformed_sizes_are_reported)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_kept_on_each),
		cmocka_unit_test(moments_are_kept_on_each),
		cmocka_unit_test(malformed_sizes_are_reported_on_each),
	};

	return FIXTURE_MAIN(tests);
}
