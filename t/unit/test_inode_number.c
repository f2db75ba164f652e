/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An inode that is found by its number while its last name goes: found whole, or not at all. */
#include "inode/inode.h"
#include "inode/inode_number.h"
#include "test_layout_commit_fixture.h"
#include "volume/handle.h"
#include "volume/names.h"
#include "volume/volume.h"

static bool can_find;

/* Removes the file before the call of that number, counted from 1. */
struct remover {
	struct volume *vol;
	unsigned int before_call, calls;
	bool destroyed; /* and waits until the reaper is done with it */
	bool removed;
};

static int remove_now(const char *call, size_t len_bytes, void *cookie)
{
	struct remover *r = cookie;
	(void)call;
	(void)len_bytes;

	if (++r->calls != r->before_call)
		return 0;
	sys_set_hook(NULL, NULL);
	CHECK(!names_unlink(inode_root(r->vol), "t"));
	if (r->destroyed)
		volume_drain(r->vol);
	r->removed = true;
	return 0;
}

static uint64_t make_unused(struct volume *vol)
{
	uint64_t number;

	t = make(vol, "t", 1, false, true);
	number = inode_number(t.inode);
	drop(&t);
	return number;
}

/* Whether the file was removed before the search was over. */
static bool find_while_removed(struct volume *vol, unsigned int before_call, bool destroyed)
{
	struct remover r = { .vol = vol, .before_call = before_call, .destroyed = destroyed };
	uint64_t number = make_unused(vol);
	struct inode *found;
	int err;

	snprintf(context, sizeof(context), "removed before call %u", before_call);
	sys_set_hook(remove_now, &r);
	err = inode_number_find(vol, number, &found);
	sys_set_hook(NULL, NULL);
	CHECK(err == (r.removed ? -ESTALE : 0));
	if (!err) {
		CHECK(content(found) == 'd');
		inode_forget(found, 1);
	}
	clean(vol, false);
	return r.removed;
}

static void removed_while_it_is_found(void **state)
{
	struct volume *vol;
	(void)state;

	if (!can_find)
		skip();
	vol = begin();
	for (int destroyed = 0; destroyed < 2; destroyed++) {
		unsigned int call = 1;

		while (find_while_removed(vol, call, destroyed))
			call++;
		assert_in_range(call, 5, 100);
	}
	volume_close(vol);
}

/* By its number it could be found still. */
static void a_directory_that_leaves_root(void **state)
{
	const struct mdt_creator who = { .umask = 022 };
	struct inode *dir, *found;
	struct volume *vol;
	uint64_t number;
	(void)state;

	if (!can_find)
		skip();
	vol = begin();
	assert_int_equal(names_mkdir(inode_root(vol), "d", 0755, &who, &dir), 0);
	number = inode_number(dir);
	inode_forget(dir, 1);
	assert_int_equal(inode_number_find(vol, number, &found), 0);
	inode_forget(found, 1);
	assert_true(run_here("mv $BASE/mdt/ROOT/d $BASE/mdt/d"));
	assert_int_equal(inode_number_find(vol, number, &found), -ESTALE);
	assert_true(run_here("mv $BASE/mdt/d $BASE/mdt/ROOT/d"));
	assert_int_equal(inode_number_find(vol, number, &found), 0);
	inode_forget(found, 1);
	assert_int_equal(names_rmdir(inode_root(vol), "d"), 0);
	volume_close(vol);
}

static int make_findable(void **state)
{
	static struct testfs fs;
	struct volume *vol;

	if (make_volume(state))
		return -1;
	if (!namespace || !testfs_make(&fs, "xfs", "xfs", 320)) {
		printf("skipped: needs a file system whose inodes can be found by number\n");
		return 0;
	}
	snprintf(base, sizeof(base), TESTFS_BASE "/xfs");
	if (format_here())
		return -1;
	vol = begin();
	can_find = inode_number_lasts(vol);
	volume_close(vol);
	return can_find ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed_while_it_is_found),
		cmocka_unit_test(a_directory_that_leaves_root),
	};

	return cmocka_run_group_tests(tests, make_findable, remove_volume);
}
