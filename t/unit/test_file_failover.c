/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading files with mirrors of which some are broken: objects are missing, or system calls fail.
 * What one mirror still has is read, whole; an end of the file is never made up.
 */
#include "test_mirror_fixture.h"

#include "fault.h"

#define SIZE (3 * MIB + 12345)
#define HOLE_START (MIB + 100 * KIB)
#define HOLE_END (2 * MIB)

static struct mirror_bed mirror_bed;
static uint8_t expected[SIZE], buf[SIZE + 4096];

/* Three mirrors in sync, with a hole and an end in the middle of a stripe. */
static struct file *synced_file(struct bed *b)
{
	struct file *f = bed_file(b, mirrored_layout());

	fill_pattern(expected, SIZE, 0, 1);
	memset(expected + HOLE_START, 0, HOLE_END - HOLE_START);
	mirrored_write(b, f, FILE_WHOLE, 0, expected, HOLE_START);
	mirrored_write(b, f, FILE_WHOLE, HOLE_END, expected + HOLE_END, SIZE - HOLE_END);
	mirrored_resync_all(b, f);
	for (uint32_t id = 1; id <= MIRRORS; id++)
		assert_mirror_content(f, id, expected, SIZE);
	return f;
}

/* All of it, in pieces and at once, up to the end and behind it. */
static void check_reads(struct file *f)
{
	const size_t piece = 100 * KIB + 7;

	for (uint64_t at = 0; at < SIZE; at += piece) {
		size_t len = MIN_OF(piece, SIZE - at);

		memset(buf, 0xee, piece);
		assert_int_equal(file_read(f, FILE_WHOLE, buf, piece, at), len);
		assert_memory_equal(buf, expected + at, len);
	}
	assert_content(f, expected, SIZE);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 10, SIZE), 0);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 10, SIZE + 40 * MIB), 0);
}

static void check_seeks(struct file *f)
{
	uint64_t at;

	assert_int_equal(file_seek(f, FILE_WHOLE, 0, SEEK_DATA, &at), 0);
	assert_int_equal(at, 0);
	assert_int_equal(file_seek(f, FILE_WHOLE, HOLE_START + 64 * KIB, SEEK_DATA, &at), 0);
	assert_in_range(at, HOLE_START, HOLE_END);
	assert_int_equal(file_seek(f, FILE_WHOLE, HOLE_END, SEEK_HOLE, &at), 0);
	assert_int_equal(at, SIZE);
	assert_int_equal(file_seek(f, FILE_WHOLE, SIZE, SEEK_DATA, &at), -ENXIO);
}

static void check_copy(struct bed *b, struct file *f)
{
	struct file *dst = bed_file(b, plain_layout(2));
	struct file_copy c = {
		.src = f, .dst = dst, .len_bytes = UINT32_MAX, .ladder = &b->ladder
	};
	struct io_moved moved = { 0 };

	assert_int_equal(CHANGING(b, dst, FILE_WHOLE, 0, 1, file_copy_range(&c, &moved)), SIZE);
	assert_content(dst, expected, SIZE);
	bed_destroy(b, dst);
}

static void check_all(struct bed *b, struct file *f)
{
	struct file_attr attr;

	check_reads(f);
	check_seeks(f);
	check_copy(b, f);
	assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
	assert_true(attr.complete);
	assert_int_equal(attr.size_bytes, SIZE);
	assert_int_equal(file_sync(f, FILE_WHOLE, false), 0);
}

/* Nothing is said of the file but that it can't be read. */
static void check_lost(struct bed *b, struct file *f)
{
	struct file *dst = bed_file(b, plain_layout(2));
	struct file_copy c = {
		.src = f, .dst = dst, .len_bytes = UINT32_MAX, .ladder = &b->ladder
	};
	struct io_moved moved = { 0 };
	struct file_attr attr;
	uint64_t at;

	assert_int_equal(file_read(f, FILE_WHOLE, buf, SIZE, 0), -EIO);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, SIZE, SIZE), -EIO);
	assert_int_equal(file_seek(f, FILE_WHOLE, 0, SEEK_HOLE, &at), -EIO);
	assert_int_equal(file_copy_range(&c, &moved), -EIO);
	assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
	assert_false(attr.complete);
	assert_int_equal(file_sync(f, FILE_WHOLE, false), -EIO);
	file_free(dst);
}

/* Mirrors without objects: each set of them. */
static void test_mirrors_gone(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);

	(void)state;
	assert_int_equal(file_failovers(f), 0);
	for (unsigned int gone = 0; gone < 1u << MIRRORS; gone++) {
		for (uint32_t id = 1; id <= MIRRORS; id++) {
			if (gone & 1u << (id - 1))
				hide_mirror(b, f, id, true);
		}
		if (gone == (1u << MIRRORS) - 1)
			check_lost(b, f);
		else
			check_all(b, f);
		for (uint32_t id = 1; id <= MIRRORS; id++) {
			if (gone & 1u << (id - 1))
				hide_mirror(b, f, id, false);
		}
		file_close_objects(f);
	}
	assert_true(file_failovers(f) > 0);
	file_free(f);
}

