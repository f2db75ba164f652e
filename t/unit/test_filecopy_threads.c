/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filecopy_run() with many threads: several copies into one file, and several workers of one copy,
 * of which one fails.
 */
#include "test_filecopy_fixture.h"

#include <pthread.h>

struct part {
	struct pair p;
	int err;
};

static void *copy_part(void *arg)
{
	struct part *part = arg;

	part->err = filecopy_run(&ladder, &part->p.c, &part->p.r);
	return NULL;
}

static void threads_copy_parts_of_one_file(void **state)
{
	enum { PARTS = 8 };
	struct part parts[PARTS];
	pthread_t threads[PARTS];

	(void)state;
	for (int round = 0; round < 20; round++) {
		const struct testfs *fs = &engine_fs[(size_t)round % engine_fs_count];
		uint64_t each = SPARSE_BYTES / PARTS + 1;
		struct pair p;

		pair_open(&p, fs);
		make_sparse(p.src);
		for (int i = 0; i < PARTS; i++) {
			parts[i].p = p;
			parts[i].p.c.src_offset = parts[i].p.c.dst_offset = (uint64_t)i * each;
			parts[i].p.c.len_bytes = each;
			assert_int_equal(pthread_create(&threads[i], NULL, copy_part, &parts[i]),
					 0);
		}
		for (int i = 0; i < PARTS; i++) {
			pthread_join(threads[i], NULL);
			assert_int_equal(parts[i].err, 0);
		}
		assert_true(same_files(&p));
		pair_close(&p);
	}
}

/* Several workers, each with a ring: one of them fails, or is told to stop. */
#define DENSE_BYTES (40 * MIB + 7)

static void set_flag(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

static void one_of_many_workers_fails(const struct testfs *fs, const char *call, int result,
				      unsigned int at)
{
	atomic_bool stop = false;
	_Atomic uint64_t arrived = 0;
	struct engine_hook h = { .cold = true,
				 .only = call,
				 .at = at,
				 .count = 1,
				 .result = result,
				 .when_hit = result ? NULL : set_flag,
				 .arg = &stop };
	unsigned int fds = open_fds();
	struct pair p;
	int err;

	io_ladder_release(&ladder);
	io_ladder_init(&ladder, 0);
	pair_open(&p, fs);
	engine_write(p.src, 0, DENSE_BYTES, 1);
	p.c.whole = p.c.no_share = true;
	p.c.workers = 4;
	p.c.stop = &stop;
	p.c.done_bytes = &arrived;
	err = run(&p, &h);
	assert_int_equal(atomic_load(&arrived), engine_moved(&p.r.moved));
	assert_int_equal(p.r.copied_bytes, engine_moved(&p.r.moved));
	if (!err)
		assert_true(same_files(&p));
	if (!atomic_load(&h.hits) || result == -EINVAL || result > 0)
		assert_int_equal(err, 0);
	else
		assert_int_equal(err, result ? result : -ECANCELED);
	pair_close(&p);
	io_ladder_release(&ladder);
	assert_int_equal(open_fds(), fds);
	io_ladder_init(&ladder, 0);
}

static void many_workers(void **state)
{
	static const struct {
		const char *call;
		int result;
	} faults[] = { { "uring_read", -EIO },      { "uring_write", -ENOSPC },
		       { "uring_read", -EINVAL },   { "uring_write", -EINVAL },
		       { "uring_setup", -EINVAL },  { "uring_write", SYS_HOOK_SHORT },
		       { "uring_write", 0 },        { "pwrite", -EIO },
		       { "finish_writeback", -EIO } };
	const struct testfs *fs = &engine_fs[engine_fs_count - 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		for (unsigned int at = 0; at < 40; at = 4 * at + 1)
			one_of_many_workers_fails(fs, faults[i].call, faults[i].result, at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_copy_parts_of_one_file),
		cmocka_unit_test(many_workers),
	};

	return engine_run(tests, ARRAY_SIZE(tests), &ladder);
}
