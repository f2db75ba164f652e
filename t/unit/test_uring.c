/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rung with io_uring under faults: each of its calls fails in each way, once and from then on,
 * on each file system, with direct I/O for both files, for one of them, and for none. The copy ends
 * with the right bytes, or with the error and a right front part; a rung is left only where it may
 * be; no descriptor stays behind.
 */
#include "test_engine_fixture.h"

#define FRONT (280 * KIB)
#define ISLAND (320 * KIB)
#define SRC_BYTES (ISLAND + 270 * KIB + 7)
#define OLD_BYTES (400 * KIB)
#define LEN_BYTES (640 * KIB)

/* How the copy lies in the two files, and what there is for it. */
struct setting {
	const char *name;
	uint64_t src_offset, dst_offset;
	bool fresh; /* nothing is in the destination */
	bool old_linux;
	enum io_rung top;
};

static const struct setting settings[] = {
	{ "both direct", 4096 + 100, 8192 + 100, false, false, IO_URING },
	{ "destination direct", 1000, 512, false, true, IO_URING },
	{ "into nothing", 0, 0, true, false, IO_URING },
	{ "beside the kernel's copy", 0, 0, false, false, IO_KERNEL },
};

struct files {
	int src, dst, want; /* want: what the destination holds after a copy without a fault */
	const struct testfs *fs;
	const struct setting *s;
};

static uint64_t old_bytes(const struct setting *s)
{
	return s->fresh ? 0 : OLD_BYTES;
}

/* Of the destination before the copy. */
static void make_old(const struct setting *s, int fd)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	engine_write(fd, 0, old_bytes(s), 2);
}

static void make_want(struct files *f)
{
	uint8_t *bytes = calloc(1, LEN_BYTES);

	assert_non_null(bytes);
	make_old(f->s, f->want);
	assert_true(pread(f->src, bytes, LEN_BYTES, (off_t)f->s->src_offset) > 0);
	assert_int_equal(pwrite(f->want, bytes, LEN_BYTES, (off_t)f->s->dst_offset), LEN_BYTES);
	free(bytes);
}

static void files_open(struct files *f, const struct testfs *fs, const struct setting *s)
{
	*f = (struct files){ engine_file(fs, "source"), engine_file(fs, "destination"),
			     engine_file(fs, "want"), fs, s };
	engine_write(f->src, 0, FRONT, 1);
	engine_write(f->src, ISLAND, SRC_BYTES - ISLAND, 1);
	assert_int_equal(fsync(f->src), 0);
	make_want(f);
}

static void files_close(struct files *f)
{
	close(f->src);
	close(f->dst);
	close(f->want);
}

static bool is_one_of(int err, const int *list)
{
	for (; *list; list++) {
		if (*list == err)
			return true;
	}
	return false;
}

static const int refusals[] = {
	-EXDEV, -EOPNOTSUPP, -ENOSYS, -ENOTTY, -EINVAL, -ETXTBSY, -EPERM, 0
};
static const int real[] = { -EIO, -ENOSPC, -EFBIG, -EDQUOT, -ENOMEM, 0 };

/* 0: the copy must be complete; an error: it must end with that; 1: either. */
static int expected(const struct engine_hook *h)
{
	bool op = !strncmp(h->hit, "uring_", 6) && strcmp(h->hit, "uring_setup");
	bool optional = !strcmp(h->hit, "uring_setup") || !strcmp(h->hit, "openat") ||
			!strcmp(h->hit, "dio_align") || !strcmp(h->hit, "start_writeback") ||
			!strcmp(h->hit, "fadvise") || !strcmp(h->hit, "fstatvfs");
	bool transfer = op || !strcmp(h->hit, "pread") || !strcmp(h->hit, "pwrite") ||
			!strcmp(h->hit, "copy_file_range");

	if (atomic_load(&h->hits) == 0 || optional)
		return 0;
	if (h->result == SYS_HOOK_SHORT)
		return 0;
	if (h->result == SYS_HOOK_ZERO)
		return strcmp(h->hit, "uring_write") && strcmp(h->hit, "pwrite") ? 1 : -EIO;
	if (transfer && is_one_of(h->result, real))
		return h->result;
	if (op && (is_one_of(h->result, refusals) || h->result == -EAGAIN))
		return 0;
	if (h->result == -EINTR)
		return h->count == 1 ? 0 : 1;
	return 1;
}

static void check_result(const struct files *f, const struct engine_hook *h, int err,
			 const struct io_moved *moved, uint64_t done)
{
	uint64_t end = f->s->dst_offset + LEN_BYTES, before = f->s->dst_offset + done;
	int want = expected(h);

	if (want <= 0 && err != want)
		fail_msg("%s, %s: %s comes back with %d (%u times): the copy ended with %d",
			 f->fs->name, f->s->name, h->hit, h->result, h->count, err);
	assert_true(done <= LEN_BYTES);
	assert_int_equal(engine_moved(moved), done);
	assert_true(moved->direct_bytes <= moved->bytes[IO_URING]);
	if (engine_equal(f->dst, 0, f->want, 0, before) != before)
		fail_msg("%s, %s: %s comes back with %d: a wrong byte in front of %lu", f->fs->name,
			 f->s->name, h->hit, h->result, (unsigned long)before);
	assert_int_equal(engine_equal(f->dst, end, f->want, end, OLD_BYTES), OLD_BYTES);
	if (err) /* what failed is said, beside the system's words */
		assert_true(strlen(error_text(err)) > strlen(strerror(-err)) + 5);
	else
		assert_int_equal(done, LEN_BYTES);
}

