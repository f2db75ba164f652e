/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io_copy on real file systems against a model in memory; and with each of its system calls failing
 * in each way: the copy ends with the right bytes, or with the error and a right front part. Never
 * with success and a byte missing.
 */
#include "unit.h"

#include "random.h"
#include "testfs.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/ladder.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define BLOCK 4096
#define MODEL_BYTES (640 * KIB)

static struct testfs file_systems[4];
static size_t file_system_count;

/* A file and what it should hold; zeros after its size. */
struct model {
	int fd;
	uint64_t size;
	uint8_t *bytes; /* MODEL_BYTES */
};

static void model_init(struct model *m, const struct testfs *fs, const char *name)
{
	m->fd = openat(fs->dirfd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	m->size = 0;
	m->bytes = calloc(1, MODEL_BYTES);
	assert_true(m->fd >= 0);
	assert_non_null(m->bytes);
}

static void model_release(struct model *m)
{
	close(m->fd);
	free(m->bytes);
}

static void model_write(struct model *m, uint64_t offset, uint64_t len, struct random_source *r)
{
	uint64_t bits = 0;

	for (uint64_t i = 0; i < len; i++, bits >>= 8) {
		if (i % 8 == 0)
			bits = random_u64(r);
		m->bytes[offset + i] = (uint8_t)bits | 1;
	}
	assert_int_equal(pwrite(m->fd, m->bytes + offset, len, (off_t)offset), len);
	m->size = MAX_OF(m->size, offset + len);
}

/* Data, holes and preallocated ranges, at block boundaries or not. */
static void model_fill(struct model *m, uint64_t size, struct random_source *r)
{
	uint64_t pos = 0;

	assert_int_equal(ftruncate(m->fd, 0), 0);
	memset(m->bytes, 0, MODEL_BYTES);
	m->size = 0;
	while (pos < size) {
		uint64_t len = random_range(r, 1, 30 * BLOCK);

		if (random_range(r, 0, 1))
			len = (len + BLOCK - 1) / BLOCK * BLOCK;
		len = MIN_OF(len, size - pos);
		switch (random_range(r, 0, 4)) {
		case 0:
		case 1:
			break;
		case 2:
			(void)!fallocate(m->fd, FALLOC_FL_KEEP_SIZE, (off_t)pos, (off_t)len);
			break;
		default:
			model_write(m, pos, len, r);
		}
		pos += len;
	}
	assert_int_equal(ftruncate(m->fd, (off_t)size), 0);
	m->size = size;
}

/* What the destination should hold after the first len bytes of the request are copied. */
static void model_copy(struct model *dst, const struct model *src, const struct io_request *req,
		       uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		dst->bytes[req->dst_offset + i] =
			req->src_offset + i < src->size ? src->bytes[req->src_offset + i] : 0;
}

static void read_all(const struct model *m, uint8_t *bytes, uint64_t *size)
{
	ssize_t n;

	memset(bytes, 0, MODEL_BYTES);
	n = pread(m->fd, bytes, MODEL_BYTES, 0);
	assert_true(n >= 0);
	*size = (uint64_t)n;
}

/* The range of the file is as in the model; after it and before it too. */
static void check_all(const struct model *m)
{
	CLEANUP_FREE uint8_t *bytes = malloc(MODEL_BYTES);
	uint64_t size;

	assert_non_null(bytes);
	read_all(m, bytes, &size);
	if (memcmp(bytes, m->bytes, MODEL_BYTES)) {
		uint64_t i = 0;

		while (bytes[i] == m->bytes[i])
			i++;
		print_error("byte %#lx is %#x and should be %#x\n", (unsigned long)i, bytes[i],
			    m->bytes[i]);
		assert_true(false);
	}
}

static struct io_request request_of(const struct testfs *fs, const struct model *src,
				    const struct model *dst)
{
	return (struct io_request){ .src = { .fd = src->fd, .dev = fs->dev },
				    .dst = { .fd = dst->fd, .dev = fs->dev } };
}

static uint64_t moved_sum(const struct io_moved *m)
{
	uint64_t sum = m->hole_bytes;

	for (int i = 0; i < IO_RUNGS; i++)
		sum += m->bytes[i];
	return sum;
}

/* A ladder on which the first `top` rungs are refused. */
static void ladder_from(struct io_ladder *ladder, const struct io_request *req, enum io_rung top)
{
	io_ladder_init(ladder, 0);
	/* What is found out about devices once is not what faults are injected into. */
	(void)io_device_of(ladder, &req->src);
	(void)io_device_of(ladder, &req->dst);
	for (enum io_rung rung = 0; rung < top; rung++)
		io_ladder_note(ladder, req, rung, RUNG_REFUSED);
}

static void random_copies_on(const struct testfs *fs, struct random_source *r)
{
	struct model src, dst;
	struct io_ladder ladders[IO_RUNGS];
	struct io_request req;

	model_init(&src, fs, "source");
	model_init(&dst, fs, "destination");
	req = request_of(fs, &src, &dst);
	for (enum io_rung top = 0; top < IO_RUNGS; top++)
		ladder_from(&ladders[top], &req, top);

	for (int i = 0; i < 400; i++) {
		struct io_moved moved = { .hole_bytes = 0 };
		enum io_rung top = (enum io_rung)random_range(r, 0, IO_RUNGS - 1);
		uint64_t done = 99, size_before, reach;
		struct stat st;

		model_fill(&src, random_range(r, 0, 300 * KIB), r);
		model_fill(&dst, random_range(r, 0, 300 * KIB), r);
		req.src_offset = random_range(r, 0, 200 * KIB);
		req.dst_offset = random_range(r, 0, 200 * KIB);
		req.len_bytes = random_range(r, 0, 250 * KIB);
		if (random_range(r, 0, 2))
			req.dst_offset = req.dst_offset / BLOCK * BLOCK + req.src_offset % BLOCK;
		if (!random_range(r, 0, 5))
			req.src_offset = req.dst_offset = 0;
		if (!random_range(r, 0, 3) && src.size >= req.src_offset)
			req.len_bytes = src.size - req.src_offset;
		req.no_share = !random_range(r, 0, 4);
		req.fresh = req.dst_offset >= dst.size && random_range(r, 0, 1);
		size_before = dst.size;
		model_copy(&dst, &src, &req, req.len_bytes);

		assert_int_equal(io_copy(&ladders[top], &req, &moved, &done), 0);
		assert_int_equal(done, req.len_bytes);
		assert_int_equal(moved_sum(&moved), req.len_bytes);
		if (req.no_share)
			assert_int_equal(moved.bytes[IO_SHARE] + moved.bytes[IO_KERNEL], 0);
		check_all(&dst);
		assert_int_equal(fstat(dst.fd, &st), 0);
		reach = src.size > req.src_offset
				? req.dst_offset + MIN_OF(req.len_bytes, src.size - req.src_offset)
				: 0;
		assert_in_range(st.st_size, size_before, MAX_OF(size_before, reach));
	}
	for (enum io_rung top = 0; top < IO_RUNGS; top++)
		io_ladder_release(&ladders[top]);
	model_release(&src);
	model_release(&dst);
}

static void random_copies(void **state)
{
	struct random_source r = random_start("random_copies");

	(void)state;
	for (size_t i = 0; i < file_system_count; i++)
		random_copies_on(&file_systems[i], &r);
}

/* Bytes of [start, end) that lie in extents shared with another file. */
static uint64_t shared_bytes(int fd, uint64_t start, uint64_t end)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 256 * sizeof(struct fiemap_extent)];
	} u = { .map = { .fm_length = FIEMAP_MAX_OFFSET,
			 .fm_flags = FIEMAP_FLAG_SYNC,
			 .fm_extent_count = 256 } };
	uint64_t sum = 0;

	assert_int_equal(ioctl(fd, FS_IOC_FIEMAP, &u.map), 0);
	for (unsigned int i = 0; i < u.map.fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &u.map.fm_extents[i];
		uint64_t from = MAX_OF(start, e->fe_logical),
			 to = MIN_OF(end, e->fe_logical + e->fe_length);

		if (e->fe_flags & FIEMAP_EXTENT_SHARED && from < to)
			sum += to - from;
	}
	return sum;
}

