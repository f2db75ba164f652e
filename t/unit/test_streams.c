/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Streams: each target gets its ranges and nothing else, by aligned calls only, whatever it had
 * before; and what fails below ends the copy. By direct I/O where the test's file system can.
 */
#include "unit.h"

#include "fault.h"
#include "random.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "mover/aligned.h"
#include "mover/streams.h"
#include "mover/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TARGETS_MAX 4
#define RANGES_MAX 6
#define BLOCK 4096u

/* ---- the system's calls ---- */

static _Atomic unsigned int writes_in_flight;
static _Atomic unsigned int meet;    /* the first so many writes wait for each other, 5 s at most */
static _Atomic int met[TARGETS_MAX]; /* and are to these descriptors */

static void meet_others(int fd)
{
	static _Atomic unsigned int here;
	unsigned int n = meet ? here++ : 0;

	if (n >= meet)
		return;
	met[n] = fd;
	for (int i = 0; i < 5000 && here < meet; i++)
		usleep(1000);
}

/* In the place of libc's. */
ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	ssize_t n;

	meet_others(fd);
	writes_in_flight++;
	n = syscall(SYS_pwrite64, fd, buf, len, offset);
	writes_in_flight--;
	return n;
}

static struct {
	_Atomic unsigned int writes, others, unaligned;
	_Atomic uint64_t read_bytes, written_bytes, longest_read;
} seen;

static void note_read(uint64_t len)
{
	uint64_t longest = seen.longest_read;

	seen.read_bytes += len;
	while (len > longest && !atomic_compare_exchange_weak(&seen.longest_read, &longest, len))
		;
}

static void record_call(const struct sys_data_call *call, void *cookie)
{
	(void)cookie;
	if (strcmp(call->name, "pread") == 0) {
		note_read(call->len_bytes);
	} else if (strcmp(call->name, "pwrite") == 0) {
		seen.writes++;
		seen.written_bytes += call->len_bytes;
	} else {
		seen.others++;
	}
	seen.unaligned += (call->src_offset | call->dst_offset | call->len_bytes) % BLOCK != 0;
}

static int run(const struct transfer_request *req, struct transfer_result *ret)
{
	int err;

	memset(&seen, 0, sizeof(seen));
	sys_set_recorder(record_call, NULL);
	err = transfer_run(req, ret);
	sys_set_recorder(NULL, NULL);
	assert_int_equal(seen.others, 0);
	return err;
}

/* ---- files ---- */

/* fd is O_DIRECT where that can be; the other is for looking. */
struct file {
	int fd, plain;
};

static bool no_direct; /* for calls that come back with a part of a block */

static struct file new_file(void)
{
	const char *base = getenv("TMPDIR");
	char name[FD_PATH_MAX];
	struct file f;

