/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and ranges of files by filecopy_run(): sizes, holes, what others do to the files meanwhile;
 * each of its calls failing in each way, also while it verifies: never success with a wrong byte.
 */
#include "test_filecopy_fixture.h"

/* ---- sizes ---- */

static void a_whole_file_becomes_another(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 4095, 4096, MIB + 1 };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(sizes); i++) {
			uint64_t size = sizes[i % ARRAY_SIZE(sizes)];
			struct pair p;

			pair_open(&p, &engine_fs[f]);
			engine_write(p.src, 0, size, 1);
			engine_write(p.dst, 0, sizes[i / ARRAY_SIZE(sizes)], 2);
			p.c.whole = true;
			p.c.verify = i % 2;
			p.c.sync = i % 3 == 0;
			p.c.src_offset = 77; /* doesn't count */
			assert_int_equal(run(&p, NULL), 0);
			assert_true(same_files(&p));
			assert_int_equal(p.r.copied_bytes, size);
			assert_int_equal(p.r.verified_bytes, p.c.verify ? size : 0);
			assert_int_equal(engine_moved(&p.r.moved), size);
			assert_false(p.r.changed);
			pair_close(&p);
		}
	}
}

static void a_range_changes_nothing_around_it(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		struct pair p;

		pair_open(&p, &engine_fs[f]);
		make_sparse(p.src);
		engine_write(p.dst, 0, 2 * MIB, 2);
		p.c.src_offset = 100;
		p.c.dst_offset = 5000;
		p.c.len_bytes = MIB + 100 * KIB;
		p.c.verify = true;
		assert_int_equal(run(&p, NULL), 0);
		assert_int_equal(engine_size(p.dst), 2 * MIB);
		assert_int_equal(engine_equal(p.src, 100, p.dst, 5000, p.c.len_bytes),
				 p.c.len_bytes);
		assert_int_equal(p.r.verified_bytes, p.c.len_bytes);
		/*
		 * Up to the end of the source, which is a hole; and what isn't there isn't counted.
		 */
		p.c.src_offset = MIB;
		p.c.dst_offset = 3 * MIB;
		p.c.len_bytes = INT64_MAX - 3 * MIB;
		assert_int_equal(run(&p, NULL), 0);
		assert_int_equal(p.r.copied_bytes, SPARSE_BYTES - MIB);
		assert_int_equal(engine_size(p.dst), 3 * MIB + SPARSE_BYTES - MIB);
		assert_int_equal(engine_equal(p.src, MIB, p.dst, 3 * MIB, SPARSE_BYTES - MIB),
				 SPARSE_BYTES - MIB);
		/* Behind it. */
		p.c.src_offset = SPARSE_BYTES;
		p.c.dst_offset = 100 * MIB;
		assert_int_equal(run(&p, NULL), 0);
		assert_int_equal(p.r.copied_bytes, 0);
		assert_int_equal(engine_size(p.dst), 3 * MIB + SPARSE_BYTES - MIB);
		pair_close(&p);
	}
}

static void old_data_does_not_shine_through_holes(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (int no_share = 0; no_share < 2; no_share++) {
			struct pair p;

			pair_open(&p, &engine_fs[f]);
			make_sparse(p.src);
			engine_write(p.dst, 0, 5 * MIB, 2);
			/* XFS gives blocks behind the end in advance, and takes them away so. */
			assert_int_equal(ftruncate(p.dst, 5 * MIB), 0);
			p.c.whole = true;
			p.c.no_share = no_share;
			assert_int_equal(run(&p, NULL), 0);
			assert_true(same_files(&p));
			if (engine_fs[f].physical)
				assert_true(engine_allocated(p.dst) <=
					    engine_allocated(p.src) + 64 * KIB);
			pair_close(&p);
		}
	}
}

/* ---- what is refused ---- */