/* One copy of fully written files; checks the bytes and how much of it is shared. */
static void check_sharing(const struct testfs *fs, uint64_t src_size, uint64_t dst_size,
			  uint64_t src_offset, uint64_t dst_offset, uint64_t len,
			  uint64_t want_shared)
{
	struct random_source r = { .state = 1 };
	struct io_moved moved = { .hole_bytes = 0 };
	struct model src, dst;
	struct io_ladder ladder;
	struct io_request req;
	uint64_t done, in_blocks = (want_shared + BLOCK - 1) / BLOCK * BLOCK;

	model_init(&src, fs, "source");
	model_init(&dst, fs, "destination");
	model_write(&src, 0, src_size, &r);
	if (dst_size)
		model_write(&dst, 0, dst_size, &r);
	req = request_of(fs, &src, &dst);
	req.src_offset = src_offset;
	req.dst_offset = dst_offset;
	req.len_bytes = len;
	io_ladder_init(&ladder, 0);
	model_copy(&dst, &src, &req, len);
	assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
	check_all(&dst);
	assert_int_equal(moved.bytes[IO_SHARE], want_shared);
	assert_int_equal(shared_bytes(dst.fd, 0, MODEL_BYTES), in_blocks);
	assert_int_equal(io_will_share(&ladder, &req), want_shared > 0);
	io_ladder_release(&ladder);
	model_release(&src);
	model_release(&dst);
}

