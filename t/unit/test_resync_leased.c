/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stale mirrors brought up, and one written, under a lease: only what is as the file is at that
 * very moment is marked as in sync (the fixture sees to that), and without the lease nothing is.
 */
#include "test_leased_fixture.h"

#include "fault.h"
#include "random.h"

#include "mover/mirror_verbs.h"

#define SIZE (3 * MIB + 5)

#define ROUND_UP(bytes) (((bytes) + 4095) / 4096 * 4096)

static struct mirror_options options;

static const uint32_t two_stale[LEASED_MIRRORS][COMPONENTS] = { { 0, 0 },
								{ COMP_STALE, COMP_STALE },
								{ 0, 0 },
								{ COMP_STALE, COMP_STALE } };

static int reset(void **state)
{
	int err = leased_reset(state);

	options = (struct mirror_options){ .threads = 2 };
	return err;
}

/* ---- what is read and written ---- */

static struct {
	_Atomic uint64_t read_bytes, written_bytes, lowest;
} io;

static void count_bytes(const struct sys_data_call *call, void *cookie)
{
	uint64_t lowest = io.lowest;

	(void)cookie;
	assert_string_not_equal(call->name, "copy_file_range");
	if (strcmp(call->name, "pread") == 0)
		io.read_bytes += call->len_bytes;
	if (strcmp(call->name, "pwrite") != 0)
		return;
	io.written_bytes += call->len_bytes;
	while (call->dst_offset < lowest &&
	       !atomic_compare_exchange_weak(&io.lowest, &lowest, call->dst_offset))
		;
}

static int resync(struct mirror_resync_what what, struct mirror_result *ret)
{
	int err;

	io.read_bytes = io.written_bytes = 0;
	io.lowest = UINT64_MAX;
	sys_set_recorder(count_bytes, NULL);
	err = mirror_resync(&fake.fs, fake.path, &what, &options, ret);
	sys_set_recorder(NULL, NULL);
	return err;
}

/* ---- files ---- */

static void make_file(void)
{
	static uint8_t data[SIZE];

	for (uint64_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i >> 10 | 1);
	assert_int_equal(pwrite(fake.file_fd, data, SIZE, 0), SIZE);
	assert_int_equal(fsync(fake.file_fd), 0);
}

static void copy_to_mirror(uint32_t id)
{
	int fd = open_mirror(id, O_RDWR);
	off_t in = 0, out = 0;

	while (in < (off_t)fake_size())
		assert_true(copy_file_range(fake.file_fd, &in, fd, &out, fake_size(), 0) > 0);
	assert_int_equal(ftruncate(fd, (off_t)fake_size()) | fsync(fd), 0);
	close(fd);
}

static void copy_to_mirrors(void)
{
	for (uint32_t id = 2; id <= LEASED_MIRRORS; id++)
		copy_to_mirror(id);
}

static void spoil(uint32_t id, uint64_t offset, size_t len)
{
	static char junk[MIB];
	int fd = open_mirror(id, O_RDWR);

	memset(junk, '#', sizeof(junk));
	assert_int_equal(pwrite(fd, junk, len, (off_t)offset), len);
	assert_int_equal(fsync(fd), 0);
	close(fd);
}

static void assert_done(const uint32_t *ids, unsigned int count)
{
	assert_int_equal(leased.dones, 1);
	assert_int_equal(leased.done_count, count);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(leased.done[i], ids[i]);
	/*
	 * That of the resync is used up; another one that is given back has looked whether it can
	 * be had.
	 */
	assert_int_equal(leased.file.puts + 1, leased.file.gets);
	assert_false(leased.file.held || leased.resyncing);
}

static void assert_nothing_done(void)
{
	assert_int_equal(leased.dones, 0);
	assert_false(leased.file.held || leased.resyncing);
	assert_int_equal(leased.file.puts, leased.file.gets);
}

/* ---- resync ---- */

