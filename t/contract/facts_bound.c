/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors that are bound to a mirror. */
#include "facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLE 65536

void fact_bind_missing(void)
{
	int fd = fact_mirrored("m", -1);
	char *buf = st_buffer(PAGE);

	fact_answer("%s", fact_result(st_bind(fd, 70000)));
	fact_answer(", reading %s", pread(fd, buf, PAGE, 0) < 0 ? "fails" : "succeeds");
	free(buf);
}

/* A mirror with a hole in front, and shorter than the file: what is merged is believed. */
static int holed_victim(void)
{
	int victim = st_victim(O_NOCTTY | FASYNC);
	char *buf = st_buffer(PAGE);

	CHECK(st_set_composite(victim, 1) == 0);
	memset(buf, 'd', PAGE);
	CHECK(pwrite(victim, buf, PAGE, HOLE) == PAGE && fsync(victim) == 0);
	free(buf);
	return victim;
}

void fact_bind_sizes(void)
{
	int fd = fact_mirrored("m", holed_victim());
	char *buf = st_buffer(PAGE);
	off_t data, data2, end;
	struct stat st;

	CHECK(st_bind(fd, 1) == 0 && (data = lseek(fd, 0, SEEK_DATA)) >= 0);
	CHECK(st_bind(fd, 2) == 0 && fstat(fd, &st) == 0);
	end = lseek(fd, 0, SEEK_END);
	data2 = lseek(fd, 0, SEEK_DATA);
	CHECK(pread(fd, buf, PAGE, HOLE) == PAGE && buf[0] == 'd' && buf[PAGE - 1] == 'd');
	CHECK(st_bind(fd, 1) == 0 && pread(fd, buf, PAGE, HOLE) == PAGE && buf[0] != buf[1]);
	if (st.st_size == FACT_LEN && end == FACT_LEN)
		fact_answer("size and end of the file");
	else
		fact_answer("size %lld, end %lld", (long long)st.st_size, (long long)end);
	fact_answer(", data at %lld and %lld", (long long)data, (long long)data2);
	free(buf);
}

/* ---- a write ---- */

static long write_bound(void)
{
	int fd = fact_mirrored("m", -1);
	char *buf = st_buffer(PAGE);
	long n;

	memset(buf, 'b', PAGE);
	CHECK(st_bind(fd, 2) == 0);
	n = pwrite(fd, buf, PAGE, 0);
	CHECK(n < 0 || (fsync(fd) == 0 && st_bind(fd, 0) == 0));
	return n;
}

void fact_bind_write(void)
{
	fact_trap(write_bound);
	if (!fact_is_double())
		fact_answer(", %u stale", fact_stale_count(st_open("m", DIRECT_RDWR)));
}
