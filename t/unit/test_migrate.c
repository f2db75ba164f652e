/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate_file on a file system that only notes what is asked of it: the steps and their order, and
 * that whatever fails, nothing is swapped, everything held is given up, and no descriptor stays
 * open.
 */
#include "unit.h"

#include "fault.h"

#include "base/error.h"
#include "mover/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[80];

/* What the mover asked, and what it shall be told. */
static struct {
	struct fs fs;
	char calls[1024];    /* names, each with a blank after it */
	const char *failing; /* the call that fails, NULL none */
	int failure;
	unsigned int times; /* how often it fails still */
	int held;           /* locks and leases */
	int swaps;
	struct fs_swap swap;
	uint16_t victim_stripes;
	bool no_layout;
	uint16_t mirrors;
	bool following, taken;
	uint64_t version; /* of all data, above 7 */
	/* When the copy is dropped from the cache: a byte of it goes bad there. */
	bool rots;
	off_t rots_at;
	unsigned int stores; /* so often then somebody stores into a mapping of the file */
} fake;

static int note(const char *call)
{
	size_t len = strlen(fake.calls);

	snprintf(fake.calls + len, sizeof(fake.calls) - len, "%s ", call);
	if (!fake.failing || strcmp(call, fake.failing) != 0 || fake.times == 0)
		return 0;
	fake.times--;
	return fail(fake.failure, "%s failed", call);
}

static int fake_layout_get(struct fs *fs, int fd, struct layout **ret)
{
	struct layout *l;

	(void)fs;
	(void)fd;
	if (note("layout_get"))
		return fake.failure;
	if (fake.no_layout)
		return fail(-ENODATA, "none");
	l = layout_new(fake.mirrors ? LAYOUT_COMPOSITE : LAYOUT_PLAIN, 1);
	assert_non_null(l);
	l->comps[0].stripe_count = 3;
	if (fake.mirrors)
		l->mirror_count = fake.mirrors;
	*ret = l;
	return 0;
}

static int fake_victim_open(struct fs *fs, int dirfd, int src_fd, const struct layout *l,
			    int *ret_fd)
{
	(void)fs;
	(void)src_fd;
	if (note("victim_open"))
		return fake.failure;
	fake.victim_stripes = l->comps[0].stripe_count;
	*ret_fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(*ret_fd >= 0);
	return 0;
}

static int fake_data_version(struct fs *fs, int fd, bool held, uint64_t *ret)
{
	(void)fs;
	(void)fd;
	(void)held;
	*ret = 7 + fake.version;
	return note("data_version");
}

static int fake_drop_cache(struct fs *fs, int fd)
{
	char byte = 'z';

	(void)fs;
	if (note("drop_cache"))
		return fake.failure;
	if (fake.rots)
		assert_int_equal(pwrite(fd, &byte, 1, fake.rots_at), 1);
	if (fake.stores) {
		int file = open(path, O_WRONLY | O_CLOEXEC);

		byte = (char)('a' + fake.stores--);
		assert_int_equal(pwrite(file, &byte, 1, 99), 1);
		close(file);
		fake.version++;
	}
	return 0;
}

static int hold(const char *call)
{
	int err = note(call);

	fake.held += !err;
	return err;
}

static int fake_lease_get(struct fs *fs, int fd)
{
	(void)fs;
	(void)fd;
	return hold("lease_get");
}

static int fake_lease_check(struct fs *fs, int fd)
{
	(void)fs;
	(void)fd;
	return note("lease_check");
}

static void fake_lease_put(struct fs *fs, int fd)
{
	(void)fs;
	(void)fd;
	(void)!note("lease_put");
	fake.held--;
}

static int fake_group_lock(struct fs *fs, int fd, uint32_t gid)
{
	(void)fs;
	(void)fd;
	assert_int_not_equal(gid, 0);
	return hold("group_lock");
}