	f.plain = open(base ? base : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(f.plain >= 0);
	f.fd = no_direct ? -1 : open(fd_path(f.plain, name), O_RDWR | O_DIRECT | O_CLOEXEC);
	if (f.fd < 0)
		f.fd = open(fd_path(f.plain, name), O_RDWR | O_CLOEXEC);
	assert_true(f.fd >= 0);
	return f;
}

static void close_file(struct file *f)
{
	close(f->fd);
	close(f->plain);
}

static void put(const struct file *f, const uint8_t *data, uint64_t offset, uint64_t len)
{
	assert_int_equal(sys_pwrite_full(f->plain, data + offset, len, offset), 0);
}

static void assert_has(const struct file *f, const uint8_t *wanted, uint64_t size)
{
	uint8_t *got = malloc(size + 1);

	assert_int_equal(sys_pread_full(f->plain, got, size + 1, 0), size);
	for (uint64_t i = 0; i < size; i++) {
		if (got[i] != wanted[i])
			fail_msg("offset %ju of %ju is 0x%x, not 0x%x", (uintmax_t)i,
				 (uintmax_t)size, got[i], wanted[i]);
	}
	free(got);
}

/* `len` bytes that differ from each other, as `seed` does. */
static void paint(uint8_t *at, uint64_t len, unsigned int seed)
{
	for (uint64_t i = 0; i < len; i++)
		at[i] = (uint8_t)((i >> 9) * 7 + i + seed) | 1;
}

/* A file that is data all over. */
static uint8_t *full(const struct file *f, uint64_t size)
{
	uint8_t *data = malloc(size);

	paint(data, size, 5);
	put(f, data, 0, size);
	assert_int_equal(fsync(f->plain), 0);
	return data;
}

/* ---- one random copy ---- */

struct round {
	uint64_t size;
	uint8_t *data;                 /* of the source */
	uint8_t *targets[TARGETS_MAX]; /* as they must become; of size */
	struct file source, files[TARGETS_MAX];
	int fds[TARGETS_MAX], read_fds[TARGETS_MAX];
	struct piece_range ranges[RANGES_MAX];
	unsigned int target_count, range_count;
	uint64_t asked; /* bytes of all ranges, for all targets */
	int one_fd;     /* that all targets are written by; -1 */
	bool fresh, compare;
	unsigned int binds;
	bool by_sums; /* then what known_target has is known */
	unsigned int known_target;
	struct grain_sums sums, known;
};

/* Islands of data, at any offset. */
static void add_islands(struct random_source *r, const struct file *f, uint8_t *data, uint64_t size,
			unsigned int seed)
{
	uint64_t n = random_range(r, 0, 8);

	for (uint64_t i = 0; i < n && size; i++) {
		uint64_t from = random_range(r, 0, size - 1);
		uint64_t len = random_range(r, 1, MIN_OF(size - from, MIB));

		paint(data + from, len, seed);
		put(f, data, from, len);
	}
}

static void make_source(struct random_source *r, struct round *t)
{
	t->size = random_range(r, 1, random_range(r, 0, 3) ? 2 * MIB : 12 * MIB);
	t->data = calloc(1, t->size);
	t->source = new_file();
	add_islands(r, &t->source, t->data, t->size, 1);
	assert_int_equal(ftruncate(t->source.plain, (off_t)t->size), 0);
	assert_int_equal(fsync(t->source.plain), 0);
}

/* Parts of what the source has, and other data; also behind its end. */
static void add_old(struct random_source *r, struct round *t, unsigned int i)
{
	uint64_t room = t->size + MIB;
	uint8_t *old = calloc(1, room);

	for (uint64_t at = 0; at < t->size; at += 100 * KIB) {
		uint64_t len = MIN_OF(100 * KIB, t->size - at);

		if (random_range(r, 0, 2) == 0)
			continue;
		memcpy(old + at, t->data + at, len);
		put(&t->files[i], old, at, len);
	}
	add_islands(r, &t->files[i], old, random_range(r, 0, 1) ? t->size : room, 2);
	memcpy(t->targets[i], old, t->size);
	free(old);
}

static void make_targets(struct random_source *r, struct round *t)
{
	t->fresh = random_range(r, 0, 2) == 0;
	t->compare = !t->fresh && random_range(r, 0, 1);
	t->target_count = (unsigned int)random_range(r, 1, TARGETS_MAX);
	t->one_fd = random_range(r, 0, 1) ? sys_dup(t->source.fd) : -1;
	for (unsigned int i = 0; i < t->target_count; i++) {
		t->files[i] = new_file();
		t->targets[i] = calloc(1, t->size);
		if (!t->fresh)
			add_old(r, t, i);
		assert_int_equal(fsync(t->files[i].plain), 0);
		t->fds[i] = t->one_fd >= 0 ? t->one_fd : t->files[i].fd;
		t->read_fds[i] = t->files[i].fd;
	}
}

/* What a file has, to its end. */
static void sum_up(const struct file *f, struct grain_sums *ret)
{
	uint64_t size = (uint64_t)lseek(f->plain, 0, SEEK_END);
	uint8_t *all = malloc(size + 1);

	assert_int_equal(sys_pread_full(f->plain, all, size, 0), size);
	assert_int_equal(grain_sums_init(ret, size), 0);
	grain_sums_take(ret, 0, all, size);
	free(all);
}

static void make_sums(struct random_source *r, struct round *t)
{
	t->by_sums = random_range(r, 0, 1);
	if (!t->by_sums)
		return;
	t->known_target = (unsigned int)random_range(r, 0, t->target_count - 1);
	assert_int_equal(grain_sums_init(&t->sums, t->size), 0);
	sum_up(&t->files[t->known_target], &t->known);
}

/* What ends inside of a block is filled up with zeros. */
static void expect(struct round *t, const struct piece_range *range)
{
	uint64_t end = MIN_OF((range->end + BLOCK - 1) / BLOCK * BLOCK, t->size);

	for (unsigned int i = 0; i < t->target_count; i++) {
		if (!(range->targets & 1u << i))
			continue;
		memcpy(t->targets[i] + range->start, t->data + range->start,
		       range->end - range->start);
		memset(t->targets[i] + range->end, 0, end - range->end);
		t->asked += range->end - range->start;
	}
}

static void make_ranges(struct random_source *r, struct round *t)
{
	uint64_t step = t->by_sums ? GRAIN_BYTES : BLOCK;
	uint64_t pos = random_range(r, 0, 1) ? 0 : random_range(r, 0, t->size / step) * step;

	while (t->range_count < RANGES_MAX && pos < t->size) {
		struct piece_range *range = &t->ranges[t->range_count++];

		range->start = pos;
		range->end = random_range(r, 0, 2) ? random_range(r, pos, t->size) : t->size;
		if (t->by_sums)
			range->end = MIN_OF(t->size, (range->end + step - 1) / step * step);
		range->targets = (uint32_t)random_range(r, 1, (1u << t->target_count) - 1);
		expect(t, range);
		pos = (range->end + random_range(r, 1, 20) * step) / step * step;
	}
}

static int bind_one(unsigned int target, void *cookie)
{
	struct round *t = cookie;

	assert_int_equal(writes_in_flight, 0);
	assert_true(target < t->target_count);
	assert_int_equal(dup2(t->files[target].fd, t->one_fd), t->one_fd);
	t->binds++;
	return 0;
}

static struct transfer_request request_of(struct round *t, unsigned int threads)
{
	return (struct transfer_request){
		.src_fd = t->source.fd,
		.target_fds = t->fds,
		.target_count = t->target_count,
		.ranges = t->ranges,
		.range_count = t->range_count,
		.streams = true,
		.read_fds = t->fresh ? NULL : t->read_fds,
		.compare = t->compare,
		.bind = t->one_fd >= 0 ? bind_one : NULL,
		.fresh = t->fresh,
		.sums = t->by_sums ? &t->sums : NULL,
		.known = &t->known,
		.known_targets = t->by_sums && !t->fresh ? 1u << t->known_target : 0,
		.threads = threads,
		.cookie = t,
	};
}

static void make_round(struct random_source *r, struct round *t)
{
	memset(t, 0, sizeof(*t));
	make_source(r, t);
	make_targets(r, t);
	make_sums(r, t);
	make_ranges(r, t);
}

static void end_round(struct round *t)
{
	for (unsigned int i = 0; i < t->target_count; i++) {
		close_file(&t->files[i]);
		free(t->targets[i]);
	}
	grain_sums_release(&t->sums);
	grain_sums_release(&t->known);
	close_file(&t->source);
	free(t->data);
	if (t->one_fd >= 0)
		close(t->one_fd);
}

static void assert_copied(struct round *t)
{
	for (unsigned int i = 0; i < t->target_count; i++) {
		assert_int_equal(ftruncate(t->files[i].plain, (off_t)t->size), 0);
		assert_has(&t->files[i], t->targets[i], t->size);
	}
}

static bool in_ranges(const struct round *t, uint64_t offset)
{
	for (unsigned int i = 0; i < t->range_count; i++) {
		if (t->ranges[i].start <= offset && offset < t->ranges[i].end)
			return true;
	}
	return false;
}

/* Those of what was read, and no others. */
static void assert_summed(struct round *t)
{
	struct grain_sums all;

	if (!t->by_sums)
		return;
	assert_int_equal(grain_sums_init(&all, t->size), 0);
	grain_sums_take(&all, 0, t->data, t->size);
	for (uint64_t i = 0; i < all.count; i++)
		assert_true(t->sums.sums[i] == (in_ranges(t, i * GRAIN_BYTES) ? all.sums[i] : 0));
	grain_sums_release(&all);
}

static void each_target_gets_its_ranges_and_nothing_else(void **state)
{
	struct random_source r = random_start("streams");

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct transfer_result result;
		struct transfer_request req;
		struct round t;

		make_round(&r, &t);
		req = request_of(&t, (unsigned int)random_range(&r, 1, 8));
		assert_int_equal(run(&req, &result), 0);
		assert_int_equal(seen.unaligned, 0);
		assert_copied(&t);
		assert_summed(&t);
		assert_int_equal(result.user_bytes + result.equal_bytes + result.hole_bytes,
				 t.asked);
		assert_int_equal(result.direct_bytes, result.user_bytes);
		assert_true(seen.written_bytes >= result.user_bytes);
		assert_true(t.one_fd < 0 || t.binds > 0 || seen.writes == 0);
		end_round(&t);
	}
}