static void only_regular_files(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipes[2];
	struct pair p;

	(void)state;
	assert_true(null >= 0);
	assert_int_equal(pipe(pipes), 0);
	pair_open(&p, &engine_fs[0]);
	p.c.whole = true;
	p.c.src_fd = null;
	assert_int_equal(run(&p, NULL), -EINVAL);
	p.c.src_fd = pipes[0];
	assert_int_equal(run(&p, NULL), -EINVAL);
	p.c.src_fd = engine_fs[0].dirfd;
	assert_int_equal(run(&p, NULL), -EINVAL);
	p.c.src_fd = p.src;
	p.c.dst_fd = null;
	assert_int_equal(run(&p, NULL), -EINVAL);
	p.c.dst_fd = -1;
	assert_int_equal(run(&p, NULL), -EBADF);
	pair_close(&p);
	close(null);
	close(pipes[0]);
	close(pipes[1]);
}

static void within_one_file(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		struct pair p;

		pair_open(&p, &engine_fs[f]);
		engine_write(p.src, 0, MIB, 1);
		p.c.dst_fd = p.src;
		p.c.src_offset = 100 * KIB;
		p.c.dst_offset = 2 * MIB;
		p.c.len_bytes = 500 * KIB + 1;
		p.c.verify = true;
		assert_int_equal(run(&p, NULL), 0);
		assert_int_equal(engine_equal(p.src, 100 * KIB, p.src, 2 * MIB, 500 * KIB + 1),
				 500 * KIB + 1);
		/* It was we who wrote to it. */
		assert_false(p.r.changed);
		p.c.dst_offset = 300 * KIB;
		assert_int_equal(run(&p, NULL), -EINVAL);
		p.c.whole = true;
		assert_int_equal(run(&p, NULL), -EINVAL);
		assert_true(engine_size(p.src) > 2 * MIB);
		pair_close(&p);
	}
}

/* ---- others ---- */

struct other {
	int fd;
	uint64_t offset, size;
};

static void write_there(void *arg)
{
	struct other *o = arg;

	engine_write(o->fd, o->offset, 8192, 3);
}

/* Somebody else, or another thread of the same program, fills another part of the destination. */
static void ranges_of_one_destination_do_not_cut_each_other_off(void **state)
{
	static const char *const at[] = { "pread",     "copy_file_range", "clone_range", "fstatat",
					  "ftruncate", "pwrite",          "seek" };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(at) * 8; i++) {
			struct other other = { .offset = 10 * MIB };
			struct engine_hook h = { .only = at[i / 8],
						 .at = (unsigned int)i % 8,
						 .count = 1,
						 .when_hit = write_there,
						 .arg = &other };
			struct pair p;

			pair_open(&p, &engine_fs[f]);
			make_sparse(p.src);
			other.fd = p.dst;
			p.c.len_bytes = SPARSE_BYTES;
			assert_int_equal(run(&p, &h), 0);
			if (atomic_load(&h.hits)) {
				assert_int_equal(engine_size(p.dst), 10 * MIB + 8192);
				write_there(&(struct other){ p.src, 10 * MIB, 0 });
				assert_int_equal(
					engine_equal(p.src, 10 * MIB, p.dst, 10 * MIB, 8192), 8192);
			} else {
				assert_int_equal(engine_size(p.dst), SPARSE_BYTES);
			}
			pair_close(&p);
		}
	}
}

static void cut_off(void *arg)
{
	struct other *o = arg;

	assert_int_equal(ftruncate(o->fd, (off_t)o->size), 0);
}

/* The destination ends where the source does at the end; and that something happened is said. */
static void a_source_that_is_cut_off(void **state)
{
	static const uint64_t sizes[] = { 0, 100 * KIB + 1, MIB + 10, 2 * MIB };

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes) * 4; i++) {
			struct other other = { .size = sizes[i / 4] };
			struct engine_hook h = { .only = "pread",
						 .at = (unsigned int)(i % 4),
						 .count = 1,
						 .when_hit = cut_off,
						 .arg = &other };
			struct pair p;

			pair_open(&p, &engine_fs[f]);
			make_sparse(p.src);
			other.fd = p.src;
			p.c.whole = i % 2;
			p.c.len_bytes = SPARSE_BYTES;
			p.c.no_share = true;
			assert_int_equal(run(&p, &h), 0);
			assert_int_equal(engine_size(p.dst), sizes[i / 4]);
			assert_int_equal(p.r.copied_bytes, sizes[i / 4]);
			assert_true(p.r.changed);
			pair_close(&p);
		}
	}
}

