/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Swap, merge and split of files in a volume: what they refuse, and what is left behind.
 * test_layout_commit_sweep.c stops them half way. */
#include "commit/merge.h"
#include "file/file.h"
#include "inode/inode.h"
#include "test_layout_commit_fixture.h"
#include "volume/follow_begin.h"
#include "volume/follow_session.h"
#include "volume/handle.h"
#include "volume/inode_attr.h"
#include "volume/volume.h"

static int merge_these(const struct fid *fids, const uint64_t *versions, unsigned int count,
		       uint64_t file_version, uid_t uid)
{
	struct merge_request req = { .victims = fids,
				     .victim_versions = versions,
				     .victim_count = count,
				     .file_version = file_version,
				     .uid = uid };

	return merge_commit(t.h, &req);
}

static void bad_merges_change_nothing(void **state)
{
	struct volume *vol = begin();
	struct fid fids[2];
	uint64_t versions[2];
	(void)state;

	prepare_named_merge(vol);
	for (int i = 0; i < 2; i++) {
		fids[i] = victims[i].fid;
		versions[i] = version(&victims[i]);
	}
	assert_int_equal(merge_these(fids, versions, 0, version(&t), 0), -EINVAL);
	assert_int_equal(merge_these(fids, versions, 2, version(&t), 54321), -EPERM);
	assert_int_equal(merge_these(fids, versions, 2, version(&t) + 1, 0), -EAGAIN);
	versions[1]++;
	assert_int_equal(merge_these(fids, versions, 2, version(&t), 0), -EAGAIN);
	versions[1]--;
	fids[1] = fids[0];
	assert_int_equal(merge_these(fids, versions, 2, version(&t), 0), -EINVAL);
	assert_non_null(strstr(error_text(-EINVAL), "twice"));
	fids[1] = t.fid;
	assert_int_equal(merge_these(fids, versions, 2, version(&t), 0), -EINVAL);
	fids[1] = (struct fid){ .seq = 1, .oid = 2 };
	assert_int_equal(merge_these(fids, versions, 2, version(&t), 0), -ENOENT);
	fids[1] = victims[1].fid;
	handle_release(victims[0].h);
	assert_int_equal(handle_open(victims[0].inode, O_RDONLY, &victims[0].h), 0);
	assert_int_equal(merge_these(fids, versions, 2, version(&t), 0), -ENOENT);
	assert_int_equal(mirrors(t.inode), 1);
	assert_int_equal(entries("PENDING"), 1);
	assert_int_equal(content(victims[0].inode), 'd');
	check_links(t.inode);
	check_links(victims[0].inode);
	end(vol);
}

static void bad_splits_change_nothing(void **state)
{
	struct volume *vol = begin();
	struct one full;
	(void)state;

	prepare_any_split(vol, true);
	full = make(vol, "v1", 1, false, true);
	assert_int_equal(split_by(2, full.fid, 0), -EEXIST);
	assert_int_equal(split_by(9, victims[0].fid, 0), -ENOENT);
	assert_int_equal(split_by(2, victims[0].fid, 54321), -EPERM);
	assert_int_equal(split_by(2, t.fid, 0), -EINVAL);
	/* Now 2 and 3 are stale, or two others. */
	assert_int_equal(handle_write(t.h, data, 1, 0), 1);
	assert_int_equal(mirrors(t.inode), 3);
	{
		struct layout *l = layout_of(t.inode);
		uint32_t ids[LAYOUT_MIRRORS_MAX];
		unsigned int count = mirror_ids(l, ids);

		for (unsigned int i = 0; i < count; i++) {
			if (mirror_usable(l, ids[i]))
				assert_int_equal(split_by(ids[i], victims[0].fid, 0), -EBUSY);
		}
		assert_int_equal(mirror_count_usable(l), 1);
		layout_unref(l);
	}
	assert_int_equal(content(t.inode), 'd');
	assert_int_equal(content(victims[0].inode), 'e');
	drop(&full);
	end(vol);
}

/* A file that has mirrors keeps them: a swap would lose all but one. */
static void mirrors_are_not_swapped(void **state)
{
	struct volume *vol = begin();
	(void)state;

	prepare_any_split(vol, false);
	assert_int_equal(swap_first(), -EOPNOTSUPP);
	drop(&victims[0]);
	prepare_victims(vol, 1, true, true);
	assert_int_equal(swap_first(), -ENOENT); /* has a name */
	end(vol);
}