static void aligned_parts_are_shared(void **state)
{
	const uint64_t k = KIB;

	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		const struct testfs *fs = &file_systems[i];

		if (!fs->shares)
			continue;
		check_sharing(fs, 256 * k, 0, 0, 0, 256 * k, 256 * k);
		check_sharing(fs, 256 * k, 400 * k, 64 * k, 128 * k, 64 * k, 64 * k);
		/* Odd end of both files: in one call. */
		check_sharing(fs, 200 * k + 77, 0, 0, 0, 200 * k + 77, 200 * k + 77);
		check_sharing(fs, 200 * k + 77, 100 * k, 0, 0, 200 * k + 77, 200 * k + 77);
		check_sharing(fs, 200 * k + 77, 0, 0, 8 * k, 300 * k, 200 * k + 77);
		/* The destination goes on: the last block is copied. */
		check_sharing(fs, 200 * k + 77, 300 * k, 0, 0, 200 * k + 77, 200 * k);
		/* Unaligned ends are split off, with the same remainder. */
		check_sharing(fs, 256 * k, 0, 100, 100, 200 * k, 196 * k);
		check_sharing(fs, 256 * k, 400 * k, 100, 8 * k + 100, 200 * k + 3996, 200 * k);
		/* Never fits. */
		check_sharing(fs, 256 * k, 0, 0, 1, 200 * k, 0);
		check_sharing(fs, 256 * k, 0, 4095, 4095, 4096, 0);
	}
}

static void mirrors_do_not_share(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		const struct testfs *fs = &file_systems[i];
		struct random_source r = { .state = 1 };
		struct io_moved moved = { .hole_bytes = 0 };
		struct model src, dst;
		struct io_ladder ladder;
		struct io_request req;
		uint64_t done;

		if (!fs->shares)
			continue;
		model_init(&src, fs, "source");
		model_init(&dst, fs, "destination");
		model_write(&src, 0, 256 * KIB, &r);
		req = request_of(fs, &src, &dst);
		req.len_bytes = 256 * KIB;
		req.no_share = true;
		io_ladder_init(&ladder, 0);
		model_copy(&dst, &src, &req, req.len_bytes);
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
		check_all(&dst);
		assert_int_equal(moved.bytes[IO_RW], 256 * KIB);
		assert_int_equal(shared_bytes(dst.fd, 0, MODEL_BYTES), 0);
		io_ladder_release(&ladder);
		model_release(&src);
		model_release(&dst);
	}
}

