/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are made without a name: how they get one, or go. */
#include "inode/inode.h"
#include "mdt/creator.h"
#include "test_layout_commit_fixture.h"
#include "volume/handle.h"
#include "volume/names.h"
#include "volume/volume.h"

static const struct mdt_creator self = { .umask = 022 };

static int no_link(const char *call, size_t len_bytes UNUSED, void *cookie UNUSED)
{
	return strcmp(call, "linkat") == 0 ? -ENOSPC : 0;
}

static struct inode *make_nameless(struct volume *vol, struct handle **ret_h)
{
	struct inode *inode;

	assert_int_equal(names_create_nameless(inode_root(vol), 0600, &self, &inode), 0);
	assert_int_equal(entries("PENDING"), 1);
	if (ret_h)
		assert_int_equal(handle_open(inode, O_RDWR, ret_h), 0);
	return inode;
}

static void a_name_makes_it_a_file(void **state)
{
	struct volume *vol = open_volume();
	struct inode *inode;
	struct handle *h;
	(void)state;

	inode = make_nameless(vol, &h);
	assert_int_equal(names_link(inode, inode_root(vol), "name"), 0);
	assert_int_equal(entries("PENDING"), 0);
	check_links(inode);
	handle_release(h);
	volume_drain(vol);
	assert_int_equal(handle_open(inode, O_RDONLY, &h), 0);
	handle_release(h);
	inode_forget(inode, 1);
	assert_int_equal(names_unlink(inode_root(vol), "name"), 0);
	volume_drain(vol);
	assert_int_equal(entries("PENDING"), 0);
	volume_close(vol);
}

static void without_one_it_goes(void **state)
{
	struct volume *vol = open_volume();
	struct inode *inode;
	struct handle *h;
	(void)state;

	inode = make_nameless(vol, &h);
	sys_set_hook(no_link, NULL);
	assert_int_equal(names_link(inode, inode_root(vol), "name"), -ENOSPC);
	sys_set_hook(NULL, NULL);
	assert_int_equal(entries("PENDING"), 1);
	handle_release(h);
	volume_drain(vol);
	assert_int_equal(entries("PENDING"), 0);
	assert_int_equal(names_link(inode, inode_root(vol), "name"), -ENOENT);
	assert_int_equal(entries("ROOT"), 0);
	inode_forget(inode, 1);
	/* Nobody could open it. */
	inode = make_nameless(vol, NULL);
	names_abandon(inode);
	inode_forget(inode, 1);
	volume_drain(vol);
	assert_int_equal(entries("PENDING"), 0);
	volume_close(vol);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_makes_it_a_file),
		cmocka_unit_test(without_one_it_goes),
	};

	return cmocka_run_group_tests(tests, make_volume, remove_volume);
}