/* After a commit the victim, still open, is an ordinary empty file. */
static void a_named_victim_can_be_used_again(void **state)
{
	struct volume *vol = begin();
	(void)state;

	prepare_named_merge(vol);
	assert_int_equal(merge_all(), 0);
	assert_int_equal(mirrors(t.inode), 3);
	assert_int_equal(content(victims[0].inode), 'e');
	assert_true(run_here("test ! -s $BASE/mdt/ROOT/v0"));
	fill(&victims[0], true);
	assert_int_equal(content(victims[0].inode), 'd');
	drop(&victims[1]);
	assert_int_equal(merge_all(), 0);
	assert_int_equal(mirrors(t.inode), 4);
	check_mirrors(vol, t.inode, 'd');
	/* And back. */
	assert_int_equal(split_second(), 0);
	assert_int_equal(content(victims[0].inode), 'd');
	check_links(victims[0].inode);
	check_links(t.inode);
	end(vol);
}

/*
 * A power loss may leave an intent without its victim, or without the content of it: then nothing
 * had been committed, or all of it.
 */
static void half_intents_are_dropped(void **state)
{
	struct volume *vol = begin();
	(void)state;

	prepare_named_merge(vol);
	drop_all();
	volume_drain(vol);
	volume_close(vol);
	CHECK(run_here("cd $BASE/mdt && ln ROOT/t PENDING/0x200000401:0x77777:0x0.swap && "
		       "ln ROOT/v0 PENDING/0x200000401:0x77778:0x0 && "
		       "ln ROOT/t PENDING/0x200000401:0x77778:0x0.swap && touch PENDING/x.swap"));
	vol = begin();
	volume_drain(vol);
	CHECK(run_here("test \"$(ls $BASE/mdt/PENDING)\" = x.swap && rm $BASE/mdt/PENDING/x.swap"));
	t.inode = look(inode_root(vol), "t");
	victims[0].inode = look(inode_root(vol), "v0");
	check_links(t.inode);
	check_links(victims[0].inode);
	assert_int_equal(content(t.inode), 'd');
	assert_int_equal(content(victims[0].inode), 'd');
	end(vol);
}

/* ---- a mirror that fails at the first write to it ---- */

struct failing {
	unsigned int times; /* how many changes of an object still fail */
	const char *call;   /* NULL: writes */
	bool reads;         /* and from then on all reads */
};

static int fail_writes(const char *call, size_t len_bytes, void *cookie)
{
	struct failing *f = cookie;

	if (f->reads && f->times == 0 && strcmp(call, "pread") == 0)
		return -EIO;
	if (f->times == 0 || strcmp(call, f->call ? f->call : "pwrite") != 0 ||
	    (!f->call && len_bytes != 1000))
		return 0;
	f->times--;
	return -EIO;
}

static ssize_t write_failing(struct failing f)
{
	ssize_t n;

	sys_set_hook(fail_writes, &f);
	n = handle_write(t.h, data, 1000, 0);
	sys_set_hook(NULL, NULL);
	assert_int_equal(f.times, 0);
	return n;
}

/* Its mirrors that are stale: bit 1 for mirror 1. */
static unsigned int stale_mirrors(void)
{
	struct layout *l = layout_of(t.inode);
	unsigned int mask = 0;

	for (uint32_t i = 0; i < l->count; i++)
		mask |= l->comps[i].flags & COMP_STALE ? 1u << mirror_id_at(l, i) : 0;
	layout_unref(l);
	return mask;
}

static struct volume *with_three_mirrors(void)
{
	struct volume *vol = begin();

	t = make(vol, "t", 1, false, true);
	prepare_victims(vol, 2, false, true);
	assert_int_equal(merge_all(), 0);
	drop(&victims[0]);
	drop(&victims[1]);
	volume_drain(vol);
	assert_int_equal(stale_mirrors(), 0);
	return vol;
}

static void the_first_write_goes_to_a_mirror_that_takes_it(void **state)
{
	(void)state;
	for (unsigned int times = 0; times < 3; times++) {
		struct volume *vol = with_three_mirrors();

		assert_int_equal(write_failing((struct failing){ .times = times }), 1000);
		assert_int_equal(__builtin_popcount(stale_mirrors()), 2);
		assert_int_equal(content(t.inode), 'd');
		assert_int_equal(entries("DIRTY"), 2);
		end(vol);
	}
}