/* Data at both ends of a file of 512 KiB, on every rung, onto old data or none: blocks follow the
 * data. */
static void holes_stay_holes(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		const struct testfs *fs = &file_systems[i];

		for (unsigned int n = 0; n < 2 * IO_RUNGS; n++) {
			struct random_source r = { .state = 1 };
			struct io_moved moved = { .hole_bytes = 0 };
			struct model src, dst;
			struct io_ladder ladder;
			struct io_request req;
			struct stat st;
			uint64_t done;

			model_init(&src, fs, "source");
			model_init(&dst, fs, "destination");
			model_write(&src, 0, 64 * KIB, &r);
			model_write(&src, 448 * KIB, 64 * KIB, &r);
			if (n % 2)
				model_write(&dst, 0, MODEL_BYTES, &r);
			req = request_of(fs, &src, &dst);
			req.len_bytes = MODEL_BYTES;
			ladder_from(&ladder, &req, n / 2);
			model_copy(&dst, &src, &req, req.len_bytes);
			assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
			check_all(&dst);
			assert_int_equal(fsync(dst.fd), 0);
			assert_int_equal(fstat(dst.fd, &st), 0);
			/* Room for indirect blocks and for the file system's own preallocation. */
			assert_true(st.st_blocks * 512 <= (off_t)(n % 2 ? 256 * KIB : 320 * KIB));
			if (n / 2 > IO_SHARE || !fs->shares)
				assert_in_range(moved.hole_bytes, 384 * KIB, 512 * KIB);
			assert_int_equal(st.st_size, n % 2 ? MODEL_BYTES : 512 * KIB);
			io_ladder_release(&ladder);
			model_release(&src);
			model_release(&dst);
		}
	}
}

static void copies_within_one_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		const struct testfs *fs = &file_systems[i];
		struct random_source r = { .state = 3 };
		struct io_moved moved = { .hole_bytes = 0 };
		struct io_ladder ladder;
		struct io_request req;
		struct model file;
		uint64_t done;

		model_init(&file, fs, "source");
		model_fill(&file, 400 * KIB, &r);
		req = request_of(fs, &file, &file);
		io_ladder_init(&ladder, 0);
		req.src_offset = 100 * KIB;
		req.dst_offset = 200 * KIB;
		req.len_bytes = 100 * KIB;
		model_copy(&file, &file, &req, req.len_bytes);
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
		check_all(&file);
		req.len_bytes++;
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), -EINVAL);
		assert_int_equal(done, 0);
		req.dst_offset = 0;
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), -EINVAL);
		req.dst_offset = INT64_MAX - 5;
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), -EINVAL);
		check_all(&file);
		io_ladder_release(&ladder);
		model_release(&file);
	}
}

static void punching(void **state)
{
	struct random_source r = random_start("punching");

	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		struct model file;

		model_init(&file, &file_systems[i], "source");
		for (int n = 0; n < 50; n++) {
			uint64_t offset = random_range(&r, 0, 500 * KIB),
				 len = random_range(&r, 0, 100 * KIB);
			struct stat st;

			model_fill(&file, random_range(&r, 0, 500 * KIB), &r);
			if (n % 10 == 0)
				len = UINT64_MAX;
			assert_int_equal(io_punch(file.fd, offset, len, NULL), 0);
			memset(file.bytes + offset, 0, MIN_OF(len, MODEL_BYTES - offset));
			check_all(&file);
			assert_int_equal(fstat(file.fd, &st), 0);
			assert_int_equal(st.st_size, file.size);
		}
		assert_int_equal(io_punch(file.fd, UINT64_MAX, 1, NULL), 0);
		model_release(&file);
	}
}

