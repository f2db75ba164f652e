/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `lov mirror` does to a file, on a file system of ordinary files: which mirrors, what is
 * asked for, what is refused.
 */
#include "test_mover_fixture.h"

#include "fault.h"

#include "mover/mirror_verbs.h"
#include "mover/migrate.h"

#define MIRRORS 4 /* of the file, 1 to 4 */

static const struct mirror_options plain = { .threads = 1 };

static const struct layout *request(void)
{
	static struct layout *l;

	if (!l)
		l = layout_new(LAYOUT_PLAIN, 1);
	return l;
}

/*
 * Mirror N has one component with flags[N - 1], an object on OST N - 1, and pool "near" where N is
 * 2.
 */
static void set_mirrors(const uint32_t flags[MIRRORS])
{
	layout_unref(fake.layout);
	fake.layout = layout_new(LAYOUT_COMPOSITE, MIRRORS);
	fake.layout->mirror_count = MIRRORS;
	for (uint32_t i = 0; i < MIRRORS; i++) {
		struct component *c = &fake.layout->comps[i];

		*c = (struct component){ .id = (i + 1) << 16 | (i + 1),
					 .flags = flags[i] | COMP_INIT,
					 .end = LAYOUT_EOF,
					 .magic = LAYOUT_MAGIC_V1,
					 .pattern = PATTERN_RAID0,
					 .stripe_size = 1 << 20,
					 .stripe_count = 1 };
		assert_int_equal(component_set_objects(c, 1), 0);
		c->objects[0].ost_idx = i;
		if (i == 1)
			strcpy(c->pool, "near");
	}
}

static int reset(void **state)
{
	static const uint32_t in_sync[MIRRORS] = { 0 };
	int err = fixture_reset(state);

	set_mirrors(in_sync);
	return err;
}

static void plain_layout(void)
{
	layout_unref(fake.layout);
	fake.layout = layout_new(LAYOUT_PLAIN, 1);
	fake.layout->comps[0].stripe_count = 1;
	fake.layout->comps[0].stripe_size = 1 << 20;
}

/* ---- resync ---- */

static int resync(struct mirror_resync_what what, struct mirror_result *r)
{
	return mirror_resync(&fake.fs, fake.path, &what, &plain, r);
}

static void assert_synced(const uint32_t *ids, unsigned int count)
{
	assert_int_equal(fake.synced_count, count);
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(fake.synced[i], ids[i]);
		assert_true(mirror_is_like_file(ids[i]));
	}
	assert_false(fake.following || fake.held);
}

static void stale_mirrors_are_resynced_but_for_nosync_and_offline(void **state)
{
	static const uint32_t flags[MIRRORS] = { 0, COMP_STALE, COMP_STALE | COMP_NOSYNC,
						 COMP_STALE };
	static const uint32_t both[] = { 2, 4 };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	fake_write(0, 3 * MIB, 'a');
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_synced(both, 2);
	assert_int_equal(r.mirrors, 2);
	assert_int_equal(r.copied_bytes, 6 * MIB);
	assert_int_equal(r.size_bytes, 3 * MIB);
	assert_false(fake.begin.whole || fake.begin.make_stale);
	assert_false(mirror_is_like_file(3));
}

static void named_mirrors_only_also_nosync(void **state)
{
	static const uint32_t flags[MIRRORS] = { 0, COMP_STALE, COMP_STALE | COMP_NOSYNC, 0 };
	static const uint32_t named[] = { 3, 4 };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	fake_write(0, MIB, 'a');
	assert_int_equal(
		resync((struct mirror_resync_what){ .only_ids = named, .only_count = 2 }, &r), 0);
	assert_synced(named, 1);
	assert_int_equal(r.mirrors, 1);
}

static void nothing_to_do_is_success(void **state)
{
	struct mirror_result r;

	(void)state;
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), 0);
	assert_int_equal(r.mirrors, 0);
	assert_int_equal(calls_of("follow_begin"), 0);
}

