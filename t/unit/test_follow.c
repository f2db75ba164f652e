/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * follow_run: copies are like the file whatever a writer does, writers are let go whatever fails,
 * and what isn't durable isn't reported; and changes_merge, by which no byte is read twice.
 */
#include "test_mover_fixture.h"

#include "fault.h"
#include "random.h"

#include "mover/changes.h"
#include "mover/follow.h"

/* ---- a job ---- */

static const uint32_t two_mirrors[] = { 2, 4 };
static const struct follow_copy two_copies[] = { { .mirror_id = 2, .fd = -1 },
						 { .mirror_id = 4, .fd = -1 } };
static int victims[2];
static struct follow_copy victim_copies[2];
static int commit_failure;
static unsigned int commit_fails; /* how often still */
static uint64_t last_done, last_total;

static void close_victims(void)
{
	for (int i = 0; i < 2; i++)
		fd_cleanup(&victims[i]);
}

static int reset(void **state)
{
	commit_fails = 0;
	commit_failure = -EAGAIN;
	victims[0] = victims[1] = -1;
	return fixture_reset(state);
}

static int new_victim(void)
{
	int fd = open(fake.dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static int commit(void *cookie, uint64_t version)
{
	const struct follow_job *job = cookie;
	int err = fake_note("commit");

	if (err)
		return err;
	assert_true(fake.held);
	if (commit_fails) {
		commit_fails--;
		return fail(commit_failure, "commit failed");
	}
	if (job->begin.mirror_count)
		err = fake_mirrors_synced(&fake.fs, job->source_fd, job->begin.mirror_ids,
					  job->begin.mirror_count);
	else if (version != fake.version)
		err = fail(-EAGAIN, "changed");
	fake.commits += !err;
	return err;
}

static void progress(uint64_t done, uint64_t total, void *cookie)
{
	(void)cookie;
	assert_true(done <= total);
	assert_true(done >= last_done && total >= last_total);
	last_done = done;
	last_total = total;
}

static int run_job(struct follow_job *job, struct follow_result *result)
{
	job->cookie = job;
	last_done = last_total = 0;
	return follow_run(job, result);
}

static struct follow_job mirrors_job(void)
{
	return (struct follow_job){
		.fs = &fake.fs,
		.source_fd = fake.file_fd,
		.read_fd = fake.file_fd,
		.copies = two_copies,
		.count = 2,
		.begin = { .mirror_ids = two_mirrors, .mirror_count = 2 },
		.threads = 2,
		.commit = commit,
		.progress = progress,
	};
}

static struct follow_job victims_job(void)
{
	struct follow_job job = mirrors_job();

	close_victims();
	for (int i = 0; i < 2; i++) {
		victims[i] = new_victim();
		victim_copies[i] = (struct follow_copy){ .fd = victims[i] };
	}
	job.copies = victim_copies;
	job.begin = (struct fs_follow){ .victim_fds = victims, .victim_count = 2 };
	return job;
}

static void assert_nothing_held(void)
{
	assert_false(fake.held);
	assert_false(fake.following);
}

static void assert_mirrors_like_file(void)
{
	assert_true(mirror_is_like_file(2));
	assert_true(mirror_is_like_file(4));
	assert_true(fake_map_clean(&fake.maps[2]));
	assert_true(fake_map_clean(&fake.maps[4]));
}

static void assert_victims_like_file(void)
{
	assert_true(same_bytes(fake.file_fd, victims[0]));
	assert_true(same_bytes(fake.file_fd, victims[1]));
}

/* ---- nobody writes ---- */

static void only_what_is_out_of_date_is_copied(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, 10 * MIB, 'a');
	assert_int_equal(run_job(&job, &r), 0);
	assert_mirrors_like_file();
	assert_int_equal(r.copied_bytes, 20 * MIB);
	assert_int_equal(last_done, last_total);

	fake_write(5 * MIB + 100, 4096, 'b');
	assert_int_equal(run_job(&job, &r), 0);
	assert_mirrors_like_file();
	assert_int_equal(r.copied_bytes, 2 * GRAIN);
	assert_int_equal(r.passes, 1);
	assert_true(r.held_ns > 0);

	assert_int_equal(run_job(&job, &r), 0);
	assert_int_equal(r.copied_bytes, 0);
	assert_int_equal(r.passes, 0);
	assert_int_equal(fake.commits, 3);
	assert_nothing_held();
}

static void each_mirror_gets_what_it_lacks(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, 12 * MIB, 'a');
	assert_int_equal(run_job(&job, &r), 0);
	fake_write(MIB, 2 * MIB, 'b');
	memset(fake.maps[4].dirty, 0, sizeof(fake.maps[4].dirty));
	fake_write(2 * MIB, 2 * MIB, 'c');
	assert_int_equal(run_job(&job, &r), 0);
	assert_int_equal(r.copied_bytes, 5 * MIB);
	assert_true(mirror_is_like_file(2));
}