static void a_set_flag_stops(void **state)
{
	atomic_bool stop = true;

	(void)state;
	for (enum io_rung top = 0; top < IO_RUNGS; top++) {
		struct random_source r = { .state = 4 };
		struct io_moved moved = { .hole_bytes = 0 };
		struct model src, dst;
		struct io_ladder ladder;
		struct io_request req;
		uint64_t done = 99;

		model_init(&src, &file_systems[0], "source");
		model_init(&dst, &file_systems[0], "destination");
		model_write(&src, 0, 64 * KIB, &r);
		req = request_of(&file_systems[0], &src, &dst);
		req.len_bytes = 64 * KIB;
		req.stop = &stop;
		ladder_from(&ladder, &req, top);
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), -ECANCELED);
		assert_int_equal(done, 0);
		io_ladder_release(&ladder);
		model_release(&src);
		model_release(&dst);
	}
}

/* ---- faults ---- */

/* From call number `at` on, `count` calls of that call's name come back with `result`; where `only`
 * is set, of that name. */
struct fault {
	const char *only; /* NULL = any */
	unsigned int at, count;
	int result;

	unsigned int seen;
	char hit[32]; /* name of the first call it hit; empty = none */
	atomic_bool *stop_when_hit;
};

static int inject(const char *call, size_t len_bytes, void *cookie)
{
	struct fault *f = cookie;

	(void)len_bytes;
	if (f->only && strcmp(f->only, call))
		return 0;
	if (f->seen++ < f->at || f->seen - f->at > f->count || (f->hit[0] && strcmp(f->hit, call)))
		return 0;
	/* A call without a length can't be short. */
	if (f->result > 0 && strcmp(call, "pread") && strcmp(call, "pwrite") &&
	    strcmp(call, "copy_file_range"))
		return 0;
	/* The wrappers of all other calls retry it. */
	if (f->result == -EINTR && strcmp(call, "copy_file_range"))
		return 0;
	if (!f->hit[0])
		snprintf(f->hit, sizeof(f->hit), "%s", call);
	if (f->stop_when_hit)
		atomic_store(f->stop_when_hit, true);
	return f->result;
}

static bool steps_down(const char *call, int err)
{
	if (strcmp(call, "clone_range") && strcmp(call, "copy_file_range"))
		return false;
	if ((err == -ENOENT || err == -EBADF) && !strcmp(call, "copy_file_range"))
		return true;
	return err == -EXDEV || err == -EOPNOTSUPP || err == -ENOSYS || err == -EINVAL ||
	       err == -ETXTBSY || err == -EPERM || err == -ENOTTY;
}

/* One copy with a fault in it, from sparse unaligned src onto dst, which is filled the same way
 * each time. */
static void copy_with_fault(const struct testfs *fs, const struct model *src, struct model *dst,
			    enum io_rung top, bool no_share, struct fault *fault)
{
	struct random_source r = { .state = 9 };
	struct io_request req = request_of(fs, src, dst);
	struct io_moved moved = { .hole_bytes = 0 };
	struct io_ladder ladder;
	uint64_t done = UINT64_MAX;
	int err;

	model_fill(dst, 150 * KIB, &r);
	req.src_offset = 1000;
	req.dst_offset = 4 * KIB + 1000;
	req.len_bytes = 200 * KIB;
	req.no_share = no_share;
	ladder_from(&ladder, &req, top);
	error_clear();
	sys_set_hook(inject, fault);
	err = io_copy(&ladder, &req, &moved, &done);
	sys_set_hook(NULL, NULL);
	io_ladder_release(&ladder);