/* One object at a time: most of its mirror can still be read, but not all. */
static void test_objects_gone(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);
	struct layout *l = file_layout(f);
	uint64_t failovers = file_failovers(f);

	(void)state;
	for (uint32_t i = 0; i < l->count; i++) {
		for (uint32_t k = 0; k < l->comps[i].object_count; k++) {
			uint32_t id = component_mirror_id(&l->comps[i]);

			file_close_objects(f);
			hide_object(b, &l->comps[i].objects[k], true);
			set_mirror_flags(f, id, COMP_PREFER_READ, 0);
			check_all(b, f);
			assert_int_equal(file_read(f, id, buf, SIZE, 0), -EIO);
			set_mirror_flags(f, id, 0, COMP_PREFER_READ);
			hide_object(b, &l->comps[i].objects[k], false);
			assert_true(file_failovers(f) > failovers);
			failovers = file_failovers(f);
		}
	}
	layout_unref(l);
	file_free(f);
}

/*
 * The last objects of all mirrors are missing, of one those with data: what is left of each is not
 * pieced together, and no end is reported.
 */
static void test_end_not_made_up(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);
	struct layout *l = file_layout(f);

	(void)state;
	file_close_objects(f);
	for (uint32_t k = 0; k < l->comps[2].object_count; k++)
		hide_object(b, &l->comps[2].objects[k], true);
	hide_object(b, &l->comps[4].objects[0], true);
	hide_object(b, &l->comps[5].objects[0], true);
	/* Mirrors 1 and 2 have the front. */
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 512 * KIB, 0), 512 * KIB);
	assert_memory_equal(buf, expected, 512 * KIB);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 2 * MIB, 0), -EIO);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, 2 * MIB, MIB), -EIO);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, SIZE, SIZE), -EIO);
	layout_unref(l);
	file_free(f);
}

/* A mirror that is stale is no help, however whole it is. */
static void test_stale_is_no_help(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);

	(void)state;
	mirrored_make_stale(f, 0, LAYOUT_EOF);
	hide_mirror(b, f, 1, true);
	check_lost(b, f);
	assert_int_equal(file_read(f, 2, buf, SIZE, 0), SIZE);
	assert_int_equal(file_failovers(f), 0);
	file_free(f);
}

/* Any one system call of a read fails with EIO: it isn't noticed. */
static void test_calls_fail(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);
	struct fault fault = fault_start(-EIO);
	unsigned int hits = 0;

	(void)state;
	file_close_objects(f);
	while (fault_next(&fault)) {
		struct file_attr attr;
		uint64_t at;
		ssize_t n;
		int err;

		memset(buf, 0xee, sizeof(buf));
		n = file_read(f, FILE_WHOLE, buf, sizeof(buf), 0);
		err = file_seek(f, FILE_WHOLE, HOLE_END, SEEK_HOLE, &at);
		assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
		fault_pause();
		hits += fault.hit;
		assert_int_equal(n, SIZE);
		assert_memory_equal(buf, expected, SIZE);
		assert_int_equal(err, 0);
		assert_int_equal(at, SIZE);
		assert_true(attr.complete);
		assert_int_equal(attr.size_bytes, SIZE);
		file_close_objects(f);
	}
	assert_true(hits > 20);
	assert_true(file_failovers(f) > 10);
	file_free(f);
}

/*
 * Only of a descriptor, or of what is in the page cache, a mirror that isn't there looks as if it
 * were.
 */
static void test_reach_sees_objects_that_are_gone(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);

	(void)state;
	for (uint32_t id = 1; id <= MIRRORS; id++) {
		assert_int_equal(file_check_readable(f, id), 0);
		assert_int_equal(file_check_writable(f, id), 0);
		file_close_objects(f);
		hide_mirror(b, f, id, true);
		assert_int_equal(file_check_readable(f, id), -EIO);
		assert_int_equal(file_check_writable(f, id), -EIO);
		assert_int_equal(file_check_readable(f, FILE_WHOLE), 0);
		hide_mirror(b, f, id, false);
	}
	file_free(f);
}

/* Each call on the way, of each object: opening, looking, and reading its first block. */
static void test_reach_sees_what_fails(void **state)
{
	struct file *f = synced_file(&mirror_bed.bed);

	(void)state;
	for (uint32_t id = 1; id <= MIRRORS; id++) {
		struct fault fault = fault_start(-EIO);
		unsigned int failed = 0;

		for (bool more = true; more;) {
			file_close_objects(f);
			more = fault_next(&fault);
			if (more) {
				int err = file_check_readable(f, id);

				fault_pause();
				assert_int_equal(err, fault.hit ? -EIO : 0);
				failed += err != 0;
			}
		}
		assert_true(failed >= 4);
	}
	file_free(f);
}

static int fail_reading(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, "pread") == 0 ? -EIO : 0;
}

/*
 * What ext4 does after a shutdown, and any file system over a device that is gone: all is as it
 * was, but no byte can be read.
 */
