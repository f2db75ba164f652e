/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Single cases of one striped file: what needs objects, sizes, holes, full and missing OSTs, copies
 * in windows.
 */
#include "test_file_fixture.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

static struct bed bed;

static void test_no_layout(void **state)
{
	struct file_attr attr;
	struct file *f;
	uint64_t at;
	char buf[16];

	(void)state;
	assert_int_equal(file_new((struct fid){ 1, 1, 0 }, &bed.osts, NULL, 41, &f), 0);
	assert_null(file_layout(f));
	assert_int_equal(size_of(f), 0);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, sizeof(buf), 0), 0);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 0), FILE_NOT_INSTANTIATED);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 0), 0);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 1), FILE_NOT_INSTANTIATED);
	assert_int_equal(
		file_fallocate(f, FILE_WHOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 9), 0);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, 0, 9), FILE_NOT_INSTANTIATED);
	assert_int_equal(file_seek(f, FILE_WHOLE, 0, SEEK_HOLE, &at), -ENXIO);
	assert_int_equal(file_sync(f, FILE_WHOLE, true), 0);
	assert_int_equal(file_sync(f, 1, true), -ENOENT);
	assert_int_equal(file_stat(f, 1, &attr), -ENOENT);
	assert_int_equal(file_read(f, 1, buf, sizeof(buf), 0), -ENOENT);
	file_close_objects(f);
	file_free(f);
	file_free(NULL);
}

static void test_instantiation(void **state)
{
	struct file *f = bed_file(&bed, pfl_layout(LAYOUT_EOF));
	char *buf = malloc(2 * MIB);
	uint64_t at;

	(void)state;
	fill_pattern((uint8_t *)buf, 2 * MIB, 0, 1);
	assert_int_equal(file_write(f, FILE_WHOLE, buf, 1, 0), FILE_NOT_INSTANTIATED);
	assert_true(bed_instantiate(&bed, f, 0, 1));
	assert_int_equal(file_write(f, FILE_WHOLE, buf, 1, 0), 1);
	/* Nothing of a write that needs more objects is done. */
	assert_int_equal(file_write(f, FILE_WHOLE, buf, 2 * MIB, 0), FILE_NOT_INSTANTIATED);
	assert_int_equal(size_of(f), 1);
	/* A last component with objects, and one without in between: a hole. */
	assert_true(bed_instantiate(&bed, f, MIB, MIB + 1));
	assert_int_equal(file_write(f, FILE_WHOLE, buf, 5, MIB + 7), 5);
	assert_int_equal(size_of(f), MIB + 12);
	assert_int_equal(file_seek(f, FILE_WHOLE, 4096, SEEK_DATA, &at), 0);
	assert_in_range(at, MIB, MIB + 7);
	memset(buf, 0xee, 2 * MIB);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 2 * MIB, 256 * KIB), 768 * KIB + 12);
	assert_int_equal(buf[0], 0);
	assert_memory_equal(buf, buf + 1, 768 * KIB + 6);
	/* To a size in the component without objects: only possible with objects. */
	assert_int_equal(file_truncate(f, FILE_WHOLE, 512 * KIB), FILE_NOT_INSTANTIATED);
	assert_int_equal(size_of(f), MIB + 12);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 100), 0);
	assert_int_equal(size_of(f), 100);
	assert_true(bed_instantiate(&bed, f, 512 * KIB, 512 * KIB + 1));
	assert_int_equal(file_truncate(f, FILE_WHOLE, 512 * KIB), 0);
	assert_int_equal(size_of(f), 512 * KIB);
	free(buf);
	file_free(f);
}

static int count_call(const char *call, size_t len_bytes UNUSED, void *cookie)
{
	unsigned int *counts = cookie;

	counts[0]++;
	counts[1] += strcmp(call, "ftruncate") == 0;
	return 0;
}

