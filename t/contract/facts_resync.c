/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resyncs, of a file whose mirror 2 is stale. */
#include "facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEASE_BYTES 24

/* ---- beginning ---- */

/*
 * The kernel's struct of a resync: mode, flags, count, mirror id (16 bits), padding. Given so many
 * bytes, after which nothing can be read.
 */
static long begin_with(int fd, size_t bytes, uint32_t mirror_id)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint32_t lease[LEASE_BYTES / 4] = { 2, 1, 0, mirror_id };

	CHECK(p != MAP_FAILED && mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	memcpy(p + PAGE - bytes, lease, bytes);
	return ioctl(fd, LUSTRE_SET_LEASE, p + PAGE - bytes);
}

static void begin(int fd)
{
	CHECK(begin_with(fd, LEASE_BYTES, 0) == 0);
}

void fact_resync_bytes(void)
{
	int fd = fact_stale("m");

	fact_answer("20 bytes %s", fact_result(begin_with(fd, 20, 0)));
	fact_answer(", 24 bytes %s", fact_result(begin_with(fd, LEASE_BYTES, 0)));
}

void fact_resync_mirror(void)
{
	fact_answer("%s", fact_result(begin_with(fact_stale("m"), LEASE_BYTES, 99)));
}

/* ---- ending ---- */

static void answer_done(int fd, uint32_t count, uint32_t id)
{
	fact_answer("%s", fact_result(st_lease(fd, 4, 2, count, id, 0)));
	fact_answer(", %u stale", fact_stale_count(fd));
}

void fact_resync_wrong_id(void)
{
	int fd = fact_stale("m");

	begin(fd);
	answer_done(fd, 1, 0x630001);
}

void fact_resync_no_id(void)
{
	int fd = fact_stale("m");

	begin(fd);
	answer_done(fd, 0, 0);
}

void fact_resync_unwritten(void)
{
	int fd = fact_stale("m");
	uint32_t id = st_look(fd).ids[1];

	begin(fd);
	answer_done(fd, 1, id);
}

/* ---- others ---- */

/* Exits with 0: EBUSY, 1: it began, 2: another error. */
static void begin_second(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR);
	long r = begin_with(fd, LEASE_BYTES, 0);

	_exit(r == 0 ? 1 : errno == EBUSY ? 0 : 2);
}

void fact_resync_twice(void)
{
	static const char *const second[] = { "EBUSY", "0", "another error" };
	int fd = fact_stale("m"), status;
	uint32_t id = st_look(fd).ids[1];

	begin(fd);
	status = st_other(begin_second, "m");
	fact_answer("%s", status < 3 ? second[status] : "a signal");
	fact_answer(", the first holds %s", fact_result(st_lease_held(fd)));
	fact_answer(" and ends with ");
	answer_done(fd, 1, id);
}

static void answer_write(int fd)
{
	char *buf = st_buffer(PAGE);

	memset(buf, 'r', PAGE);
	fact_answer("holds %s", fact_result(st_lease_held(fd)));
	CHECK(st_bind(fd, 2) == 0);
	fact_answer(", writes %s", fact_result(pwrite(fd, buf, PAGE, 0)));
	free(buf);
}

void fact_resync_opened(void)
{
	int fd = fact_stale("m");

	begin(fd);
	CHECK(st_other(st_open_for_writing, "m") == 0);
	answer_write(fd);
}

void fact_resync_written(void)
{
	int fd = fact_stale("m");

	begin(fd);
	CHECK(st_other(st_write_byte, "m") == 0);
	answer_write(fd);
}