static void several_mirrors_are_brought_up_from_one_reading(void **state)
{
	const uint32_t ids[] = { leased_id(2, 0), leased_id(2, 1), leased_id(4, 0),
				 leased_id(4, 1) };
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };
	unsigned int fds = open_fds();
	struct mirror_result r;
	struct stat st;

	(void)state;
	set_mirrors(two_stale);
	make_file();
	assert_int_equal(futimens(fake.file_fd, times), 0);
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_done(ids, 4);
	assert_int_equal(io.read_bytes, ROUND_UP(SIZE));
	assert_int_equal(io.written_bytes, 2 * ROUND_UP(SIZE));
	assert_int_equal(r.mirrors, 2);
	assert_int_equal(r.size_bytes, SIZE);
	assert_int_equal(r.copied_bytes, 2 * SIZE);
	assert_int_equal(r.moved.user_bytes, 2 * SIZE);
	assert_false(r.compared);
	assert_true(mirror_is_like_file(2) && mirror_is_like_file(4));
	assert_false(mirror_is_like_file(3));
	assert_int_equal(fstat(fake.file_fd, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_mtim.tv_nsec, 222);
	assert_int_equal(open_fds(), fds);
}

static void only_stale_components_are_written(void **state)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ 0, 0 }, { 0, COMP_STALE }, { 0, 0 }, { 0, COMP_STALE }
	};
	const uint32_t ids[] = { leased_id(2, 1), leased_id(4, 1) };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	make_file();
	copy_to_mirrors();
	spoil(2, 2 * MIB, 1000);
	spoil(4, MIB, MIB);
	assert_int_equal(resync((struct mirror_resync_what){ .compare = MIRROR_COMPARE_NOT }, &r),
			 0);
	assert_done(ids, 2);
	assert_int_equal(io.lowest, COMPONENT_END);
	assert_int_equal(io.written_bytes, 2 * (ROUND_UP(SIZE) - COMPONENT_END));
	assert_int_equal(r.copied_bytes, 2 * (SIZE - COMPONENT_END));
	assert_true(mirror_is_like_file(2) && mirror_is_like_file(4));
}

static void mirrors_that_are_stale_in_different_places(void **state)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ 0, 0 }, { 0, COMP_STALE }, { COMP_STALE, 0 }, { COMP_STALE, COMP_STALE }
	};
	const uint32_t ids[] = { leased_id(2, 1), leased_id(3, 0), leased_id(4, 0),
				 leased_id(4, 1) };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	make_file();
	copy_to_mirrors();
	spoil(2, MIB, MIB);
	spoil(3, 0, MIB);
	spoil(4, MIB / 2, MIB);
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_done(ids, 4);
	for (uint32_t id = 2; id <= 4; id++)
		assert_true(mirror_is_like_file(id));
}

static void a_longer_mirror_is_cut_and_holes_become_zeros(void **state)
{
	struct mirror_result r;

	(void)state;
	for (int compare = MIRROR_COMPARE; compare <= MIRROR_COMPARE_NOT; compare++) {
		reset(NULL);
		set_mirrors(two_stale);
		fake_write(2 * MIB, 100, 'a');
		assert_int_equal(ftruncate(fake.file_fd, SIZE) | fsync(fake.file_fd), 0);
		spoil(2, 0, MIB);
		spoil(2, 3 * MIB, MIB);
		spoil(4, 5 * MIB, 100);
		assert_int_equal(resync((struct mirror_resync_what){ .compare = compare }, &r), 0);
		assert_int_equal(leased.done_count, 4);
		assert_true(mirror_is_like_file(2) && mirror_is_like_file(4));
	}
}

static void an_empty_file_has_empty_mirrors(void **state)
{
	struct mirror_result r;

	(void)state;
	set_mirrors(two_stale);
	spoil(2, 0, 100);
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_int_equal(leased.done_count, 4);
	assert_int_equal(io.written_bytes, 0);
	assert_true(mirror_is_like_file(2));
}

