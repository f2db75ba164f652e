/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * page_race WAY FILE SECONDS READERS [SOURCE]: one thread changes FILE in one way again and again
 * while READERS threads read it through the page cache and let go of its pages, so that there are
 * reads under way at any moment. Once a change has been acknowledged, a read through the page cache
 * and one past it must both show it. Every second reader reads by a mapping.
 *
 *   aio        direct writes, all blocks of the file under way at once (io_submit)
 *   direct     direct writes, one after the other
 *   locked     the same, waited for under a group lock that holds back somebody's writes of parts
 *              of pages; not compared
 *   toggled    asynchronous writes through a descriptor to which O_DIRECT came by fcntl(2)
 *   write      writes through the page cache
 *   copy       copy_file_range(2) from SOURCE, which is written before each round
 *   swap       a file without a name, with other data, is swapped with FILE by the mount's ioctl;
 *              seen within a second
 *   held       the same under a group lock, which holds back a write through the page cache; what
 *              that wrote is seen within a second
 *   punch, zero, truncate, open    holes, zeros, cut off and extended, O_TRUNC; and filled again by
 *                                  direct writes
 *
 * Prints "rounds N stale M". Exit status: 0 as it must be, 1 a read showed what was there before, 2
 * it couldn't be tried.
 */
#include "lovfs_ioctl.h"
#include "racer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK ((size_t)65536)
#define BLOCKS 10
#define SIZE (BLOCK * BLOCKS)
#define READERS_MAX 64

static const char *file_path, *source_path;
static char *out[BLOCKS], *in; /* aligned */
static atomic_bool stop;
static aio_context_t aio;
static unsigned long stale;

/* ---- readers ---- */

static void read_mapped(int fd, unsigned int *seed)
{
	char *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		racer_die("mmap");
	/* The end of the file may be anywhere: this is an error past it, and no signal. */
	for (int i = 0; i < 16; i++)
		madvise(map + (size_t)rand_r(seed) % (SIZE / 4096) * 4096, 4096,
			MADV_POPULATE_READ);
	munmap(map, SIZE);
}