static void forced_all_but_the_one_that_is_read(void **state)
{
	static const uint32_t flags[MIRRORS] = { COMP_STALE, COMP_PREFER_READ, 0, 0 };
	static const uint32_t others[] = { 1, 3, 4 }, named[] = { 2 };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	fake_write(0, MIB, 'a');
	assert_int_equal(resync((struct mirror_resync_what){ .force = true }, &r), 0);
	assert_int_equal(r.mirrors, 3);
	assert_synced(others, 3);
	assert_true(fake.begin.whole && fake.begin.make_stale);
	assert_int_equal(calls_of("mirror_open"), 3);
	/* What is named is copied, whatever is preferred. */
	assert_int_equal(resync((struct mirror_resync_what){ .only_ids = named,
							     .only_count = 1,
							     .force = true },
				&r),
			 0);
	assert_synced(named, 1);
}

static void one_that_cannot_be_written_does_not_stop_the_others(void **state)
{
	static const uint32_t flags[MIRRORS] = { 0, COMP_STALE, COMP_STALE, COMP_STALE };
	static const uint32_t others[] = { 2, 4 }, named[] = { 3 };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	fake_write(0, MIB, 'a');
	fake.unwritable = 1u << 3;
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), -EIO);
	assert_string_equal(error_text(-EIO),
			    "2 of 3 mirrors brought up; mirror 3: OST 3 is inactive");
	assert_int_equal(r.mirrors, 2);
	assert_synced(others, 2);
	assert_int_equal(
		resync((struct mirror_resync_what){ .only_ids = named, .only_count = 1 }, &r),
		-EIO);
	assert_int_equal(r.mirrors, 0);
	assert_int_equal(calls_of("follow_begin"), 1);
}

static void nothing_is_begun_by_force_where_nothing_can_be_read(void **state)
{
	struct mirror_result r;

	(void)state;
	fake_write(0, MIB, 'a');
	fake.unreadable = UINT32_MAX;
	assert_int_equal(resync((struct mirror_resync_what){ .force = true }, &r), -EIO);
	assert_int_equal(calls_of("follow_begin"), 0);
}

static void a_source_is_read_as_long_as_it_is_in_sync(void **state)
{
	static const uint32_t flags[MIRRORS] = { 0, COMP_STALE, 0, COMP_STALE };
	static const uint32_t first[] = { 2, 4 };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	fake_write(0, MIB, 'a');
	assert_int_equal(resync((struct mirror_resync_what){ .source_id = 1 }, &r), 0);
	assert_synced(first, 2);
	assert_int_equal(calls_of("mirror_open"), 3);
	assert_int_equal(resync((struct mirror_resync_what){ .source_id = 2 }, &r), -EINVAL);
	assert_int_equal(resync((struct mirror_resync_what){ .source_id = 9 }, &r), -ENOENT);
}

static void write_elsewhere(const char *call)
{
	static const uint32_t flags[MIRRORS] = { COMP_STALE, COMP_STALE, 0, COMP_STALE };

	if (strcmp(call, "follow_next") == 0)
		set_mirrors(flags);
}

static void what_a_source_gave_that_became_stale_does_not_count(void **state)
{
	static const uint32_t flags[MIRRORS] = { 0, COMP_STALE, 0, COMP_STALE };
	struct mirror_result r;

	(void)state;
	set_mirrors(flags);
	fake_write(0, MIB, 'a');
	fake.at_call = write_elsewhere;
	assert_int_equal(resync((struct mirror_resync_what){ .source_id = 1 }, &r), -EAGAIN);
	assert_non_null(strstr(error_text(-EAGAIN), "mirror 1"));
	assert_int_equal(fake.copied, 0);
	assert_int_equal(fake.synced_count, 0);
	fake.at_call = NULL;
}