static void compared_only_what_differs_is_written(void **state)
{
	struct mirror_result r;

	(void)state;
	set_mirrors(two_stale);
	make_file();
	copy_to_mirrors();
	spoil(2, 130 * KIB, 1);
	spoil(4, MIB + 64 * KIB, 64 * KIB + 1);
	assert_int_equal(resync((struct mirror_resync_what){ .compare = MIRROR_COMPARE }, &r), 0);
	assert_true(r.compared);
	assert_int_equal(leased.done_count, 4);
	assert_int_equal(io.written_bytes, 3 * 64 * KIB);
	assert_int_equal(r.copied_bytes, 3 * 64 * KIB);
	assert_true(mirror_is_like_file(2) && mirror_is_like_file(4));
}

static bool is_compared(uint64_t size, bool has_data)
{
	struct mirror_result r;

	reset(NULL);
	set_mirrors(two_stale);
	assert_int_equal(ftruncate(fake.file_fd, (off_t)size), 0);
	if (has_data)
		spoil(4, size - 100, 100);
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_true(mirror_is_like_file(4));
	return r.compared;
}

static void what_is_large_and_has_data_is_compared(void **state)
{
	(void)state;
	assert_true(is_compared(64 * MIB, true));
	assert_false(is_compared(64 * MIB - 4096, true));
	assert_false(is_compared(64 * MIB, false));
}

static void the_preferred_mirror_is_read(void **state)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ 0, 0 }, { COMP_STALE, COMP_STALE }, { COMP_PREFER_READ, 0 }, { 0, 0 }
	};
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	make_file();
	copy_to_mirror(3); /* 4 is empty: reading it would be seen */
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_int_equal(leased.dones, 1);
}

/* Then the file is read: mirror 1 in the fixture. */
static void no_mirror_need_be_in_sync_as_a_whole(void **state)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ COMP_STALE, 0 }, { 0, COMP_STALE }, { COMP_STALE, 0 }, { 0, COMP_STALE }
	};
	const uint32_t ids[] = { leased_id(1, 0), leased_id(2, 1), leased_id(3, 0),
				 leased_id(4, 1) };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	make_file();
	copy_to_mirrors();
	spoil(2, MIB, MIB);
	spoil(3, 0, MIB);
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_done(ids, 4);
}

static void become_stale(const char *call)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ 0, 0 }, { COMP_STALE, 0 }, { 0, COMP_STALE }, { 0, 0 }
	};

	if (strcmp(call, "resync_begin") == 0)
		set_mirrors(flags);
}

static void a_source_that_became_stale_is_not_read(void **state)
{
	struct mirror_result r;

	(void)state;
	set_mirrors(two_stale);
	make_file();
	copy_to_mirrors();
	fake.at_call = become_stale;
	assert_int_equal(resync((struct mirror_resync_what){ .source_id = 3 }, &r), -EAGAIN);
	assert_non_null(strstr(error_text(-EAGAIN), "mirror 3"));
	assert_nothing_done();
}

static void be_in_sync(const char *call)
{
	static const uint32_t none[LEASED_MIRRORS][COMPONENTS] = { { 0 } };

	if (strcmp(call, "resync_begin") == 0)
		set_mirrors(none);
}

static void what_another_has_resynced_meanwhile_is_fine(void **state)
{
	static const uint32_t other[LEASED_MIRRORS][COMPONENTS] = {
		{ 0, 0 }, { 0, 0 }, { COMP_STALE, 0 }, { 0, 0 }
	};
	static const uint32_t named[] = { 2 };
	struct mirror_result r = { .mirrors = 9 };

	(void)state;
	set_mirrors(two_stale);
	fake.at_call = be_in_sync;
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_int_equal(r.mirrors, 0);
	assert_nothing_done();
	fake.at_call = NULL;
	set_mirrors(other);
	assert_int_equal(
		resync((struct mirror_resync_what){ .only_ids = named, .only_count = 1 }, &r), 0);
	assert_int_equal(r.mirrors, 0);
	assert_int_equal(calls_of("mirror_bind"), 0);
}