	assert_true(done <= req.len_bytes);
	assert_int_equal(moved_sum(&moved), done);
	if (!err) {
		assert_int_equal(done, req.len_bytes);
		model_copy(dst, src, &req, req.len_bytes);
		check_all(dst);
	} else {
		CLEANUP_FREE uint8_t *bytes = malloc(MODEL_BYTES);
		uint64_t size;

		assert_non_null(bytes);
		assert_true(fault->hit[0]);
		read_all(dst, bytes, &size);
		model_copy(dst, src, &req, done);
		/* After `done` bytes, all within the range may be anything. */
		assert_memory_equal(bytes, dst->bytes, req.dst_offset + done);
		assert_memory_equal(bytes + req.dst_offset + req.len_bytes,
				    dst->bytes + req.dst_offset + req.len_bytes,
				    MODEL_BYTES - req.dst_offset - req.len_bytes);
	}

	if (fault->result < 0 && fault->hit[0] && fault->result != -EINTR) {
		bool ignored = !strcmp(fault->hit, "start_writeback") ||
			       !strcmp(fault->hit, "fstatvfs") || !strcmp(fault->hit, "seek") ||
			       !strcmp(fault->hit, "fallocate") || !strcmp(fault->hit, "fstatfs") ||
			       !strcmp(fault->hit, "fiemap");
		/* A hole that can't be checked is taken for data. */
		bool unchecked = fault->result == -EINVAL || fault->result == -EOPNOTSUPP ||
				 fault->result == -ENOSYS || fault->result == -ENOTTY;

		ignored = ignored || (unchecked && (!strcmp(fault->hit, "pread") ||
						    !strcmp(fault->hit, "fstatat")));
		if (steps_down(fault->hit, fault->result))
			assert_int_equal(err, 0);
		else if (!ignored || err)
			assert_int_equal(err, fault->result);
		if (!strcmp(fault->hit, "seek") || !strcmp(fault->hit, "fallocate"))
			assert_int_equal(err, fault->result == -EIO || fault->result == -ENOSPC ||
							      fault->result == -EDQUOT ||
							      fault->result == -ENOENT ||
							      fault->result == -EBADF
						      ? fault->result
						      : err);
		if (err)
			assert_non_null(strstr(error_text(err), strerror(-err)));
	}
	if (fault->result == -EINTR || (fault->result == SYS_HOOK_SHORT && fault->count == 1))
		assert_int_equal(err, 0);
}

static void faults_on(const struct testfs *fs, enum io_rung top, bool no_share)
{
	static const int results[] = { -EIO,     -ENOSPC,     -EFBIG,         -EDQUOT,
				       -EXDEV,   -EOPNOTSUPP, -ENOSYS,        -EINVAL,
				       -ETXTBSY, -EPERM,      -ENOTTY,        -ENOENT,
				       -EBADF,   -EINTR,      SYS_HOOK_SHORT, SYS_HOOK_ZERO };
	struct random_source r = { .state = 8 };
	struct model src, dst;

	model_init(&src, fs, "source");
	model_init(&dst, fs, "destination");
	/* Holes, an unaligned end before the end of the range. */
	model_write(&src, 0, 50 * KIB, &r);
	model_write(&src, 100 * KIB, 30 * KIB, &r);
	model_write(&src, 160 * KIB, 30 * KIB + 7, &r);
	assert_int_equal(fsync(src.fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		bool more = true;

		for (unsigned int at = 0; more; at++) {
			struct fault once = { .at = at, .count = 1, .result = results[i] };
			struct fault from = { .at = at,
					      .count = UINT32_MAX / 2,
					      .result = results[i] };

			assert_true(at < 1000);
			copy_with_fault(fs, &src, &dst, top, no_share, &once);
			more = once.seen > at;
			/* Real errors end the copy at the first; refusals differ only in what is
			 * remembered. */
			if (results[i] == -EXDEV || results[i] == -EINVAL || results[i] > 0)
				copy_with_fault(fs, &src, &dst, top, no_share, &from);
		}
	}
	model_release(&src);
	model_release(&dst);
}

static void every_call_fails_in_every_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		for (enum io_rung top = 0; top < IO_RUNGS; top++)
			faults_on(&file_systems[i], top, false);
		faults_on(&file_systems[i], IO_SHARE, true);
	}
}

/*
 * A call that never does anything, on each file system; or not for some time, as where somebody
 * cuts the source off before each read and makes it longer before each look at its size.
 */