static _Atomic unsigned int transfers;

/* Half of many calls' bytes are moved; reads end where a block does, as it is with direct I/O. */
static int come_back_short(const char *call, size_t len_bytes, void *cookie)
{
	(void)cookie;
	if (strcmp(call, "pread") == 0 && len_bytes / 2 % BLOCK)
		return 0;
	if (strcmp(call, "pread") != 0 && strcmp(call, "pwrite") != 0)
		return 0;
	return transfers++ % 3 ? SYS_HOOK_SHORT : 0;
}

static void short_reads_and_writes_are_gone_on_from(void **state)
{
	struct random_source r = random_start("short");

	(void)state;
	no_direct = true;
	for (int i = 0; i < 20; i++) {
		struct transfer_result result;
		struct transfer_request req;
		struct round t;

		make_round(&r, &t);
		req = request_of(&t, 3);
		sys_set_hook(come_back_short, NULL);
		assert_int_equal(run(&req, &result), 0);
		sys_set_hook(NULL, NULL);
		assert_copied(&t);
		end_round(&t);
	}
	no_direct = false;
}

/* ---- comparing ---- */

#define GRAINS 48 /* 3 MiB */

/* Of a target that differs in these grains. */
static void spoil_grains(const struct file *f, const uint8_t *data, const bool *bad)
{
	uint8_t *old = malloc(GRAINS * GRAIN_BYTES);

	memcpy(old, data, GRAINS * GRAIN_BYTES);
	for (unsigned int g = 0; g < GRAINS; g++)
		old[g * GRAIN_BYTES + g * 1000 % GRAIN_BYTES] ^= bad[g] ? 0x55 : 0;
	put(f, old, 0, GRAINS * GRAIN_BYTES);
	assert_int_equal(fsync(f->plain), 0);
	free(old);
}