static void mirrors_that_cannot_be_meant_are_refused(void **state)
{
	static const uint32_t unknown[] = { 2, 7 }, twice[] = { 3, 3 };
	struct mirror_result r;

	(void)state;
	assert_int_equal(
		resync((struct mirror_resync_what){ .only_ids = unknown, .only_count = 2 }, &r),
		-ENOENT);
	assert_int_equal(
		resync((struct mirror_resync_what){ .only_ids = twice, .only_count = 2 }, &r),
		-EINVAL);
	assert_int_equal(resync((struct mirror_resync_what){ .only_ids = unknown,
							     .only_count = 1,
							     .source_id = 2 },
				&r),
			 -EINVAL);
	plain_layout();
	assert_int_equal(resync((struct mirror_resync_what){ 0 }, &r), -ENODATA);
	assert_int_equal(calls_of("follow_begin"), 0);
}

/* ---- extend ---- */

static void extending_copies_once_for_all(void **state)
{
	const struct layout *requests[] = { request(), request(), request() };
	struct mirror_result r;

	(void)state;
	plain_layout();
	fake_write(0, 2 * MIB, 'a');
	assert_int_equal(mirror_extend(&fake.fs, fake.path, requests, 3, &plain, &r), 0);
	assert_int_equal(fake.merged, 3);
	assert_true(fake.begin.physical);
	assert_int_equal(fake.begin.victim_count, 3);
	assert_int_equal(r.mirrors, 3);
	assert_int_equal(r.copied_bytes, 6 * MIB);
	assert_int_equal(r.moved.kernel_bytes, 3 * 5);
	assert_int_equal(r.size_bytes, 2 * MIB);
}

static void too_many_mirrors_are_refused_before_anything_is_copied(void **state)
{
	const struct layout *requests[LAYOUT_MIRRORS_MAX];
	struct mirror_result r;

	(void)state;
	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++)
		requests[i] = request();
	assert_int_equal(mirror_extend(&fake.fs, fake.path, requests,
				       LAYOUT_MIRRORS_MAX - MIRRORS + 1, &plain, &r),
			 -ERANGE);
	assert_int_equal(mirror_extend(&fake.fs, fake.path, requests, 16, &plain, &r), -ERANGE);
	assert_int_equal(mirror_extend(&fake.fs, fake.path, requests, 0, &plain, &r), -EINVAL);
	assert_int_equal(calls_of("victim_open"), 0);
}

static void whatever_fails_while_extending_nothing_is_merged(void **state)
{
	const struct layout *requests[] = { request(), request() };
	unsigned int at = 0, fds;

	(void)state;
	do {
		struct mirror_result r;
		int err;

		reset(NULL);
		fds = open_fds();
		fake_write(0, MIB, 'a');
		fake.fail_at = ++at;
		err = mirror_extend(&fake.fs, fake.path, requests, 2, &plain, &r);
		assert_true(err == -EIO || !err);
		assert_int_equal(fake.merged, err ? 0 : 2);
		assert_false(fake.following || fake.held);
		assert_int_equal(open_fds(), fds);
	} while (fake.hit);
	assert_true(at > 10);
}

/* ---- extend -f ---- */

static char victim_path[96];

