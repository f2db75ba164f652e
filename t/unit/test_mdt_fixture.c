/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_mdt_fixture.h"

struct testfs fixture_fs[5];
size_t fixture_fs_count;
static char fixture_plain[64];
const struct mdt_creator fixture_self = { .uid = FIXTURE_USER, .gid = FIXTURE_USER, .umask = 022 };

void place_run(const struct place *p, const char *command)
{
	setenv("MDT", p->path, 1);
	assert_true(testfs_run(command));
}

struct place place_empty(const struct testfs *fs, bool privileged)
{
	struct place p = { .fs = fs, .privileged = privileged };

	assert_true(testfs_path(fs, "mdt", p.path, sizeof(p.path)));
	place_run(&p, "chmod -R u+rwx $MDT 2>/dev/null; rm -rf $MDT");
	assert_int_equal(mkdir(p.path, 0755), 0);
	return p;
}

struct place place_new(const struct testfs *fs, bool privileged)
{
	struct place p = place_empty(fs, privileged);

	assert_int_equal(mdt_format(p.path, privileged), 0);
	assert_int_equal(mdt_open(p.path, privileged, &p.mdt), 0);
	return p;
}

void place_release(struct place *p)
{
	mdt_free(p->mdt);
	p->mdt = NULL;
}

struct layout *fixture_layout(uint16_t count, uint32_t first_oid)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	assert_non_null(l);
	l->comps[0].stripe_size = 1 << 20;
	l->comps[0].stripe_count = count;
	assert_int_equal(component_set_objects(&l->comps[0], count), 0);
	for (uint16_t i = 0; i < count; i++) {
		l->comps[0].objects[i].fid =
			(struct fid){ .seq = 0x240000400, .oid = first_oid + i };
		l->comps[0].objects[i].ost_idx = i;
	}
	return l;
}

unsigned int entries_in(const struct place *p, const char *name)
{
	int fd = openat(mdt_dirfd(p->mdt), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

bool exists(const struct place *p, const char *name)
{
	struct stat st;

	return fstatat(mdt_root_fd(p->mdt), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void make_file(const struct place *p, const char *name)
{
	const struct mdt_creator who = { .uid = geteuid(), .gid = getegid(), .umask = 022 };
	int fd;

	assert_int_equal(mdt_create(p->mdt, mdt_root_fd(p->mdt), name, 0644, &who, NULL, &fd), 0);
	close(fd);
}

int rename_in(const struct place *p, const char *old_name, const char *name, unsigned int flags,
	      struct fid *ret_orphan)
{
	int root = mdt_root_fd(p->mdt);
	const struct mdt_renaming r = { root, root, old_name, name, flags, &fixture_self };

	return mdt_names_rename(p->mdt, &r, ret_orphan);
}

int open_in(const struct place *p, const char *name)
{
	int fd;

	assert_int_equal(mdt_names_lookup(p->mdt, mdt_root_fd(p->mdt), name, &fd), 0);
	return fd;
}

void fixture_on_each(void (*test)(const struct testfs *fs, bool privileged))
{
	for (size_t i = 0; i < fixture_fs_count; i++) {
		if (geteuid() == 0)
			test(&fixture_fs[i], true);
		test(&fixture_fs[i], false);
	}
}

int fixture_make(void **state)
{
	static const char *const types[] = { "tmpfs", "ext4", "xfs", "btrfs" };
	(void)state;

	if (fixture_fs_count)
		return 0;
	if (!testfs_enter()) {
		fixture_fs_count = 1;
		return testfs_make_plain_xattrs(&fixture_fs[0], fixture_plain) ? 0 : -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		fixture_fs_count +=
			testfs_make(&fixture_fs[fixture_fs_count], types[i], types[i], 320);
	return 0;
}

int fixture_remove(void **state)
{
	(void)state;
	if (fixture_plain[0])
		testfs_remove_plain(fixture_plain);
	return 0;
}

bool fixture_become_user(void)
{
	if (fixture_make(NULL))
		return false;
	for (size_t i = 0; i < fixture_fs_count; i++)
		if (fchown(fixture_fs[i].dirfd, FIXTURE_USER, FIXTURE_USER))
			return false;
	return !setgroups(0, NULL) && !setresgid(FIXTURE_USER, FIXTURE_USER, FIXTURE_USER) &&
	       !setresuid(FIXTURE_USER, FIXTURE_USER, FIXTURE_USER) && !prctl(PR_SET_DUMPABLE, 1);
}