/* Batches are of 8 MiB with such a limit; but they are counted in data. */
static void a_hole_isnt_taken_batch_by_batch(void **state)
{
	struct follow_job job = mirrors_job();
	struct bandwidth limit;
	struct follow_result r;

	(void)state;
	assert_int_equal(ftruncate(fake.file_fd, 0), 0);
	assert_int_equal(ftruncate(fake.file_fd, 120 * MIB), 0);
	assert_int_equal(pwrite(fake.file_fd, "x", 1, 120 * MIB - 1), 1);
	for (int id = 2; id <= 4; id += 2) {
		fake.maps[id].tail = GRAINS;
		memset(fake.maps[id].dirty, true, 120 * MIB / GRAIN);
	}
	bandwidth_init(&limit, 8 * MIB);
	job.limit = &limit;
	assert_int_equal(run_job(&job, &r), 0);
	bandwidth_release(&limit);
	assert_mirrors_like_file();
	assert_true(calls_of("follow_next") <= 16);
	assert_int_equal(r.copied_bytes, 2 * 120 * MIB);
}

static void victims_get_everything(void **state)
{
	struct follow_job job;
	struct follow_result r;

	(void)state;
	fake_write(0, 10 * MIB, 'a');
	fake_write(50 * MIB, 4097, 'b');
	fake_truncate(60 * MIB + 3);
	job = victims_job();
	assert_int_equal(run_job(&job, &r), 0);
	assert_victims_like_file();
	assert_int_equal(fake.copied, 0);
	assert_int_equal(r.copied_bytes, 2 * (60 * MIB + 3));
	fake_truncate(0);
	job = victims_job();
	assert_int_equal(run_job(&job, &r), 0);
	assert_victims_like_file();
	close_victims();
}

static void a_file_that_was_cut_cuts_its_mirrors(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, 10 * MIB, 'a');
	assert_int_equal(run_job(&job, &r), 0);
	fake_truncate(3 * MIB + 17);
	assert_int_equal(run_job(&job, &r), 0);
	assert_mirrors_like_file();
	fake_truncate(MIB);
	fake_truncate(9 * MIB);
	assert_int_equal(run_job(&job, &r), 0);
	assert_mirrors_like_file();
	fake_truncate(0);
	assert_int_equal(run_job(&job, &r), 0);
	assert_mirrors_like_file();
}

/* ---- a writer ---- */

static struct random_source writer;
static unsigned int writes_left;

static void write_at_random(const char *call)
{
	uint64_t size = fake_size();

	/* What stores into mappings do can come while writers are held back, too. */
	if (writes_left == 0 || fake.commits || (fake.held && strcmp(call, "data_version") != 0))
		return;
	writes_left--;
	switch (random_range(&writer, 0, 9)) {
	case 0:
		fake_truncate(random_range(&writer, 0, MIN_OF(size + MIB, 100 * MIB)));
		break;
	case 1:
		fake_write(size, MIN_OF(3 * MIB, 100 * MIB - MIN_OF(size, 99 * MIB)), 'e');
		break;
	default:
		fake_write(random_range(&writer, 0, MIN_OF(size + MIB, 90 * MIB)),
			   random_range(&writer, 1, 2 * MIB), (int)random_range(&writer, 1, 255));
	}
}

static void copies_are_like_the_file_whatever_was_written(void **state)
{
	(void)state;
	writer = random_start("copies_are_like_the_file_whatever_was_written");
	for (unsigned int i = 0; i < 30; i++) {
		bool mirrors = i % 2;
		struct follow_job job;
		struct follow_result r;

		reset(NULL);
		fake_write(0, 8 * MIB, 'a');
		job = mirrors ? mirrors_job() : victims_job();
		writes_left = (unsigned int)random_range(&writer, 0, 12);
		fake.at_call = write_at_random;
		assert_int_equal(run_job(&job, &r), 0);
		fake.at_call = NULL;
		assert_nothing_held();
		assert_int_equal(fake.commits, 1);
		if (mirrors)
			assert_mirrors_like_file();
		else
			assert_victims_like_file();
		close_victims();
	}
}

