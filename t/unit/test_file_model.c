/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random operations on striped files, each compared with plain memory. */
#include "test_file_fixture.h"

#include "random.h"

#include <errno.h>
#include <fcntl.h>

#define FILES 4
#define SIZE_MAX_BYTES (3 * MIB)
#define ROUNDS 1500

struct model {
	struct file *f;
	uint8_t *bytes; /* SIZE_MAX_BYTES; zero behind size */
	uint64_t size;
};

struct run {
	struct bed bed;
	struct random_source random;
	struct model files[FILES];
	uint8_t *scratch; /* SIZE_MAX_BYTES */
};

/* Offsets near the edges of stripes, components, blocks and the end as often as anywhere. */
static uint64_t pick_offset(struct run *r, const struct model *m)
{
	uint64_t anywhere = random_range(&r->random, 0, SIZE_MAX_BYTES - 1);

	switch (random_range(&r->random, 0, 4)) {
	case 0:
		return anywhere / STRIPE * STRIPE;
	case 1:
		return anywhere / 4096 * 4096;
	case 2:
		return MIN_OF(m->size, SIZE_MAX_BYTES - 1);
	case 3:
		return anywhere % (m->size + 1) % SIZE_MAX_BYTES;
	}
	return anywhere;
}

static uint64_t pick_len(struct run *r, uint64_t room)
{
	static const uint64_t most[] = { 16, 4096, STRIPE, 4 * STRIPE, MIB };
	uint64_t limit = most[random_range(&r->random, 0, ARRAY_SIZE(most) - 1)];
	uint64_t len = random_range(&r->random, 1, MIN_OF(limit, room));

	return random_range(&r->random, 0, 2) && len > 4096 ? len / 4096 * 4096 : len;
}

static void pick_range(struct run *r, const struct model *m, uint64_t *ret_offset,
		       uint64_t *ret_len)
{
	*ret_offset = pick_offset(r, m);
	*ret_len = pick_len(r, SIZE_MAX_BYTES - *ret_offset);
}

static void grow(struct model *m, uint64_t end)
{
	m->size = MAX_OF(m->size, end);
}

static void do_read(struct run *r, struct model *m)
{
	uint64_t offset, len, expected;

	pick_range(r, m, &offset, &len);
	expected = offset >= m->size ? 0 : MIN_OF(len, m->size - offset);
	memset(r->scratch, 0xee, len);
	assert_int_equal(file_read(m->f, FILE_WHOLE, r->scratch, len, offset), expected);
	assert_memory_equal(r->scratch, m->bytes + offset, expected);
}

static void do_write(struct run *r, struct model *m)
{
	uint64_t offset, len;

	pick_range(r, m, &offset, &len);
	fill_pattern(r->scratch, len, offset, (unsigned int)random_u64(&r->random));
	assert_int_equal(INSTANTIATING(&r->bed, m->f, offset, offset + len,
				       file_write(m->f, FILE_WHOLE, r->scratch, len, offset)),
			 len);
	memcpy(m->bytes + offset, r->scratch, len);
	grow(m, offset + len);
}

static void do_truncate(struct run *r, struct model *m)
{
	uint64_t size = pick_offset(r, m);
	uint64_t last = size ? size - 1 : 0;

	assert_int_equal(
		INSTANTIATING(&r->bed, m->f, last, last + 1, file_truncate(m->f, FILE_WHOLE, size)),
		0);
	if (size < m->size)
		memset(m->bytes + size, 0, m->size - size);
	m->size = size;
}

static void do_fallocate(struct run *r, struct model *m)
{
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_ZERO_RANGE,
				     FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE };
	int mode = modes[random_range(&r->random, 0, ARRAY_SIZE(modes) - 1)];
	uint64_t offset, len;

	pick_range(r, m, &offset, &len);
	assert_int_equal(INSTANTIATING(&r->bed, m->f, offset, offset + len,
				       file_fallocate(m->f, FILE_WHOLE, mode, offset, len)),
			 0);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(m->bytes + offset, 0, len);
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		grow(m, offset + len);
}