/* Each object is cut once, and nobody looks again at the one that was cut first. */
static void test_truncate_asks_once(void **state)
{
	for (uint16_t stripes = 1; stripes <= 4; stripes++) {
		struct file *f = bed_file(&bed, plain_layout(stripes));
		unsigned int counts[2] = { 0 };

		write_pattern(&bed, f, 0, stripes * STRIPE, 1);
		sys_set_hook(count_call, counts);
		assert_int_equal(file_truncate(f, FILE_WHOLE, 0), 0);
		sys_set_hook(NULL, NULL);
		assert_int_equal(counts[1], stripes);
		assert_int_equal(counts[0], 3 * stripes - 1);
		assert_int_equal(size_of(f), 0);
		bed_destroy(&bed, f);
	}
	(void)state;
}

/* A size that is right without the component's objects needs none of them. */
static void test_truncate_at_component_end(void **state)
{
	struct file *f = bed_file(&bed, pfl_layout(LAYOUT_EOF));

	(void)state;
	write_pattern(&bed, f, 0, 256 * KIB, 1);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 256 * KIB), 0);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 256 * KIB + 1), FILE_NOT_INSTANTIATED);
	assert_int_equal(size_of(f), 256 * KIB);
	file_free(f);
}

/* Behind the last component there is nothing to write to. */
static void test_not_covered(void **state)
{
	struct file *f = bed_file(&bed, pfl_layout(2 * MIB));
	char buf[100] = "";

	(void)state;
	assert_true(bed_instantiate(&bed, f, 0, LAYOUT_EOF));
	assert_int_equal(file_write(f, FILE_WHOLE, buf, 100, 2 * MIB), -ENODATA);
	assert_string_equal(error_text(-ENODATA),
			    "no component of the layout covers offset 2097152");
	assert_int_equal(file_write(f, FILE_WHOLE, buf, 100, 2 * MIB - 60), 60);
	assert_int_equal(size_of(f), 2 * MIB);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 2 * MIB + 1), -ENODATA);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, 2 * MIB - 1, 2), -ENODATA);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 100, 2 * MIB - 10), 10);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 100, 2 * MIB), 0);
	file_free(f);
}

static void test_kinds(void **state)
{
	static const int modes[] = { FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE,
				     FALLOC_FL_PUNCH_HOLE };
	struct layout *l = pfl_layout(LAYOUT_EOF);
	struct file *f;
	char c;

	(void)state;
	l->comps[1].pattern = PATTERN_MDT;
	f = bed_file(&bed, l);
	write_pattern(&bed, f, 0, 10, 1);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 300 * KIB), -EOPNOTSUPP);
	assert_int_equal(file_read(f, FILE_WHOLE, &c, 1, 300 * KIB), -EOPNOTSUPP);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 0), -EOPNOTSUPP);
	assert_int_equal(size_of(f), 10);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		assert_int_equal(file_fallocate(f, FILE_WHOLE, modes[i], 0, STRIPE), -EOPNOTSUPP);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, 0, 0), -EINVAL);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, INT64_MAX, 1), -EFBIG);
	assert_int_equal(file_truncate(f, FILE_WHOLE, (uint64_t)INT64_MAX + 1), -EFBIG);
	file_free(f);
}

/*
 * A commit keeps the objects that both layouts have, whose descriptors then are the same, and
 * closes the others.
 */
static void test_commit(void **state)
{
	struct file *f = bed_file(&bed, plain_layout(4)), *other = bed_file(&bed, plain_layout(2));
	struct layout *l, *l_other;
	uint8_t one[STRIPE], two[STRIPE];
	uint64_t version;

	(void)state;
	write_pattern(&bed, f, 0, STRIPE, 1);
	write_pattern(&bed, other, 0, STRIPE, 2);
	fill_pattern(one, STRIPE, 0, 1);
	fill_pattern(two, STRIPE, 0, 2);
	l = file_layout(f);
	l_other = file_layout(other);
	version = file_data_version(f);
	file_commit_begin(f);
	file_commit_begin(other);
	assert_ptr_equal(file_commit_layout(f), l);
	file_commit_set(f, l_other);
	file_commit_set(other, l);
	file_commit_end(other);
	file_commit_end(f);
	assert_content(f, two, STRIPE);
	assert_content(other, one, STRIPE);
	assert_int_equal(file_data_version(f), version);
	file_touch(f);
	assert_int_equal(file_data_version(f), version + 1);
	layout_unref(l);
	layout_unref(l_other);
	file_free(f);
	file_free(other);
}

