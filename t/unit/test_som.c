/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_mdt_fixture.h"

#include "mdt/som.h"

#include <sys/xattr.h>

static void sizes_are_kept(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	const struct som som = { .size_bytes = 0x123456789, .blocks = 77 };
	struct som found = { 0 };
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	assert_int_equal(som_get(p.mdt, fd, &found), -ENODATA);
	assert_int_equal(som_remove(p.mdt, fd), 0);
	assert_int_equal(som_set(p.mdt, fd, &som), 0);
	assert_int_equal(som_get(p.mdt, fd, &found), 0);
	assert_int_equal(found.size_bytes, som.size_bytes);
	assert_int_equal(found.blocks, 77);
	assert_int_equal(som_remove(p.mdt, fd), 0);
	assert_int_equal(som_get(p.mdt, fd, &found), -ENODATA);
	close(fd);
	place_release(&p);
}

static void malformed_sizes_are_reported(const struct testfs *fs, bool privileged)
{
	/* valid, then the size's last byte, then what it gives */
	static const struct {
		uint8_t valid, top;
		int err;
	} cases[] = { { 1, 0, 0 },          { 0, 0, -ENODATA }, { 2, 0, -ENODATA },
		      { 4, 0, -ENODATA },   { 3, 0, -EUCLEAN }, { 9, 0, -EUCLEAN },
		      { 1, 0x80, -EUCLEAN } };
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
ON_EACH(malformed_sizes_are_reported)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_kept_on_each),
		cmocka_unit_test(malformed_sizes_are_reported_on_each),
	};

	return FIXTURE_MAIN(tests);
}