static int fake_group_unlock(struct fs *fs, int fd, uint32_t gid)
{
	(void)fs;
	(void)fd;
	(void)gid;
	fake.held--;
	return note("group_unlock");
}

static int fake_open_source(struct fs *fs, int fd, int *ret_fd)
{
	(void)fs;
	if (note("open_source"))
		return fake.failure;
	*ret_fd = dup(fd);
	return 0;
}

static int fake_swap(struct fs *fs, int fd, int victim_fd, const struct fs_swap *req)
{
	char a[64] = "", b[64] = "";
	struct stat st, victim;

	(void)fs;
	if (note("swap"))
		return fake.failure;
	assert_int_equal(pread(fd, a, sizeof(a), 0), pread(victim_fd, b, sizeof(b), 0));
	assert_string_equal(a, b);
	assert_int_equal(fstat(fd, &st) | fstat(victim_fd, &victim), 0);
	assert_int_equal(st.st_size, victim.st_size);
	assert_int_equal(st.st_mtim.tv_sec, victim.st_mtim.tv_sec);
	assert_int_equal(st.st_mtim.tv_nsec, victim.st_mtim.tv_nsec);
	fake.swap = *req;
	fake.swaps++;
	fake.held -= req->close_lease;
	return 0;
}

static int fake_moved(struct fs *fs, int fd, struct fs_moved *ret)
{
	(void)fs;
	(void)fd;
	*ret = (struct fs_moved){ .kernel_bytes = 5 };
	return 0;
}

/* ---- following: all of the file, once ---- */

static int fake_follow_begin(struct fs *fs, int fd, const struct fs_follow *req)
{
	int err = note("follow_begin");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	assert_int_equal(req->victim_count, 1);
	assert_false(req->physical);
	fake.following = true;
	return 0;
}

static int fake_follow_next(struct fs *fs, int fd, uint32_t mirror_id, uint64_t from,
			    uint64_t max_bytes, struct fs_changes *ret)
{
	struct stat st;
	int err = note("follow_next");

	(void)fs;
	(void)from;
	(void)max_bytes;
	if (err)
		return err;
	assert_int_equal(mirror_id, 0);
	assert_int_equal(fstat(fd, &st), 0);
	*ret = (struct fs_changes){ .count = !fake.taken, .size_bytes = (uint64_t)st.st_size };
	ret->ranges[0] = (struct fs_range){ .end = (uint64_t)st.st_size, .tail = true };
	fake.taken = true;
	return 0;
}

static void fake_follow_end(struct fs *fs, int fd)
{
	(void)fs;
	(void)fd;
	assert_true(fake.following);
	fake.following = false;
}

static const struct fs_ops fake_ops = {
	.name = "fake",
	.layout_get = fake_layout_get,
	.victim_open = fake_victim_open,
	.data_version = fake_data_version,
	.drop_cache = fake_drop_cache,
	.lease_get = fake_lease_get,
	.lease_check = fake_lease_check,
	.lease_put = fake_lease_put,
	.group_lock = fake_group_lock,
	.group_unlock = fake_group_unlock,
	.open_source = fake_open_source,
	.swap = fake_swap,
	.moved = fake_moved,
};

static struct fs_ops live_ops;

static int reset(void **state)
{
	struct stat st;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.fs.ops = &fake_ops;
	assert_int_equal(stat(dir, &st), 0);
	fake.fs.dev = st.st_dev;
	return 0;
}

/* Where a file can be followed. */
static int reset_live(void **state)
{
	int err = reset(state);

	live_ops = fake_ops;
	live_ops.follow_begin = fake_follow_begin;
	live_ops.follow_next = fake_follow_next;
	live_ops.follow_end = fake_follow_end;
	fake.fs.ops = &live_ops;
	return err;
}