static void a_call_that_never_works(void **state)
{
	static const struct {
		const char *call;
		int result, want;
		unsigned int times; /* 0: always */
	} cases[] = {
		{ "copy_file_range", SYS_HOOK_ZERO, 0, 0 },
		{ "copy_file_range", SYS_HOOK_SHORT, 0, 0 },
		{ "pread", SYS_HOOK_SHORT, 0, 0 },
		{ "pwrite", SYS_HOOK_SHORT, 0, 0 },
		{ "pread", SYS_HOOK_ZERO, -EIO, 0 },
		{ "pread", SYS_HOOK_ZERO, 0, 3 },
		{ "pread", SYS_HOOK_ZERO, 0, 20 },
		{ "pwrite", SYS_HOOK_ZERO, -EIO, 0 },
		{ "clone_range", -EINVAL, 0, 0 },
		{ "clone_range", -EXDEV, 0, 0 },
		{ "seek", -EINVAL, 0, 0 },
		{ "seek", -EOPNOTSUPP, 0, 0 },
		{ "fallocate", -EOPNOTSUPP, 0, 0 },
		{ "fallocate", -EFBIG, -EFBIG, 0 },
	};

	(void)state;
	for (size_t f = 0; f < file_system_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			struct fault fault = { .only = cases[i].call,
					       .count =
						       cases[i].times ? cases[i].times : UINT32_MAX,
					       .result = cases[i].result };
			struct random_source r = { .state = 10 };
			struct io_moved moved = { .hole_bytes = 0 };
			struct model src, dst;
			struct io_ladder ladder;
			struct io_request req;
			uint64_t done;
			int err;

			model_init(&src, &file_systems[f], "source");
			model_init(&dst, &file_systems[f], "destination");
			model_fill(&src, 300 * KIB, &r);
			model_write(&src, 0, 5000, &r);
			assert_int_equal(ftruncate(src.fd, 400 * KIB), 0);
			src.size = 400 * KIB;
			model_fill(&dst, 350 * KIB, &r);
			req = request_of(&file_systems[f], &src, &dst);
			req.len_bytes = 500 * KIB;
			/* So that the rung in question is come to. */
			ladder_from(&ladder, &req,
				    !strcmp(cases[i].call, "clone_range")       ? IO_SHARE
				    : !strcmp(cases[i].call, "copy_file_range") ? IO_KERNEL
										: IO_RW);
			sys_set_hook(inject, &fault);
			err = io_copy(&ladder, &req, &moved, &done);
			sys_set_hook(NULL, NULL);
			assert_true(fault.hit[0]);
			assert_int_equal(err, cases[i].want);
			if (!err) {
				model_copy(&dst, &src, &req, req.len_bytes);
				check_all(&dst);
			}
			io_ladder_release(&ladder);
			model_release(&src);
			model_release(&dst);
		}
	}
}

