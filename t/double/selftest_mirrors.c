/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases of files with mirrors, each of one component; and what must never be done. */
#include "selftest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LEN 300000

/* ---- merge FILE: a plain one; split FILE: of two mirrors ---- */

void case_merge(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), victim = st_composite_victim(LEN);
	int plain = st_victim(O_NOCTTY | FASYNC);
	uint64_t before, after;
	struct st_mirrors m;

	st_write_pattern(fd, LEN, 1);
	st_write_pattern(plain, LEN, 1);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	FAILS(st_lease(fd, 4, 4, 1, (uint32_t)plain, 0), EINVAL);
	CHECK(st_data_version(fd, 1, &before) == 0);
	FAILS(st_lease(fd, 4, 4, 1, (uint32_t)victim, 0), ENOLCK);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	FAILS(st_lease(fd, 4, 4, 2, (uint32_t)victim, 0), EINVAL);
	CHECK(st_other(st_open_for_writing, args[0]) == 0);
	FAILS(st_lease(fd, 4, 4, 1, (uint32_t)victim, 0), EBUSY);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	CHECK(st_lease(fd, 4, 4, 1, (uint32_t)victim, 0) > 0 && st_lease_held(fd) == 0);
	CHECK(st_data_version(fd, 1, &after) == 0 && after == before);
	m = st_look(fd);
	CHECK(m.count == 2 && st_stale_one(&m) == 2);
	for (unsigned int i = 0; i < 2; i++)
		CHECK(st_bind(fd, m.ids[i] >> 16) == 0 && st_has_pattern(fd, LEN, 1));
}

void case_split(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), to = st_victim(O_NOCTTY | FASYNC);
	struct st_mirrors m = st_look(fd);
	uint32_t id = m.ids[1] >> 16;

	FAILS(st_lease(fd, 4, 8, 2, (uint32_t)to, id), ENOLCK);
	CHECK(st_lease(fd, 2, 0, 0, 0, 0) == 0);
	FAILS(st_lease(fd, 4, 8, 1, (uint32_t)to, id), EINVAL);
	CHECK(st_lease(fd, 4, 8, 2, (uint32_t)to, id) > 0);
	CHECK(st_look(fd).count <= 1 && st_has_pattern(to, LEN, 1) && st_has_pattern(fd, LEN, 1));
}

/* ---- binding FILE: of two mirrors in sync ---- */

void case_binding(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), plain = st_open(args[0], O_RDONLY);
	char *buf = st_buffer(PAGE);

	FAILS(st_bind(plain, 1), EINVAL);
	CHECK(st_bind(fd, 99) == 0);
	FAILS(pread(fd, buf, PAGE, 0), EINVAL);
	CHECK(st_bind(fd, 1) == 0 && pread(fd, buf, PAGE, 0) == PAGE);
	CHECK(st_bind(fd, 0) == 0 && pread(fd, buf, PAGE, 0) == PAGE);
	free(buf);
}

/* ---- resync FILE, resync-lost FILE: of two mirrors in sync ---- */

static void copy_mirror(int fd, uint32_t from, uint32_t to)
{
	char *buf = st_buffer(LEN + PAGE);
	struct stat st;
	ssize_t n;

	CHECK(st_bind(fd, from) == 0);
	n = pread(fd, buf, (LEN + PAGE) / PAGE * PAGE, 0);
	CHECK(n == LEN && st_bind(fd, to) == 0);
	n = (n + PAGE - 1) / PAGE * PAGE;
	CHECK(pwrite(fd, buf, (size_t)n, 0) == n);
	CHECK(fstat(fd, &st) == 0 && st.st_size == LEN); /* of the file, not of the mirror */
	CHECK(ftruncate(fd, LEN) == 0 && fsync(fd) == 0 && fstat(fd, &st) == 0 &&
	      st.st_size == LEN);
	CHECK(st_bind(fd, 0) == 0);
	free(buf);
}

static void check_alike(int fd)
{
	struct st_mirrors m = st_look(fd);
	char *a = st_buffer(LEN + PAGE), *b = st_buffer(LEN + PAGE);
	size_t room = (LEN + PAGE) / PAGE * PAGE;

	CHECK(m.count == 2 && st_stale_one(&m) == 2);
	CHECK(st_bind(fd, m.ids[0] >> 16) == 0 && pread(fd, a, room, 0) == LEN);
	CHECK(st_bind(fd, m.ids[1] >> 16) == 0 && pread(fd, b, room, 0) == LEN);
	CHECK(memcmp(a, b, LEN) == 0 && a[0] == 'x');
	free(a);
	free(b);
}

void case_resync(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), reader;
	struct st_mirrors m;
	unsigned int stale;

	CHECK(st_lease(fd, 2, 1, 0, 0, 0) == 0); /* nothing to do */
	CHECK(st_lease(fd, 4, 2, 0, 0, 0) == 2);
	CHECK(st_other(st_write_byte, args[0]) == 0);
	m = st_look(fd);
	stale = st_stale_one(&m);
	CHECK(m.count == 2 && stale < 2 && m.state == 2);
	CHECK(st_lease(fd, 2, 1, 0, 0, 0) == 0 && st_lease_held(fd) == 2 && st_look(fd).state == 3);
	reader = st_open(args[0], O_RDONLY | O_DIRECT);
	CHECK(st_bind(reader, m.ids[!stale] >> 16) == 0 && st_lease_held(fd) == 2);
	copy_mirror(fd, m.ids[!stale] >> 16, m.ids[stale] >> 16);
	/* With what isn't stale, or isn't there, nothing is marked. */
	FAILS(st_lease(fd, 4, 2, 2, m.ids[stale], m.ids[!stale]), EINVAL);
	CHECK(st_lease_held(fd) == 0);
	CHECK(st_lease(fd, 2, 1, 0, 0, 0) == 0);
	FAILS(st_lease(fd, 4, 2, 2, m.ids[stale], 0x630001), EINVAL);
	m = st_look(fd);
	CHECK(st_stale_one(&m) == stale);
	CHECK(st_lease(fd, 2, 1, 0, 0, 0) == 0);
	copy_mirror(fd, m.ids[!stale] >> 16, m.ids[stale] >> 16);
	CHECK(st_lease(fd, 4, 2, 1, m.ids[stale], 0) == 2 && st_look(fd).state == 1);
	check_alike(fd);
}