static bool all_stale(uint32_t mirror_id)
{
	uint32_t ids[COMPONENTS];

	return mirror_stale_components(fake.layout, mirror_id, ids) == COMPONENTS;
}

static void look_at_flags(const char *call)
{
	if (strcmp(call, "resync_begin") != 0)
		return;
	assert_true(all_stale(1) && all_stale(2) && all_stale(4));
	assert_true(mirror_usable(fake.layout, 3));
}

static void forced_ones_become_stale_first_but_not_the_source(void **state)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ 0, 0 }, { COMP_STALE, 0 }, { COMP_PREFER_READ, COMP_PREFER_READ }, { 0, 0 }
	};
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	make_file();
	copy_to_mirrors();
	spoil(4, 0, 100);
	fake.at_call = look_at_flags;
	/* A mirror that is stale in part is written as a whole, too. */
	assert_int_equal(resync((struct mirror_resync_what){ .force = true }, &r), 0);
	assert_int_equal(r.mirrors, 3);
	assert_int_equal(leased.done_count, 6);
	assert_true(mirror_is_like_file(4));
	assert_int_equal(count_stale(), 0);
}

/* ---- the lease is lost ---- */

static unsigned int lose_at;

static void lose(const char *call)
{
	(void)call;
	if (fake.count + 1 == lose_at)
		leased_lose();
}

static void write_at(const char *call)
{
	(void)call;
	if (fake.count + 1 == lose_at)
		leased_write(MIB + 4096, 100, '!');
}

/* A program that goes by the times must see that the file was written. */
static bool has_times_of_before(void)
{
	struct stat st;

	assert_int_equal(fstat(fake.file_fd, &st), 0);
	return st.st_mtim.tv_sec == 2000;
}

static void whenever_the_lease_is_lost_the_mirrors_stay_stale(void **state)
{
	void (*const disturbances[])(const char *) = { lose, write_at };
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };
	unsigned int fds;

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(disturbances); i++) {
		lose_at = 0;
		do {
			struct mirror_result r;
			int err;

			reset(NULL);
			options.threads = 1;
			set_mirrors(two_stale);
			make_file();
			assert_int_equal(futimens(fake.file_fd, times), 0);
			fds = open_fds();
			lose_at++;
			fake.at_call = disturbances[i / 2];
			if (i % 2)
				sys_set_hook(leased_refuse_writes, NULL);
			err = resync((struct mirror_resync_what){ 0 }, &r);
			sys_set_hook(NULL, NULL);
			assert_true(err == -EBUSY || err == -ESTALE || !err);
			assert_true(err ? leased.file.lost : !leased.file.lost);
			if (err)
				assert_nothing_done();
			assert_int_equal(count_stale(), err ? 4 : 0);
			if (disturbances[i / 2] == write_at && err)
				assert_false(has_times_of_before());
			assert_int_equal(open_fds(), fds);
		} while (fake.count >= lose_at);
		assert_true(lose_at > 12);
	}
}

static void a_file_that_somebody_writes_is_left_alone(void **state)
{
	struct mirror_result r;

	(void)state;
	set_mirrors(two_stale);
	leased.file.busy = true;
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), -EBUSY);
	assert_int_equal(leased.file.puts, 0);
	assert_int_equal(calls_of("mirror_bind"), 0);
}

static void it_can_be_interrupted(void **state)
{
	atomic_bool stop = true;
	struct mirror_result r;

	(void)state;
	set_mirrors(two_stale);
	make_file();
	options.stop = &stop;
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), -ECANCELED);
	assert_string_equal(error_text(-ECANCELED), "interrupted");
	assert_nothing_done();
}

static atomic_bool stopped;

static void stop_late(const char *call)
{
	(void)call;
	if (fake.count + 1 == lose_at)
		atomic_store(&stopped, true);
}