static int make_file(void **state)
{
	const char *base = getenv("TMPDIR");
	const struct timespec times[2] = { { 1000, 111 }, { 2000, 222 } };
	int fd;

	(void)state;
	snprintf(dir, sizeof(dir), "%.40s/migrate-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || pwrite(fd, "hello", 5, 0) != 5 || ftruncate(fd, 100000) ||
	    futimens(fd, times))
		return -1;
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int migrate(enum migrate_mode mode, const struct layout *request,
		   struct migrate_result *result)
{
	struct migrate_options opt = { .mode = mode, .request = request, .threads = 2 };

	return migrate_file(&fake.fs, path, &opt, result);
}

/* Progress: what came last. */
static uint64_t last_done, last_total;

static void note_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	(void)cookie;
	assert_true(done_bytes <= total_bytes);
	last_done = done_bytes;
	last_total = total_bytes;
}

static int migrate_verified(enum migrate_mode mode, struct migrate_result *result)
{
	struct migrate_options opt = {
		.mode = mode, .verify = true, .threads = 1, .progress = note_progress
	};

	return migrate_file(&fake.fs, path, &opt, result);
}

static const enum migrate_mode modes[] = { MIGRATE_LIVE, MIGRATE_BLOCK, MIGRATE_NONBLOCK };

/* ---- tests ---- */

static void blocking_takes_the_group_lock(void **state)
{
	struct migrate_result r;

	(void)state;
	assert_int_equal(migrate(MIGRATE_BLOCK, NULL, &r), 0);
	assert_string_equal(fake.calls,
			    "layout_get victim_open open_source group_lock layout_get data_version "
			    "data_version swap group_unlock ");
	assert_int_equal(fake.swap.file_version, 7);
	assert_int_equal(fake.swap.victim_version, 7);
	assert_false(fake.swap.close_lease);
	assert_int_equal(fake.victim_stripes, 3);
	assert_int_equal(r.size_bytes, 100000);
	assert_int_equal(r.moved.kernel_bytes, 5);
	assert_int_equal(r.attempts, 1);
}

static void live_copies_before_the_group_lock(void **state)
{
	struct migrate_result r;

	(void)state;
	assert_int_equal(migrate(MIGRATE_LIVE, NULL, &r), 0);
	assert_string_equal(fake.calls,
			    "layout_get victim_open open_source follow_begin follow_next "
			    "group_lock data_version follow_next layout_get data_version swap "
			    "group_unlock ");
	assert_int_equal(fake.swap.file_version, 7);
	assert_int_equal(fake.swap.victim_version, 7);
	assert_false(fake.swap.close_lease);
	assert_false(fake.following);
	assert_int_equal(r.size_bytes, 100000);
	assert_int_equal(r.moved.kernel_bytes, 5);
	assert_int_equal(r.passes, 1);
	assert_int_equal(r.attempts, 1);
	assert_true(r.held_ns > 0);
	assert_string_equal(r.step, "swap layouts");
}

static void live_is_block_where_files_cannot_be_followed(void **state)
{
	struct migrate_result r;

	(void)state;
	assert_int_equal(migrate(MIGRATE_LIVE, NULL, &r), 0);
	assert_null(strstr(fake.calls, "follow"));
	assert_non_null(
		strstr(fake.calls, "group_lock layout_get data_version data_version swap "));
	assert_true(r.held_ns > 0);
}

static void a_live_swap_that_sees_a_change_is_tried_again_at_once(void **state)
{
	struct migrate_result r;

	(void)state;
	fake.failing = "swap";
	fake.failure = -EAGAIN;
	fake.times = 2;
	assert_int_equal(migrate(MIGRATE_LIVE, NULL, &r), 0);
	assert_int_equal(r.attempts, 1);
	assert_int_equal(fake.swaps, 1);

	reset_live(NULL);
	fake.failing = "swap";
	fake.failure = -EAGAIN;
	fake.times = UINT32_MAX;
	assert_int_equal(migrate(MIGRATE_LIVE, NULL, &r), -EAGAIN);
	assert_non_null(strstr(error_text(-EAGAIN), "writers change it faster"));
	assert_int_equal(fake.swaps, 0);
	assert_int_equal(fake.held, 0);
}

