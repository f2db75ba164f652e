/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data: reading, writing, size, space, maps, locks. */
#include "posix.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static int make(const char *name)
{
	return (int)OK(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));
}

static off_t size_of(int fd)
{
	struct stat st;

	OK(fstat(fd, &st));
	return st.st_size;
}

static bool all_are(int fd, off_t from, off_t to, char want)
{
	char buf[65536];

	while (from < to) {
		ssize_t n =
			pread(fd, buf,
			      (size_t)(to - from) < sizeof(buf) ? (size_t)(to - from) : sizeof(buf),
			      from);

		if (n <= 0)
			return false;
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != want)
				return false;
		}
		from += n;
	}
	return true;
}

static void fill(int fd, off_t from, off_t to, char c)
{
	char buf[65536];

	memset(buf, c, sizeof(buf));
	while (from < to) {
		size_t n = (size_t)(to - from) < sizeof(buf) ? (size_t)(to - from) : sizeof(buf);

		CHECK(pwrite(fd, buf, n, from) == (ssize_t)n);
		from += (off_t)n;
	}
}

static void read_write(void)
{
	char buf[10];
	int fd = make("f");

	CHECK(pread(fd, buf, 10, 0) == 0);
	CHECK(write(fd, "0123456789", 10) == 10 && lseek(fd, 0, SEEK_CUR) == 10);
	CHECK(pread(fd, buf, 10, 5) == 5 && memcmp(buf, "56789", 5) == 0);
	CHECK(pread(fd, buf, 10, 10) == 0 && pread(fd, buf, 10, 1000000) == 0);
	CHECK(pwrite(fd, "x", 1, 3 * MIB) == 1 && size_of(fd) == 3 * MIB + 1);
	CHECK(all_are(fd, 10, 3 * MIB, 0));
	CHECK(write(fd, "", 0) == 0 && size_of(fd) == 3 * MIB + 1);
	OK(close(fd));
	fd = (int)OK(open("f", O_RDONLY));
	FAILS(EBADF, write(fd, "x", 1));
	OK(close(fd));
	fd = (int)OK(open("f", O_WRONLY));
	FAILS(EBADF, read(fd, buf, 1));
	OK(close(fd));
}

static void append(void)
{
	char buf[8];
	int a = (int)OK(open("f", O_RDWR | O_CREAT | O_APPEND, 0644)),
	    b = (int)OK(open("f", O_WRONLY | O_APPEND));

	for (int i = 0; i < 100; i++) {
		CHECK(write(a, "aaa", 3) == 3);
		CHECK(write(b, "bbbb", 4) == 4);
	}
	CHECK(size_of(a) == 700 && pread(a, buf, 7, 693) == 7 && memcmp(buf, "aaabbbb", 7) == 0);
	OK(close(a));
	OK(close(b));
}

static void vectors(void)
{
	char x[3], y[5];
	struct iovec out[] = { { (char *)"abc", 3 }, { (char *)"defgh", 5 } },
		     in[] = { { x, 3 }, { y, 5 } };
	int fd = make("f");

	CHECK(pwritev(fd, out, 2, 65533) == 8);
	CHECK(preadv(fd, in, 2, 65533) == 8 && memcmp(x, "abc", 3) == 0 &&
	      memcmp(y, "defgh", 5) == 0);
	OK(close(fd));
}

static void truncates(void)
{
	int fd = make("f");

	fill(fd, 0, 5 * MIB, 'x');
	OK(ftruncate(fd, 3 * MIB + 7));
	CHECK(size_of(fd) == 3 * MIB + 7 && all_are(fd, 0, 3 * MIB + 7, 'x'));
	OK(ftruncate(fd, 9 * MIB));
	CHECK(size_of(fd) == 9 * MIB && all_are(fd, 3 * MIB + 7, 9 * MIB, 0));
	OK(truncate("f", 1));
	CHECK(size_of(fd) == 1);
	OK(ftruncate(fd, 0));
	CHECK(size_of(fd) == 0);
	OK(ftruncate(fd, (off_t)1 << 40));
	CHECK(size_of(fd) == (off_t)1 << 40);
	CHECK(pwrite(fd, "e", 1, ((off_t)1 << 40) - 1) == 1);
	OK(ftruncate(fd, 100));
	CHECK(size_of(fd) == 100 && all_are(fd, 0, 100, 0));
	FAILS(EINVAL, ftruncate(fd, -1));
	OK(close(fd));
	fd = (int)OK(open("f", O_RDONLY));
	FAILS(EINVAL, ftruncate(fd, 0));
	OK(close(fd));
	FAILS(EISDIR, truncate(".", 0));
}

