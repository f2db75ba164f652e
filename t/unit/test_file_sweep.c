/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call of every operation fails once: with EIO, with ENOSPC, or with half a transfer.
 * The failure is reported or made up for, and the file is what the operation's contract says.
 */
#include "test_mirror_fixture.h"

#include <errno.h>
#include <fcntl.h>

#include "base/sys.h"

#define SIZE (9 * STRIPE + 100)
#define BUF_BYTES (32 * STRIPE)

/* What the operation did to the file as memory. */
struct expectation {
	uint64_t start,
		end; /* where bytes may change: to those of `after`, or in part when it failed */
	bool content_kept_on_error;
	uint64_t size_after;
};

struct op {
	const char *name;
	/* Calls it; a count or 0 where it went well. */
	ssize_t (*call)(struct file *f, struct file *src);
	struct expectation expect;
	bool counts; /* returns how many bytes from expect.start it did */
};

static struct bed bed;
static uint8_t before[BUF_BYTES], other[BUF_BYTES], now[BUF_BYTES];

#define OP_START (3 * STRIPE + 50)

static ssize_t op_read(struct file *f, struct file *src)
{
	(void)src;
	return file_read(f, FILE_WHOLE, now, SIZE, 0);
}

static ssize_t op_write(struct file *f, struct file *src)
{
	(void)src;
	return file_write(f, FILE_WHOLE, other + OP_START, 10 * STRIPE, OP_START);
}

static ssize_t op_shrink(struct file *f, struct file *src)
{
	(void)src;
	return file_truncate(f, FILE_WHOLE, OP_START);
}

static ssize_t op_grow(struct file *f, struct file *src)
{
	(void)src;
	return file_truncate(f, FILE_WHOLE, 20 * STRIPE);
}

static ssize_t op_allocate(struct file *f, struct file *src)
{
	(void)src;
	return file_fallocate(f, FILE_WHOLE, 0, OP_START, 10 * STRIPE);
}

static ssize_t op_punch(struct file *f, struct file *src)
{
	(void)src;
	return file_fallocate(f, FILE_WHOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, OP_START,
			      4 * STRIPE);
}

static ssize_t op_zero(struct file *f, struct file *src)
{
	(void)src;
	return file_fallocate(f, FILE_WHOLE, FALLOC_FL_ZERO_RANGE, OP_START, 10 * STRIPE);
}

static ssize_t op_copy(struct file *f, struct file *src)
{
	struct file_copy c = {
		.src = src, .dst = f, .ladder = &bed.ladder, .len_bytes = 10 * STRIPE
	};
	struct io_moved moved = { 0 };

	c.src_offset = c.dst_offset = OP_START;
	return file_copy_range(&c, &moved);
}

static ssize_t op_sync(struct file *f, struct file *src)
{
	(void)src;
	return file_sync(f, FILE_WHOLE, false);
}

static const struct op ops[] = {
	{ "read", op_read, { 0, 0, true, SIZE }, false },
	{ "write",
	  op_write,
	  { OP_START, OP_START + 10 * STRIPE, false, OP_START + 10 * STRIPE },
	  true },
	{ "shrink", op_shrink, { OP_START, SIZE, false, OP_START }, false },
	{ "grow", op_grow, { SIZE, 20 * STRIPE, true, 20 * STRIPE }, false },
	{ "allocate",
	  op_allocate,
	  { SIZE, OP_START + 10 * STRIPE, true, OP_START + 10 * STRIPE },
	  false },
	{ "punch", op_punch, { OP_START, OP_START + 4 * STRIPE, false, SIZE }, false },
	{ "zero",
	  op_zero,
	  { OP_START, OP_START + 10 * STRIPE, false, OP_START + 10 * STRIPE },
	  false },
	{ "copy",
	  op_copy,
	  { OP_START, OP_START + 10 * STRIPE, false, OP_START + 10 * STRIPE },
	  true },
	{ "sync", op_sync, { 0, 0, true, SIZE }, false },
};

/* ---- the fault ---- */

struct fault {
	unsigned int at; /* which call, counted from 1; 0: none, only count */
	int err;         /* or SYS_HOOK_SHORT */
	atomic_uint calls;
};

static int hook(const char *call, size_t len_bytes, void *cookie)
{
	struct fault *fault = cookie;

	(void)call;
	(void)len_bytes;
	return atomic_fetch_add(&fault->calls, 1) + 1 == fault->at ? fault->err : 0;
}

/* ---- one operation with one fault ---- */

/* Within the changed range every byte is the old, the new or zero; elsewhere it is the old. */
static bool byte_possible(const struct op *op, uint64_t i)
{
	uint8_t old = i < SIZE ? before[i] : 0;

	if (now[i] == old)
		return true;
	if (i < op->expect.start || i >= op->expect.end)
		return false;
	return now[i] == 0 || (op->counts && now[i] == other[i]);
}

