/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mirrors as files; merges. */
#include "cases.h"
#include "contract.h"

#include <unistd.h>

void case_mirror_open(struct contract *c)
{
	CLEANUP_FD int fd = -1, mirror = -1, source = -1, plain = -1;
	static const char page[4096] __attribute__((aligned(4096)));

	make_mirrored(c, "m", 1);
	fd = open_rw(c, "m");
	source = open_held(c, "m");
	for (uint32_t id = 0; id <= 2; id++)
		CHECK(mirror_has_pattern(c, "m", id, 1));
	DONE(c->ops->mirror_open(c->fs, source, 2, O_RDONLY, &mirror));
	CHECK(has_pattern(mirror, 1) && sys_pwrite(mirror, page, sizeof(page), 0) == -EBADF);
	fd_cleanup(&mirror);
	/* For writing only mirrors that are followed are. */
	EITHER(c->ops->mirror_open(c->fs, source, 2, O_RDWR, &mirror), -EINVAL, -EROFS);
	WANT(c->ops->mirror_open(c->fs, fd, 7, O_RDONLY, &mirror), -ENOENT);
	make_file(c, "plain", LAYOUT("c1"), 1);
	plain = open_rw(c, "plain");
	WANT(c->ops->mirror_open(c->fs, plain, 1, O_RDONLY, &mirror), -ENOENT);
	mirror = -1;
	DONE(c->ops->mirror_open(c->fs, plain, 0, O_RDONLY, &mirror));
	CHECK(has_pattern(mirror, 1));
}

/* ---- merge ---- */

/* Where nobody needs a lease, also without. */
static void merge_one(struct contract *c, const char *path, int victim, bool leased)
{
	CLEANUP_FD int fd = leased ? open_rw(c, path) : open_held(c, path);
	uint64_t victim_version;
	struct fs_merge req = { .victim_fds = &victim,
				.victim_versions = &victim_version,
				.victim_count = 1,
				.close_lease = leased };

	if (leased)
		DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	victim_version = version_of(c, victim, false);
	DONE(c->ops->merge(c->fs, fd, &req));
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	CHECK(has_pattern(fd, 1));
}

static void check_mirrors(struct contract *c, const char *path, unsigned int count)
{
	CHECK(mirrors_at(c, path) == count && stale_mirror_at(c, path) == 0);
	for (uint32_t id = 1; id <= count; id++)
		CHECK(mirror_has_pattern(c, path, id, 1));
	CHECK(file_has_pattern(path, 1));
}

static int victim_for(struct contract *c, const char *path)
{
	CLEANUP_FD int fd = open_rw(c, path);

	return make_victim(c, fd, LAYOUT("E1M", "c2", "E-1", "c1"), 1);
}

static void add_mirror(struct contract *c, const char *path, bool leased)
{
	CLEANUP_FD int victim = victim_for(c, path);

	merge_one(c, path, victim, leased);
}

/* Of files with a plain layout too, and one after the other. */
void case_merge(struct contract *c)
{
	make_file(c, "f", LAYOUT("c2"), 1);
	add_mirror(c, "f", true);
	check_mirrors(c, "f", 2);
	add_mirror(c, "f", !fs_can_follow(c->fs));
	check_mirrors(c, "f", 3);
}

/* As many as it takes at once, but three. */
void case_merge_many(struct contract *c)
{
	unsigned int count = MIN_OF(c->fs->merge_max, 3u);
	uint64_t versions[3];
	int victims[3];
	struct fs_merge req = { .victim_fds = victims,
				.victim_versions = versions,
				.victim_count = count,
				.close_lease = true };
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("E-1", "c1"), 1);
	for (unsigned int i = 0; i < count; i++)
		victims[i] = victim_for(c, "f");
	fd = open_rw(c, "f");
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	for (unsigned int i = 0; i < count; i++)
		versions[i] = version_of(c, victims[i], false);
	DONE(c->ops->merge(c->fs, fd, &req));
	for (unsigned int i = 0; i < count; i++)
		close(victims[i]);
	check_mirrors(c, "f", count + 1);
}

void case_merge_named(struct contract *c)
{
	CLEANUP_FD int other = -1;
	struct stat st;

	make_file(c, "f", LAYOUT("c1"), 1);
	make_file(c, "other", LAYOUT("E-1", "c1"), 1);
	other = open_rw(c, "other");
	merge_one(c, "f", other, true);
	check_mirrors(c, "f", 2);
	CHECK(sys_fstatat(AT_FDCWD, "other", &st, 0) == 0 && st.st_size == 0);
}

static void check_not_merged(struct contract *c, const char *path, int victim)
{
	CHECK(mirrors_at(c, path) == 1 && has_pattern(victim, 1));
}

/* Without a lease it is the version that tells. */
void case_merge_written(struct contract *c)
{
	uint64_t victim_version;
	int fd, victim;
	struct fs_merge req = { .victim_fds = &victim,
				.victim_versions = &victim_version,
				.victim_count = 1,
				.close_lease = !fs_can_follow(c->fs) };

	make_file(c, "f", LAYOUT("E-1", "c1"), 1);
	victim = victim_for(c, "f");
	fd = req.close_lease ? open_rw(c, "f") : open_held(c, "f");
	if (req.close_lease)
		DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	victim_version = version_of(c, victim, false);
	other_do(&c->writer, WRITE, "f");
	WANT(c->ops->merge(c->fs, fd, &req), req.close_lease ? -EBUSY : -EAGAIN);
	check_not_merged(c, "f", victim);
	CHECK(has_changed_pattern(fd, 1));
	close(fd);
	close(victim);
}

/* Also where nothing was written. */
void case_merge_lease_lost(struct contract *c)
{
	uint64_t victim_version;
	int fd, victim;
	struct fs_merge req = { .victim_fds = &victim,
				.victim_versions = &victim_version,
				.victim_count = 1,
				.close_lease = true };

	make_file(c, "f", LAYOUT("E-1", "c1"), 1);
	victim = victim_for(c, "f");
	fd = open_rw(c, "f");
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	victim_version = version_of(c, victim, false);
	other_do(&c->writer, OPEN_TO_WRITE, "f");
	WANT(c->ops->merge(c->fs, fd, &req), -EBUSY);
	check_not_merged(c, "f", victim);
	CHECK(file_has_pattern("f", 1));
	close(fd);
	close(victim);
}