static uint64_t rewritten_bytes;

static void write_much(const char *call)
{
	if (strcmp(call, "follow_next") == 0 && !fake.held)
		fake_write(0, rewritten_bytes, 'x');
}

static void a_writer_that_is_faster_ends_it(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake.at_call = write_much;
	rewritten_bytes = 20 * MIB;
	assert_int_equal(run_job(&job, &r), -EAGAIN);
	assert_non_null(strstr(error_text(-EAGAIN), "faster than it is copied: 40 MiB are still"));
	assert_nothing_held();
	assert_int_equal(fake.commits, 0);
	assert_int_equal(fake.held_times, 0);
}

/* It could be rewritten for ever before anything is copied twice. */
static void a_small_file_that_is_rewritten_all_the_time_is_held_a_little_longer(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake.at_call = write_much;
	rewritten_bytes = 10 * MIB;
	assert_int_equal(run_job(&job, &r), 0);
	assert_true(r.passes > FOLLOW_PASSES_MAX / 2);
	assert_mirrors_like_file();
}

static void not_so_where_the_copying_is_limited(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;
	struct bandwidth limit;

	(void)state;
	bandwidth_init(&limit, GIB);
	job.limit = &limit;
	fake.at_call = write_much;
	rewritten_bytes = 10 * MIB;
	assert_int_equal(run_job(&job, &r), -EAGAIN);
	bandwidth_release(&limit);
}

static void append(const char *call)
{
	if (strcmp(call, "follow_next") == 0 && !fake.held && fake_size() < 100 * MIB)
		fake_write(fake_size(), 2 * GRAIN, 'x');
}

/* Each look would find a little more, for ever. */
static void who_appends_all_the_time_is_caught_up_with(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, 20 * MIB, 'a');
	fake.at_call = append;
	assert_int_equal(run_job(&job, &r), 0);
	assert_true(fake_size() < 30 * MIB);
	assert_mirrors_like_file();
}

/* ---- the last step ---- */

static void a_commit_that_sees_a_change_is_tried_again(void **state)
{
	struct follow_job job;
	struct follow_result r;

	(void)state;
	fake_write(0, MIB, 'a');
	job = victims_job();
	commit_fails = FOLLOW_COMMITS_MAX - 1;
	assert_int_equal(run_job(&job, &r), 0);
	assert_int_equal(fake.held_times, 1);

	job = victims_job();
	commit_fails = FOLLOW_COMMITS_MAX + 1;
	assert_int_equal(run_job(&job, &r), 0);
	assert_int_equal(fake.held_times, 3);

	job = victims_job();
	commit_fails = UINT32_MAX;
	assert_int_equal(run_job(&job, &r), -EAGAIN);
	commit_fails = UINT32_MAX;
	commit_failure = -ENOSPC;
	job = victims_job();
	assert_int_equal(run_job(&job, &r), -ENOSPC);
	assert_string_equal(error_text(-ENOSPC), "commit failed");
	assert_nothing_held();
	close_victims();
}

static void write_much_before_the_lock(const char *call)
{
	if (strcmp(call, "group_lock") == 0 && writes_left) {
		writes_left--;
		fake_write(0, 10 * MIB, 'x');
	}
}

static void much_isnt_copied_while_writers_wait(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, MIB, 'a');
	writes_left = 2;
	fake.at_call = write_much_before_the_lock;
	assert_int_equal(run_job(&job, &r), 0);
	assert_int_equal(fake.held_times, 3);
	assert_int_equal(r.copied_bytes, 2 * (MIB + 2 * 10 * MIB));
	assert_mirrors_like_file();
}

static void anothers_lock_is_waited_for_a_while(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake.failing = "group_lock";
	fake.failure = -EBUSY;
	fake.times = 3;
	assert_int_equal(run_job(&job, &r), 0);
	fake.times = UINT32_MAX;
	assert_int_equal(run_job(&job, &r), -EBUSY);
	assert_nothing_held();
}

static int source_is_bad(void *cookie)
{
	(void)cookie;
	return fail(-EAGAIN, "bad source");
}

