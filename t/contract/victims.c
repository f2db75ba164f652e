/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FIDs; victims, and how data gets into them. */
#include "cases.h"
#include "contract.h"

#include <dirent.h>
#include <unistd.h>

static struct fid fid_of(struct contract *c, int fd)
{
	struct fid fid;

	DONE(c->ops->fid_get(c->fs, fd, &fid));
	return fid;
}

static bool same_fid(struct fid a, struct fid b)
{
	return a.seq == b.seq && a.oid == b.oid && a.ver == b.ver;
}

void case_fid(struct contract *c)
{
	CLEANUP_FD int a = -1, again = -1, b = -1, plain = -1, source = -1;

	make_file(c, "a", LAYOUT("c1"), 1);
	make_file(c, "b", LAYOUT("c1"), 1);
	a = open_rw(c, "a");
	again = open_rw(c, "a");
	source = open_held(c, "a");
	plain = sys_openat(AT_FDCWD, "a", O_RDONLY, 0);
	b = open_rw(c, "b");
	CHECK(plain >= 0 && same_fid(fid_of(c, a), fid_of(c, again)));
	CHECK(same_fid(fid_of(c, a), fid_of(c, plain)));
	CHECK(same_fid(fid_of(c, a), fid_of(c, source)));
	CHECK(!same_fid(fid_of(c, a), fid_of(c, b)));
	CHECK(!same_fid(fid_of(c, a), fid_of(c, c->dir_fd)));
}

static unsigned int count_names(void)
{
	DIR *dir = opendir(".");
	unsigned int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* That its objects go too is seen from outside. */
void case_victim(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	CLEANUP_FD int fd = -1, first = -1, second = -1;

	contract_needs_osts(c, 3);
	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	first = make_victim(c, fd, LAYOUT("c2"), 2);
	second = make_victim(c, fd, LAYOUT("E-1", "c3"), 3);
	CHECK(count_names() == 1);
	DONE(c->ops->layout_get(c->fs, first, &l));
	CHECK(l->kind == LAYOUT_PLAIN && l->comps[0].object_count == 2);
	CHECK(has_pattern(fd, 1) && has_pattern(first, 2) && has_pattern(second, 3));
	CHECK(!same_fid(fid_of(c, first), fid_of(c, second)));
	CHECK(!same_fid(fid_of(c, first), fid_of(c, fd)));
}

void case_victim_later(struct contract *c)
{
	CLEANUP_FD int fd = -1, victim = -1;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	DONE(c->ops->victim_open(c->fs, c->dir_fd, fd, NULL, &victim));
	CHECK(count_names() == 1 && has_pattern(fd, 1));
}

/* By copy_file_range(2) where that is how it copies; the other way is that of write_pattern(). */
void case_copying(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *l = LAYOUT("c2");
	CLEANUP_FD int fd = -1, victim = -1;

	make_file(c, "f", LAYOUT("c1"), 1);
	if (c->fs->copying != FS_COPYING_RANGE)
		return;
	fd = open_rw(c, "f");
	DONE(c->ops->victim_open(c->fs, c->dir_fd, fd, l, &victim));
	for (uint64_t pos = 0; pos < FILE_LEN;) {
		ssize_t n = sys_copy_file_range(fd, pos, victim, pos, FILE_LEN - pos);

		CHECK(n > 0);
		pos += (uint64_t)n;
	}
	CHECK(has_pattern(victim, 1));
}
