/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MDTs on real file systems for the tests of src/mdt: as root on a privileged volume and on an
 * unprivileged one, and in a child process as an ordinary user.
 */
#ifndef LOVFS_UNIT_TEST_MDT_FIXTURE_H
#define LOVFS_UNIT_TEST_MDT_FIXTURE_H

#include "unit.h"

#include "fault.h"
#include "testfs.h"

#include "base/error.h"
#include "layout/layout.h"
#include "mdt/creator.h"
#include "mdt/mdt.h"
#include "mdt/mdt_create.h"
#include "mdt/mdt_format.h"
#include "mdt/mdt_names.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define FIXTURE_USER 4321 /* nobody's, hopefully */

static struct testfs fixture_fs[5];
static size_t fixture_fs_count;
static char fixture_plain[64];

static const struct mdt_creator fixture_self = { .uid = FIXTURE_USER,
						 .gid = FIXTURE_USER,
						 .umask = 022 };

struct place {
	const struct testfs *fs;
	bool privileged;
	char path[128];
	struct mdt *mdt; /* open unless NULL */
};

/* Runs a shell command that finds the place's path in $MDT. */
static inline void place_run(const struct place *p, const char *command)
{
	setenv("MDT", p->path, 1);
	assert_true(testfs_run(command));
}

/* An empty directory. */
static inline struct place place_empty(const struct testfs *fs, bool privileged)
{
	struct place p = { .fs = fs, .privileged = privileged };
	char link[64], base[96];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fs->dirfd);
	n = readlink(link, base, sizeof(base) - 1);
	assert_true(n > 0);
	base[n] = '\0';
	snprintf(p.path, sizeof(p.path), "%s/mdt", base);
	place_run(&p, "chmod -R u+rwx $MDT 2>/dev/null; rm -rf $MDT");
	assert_int_equal(mkdir(p.path, 0755), 0);
	return p;
}

static inline struct place place_new(const struct testfs *fs, bool privileged)
{
	struct place p = place_empty(fs, privileged);

	assert_int_equal(mdt_format(p.path, privileged), 0);
	assert_int_equal(mdt_open(p.path, privileged, &p.mdt), 0);
	return p;
}

static inline void place_release(struct place *p)
{
	mdt_free(p->mdt);
	p->mdt = NULL;
}

/* A plain layout with `count` objects. */
static inline struct layout *fixture_layout(uint16_t count, uint32_t first_oid)
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

/* Entries of a directory below DIR, "." and ".." apart. */
static inline unsigned int entries_in(const struct place *p, const char *name)
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

static inline bool exists(const struct place *p, const char *name)
{
	struct stat st;

	return fstatat(mdt_root_fd(p->mdt), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* An empty regular file in ROOT, made as the daemon itself. */
static inline void make_file(const struct place *p, const char *name)
{
	const struct mdt_creator who = { .uid = geteuid(), .gid = getegid(), .umask = 022 };
	int fd;

	assert_int_equal(mdt_create(p->mdt, mdt_root_fd(p->mdt), name, 0644, &who, NULL, &fd), 0);
	close(fd);
}

static inline int open_in(const struct place *p, const char *name)
{
	int fd;

	assert_int_equal(mdt_names_lookup(p->mdt, mdt_root_fd(p->mdt), name, &fd), 0);
	return fd;
}

/* Runs test on each file system, on privileged (as root) and unprivileged volumes. */
static inline void fixture_on_each(void (*test)(const struct testfs *fs, bool privileged))
{
	for (size_t i = 0; i < fixture_fs_count; i++) {
		if (geteuid() == 0)
			test(&fixture_fs[i], true);
		test(&fixture_fs[i], false);
	}
}

#define ON_EACH(test)                                                                              \
	static void test##_on_each(void **state)                                                   \
	{                                                                                          \
		(void)state;                                                                       \
		fixture_on_each(test);                                                             \
	}

static inline int fixture_make(void **state)
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

static inline int fixture_remove(void **state)
{
	(void)state;
	if (fixture_plain[0])
		testfs_remove_plain(fixture_plain);
	return 0;
}

/* File systems first, as root; then the user gives up everything. Returns whether it worked. */
static inline bool fixture_become_user(void)
{
	if (fixture_make(NULL))
		return false;
	for (size_t i = 0; i < fixture_fs_count; i++)
		if (fchown(fixture_fs[i].dirfd, FIXTURE_USER, FIXTURE_USER))
			return false;
	return !setgroups(0, NULL) && !setresgid(FIXTURE_USER, FIXTURE_USER, FIXTURE_USER) &&
	       !setresuid(FIXTURE_USER, FIXTURE_USER, FIXTURE_USER) && !prctl(PR_SET_DUMPABLE, 1);
}

/* As root, runs the group in a child process as an ordinary user, then, or otherwise, as who we
 * are. */
#define FIXTURE_MAIN(tests)                                                                        \
	({                                                                                         \
		int failed_ = 0, status_;                                                          \
		pid_t child_ = testfs_is_root() ? fork() : -1;                                     \
                                                                                                   \
		if (child_ == 0) {                                                                 \
			printf("as user %d:\n", FIXTURE_USER);                                     \
			_exit(fixture_become_user()                                                \
				      ? cmocka_run_group_tests(tests, NULL, fixture_remove)        \
				      : 99);                                                       \
		}                                                                                  \
		if (child_ > 0)                                                                    \
			failed_ = waitpid(child_, &status_, 0) != child_ || status_ != 0;          \
		failed_ + cmocka_run_group_tests(tests, fixture_make, fixture_remove);             \
	})

#endif