static struct piece_range whole;

/* A copy of all of it to one target, in one thread. */
static struct transfer_request request_for(const struct file *from, const struct file *to,
					   uint64_t size)
{
	whole = (struct piece_range){ .end = size, .targets = 1 };
	return (struct transfer_request){
		.src_fd = from->fd,
		.target_fds = &to->fd,
		.target_count = 1,
		.ranges = &whole,
		.range_count = 1,
		.streams = true,
		.fresh = true,
		.threads = 1,
	};
}

static struct transfer_request compare_with(const struct file *from, const struct file *to,
					    uint64_t size)
{
	struct transfer_request req = request_for(from, to, size);

	req.fresh = false;
	req.compare = true;
	req.read_fds = &to->fd;
	return req;
}

static void only_grains_that_differ_are_written(void **state)
{
	struct random_source r = random_start("grains");

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct file from = new_file(), to = new_file();
		uint8_t *data = full(&from, GRAINS * GRAIN_BYTES);
		struct transfer_request req = compare_with(&from, &to, GRAINS * GRAIN_BYTES);
		unsigned int count = 0, runs = 0;
		struct transfer_result result;
		bool bad[GRAINS];

		for (unsigned int g = 0; g < GRAINS; g++) {
			bad[g] = i && random_range(&r, 0, 2) == 0;
			count += bad[g];
			runs += bad[g] && (g == 0 || !bad[g - 1]);
		}
		spoil_grains(&to, data, bad);
		assert_int_equal(run(&req, &result), 0);
		assert_int_equal(seen.writes, runs);
		assert_int_equal(seen.written_bytes, count * GRAIN_BYTES);
		assert_int_equal(result.user_bytes, count * GRAIN_BYTES);
		assert_int_equal(result.equal_bytes, (GRAINS - count) * GRAIN_BYTES);
		assert_has(&to, data, GRAINS * GRAIN_BYTES);
		free(data);
		close_file(&from);
		close_file(&to);
	}
}