static void so_do_a_truncate_and_an_allocation(void **state)
{
	struct volume *vol = with_three_mirrors();
	struct failing f = { .times = 2, .call = "ftruncate" };
	struct stat st;
	(void)state;

	sys_set_hook(fail_writes, &f);
	assert_int_equal(handle_truncate(t.h, 1000), 0);
	sys_set_hook(NULL, NULL);
	assert_int_equal(f.times, 0);
	assert_int_equal(__builtin_popcount(stale_mirrors()), 2);
	assert_int_equal(inode_attr_get(t.inode, &st), 0);
	assert_int_equal(st.st_size, 1000);
	end(vol);
	vol = with_three_mirrors();
	f = (struct failing){ .times = 2, .call = "fallocate" };
	sys_set_hook(fail_writes, &f);
	assert_int_equal(handle_fallocate(t.h, FALLOC_FL_KEEP_SIZE, 0, 1000), 0);
	sys_set_hook(NULL, NULL);
	assert_int_equal(f.times, 0);
	assert_int_equal(__builtin_popcount(stale_mirrors()), 2);
	assert_int_equal(content(t.inode), 'd');
	end(vol);
}

static void where_none_takes_it_the_others_can_still_be_read(void **state)
{
	struct volume *vol = with_three_mirrors();
	(void)state;

	/* One after the other becomes stale, but for the last. */
	assert_int_equal(write_failing((struct failing){ .times = 3 }), -EIO);
	assert_int_equal(__builtin_popcount(stale_mirrors()), 2);
	assert_int_equal(content(t.inode), 'd');
	end(vol);
}

static void where_no_other_can_be_read_the_primary_stays(void **state)
{
	struct volume *vol = with_three_mirrors();
	unsigned int stale;
	(void)state;

	assert_int_equal(write_failing((struct failing){ .times = 1, .reads = true }), -EIO);
	stale = stale_mirrors();
	assert_int_equal(__builtin_popcount(stale), 2);
	/* It is the same one that is written next. */
	assert_int_equal(handle_write(t.h, data, 1000, 0), 1000);
	assert_int_equal(stale_mirrors(), stale);
	end(vol);
}

/* ---- copies begin only where there is something to copy ---- */

static int fail_reads(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, "pread") == 0 ? -EIO : 0;
}

static int begin_copies(uint32_t id, bool whole, bool make_stale, uint32_t source_id,
			bool unreadable)
{
	const struct follow_request req = { .mirror_ids = &id,
					    .mirror_count = 1,
					    .whole = whole,
					    .make_stale = make_stale,
					    .source_id = source_id,
					    .uid = geteuid() };
	int err;

	sys_set_hook(unreadable ? fail_reads : NULL, NULL);
	err = follow_begin(t.h, &req);
	sys_set_hook(NULL, NULL);
	if (!err)
		follow_session_end(t.h);
	return err;
}

static void what_nothing_can_be_copied_to_stays_as_it_is(void **state)
{
	struct volume *vol = with_three_mirrors();
	unsigned int stale;
	(void)state;

	/* In sync. */
	assert_int_equal(begin_copies(2, true, true, 0, true), -EIO);
	assert_int_equal(begin_copies(2, true, true, 3, true), -EIO);
	assert_int_equal(stale_mirrors(), 0);
	/* Stale: nothing of it is lost. */
	assert_int_equal(handle_write(t.h, data, 1, 0), 1);
	stale = stale_mirrors();
	for (uint32_t id = 1; id <= 3; id++) {
		if (!(stale & 1u << id))
			continue;
		assert_int_equal(begin_copies(id, false, false, 0, true), -EIO);
		assert_int_equal(begin_copies(id, true, false, 0, true), -EIO);
		assert_int_equal(begin_copies(id, true, true, 0, true), -EIO);
		assert_int_equal(begin_copies(id, false, false, 0, false), 0);
	}
	assert_int_equal(stale_mirrors(), stale);
	end(vol);
}

/* ---- copies begin anew after a failover ---- */

