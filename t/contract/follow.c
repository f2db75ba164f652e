/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Following, of a file m with two mirrors, one of them stale (pattern 1, first byte changed); where files can't be
 * followed there is nothing to try. */
#include "cases.h"
#include "contract.h"

#include <string.h>
#include <unistd.h>

#define MAX_BYTES (UINT64_C(1) << 30)

static uint32_t make_stale(struct contract *c)
{
	uint32_t stale;

	make_mirrored(c, "m", 1);
	other_do(&c->writer, WRITE, "m");
	stale = stale_mirror_at(c, "m");
	CHECK(stale);
	return stale;
}

static void copy_range(int from, int to, const struct fs_range *r)
{
	CLEANUP_FREE char *buf = malloc(r->end - r->start + 1);
	size_t len = r->end - r->start;

	CHECK(buf && sys_pread_full(from, buf, len, r->start) == (ssize_t)len);
	if (r->tail)
		CHECK(sys_ftruncate(to, r->start) == 0);
	CHECK(sys_pwrite_full(to, buf, len, r->start) == 0);
}

/* Returns how many ranges there were. */
static unsigned int copy_changes(struct contract *c, int fd, int to, uint32_t mirror_id)
{
	struct fs_changes changes;

	DONE(c->ops->follow_next(c->fs, fd, mirror_id, 0, MAX_BYTES, &changes));
	CHECK(changes.count <= FS_RANGES_MAX && changes.left_bytes == 0);
	CHECK(changes.size_bytes == FILE_LEN);
	for (unsigned int i = 0; i < changes.count; i++)
		copy_range(fd, to, &changes.ranges[i]);
	CHECK(sys_fsync(to) == 0);
	for (unsigned int i = 0; mirror_id && i < changes.count; i++)
		DONE(c->ops->follow_copied(c->fs, fd, mirror_id, &changes.ranges[i]));
	return changes.count;
}

static int begin(struct contract *c, int fd, const uint32_t *mirror_id)
{
	const struct fs_follow req = { .mirror_ids = mirror_id, .mirror_count = 1 };

	return c->ops->follow_begin(c->fs, fd, &req);
}

static void check_all_new(struct contract *c, int fd)
{
	for (uint32_t id = 0; id <= 2; id++) {
		CLEANUP_FD int mirror = -1;

		DONE(c->ops->mirror_open(c->fs, fd, id, O_RDONLY, &mirror));
		CHECK(has_changed_pattern(mirror, 1));
	}
}

void case_follow(struct contract *c)
{
	CLEANUP_FD int fd = -1, second = -1, to = -1;
	uint32_t stale;

	if (!fs_can_follow(c->fs))
		return;
	stale = make_stale(c);
	fd = open_held(c, "m");
	second = open_held(c, "m");
	DONE(begin(c, fd, &stale));
	WANT(begin(c, second, &stale), -EBUSY);
	DONE(c->ops->mirror_open(c->fs, fd, stale, O_RDWR, &to));
	CHECK(copy_changes(c, fd, to, stale) > 0 && stale_mirror_at(c, "m") == stale);
	CHECK(copy_changes(c, fd, to, stale) == 0);
	DONE(c->ops->mirrors_synced(c->fs, fd, &stale, 1));
	CHECK(stale_mirror_at(c, "m") == 0);
	c->ops->follow_end(c->fs, fd);
	check_all_new(c, fd);
}

/* Before the copy, or after it. */
void case_follow_written(struct contract *c)
{
	CLEANUP_FD int fd = -1, to = -1;
	uint32_t stale;

	if (!fs_can_follow(c->fs))
		return;
	stale = make_stale(c);
	fd = open_held(c, "m");
	DONE(begin(c, fd, &stale));
	DONE(c->ops->mirror_open(c->fs, fd, stale, O_RDWR, &to));
	WANT(c->ops->mirrors_synced(c->fs, fd, &stale, 1), -EAGAIN);
	copy_changes(c, fd, to, stale);
	other_do(&c->writer, WRITE, "m");
	WANT(c->ops->mirrors_synced(c->fs, fd, &stale, 1), -EAGAIN);
	CHECK(stale_mirror_at(c, "m") == stale);
	CHECK(copy_changes(c, fd, to, stale) > 0);
	DONE(c->ops->mirrors_synced(c->fs, fd, &stale, 1));
	CHECK(stale_mirror_at(c, "m") == 0);
	check_all_new(c, fd);
}

