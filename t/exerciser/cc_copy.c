/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writers keep writing a source file while copiers copy ranges of it with copy_file_range into
 * files of their own. Each copied byte must be of a version that was current during the copy. When
 * the writers have ended, a copy must be exact.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exerciser/cc_block.h"
#include "exerciser/cc_cmds.h"
#include "exerciser/cc_versions.h"
#include "exerciser/xrand.h"

#define COPIERS 2
#define WRITE_BLOCKS 16

struct copy_worker {
	struct cc_run *run;
	struct cc_versions *versions;
	unsigned int idx;
	int src_fd;
	int dst_fd; /* of copiers */
	struct xrand rnd;
	void *buf;        /* the whole file */
	uint32_t *oldest; /* per block of the file */
	unsigned long nr_done;
};

static void *write_loop(void *cookie)
{
	struct copy_worker *w = cookie;
	uint64_t chunks = w->versions->nr_blocks / WRITE_BLOCKS;
	uint64_t writers = w->run->opts->threads;

	while (!atomic_load(&w->run->stop)) {
		uint64_t own = (chunks - w->idx + writers - 1) / writers;
		uint64_t chunk = w->idx + writers * xrand_below(&w->rnd, own);
		uint64_t skip = xrand_below(&w->rnd, WRITE_BLOCKS);
		uint64_t first = chunk * WRITE_BLOCKS + skip;
		uint64_t nr = xrand_between(&w->rnd, 1, WRITE_BLOCKS - skip);
		size_t len = nr * CC_BLOCK;

		cc_versions_begin(w->versions, w->buf, first, nr);
		if (pwrite(w->src_fd, w->buf, len, (off_t)(first * CC_BLOCK)) != (ssize_t)len) {
			cc_run_fail_errno(w->run, "pwrite");
			break;
		}
		cc_versions_publish(w->versions, first, nr);
		w->nr_done++;
	}
	return NULL;
}

static int copy_all(struct copy_worker *w, off_t src_off, off_t dst_off, size_t len)
{
	while (len > 0) {
		ssize_t n = copy_file_range(w->src_fd, &src_off, w->dst_fd, &dst_off, len, 0);

		if (n < 0)
			return cc_run_fail_errno(w->run, "copy_file_range");
		if (n == 0 || (size_t)n > len)
			return cc_run_fail(w->run, "copy_file_range: %zd of %zu bytes", n, len);
		len -= (size_t)n;
	}
	return 0;
}

/* Copies blocks to where they are in the source, moved by shift bytes, and checks what arrived. */
static int copy_and_check(struct copy_worker *w, uint64_t first, uint64_t nr, uint64_t shift)
{
	off_t src_off = (off_t)(first * CC_BLOCK), dst_off = src_off + (off_t)shift;
	size_t len = nr * CC_BLOCK;
	ssize_t n;

	cc_versions_snapshot(w->versions, first, nr, w->oldest);
	if (copy_all(w, src_off, dst_off, len))
		return -1;
	w->nr_done++;
	n = pread(w->dst_fd, w->buf, len, dst_off);
	if (n != (ssize_t)len)
		return cc_run_fail(w->run, "pread of the copy: %zd of %zu bytes", n, len);
	return cc_versions_check(w->versions, w->run, w->buf, first, nr, w->oldest, "copy");
}

/* The whole file or a part; over old data or into an emptied file; aligned, or moved a little. */
static int copy_something(struct copy_worker *w)
{
	uint64_t blocks = w->versions->nr_blocks;
	uint64_t first = 0, nr = blocks, shift = 0;

	if (xrand_chance(&w->rnd, 70)) {
		first = xrand_below(&w->rnd, blocks);
		nr = xrand_between(&w->rnd, 1, blocks - first);
	}
	if (xrand_chance(&w->rnd, 20))
		shift = xrand_below(&w->rnd, 2) ? 3 * CC_BLOCK
						: xrand_between(&w->rnd, 1, CC_BLOCK);
	if (xrand_chance(&w->rnd, 50) && ftruncate(w->dst_fd, 0) < 0)
		return cc_run_fail_errno(w->run, "ftruncate");
	return copy_and_check(w, first, nr, shift);
}

