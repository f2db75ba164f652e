/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A migrate by streams of direct I/O: what takes the file's place is what the file is (the fixture
 * sees to that), and nothing does if that can't be known.
 */
#include "test_leased_fixture.h"

#include "fault.h"
#include "random.h"

#include "mover/migrate.h"

static const enum migrate_mode modes[] = { MIGRATE_BLOCK, MIGRATE_NONBLOCK };

static int reset(void **state)
{
	int err = leased_reset(state);

	set_plain();
	return err;
}

/* ---- what is read and written ---- */

static _Atomic unsigned int calls, unaligned;

static void check_call(const struct sys_data_call *call, void *cookie)
{
	(void)cookie;
	assert_string_not_equal(call->name, "copy_file_range");
	if (strcmp(call->name, "pread") != 0 && strcmp(call->name, "pwrite") != 0)
		return;
	calls++;
	unaligned += (call->src_offset | call->dst_offset | call->len_bytes) % 4096 != 0;
}

static int migrate(enum migrate_mode mode, bool verify, struct migrate_result *ret)
{
	const struct migrate_options opt = { .mode = mode, .verify = verify };
	int err;

	calls = unaligned = 0;
	sys_set_recorder(check_call, NULL);
	err = migrate_file(&fake.fs, fake.path, &opt, ret);
	sys_set_recorder(NULL, NULL);
	assert_int_equal(unaligned, 0);
	assert_false(leased.file.held || fake.held);
	return err;
}

static void make_file(void)
{
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };

	fake_write(0, 100000, 'a');
	fake_write(MIB, 77777, 'b');
	assert_int_equal(ftruncate(fake.file_fd, 2 * MIB + 3) | fsync(fake.file_fd), 0);
	assert_int_equal(futimens(fake.file_fd, times), 0);
}

/* ---- what a migrate costs, whatever the file's size ---- */

static char system_calls[1024]; /* but for reading and writing, by one thread at a time */

static int note_system_call(const char *call, size_t len_bytes, void *cookie)
{
	size_t len = strlen(system_calls);

	(void)len_bytes;
	(void)cookie;
	if (strcmp(call, "pread") != 0 && strcmp(call, "pwrite") != 0)
		snprintf(system_calls + len, sizeof(system_calls) - len, "%s ", call);
	return 0;
}

/* Of a file without holes. What the operations of the file system cost comes to it. */
static void a_migrate_costs_so_many_calls(void **state)
{
	static const char *const wanted[] = {
		[0] = "openat fstatat openat fstatat openat fstatat " /* file and victim */
		      "fstatat fstatat fstatat " /* is it one of our own streams? */
		      "fstatat fstatfs seek seek fstatat fsync utimens ",
		[1] = "openat fstatat openat fstatat openat fstatat "
		      "fstatat fstatfs seek seek fstatat fsync utimens ",
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++) {
		struct migrate_options opt = { .mode = modes[i], .threads = 1 };
		struct migrate_result r;

		reset(NULL);
		fake_write(0, 20 * MIB, 'a');
		*system_calls = '\0';
		sys_set_hook(note_system_call, NULL);
		assert_int_equal(migrate_file(&fake.fs, fake.path, &opt, &r), 0);
		sys_set_hook(NULL, NULL);
		assert_string_equal(system_calls, wanted[i]);
	}
}

/* ---- tests ---- */

static void any_file_is_moved_as_it_is(void **state)
{
	struct random_source r = random_start("migrate");

	(void)state;
	for (int i = 0; i < 30; i++) {
		struct migrate_result result;

		reset(NULL);
		for (uint64_t n = random_range(&r, 0, 4); n; n--)
			fake_write(random_range(&r, 0, 5 * MIB), random_range(&r, 1, MIB), (int)n);
		if (random_range(&r, 0, 1))
			fake_truncate(random_range(&r, 0, 7 * MIB));
		fake.fs.copy_threads = (unsigned int)random_range(&r, 1, 6);
		assert_int_equal(migrate(modes[i % 2], random_range(&r, 0, 1), &result), 0);
		assert_int_equal(fake.commits, 1);
		assert_int_equal(result.size_bytes, fake_size());
		assert_int_equal(result.moved.user_bytes + result.moved.hole_bytes, fake_size());
		assert_int_equal(result.moved.direct_bytes, result.moved.user_bytes);
		assert_int_equal(result.attempts, 1);
		assert_true(calls > 0 || result.moved.user_bytes == 0);
	}
}