static void a_layout_with_mirrors_is_refused(void **state)
{
	struct layout *wanted = layout_new(LAYOUT_COMPOSITE, 2);
	struct migrate_result r;

	(void)state;
	wanted->mirror_count = 2;
	assert_int_equal(migrate(MIGRATE_LIVE, wanted, &r), -EOPNOTSUPP);
	assert_non_null(strstr(error_text(-EOPNOTSUPP), "lov mirror extend"));
	layout_unref(wanted);
}

static void not_blocking_takes_a_lease_and_looks_at_it(void **state)
{
	struct layout *wanted = layout_new(LAYOUT_PLAIN, 1);
	struct migrate_result r;
	char *again;

	(void)state;
	wanted->comps[0].stripe_count = 9;
	assert_int_equal(migrate(MIGRATE_NONBLOCK, wanted, &r), 0);
	/* As often in between as the copy takes tenths of a second. */
	while ((again = strstr(fake.calls, "lease_check lease_check ")))
		memmove(again, again + strlen("lease_check "),
			strlen(again) - strlen("lease_check ") + 1);
	assert_string_equal(fake.calls, "layout_get victim_open lease_get layout_get data_version "
					"lease_check data_version data_version swap ");
	assert_true(fake.swap.close_lease);
	assert_int_equal(fake.held, 0);
	assert_int_equal(fake.victim_stripes, 9);
	layout_unref(wanted);
}

static void whatever_call_fails_nothing_is_held_or_swapped(void **state)
{
	static const char *const calls[] = { "layout_get",   "victim_open",  "open_source",
					     "group_lock",   "data_version", "lease_get",
					     "lease_check",  "swap",         "drop_cache",
					     "follow_begin", "follow_next" };
	unsigned int fds = open_fds();

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(calls); i++) {
		enum migrate_mode mode = modes[i % ARRAY_SIZE(modes)];
		struct migrate_result r;
		int err;

		reset_live(NULL);
		fake.failing = calls[i / ARRAY_SIZE(modes)];
		fake.failure = -EIO;
		fake.times = UINT32_MAX;
		err = migrate_verified(mode, &r);
		if (!strstr(fake.calls, fake.failing)) {
			assert_int_equal(err, 0);
			continue;
		}
		assert_int_equal(err, -EIO);
		assert_non_null(strstr(error_text(err), "failed"));
		assert_int_equal(fake.held, 0);
		assert_int_equal(fake.swaps, 0);
		assert_false(fake.following);
		assert_int_equal(open_fds(), fds);
		assert_non_null(r.step);
	}
}

static void verifying_comes_between_the_copy_and_the_swap(void **state)
{
	struct migrate_result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const char *dropped, *swapped;

		reset_live(NULL);
		assert_int_equal(migrate_verified(modes[i], &r), 0);
		dropped = strstr(fake.calls, "drop_cache ");
		swapped = strstr(fake.calls, "swap ");
		assert_non_null(dropped);
		assert_non_null(swapped);
		assert_true(dropped < swapped);
		/* While writers are held back, or the lease is. */
		assert_true(strstr(fake.calls, i == 2 ? "lease_get" : "group_lock") < dropped);
		assert_true(r.verified);
		assert_int_equal(fake.swaps, 1);
		assert_int_equal(last_done, 200000);
		assert_int_equal(last_total, 200000);

		reset_live(NULL);
		assert_int_equal(migrate(modes[i], NULL, &r), 0);
		assert_null(strstr(fake.calls, "drop_cache"));
		assert_false(r.verified);
	}
}

