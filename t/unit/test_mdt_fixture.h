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

extern struct testfs fixture_fs[5];
extern size_t fixture_fs_count;

extern const struct mdt_creator fixture_self;

struct place {
	const struct testfs *fs;
	bool privileged;
	char path[128];
	struct mdt *mdt; /* open unless NULL */
};

/* Runs a shell command that finds the place's path in $MDT. */
void place_run(const struct place *p, const char *command);

/* An empty directory. */
struct place place_empty(const struct testfs *fs, bool privileged);

struct place place_new(const struct testfs *fs, bool privileged);

void place_release(struct place *p);

/* A plain layout with `count` objects. */
struct layout *fixture_layout(uint16_t count, uint32_t first_oid);

/* Entries of a directory below DIR, "." and ".." apart. */
unsigned int entries_in(const struct place *p, const char *name);

bool exists(const struct place *p, const char *name);

/* An empty regular file in ROOT, made as the daemon itself. */
void make_file(const struct place *p, const char *name);

/* Both names in the root. */
int rename_in(const struct place *p, const char *old_name, const char *name, unsigned int flags,
	      struct fid *ret_orphan);

int open_in(const struct place *p, const char *name);

/* Runs test on each file system, on privileged (as root) and unprivileged volumes. */
void fixture_on_each(void (*test)(const struct testfs *fs, bool privileged));

#define ON_EACH(test)                                                                              \
	static void test##_on_each(void **state)                                                   \
	{                                                                                          \
		(void)state;                                                                       \
		fixture_on_each(test);                                                             \
	}

int fixture_make(void **state);

int fixture_remove(void **state);

/* File systems first, as root; then the user gives up everything. Returns whether it worked. */
bool fixture_become_user(void);

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
