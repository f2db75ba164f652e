/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * New mirrors under leases: what is merged is what the file has at that moment (the fixture sees to
 * that), and without the lease nothing is.
 */
#include "test_leased_fixture.h"

#include "fault.h"

#include "mover/mirror_leased.h"
#include "mover/mirror_verbs.h"

#include <sys/syscall.h>

#define SIZE (3 * MIB + 5)

static struct mirror_options options;

static int reset(void **state)
{
	int err = leased_reset(state);

	options = (struct mirror_options){ .threads = 2 };
	set_plain();
	return err;
}

/* Data, a hole, and data to the end, written long ago. */
static void make_file(void)
{
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };

	fake_write(0, MIB, 'a');
	fake_write(2 * MIB, MIB + 5, 'b');
	assert_int_equal(fsync(fake.file_fd) | futimens(fake.file_fd, times), 0);
}

static int extend(unsigned int count, struct mirror_result *ret)
{
	static struct layout *plain;
	const struct layout *requests[4];

	if (!plain)
		plain = layout_new(LAYOUT_PLAIN, 1);
	for (unsigned int i = 0; i < 4; i++)
		requests[i] = plain;
	return mirror_extend(&fake.fs, fake.path, requests, count, &options, ret);
}

static void assert_given_up(void)
{
	assert_false(leased.file.held || leased.other.held || fake.held);
}

/* ---- the system's calls ---- */

static _Atomic unsigned int waits_for, fsyncs_in_flight, fsyncs_most;

/* In the place of libc's. Comes back once so many are under way, or after five seconds. */
int fsync(int fd)
{
	unsigned int now = ++fsyncs_in_flight;
	int err;

	if (now > fsyncs_most)
		fsyncs_most = now;
	for (int i = 0; i < 5000 && fsyncs_most < waits_for; i++)
		usleep(1000);
	err = (int)syscall(SYS_fsync, fd);
	fsyncs_in_flight--;
	return err;
}

/* ---- extend ---- */

static _Atomic uint64_t read_bytes, written_bytes;

static void count_bytes(const struct sys_data_call *call, void *cookie)
{
	(void)cookie;
	assert_string_not_equal(call->name, "copy_file_range");
	if (strcmp(call->name, "pread") == 0)
		read_bytes += call->len_bytes;
	if (strcmp(call->name, "pwrite") == 0)
		written_bytes += call->len_bytes;
}

static void the_file_is_read_once_for_all_mirrors(void **state)
{
	(void)state;
	for (unsigned int count = 1; count <= 3; count += 2) {
		struct mirror_result r;

		reset(NULL);
		make_file();
		read_bytes = written_bytes = 0;
		sys_set_recorder(count_bytes, NULL);
		assert_int_equal(extend(count, &r), 0);
		sys_set_recorder(NULL, NULL);
		assert_int_equal(read_bytes, 2 * MIB + 4096);
		assert_int_equal(written_bytes, count * (2 * MIB + 4096));
		assert_int_equal(leased.merges, count);
		assert_int_equal(leased.file.gets, count);
		assert_int_equal(leased.file.puts, 0);
		assert_int_equal(r.mirrors, count);
		assert_int_equal(r.size_bytes, SIZE);
		assert_int_equal(r.copied_bytes, count * SIZE);
		assert_int_equal(r.moved.user_bytes, count * (2 * MIB + 5));
		assert_int_equal(r.moved.hole_bytes, count * MIB);
		assert_int_equal(r.passes, 1);
		assert_given_up();
	}
}

static void all_victims_become_durable_at_the_same_time(void **state)
{
	struct mirror_result r;

	(void)state;
	make_file();
	fsyncs_most = 0;
	waits_for = 3;
	assert_int_equal(extend(3, &r), 0);
	waits_for = 0;
	assert_int_equal(fsyncs_most, 3);
	assert_int_equal(leased.merges, 3);
}

static int fail_one_fsync(const char *call, size_t len_bytes, void *cookie)
{
	_Atomic unsigned int *left = cookie;

	(void)len_bytes;
	if (strcmp(call, "fsync") != 0 || --*left)
		return 0;
	/* Long after the others: each of them must be waited for. */
	usleep(20000);
	return -EIO;
}