static void a_bad_byte_in_the_copy_is_found_and_nothing_is_swapped(void **state)
{
	/* In data, in the hole, and at the end of the file. */
	static const off_t offsets[] = { 3, 50000, 99999 };
	unsigned int fds = open_fds();
	struct migrate_result r;
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(offsets); i++) {
		off_t at = offsets[i / ARRAY_SIZE(modes)];

		reset_live(NULL);
		fake.rots = true;
		fake.rots_at = at;
		assert_int_equal(migrate_verified(modes[i % ARRAY_SIZE(modes)], &r), -EBADMSG);
		snprintf(text, sizeof(text), "bytes [%d, ", (int)(at / 4096 * 4096));
		assert_non_null(strstr(error_text(-EBADMSG), text));
		assert_string_equal(r.step, "verify the copy");
		assert_false(r.verified);
		assert_int_equal(fake.swaps, 0);
		assert_int_equal(fake.held, 0);
		assert_false(fake.following);
		assert_int_equal(open_fds(), fds);
	}
}

/* Also longer: what is behind the file's end is not its data. */
static void a_copy_of_another_size_is_found(void **state)
{
	struct migrate_result r;

	(void)state;
	fake.rots = true;
	fake.rots_at = 100000;
	assert_int_equal(migrate_verified(MIGRATE_BLOCK, &r), -EBADMSG);
	assert_int_equal(fake.swaps, 0);
}

static void a_file_that_changes_meanwhile_is_no_bad_copy(void **state)
{
	struct migrate_result r;

	(void)state;
	fake.stores = 1;
	assert_int_equal(migrate_verified(MIGRATE_BLOCK, &r), 0);
	assert_int_equal(r.attempts, 2);
	assert_true(r.verified);
	assert_int_equal(fake.swaps, 1);

	reset(NULL);
	fake.stores = 100;
	assert_int_equal(migrate_verified(MIGRATE_BLOCK, &r), -EAGAIN);
	assert_int_equal(fake.swaps, 0);
	assert_int_equal(fake.held, 0);
}

/*
 * Where the file system's kind, or its extents, can't be asked, the copy finds holes in another
 * way. Verifying doesn't: it reports the error. Extents are asked for on file systems like XFS and
 * overlayfs, and not on ext4 and tmpfs.
 */
static bool gets_round(const struct fault *f, const struct migrate_result *r)
{
	if (!f->hit || strcmp(f->call, "fstatfs") == 0)
		return true;
	return strcmp(f->call, "fiemap") == 0 && strcmp(r->step, "verify the copy") != 0;
}

static void sweep_system_calls(enum migrate_mode mode)
{
	unsigned int fds = open_fds();
	struct fault f = fault_start(-EIO);

	while (fault_next(&f)) {
		struct migrate_result r;
		int err;

		fault_pause();
		reset_live(NULL);
		sys_set_hook(fault_hook, &f);
		err = migrate_verified(mode, &r);
		fault_pause();
		assert_int_equal(err, gets_round(&f, &r) ? 0 : -EIO);
		assert_int_equal(fake.held, 0);
		assert_false(fake.following);
		assert_int_equal(fake.swaps, gets_round(&f, &r) ? 1 : 0);
		assert_int_equal(open_fds(), fds);
	}
	assert_true(f.at > 8);
}

static void whatever_system_call_fails_nothing_is_held_or_left_open(void **state)
{
	(void)state;
	sweep_system_calls(MIGRATE_BLOCK);
	sweep_system_calls(MIGRATE_LIVE);
}

static void changed_data_is_tried_again_when_writers_were_held_back(void **state)
{
	struct migrate_result r;

	(void)state;
	fake.failing = "swap";
	fake.failure = -EAGAIN;
	fake.times = MIGRATE_ATTEMPTS - 1;
	assert_int_equal(migrate(MIGRATE_BLOCK, NULL, &r), 0);
	assert_int_equal(r.attempts, MIGRATE_ATTEMPTS);
	assert_int_equal(fake.swaps, 1);

	reset(NULL);
	fake.failing = "swap";
	fake.failure = -EAGAIN;
	fake.times = UINT32_MAX;
	assert_int_equal(migrate(MIGRATE_BLOCK, NULL, &r), -EAGAIN);
	assert_non_null(strstr(error_text(-EAGAIN), "each time"));
	assert_int_equal(r.attempts, MIGRATE_ATTEMPTS);

	reset(NULL);
	fake.failing = "swap";
	fake.failure = -EAGAIN;
	fake.times = 1;
	assert_int_equal(migrate(MIGRATE_NONBLOCK, NULL, &r), -EAGAIN);
	assert_int_equal(r.attempts, 1);
	assert_int_equal(fake.held, 0);
}