static void copy_with_fault(const struct files *f, struct engine_hook *h)
{
	_Atomic uint64_t arrived = 0;
	const struct io_stages stages = { .done_bytes = &arrived };
	struct io_request req = engine_request(f->fs, f->src, f->fs, f->dst);
	struct io_moved moved = { 0 };
	struct io_ladder ladder;
	uint64_t done = UINT64_MAX;
	unsigned int fds = open_fds();
	int err;

	make_old(f->s, f->dst);
	req.src_offset = f->s->src_offset;
	req.dst_offset = f->s->dst_offset;
	req.len_bytes = LEN_BYTES;
	req.fresh = f->s->fresh;
	req.stages = &stages;
	engine_ladder(&ladder, &req, f->s->top);
	/* Small slots, so that there are many of them. */
	rings_release(&ladder.rings);
	rings_init(&ladder.rings, 256 * KIB);
	error_clear();
	engine_hook_set(h);
	err = io_copy(&ladder, &req, &moved, &done);
	engine_hook_end(h);
	check_result(f, h, err, &moved, done);
	assert_int_equal(atomic_load(&arrived), done);
	io_ladder_release(&ladder);
	assert_int_equal(open_fds(), fds);
}

/* One of each kind come first: XFS goes through all of them. */
#define RESULTS_FEW 6

static void faults_in(const struct testfs *fs, const struct setting *s)
{
	static const int results[] = { -EIO,        SYS_HOOK_SHORT, SYS_HOOK_ZERO, -EINVAL, -EAGAIN,
				       -ENOSYS,     -ENOSPC,        -EFBIG,        -EDQUOT, -EXDEV,
				       -EOPNOTSUPP, -ETXTBSY,       -EPERM,        -ENOTTY, -ENOENT,
				       -EBADF,      -EINTR,         -ENOMEM };
	size_t count = strcmp(fs->name, "xfs") ? RESULTS_FEW : ARRAY_SIZE(results);
	struct files f;

	files_open(&f, fs, s);
	for (size_t i = 0; i < count; i++) {
		bool more = true;

		for (unsigned int at = 0; more; at++) {
			struct engine_hook once = { .cold = true,
						    .old_linux = s->old_linux,
						    .at = at,
						    .count = 1,
						    .result = results[i] };
			struct engine_hook from = once;

			from.count = 1000; /* EINTR may be tried again for ever */
			copy_with_fault(&f, &once);
			more = atomic_load(&once.seen) > at;
			/* After a real error there is no other call. */
			if (results[i] > 0 || results[i] == -EINVAL || results[i] == -EAGAIN ||
			    results[i] == -EINTR)
				copy_with_fault(&f, &from);
		}
	}
	files_close(&f);
}

static void every_call_fails_in_every_way(void **state)
{
	(void)state;
	if (!engine_has_uring())
		return;
	for (size_t i = 0; i < engine_fs_count; i++) {
		/* tmpfs is in memory: it never comes to this rung there. */
		size_t count = strcmp(engine_fs[i].name, "tmpfs") ? ARRAY_SIZE(settings) : 1;

		for (size_t s = 0; s < count; s++)
			faults_in(&engine_fs[i], &settings[s]);
	}
}

/* The rung does what it is here for, and so the faults were in it. */
static void it_was_this_rung(void **state)
{
	(void)state;
	if (!engine_has_uring())
		return;
	for (size_t i = 0; i < engine_fs_count; i++) {
		struct engine_hook hook = { .cold = true };
		struct io_moved moved = { 0 };
		struct io_ladder ladder;
		struct io_request req;
		struct files f;
		uint64_t done;

		if (!strcmp(engine_fs[i].name, "tmpfs") || engine_plain[0])
			continue;
		files_open(&f, &engine_fs[i], &settings[0]);
		req = engine_request(f.fs, f.src, f.fs, f.dst);
		req.len_bytes = LEN_BYTES;
		engine_ladder(&ladder, &req, IO_URING);
		engine_hook_set(&hook);
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
		engine_hook_end(&hook);
		assert_int_equal(moved.bytes[IO_URING], SRC_BYTES - (ISLAND - FRONT));
		assert_in_range(moved.direct_bytes, moved.bytes[IO_URING] - ENGINE_BLOCK,
				moved.bytes[IO_URING]);
		io_ladder_release(&ladder);
		files_close(&f);
	}
}

/* Where there is no io_uring, that is found out once, and nothing is measured for it. */
static void a_host_without_it_is_asked_once(void **state)
{
	static const int results[] = { -EPERM, -ENOSYS };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		struct engine_hook hook = { .cold = true,
					    .only = "uring_setup",
					    .count = UINT32_MAX,
					    .result = results[i] };
		const struct testfs *fs = &engine_fs[engine_fs_count - 1];
		struct io_moved moved = { 0 };
		struct io_ladder ladder;
		struct io_request req;
		struct files f;
		uint64_t done;

		files_open(&f, fs, &settings[0]);
		req = engine_request(fs, f.src, fs, f.dst);
		req.len_bytes = LEN_BYTES;
		engine_ladder(&ladder, &req, IO_KERNEL);
		engine_hook_set(&hook);
		for (int n = 0; n < 5; n++)
			assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
		engine_hook_end(&hook);
		assert_true(atomic_load(&hook.hits) <= 1);
		if (atomic_load(&hook.hits) == 1) /* not from a tmpfs */
			assert_true(io_ladder_refused(&ladder, &req, IO_URING));
		io_ladder_release(&ladder);
		files_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_was_this_rung),
		cmocka_unit_test(every_call_fails_in_every_way),
		cmocka_unit_test(a_host_without_it_is_asked_once),
	};
	int failed;

	engine_setup(400);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_teardown();
	return failed;
}