static void make_victim(const char *text)
{
	FILE *f;

	snprintf(victim_path, sizeof(victim_path), "%s/victim", fake.dir);
	f = fopen(victim_path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int extend_from(bool no_verify)
{
	struct mirror_result r;

	return mirror_extend_from(&fake.fs, fake.path, victim_path, no_verify, &plain, &r);
}

static void a_file_with_the_same_content_becomes_a_mirror(void **state)
{
	(void)state;
	plain_layout();
	assert_int_equal(pwrite(fake.file_fd, "hello", 5, 0), 5);
	make_victim("hello");
	assert_int_equal(extend_from(false), 0);
	assert_int_equal(fake.merged, 1);
	assert_int_equal(access(victim_path, F_OK), -1);
}

static void other_content_is_refused_unless_told_not_to_look(void **state)
{
	(void)state;
	plain_layout();
	assert_int_equal(pwrite(fake.file_fd, "hello", 5, 0), 5);
	make_victim("hellO");
	assert_int_equal(extend_from(false), -EBADMSG);
	assert_non_null(strstr(error_text(-EBADMSG), "offset 0"));
	make_victim("hello!");
	assert_int_equal(extend_from(false), -EBADMSG);
	assert_non_null(strstr(error_text(-EBADMSG), "has 6 bytes, not 5"));
	assert_int_equal(fake.merged, 0);
	assert_int_equal(access(victim_path, F_OK), 0);
	assert_int_equal(extend_from(true), 0);
	assert_int_equal(fake.merged, 1);
	snprintf(victim_path, sizeof(victim_path), "%s", fake.path);
	assert_int_equal(extend_from(true), -EINVAL);
}

static void a_write_during_the_comparison_is_noticed(void **state)
{
	(void)state;
	plain_layout();
	make_victim("");
	fake.failing = "merge";
	fake.failure = -EAGAIN;
	fake.times = 1;
	assert_int_equal(extend_from(false), -EAGAIN);
	assert_int_equal(access(victim_path, F_OK), 0);
}

/* ---- verify ---- */

static struct mirror_difference told[8];
static unsigned int told_count;

static void tell(const struct mirror_difference *d, void *cookie)
{
	(void)cookie;
	assert_true(told_count < ARRAY_SIZE(told));
	told[told_count++] = *d;
}

static int verify(const uint32_t *ids, unsigned int count)
{
	struct mirror_result r;

	told_count = 0;
	return mirror_verify(&fake.fs, fake.path, ids, count, tell, &plain, &r);
}

/* Mirrors 2 to 4 become copies of the file. */
static void copy_to_mirrors(void)
{
	for (uint32_t id = 2; id <= MIRRORS; id++) {
		int fd = open_mirror(id, O_RDWR);
		off_t in = 0, out = 0;

		assert_int_equal(copy_file_range(fake.file_fd, &in, fd, &out, fake_size(), 0),
				 fake_size());
		close(fd);
	}
}

static void spoil(uint32_t id, uint64_t offset, size_t len)
{
	static char junk[MIB];
	int fd = open_mirror(id, O_RDWR);

	memset(junk, '#', sizeof(junk));
	assert_int_equal(pwrite(fd, junk, len, (off_t)offset), len);
	close(fd);
}

static void equal_mirrors_are_found_equal(void **state)
{
	(void)state;
	assert_int_equal(verify(NULL, 0), 0);
	fake_write(0, 5 * MIB + 1, 'a');
	copy_to_mirrors();
	assert_int_equal(verify(NULL, 0), 0);
	assert_int_equal(told_count, 0);
}

static void differences_are_told_as_ranges(void **state)
{
	static const uint32_t some[] = { 4, 2 };

	(void)state;
	fake_write(0, 5 * MIB + 1, 'a');
	copy_to_mirrors();
	spoil(2, MIB - 4096, 8192 + 1); /* over the end of what is compared at once */
	spoil(2, 3 * MIB, 1);
	spoil(3, 6 * MIB, 10); /* longer than the others */
	assert_int_equal(verify(NULL, 0), -EBADMSG);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[0].mirror_id, 2);
	assert_int_equal(told[0].reference_id, 1);
	assert_int_equal(told[0].start, MIB - 4096);
	assert_int_equal(told[0].end, MIB + 8192);
	assert_int_equal(told[1].start, 3 * MIB);
	assert_int_equal(told[1].end, 3 * MIB + 4096);
	assert_int_equal(told[2].mirror_id, 3);
	assert_int_equal(told[2].start, 5 * MIB + 1);
	assert_int_equal(told[2].end, 6 * MIB + 10);
	assert_int_equal(verify(some, 2), -EBADMSG);
	assert_int_equal(told[0].reference_id, 4);
}

static void stale_mirrors_are_told_and_not_compared(void **state)
{
	static const uint32_t flags[MIRRORS] = { COMP_STALE, 0, 0, COMP_STALE };

	(void)state;
	fake_write(0, MIB, 'a');
	copy_to_mirrors();
	spoil(4, 0, 100);
	set_mirrors(flags);
	assert_int_equal(verify(NULL, 0), -EBADMSG);
	assert_int_equal(told_count, 2);
	assert_true(told[0].stale && told[1].stale);
	assert_int_equal(told[0].mirror_id, 1);
	assert_int_equal(told[1].mirror_id, 4);
}

static unsigned int reads, fail_read; /* counted; which of them fails */

static int fail_nth_read(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, "pread") == 0 && ++reads == fail_read ? -EIO : 0;
}