void case_resync_lost(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR), writer = st_open(args[0], O_WRONLY);
	char *buf = st_buffer(PAGE);
	struct st_mirrors m;
	unsigned int stale;

	memset(buf, 'y', PAGE);
	FAILS(st_lease(fd, 2, 1, 0, 0, 0), EBUSY);
	CHECK(pwrite(writer, "x", 1, 0) == 1 && close(writer) == 0);
	m = st_look(fd);
	stale = st_stale_one(&m);
	CHECK(stale < 2 && st_lease(fd, 2, 1, 0, 0, 0) == 0);
	CHECK(st_bind(fd, m.ids[stale] >> 16) == 0 && pwrite(fd, buf, PAGE, 0) == PAGE);
	CHECK(st_other(st_write_byte, args[0]) == 0 && st_lease_held(fd) == 0);
	FAILS(pwrite(fd, buf, PAGE, PAGE), ESTALE);
	FAILS(ftruncate(fd, LEN), ESTALE);
	CHECK(st_lease(fd, 4, 2, 1, m.ids[stale], 0) == 0);
	m = st_look(fd);
	CHECK(st_stale_one(&m) == stale);
	free(buf);
}

/* ---- resync-parts FILE: two mirrors of two components, with both of one mirror stale ---- */

static unsigned int stale_parts(int fd, uint32_t ids[2])
{
	struct st_mirrors m = st_look(fd);
	unsigned int count = 0;

	for (unsigned int i = 0; i < m.count; i++) {
		if (m.stale[i] && count < 2)
			ids[count++] = m.ids[i];
	}
	return count;
}

void case_resync_parts(char **args)
{
	int fd = st_open(args[0], DIRECT_RDWR);
	struct stat st;
	uint32_t ids[2];

	CHECK(stale_parts(fd, ids) == 2 && ids[0] >> 16 == ids[1] >> 16);
	CHECK(fstat(fd, &st) == 0);
	for (uint32_t named = 1; named <= 2; named++) {
		uint32_t left[2];

		CHECK(st_lease(fd, 2, 1, 0, 0, 0) == 0 && st_bind(fd, ids[0] >> 16) == 0);
		CHECK(ftruncate(fd, st.st_size) == 0 && st_bind(fd, 0) == 0);
		CHECK(st_lease(fd, 4, 2, named, ids[0], ids[1]) == 2);
		CHECK(stale_parts(fd, left) == (named == 1 ? 2 : 0));
	}
}

/* ---- forbidden PLAIN MIRRORED: what ends the process ---- */

static void flush_locked(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR), other = st_open(path, DIRECT_RDWR);
	uint64_t version;

	CHECK(st_group_lock(fd, 7) == 0);
	st_data_version(other, 1, &version);
}

static void write_without_lease(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR);
	char *buf = st_buffer(PAGE);

	CHECK(st_bind(fd, 1) == 0);
	(void)!pwrite(fd, buf, PAGE, 0);
}

static void write_with_plain_lease(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR);

	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0 && st_bind(fd, 1) == 0);
	(void)!ftruncate(fd, 0);
}

static void swap_mirrored(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR), victim = st_victim(O_NOCTTY | FASYNC);
	uint64_t version;

	st_write_pattern(victim, PAGE, 1);
	CHECK(st_data_version(fd, 0, &version) == 0);
	st_swap(fd, victim, 1, version);
}

static void end_with_wrong_size(const char *path)
{
	int fd;
	struct st_mirrors m;
	unsigned int stale;

	st_write_byte(path);
	fd = st_open(path, DIRECT_RDWR);
	m = st_look(fd);
	stale = st_stale_one(&m);
	CHECK(stale < 2 && st_lease(fd, 2, 1, 0, 0, 0) == 0);
	CHECK(st_bind(fd, m.ids[stale] >> 16) == 0 && ftruncate(fd, LEN + 1) == 0);
	st_lease(fd, 4, 2, 1, m.ids[stale], 0);
}

static void write_in_sync(const char *path)
{
	int fd = st_open(path, DIRECT_RDWR);
	struct st_mirrors m = st_look(fd);

	CHECK(st_stale_one(&m) < 2 && st_lease(fd, 2, 1, 0, 0, 0) == 0);
	CHECK(st_bind(fd, m.ids[!st_stale_one(&m)] >> 16) == 0);
	(void)!ftruncate(fd, 0);
}

void case_forbidden(char **args)
{
	CHECK(st_other(flush_locked, args[0]) == 128 + SIGABRT);
	CHECK(st_other(write_without_lease, args[1]) == 128 + SIGABRT);
	CHECK(st_other(write_with_plain_lease, args[1]) == 128 + SIGABRT);
	CHECK(st_other(swap_mirrored, args[1]) == 128 + SIGABRT);
	CHECK(st_other(end_with_wrong_size, args[1]) == 128 + SIGABRT);
	CHECK(st_other(write_in_sync, args[1]) == 128 + SIGABRT);
}