static void a_victim_that_cannot_be_made_durable_is_not_merged(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 3; n++) {
		_Atomic unsigned int left = n;
		unsigned int fds;
		struct mirror_result r;

		reset(NULL);
		make_file();
		fds = open_fds();
		sys_set_hook(fail_one_fsync, &left);
		assert_int_equal(extend(3, &r), -EIO);
		sys_set_hook(NULL, NULL);
		assert_non_null(strstr(error_text(-EIO), "cannot make the copy durable"));
		assert_int_equal(leased.merges, 0);
		assert_int_equal(open_fds(), fds);
		assert_given_up();
	}
}

static void lose_while_copying(const char *call)
{
	if (strcmp(call, "lease_check") == 0)
		leased_lose();
}

static void a_lease_lost_while_copying_adds_nothing(void **state)
{
	struct mirror_result r;

	(void)state;
	make_file();
	fake.at_call = lose_while_copying;
	assert_int_equal(extend(3, &r), -EBUSY);
	assert_string_equal(error_text(-EBUSY), "lease lost");
	assert_int_equal(leased.merges, 0);
	assert_int_equal(leased.file.puts, 1);
	assert_given_up();
}

static void a_lease_lost_at_the_merge_adds_nothing(void **state)
{
	struct mirror_result r;

	(void)state;
	make_file();
	fake.failing = "merge";
	fake.failure = -EBUSY;
	fake.times = 1;
	assert_int_equal(extend(2, &r), -EBUSY);
	assert_string_equal(error_text(-EBUSY), "merge failed");
	assert_int_equal(leased.merges, 0);
	assert_given_up();
}

static void a_file_that_somebody_writes_is_left_alone(void **state)
{
	struct mirror_result r;

	(void)state;
	make_file();
	leased.file.busy = true;
	assert_int_equal(extend(2, &r), -EBUSY);
	assert_int_equal(leased.file.puts, 0);
	assert_int_equal(leased.merges, 0);
}

static void be_busy_after_one(const char *call)
{
	if (strcmp(call, "lease_get") == 0)
		leased.file.busy = leased.merges == 1;
}

/* The victims of a call to what mirror_extend() calls: its result is filled on failure. */
static int run_leased(const int *victim_fds, struct mirror_result *ret)
{
	struct sums_keep no_sums = SUMS_KEEP_INIT(&fake.fs, options.sums_dir_fd);
	struct subject file;
	const struct leased_extend e = { .fs = &fake.fs,
					 .opt = &options,
					 .file = &file,
					 .victim_fds = victim_fds,
					 .count = 3,
					 .sums = &no_sums };
	int err;

	assert_int_equal(subject_open(&fake.fs, fake.path, O_RDWR, "extend", &file), 0);
	err = leased_extend_run(&e, ret);
	subject_close(&file);
	return err;
}