static void *reader(void *number)
{
	unsigned int seed = (unsigned int)(uintptr_t)number;
	char *buf = malloc(BLOCK);
	int fd = racer_open(file_path, O_RDONLY);

	while (!atomic_load(&stop)) {
		off_t at = (off_t)((size_t)rand_r(&seed) % (SIZE / 4096) * 4096);

		if ((uintptr_t)number % 2)
			read_mapped(fd, &seed);
		else if (pread(fd, buf, BLOCK, at) < 0)
			racer_die("read");
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	close(fd);
	free(buf);
	return NULL;
}

/* ---- what is seen ---- */

/* What changes by a swap is seen soon. */
static void wait_for(int fd, unsigned char value)
{
	for (int i = 0; i < 100; i++) {
		if (pread(fd, in, SIZE, 0) == (ssize_t)SIZE && in[0] == (char)value &&
		    memcmp(in, in + 1, SIZE - 1) == 0)
			return;
		usleep(10000);
	}
}

static void check(int fd, unsigned char value, const char *how)
{
	ssize_t n = pread(fd, in, SIZE, 0);

	if (n != (ssize_t)SIZE) {
		fprintf(stderr, "%s: a read of %zd bytes\n", how, n);
		stale++;
		return;
	}
	for (size_t at = 0; at < SIZE; at += 4096) {
		if (in[at] != (char)value || memcmp(in + at, in + at + 1, 4095) != 0) {
			fprintf(stderr, "%s: at %zu: %02x, not %02x\n", how, at,
				(unsigned char)in[at], value);
			stale++;
			return;
		}
	}
}

/* ---- changes ---- */

static void fill(unsigned char value)
{
	for (int i = 0; i < BLOCKS; i++)
		memset(out[i], value, BLOCK);
}

static void begin_async(int fd)
{
	static struct iocb cbs[BLOCKS], *list[BLOCKS];

	memset(cbs, 0, sizeof(cbs));
	for (int i = 0; i < BLOCKS; i++) {
		cbs[i].aio_lio_opcode = IOCB_CMD_PWRITE;
		cbs[i].aio_fildes = (uint32_t)fd;
		cbs[i].aio_buf = (uintptr_t)out[i];
		cbs[i].aio_nbytes = BLOCK;
		cbs[i].aio_offset = (int64_t)(BLOCK * (size_t)i);
		list[i] = &cbs[i];
	}
	if (syscall(SYS_io_submit, aio, BLOCKS, list) != BLOCKS)
		racer_die("io_submit");
}

static void end_async(void)
{
	struct io_event events[BLOCKS];

	if (syscall(SYS_io_getevents, aio, BLOCKS, BLOCKS, events, NULL) != BLOCKS)
		racer_die("io_getevents");
	for (int i = 0; i < BLOCKS; i++) {
		if (events[i].res != (int64_t)BLOCK)
			racer_die("asynchronous write");
	}
}

static void write_async(int fd)
{
	begin_async(fd);
	end_async();
}

static void write_blocks(int fd)
{
	for (int i = 0; i < BLOCKS; i++) {
		if (pwrite(fd, out[i], BLOCK, (off_t)(BLOCK * (size_t)i)) != (ssize_t)BLOCK)
			racer_die("write");
	}
}

static void copy_all(int source, int fd)
{
	off_t from = 0, to = 0;

	write_blocks(source);
	while ((size_t)to < SIZE) {
		if (copy_file_range(source, &from, fd, &to, SIZE - (size_t)to, 0) <= 0)
			racer_die("copy_file_range");
	}
}

/* A write of less than a page has that page locked in the kernel as long as it is held back. */
static void *write_a_little(void *cookie)
{
	int fd = racer_open(file_path, O_WRONLY);

	(void)cookie;
	for (unsigned int seed = 1; !atomic_load(&stop);) {
		if (pwrite(fd, "little", 6, (off_t)((size_t)rand_r(&seed) % SIZE / 2)) != 6)
			racer_die("write of a little");
	}
	close(fd);
	return NULL;
}

static void write_locked(int fd)
{
	struct lovfs_ioc_group_lock lock = { .gid = 1 };
	time_t began = time(NULL);

	/*
	 * In this order: a write that is held back keeps the lock in the kernel that a new one
	 * needs.
	 */
	begin_async(fd);
	if (ioctl(fd, LOVFS_IOC_GROUP_LOCK, &lock))
		racer_die("group lock");
	end_async();
	if (ioctl(fd, LOVFS_IOC_GROUP_UNLOCK, &lock))
		racer_die("group unlock");
	if (time(NULL) - began > 10) {
		fprintf(stderr, "a round took %ld seconds\n", (long)(time(NULL) - began));
		stale++;
	}
}

static struct lovfs_ioc_data_version version_of(int fd)
{
	struct lovfs_ioc_data_version v = { 0 };

	if (ioctl(fd, LOVFS_IOC_DATA_VERSION, &v))
		racer_die("data version");
	return v;
}

static void swap_in(int fd, unsigned char before, unsigned char value)
{
	struct lovfs_ioc_swap swap = { 0 };
	char *path;
	int victim;

	if (asprintf(&path, "%.*s/" LOVFS_VICTIM_PREFIX "race",
		     (int)(strrchr(file_path, '/') - file_path), file_path) < 0)
		racer_die("memory");
	victim = racer_open(path, O_RDWR | O_CREAT | O_EXCL);
	write_blocks(victim);
	if (ioctl(victim, LOVFS_IOC_FID, &swap.victim))
		racer_die("FID");
	check(victim, value, "before the swap");
	swap.file_version = version_of(fd).version;
	swap.victim_version = version_of(victim).version;
	if (ioctl(fd, LOVFS_IOC_SWAP, &swap) || swap.result) {
		errno = -swap.result;
		racer_die(swap.why);
	}
	wait_for(fd, value);
	wait_for(victim, before);
	check(victim, before, "through the victim's pages");
	close(victim);
	free(path);
}

static void *write_all(void *cookie)
{
	int fd = racer_open(file_path, O_WRONLY);

	if (pwrite(fd, cookie, SIZE, 0) != (ssize_t)SIZE)
		racer_die("write that is held back");
	close(fd);
	return NULL;
}

/* With the write held back the file is swapped, its pages are dropped, and are read again. */
static void swap_held(int fd, unsigned char before, unsigned char value)
{
	struct lovfs_ioc_group_lock lock = { .gid = 1 };
	char *late = malloc(SIZE);
	pthread_t writer;

	if (!late)
		racer_die("memory");
	memset(late, value, SIZE);
	if (ioctl(fd, LOVFS_IOC_GROUP_LOCK, &lock) ||
	    pthread_create(&writer, NULL, write_all, late))
		racer_die("group lock");
	usleep(100000);
	fill(before);
	swap_in(fd, before, before);
	if (ioctl(fd, LOVFS_IOC_GROUP_UNLOCK, &lock))
		racer_die("group unlock");
	pthread_join(writer, NULL);
	free(late);
	wait_for(fd, value);
}

static void make_zeros(const char *way, int fd)
{
	int err = 0;

	if (strcmp(way, "punch") == 0)
		err = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)SIZE);
	else if (strcmp(way, "zero") == 0)
		err = fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, (off_t)SIZE);
	else if (strcmp(way, "truncate") == 0)
		err = ftruncate(fd, 0) || ftruncate(fd, (off_t)SIZE);
	else {
		close(racer_open(file_path, O_WRONLY | O_TRUNC));
		err = ftruncate(fd, (off_t)SIZE);
	}
	if (err)
		racer_die(way);
}