static int verify_failing(unsigned int read)
{
	int err;

	reads = 0;
	fail_read = read;
	sys_set_hook(fail_nth_read, NULL);
	err = verify(NULL, 0);
	sys_set_hook(NULL, NULL);
	return err;
}

static void one_that_fails_in_the_middle_is_told_and_the_others_are_compared(void **state)
{
	unsigned int at = 0;
	int err;

	(void)state;
	fake_write(0, 9 * MIB, 'a');
	copy_to_mirrors();
	do {
		err = verify_failing(++at);
		assert_int_equal(err, reads < at ? 0 : -EIO);
		assert_int_equal(told_count, err ? 1 : 0);
		assert_true(!err || told[0].unreadable);
	} while (err);
	assert_int_equal(at, 3 * MIRRORS + 1);
	/* What the others were compared with is gone: another is. */
	spoil(4, 8 * MIB, 1);
	assert_int_equal(verify_failing(1), -EBADMSG);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0].mirror_id, 1);
	assert_non_null(told[0].unreadable);
	assert_int_equal(told[1].mirror_id, 4);
	assert_int_equal(told[1].reference_id, 2);
	assert_int_equal(told[1].start, 8 * MIB);
}

static void mirrors_that_cannot_be_reached_are_not_compared(void **state)
{
	(void)state;
	fake_write(0, MIB, 'a');
	copy_to_mirrors();
	spoil(1 + 1, 0, 100);
	fake.unreadable = 1u << 1 | 1u << 2;
	assert_int_equal(verify(NULL, 0), -EIO);
	assert_int_equal(told_count, 2);
	assert_true(told[0].unreadable && told[1].unreadable);
}

static void make_stale(const char *call)
{
	static const uint32_t flags[MIRRORS] = { 0, COMP_STALE, 0, 0 };

	if (strcmp(call, "mirror_open") == 0)
		set_mirrors(flags);
}

static void what_is_written_meanwhile_is_no_difference(void **state)
{
	(void)state;
	fake_write(0, MIB, 'a');
	copy_to_mirrors();
	spoil(2, 0, 100);
	fake.at_call = make_stale;
	assert_int_equal(verify(NULL, 0), -EAGAIN);
	assert_int_equal(told_count, 0);
	fake.at_call = NULL;
}

static void mirrors_that_cannot_be_verified_are_refused(void **state)
{
	static const uint32_t one[] = { 1 }, unknown[] = { 1, 9 }, twice[] = { 2, 2 };

	(void)state;
	assert_int_equal(verify(one, 1), -EINVAL);
	assert_int_equal(verify(unknown, 2), -ENOENT);
	assert_int_equal(verify(twice, 2), -EINVAL);
	plain_layout();
	assert_int_equal(verify(NULL, 0), -ENODATA);
}

/* ---- split ---- */

static void a_mirror_is_split_into_a_new_file(void **state)
{
	const struct timespec times[2] = { { 1000, 1 }, { 2000, 2 } };
	char path[96];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/new", fake.dir);
	assert_int_equal(fchmod(fake.file_fd, 0751) | futimens(fake.file_fd, times), 0);
	assert_int_equal(mirror_split(&fake.fs, fake.path, 3, NULL, path, false), 0);
	assert_int_equal(fake.split_id, 3);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(mirror_split(&fake.fs, fake.path, 2, NULL, path, false), -EEXIST);
	assert_int_equal(unlink(path), 0);
	fake.failing = "split";
	fake.failure = -EBUSY;
	fake.times = 1;
	assert_int_equal(mirror_split(&fake.fs, fake.path, 2, NULL, path, false), -EBUSY);
	assert_string_equal(error_text(-EBUSY), "split failed");
	assert_int_equal(stat(path, &st), -1);
}