static void nothing_is_reported_from_a_bad_source(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, MIB, 'a');
	job.check = source_is_bad;
	assert_int_equal(run_job(&job, &r), -EAGAIN);
	assert_string_equal(error_text(-EAGAIN), "bad source");
	assert_int_equal(fake.copied, 0);
	assert_int_equal(fake_dirty_bytes(&fake.maps[2]), MIB);
}

/* ---- what fails ---- */

static atomic_bool stop;

static void stop_at_copied(const char *call)
{
	if (strcmp(call, "follow_copied") == 0)
		atomic_store(&stop, true);
}

static void it_can_be_stopped(void **state)
{
	struct follow_job job = mirrors_job();
	struct follow_result r;

	(void)state;
	fake_write(0, 10 * MIB, 'a');
	job.stop = &stop;
	atomic_store(&stop, true);
	assert_int_equal(run_job(&job, &r), -ECANCELED);
	assert_int_equal(fake.copied, 0);
	atomic_store(&stop, false);
	fake.at_call = stop_at_copied;
	assert_int_equal(run_job(&job, &r), -ECANCELED);
	assert_int_equal(fake.commits, 0);
	assert_nothing_held();
	/* What was copied and reported needs no copying again. */
	assert_int_equal(fake_dirty_bytes(&fake.maps[2]), 0);
}

static void whatever_call_fails_writers_go_on(void **state)
{
	unsigned int fds, at = 0;

	(void)state;
	do {
		struct follow_job job;
		struct follow_result r;
		int err;

		reset(NULL);
		fds = open_fds();
		fake_write(0, 5 * MIB, 'a');
		job = at % 2 ? victims_job() : mirrors_job();
		fake.fail_at = ++at;
		err = run_job(&job, &r);
		/* That a lock can't be given up changes nothing any more. */
		if (strcmp(fake.calls + strlen(fake.calls) - 13, "group_unlock ") == 0 && !err)
			fake.hit = false;
		assert_int_equal(err, fake.hit ? -EIO : 0);
		assert_int_equal(fake.commits, !err);
		assert_nothing_held();
		close_victims();
		assert_int_equal(open_fds(), fds);
	} while (fake.hit || at < 20);
	assert_true(at > 8);
}

static void whatever_system_call_fails_writers_go_on(void **state)
{
	struct fault f = fault_start(-EIO);
	unsigned int fds;

	(void)state;
	while (fault_next(&f)) {
		struct follow_job job;
		struct follow_result r;
		int err;

		fault_pause();
		reset(NULL);
		fds = open_fds();
		fake_write(0, 5 * MIB, 'a');
		job = mirrors_job();
		sys_set_hook(fault_hook, &f);
		err = run_job(&job, &r);
		fault_pause();
		assert_int_equal(err, f.hit ? -EIO : 0);
		assert_int_equal(fake.commits, f.hit ? 0 : 1);
		assert_nothing_held();
		assert_int_equal(open_fds(), fds);
	}
	assert_true(f.at > 4);
}

/* ---- lists of ranges ---- */

#define LISTS 5

static void fill_list(struct random_source *r, struct changes *c, uint32_t targets)
{
	struct fs_changes taken = { .count = (unsigned int)random_range(r, 0, FS_RANGES_MAX) };
	uint64_t pos = random_range(r, 0, 5);

	for (unsigned int i = 0; i < taken.count; i++) {
		taken.ranges[i].start = pos;
		pos += random_range(r, i + 1 < taken.count, 9);
		taken.ranges[i].end = pos;
		pos += random_range(r, 0, 5);
	}
	*c = (struct changes){ .targets = targets };
	changes_set(c, &taken);
}

/* Bit per target, for each byte below the horizon. */
static void paint(const struct changes *c, uint64_t horizon, uint32_t *bytes)
{
	for (unsigned int i = c->head; i < c->count; i++) {
		uint64_t from = i == c->head ? c->pos : c->ranges[i].start;

		for (uint64_t at = from; at < MIN_OF(c->ranges[i].end, horizon); at++)
			bytes[at] |= c->targets;
	}
}