static void check_size(const struct op *op, ssize_t result, uint64_t size)
{
	uint64_t reached = op->counts && result > 0 ? op->expect.start + (uint64_t)result : 0;

	if (op->counts)
		assert_int_equal(size, MAX_OF(SIZE, reached));
	else if (result >= 0)
		assert_int_equal(size, op->expect.size_after);
	else
		assert_in_range(size, MIN_OF(SIZE, op->expect.size_after),
				MAX_OF(SIZE, op->expect.size_after));
}

static void check_after(const struct op *op, const struct fault *fault, ssize_t result,
			struct file *f)
{
	uint64_t size = size_of(f);

	if (result < 0)
		assert_true(result == fault->err);
	check_size(op, result, size);
	assert_int_equal(file_read(f, FILE_WHOLE, now, BUF_BYTES, 0), size);
	for (uint64_t i = 0; i < size; i++) {
		if (!byte_possible(op, i))
			fail_msg("byte %ju is 0x%02x", (uintmax_t)i, now[i]);
	}
	if (op->counts && result > 0)
		assert_memory_equal(now + op->expect.start, other + op->expect.start, result);
	if (result < 0 && op->expect.content_kept_on_error)
		assert_memory_equal(now, before, MIN_OF(size, SIZE));
}

static void run(const struct op *op, struct fault *fault, struct layout *(*layout)(void))
{
	struct file *f = bed_file(&bed, layout()), *src = bed_file(&bed, plain_layout(4));
	uint64_t version;
	ssize_t result;

	assert_true(bed_instantiate(&bed, f, 0, LAYOUT_EOF));
	assert_true(bed_instantiate(&bed, src, 0, LAYOUT_EOF));
	assert_int_equal(file_write(f, FILE_WHOLE, before, SIZE, 0), SIZE);
	assert_int_equal(file_write(src, FILE_WHOLE, other, BUF_BYTES, 0), BUF_BYTES);
	file_close_objects(f); /* so that opening can fail, too */
	version = file_data_version(f);
	sys_set_hook(hook, fault);
	result = op->call(f, src);
	sys_set_hook(NULL, NULL);
	if (op->expect.start < op->expect.end)
		assert_true(file_data_version(f) > version);
	check_after(op, fault, result, f);
	/* Nothing of the fault is left. */
	result = op->call(f, src);
	if (op->counts)
		assert_int_equal(result, 10 * STRIPE);
	else
		assert_true(result >= 0);
	assert_int_equal(size_of(f), op->expect.size_after);
	bed_destroy(&bed, f);
	bed_destroy(&bed, src);
}

static struct layout *striped(void)
{
	return plain_layout(4);
}

static struct layout *progressive(void)
{
	return pfl_layout(LAYOUT_EOF);
}

/* Mirrors 2 and 3 are stale: they keep out of it. */
static struct layout *mirrored(void)
{
	struct layout *l = mirrored_layout();

	for (uint32_t i = 0; i < l->count; i++) {
		if (component_mirror_id(&l->comps[i]) != 1)
			l->comps[i].flags |= COMP_STALE;
	}
	return l;
}

static void sweep(const struct op *op, struct layout *(*layout)(void))
{
	static const int errors[] = { -EIO, -ENOSPC, SYS_HOOK_SHORT };
	struct fault count = { 0 };

	run(op, &count, layout);
	printf("%s: %u calls\n", op->name, count.calls);
	for (unsigned int at = 1; at <= count.calls; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
			struct fault fault = { .at = at, .err = errors[i] };

			run(op, &fault, layout);
		}
	}
}

/* In the first bed also with mirrors: what differs between file systems is known without. */
static void sweep_all(const char *path, bool with_mirrors)
{
	bed_init(&bed, path, BED_OSTS_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		sweep(&ops[i], striped);
		sweep(&ops[i], progressive);
		if (with_mirrors)
			sweep(&ops[i], mirrored);
	}
	bed_release(&bed);
}

static void test_sweep(void **state)
{
	struct testfs fs;
	char path[64];

	(void)state;
	fill_pattern(before, sizeof(before), 0, 1);
	fill_pattern(other, sizeof(other), 0, 2);
	if (testfs_enter()) {
		assert_int_equal(mkdir(TESTFS_BASE "/tmpfs", 0755), 0);
		sweep_all(TESTFS_BASE "/tmpfs", true);
		if (testfs_make(&fs, "xfs", "xfs", 1024)) {
			close(fs.dirfd);
			sweep_all(TESTFS_BASE "/xfs", false);
		}
		return;
	}
	assert_true(testfs_make_plain_xattrs(&fs, path));
	close(fs.dirfd);
	sweep_all(path, true);
	testfs_remove_plain(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sweep) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