static void *copy_loop(void *cookie)
{
	struct copy_worker *w = cookie;

	while (!atomic_load(&w->run->stop)) {
		if (copy_something(w))
			break;
	}
	return NULL;
}

/* ---- set-up and end ---- */

static int worker_open(struct copy_worker *w, const char *src, unsigned int copier_idx, bool copier)
{
	uint64_t nr = w->versions->nr_blocks;
	char name[32], path[CC_PATH_MAX];

	w->src_fd = open(src, O_RDWR | O_CLOEXEC);
	w->buf = cc_run_buffer(w->run, nr * CC_BLOCK);
	w->oldest = calloc(nr, sizeof(*w->oldest));
	if (w->src_fd < 0 || !w->buf || !w->oldest)
		return cc_run_fail_errno(w->run, src);
	if (!copier)
		return 0;
	snprintf(name, sizeof(name), "copy.dst%u", copier_idx);
	cc_run_path(w->run, name, path);
	w->dst_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	return w->dst_fd < 0 ? cc_run_fail_errno(w->run, path) : 0;
}

static void worker_close(struct copy_worker *w)
{
	if (w->src_fd >= 0)
		close(w->src_fd);
	if (w->dst_fd >= 0)
		close(w->dst_fd);
	free(w->buf);
	free(w->oldest);
}

static void run_all(struct cc_run *run, struct cc_versions *v, const char *src,
		    struct copy_worker *workers, unsigned int nr)
{
	unsigned int writers = run->opts->threads, opened = 0, started = 0;
	pthread_t threads[nr];

	for (; opened < nr; opened++) {
		struct copy_worker *w = &workers[opened];

		*w = (struct copy_worker){ .run = run, .versions = v, .idx = opened };
		w->src_fd = -1;
		w->dst_fd = -1;
		xrand_init(&w->rnd, run->opts->seed + opened);
		if (worker_open(w, src, opened - writers, opened >= writers))
			break;
		if (cc_run_thread(run, &threads[opened], opened < writers ? write_loop : copy_loop,
				  w))
			break;
		started++;
	}
	cc_run_wait(run);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = writers; i < started && !atomic_load(&run->failed); i++)
		copy_and_check(&workers[i], 0, v->nr_blocks, 0);
	for (unsigned int i = 0; i < nr && i <= opened; i++)
		worker_close(&workers[i]);
}

static int fill_source(struct cc_run *run, struct cc_versions *v, const char *src)
{
	int fd = open(src, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int rc;

	if (fd < 0)
		return cc_run_fail_errno(run, src);
	rc = cc_versions_fill_file(v, run, fd);
	close(fd);
	return rc;
}

int cc_copy_while_writing(struct cc_run *run)
{
	unsigned int nr = run->opts->threads + COPIERS;
	struct copy_worker *workers = calloc(nr, sizeof(*workers));
	unsigned long nr_writes = 0, nr_copies = 0;
	struct cc_versions versions = { 0 };
	char src[CC_PATH_MAX];

	cc_run_path(run, "copy.src", src);
	if (!workers || run->opts->size / CC_BLOCK < (uint64_t)run->opts->threads * WRITE_BLOCKS ||
	    cc_versions_init(&versions, 3, run->opts->size / CC_BLOCK) < 0)
		cc_run_fail(run, "size too small for the number of threads, or out of memory");
	else if (fill_source(run, &versions, src) == 0)
		run_all(run, &versions, src, workers, nr);
	for (unsigned int i = 0; workers && i < nr; i++)
		*(i < run->opts->threads ? &nr_writes : &nr_copies) += workers[i].nr_done;
	cc_versions_release(&versions);
	free(workers);
	return cc_run_verdict(run, "%lu writes, %lu copies", nr_writes, nr_copies);
}
