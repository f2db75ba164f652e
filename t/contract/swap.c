/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Swaps: a file of one stripe (pattern 1) with a victim of two (pattern 2). */
#include "cases.h"
#include "contract.h"

#include <string.h>
#include <unistd.h>

#define GID 9

struct before {
	struct stat st;
	struct fid fid;
	struct layout *l;
};

/* With times that nobody would have by chance. */
static void make(struct contract *c, const char *path)
{
	const struct timespec times[2] = { { 1000000000, 123456789 }, { 1000000120, 987654321 } };
	CLEANUP_FD int fd = -1;

	make_file(c, path, LAYOUT("c1"), 1);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	CHECK(fd >= 0 && sys_utimens_fd(fd, times) == 0);
}

static void look(struct contract *c, const char *path, struct before *ret)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);

	CHECK(fd >= 0 && sys_fstat(fd, &ret->st) == 0);
	DONE(c->ops->fid_get(c->fs, fd, &ret->fid));
	DONE(c->ops->layout_get(c->fs, fd, &ret->l));
}

static void check_unchanged(struct contract *c, const struct before *b, int victim)
{
	CLEANUP_LAYOUT struct layout *l = layout_at(c, "f"), *of_victim = NULL;

	CHECK(layout_equal(l, b->l));
	DONE(c->ops->layout_get(c->fs, victim, &of_victim));
	CHECK(of_victim->comps[0].stripe_count == 2 && has_pattern(victim, 2));
}

/* The victim has the file's times, which are no others by that. */
static uint64_t seal(struct contract *c, const struct before *b, int victim)
{
	const struct timespec times[2] = { b->st.st_atim, b->st.st_mtim };

	CHECK(sys_utimens_fd(victim, times) == 0);
	return version_of(c, victim, false);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Caches are right only where both have the same data, as a copy has. */
static bool has_stored(struct contract *c, int fd, int seed)
{
	DONE(c->ops->drop_cache(c->fs, fd));
	return has_pattern(fd, seed);
}

static void check_swapped(struct contract *c, const struct before *b, int victim)
{
	CLEANUP_FD int fd = open_rw(c, "f");
	struct before now;

	look(c, "f", &now);
	CHECK(now.l->comps[0].stripe_count == 2 && now.l->comps[0].object_count == 2);
	CHECK(now.st.st_ino == b->st.st_ino && now.st.st_nlink == 1);
	CHECK(now.st.st_mode == b->st.st_mode && now.st.st_size == FILE_LEN);
	CHECK(memcmp(&now.fid, &b->fid, sizeof(now.fid)) == 0);
	CHECK(same_time(now.st.st_mtim, b->st.st_mtim));
	CHECK(has_stored(c, fd, 2) && has_stored(c, victim, 1));
	layout_unref(now.l);
}

void case_swap(struct contract *c)
{
	struct fs_swap req = { 0 };
	struct before b;
	int fd, victim;

	contract_needs_osts(c, 2);
	make(c, "f");
	look(c, "f", &b);
	fd = open_held(c, "f");
	victim = make_victim(c, fd, LAYOUT("c2"), 2);
	DONE(c->ops->group_lock(c->fs, fd, GID));
	req.victim_version = seal(c, &b, victim);
	req.file_version = version_of(c, fd, true) + 1;
	WANT(c->ops->swap(c->fs, fd, victim, &req), -EAGAIN);
	check_unchanged(c, &b, victim);
	CHECK(has_pattern(fd, 1));
	req.victim_version = seal(c, &b, victim);
	req.file_version--;
	DONE(c->ops->swap(c->fs, fd, victim, &req));
	DONE(c->ops->group_unlock(c->fs, fd, GID));
	check_swapped(c, &b, victim);
	CHECK(has_pattern(fd, 2));
	close(victim);
	CHECK(has_pattern(fd, 2));
	close(fd);
	layout_unref(b.l);
}

/*
 * Seen, or not: Lustre compares what its servers have, and another may have the write in its cache
 * still (2.17: 0, swapped).
 */
void case_swap_written(struct contract *c)
{
	struct fs_swap req = { 0 };
	struct before b;
	int fd, victim, err = -EAGAIN;

	contract_needs_osts(c, 2);
	make(c, "f");
	look(c, "f", &b);
	fd = open_held(c, "f");
	victim = make_victim(c, fd, LAYOUT("c2"), 2);
	req.file_version = version_of(c, fd, false);
	req.victim_version = seal(c, &b, victim);
	other_do(&c->writer, WRITE, "f");
	if (!fs_can_follow(c->fs))
		err = EITHER(c->ops->swap(c->fs, fd, victim, &req), 0, -EAGAIN);
	else
		WANT(c->ops->swap(c->fs, fd, victim, &req), -EAGAIN);
	if (err) {
		check_unchanged(c, &b, victim);
		CHECK(has_changed_pattern(fd, 1));
	}
	/* Once it's at the servers it is seen. */
	other_do(&c->writer, WRITE, "f");
	other_do(&c->writer, SYNC, "f");
	WANT(c->ops->swap(c->fs, fd, victim, &req), -EAGAIN);
	close(fd);
	close(victim);
	layout_unref(b.l);
}

void case_swap_lease(struct contract *c)
{
	struct fs_swap req = { .close_lease = true };
	struct before b;
	int fd, victim;

	contract_needs_osts(c, 2);
	make(c, "f");
	look(c, "f", &b);
	fd = open_rw(c, "f");
	victim = make_victim(c, fd, LAYOUT("c2"), 2);
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	req.victim_version = seal(c, &b, victim);
	other_do(&c->writer, OPEN_TO_READ, "f");
	DONE(c->ops->swap(c->fs, fd, victim, &req));
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	check_swapped(c, &b, victim);
	close(fd);
	close(victim);
	layout_unref(b.l);
}

void case_swap_lease_lost(struct contract *c)
{
	struct fs_swap req = { .close_lease = true };
	struct before b;
	int fd, victim;

	contract_needs_osts(c, 2);
	make(c, "f");
	look(c, "f", &b);
	fd = open_rw(c, "f");
	victim = make_victim(c, fd, LAYOUT("c2"), 2);
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	req.victim_version = seal(c, &b, victim);
	other_do(&c->writer, OPEN_TO_WRITE, "f");
	WANT(c->ops->swap(c->fs, fd, victim, &req), -EBUSY);
	check_unchanged(c, &b, victim);
	CHECK(file_has_pattern("f", 1));
	close(fd);
	close(victim);
	layout_unref(b.l);
}