static void it_can_be_interrupted_up_to_the_end(void **state)
{
	struct mirror_result r;

	(void)state;
	lose_at = 0;
	do {
		int err;

		reset(NULL);
		set_mirrors(two_stale);
		make_file();
		atomic_store(&stopped, false);
		options = (struct mirror_options){ .threads = 1, .stop = &stopped };
		lose_at++;
		fake.at_call = stop_late;
		err = resync((struct mirror_resync_what){ 0 }, &r);
		assert_int_equal(err, leased.dones ? 0 : -ECANCELED);
		/* The last call marks them. */
		assert_true(lose_at >= fake.count || err);
	} while (fake.count >= lose_at);
	assert_true(lose_at > 12);
}

/* ---- what fails ---- */

static void make_old_mirrors(void)
{
	set_mirrors(two_stale);
	make_file();
	copy_to_mirrors();
	spoil(2, 100 * KIB, 1);
	spoil(2, 6 * MIB, 1);
	spoil(4, 2 * MIB, 1);
	options.threads = 1;
}

/* As a whole: either it was made like the file and marked, or nothing of it is marked. */
static bool came_through(uint32_t id)
{
	unsigned int marked = 0;

	for (unsigned int i = 0; i < leased.done_count; i++)
		marked += leased.done[i] >> 16 == id;
	if (!marked) {
		assert_true(mirror_wholly_stale(fake.layout, id));
		return false;
	}
	assert_int_equal(marked, COMPONENTS);
	assert_true(mirror_usable(fake.layout, id));
	assert_true(mirror_is_like_file(id));
	return true;
}

static void check_after(int err, bool hit, unsigned int fds)
{
	unsigned int through = came_through(2) + came_through(4);

	assert_true(err ? hit : leased.dones == 1);
	if (err && !leased.dones)
		assert_nothing_done();
	/* Of the two mirrors one may have come through, where it was the other that failed. */
	assert_int_equal(through, !err ? 2 : leased.dones);
	assert_int_equal(count_stale(), 4 - 2 * through);
	assert_false(leased.file.held || leased.resyncing);
	assert_int_equal(open_fds(), fds);
}

static void whatever_operation_fails_the_mirrors_stay_stale(void **state)
{
	unsigned int at = 0;

	(void)state;
	do {
		struct mirror_result r;
		unsigned int fds;
		int err;

		reset(NULL);
		make_old_mirrors();
		fds = open_fds();
		fake.fail_at = ++at;
		err = resync((struct mirror_resync_what){ .compare = MIRROR_COMPARE }, &r);
		assert_int_equal(err, fake.hit ? -EIO : 0);
		if (err)
			assert_string_not_equal(error_text(err), "text of lease_put");
		check_after(err, fake.hit, fds);
	} while (fake.hit);
	assert_true(at > 12);
}

static void whatever_call_fails_the_mirrors_stay_stale(void **state)
{
	static const int errors[] = { -EIO, -ENOSPC, -ESTALE };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		struct fault f = fault_start(errors[i]);

		while (fault_next(&f)) {
			struct mirror_result r;
			unsigned int fds;
			int err;

			fault_pause();
			reset(NULL);
			make_old_mirrors();
			fds = open_fds();
			sys_set_hook(fault_hook, &f);
			err = resync((struct mirror_resync_what){ .compare = MIRROR_COMPARE }, &r);
			fault_pause();
			check_after(err, f.hit, fds);
		}
		assert_true(f.at > 20);
	}
}