static void how_many_were_added_is_told(void **state)
{
	struct mirror_result r = { 0 };
	int dir = open(fake.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fds[3];

	(void)state;
	make_file();
	for (int i = 0; i < 3; i++)
		assert_int_equal(fake_victim_open(&fake.fs, dir, -1, NULL, &fds[i]), 0);
	fake.at_call = be_busy_after_one;
	assert_int_equal(run_leased(fds, &r), -EBUSY);
	assert_string_equal(error_text(-EBUSY),
			    "1 of 3 mirrors were added: is open for writing elsewhere");
	assert_int_equal(leased.merges, 1);
	assert_int_equal(r.mirrors, 1);
	assert_int_equal(r.size_bytes, SIZE);
	assert_given_up();
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(dir);
}

static void write_between_merges(const char *call)
{
	static unsigned int done;

	if (strcmp(call, "lease_get") != 0)
		return;
	done = leased.merges == 0 ? 0 : done;
	if (leased.merges == 1 && done++ == 0) {
		fake_truncate(MIB / 2);
		fake_write(MIB, 100, 'z');
	}
}

static void what_changes_between_two_merges_is_copied_again(void **state)
{
	struct mirror_result r;

	(void)state;
	make_file();
	fake.at_call = write_between_merges;
	assert_int_equal(extend(3, &r), 0);
	assert_int_equal(leased.merges, 3);
	assert_int_equal(r.passes, 2);
	assert_int_equal(r.size_bytes, MIB + 100);
	assert_int_equal(r.copied_bytes, 3 * SIZE + 2 * (MIB + 100));
}

/* As a store into a mapping does: the lease isn't lost by it. */
static void store_after_the_copy(const char *call)
{
	if (strcmp(call, "data_version") == 0 && calls_of(call) == 3)
		fake.version++;
}

static void data_that_changed_in_spite_of_the_lease_is_noticed(void **state)
{
	struct mirror_result r;

	(void)state;
	make_file();
	fake.at_call = store_after_the_copy;
	assert_int_equal(extend(1, &r), -EAGAIN);
	assert_int_equal(leased.merges, 0);
	assert_int_equal(leased.file.puts, 1);
	assert_given_up();
}

static void an_empty_file_gets_empty_mirrors(void **state)
{
	struct mirror_result r;

	(void)state;
	assert_int_equal(extend(2, &r), 0);
	assert_int_equal(leased.merges, 2);
	assert_int_equal(r.copied_bytes, 0);
}

static void it_can_be_interrupted(void **state)
{
	atomic_bool stop = true;
	struct mirror_result r;

	(void)state;
	make_file();
	options.stop = &stop;
	assert_int_equal(extend(2, &r), -ECANCELED);
	assert_int_equal(leased.merges, 0);
	assert_given_up();
}

static void whatever_operation_fails_only_good_copies_are_merged(void **state)
{
	unsigned int at = 0, fds;

	(void)state;
	do {
		struct mirror_result r;
		int err;

		reset(NULL);
		make_file();
		options.threads = 1;
		fds = open_fds();
		fake.fail_at = ++at;
		err = extend(2, &r);
		/* lease_put() can't fail */
		assert_int_equal(err, fake.hit ? -EIO : 0);
		assert_true(leased.merges <= 2 && (err || leased.merges == 2));
		assert_given_up();
		assert_int_equal(open_fds(), fds);
	} while (fake.hit);
	assert_true(at > 15);
}

static void whatever_call_fails_only_good_copies_are_merged(void **state)
{
	struct fault f = fault_start(-EIO);

	(void)state;
	while (fault_next(&f)) {
		struct mirror_result r;
		unsigned int fds;
		int err;

		fault_pause();
		reset(NULL);
		make_file();
		options.threads = 1;
		fds = open_fds();
		sys_set_hook(fault_hook, &f);
		err = extend(2, &r);
		fault_pause();
		assert_true(err == -EIO || !err);
		assert_true(f.hit || !err);
		assert_true(err || leased.merges == 2);
		assert_given_up();
		assert_int_equal(open_fds(), fds);
	}
	assert_true(f.at > 15);
}

/* ---- extend -f ---- */

static char other[96];

#define OTHER_TIME 4000 /* of the other file, unlike the file's */

static void make_other(const char *text)
{
	const struct timespec times[2] = { { OTHER_TIME, 333 }, { OTHER_TIME, 444 } };
	struct stat st;
	FILE *f;

	snprintf(other, sizeof(other), "%s/other", fake.dir);
	f = fopen(other, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(utimensat(AT_FDCWD, other, times, 0) | stat(other, &st), 0);
	leased.other_ino = st.st_ino;
}

static int extend_from(const char *path)
{
	struct mirror_result r;

	return mirror_extend_from(&fake.fs, fake.path, path, false, &options, &r);
}

static int reset_from(void **state)
{
	int err = reset(state);

	assert_int_equal(pwrite(fake.file_fd, "hello", 5, 0), 5);
	make_other("hello");
	return err;
}

static void assert_not_merged(void)
{
	struct stat st;

	assert_int_equal(leased.merges, 0);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, OTHER_TIME);
	assert_int_equal(st.st_mtim.tv_nsec, 444);
}

static void a_file_with_the_same_content_becomes_a_mirror(void **state)
{
	unsigned int fds = open_fds();

	(void)state;
	assert_int_equal(extend_from(other), 0);
	assert_int_equal(leased.merges, 1);
	assert_int_equal(leased.file.gets, 1);
	assert_int_equal(leased.other.gets, 1);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(open_fds(), fds);
}

static void other_content_is_refused(void **state)
{
	(void)state;
	make_other("hellO");
	assert_int_equal(extend_from(other), -EBADMSG);
	assert_non_null(strstr(error_text(-EBADMSG), "has other content"));
	assert_not_merged();
	make_other("hello!");
	leased.file.held = leased.other.held = false; /* closed */
	assert_int_equal(extend_from(other), -EBADMSG);
	assert_not_merged();
}

static void a_file_that_somebody_has_open_is_refused(void **state)
{
	(void)state;
	leased.other.busy = true;
	assert_int_equal(extend_from(other), -EBUSY);
	assert_non_null(strstr(error_text(-EBUSY), other));
	assert_not_merged();
	leased.file.held = false; /* closed */
	leased.file.busy = true;
	assert_int_equal(extend_from(other), -EBUSY);
	assert_null(strstr(error_text(-EBUSY), other));
	assert_not_merged();
}

static enum { STORE_OTHER, LOSE_OTHER, STORE_FILE, LOSE_FILE, MEANWHILE_COUNT } meanwhile;

static void disturb(const char *call)
{
	if (strcmp(call, "lease_check") != 0)
		return;
	leased.other_version += meanwhile == STORE_OTHER;
	leased.other.lost |= meanwhile == LOSE_OTHER;
	fake.version += meanwhile == STORE_FILE;
	leased.file.lost |= meanwhile == LOSE_FILE;
}

static void what_is_written_meanwhile_is_noticed(void **state)
{
	(void)state;
	for (meanwhile = 0; meanwhile < MEANWHILE_COUNT; meanwhile++) {
		bool stored = meanwhile == STORE_OTHER || meanwhile == STORE_FILE;

		reset_from(NULL);
		fake.at_call = disturb;
		assert_int_equal(extend_from(other), stored ? -EAGAIN : -EBUSY);
		assert_not_merged();
	}
}

static void the_file_itself_is_refused_as_such(void **state)
{
	(void)state;
	assert_int_equal(extend_from(fake.path), -EINVAL);
	assert_non_null(strstr(error_text(-EINVAL), "is the same file"));
	assert_not_merged();
}

static void whatever_fails_the_name_stays(void **state)
{
	unsigned int at = 0;

	(void)state;
	do {
		unsigned int fds;
		int err;

		reset_from(NULL);
		fds = open_fds();
		fake.fail_at = ++at;
		err = extend_from(other);
		assert_int_equal(err, fake.hit ? -EIO : 0);
		assert_int_equal(leased.merges, !err);
		assert_int_equal(access(other, F_OK), err ? 0 : -1);
		if (err)
			assert_not_merged();
		assert_int_equal(open_fds(), fds);
	} while (fake.hit);
	assert_true(at > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_file_is_read_once_for_all_mirrors, reset),
		cmocka_unit_test_setup(all_victims_become_durable_at_the_same_time, reset),
		cmocka_unit_test_setup(a_victim_that_cannot_be_made_durable_is_not_merged, reset),
		cmocka_unit_test_setup(a_lease_lost_while_copying_adds_nothing, reset),
		cmocka_unit_test_setup(a_lease_lost_at_the_merge_adds_nothing, reset),
		cmocka_unit_test_setup(a_file_that_somebody_writes_is_left_alone, reset),
		cmocka_unit_test_setup(how_many_were_added_is_told, reset),
		cmocka_unit_test_setup(what_changes_between_two_merges_is_copied_again, reset),
		cmocka_unit_test_setup(data_that_changed_in_spite_of_the_lease_is_noticed, reset),
		cmocka_unit_test_setup(an_empty_file_gets_empty_mirrors, reset),
		cmocka_unit_test_setup(it_can_be_interrupted, reset),
		cmocka_unit_test_setup(whatever_operation_fails_only_good_copies_are_merged, reset),
		cmocka_unit_test_setup(whatever_call_fails_only_good_copies_are_merged, reset),
		cmocka_unit_test_setup(a_file_with_the_same_content_becomes_a_mirror, reset_from),
		cmocka_unit_test_setup(other_content_is_refused, reset_from),
		cmocka_unit_test_setup(a_file_that_somebody_has_open_is_refused, reset_from),
		cmocka_unit_test_setup(what_is_written_meanwhile_is_noticed, reset_from),
		cmocka_unit_test_setup(the_file_itself_is_refused_as_such, reset_from),
		cmocka_unit_test_setup(whatever_fails_the_name_stays, reset_from),
	};

	return cmocka_run_group_tests(tests, fake_make, fake_remove);
}