static void test_reach_reads(void **state)
{
	struct file *f = synced_file(&mirror_bed.bed);

	(void)state;
	sys_set_hook(fail_reading, NULL);
	for (uint32_t id = 1; id <= MIRRORS; id++) {
		assert_int_equal(file_check_readable(f, id), -EIO);
		assert_int_equal(file_check_writable(f, id), 0);
	}
	sys_set_hook(NULL, NULL);
	file_free(f);
}

/* Errors of memory and of the request are nobody's fault. */
static void test_not_a_mirrors_error(void **state)
{
	static const int errors[] = { -ENOMEM, -EMFILE, -EINVAL };
	struct file *f = synced_file(&mirror_bed.bed);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct fault fault = fault_start(errors[i]);

		assert_true(fault_next(&fault));
		assert_int_equal(file_read(f, FILE_WHOLE, buf, 1, 0), errors[i]);
		fault_pause();
	}
	assert_int_equal(file_failovers(f), 0);
	file_free(f);
}

/*
 * A copy of which one call fails: of the source, it isn't noticed; of the destination it is
 * reported. What is reported as copied is.
 */
static void test_copy_calls_fail(void **state)
{
	struct bed *b = &mirror_bed.bed;
	struct file *f = synced_file(b);
	struct fault fault = fault_start(-EIO);
	unsigned int whole = 0;

	(void)state;
	for (bool more = true; more;) {
		struct file *dst = bed_file(b, plain_layout(2));
		struct file_copy c = { .src = f,
				       .dst = dst,
				       .len_bytes = UINT32_MAX,
				       .ladder = &b->ladder,
				       .no_share = true };
		struct io_moved moved = { 0 };
		ssize_t n;

		assert_true(bed_instantiate(b, dst, 0, 1));
		file_close_objects(f);
		more = fault_next(&fault);
		if (more) {
			n = file_copy_range(&c, &moved);
			fault_pause();
			assert_true(n == -EIO || n == SIZE);
			assert_content(dst, expected, n < 0 ? 0 : SIZE);
			whole += fault.hit && n == SIZE;
		}
		bed_destroy(b, dst);
	}
	assert_true(whole > 20);
	file_free(f);
}

/* As fault_hook(), and the deadline passes at the failure. */
struct late_fault {
	struct fault fault;
	struct file_copy *copy;
};

static int late_hook(const char *call, size_t len_bytes, void *cookie)
{
	struct late_fault *late = cookie;
	int err = fault_hook(call, len_bytes, &late->fault);

	if (err)
		late->copy->deadline_ns = 1;
	return err;
}

/* Two objects with the parts of a window in turns. */
static struct layout *coarse_layout(void)
{
	struct layout *l = plain_layout(2);

	l->comps[0].stripe_size = MIB / 2;
	return l;
}

/*
 * The same in the middle of a copy by windows that has no time left then: whatever is in the
 * destination already, it is as long as what is reported.
 */
static void test_copy_fails_at_deadline(void **state)
{
	enum { BYTES = 6 * MIB };
	struct bed *b = &mirror_bed.bed;
	struct file *f = bed_file(b, simple_mirrors(2));
	struct late_fault late = { .fault = fault_start(-EIO) };
	uint8_t *bytes = malloc(BYTES);
	unsigned int partly = 0;

	(void)state;
	assert_non_null(bytes);
	fill_pattern(bytes, BYTES, 0, 2);
	mirrored_write(b, f, FILE_WHOLE, 0, bytes, BYTES);
	mirrored_resync_all(b, f);
	while (fault_next(&late.fault)) {
		struct file *dst;
		struct file_copy c = {
			.src = f, .len_bytes = UINT32_MAX, .ladder = &b->ladder, .no_share = true
		};
		struct io_moved moved = { 0 };
		ssize_t n;

		fault_pause();
		c.dst = dst = bed_file(b, coarse_layout());
		assert_true(bed_instantiate(b, dst, 0, 1));
		file_close_objects(f);
		late.copy = &c;
		sys_set_hook(late_hook, &late);
		n = file_copy_range(&c, &moved);
		fault_pause();
		assert_true(n == -EIO || n > 0);
		assert_content(dst, bytes, n < 0 ? 0 : (size_t)n);
		partly += n > 0 && n < BYTES;
		bed_destroy(b, dst);
	}
	assert_true(partly > 10);
	free(bytes);
	file_free(f);
}

static int setup(void **state)
{
	(void)state;
	return mirror_bed_setup(&mirror_bed);
}

static int teardown(void **state)
{
	(void)state;
	mirror_bed_teardown(&mirror_bed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mirrors_gone),
		cmocka_unit_test(test_objects_gone),
		cmocka_unit_test(test_end_not_made_up),
		cmocka_unit_test(test_stale_is_no_help),
		cmocka_unit_test(test_calls_fail),
		cmocka_unit_test(test_reach_sees_objects_that_are_gone),
		cmocka_unit_test(test_reach_sees_what_fails),
		cmocka_unit_test(test_reach_reads),
		cmocka_unit_test(test_not_a_mirrors_error),
		cmocka_unit_test(test_copy_calls_fail),
		cmocka_unit_test(test_copy_fails_at_deadline),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