/* Takes all that is dirty of the copy; how many bytes of it the file has. */
static uint64_t take_all(uint32_t mirror_id)
{
	uint64_t left, size, taken = 0, from = 0;
	struct dirty_range r;
	unsigned int count;

	for (;;) {
		assert_int_equal(follow_session_next(t.h, mirror_id, from, UINT64_MAX, &r, 1,
						     &count, &left, &size),
				 0);
		if (!count)
			return taken;
		taken += r.end - r.start;
		from = r.end;
		if (mirror_id != FILE_WHOLE)
			assert_int_equal(follow_session_copied(t.h, mirror_id, &r), 0);
	}
}

/*
 * What was copied before came from the primary, maybe while the write was under way there. So all
 * of it is copied again, from the mirror that takes the primary's place.
 */
static void check_copy_begins_anew(uint32_t mirror_id)
{
	assert_int_equal(take_all(mirror_id), sizeof(data));
	assert_int_equal(take_all(mirror_id), 0);
	assert_int_equal(write_failing((struct failing){ .times = 1 }), 1000);
	assert_int_equal(take_all(mirror_id), sizeof(data));
	/* A write that gets through leaves no more than itself. */
	assert_int_equal(handle_write(t.h, data, 1000, 0), 1000);
	assert_int_equal(take_all(mirror_id), KIB64);
}

static void victims_are_copied_anew_after_a_failover(void **state)
{
	struct volume *vol = with_three_mirrors();
	struct follow_request req = { .victim_count = 1, .uid = geteuid() };
	(void)state;

	prepare_victims(vol, 1, false, false);
	req.victims = &victims[0].fid;
	assert_int_equal(follow_begin(t.h, &req), 0);
	check_copy_begins_anew(FILE_WHOLE);
	follow_session_end(t.h);
	end(vol);
}

static void stale_mirrors_are_copied_anew_after_a_failover(void **state)
{
	const uint32_t last = 3;
	const struct follow_request req = { .mirror_ids = &last,
					    .mirror_count = 1,
					    .whole = true,
					    .make_stale = true,
					    .uid = geteuid() };
	struct volume *vol = with_three_mirrors();
	(void)state;

	assert_int_equal(follow_begin(t.h, &req), 0);
	check_copy_begins_anew(last);
	assert_true(stale_mirrors() & 1u << last);
	follow_session_end(t.h);
	end(vol);
}

/* The last test: the volume is another one from here on. */
static void shared_extents_are_no_mirror(void **state)
{
	static struct testfs fs;
	struct volume *vol;
	(void)state;

	if (!namespace || !testfs_make(&fs, "xfs", "xfs", 320)) {
		printf("skipped: needs a file system that shares extents\n");
		skip();
	}
	snprintf(base, sizeof(base), TESTFS_BASE "/xfs");
	assert_int_equal(format_here(), 0);
	vol = begin();
	t = make(vol, "t", 1, false, true);
	prepare_victims(vol, 1, true, false);
	assert_int_equal(handle_copy_range(t.h, 0, victims[0].h, 0, sizeof(data)), sizeof(data));
	assert_int_equal(content(victims[0].inode), 'd');
	assert_int_equal(merge_all(), -EINVAL);
	assert_non_null(strstr(error_text(-EINVAL), "shares extents"));
	assert_int_equal(mirrors(t.inode), 1);
	fill(&victims[0], true);
	assert_int_equal(merge_all(), 0);
	assert_int_equal(mirrors(t.inode), 2);
	check_mirrors(vol, t.inode, 'd');
	end(vol);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_merges_change_nothing),
		cmocka_unit_test(bad_splits_change_nothing),
		cmocka_unit_test(mirrors_are_not_swapped),
		cmocka_unit_test(a_named_victim_can_be_used_again),
		cmocka_unit_test(half_intents_are_dropped),
		cmocka_unit_test(the_first_write_goes_to_a_mirror_that_takes_it),
		cmocka_unit_test(so_do_a_truncate_and_an_allocation),
		cmocka_unit_test(where_none_takes_it_the_others_can_still_be_read),
		cmocka_unit_test(where_no_other_can_be_read_the_primary_stays),
		cmocka_unit_test(what_nothing_can_be_copied_to_stays_as_it_is),
		cmocka_unit_test(victims_are_copied_anew_after_a_failover),
		cmocka_unit_test(stale_mirrors_are_copied_anew_after_a_failover),
		cmocka_unit_test(shared_extents_are_no_mirror),
	};

	return cmocka_run_group_tests(tests, make_volume, remove_volume);
}