static void a_mirror_is_destroyed_by_id_or_by_pool(void **state)
{
	(void)state;
	assert_int_equal(mirror_split(&fake.fs, fake.path, 4, NULL, NULL, false), 0);
	assert_int_equal(fake.split_id, 4);
	assert_int_equal(calls_of("victim_open"), 1);
	assert_int_equal(mirror_split(&fake.fs, fake.path, 0, "near", NULL, false), 0);
	assert_int_equal(fake.split_id, 2);
	assert_int_equal(mirror_split(&fake.fs, fake.path, 0, "far", NULL, false), -EINVAL);
	assert_int_equal(mirror_split(&fake.fs, fake.path, 9, NULL, NULL, false), -ENOENT);
	plain_layout();
	assert_int_equal(mirror_split(&fake.fs, fake.path, 1, NULL, NULL, false), -ENODATA);
}

/* ---- read and write ---- */

static int temporary(const char *text)
{
	int fd = open(fake.dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void a_mirror_is_read_as_it_is(void **state)
{
	char got[16] = "";
	struct mirror_result r;
	int out = temporary("");

	(void)state;
	fake_write(0, 5, 'a');
	copy_to_mirrors();
	spoil(3, 1, 2);
	assert_int_equal(mirror_read(&fake.fs, fake.path, 3, out, &plain, &r), 0);
	assert_int_equal(pread(out, got, sizeof(got), 0), 5);
	assert_string_equal(got, "a##aa");
	assert_int_equal(r.copied_bytes, 5);
	assert_int_equal(mirror_read(&fake.fs, fake.path, 7, out, &plain, &r), -ENOENT);
	close(out);
}

static int write_mirror(const char *text, bool *ret_in_sync)
{
	struct mirror_result r;
	int in = temporary(text);
	int err = mirror_write(&fake.fs, fake.path, 2, in, &plain, ret_in_sync, &r);

	close(in);
	return err;
}

static void what_is_written_to_a_mirror_is_in_sync_if_it_is_the_same(void **state)
{
	bool in_sync;

	(void)state;
	fake_write(0, 5, 'a');
	spoil(2, 0, 100);
	assert_int_equal(write_mirror("aaaaa", &in_sync), 0);
	assert_true(in_sync);
	assert_true(fake.begin.whole && fake.begin.make_stale);
	assert_true(mirror_is_like_file(2));
	fake.synced_count = 0;
	assert_int_equal(write_mirror("aaaa", &in_sync), 0);
	assert_false(in_sync);
	assert_int_equal(write_mirror("aaaab", &in_sync), 0);
	assert_false(in_sync);
	assert_int_equal(fake.synced_count, 0);
	assert_false(fake.following || fake.held);
	assert_false(fake_map_clean(&fake.maps[2]));
}

static void write_before_the_lock(const char *call)
{
	if (strcmp(call, "group_lock") == 0)
		fake_write(0, 5, 'a');
}

static void a_mirror_written_beside_others_stays_stale(void **state)
{
	bool in_sync;

	(void)state;
	fake_write(0, 5, 'a');
	fake.at_call = write_before_the_lock;
	assert_int_equal(write_mirror("aaaaa", &in_sync), 0);
	assert_false(in_sync);
	assert_int_equal(fake.synced_count, 0);
	assert_false(fake.held);
}

static void whatever_fails_while_writing_nothing_is_held(void **state)
{
	unsigned int at = 0, fds;

	(void)state;
	do {
		bool in_sync;
		int err;

		reset(NULL);
		fds = open_fds();
		fake_write(0, 5, 'a');
		fake.fail_at = ++at;
		err = write_mirror("aaaaa", &in_sync);
		assert_true(err == -EIO || !err);
		assert_int_equal(fake.synced_count, !err);
		assert_false(fake.following || fake.held);
		assert_int_equal(open_fds(), fds);
	} while (fake.hit);
	assert_true(at > 6);
}

/* ---- failure domains ---- */

static uint32_t pairs[4][4];
static unsigned int pair_count;

static void note_pair(uint32_t a, uint32_t b, uint32_t ost_a, uint32_t ost_b, void *cookie)
{
	const uint32_t pair[4] = { a, b, ost_a, ost_b };

	(void)cookie;
	memcpy(pairs[pair_count++], pair, sizeof(pair));
}

static void mirrors_on_one_device_are_found(void **state)
{
	static const uint32_t wanted[4] = { 1, 2, 0, 1 };
	unsigned int count;

	(void)state;
	assert_int_equal(mirror_shared_domains(&fake.fs, fake.layout, note_pair, NULL), 1);
	assert_memory_equal(pairs[0], wanted, sizeof(wanted));
	fake.layout->comps[3].objects[0].ost_idx = 2;
	assert_int_equal(mirror_shared_domains(&fake.fs, fake.layout, NULL, NULL), 2);
	assert_int_equal(mirror_count_domains(&fake.fs, "", &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(mirror_count_domains(&fake.fs, "near", &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(mirror_count_domains(&fake.fs, "far", &count), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(stale_mirrors_are_resynced_but_for_nosync_and_offline,
				       reset),
		cmocka_unit_test_setup(named_mirrors_only_also_nosync, reset),
		cmocka_unit_test_setup(nothing_to_do_is_success, reset),
		cmocka_unit_test_setup(forced_all_but_the_one_that_is_read, reset),
		cmocka_unit_test_setup(one_that_cannot_be_written_does_not_stop_the_others, reset),
		cmocka_unit_test_setup(nothing_is_begun_by_force_where_nothing_can_be_read, reset),
		cmocka_unit_test_setup(a_source_is_read_as_long_as_it_is_in_sync, reset),
		cmocka_unit_test_setup(what_a_source_gave_that_became_stale_does_not_count, reset),
		cmocka_unit_test_setup(mirrors_that_cannot_be_meant_are_refused, reset),
		cmocka_unit_test_setup(extending_copies_once_for_all, reset),
		cmocka_unit_test_setup(too_many_mirrors_are_refused_before_anything_is_copied,
				       reset),
		cmocka_unit_test_setup(whatever_fails_while_extending_nothing_is_merged, reset),
		cmocka_unit_test_setup(a_file_with_the_same_content_becomes_a_mirror, reset),
		cmocka_unit_test_setup(other_content_is_refused_unless_told_not_to_look, reset),
		cmocka_unit_test_setup(a_write_during_the_comparison_is_noticed, reset),
		cmocka_unit_test_setup(equal_mirrors_are_found_equal, reset),
		cmocka_unit_test_setup(differences_are_told_as_ranges, reset),
		cmocka_unit_test_setup(stale_mirrors_are_told_and_not_compared, reset),
		cmocka_unit_test_setup(
			one_that_fails_in_the_middle_is_told_and_the_others_are_compared, reset),
		cmocka_unit_test_setup(mirrors_that_cannot_be_reached_are_not_compared, reset),
		cmocka_unit_test_setup(what_is_written_meanwhile_is_no_difference, reset),
		cmocka_unit_test_setup(mirrors_that_cannot_be_verified_are_refused, reset),
		cmocka_unit_test_setup(a_mirror_is_split_into_a_new_file, reset),
		cmocka_unit_test_setup(a_mirror_is_destroyed_by_id_or_by_pool, reset),
		cmocka_unit_test_setup(a_mirror_is_read_as_it_is, reset),
		cmocka_unit_test_setup(what_is_written_to_a_mirror_is_in_sync_if_it_is_the_same,
				       reset),
		cmocka_unit_test_setup(a_mirror_written_beside_others_stays_stale, reset),
		cmocka_unit_test_setup(whatever_fails_while_writing_nothing_is_held, reset),
		cmocka_unit_test_setup(mirrors_on_one_device_are_found, reset),
	};

	return cmocka_run_group_tests(tests, fake_make, fake_remove);
}