static void test_version(void **state)
{
	struct file *f = bed_file(&bed, plain_layout(2));
	struct file_attr attr, alone;
	struct layout *l;
	uint64_t version, changes;
	char c;

	(void)state;
	assert_int_equal(file_data_version(f), 7);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 0), FILE_NOT_INSTANTIATED);
	write_pattern(&bed, f, 0, 3 * STRIPE, 1);
	assert_in_range(file_data_version(f), 8, 10);
	file_close_objects(f);
	changes = file_changes(f);
	assert_int_equal(file_read(f, FILE_WHOLE, &c, 1, 0), 1);
	assert_int_equal(file_changes(f), changes);
	version = file_data_version(f);
	file_touch(f);
	assert_int_not_equal(file_data_version(f), version);
	assert_int_equal(file_truncate(f, FILE_WHOLE, INT64_MAX + UINT64_C(1)), -EFBIG);
	assert_int_equal(file_changes(f), changes);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 3 * STRIPE), 0);
	assert_int_not_equal(file_changes(f), changes);
	assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
	assert_true(attr.has_mtime && attr.complete && attr.all_blocks);
	assert_in_range(attr.mtime.tv_sec, time(NULL) - 60, time(NULL));
	assert_true(attr.blocks >= 3 * STRIPE / 512);
	l = file_layout(f);
	assert_int_equal(file_stat_layout(&bed.osts, l, &alone), 0);
	assert_int_equal(alone.size_bytes, 3 * STRIPE);
	assert_int_equal(alone.blocks, attr.blocks);
	layout_unref(l);
	file_free(f);
}

/* ---- OSTs that are full or missing ---- */

static void test_inactive_ost(void **state)
{
	struct file *f = bed_file(&bed, plain_layout(4));
	struct ost *good = bed.list[2];
	struct layout *l;
	struct file_attr attr;
	uint8_t expected[16 * STRIPE], buf[16 * STRIPE];
	unsigned int missing = 0;

	(void)state;
	write_pattern(&bed, f, 0, sizeof(expected), 1);
	fill_pattern(expected, sizeof(expected), 0, 1);
	l = file_layout(f);
	while (l->comps[0].objects[missing].ost_idx != 2)
		missing++;
	layout_unref(l);
	file_close_objects(f);
	bed_open_ost(&bed, 2, "/nonexistent");
	assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
	assert_false(attr.complete);
	for (unsigned int i = 0; i < 16; i++) {
		ssize_t n = file_read(f, FILE_WHOLE, buf, STRIPE, i * STRIPE);

		assert_int_equal(n, i % 4 == missing ? -EIO : (ssize_t)STRIPE);
		if (n == STRIPE)
			assert_memory_equal(buf, expected + i * STRIPE, STRIPE);
	}
	/* Where the file ends can't be known. */
	assert_int_equal(file_read(f, FILE_WHOLE, buf, STRIPE, 16 * STRIPE), -EIO);
	assert_string_not_equal(error_text(-EIO), "Input/output error");
	assert_int_equal(file_write(f, FILE_WHOLE, buf, STRIPE, missing * STRIPE), -EIO);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 1), -EIO);
	assert_int_equal(file_sync(f, FILE_WHOLE, false), -EIO);
	assert_int_equal(file_drop_cache(f, FILE_WHOLE), -EIO);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, 0, 17 * STRIPE), -EIO);
	assert_int_equal(file_write(f, FILE_WHOLE, expected, sizeof(expected), 0),
			 missing ? (ssize_t)(missing * STRIPE) : -EIO);
	ost_free(bed.list[2]);
	bed.list[2] = good;
	assert_content(f, expected, sizeof(expected));
	file_free(f);
}

