/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A byte of the destination that isn't what the source had is found, wherever it lies and however
 * it came there: between the copy and its verification something happens to the destination.
 */
#include "test_engine_fixture.h"

#include "copy/filecopy.h"
#include "copy/verify.h"

#define ISLAND MIB
#define ISLAND_BYTES (9 * MIB + 77) /* a large copy, many checksums */
#define HOLE (ISLAND + ISLAND_BYTES)
#define SPARSE_BYTES (12 * MIB + 5)

static struct io_ladder ladder;

/* What happens to a file. */
struct damage {
	int fd;
	uint64_t at;
	bool cut; /* it ends there; otherwise a byte is changed */
};

static void damage(void *arg)
{
	const struct damage *d = arg;
	unsigned char byte = 0;

	if (d->cut) {
		assert_int_equal(ftruncate(d->fd, (off_t)d->at), 0);
		return;
	}
	assert_int_equal(pread(d->fd, &byte, 1, (off_t)d->at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(d->fd, &byte, 1, (off_t)d->at), 1);
}

static void make_sparse(int fd)
{
	engine_write(fd, 0, 100 * KIB + 3, 1);
	engine_write(fd, ISLAND, ISLAND_BYTES, 1);
	assert_int_equal(ftruncate(fd, SPARSE_BYTES), 0);
}

static int verified_copy(const struct testfs *fs, int src, bool cold, bool no_share,
			 struct damage *d, struct filecopy_result *result)
{
	/* The first thing that verifying does is to write the destination out. */
	struct engine_hook h = {
		.cold = cold, .only = "fdatasync", .count = 1, .when_hit = damage, .arg = d
	};
	int dst = engine_file(fs, "destination"), err;
	const struct filecopy c = {
		.src_fd = src, .dst_fd = dst, .whole = true, .no_share = no_share, .verify = true
	};

	d->fd = dst;
	error_clear();
	engine_hook_set(&h);
	err = filecopy_run(&ladder, &c, result);
	engine_hook_end(&h);
	assert_int_equal(atomic_load(&h.hits), 1);
	close(dst);
	return err;
}

static void a_changed_byte_is_found(void **state)
{
	static const uint64_t places[] = { 0,
					   5,
					   100 * KIB + 2,
					   100 * KIB + 3, /* in the hole, same block */
					   500 * KIB,     /* in the hole */
					   ISLAND,
					   ISLAND + 4 * MIB + 4095,
					   HOLE - 1,
					   HOLE,
					   SPARSE_BYTES - 1 };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		int src = engine_file(&engine_fs[f], "source");

		make_sparse(src);
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			bool cold = i % 2, no_share = i % 3 == 0;
			struct damage d = { .at = places[i] };
			struct filecopy_result r;
			int err = verified_copy(&engine_fs[f], src, cold, no_share, &d, &r);

			if (err != -EBADMSG)
				fail_msg("%s: byte %lu is wrong, and the copy ends with %d",
					 engine_fs[f].name, (unsigned long)places[i], err);
			assert_non_null(strstr(error_text(err), "differs from the source near"));
			assert_true(r.verified_bytes < SPARSE_BYTES);
		}
		close(src);
	}
}

static void a_missing_end_is_found(void **state)
{
	static const uint64_t ends[] = { 0, ISLAND + 100, HOLE, SPARSE_BYTES - 1 };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		int src = engine_file(&engine_fs[f], "source");

		make_sparse(src);
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			struct damage d = { .at = ends[i], .cut = true };
			struct filecopy_result r;

			assert_int_equal(verified_copy(&engine_fs[f], src, i % 2, i % 2, &d, &r),
					 -EBADMSG);
		}
		close(src);
	}
}

/* ---- verify_run() alone ---- */

struct subject {
	int src, dst;
	struct sums sums;
	struct verify v;
};