/* The second time the buffer still has what was read the first time. */
/* Of the target nothing is read, although it can be. */
static void only_grains_whose_sums_differ_are_written(void **state)
{
	uint64_t size = 9 * MIB + 77;
	struct file source = new_file(), target = new_file();
	uint8_t *data = full(&source, size);
	struct piece_range range = { .end = size, .targets = 1 };
	struct grain_sums sums, known;
	struct transfer_request req = { .src_fd = source.fd,
					.target_fds = &target.fd,
					.target_count = 1,
					.ranges = &range,
					.range_count = 1,
					.streams = true,
					.read_fds = &target.fd,
					.compare = true,
					.sums = &sums,
					.known = &known,
					.known_targets = 1,
					.threads = 4 };
	struct transfer_result result;

	(void)state;
	put(&target, data, 0, size);
	sum_up(&target, &known);
	assert_int_equal(grain_sums_init(&sums, size), 0);
	data[0]++;
	data[4 * MIB + 5]++;
	data[5 * MIB - 1]++;
	data[size - 1]++;
	put(&source, data, 0, size);
	assert_int_equal(fsync(source.plain) | fsync(target.plain), 0);
	assert_int_equal(run(&req, &result), 0);
	assert_int_equal(seen.read_bytes, (size + BLOCK - 1) / BLOCK * BLOCK);
	assert_int_equal(seen.writes, 4);
	assert_int_equal(seen.written_bytes, 3 * GRAIN_BYTES + BLOCK);
	assert_int_equal(result.user_bytes, 3 * GRAIN_BYTES + 77);
	assert_int_equal(result.equal_bytes, size - 3 * GRAIN_BYTES - 77);
	assert_int_equal(ftruncate(target.plain, (off_t)size), 0);
	assert_has(&target, data, size);
	assert_true(grain_sums_complete(&sums));
	grain_sums_release(&sums);
	grain_sums_release(&known);
	close_file(&source);
	close_file(&target);
	free(data);
}

static void what_is_behind_the_targets_end_is_written(void **state)
{
	struct file from = new_file(), to = new_file();
	struct transfer_request req = compare_with(&from, &to, 3 * GRAIN_BYTES);
	uint8_t *data = calloc(1, 3 * GRAIN_BYTES);
	struct transfer_result result;

	(void)state;
	paint(data, GRAIN_BYTES, 1);
	memcpy(data + 2 * GRAIN_BYTES, data, GRAIN_BYTES);
	put(&from, data, 0, GRAIN_BYTES);
	put(&from, data, 2 * GRAIN_BYTES, GRAIN_BYTES);
	put(&to, data, 0, GRAIN_BYTES);
	assert_int_equal(fsync(from.plain) | fsync(to.plain), 0);
	assert_int_equal(run(&req, &result), 0);
	assert_int_equal(result.user_bytes, GRAIN_BYTES);
	assert_int_equal(result.equal_bytes, GRAIN_BYTES);
	assert_has(&to, data, 3 * GRAIN_BYTES);
	free(data);
	close_file(&from);
	close_file(&to);
}

/* The source is a hole from 64 KiB on; the target has data, a hole, zeros, and data again. */
static void make_hole_and_old_data(const struct file *from, const struct file *to, uint8_t *wanted)
{
	uint8_t *old = calloc(1, MIB);

	paint(wanted, GRAIN_BYTES, 3);
	put(from, wanted, 0, GRAIN_BYTES);
	assert_int_equal(ftruncate(from->plain, MIB - 77), 0);
	paint(old, MIB, 9);
	put(to, old, 0, 2 * GRAIN_BYTES);
	memset(old + 8 * GRAIN_BYTES, 0, GRAIN_BYTES);
	put(to, old, 8 * GRAIN_BYTES, GRAIN_BYTES);
	put(to, old, MIB - 100, 100);
	assert_int_equal(fsync(from->plain) | fsync(to->plain), 0);
	free(old);
}

static void holes_become_zeros_where_the_target_has_data(void **state)
{
	uint8_t *wanted = calloc(1, MIB);

	(void)state;
	for (int compare = 0; compare <= 1; compare++) {
		struct file from = new_file(), to = new_file();
		struct transfer_request req = compare_with(&from, &to, MIB - 77);
		struct transfer_result result;

		req.compare = compare;
		make_hole_and_old_data(&from, &to, wanted);
		assert_int_equal(run(&req, &result), 0);
		assert_int_equal(seen.written_bytes, 2 * GRAIN_BYTES + BLOCK);
		assert_int_equal(result.user_bytes, 2 * GRAIN_BYTES + BLOCK - 77);
		assert_int_equal(result.equal_bytes, GRAIN_BYTES);
		assert_int_equal(result.hole_bytes, MIB - 3 * GRAIN_BYTES - BLOCK);
		assert_int_equal(ftruncate(to.plain, MIB - 77), 0);
		assert_has(&to, wanted, MIB - 77);
		close_file(&from);
		close_file(&to);
	}
	free(wanted);
}