static void test_full_ost(void **state)
{
	struct bed small;
	struct file *f;
	uint8_t *expected = malloc(8 * MIB);
	uint64_t at;
	ssize_t n;

	(void)state;
	if (!testfs_entered || mkdir(TESTFS_BASE "/full", 0755)) {
		printf("no small tmpfs: full OSTs are not tested\n");
		free(expected);
		return;
	}
	bed_init(&small, TESTFS_BASE "/full", 1);
	assert_int_equal(mkdir(TESTFS_BASE "/full/small", 0755), 0);
	assert_int_equal(mount("small", TESTFS_BASE "/full/small", "tmpfs", 0, "size=1m"), 0);
	bed_add_ost(&small, TESTFS_BASE "/full/small");
	f = bed_file(&small, plain_layout(2));
	assert_true(bed_instantiate(&small, f, 0, 1));
	fill_pattern(expected, 8 * MIB, 0, 1);

	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, 0, 8 * MIB), -ENOSPC);
	assert_non_null(strstr(error_text(-ENOSPC), "on OST 1"));
	assert_int_equal(size_of(f), 0);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 1), 0);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 0), 0);
	n = file_write(f, FILE_WHOLE, expected, 8 * MIB, 0);
	assert_in_range(n, MIB, 2 * MIB);
	assert_content(f, expected, (size_t)n);
	/* The next stripe in the object that is on the small OST. */
	at = ((uint64_t)n / (2 * STRIPE) + 1) * 2 * STRIPE;
	assert_int_equal(file_write(f, FILE_WHOLE, expected, STRIPE, at), -ENOSPC);
	assert_content(f, expected, (size_t)n);
	assert_int_equal(
		file_fallocate(f, FILE_WHOLE, FALLOC_FL_ZERO_RANGE, (uint64_t)n - 5, 4 * MIB),
		-ENOSPC);
	assert_content(f, expected, (size_t)n);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 1), 0);
	assert_int_equal(file_write(f, FILE_WHOLE, expected, MIB, 0), MIB);
	assert_content(f, expected, MIB);
	file_free(f);
	bed_release(&small);
	free(expected);
}

/* ---- copies ---- */

/*
 * After a deadline that has passed, the first window all the same, and the rest by further calls.
 */
static void test_copy_windows(void **state)
{
	const size_t size = 20 * MIB + 12345;
	struct file *src = bed_file(&bed, plain_layout(4)), *dst = bed_file(&bed, plain_layout(3));
	struct file_copy c = {
		.src = src, .dst = dst, .ladder = &bed.ladder, .no_share = true, .deadline_ns = 1
	};
	struct io_moved moved = { 0 };
	uint8_t *expected = malloc(size);
	unsigned int calls = 0;
	ssize_t n;

	(void)state;
	write_pattern(&bed, src, 0, size, 3);
	fill_pattern(expected, size, 0, 3);
	assert_true(bed_instantiate(&bed, dst, 0, 1));
	for (c.len_bytes = UINT32_MAX; c.src_offset < size; c.src_offset += (uint64_t)n, calls++) {
		c.dst_offset = c.src_offset;
		n = file_copy_range(&c, &moved);
		assert_in_range(n, 1, 4 * MIB);
		assert_int_equal(size_of(dst), c.dst_offset + (uint64_t)n);
	}
	assert_true(calls > 4);
	assert_int_equal(file_copy_range(&c, &moved), 0);
	assert_content(dst, expected, size);
	c.deadline_ns = 0;
	c.src_offset = c.dst_offset = 0;
	assert_int_equal(file_copy_range(&c, &moved), size);
	assert_content(dst, expected, size);
	assert_int_equal(moved.bytes[IO_RW] + moved.bytes[IO_KERNEL] + moved.hole_bytes, 2 * size);
	free(expected);
	file_free(src);
	file_free(dst);
}