static void a_file_without_a_layout_has_nothing_to_move(void **state)
{
	struct migrate_result r;

	(void)state;
	fake.no_layout = true;
	assert_int_equal(migrate(MIGRATE_BLOCK, NULL, &r), 0);
	assert_string_equal(fake.calls, "layout_get ");
}

static void mirrors_are_not_dropped(void **state)
{
	struct migrate_result r;

	(void)state;
	fake.mirrors = 2;
	assert_int_equal(migrate(MIGRATE_BLOCK, NULL, &r), -EOPNOTSUPP);
	assert_non_null(strstr(error_text(-EOPNOTSUPP), "lov mirror delete"));
	assert_string_equal(fake.calls, "layout_get ");
}

static void what_is_no_file_isnt_asked_about(void **state)
{
	struct migrate_options opt = { .threads = 1 };
	struct migrate_result r;
	char link[96];

	(void)state;
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(migrate_file(&fake.fs, link, &opt, &r), -ELOOP);
	unlink(link);
	assert_int_equal(migrate_file(&fake.fs, dir, &opt, &r), -EISDIR);
	assert_int_equal(migrate_file(&fake.fs, "/dev/null", &opt, &r), -EINVAL);
	snprintf(link, sizeof(link), "%s/missing", dir);
	assert_int_equal(migrate_file(&fake.fs, link, &opt, &r), -ENOENT);
	fake.fs.dev++;
	assert_int_equal(migrate_file(&fake.fs, path, &opt, &r), -EXDEV);
	assert_string_equal(fake.calls, "");
}

static void a_stop_before_the_swap_changes_nothing(void **state)
{
	atomic_bool stop = true;
	struct migrate_options opt = { .threads = 1, .stop = &stop };
	struct migrate_result r;

	(void)state;
	assert_int_equal(migrate_file(&fake.fs, path, &opt, &r), -ECANCELED);
	assert_int_equal(fake.swaps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(blocking_takes_the_group_lock, reset),
		cmocka_unit_test_setup(live_copies_before_the_group_lock, reset_live),
		cmocka_unit_test_setup(live_is_block_where_files_cannot_be_followed, reset),
		cmocka_unit_test_setup(a_live_swap_that_sees_a_change_is_tried_again_at_once,
				       reset_live),
		cmocka_unit_test_setup(a_layout_with_mirrors_is_refused, reset),
		cmocka_unit_test_setup(not_blocking_takes_a_lease_and_looks_at_it, reset),
		cmocka_unit_test_setup(verifying_comes_between_the_copy_and_the_swap, reset),
		cmocka_unit_test_setup(a_bad_byte_in_the_copy_is_found_and_nothing_is_swapped,
				       reset),
		cmocka_unit_test_setup(a_copy_of_another_size_is_found, reset),
		cmocka_unit_test_setup(a_file_that_changes_meanwhile_is_no_bad_copy, reset),
		cmocka_unit_test_setup(whatever_call_fails_nothing_is_held_or_swapped, reset),
		cmocka_unit_test_setup(whatever_system_call_fails_nothing_is_held_or_left_open,
				       reset),
		cmocka_unit_test_setup(changed_data_is_tried_again_when_writers_were_held_back,
				       reset),
		cmocka_unit_test_setup(a_file_without_a_layout_has_nothing_to_move, reset),
		cmocka_unit_test_setup(mirrors_are_not_dropped, reset),
		cmocka_unit_test_setup(what_is_no_file_isnt_asked_about, reset),
		cmocka_unit_test_setup(a_stop_before_the_swap_changes_nothing, reset),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