static void holes_stay_holes_in_a_fresh_target(void **state)
{
	struct file from = new_file(), to = new_file();
	struct transfer_request req = request_for(&from, &to, 100 * MIB);
	struct transfer_result result;
	uint8_t byte = 'x';

	(void)state;
	assert_int_equal(pwrite(from.plain, &byte, 1, 70 * MIB + 5), 1);
	assert_int_equal(ftruncate(from.plain, 100 * MIB) | fsync(from.plain), 0);
	assert_int_equal(run(&req, &result), 0);
	assert_true(result.user_bytes <= GRAIN_BYTES);
	assert_int_equal(result.hole_bytes, 100 * MIB - result.user_bytes);
	assert_int_equal(seen.written_bytes, result.user_bytes);
	close_file(&from);
	close_file(&to);
}

/* ---- what fails ---- */

/* Small, but with holes, old data and two targets by one descriptor. */
static void make_small(struct round *t)
{
	uint8_t *old = calloc(1, 8 * BLOCK);

	memset(t, 0, sizeof(*t));
	t->size = 8 * BLOCK - 5;
	t->data = calloc(1, 8 * BLOCK);
	t->source = new_file();
	paint(t->data, 2 * BLOCK, 1);
	put(&t->source, t->data, 0, 2 * BLOCK);
	assert_int_equal(ftruncate(t->source.plain, (off_t)t->size), 0);
	paint(old, 8 * BLOCK, 2);
	t->target_count = 2;
	t->compare = true;
	t->one_fd = sys_dup(t->source.fd);
	for (unsigned int i = 0; i < 2; i++) {
		t->files[i] = new_file();
		put(&t->files[i], old, 0, 8 * BLOCK);
		t->targets[i] = calloc(1, t->size);
		t->fds[i] = t->one_fd;
		t->read_fds[i] = t->files[i].fd;
	}
	t->ranges[0] = (struct piece_range){ .end = t->size, .targets = 3 };
	t->range_count = 1;
	expect(t, &t->ranges[0]);
	free(old);
}

static void assert_text(int err, const struct fault *f)
{
	assert_int_equal(err, f->err);
	assert_true(strstr(error_text(err), "cannot") || strstr(error_text(err), "looking for"));
	if (err == -ESTALE && strcmp(f->call, "pwrite") == 0)
		assert_non_null(strstr(error_text(err), "cannot write at offset"));
}

/* What isn't needed: how far the file system's word about holes can be trusted. */
static bool is_a_hint(const char *call)
{
	return strcmp(call, "fstatfs") == 0 || strcmp(call, "fiemap") == 0;
}

static void whatever_call_fails_ends_the_copy(void **state)
{
	static const int errors[] = { -EIO, -ENOSPC, -ESTALE };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		struct fault f = fault_start(errors[i]);

		while (fault_next(&f)) {
			struct transfer_result result;
			struct transfer_request req;
			struct round t;
			int err;

			fault_pause();
			make_small(&t);
			sys_set_hook(fault_hook, &f);
			req = request_of(&t, 1);
			err = run(&req, &result);
			fault_pause();
			if (f.hit && !is_a_hint(f.call))
				assert_text(err, &f);
			else
				assert_int_equal(err, 0);
			if (!err)
				assert_copied(&t);
			end_round(&t);
		}
		assert_true(f.at > 10);
	}
}

static int cannot_bind(unsigned int target, void *cookie)
{
	(void)cookie;
	return target ? fail(-EBADF, "cannot bind to it") : 0;
}

static void a_target_that_cannot_be_bound_ends_it(void **state)
{
	struct transfer_result result;
	struct transfer_request req;
	struct round t;

	(void)state;
	make_small(&t);
	assert_int_equal(dup2(t.files[0].fd, t.one_fd), t.one_fd);
	req = request_of(&t, 4);
	req.bind = cannot_bind;
	assert_int_equal(run(&req, &result), -EBADF);
	assert_string_equal(error_text(-EBADF), "cannot bind to it");
	end_round(&t);
}