static void test_copy_refusals(void **state)
{
	struct file *f = bed_file(&bed, plain_layout(2)), *dst = bed_file(&bed, plain_layout(1));
	struct file_copy c = { .src = f, .dst = dst, .ladder = &bed.ladder, .len_bytes = MIB };
	struct io_moved moved = { 0 };
	atomic_bool stop = true;

	(void)state;
	write_pattern(&bed, f, 0, MIB, 1);
	assert_int_equal(file_copy_range(&c, &moved), FILE_NOT_INSTANTIATED);
	assert_true(bed_instantiate(&bed, dst, 0, 1));
	c.stop = &stop;
	assert_int_equal(file_copy_range(&c, &moved), -ECANCELED);
	assert_int_equal(size_of(dst), 0);
	c.stop = NULL;
	c.dst = f;
	c.dst_offset = MIB - 1;
	assert_int_equal(file_copy_range(&c, &moved), -EINVAL);
	c.dst_offset = MIB;
	assert_int_equal(file_copy_range(&c, &moved), MIB);
	assert_int_equal(size_of(f), 2 * MIB);
	c.dst_offset = INT64_MAX;
	assert_int_equal(file_copy_range(&c, &moved), -EFBIG);
	file_free(f);
	file_free(dst);
}

/*
 * A hole at the end of the source makes the destination longer all the same, and old data behind it
 * stays.
 */
static void test_copy_hole_at_end(void **state)
{
	struct file *src = bed_file(&bed, plain_layout(4)), *dst = bed_file(&bed, plain_layout(2));
	struct file_copy c = {
		.src = src, .dst = dst, .ladder = &bed.ladder, .len_bytes = 100 * MIB
	};
	struct io_moved moved = { 0 };
	uint64_t at;

	(void)state;
	write_pattern(&bed, src, 0, STRIPE, 1);
	assert_int_equal(file_truncate(src, FILE_WHOLE, 10 * MIB), 0);
	write_pattern(&bed, dst, 0, MIB, 2);
	assert_int_equal(file_copy_range(&c, &moved), 10 * MIB);
	assert_int_equal(size_of(dst), 10 * MIB);
	assert_int_equal(moved.hole_bytes, 10 * MIB - STRIPE);
	assert_int_equal(file_seek(dst, FILE_WHOLE, 0, SEEK_HOLE, &at), 0);
	assert_int_equal(at, STRIPE);
	assert_int_equal(file_seek(dst, FILE_WHOLE, at, SEEK_DATA, &at), -ENXIO);
	file_free(src);
	file_free(dst);
}

static char plain_path[64];

static int setup(void **state)
{
	struct testfs fs;

	(void)state;
	if (testfs_enter()) {
		snprintf(plain_path, sizeof(plain_path), TESTFS_BASE "/bed");
		if (mkdir(plain_path, 0755))
			return -1;
	} else {
		if (!testfs_make_plain_xattrs(&fs, plain_path))
			return -1;
		close(fs.dirfd);
	}
	bed_init(&bed, plain_path, BED_OSTS_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bed_release(&bed);
	testfs_remove_plain(plain_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_layout),
		cmocka_unit_test(test_instantiation),
		cmocka_unit_test(test_truncate_at_component_end),
		cmocka_unit_test(test_truncate_asks_once),
		cmocka_unit_test(test_not_covered),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_inactive_ost),
		cmocka_unit_test(test_full_ost),
		cmocka_unit_test(test_copy_windows),
		cmocka_unit_test(test_copy_refusals),
		cmocka_unit_test(test_copy_hole_at_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
