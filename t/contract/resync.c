/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resync under a lease, of a file m with two mirrors, one of them stale (pattern 1, first byte changed); where files
 * are followed there is nothing to try. */
#include "cases.h"
#include "contract.h"

#include "layout/mirror.h"

#include <string.h>
#include <unistd.h>

#define PAGE 4096

static uint32_t make_stale(struct contract *c)
{
	uint32_t stale;

	make_mirrored(c, "m", 1);
	other_do(&c->writer, WRITE, "m");
	stale = stale_mirror_at(c, "m");
	CHECK(stale);
	return stale;
}

/* The file's first page. */
static char *first_page(int fd)
{
	void *page = NULL;

	CHECK(posix_memalign(&page, PAGE, PAGE) == 0);
	CHECK(sys_pread_full(fd, page, PAGE, 0) == PAGE);
	return page;
}

static int write_page(struct contract *c, int fd, uint32_t mirror_id, const char *page)
{
	ssize_t n;

	DONE(c->ops->mirror_bind(c->fs, fd, mirror_id));
	n = sys_pwrite(fd, page, PAGE, 0);
	if (n == PAGE)
		CHECK(sys_ftruncate(fd, FILE_LEN) == 0 && sys_fsync(fd) == 0);
	DONE(c->ops->mirror_bind(c->fs, fd, 0));
	return n == PAGE ? 0 : (int)n;
}

static int done(struct contract *c, int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = layout_at(c, "m");
	uint32_t ids[8];
	unsigned int count = mirror_stale_components(l, mirror_id, ids);

	CHECK(count);
	return c->ops->resync_done(c->fs, fd, ids, count);
}

static bool mirror_is_new(struct contract *c, uint32_t mirror_id)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, "m", O_RDONLY | c->fs->data_flags, 0);
	CLEANUP_FD int mirror = -1;

	CHECK(fd >= 0);
	DONE(c->ops->mirror_open(c->fs, fd, mirror_id, O_RDONLY, &mirror));
	return has_changed_pattern(mirror, 1);
}

void case_resync_refused(struct contract *c)
{
	CLEANUP_FD int fd = -1;
	uint32_t stale;

	if (!c->ops->resync_begin)
		return;
	stale = make_stale(c);
	fd = open_rw(c, "m");
	other_do(&c->writer, OPEN_TO_WRITE, "m");
	WANT(c->ops->resync_begin(c->fs, fd), -EBUSY);
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	CHECK(stale_mirror_at(c, "m") == stale);
}

void case_resync(struct contract *c)
{
	CLEANUP_FREE char *page = NULL;
	CLEANUP_FD int fd = -1, source = -1;
	uint32_t stale;

	if (!c->ops->resync_begin)
		return;
	stale = make_stale(c);
	fd = open_rw(c, "m");
	DONE(SOON(c->ops->resync_begin(c->fs, fd)));
	DONE(c->ops->lease_check(c->fs, fd));
	DONE(c->ops->mirror_open(c->fs, fd, 3 - stale, O_RDONLY, &source));
	page = first_page(source);
	CHECK(page[0] == 'x' && write_page(c, fd, stale, page) == 0);
	CHECK(has_changed_pattern(fd, 1) && stale_mirror_at(c, "m") == stale);
	other_do(&c->writer, OPEN_TO_READ, "m");
	DONE(c->ops->lease_check(c->fs, fd));
	DONE(done(c, fd, stale));
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	CHECK(stale_mirror_at(c, "m") == 0 && mirrors_at(c, "m") == 2);
	CHECK(mirror_is_new(c, 1) && mirror_is_new(c, 2));
}

void case_resync_lost(struct contract *c)
{
	CLEANUP_FREE char *page = NULL;
	CLEANUP_FD int fd = -1, source = -1;
	uint32_t stale;

	if (!c->ops->resync_begin)
		return;
	stale = make_stale(c);
	fd = open_rw(c, "m");
	DONE(SOON(c->ops->resync_begin(c->fs, fd)));
	DONE(c->ops->mirror_open(c->fs, fd, 3 - stale, O_RDONLY, &source));
	page = first_page(source);
	CHECK(write_page(c, fd, stale, page) == 0);
	other_do(&c->writer, OPEN_TO_WRITE, "m");
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	/* An open alone leaves the layout as it is (2.17: the bound write succeeds). */
	CHECK(write_page(c, fd, stale, page) == 0);
	other_do(&c->writer, WRITE, "m");
	CHECK(write_page(c, fd, stale, page) == -ESTALE);
	WANT(done(c, fd, stale), -EBUSY);
	CHECK(stale_mirror_at(c, "m") == stale && has_changed_pattern(fd, 1));
}

void case_resync_put(struct contract *c)
{
	CLEANUP_FREE char *page = NULL;
	int fd, source;
	uint32_t stale;

	if (!c->ops->resync_begin)
		return;
	stale = make_stale(c);
	fd = open_rw(c, "m");
	DONE(SOON(c->ops->resync_begin(c->fs, fd)));
	DONE(c->ops->mirror_open(c->fs, fd, 3 - stale, O_RDONLY, &source));
	page = first_page(source);
	CHECK(write_page(c, fd, stale, page) == 0);
	c->ops->lease_put(c->fs, fd);
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	CHECK(stale_mirror_at(c, "m") == stale);
	/* And by closing it. */
	DONE(SOON(c->ops->resync_begin(c->fs, fd)));
	CHECK(write_page(c, fd, stale, page) == 0);
	close(fd);
	CHECK(stale_mirror_at(c, "m") == stale && has_changed_pattern(source, 1));
	fd = open_rw(c, "m");
	DONE(SOON(c->ops->resync_begin(c->fs, fd)));
	close(fd);
	close(source);
}