static void a_source_that_became_shorter_is_noticed(void **state)
{
	static const uint64_t now[] = { 0, 1, BLOCK, MIB - BLOCK, MIB - 1 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(now); i++) {
		struct file from = new_file(), to = new_file();
		uint8_t *data = full(&from, MIB);
		struct transfer_request req = request_for(&from, &to, MIB);
		struct transfer_result result;

		assert_int_equal(ftruncate(from.plain, (off_t)now[i]), 0);
		assert_int_equal(run(&req, &result), -EAGAIN);
		assert_non_null(strstr(error_text(-EAGAIN), "shorter"));
		free(data);
		close_file(&from);
		close_file(&to);
	}
}

/* ---- how it goes on ---- */

struct going {
	_Atomic unsigned int asked;
	unsigned int last; /* what it may still do */
	atomic_bool stop;
	bool fails; /* or stops */
};

static int may_go_on(void *cookie)
{
	struct going *g = cookie;

	if (++g->asked < g->last)
		return 0;
	if (g->fails)
		return fail(-EBUSY, "lost");
	atomic_store(&g->stop, true);
	return 0;
}

static void it_ends_soon_when_it_may_not_go_on_or_is_stopped(void **state)
{
	struct file from = new_file(), to = new_file();
	uint8_t *data = full(&from, 16 * MIB);
	struct transfer_result result;
	struct bandwidth limit; /* 100 pieces a second */

	(void)state;
	bandwidth_init(&limit, 6400 * KIB);
	for (int fails = 0; fails <= 1; fails++) {
		struct going g = { .last = 3, .fails = fails };
		struct transfer_request req = request_for(&from, &to, 16 * MIB);

		req.threads = 3;
		req.limit = &limit;
		req.may_go_on = may_go_on;
		req.stop = &g.stop;
		req.cookie = &g;
		assert_int_equal(run(&req, &result), fails ? -EBUSY : -ECANCELED);
		assert_string_equal(error_text(fails ? -EBUSY : -ECANCELED),
				    fails ? "lost" : "interrupted");
		assert_true(result.user_bytes < 16 * MIB);
		assert_int_equal(g.asked, g.last);
		/* By the clock, and not by each thread before each piece. */
		assert_true(seen.writes > 2 * g.asked);
	}
	bandwidth_release(&limit);
	free(data);
	close_file(&from);
	close_file(&to);
}

static void a_limit_is_kept_by_all_threads_and_targets(void **state)
{
	struct file from = new_file(), to[2] = { new_file(), new_file() };
	const int fds[2] = { to[0].fd, to[1].fd };
	uint8_t *data = full(&from, 8 * MIB);
	struct transfer_request req = request_for(&from, &to[0], 8 * MIB);
	struct transfer_result result;
	struct bandwidth limit;
	uint64_t begin;

	(void)state;
	bandwidth_init(&limit, 32 * MIB);
	req.limit = &limit;
	req.target_fds = fds;
	req.target_count = 2;
	req.threads = 4;
	whole.targets = 3;
	begin = clock_now_ns();
	assert_int_equal(run(&req, &result), 0);
	/* Half a second for 16 MiB, less what may be made up for. */
	assert_true(clock_now_ns() - begin > 400 * NS_PER_MS);
	assert_has(&to[1], data, 8 * MIB);
	bandwidth_release(&limit);
	free(data);
	close_file(&from);
	close_file(&to[0]);
	close_file(&to[1]);
}

static void all_targets_are_written_from_the_first_pieces_on(void **state)
{
	struct file from = new_file(), to[3] = { new_file(), new_file(), new_file() };
	const int fds[3] = { to[0].fd, to[1].fd, to[2].fd };
	uint8_t *data = full(&from, 16 * MIB);
	struct transfer_request req = request_for(&from, &to[0], 16 * MIB);
	struct transfer_result result;

	(void)state;
	req.target_fds = fds;
	req.target_count = 3;
	req.threads = 3;
	whole.targets = 7;
	meet = 3;
	assert_int_equal(run(&req, &result), 0);
	meet = 0;
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(met[0] == fds[i] || met[1] == fds[i] || met[2] == fds[i]);
		assert_has(&to[i], data, 16 * MIB);
		close_file(&to[i]);
	}
	free(data);
	close_file(&from);
}

static void note_progress(uint64_t done, void *cookie)
{
	uint64_t *last = cookie;

	assert_true(done >= *last);
	*last = done;
}