static bool all_zero(const uint8_t *bytes, uint64_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/*
 * What a seek jumps over is zeros; what it finds is within the file. Where the file system sees
 * holes is its matter.
 */
static void do_seek(struct run *r, struct model *m)
{
	uint64_t offset = pick_offset(r, m), at = 0, next = 0;
	int err = file_seek(m->f, FILE_WHOLE, offset, SEEK_DATA, &at);

	if (offset >= m->size) {
		assert_int_equal(err, -ENXIO);
		assert_int_equal(file_seek(m->f, FILE_WHOLE, offset, SEEK_HOLE, &at), -ENXIO);
		return;
	}
	if (err) {
		assert_int_equal(err, -ENXIO);
		assert_true(all_zero(m->bytes + offset, m->size - offset));
	} else {
		assert_in_range(at, offset, m->size - 1);
		assert_true(all_zero(m->bytes + offset, at - offset));
	}
	assert_int_equal(file_seek(m->f, FILE_WHOLE, offset, SEEK_HOLE, &at), 0);
	assert_in_range(at, offset, m->size);
	if (at == m->size)
		return;
	/* It is a hole: data doesn't start there. */
	err = file_seek(m->f, FILE_WHOLE, at, SEEK_DATA, &next);
	assert_true(err == -ENXIO || (err == 0 && next > at));
	assert_true(all_zero(m->bytes + at, (err ? m->size : next) - at));
}

static bool ranges_overlap(uint64_t a, uint64_t b, uint64_t len)
{
	return MAX_OF(a, b) - MIN_OF(a, b) < len;
}

static void do_copy(struct run *r, struct model *m)
{
	struct model *dst = &r->files[random_range(&r->random, 0, FILES - 1)];
	struct file_copy c = { .src = m->f, .dst = dst->f, .ladder = &r->bed.ladder };
	struct io_moved moved = { 0 };
	uint64_t expected, sum = 0;
	ssize_t n;

	c.src_offset = pick_offset(r, m);
	c.dst_offset = random_range(&r->random, 0, 1) ? pick_offset(r, dst) : c.src_offset;
	c.len_bytes = pick_len(r, SIZE_MAX_BYTES - MAX_OF(c.src_offset, c.dst_offset));
	c.no_share = random_range(&r->random, 0, 3) == 0;
	expected = c.src_offset >= m->size ? 0 : MIN_OF(c.len_bytes, m->size - c.src_offset);
	n = INSTANTIATING(&r->bed, dst->f, c.dst_offset, c.dst_offset + expected,
			  file_copy_range(&c, &moved));
	if (expected && m == dst && ranges_overlap(c.src_offset, c.dst_offset, expected)) {
		assert_int_equal(n, -EINVAL);
		return;
	}
	assert_int_equal(n, expected);
	for (int i = 0; i < IO_RUNGS; i++)
		sum += moved.bytes[i];
	assert_int_equal(sum + moved.hole_bytes, expected);
	if (n == 0)
		return;
	memmove(dst->bytes + c.dst_offset, m->bytes + c.src_offset, expected);
	grow(dst, c.dst_offset + expected);
}

/* What happens around a file without changing it. */
static void do_nothing(struct run *r, struct model *m)
{
	struct layout *l;

	switch (random_range(&r->random, 0, 3)) {
	case 0:
		file_close_objects(m->f);
		break;
	case 1:
		assert_int_equal(file_sync(m->f, FILE_WHOLE, random_range(&r->random, 0, 1)), 0);
		break;
	case 2:
		file_commit_begin(m->f);
		l = layout_clone(file_commit_layout(m->f));
		l->gen++;
		file_commit_set(m->f, l);
		file_commit_end(m->f);
		layout_unref(l);
		break;
	default:
		assert_content(m->f, m->bytes, m->size);
	}
}

static void do_one(struct run *r)
{
	static void (*const ops[])(struct run *, struct model *) = {
		do_read,      do_read, do_write, do_write, do_write, do_truncate,
		do_fallocate, do_seek, do_copy,  do_copy,  do_copy,  do_nothing,
	};
	struct model *m = &r->files[random_range(&r->random, 0, FILES - 1)];

	ops[random_range(&r->random, 0, ARRAY_SIZE(ops) - 1)](r, m);
	assert_int_equal(size_of(m->f), m->size);
}

static struct layout *layout_of_kind(uint64_t kind)
{
	switch (kind) {
	case 0:
		return plain_layout(1);
	case 1:
		return plain_layout(4);
	case 2:
		return pfl_layout(LAYOUT_EOF);
	}
	return plain_layout(7); /* more stripes than OSTs */
}

static void run_on(const char *path, struct random_source random)
{
	struct run r = { .random = random, .scratch = calloc(1, SIZE_MAX_BYTES) };

	bed_init(&r.bed, path, BED_OSTS_MAX);
	for (uint32_t i = 0; i < FILES; i++) {
		struct model *m = &r.files[i];

		m->f = bed_file(&r.bed, layout_of_kind(i));
		m->bytes = calloc(1, SIZE_MAX_BYTES);
		assert_non_null(m->bytes);
	}
	for (int i = 0; i < ROUNDS; i++)
		do_one(&r);
	for (uint32_t i = 0; i < FILES; i++) {
		assert_content(r.files[i].f, r.files[i].bytes, r.files[i].size);
		file_free(r.files[i].f);
		free(r.files[i].bytes);
	}
	free(r.scratch);
	bed_release(&r.bed);
}

static void test_model(void **state)
{
	static const char *const types[] = { "tmpfs", "xfs", "ext4", "btrfs" };
	struct random_source random = random_start("model");
	char path[64];
	struct testfs fs;

	(void)state;
	if (!testfs_enter()) {
		assert_true(testfs_make_plain_xattrs(&fs, path));
		run_on(path, random);
		close(fs.dirfd);
		testfs_remove_plain(path);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!testfs_make(&fs, types[i], types[i], 512))
			continue;
		printf("%s\n", types[i]);
		snprintf(path, sizeof(path), TESTFS_BASE "/%s", types[i]);
		run_on(path, random);
		close(fs.dirfd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
