/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files for the cases, and what is in them. */
#include "contract.h"

#include "layout/mirror.h"
#include "layout/options.h"

#include <string.h>
#include <unistd.h>

#define PAGE 4096
#define ROOM ((FILE_LEN + 2 * PAGE) / PAGE * PAGE)

/* ---- layouts ---- */

struct layout *layout_of(const char *const *options)
{
	struct layout_options o;
	struct layout *l;

	layout_options_init(&o);
	for (; *options; options++) {
		const char *value = (*options)[1] ? *options + 1 : NULL;

		DONE(layout_options_add(&o, (enum layout_option)(*options)[0], value));
	}
	DONE(layout_options_finish(&o, &l));
	return l;
}

struct layout *layout_at(struct contract *c, const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	struct layout *l;

	CHECK(fd >= 0);
	DONE(c->ops->layout_get(c->fs, fd, &l));
	close(fd);
	return l;
}

unsigned int mirrors_at(struct contract *c, const char *path)
{
	CLEANUP_LAYOUT struct layout *l = layout_at(c, path);

	return l->mirror_count;
}

uint32_t stale_mirror_at(struct contract *c, const char *path)
{
	CLEANUP_LAYOUT struct layout *l = layout_at(c, path);
	uint32_t ids[LAYOUT_MIRRORS_MAX], found = 0;
	unsigned int count = mirror_ids(l, ids);

	for (unsigned int i = 0; i < count; i++) {
		if (!(mirror_flags(l, ids[i]) & COMP_STALE))
			continue;
		CHECK(!found);
		found = ids[i];
	}
	return found;
}

/* ---- bytes ---- */

static char *block_new(void)
{
	void *p = NULL;

	CHECK(posix_memalign(&p, PAGE, ROOM) == 0);
	memset(p, 0, ROOM);
	return p;
}

static void fill(char *buf, int seed)
{
	for (size_t i = 0; i < FILE_LEN; i++)
		buf[i] = (char)((i * 7 + i / PAGE) ^ (size_t)seed);
}

void write_pattern(int fd, int seed)
{
	CLEANUP_FREE char *buf = block_new();

	fill(buf, seed);
	CHECK(sys_pwrite_full(fd, buf, ROOM - PAGE, 0) == 0);
	CHECK(sys_ftruncate(fd, FILE_LEN) == 0);
}

/* Up to ROOM bytes. What ends within a page ends the file: direct I/O can't go on from there. */
static ssize_t read_all(int fd, char *buf)
{
	ssize_t len = 0, n;

	do {
		n = sys_pread(fd, buf + len, ROOM - (size_t)len, (uint64_t)len);
		CHECK(n >= 0);
		len += n;
	} while (n > 0 && len % PAGE == 0 && len < ROOM);
	return len;
}

static bool compare(int fd, int seed, const char *first)
{
	CLEANUP_FREE char *got = block_new(), *want = block_new();

	fill(want, seed);
	if (first)
		want[0] = *first;
	return read_all(fd, got) == FILE_LEN && memcmp(got, want, FILE_LEN) == 0;
}

bool has_pattern(int fd, int seed)
{
	return compare(fd, seed, NULL);
}

bool has_changed_pattern(int fd, int seed)
{
	return compare(fd, seed, "x");
}

bool file_has_pattern(const char *path, int seed)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);

	return fd >= 0 && has_pattern(fd, seed);
}

bool mirror_has_pattern(struct contract *c, const char *path, uint32_t id, int seed)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | c->fs->data_flags, 0);
	CLEANUP_FD int mirror = -1;

	CHECK(fd >= 0);
	DONE(c->ops->mirror_open(c->fs, fd, id, O_RDONLY, &mirror));
	return has_pattern(mirror, seed);
}

/* ---- files ---- */

int open_rw(struct contract *c, const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDWR | O_NOATIME | c->fs->data_flags, 0);

	CHECK(fd >= 0);
	return fd;
}

int open_held(struct contract *c, const char *path)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | c->fs->data_flags, 0), source;

	CHECK(fd >= 0);
	DONE(c->ops->open_source(c->fs, fd, &source));
	close(fd);
	return source;
}

void make_file(struct contract *c, const char *path, struct layout *l, int seed)
{
	CLEANUP_FD int fd = sys_openat(
		AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | c->fs->data_flags | c->fs->create_flags,
		0644);

	CHECK(fd >= 0);
	DONE(c->ops->layout_set(c->fs, fd, l));
	write_pattern(fd, seed);
	CHECK(sys_fsync(fd) == 0);
	layout_unref(l);
}

int make_victim(struct contract *c, int src_fd, struct layout *l, int seed)
{
	int fd;

	DONE(c->ops->victim_open(c->fs, c->dir_fd, src_fd, l, &fd));
	write_pattern(fd, seed);
	CHECK(sys_fsync(fd) == 0);
	layout_unref(l);
	return fd;
}

void make_mirrored(struct contract *c, const char *path, int seed)
{
	CLEANUP_FD int fd = -1, victim = -1;
	uint64_t victim_version;
	struct fs_merge req = { .victim_fds = &victim,
				.victim_versions = &victim_version,
				.victim_count = 1,
				.close_lease = true };

	make_file(c, path, LAYOUT("E-1", "c1"), seed);
	fd = open_rw(c, path);
	victim = make_victim(c, fd, LAYOUT("E-1", "c1"), seed);
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	req.file_version = version_of(c, fd, false);
	victim_version = version_of(c, victim, false);
	DONE(c->ops->merge(c->fs, fd, &req));
	CHECK(mirrors_at(c, path) == 2 && stale_mirror_at(c, path) == 0);
}

uint64_t version_of(struct contract *c, int fd, bool held)
{
	uint64_t version;

	DONE(c->ops->data_version(c->fs, fd, held, &version));
	return version;
}