static void what_is_done_is_told(void **state)
{
	struct random_source r = random_start("progress");
	struct transfer_result result;
	struct transfer_request req;
	struct round t;
	uint64_t last = 0;

	(void)state;
	make_round(&r, &t);
	req = request_of(&t, 4);
	req.bind = NULL;
	req.progress = note_progress;
	req.cookie = &last;
	for (unsigned int i = 0; i < t.target_count; i++)
		t.fds[i] = t.files[i].fd;
	assert_int_equal(run(&req, &result), 0);
	assert_int_equal(last, t.asked);
	end_round(&t);
}

static void nothing_to_copy_takes_no_call(void **state)
{
	struct file from = new_file(), to = new_file();
	struct transfer_request req = request_for(&from, &to, 0);
	struct transfer_result result;

	(void)state;
	assert_int_equal(run(&req, &result), 0);
	req.range_count = 0;
	assert_int_equal(run(&req, &result), 0);
	assert_int_equal(seen.read_bytes + seen.written_bytes, 0);
	close_file(&from);
	close_file(&to);
}

/* ---- memory ---- */

/* All in MiB. */
static const struct {
	unsigned int threads;
	bool fresh;
	uint64_t size, memory, piece;
} rules[] = {
	{ 1, true, 1024, 32, 32 },
	{ 2, true, 1024, 32, 16 },
	{ 3, true, 1024, 32, 10 },
	{ 4, true, 1024, 32, 8 },
	{ 8, true, 1024, 32, 4 },
	{ 64, true, 1024, 32, 4 },
	{ 1, false, 1024, 32, 16 },
	{ 2, false, 1024, 32, 8 },
	{ 5, false, 1024, 32, 4 },
	/* No more in flight than a sixteenth, but 16 MiB. */
	{ 4, true, 384, 32, 6 },
	{ 4, true, 256, 32, 4 },
	{ 1, true, 256, 32, 16 },
	{ 4, true, 33, 32, 4 },
	{ 1, true, 33, 32, 16 },
	/* Where several files share it. */
	{ 1, true, 1024, 8, 8 },
	{ 2, true, 1024, 8, 4 },
	{ 4, true, 1024, 8, 4 },
};

static void all_threads_together_have_so_much_memory(void **state)
{
	struct file from = new_file(), to = new_file();
	uint8_t *data = full(&from, 33 * MIB);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
		struct transfer_request req = request_for(&from, &to, rules[i].size * MIB);
		struct copy_memory memory;
		struct transfer_result result;

		copy_memory_init(&memory, rules[i].memory * MIB);
		req.memory = &memory;
		req.threads = rules[i].threads;
		req.fresh = rules[i].fresh;
		req.read_fds = &to.fd;
		assert_int_equal(ftruncate(from.plain, (off_t)(rules[i].size * MIB)), 0);
		assert_int_equal(run(&req, &result), 0);
		assert_int_equal(seen.longest_read, rules[i].piece * MIB);
		assert_int_equal(result.user_bytes, 33 * MIB);
		assert_int_equal(memory.used_bytes, 0);
		assert_true(memory.idle_bytes <= rules[i].memory * MIB);
		copy_memory_release(&memory);
	}
	assert_has(&to, data, 33 * MIB);
	free(data);
	close_file(&from);
	close_file(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_target_gets_its_ranges_and_nothing_else),
		cmocka_unit_test(short_reads_and_writes_are_gone_on_from),
		cmocka_unit_test(only_grains_that_differ_are_written),
		cmocka_unit_test(only_grains_whose_sums_differ_are_written),
		cmocka_unit_test(what_is_behind_the_targets_end_is_written),
		cmocka_unit_test(holes_become_zeros_where_the_target_has_data),
		cmocka_unit_test(holes_stay_holes_in_a_fresh_target),
		cmocka_unit_test(whatever_call_fails_ends_the_copy),
		cmocka_unit_test(a_target_that_cannot_be_bound_ends_it),
		cmocka_unit_test(a_source_that_became_shorter_is_noticed),
		cmocka_unit_test(it_ends_soon_when_it_may_not_go_on_or_is_stopped),
		cmocka_unit_test(a_limit_is_kept_by_all_threads_and_targets),
		cmocka_unit_test(all_targets_are_written_from_the_first_pieces_on),
		cmocka_unit_test(what_is_done_is_told),
		cmocka_unit_test(nothing_to_copy_takes_no_call),
		cmocka_unit_test(all_threads_together_have_so_much_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