static void allocate(void)
{
	struct stat st;
	int fd = make("f");

	OK(fallocate(fd, 0, 0, 4 * MIB));
	CHECK(size_of(fd) == 4 * MIB && all_are(fd, 0, 4 * MIB, 0));
	OK(fstat(fd, &st));
	CHECK(st.st_blocks >= 4 * MIB / 512);
	OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * MIB, 2 * MIB));
	CHECK(size_of(fd) == 4 * MIB);
	fill(fd, 0, 4 * MIB, 'x');
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB - 100, MIB + 333));
	CHECK(size_of(fd) == 4 * MIB && all_are(fd, 0, MIB - 100, 'x'));
	CHECK(all_are(fd, MIB - 100, 2 * MIB + 233, 0) && all_are(fd, 2 * MIB + 233, 4 * MIB, 'x'));
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * MIB, 100 * MIB));
	CHECK(size_of(fd) == 4 * MIB && all_are(fd, 3 * MIB, 4 * MIB, 0));
	FAILS(EINVAL, fallocate(fd, 0, 0, 0));
	OK(close(fd));
}

/* Refused clearly on lovfs. */
static void collapse_and_insert(void)
{
	int fd = make("f");

	fill(fd, 0, MIB, 'x');
	if (getenv("POSIX_RAW"))
		return;
	FAILS(EOPNOTSUPP, fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 65536));
	FAILS(EOPNOTSUPP, fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 65536));
	CHECK(size_of(fd) == MIB && all_are(fd, 0, MIB, 'x'));
	OK(close(fd));
}

/* Not on tmpfs itself, but on lovfs over it. */
static void zero_range(void)
{
	int fd = make("f");

	fill(fd, 0, 3 * MIB, 'x');
	if (fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, MIB) && errno == EOPNOTSUPP &&
	    getenv("POSIX_RAW"))
		return;
	OK(fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, MIB));
	CHECK(all_are(fd, 0, 1000, 'x') && all_are(fd, 1000, MIB + 1000, 0) &&
	      all_are(fd, MIB + 1000, 3 * MIB, 'x'));
	OK(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 2 * MIB, 4 * MIB));
	CHECK(size_of(fd) == 3 * MIB && all_are(fd, 2 * MIB, 3 * MIB, 0));
	OK(fallocate(fd, FALLOC_FL_ZERO_RANGE, 2 * MIB, 4 * MIB));
	CHECK(size_of(fd) == 6 * MIB && all_are(fd, 2 * MIB, 6 * MIB, 0));
	OK(close(fd));
}

static void holes(void)
{
	int fd = make("f");

	OK(ftruncate(fd, 20 * MIB));
	CHECK(lseek(fd, 0, SEEK_HOLE) == 0);
	FAILS(ENXIO, lseek(fd, 0, SEEK_DATA));
	fill(fd, 8 * MIB, 9 * MIB, 'x');
	OK(fsync(fd));
	CHECK(lseek(fd, 0, SEEK_DATA) == 8 * MIB && lseek(fd, 8 * MIB, SEEK_HOLE) == 9 * MIB);
	CHECK(lseek(fd, 8 * MIB + 5, SEEK_DATA) == 8 * MIB + 5);
	FAILS(ENXIO, lseek(fd, 9 * MIB, SEEK_DATA));
	FAILS(ENXIO, lseek(fd, 20 * MIB, SEEK_HOLE));
	fill(fd, 19 * MIB, 20 * MIB, 'y');
	CHECK(lseek(fd, 19 * MIB, SEEK_HOLE) == 20 * MIB &&
	      lseek(fd, 9 * MIB, SEEK_DATA) == 19 * MIB);
	CHECK(lseek(fd, -1, SEEK_END) == 20 * MIB - 1);
	OK(close(fd));
}