/* Any mirrors, anything in them. */
static void random_round(struct random_source *rnd)
{
	uint32_t flags[LEASED_MIRRORS][COMPONENTS] = { { 0 } };
	struct mirror_result r;
	bool any = false;

	reset(NULL);
	for (int i = 0; i < 4; i++) {
		uint64_t at = random_range(rnd, 0, 4 * MIB);

		fake_write(at, random_range(rnd, 1, MIB), 'a' + i);
	}
	copy_to_mirrors();
	for (uint32_t id = 2; id <= LEASED_MIRRORS; id++) {
		for (uint32_t k = 0; k < COMPONENTS; k++) {
			if (random_range(rnd, 0, 1))
				continue;
			any = true;
			flags[id - 1][k] = COMP_STALE;
			spoil(id, k * MIB + random_range(rnd, 0, k ? 5 * MIB : MIB - 5000), 5000);
		}
	}
	set_mirrors(flags);
	fake.fs.copy_threads = (unsigned int)random_range(rnd, 1, 6);
	options.threads = 0;
	assert_int_equal(resync((struct mirror_resync_what){ .compare = random_u64(rnd) % 3 }, &r),
			 0);
	assert_int_equal(leased.dones, any);
	assert_int_equal(count_stale(), 0);
}

static void whatever_was_in_them_they_become_as_the_file_is(void **state)
{
	struct random_source r = random_start("resync");

	(void)state;
	for (int i = 0; i < 25; i++) {
		random_round(&r);
		for (uint32_t id = 2; id <= LEASED_MIRRORS; id++)
			assert_true(mirror_is_like_file(id));
	}
}

/* ---- write ---- */