static void round_of(const char *way, unsigned char value, const int fds[4])
{
	bool zeros = strcmp(way, "punch") == 0 || strcmp(way, "zero") == 0 ||
		     strcmp(way, "truncate") == 0 || strcmp(way, "open") == 0;

	fill(value);
	if (strcmp(way, "aio") == 0 || strcmp(way, "toggled") == 0) {
		write_async(fds[1]);
	} else if (strcmp(way, "locked") == 0) {
		write_locked(fds[1]);
		return;
	} else if (strcmp(way, "direct") == 0) {
		write_blocks(fds[1]);
	} else if (strcmp(way, "write") == 0) {
		write_blocks(fds[0]);
	} else if (strcmp(way, "held") == 0) {
		swap_held(fds[0], value == 1 ? 255 : value - 1, value);
	} else if (strcmp(way, "copy") == 0) {
		copy_all(fds[3], fds[0]);
	} else if (strcmp(way, "swap") == 0) {
		swap_in(fds[0], value == 1 ? 255 : value - 1, value);
	} else if (zeros) {
		write_blocks(fds[1]);
		make_zeros(way, fds[0]);
		value = 0;
	} else {
		errno = EINVAL;
		racer_die(way);
	}
	check(fds[0], value, "through the page cache");
	check(fds[2], value, "past the page cache");
}

static unsigned long run(const char *way, time_t seconds)
{
	bool toggled = strcmp(way, "toggled") == 0;
	int fds[4] = { racer_open(file_path, O_RDWR | O_CREAT),
		       racer_open(file_path, O_RDWR | (toggled ? 0 : O_DIRECT)),
		       racer_open(file_path, O_RDONLY | O_DIRECT), -1 };
	time_t end = time(NULL) + seconds;
	unsigned long rounds = 0;

	if (toggled && fcntl(fds[1], F_SETFL, O_DIRECT))
		racer_die("fcntl");
	if (source_path)
		fds[3] = racer_open(source_path, O_RDWR | O_CREAT);
	for (; time(NULL) < end && stale < 20; rounds++)
		round_of(way, (unsigned char)(1 + rounds % 255), fds);
	for (int i = 0; i < 4; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return rounds;
}

int main(int argc, char **argv)
{
	pthread_t threads[READERS_MAX], writer;
	int count = argc > 4 ? atoi(argv[4]) : -1;
	unsigned long rounds;
	int fd;

	if (argc < 5 || argc > 6 || count < 0 || count > READERS_MAX) {
		fprintf(stderr, "usage: page_race WAY FILE SECONDS READERS [SOURCE]\n");
		return 2;
	}
	file_path = argv[2];
	source_path = argv[5];
	in = aligned_alloc(4096, SIZE);
	for (int i = 0; i < BLOCKS; i++)
		out[i] = aligned_alloc(4096, BLOCK);
	if (!in || !out[BLOCKS - 1] || syscall(SYS_io_setup, BLOCKS, &aio))
		racer_die("io_setup");
	fill(255);
	fd = racer_open(file_path, O_RDWR | O_CREAT);
	write_blocks(fd);
	close(fd);
	for (int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, reader, (void *)(uintptr_t)i))
			racer_die("pthread_create");
	}
	if (strcmp(argv[1], "locked") == 0 && pthread_create(&writer, NULL, write_a_little, NULL))
		racer_die("pthread_create");
	rounds = run(argv[1], atol(argv[3]));
	atomic_store(&stop, true);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	if (strcmp(argv[1], "locked") == 0)
		pthread_join(writer, NULL);
	printf("rounds %lu stale %lu\n", rounds, stale);
	return stale ? 1 : 0;
}