static void live_is_block_here(void **state)
{
	struct migrate_result r;

	(void)state;
	make_file();
	assert_int_equal(migrate(MIGRATE_LIVE, false, &r), 0);
	assert_int_equal(fake.held_times, 1);
	assert_int_equal(leased.file.gets, 0);
	assert_int_equal(fake.commits, 1);
}

static void add_mirrors(const char *call)
{
	static const uint32_t none[LEASED_MIRRORS][COMPONENTS] = { { 0 } };

	if (strcmp(call, "group_lock") == 0 || strcmp(call, "lease_get") == 0)
		set_mirrors(none);
}

static void release_data(const char *call)
{
	if (strcmp(call, "group_lock") != 0 && strcmp(call, "lease_get") != 0)
		return;
	set_plain();
	fake.layout->comps[0].pattern |= (uint32_t)PATTERN_F_RELEASED;
}

static void what_the_layout_got_meanwhile_is_not_lost(void **state)
{
	void (*const changes[])(const char *) = { add_mirrors, release_data };

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(changes); i++) {
		struct migrate_result r;

		reset(NULL);
		make_file();
		fake.at_call = changes[i / 2];
		assert_int_equal(migrate(modes[i % 2], false, &r), -EOPNOTSUPP);
		assert_non_null(strstr(error_text(-EOPNOTSUPP),
				       i / 2 ? "lfs hsm_restore" : "has 4 mirrors"));
		assert_string_equal(r.step, "look at the layout again");
		assert_int_equal(fake.commits, 0);
		assert_int_equal(calls, 0);
		assert_int_equal(leased.file.puts, leased.file.gets);
	}
}

static unsigned int lose_at;

static void lose(const char *call)
{
	(void)call;
	if (fake.count + 1 == lose_at)
		leased_write(4096, 100, '!');
}

static void whenever_the_lease_is_lost_nothing_is_swapped(void **state)
{
	(void)state;
	lose_at = 0;
	do {
		struct migrate_result r;
		int err;

		reset(NULL);
		make_file();
		lose_at++;
		fake.at_call = lose;
		err = migrate(MIGRATE_NONBLOCK, false, &r);
		assert_true(leased.file.lost ? err == -EBUSY || err == -EAGAIN : !err);
		assert_int_equal(fake.commits, !err);
	} while (fake.count >= lose_at);
	assert_true(lose_at > 8);
}

static unsigned int questions;

static void lose_at_a_question(const char *call)
{
	if (strcmp(call, "lease_check") == 0 && ++questions == 2)
		leased_lose();
}

/* The second question, of a copy that takes four seconds, is about a lease that is lost. */
static void a_copy_without_a_lease_ends_soon(void **state)
{
	struct migrate_options opt = { .mode = MIGRATE_NONBLOCK };
	struct migrate_result r;
	struct bandwidth limit;

	(void)state;
	fake_write(0, 4 * MIB, 'a');
	bandwidth_init(&limit, MIB);
	opt.limit = &limit;
	fake.at_call = lose_at_a_question;
	calls = unaligned = questions = 0;
	sys_set_recorder(check_call, NULL);
	assert_int_equal(migrate_file(&fake.fs, fake.path, &opt, &r), -EBUSY);
	sys_set_recorder(NULL, NULL);
	assert_string_equal(r.step, "copy");
	assert_int_equal(questions, 2);
	assert_true(calls > 0 && calls < 64);
	assert_int_equal(fake.commits, 0);
	assert_int_equal(leased.file.puts, 1);
	bandwidth_release(&limit);
}