static int temporary(const char *text)
{
	int fd = open(fake.dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int write_mirror(const char *text, bool *ret_in_sync)
{
	struct mirror_result r;
	int in = temporary(text);
	int err = mirror_write(&fake.fs, fake.path, 2, in, &options, ret_in_sync, &r);

	close(in);
	return err;
}

static void what_is_written_to_a_mirror_is_in_sync_if_it_is_the_same(void **state)
{
	const uint32_t ids[] = { leased_id(2, 0), leased_id(2, 1) };
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };
	struct stat st;
	bool in_sync;

	(void)state;
	fake_write(0, 5, 'a');
	assert_int_equal(futimens(fake.file_fd, times), 0);
	spoil(2, 0, 100);
	assert_int_equal(write_mirror("aaaaa", &in_sync), 0);
	assert_true(in_sync);
	assert_done(ids, 2);
	assert_int_equal(calls_of("component_flags"), 1);
	assert_true(mirror_is_like_file(2));
	assert_int_equal(fstat(fake.file_fd, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
}

static void other_content_leaves_it_stale(void **state)
{
	static const char *const texts[] = { "aaaa", "aaaaaa", "aaaab", "" };
	bool in_sync;

	(void)state;
	fake_write(0, 5, 'a');
	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++) {
		int fd;

		assert_int_equal(write_mirror(texts[i], &in_sync), 0);
		assert_false(in_sync);
		assert_nothing_done();
		assert_true(all_stale(2));
		fd = open_mirror(2, O_RDONLY);
		assert_int_equal(lseek(fd, 0, SEEK_END), strlen(texts[i]));
		close(fd);
	}
	assert_int_equal(calls_of("component_flags"), 1);
	assert_int_equal(write_mirror("aaaaa", &in_sync), 0);
	assert_true(in_sync);
}

static void the_last_mirror_in_sync_is_not_written(void **state)
{
	static const uint32_t flags[LEASED_MIRRORS][COMPONENTS] = {
		{ COMP_STALE, 0 }, { 0, 0 }, { COMP_STALE, 0 }, { COMP_STALE, 0 }
	};
	bool in_sync;

	(void)state;
	set_mirrors(flags);
	assert_int_equal(write_mirror("aaaaa", &in_sync), -EBUSY);
	assert_int_equal(calls_of("mirror_bind"), 0);
	assert_int_equal(calls_of("resync_begin"), 0);
	assert_int_equal(leased.file.puts, leased.file.gets);
}

static void write_the_same_at(const char *call)
{
	(void)call;
	if (fake.count + 1 == lose_at)
		leased_write(0, 5, 'a');
}

static void whenever_the_lease_is_lost_what_was_written_is_stale(void **state)
{
	void (*const disturbances[])(const char *) = { lose, write_the_same_at };
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(disturbances); i++) {
		lose_at = 0;
		do {
			bool in_sync = false;
			int err;

			reset(NULL);
			fake_write(0, 5, 'a');
			assert_int_equal(futimens(fake.file_fd, times), 0);
			lose_at++;
			fake.at_call = disturbances[i];
			err = write_mirror("aaaaa", &in_sync);
			assert_int_equal(err, leased.file.lost ? -EBUSY : 0);
			assert_int_equal(in_sync, !err);
			assert_true(!err || all_stale(2));
			if (err && disturbances[i] == write_the_same_at)
				assert_false(has_times_of_before());
			assert_false(leased.file.held);
		} while (fake.count >= lose_at);
		assert_true(lose_at > 6);
	}
}

static void whatever_fails_what_was_written_is_stale(void **state)
{
	struct fault f = fault_start(-EIO);
	unsigned int at = 0;

	(void)state;
	do { /* operations, and then calls */
		bool in_sync = false, calls = at && !fake.hit;
		unsigned int fds;
		int err;

		if (calls && !fault_next(&f))
			break;
		fault_pause();
		reset(NULL);
		fake_write(0, 5, 'a');
		fds = open_fds();
		fake.fail_at = calls ? 0 : ++at;
		if (calls)
			sys_set_hook(fault_hook, &f);
		err = write_mirror("aaaaa", &in_sync);
		fault_pause();
		assert_true(err == -EIO || !err);
		assert_true(err || in_sync);
		assert_int_equal(leased.dones, in_sync);
		assert_false(leased.file.held);
		/* What failed before it was written changed nothing. */
		assert_true(in_sync || all_stale(2) || calls_of("mirror_bind") == 0);
		assert_int_equal(open_fds(), fds);
	} while (true);
	assert_true(at > 6 && f.at > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(several_mirrors_are_brought_up_from_one_reading, reset),
		cmocka_unit_test_setup(only_stale_components_are_written, reset),
		cmocka_unit_test_setup(mirrors_that_are_stale_in_different_places, reset),
		cmocka_unit_test_setup(a_longer_mirror_is_cut_and_holes_become_zeros, reset),
		cmocka_unit_test_setup(an_empty_file_has_empty_mirrors, reset),
		cmocka_unit_test_setup(compared_only_what_differs_is_written, reset),
		cmocka_unit_test_setup(what_is_large_and_has_data_is_compared, reset),
		cmocka_unit_test_setup(the_preferred_mirror_is_read, reset),
		cmocka_unit_test_setup(no_mirror_need_be_in_sync_as_a_whole, reset),
		cmocka_unit_test_setup(a_source_that_became_stale_is_not_read, reset),
		cmocka_unit_test_setup(what_another_has_resynced_meanwhile_is_fine, reset),
		cmocka_unit_test_setup(forced_ones_become_stale_first_but_not_the_source, reset),
		cmocka_unit_test_setup(whenever_the_lease_is_lost_the_mirrors_stay_stale, reset),
		cmocka_unit_test_setup(a_file_that_somebody_writes_is_left_alone, reset),
		cmocka_unit_test_setup(it_can_be_interrupted, reset),
		cmocka_unit_test_setup(it_can_be_interrupted_up_to_the_end, reset),
		cmocka_unit_test_setup(whatever_operation_fails_the_mirrors_stay_stale, reset),
		cmocka_unit_test_setup(whatever_call_fails_the_mirrors_stay_stale, reset),
		cmocka_unit_test_setup(whatever_was_in_them_they_become_as_the_file_is, reset),
		cmocka_unit_test_setup(what_is_written_to_a_mirror_is_in_sync_if_it_is_the_same,
				       reset),
		cmocka_unit_test_setup(other_content_leaves_it_stale, reset),
		cmocka_unit_test_setup(the_last_mirror_in_sync_is_not_written, reset),
		cmocka_unit_test_setup(whenever_the_lease_is_lost_what_was_written_is_stale, reset),
		cmocka_unit_test_setup(whatever_fails_what_was_written_is_stale, reset),
	};

	return cmocka_run_group_tests(tests, fake_make, fake_remove);
}