static void take(struct contract *c, int fd, uint32_t mirror_id, struct fs_changes *ret)
{
	memset(ret, 0, sizeof(*ret));
	DONE(c->ops->follow_next(c->fs, fd, mirror_id, 0, MAX_BYTES, ret));
}

/* What was taken and not copied is out of date again; also where the descriptor was closed. */
void case_follow_ended(struct contract *c)
{
	struct fs_changes first, again;
	uint32_t stale;
	int fd;

	if (!fs_can_follow(c->fs))
		return;
	stale = make_stale(c);
	fd = open_held(c, "m");
	DONE(begin(c, fd, &stale));
	take(c, fd, stale, &first);
	take(c, fd, stale, &again);
	CHECK(first.count > 0 && again.count == 0);
	c->ops->follow_end(c->fs, fd);
	DONE(begin(c, fd, &stale));
	take(c, fd, stale, &again);
	CHECK(again.count > 0 && again.ranges[0].start == first.ranges[0].start);
	close(fd);
	fd = open_held(c, "m");
	DONE(SOON(begin(c, fd, &stale)));
	take(c, fd, stale, &again);
	CHECK(again.count > 0 && stale_mirror_at(c, "m") == stale);
	close(fd);
}

/* Victims are brought up from nothing, and then by what others write. */
void case_follow_victims(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *l = LAYOUT("c2");
	CLEANUP_FD int fd = -1, victim = -1;
	struct fs_follow req = { .victim_fds = &victim, .victim_count = 1 };

	if (!fs_can_follow(c->fs))
		return;
	make_file(c, "m", LAYOUT("c1"), 1);
	fd = open_held(c, "m");
	DONE(c->ops->victim_open(c->fs, c->dir_fd, fd, l, &victim));
	DONE(c->ops->follow_begin(c->fs, fd, &req));
	CHECK(copy_changes(c, fd, victim, 0) > 0 && has_pattern(victim, 1));
	CHECK(copy_changes(c, fd, victim, 0) == 0);
	other_do(&c->writer, WRITE, "m");
	CHECK(copy_changes(c, fd, victim, 0) > 0 && has_changed_pattern(victim, 1));
	c->ops->follow_end(c->fs, fd);
}

/* What ends at or before `from` is left for later. */
void case_follow_from(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *l = LAYOUT("E-1", "c1");
	CLEANUP_FD int fd = -1, victim = -1;
	const struct fs_follow req = { .victim_fds = &victim, .victim_count = 1, .physical = true };
	struct fs_changes changes;

	if (!fs_can_follow(c->fs))
		return;
	make_file(c, "m", LAYOUT("c1"), 1);
	fd = open_held(c, "m");
	DONE(c->ops->victim_open(c->fs, c->dir_fd, fd, l, &victim));
	DONE(c->ops->follow_begin(c->fs, fd, &req));
	copy_changes(c, fd, victim, 0);
	other_do(&c->writer, WRITE, "m");
	DONE(c->ops->follow_next(c->fs, fd, 0, 128 << 10, MAX_BYTES, &changes));
	CHECK(changes.count == 0 && changes.left_bytes > 0);
	DONE(c->ops->follow_next(c->fs, fd, 0, 0, MAX_BYTES, &changes));
	CHECK(changes.count == 1 && changes.left_bytes == 0 && changes.ranges[0].start == 0);
	copy_range(fd, victim, &changes.ranges[0]);
	CHECK(has_changed_pattern(victim, 1));
	c->ops->follow_end(c->fs, fd);
}
