/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Group locks, and descriptors of open_source(), which stay usable while writers wait. */
#include "cases.h"
#include "contract.h"

#include <unistd.h>

#define GID 5

void case_lock(struct contract *c)
{
	CLEANUP_FD int fd = -1;
	uint64_t v;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_held(c, "f");
	DONE(c->ops->group_lock(c->fs, fd, GID));
	v = version_of(c, fd, true);
	other_begin(&c->writer, WRITE, "f");
	other_begin(&c->second, TRUNCATE, "f");
	CHECK(!other_is_done(&c->writer) && !other_is_done(&c->second));
	CHECK(version_of(c, fd, true) == v && has_pattern(fd, 1));
	DONE(c->ops->group_unlock(c->fs, fd, GID));
	CHECK(other_wait(&c->writer) == 0 && other_wait(&c->second) == 0);
	CHECK(version_of(c, fd, false) != v && !has_changed_pattern(fd, 1) && !has_pattern(fd, 1));
}

/*
 * All calls that don't change the file; on Lustre not reading it by another descriptor, which hangs
 * (2.17).
 */
void case_lock_source(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	CLEANUP_FD int fd = -1, victim = -1, whole = -1;
	struct fid fid;
	struct stat st;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_held(c, "f");
	DONE(c->ops->group_lock(c->fs, fd, GID));
	other_begin(&c->writer, WRITE, "f");
	CHECK(!other_is_done(&c->writer));
	DONE(c->ops->layout_get(c->fs, fd, &l));
	DONE(c->ops->fid_get(c->fs, fd, &fid));
	DONE(c->ops->mirror_open(c->fs, fd, 0, O_RDONLY, &whole));
	DONE(c->ops->drop_cache(c->fs, fd));
	victim = make_victim(c, fd, LAYOUT("c1"), 2);
	version_of(c, victim, false);
	CHECK(sys_fstat(fd, &st) == 0 && st.st_size == FILE_LEN);
	CHECK(has_pattern(fd, 1) && (!fs_can_follow(c->fs) || has_pattern(whole, 1)));
	CHECK(!other_is_done(&c->writer));
	DONE(c->ops->group_unlock(c->fs, fd, GID));
	CHECK(other_wait(&c->writer) == 0 && has_changed_pattern(fd, 1));
}

/* The lock is given up, and the other has it then. */
static void hand_over(struct contract *c, int fd, bool at_once)
{
	int answer;

	if (!at_once)
		DONE(c->ops->group_unlock(c->fs, fd, GID));
	answer = other_wait(&c->second);
	CHECK(answer == EBUSY || (answer == 0 && !at_once));
	if (answer == 0)
		return;
	if (at_once)
		DONE(c->ops->group_unlock(c->fs, fd, GID));
	other_do(&c->second, CLOSE, "f");
	other_do(&c->second, GROUP_LOCK, "f");
}

/* -EBUSY at once, or it waits. */
void case_lock_second(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_held(c, "f");
	DONE(c->ops->group_lock(c->fs, fd, GID));
	other_begin(&c->second, GROUP_LOCK, "f");
	hand_over(c, fd, other_is_done(&c->second));
	other_begin(&c->writer, WRITE, "f");
	CHECK(!other_is_done(&c->writer));
	other_do(&c->second, CLOSE, "f");
	CHECK(other_wait(&c->writer) == 0);
	DONE(SOON(c->ops->group_lock(c->fs, fd, GID)));
}

/* A signal ends the wait, or it goes on till the lock is given up (Lustre 2.17). */
void case_lock_signal(struct contract *c)
{
	CLEANUP_FD int fd = -1;
	bool ended = false;
	int answer;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_held(c, "f");
	DONE(c->ops->group_lock(c->fs, fd, GID));
	other_begin(&c->second, GROUP_LOCK_BRIEFLY, "f");
	for (int i = 0; i < 4 && !ended; i++)
		ended = other_is_done(&c->second);
	DONE(c->ops->group_unlock(c->fs, fd, GID));
	answer = other_wait(&c->second);
	CHECK(ended ? answer == EBUSY || answer == EINTR : answer == 0);
	other_do(&c->second, CLOSE, "f");
	other_do(&c->writer, WRITE, "f");
	CHECK(has_changed_pattern(fd, 1));
}

void case_lock_closed(struct contract *c)
{
	int fd;

	make_file(c, "f", LAYOUT("c2"), 1);
	fd = open_held(c, "f");
	DONE(c->ops->group_lock(c->fs, fd, GID));
	other_begin(&c->writer, WRITE, "f");
	CHECK(!other_is_done(&c->writer));
	close(fd);
	CHECK(other_wait(&c->writer) == 0);
}