/* A refusal is asked for once. */
static void refusals_are_remembered(void **state)
{
	struct fault fault = { .only = "clone_range", .count = UINT32_MAX, .result = -EOPNOTSUPP };
	struct random_source r = { .state = 11 };
	struct io_moved moved = { .hole_bytes = 0 };
	struct model src, dst;
	struct io_ladder ladder;
	struct io_request req;
	uint64_t done;

	(void)state;
	model_init(&src, &file_systems[0], "source");
	model_init(&dst, &file_systems[0], "destination");
	model_write(&src, 0, 64 * KIB, &r);
	req = request_of(&file_systems[0], &src, &dst);
	req.len_bytes = 64 * KIB;
	io_ladder_init(&ladder, 0);
	sys_set_hook(inject, &fault);
	for (int i = 0; i < 3; i++)
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
	assert_int_equal(fault.seen, 1);
	io_ladder_release(&ladder);

	/* Of one file only: asked again. */
	fault = (struct fault){ .only = "clone_range", .count = UINT32_MAX, .result = -ETXTBSY };
	io_ladder_init(&ladder, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
	assert_int_equal(fault.seen, 3);
	sys_set_hook(NULL, NULL);
	io_ladder_release(&ladder);
	model_release(&src);
	model_release(&dst);
}

/* Interrupted and asked to stop: the end. */
static void interrupted_and_stopped(void **state)
{
	atomic_bool stop = false;
	struct fault fault = { .only = "copy_file_range",
			       .count = UINT32_MAX,
			       .result = -EINTR,
			       .stop_when_hit = &stop };
	struct random_source r = { .state = 12 };
	struct io_moved moved = { .hole_bytes = 0 };
	struct model src, dst;
	struct io_ladder ladder;
	struct io_request req;
	uint64_t done;

	(void)state;
	model_init(&src, &file_systems[0], "source");
	model_init(&dst, &file_systems[0], "destination");
	model_write(&src, 0, 64 * KIB, &r);
	req = request_of(&file_systems[0], &src, &dst);
	req.len_bytes = 64 * KIB;
	req.stop = &stop;
	ladder_from(&ladder, &req, IO_KERNEL);
	sys_set_hook(inject, &fault);
	assert_int_equal(io_copy(&ladder, &req, &moved, &done), -ECANCELED);
	sys_set_hook(NULL, NULL);
	assert_int_equal(fault.seen, 1);
	io_ladder_release(&ladder);
	model_release(&src);
	model_release(&dst);
}

/* Enough for several buffers, steps and windows of write-behind. */
static void large_ranges(void **state)
{
	const uint64_t size = 37 * MIB + 11;
	CLEANUP_FREE uint64_t *want = malloc(38 * MIB), *got = malloc(38 * MIB);

	(void)state;
	assert_non_null(want);
	assert_non_null(got);
	for (size_t i = 0; i < 38 * MIB / 8; i++)
		want[i] = i * 0x9e3779b97f4a7c15u;
	for (size_t f = 0; f < file_system_count; f++) {
		const struct testfs *fs = &file_systems[f];

		for (enum io_rung top = 0; top < IO_RUNGS; top++) {
			struct io_moved moved = { .hole_bytes = 0 };
			struct model src, dst;
			atomic_bool stop = false;
			struct io_ladder ladder;
			struct io_request req;
			uint64_t done;

			model_init(&src, fs, "source");
			model_init(&dst, fs, "destination");
			req = request_of(fs, &src, &dst);
			assert_int_equal(sys_pwrite_full(src.fd, want, size, 0), 0);
			ladder_from(&ladder, &req, top);
			req.len_bytes = size;
			req.stop = &stop;
			assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
			assert_int_equal(moved_sum(&moved), size);
			assert_int_equal(sys_pread_full(dst.fd, got, 38 * MIB, 0), size);
			assert_memory_equal(got, want, size);
			io_ladder_release(&ladder);
			model_release(&src);
			model_release(&dst);
		}
	}
}

int main(void)
{
	static const char *const types[] = { "tmpfs", "ext4", "xfs", "btrfs" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_copies),
		cmocka_unit_test(aligned_parts_are_shared),
		cmocka_unit_test(mirrors_do_not_share),
		cmocka_unit_test(holes_stay_holes),
		cmocka_unit_test(copies_within_one_file),
		cmocka_unit_test(punching),
		cmocka_unit_test(a_set_flag_stops),
		cmocka_unit_test(every_call_fails_in_every_way),
		cmocka_unit_test(a_call_that_never_works),
		cmocka_unit_test(refusals_are_remembered),
		cmocka_unit_test(interrupted_and_stopped),
		cmocka_unit_test(large_ranges),
	};
	char plain[64] = "";
	int failed;

	if (testfs_enter()) {
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			file_system_count += testfs_make(&file_systems[file_system_count], types[i],
							 types[i], 400);
	} else {
		file_system_count += testfs_make_plain(&file_systems[0], plain);
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (plain[0])
		testfs_remove_plain(plain);
	return failed;
}