static void a_source_that_is_written_to_is_noticed(void **state)
{
	struct other other = { .offset = 500 * KIB };
	struct engine_hook h = {
		.only = "pread", .count = 1, .when_hit = write_there, .arg = &other
	};
	struct pair p;
	int err;

	(void)state;
	pair_open(&p, &engine_fs[0]);
	engine_write(p.src, 0, MIB, 1);
	usleep(20000); /* times of files are as fine as the kernel's clock ticks */
	other.fd = p.src;
	p.c.whole = p.c.no_share = p.c.verify = true;
	err = run(&p, &h);
	assert_true(p.r.changed);
	/* What was read is what is there; or it can't be told. */
	assert_true(err == 0 || err == -EAGAIN);
	pair_close(&p);
}

/* ---- faults ---- */

static void open_sweep(struct pair *p, const struct testfs *fs, bool no_share)
{
	pair_open(p, fs);
	make_sparse(p->src);
	engine_write(p->dst, 0, 100 * KIB, 2);
	p->c.whole = p->c.verify = p->c.sync = true;
	p->c.no_share = no_share;
}

static void sweep(const struct testfs *fs, bool no_share)
{
	static const int results[] = { -EIO,        SYS_HOOK_SHORT, -EINVAL, -ENOSPC,
				       -EOPNOTSUPP, -EPERM,         -EINTR,  SYS_HOOK_ZERO };
	/* One of each kind everywhere, all of them on XFS. */
	size_t count = strcmp(fs->name, "xfs") ? 2 : ARRAY_SIZE(results);

	io_ladder_release(&ladder);
	for (size_t i = 0; i < count; i++) {
		bool more = true;

		/* Every call, and of the other kinds of failure fewer and fewer. */
		for (unsigned int at = 0; more; at += i ? 1 + at / 6 : 1) {
			struct engine_hook h = { .cold = at % 2,
						 .at = at,
						 .count = at % 3 ? 1 : 1000,
						 .result = results[i] };
			unsigned int fds = open_fds();
			struct pair p;
			int err;

			io_ladder_init(&ladder, 0);
			open_sweep(&p, fs, no_share);
			err = run(&p, &h);
			more = atomic_load(&h.seen) > at;
			if (!err && !same_files(&p))
				fail_msg("%s: %s comes back with %d: success, but not the same "
					 "bytes",
					 fs->name, h.hit, results[i]);
			if (!err)
				assert_int_equal(p.r.verified_bytes, SPARSE_BYTES);
			/* A file that says it ends before its size is taken at its word. */
			if (err == -EBADMSG && results[i] != SYS_HOOK_ZERO && same_files(&p))
				fail_msg("%s: %s comes back with %d: a difference that isn't there",
					 fs->name, h.hit, results[i]);
			if (err)
				assert_true(strlen(error_text(err)) > strlen(strerror(-err)) + 5);
			assert_int_equal(p.r.copied_bytes, engine_moved(&p.r.moved));
			if (!strcmp(h.hit, "fsync") || !strcmp(h.hit, "fdatasync") ||
			    !strcmp(h.hit, "ftruncate"))
				assert_int_equal(err, results[i] < 0 && results[i] != -EINTR
							      ? results[i]
							      : 0);
			pair_close(&p);
			io_ladder_release(&ladder);
			assert_int_equal(open_fds(), fds);
		}
	}
	io_ladder_init(&ladder, 0);
}

static void every_call_fails_in_every_way(void **state)
{
	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		sweep(&engine_fs[f], false);
		sweep(&engine_fs[f], true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_becomes_another),
		cmocka_unit_test(a_range_changes_nothing_around_it),
		cmocka_unit_test(old_data_does_not_shine_through_holes),
		cmocka_unit_test(only_regular_files),
		cmocka_unit_test(within_one_file),
		cmocka_unit_test(ranges_of_one_destination_do_not_cut_each_other_off),
		cmocka_unit_test(a_source_that_is_cut_off),
		cmocka_unit_test(a_source_that_is_written_to_is_noticed),
		cmocka_unit_test(every_call_fails_in_every_way),
	};

	return engine_run(tests, ARRAY_SIZE(tests), &ladder);
}