static void shared_map(void)
{
	int fd = make("f");
	char buf[4], *p, *q;

	OK(ftruncate(fd, 3 * MIB));
	p = mmap(NULL, 3 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	memcpy(p + 2 * MIB - 2, "data", 4);
	CHECK(pread(fd, buf, 4, 2 * MIB - 2) == 4 && memcmp(buf, "data", 4) == 0);
	CHECK(pwrite(fd, "more", 4, 5000) == 4 && memcmp(p + 5000, "more", 4) == 0);
	OK(msync(p, 3 * MIB, MS_SYNC));
	q = mmap(NULL, 3 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(q != MAP_FAILED && memcmp(q + 2 * MIB - 2, "data", 4) == 0);
	memcpy(q, "none", 4);
	CHECK(pread(fd, buf, 4, 0) == 4 && memcmp(buf, "\0\0\0", 4) == 0);
	OK(close(fd));
	memcpy(p + 100, "late", 4); /* the map outlives the descriptor */
	OK(munmap(p, 3 * MIB));
	OK(munmap(q, 3 * MIB));
	fd = (int)OK(open("f", O_RDONLY));
	CHECK(pread(fd, buf, 4, 100) == 4 && memcmp(buf, "late", 4) == 0);
	OK(close(fd));
}

static void direct(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_DIRECT, 0644), plain;
	char *buf;

	if (fd < 0 && errno == EINVAL && getenv("POSIX_RAW"))
		return;
	CHECK(fd >= 0 && posix_memalign((void **)&buf, 4096, MIB) == 0);
	memset(buf, 'd', MIB);
	CHECK(pwrite(fd, buf, MIB, 0) == MIB && pwrite(fd, buf, MIB, 5 * MIB) == MIB);
	plain = (int)OK(open("f", O_RDWR));
	CHECK(all_are(plain, 0, MIB, 'd') && all_are(plain, MIB, 5 * MIB, 0) &&
	      all_are(plain, 5 * MIB, 6 * MIB, 'd'));
	fill(plain, 0, 4096, 'p');
	CHECK(pread(fd, buf, 8192, 0) == 8192 && buf[0] == 'p' && buf[4096] == 'd');
	CHECK(pread(fd, buf, MIB, 6 * MIB) == 0);
	free(buf);
	OK(close(fd));
	OK(close(plain));
}

static void syncing(void)
{
	int fd = (int)OK(open("f", O_RDWR | O_CREAT | O_SYNC, 0644)),
	    dir = (int)OK(open(".", O_RDONLY | O_DIRECTORY));

	CHECK(write(fd, "x", 1) == 1);
	OK(fsync(fd));
	OK(fdatasync(fd));
	OK(fsync(dir));
	OK(syncfs(fd));
	OK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	OK(close(fd));
	OK(close(dir));
}

/* The status of a child that tries to get a lock without waiting: 0 got it. */
static int child_locks(int how, const char *name)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
	int status;
	pid_t pid = (pid_t)OK(fork());

	if (pid == 0) {
		int fd = open(name, O_RDWR);

		_exit(how == 0 ? flock(fd, LOCK_EX | LOCK_NB) != 0 : fcntl(fd, F_SETLK, &fl) != 0);
	}
	OK(waitpid(pid, &status, 0));
	return WEXITSTATUS(status);
}

static void locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 15 };
	int fd = make("f");

	OK(flock(fd, LOCK_EX));
	CHECK(child_locks(0, "f") == 1);
	OK(flock(fd, LOCK_UN));
	CHECK(child_locks(0, "f") == 0);
	OK(fcntl(fd, F_SETLK, &fl));
	CHECK(child_locks(1, "f") == 1);
	fl.l_len = 5;
	fl.l_type = F_UNLCK;
	fl.l_start = 10;
	OK(fcntl(fd, F_SETLK, &fl));
	CHECK(child_locks(1, "f") == 0);
	OK(close(fd));
}

static void copy_ranges(void)
{
	loff_t in = 100, out = 0;
	int a = make("a"), b = make("b");

	fill(a, 0, 2 * MIB, 'x');
	CHECK(copy_file_range(a, &in, b, &out, 1000, 0) == 1000 && in == 1100 && out == 1000 &&
	      size_of(b) == 1000);
	in = 2 * MIB;
	CHECK(copy_file_range(a, &in, b, &out, 1000, 0) == 0 && size_of(b) == 1000);
	in = 0, out = 4096;
	FAILS(EINVAL, copy_file_range(a, &in, a, &out, 8192, 0));
	FAILS(EINVAL, copy_file_range(a, &in, b, &out, 8192, 1));
	OK(close(b));
	b = (int)OK(open("b", O_RDONLY));
	FAILS(EBADF, copy_file_range(a, &in, b, &out, 10, 0));
	OK(close(b));
	b = (int)OK(open("b", O_WRONLY | O_APPEND));
	FAILS(EBADF, copy_file_range(a, &in, b, &out, 10, 0));
	OK(close(b));
	b = (int)OK(open(".", O_RDONLY));
	FAILS(EISDIR, copy_file_range(b, &in, a, &out, 10, 0));
	OK(close(b));
	OK(close(a));
}

const struct posix_case data_cases[] = {
	{ "read_write", read_write },   { "append", append },
	{ "vectors", vectors },         { "truncates", truncates },
	{ "allocate", allocate },       { "collapse_and_insert", collapse_and_insert },
	{ "zero_range", zero_range },   { "holes", holes },
	{ "shared_map", shared_map },   { "direct", direct },
	{ "syncing", syncing },         { "locks", locks },
	{ "copy_ranges", copy_ranges }, { NULL, NULL },
};