static void pieces_cover_what_is_needed_once(void **state)
{
	struct random_source r = random_start("pieces_cover_what_is_needed_once");
	static struct piece_range pieces[CHANGES_PIECES_MAX];
	static uint32_t wanted[2048], got[2048];

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct changes lists[LISTS];

		for (unsigned int i = 0; i < LISTS; i++)
			fill_list(&r, &lists[i], 1U << i);
		for (uint64_t horizon = 0; horizon < 2048;) {
			uint64_t end = 0;
			unsigned int n;

			horizon = random_range(&r, 0, 3) ? horizon + random_range(&r, 0, 400)
							 : UINT64_MAX;
			memset(wanted, 0, sizeof(wanted));
			memset(got, 0, sizeof(got));
			for (unsigned int i = 0; i < LISTS; i++)
				paint(&lists[i], horizon, wanted);
			n = changes_merge(lists, LISTS, horizon, pieces);
			assert_true(n <= CHANGES_PIECES_MAX);
			for (unsigned int i = 0; i < n; i++) {
				assert_true(pieces[i].start >= end);
				assert_true(pieces[i].start < pieces[i].end);
				end = pieces[i].end;
				for (uint64_t at = pieces[i].start; at < end; at++)
					got[at] = pieces[i].targets;
			}
			assert_memory_equal(got, wanted, sizeof(got));
			for (unsigned int i = 0; i < LISTS; i++)
				assert_true(changes_empty(&lists[i]) || lists[i].pos >= horizon);
		}
		for (unsigned int i = 0; i < LISTS; i++)
			assert_int_equal(changes_bytes(&lists[i]), 0);
	}
}

/* All that was there is there still, and what is new lies between near neighbours. */
static void many_near_pieces_become_few(void **state)
{
	struct random_source r = random_start("many_near_pieces_become_few");
	static struct piece_range pieces[200], before[200];

	(void)state;
	for (int round = 0; round < 300; round++) {
		unsigned int count = (unsigned int)random_range(&r, 0, ARRAY_SIZE(pieces)), n,
			     k = 0;
		uint64_t pos = 0;

		for (unsigned int i = 0; i < count; i++) {
			pos += random_range(&r, 0, 2 * CHANGES_NEAR_BYTES);
			before[i].start = pos;
			pos += random_range(&r, 1, MIB);
			before[i].end = pos;
			before[i].targets = (uint32_t)random_range(&r, 1, 2);
		}
		memcpy(pieces, before, sizeof(pieces));
		n = changes_join(pieces, count);
		if (count < CHANGES_MANY)
			assert_int_equal(n, count);
		for (unsigned int i = 0; i < n; i++) {
			uint64_t at = pieces[i].start;

			assert_int_equal(at, before[k].start);
			for (; k < count && before[k].end <= pieces[i].end; k++) {
				assert_true(before[k].start - at <= CHANGES_NEAR_BYTES);
				assert_int_equal(before[k].targets, pieces[i].targets);
				at = before[k].end;
			}
			assert_int_equal(at, pieces[i].end);
		}
		assert_int_equal(k, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_what_is_out_of_date_is_copied, reset),
		cmocka_unit_test_setup(each_mirror_gets_what_it_lacks, reset),
		cmocka_unit_test_setup(a_hole_isnt_taken_batch_by_batch, reset),
		cmocka_unit_test_setup(victims_get_everything, reset),
		cmocka_unit_test_setup(a_file_that_was_cut_cuts_its_mirrors, reset),
		cmocka_unit_test_setup(copies_are_like_the_file_whatever_was_written, reset),
		cmocka_unit_test_setup(a_writer_that_is_faster_ends_it, reset),
		cmocka_unit_test_setup(
			a_small_file_that_is_rewritten_all_the_time_is_held_a_little_longer, reset),
		cmocka_unit_test_setup(not_so_where_the_copying_is_limited, reset),
		cmocka_unit_test_setup(who_appends_all_the_time_is_caught_up_with, reset),
		cmocka_unit_test_setup(a_commit_that_sees_a_change_is_tried_again, reset),
		cmocka_unit_test_setup(much_isnt_copied_while_writers_wait, reset),
		cmocka_unit_test_setup(anothers_lock_is_waited_for_a_while, reset),
		cmocka_unit_test_setup(nothing_is_reported_from_a_bad_source, reset),
		cmocka_unit_test_setup(it_can_be_stopped, reset),
		cmocka_unit_test_setup(whatever_call_fails_writers_go_on, reset),
		cmocka_unit_test_setup(whatever_system_call_fails_writers_go_on, reset),
		cmocka_unit_test(pieces_cover_what_is_needed_once),
		cmocka_unit_test(many_near_pieces_become_few),
	};

	return cmocka_run_group_tests(tests, fake_make, fake_remove);
}