/* As a store into a mapping does, under the group lock. */
static unsigned int stores;

static void store(const char *call)
{
	if (strcmp(call, "swap") == 0 && stores) {
		fake_write(4096, 100, (int)stores);
		stores--;
	}
}

static void what_is_stored_meanwhile_is_copied_again(void **state)
{
	struct migrate_result r;

	(void)state;
	make_file();
	fake.at_call = store;
	stores = MIGRATE_ATTEMPTS - 1;
	assert_int_equal(migrate(MIGRATE_BLOCK, false, &r), 0);
	assert_int_equal(r.attempts, MIGRATE_ATTEMPTS);
	assert_int_equal(fake.commits, 1);
	stores = MIGRATE_ATTEMPTS;
	assert_int_equal(migrate(MIGRATE_BLOCK, false, &r), -EAGAIN);
	assert_int_equal(fake.commits, 1);
}

static void store_while_copying(const char *call)
{
	fake.version += strcmp(call, "lease_check") == 0;
}

static void what_is_stored_in_spite_of_the_lease_is_noticed(void **state)
{
	struct migrate_result r;

	(void)state;
	make_file();
	fake.at_call = store_while_copying;
	assert_int_equal(migrate(MIGRATE_NONBLOCK, false, &r), -EAGAIN);
	assert_int_equal(r.attempts, 1);
	assert_int_equal(fake.commits, 0);
	assert_int_equal(leased.file.puts, 1);
}

static void whatever_operation_fails_nothing_is_swapped(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++) {
		unsigned int at = 0;

		do {
			struct migrate_result r;
			unsigned int fds;
			int err;

			reset(NULL);
			fake.fs.copy_threads = 1;
			make_file();
			fds = open_fds();
			fake.fail_at = ++at;
			err = migrate(modes[i], true, &r);
			/* The last one gives up the lock, after the swap. */
			assert_true(err == (fake.hit ? -EIO : 0) || fake.commits);
			assert_int_equal(fake.commits, !err);
			assert_int_equal(open_fds(), fds);
		} while (fake.hit);
		assert_true(at > 8);
	}
}

static void whatever_call_fails_nothing_is_swapped(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++) {
		struct fault f = fault_start(-EIO);

		while (fault_next(&f)) {
			struct migrate_result r;
			unsigned int fds;
			int err;

			fault_pause();
			reset(NULL);
			fake.fs.copy_threads = 1;
			make_file();
			fds = open_fds();
			sys_set_hook(fault_hook, &f);
			err = migrate(modes[i], true, &r);
			fault_pause();
			assert_true(err == -EIO || !err);
			assert_true(f.hit || !err);
			assert_int_equal(fake.commits, !err);
			assert_int_equal(open_fds(), fds);
		}
		assert_true(f.at > 15);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_migrate_costs_so_many_calls, reset),
		cmocka_unit_test_setup(any_file_is_moved_as_it_is, reset),
		cmocka_unit_test_setup(live_is_block_here, reset),
		cmocka_unit_test_setup(what_the_layout_got_meanwhile_is_not_lost, reset),
		cmocka_unit_test_setup(whenever_the_lease_is_lost_nothing_is_swapped, reset),
		cmocka_unit_test_setup(a_copy_without_a_lease_ends_soon, reset),
		cmocka_unit_test_setup(what_is_stored_meanwhile_is_copied_again, reset),
		cmocka_unit_test_setup(what_is_stored_in_spite_of_the_lease_is_noticed, reset),
		cmocka_unit_test_setup(whatever_operation_fails_nothing_is_swapped, reset),
		cmocka_unit_test_setup(whatever_call_fails_nothing_is_swapped, reset),
	};

	return cmocka_run_group_tests(tests, fake_make, fake_remove);
}