static void subject_open(struct subject *s, const struct testfs *fs)
{
	*s = (struct subject){ .src = engine_file(fs, "source"),
			       .dst = engine_file(fs, "destination") };
	make_sparse(s->src);
	make_sparse(s->dst);
	sums_init(&s->sums);
	s->v = (struct verify){
		.src_fd = s->src, .dst_fd = s->dst, .len_bytes = SPARSE_BYTES, .sums = &s->sums
	};
}

static void subject_close(struct subject *s)
{
	sums_release(&s->sums);
	close(s->src);
	close(s->dst);
}

static void add_sum(struct subject *s, uint64_t offset, uint32_t len)
{
	uint8_t *bytes = calloc(1, len);

	assert_non_null(bytes);
	assert_true(pread(s->src, bytes, len, (off_t)offset) >= 0);
	assert_int_equal(sums_add(&s->sums, offset, bytes, len), 0);
	free(bytes);
}

/*
 * Checksums anywhere: next to each other, with gaps, across the range's ends, overlapping,
 * unaligned.
 */
static void checksums_need_not_tile_the_range(void **state)
{
	struct random_source r = random_start("checksums_need_not_tile_the_range");

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (int i = 0; i < 12; i++) {
			struct subject s;
			uint64_t verified;

			subject_open(&s, &engine_fs[f]);
			for (uint64_t n = random_range(&r, 0, 30); n > 0; n--)
				add_sum(&s, random_range(&r, 0, SPARSE_BYTES - 1),
					(uint32_t)random_range(&r, 1, 2 * MIB));
			sums_settle(&s.sums);
			s.v.src_offset = s.v.dst_offset = random_range(&r, 0, 3 * MIB);
			s.v.len_bytes = random_range(&r, 1, SPARSE_BYTES - s.v.dst_offset);
			assert_int_equal(verify_run(&ladder.buffers, &s.v, &verified), 0);
			assert_int_equal(verified, s.v.len_bytes);
			subject_close(&s);
		}
	}
}

/* The source may have changed since: what counts is what was read for the copy. */
static void the_checksum_counts_and_not_the_source(void **state)
{
	struct subject s;
	uint64_t verified;

	(void)state;
	subject_open(&s, &engine_fs[engine_fs_count - 1]);
	for (uint64_t at = 0; at < SPARSE_BYTES; at += MIB)
		add_sum(&s, at, (uint32_t)MIN_OF(MIB, SPARSE_BYTES - at));
	engine_write(s.src, 3 * MIB, 100, 9);
	assert_int_equal(verify_run(&ladder.buffers, &s.v, &verified), 0);
	assert_int_equal(verified, SPARSE_BYTES);
	engine_write(s.dst, 3 * MIB, 100, 9);
	assert_int_equal(verify_run(&ladder.buffers, &s.v, &verified), -EBADMSG);
	subject_close(&s);
}

static void a_stop_ends_it(void **state)
{
	atomic_bool stop = true;
	struct subject s;
	uint64_t verified;

	(void)state;
	subject_open(&s, &engine_fs[0]);
	s.v.stop = &stop;
	assert_int_equal(verify_run(&ladder.buffers, &s.v, &verified), -ECANCELED);
	assert_int_equal(verified, 0);
	subject_close(&s);
}

/* With the least memory there is one buffer for all threads. */
static void one_buffer_is_enough(void **state)
{
	struct io_ladder small;
	struct subject s;
	uint64_t verified;

	(void)state;
	io_ladder_init(&small, IO_MEMORY_MIN);
	subject_open(&s, &engine_fs[engine_fs_count - 1]);
	assert_int_equal(verify_run(&small.buffers, &s.v, &verified), 0);
	assert_int_equal(small.buffers.made, 1);
	subject_close(&s);
	io_ladder_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(a_missing_end_is_found),
		cmocka_unit_test(checksums_need_not_tile_the_range),
		cmocka_unit_test(the_checksum_counts_and_not_the_source),
		cmocka_unit_test(a_stop_ends_it),
		cmocka_unit_test(one_buffer_is_enough),
	};

	return engine_run(tests, ARRAY_SIZE(tests), &ladder);
}
