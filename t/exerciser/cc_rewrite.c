/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several writers rewrite one file of fixed size; each owns every n-th chunk of it and verifies its
 * own blocks exactly. Readers verify all blocks within the window of versions. Meant to run while
 * the file's layout is changed from outside: a lost, old or foreign byte fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/cc_access.h"
#include "exerciser/cc_block.h"
#include "exerciser/cc_cmds.h"
#include "exerciser/cc_versions.h"

#define CHUNK (CC_ACCESS_MAX / CC_BLOCK) /* blocks */
#define READERS 2

struct worker {
	struct cc_run *run;
	struct cc_versions *versions;
	unsigned int idx;
	struct xrand rnd;
	struct cc_access access;
	enum cc_how how;
	unsigned long nr_writes, nr_reads;
	uint64_t worst_write_ns;
};

static enum cc_how how_of(const struct cc_opts *opts, unsigned int idx)
{
	static const enum cc_how mix[] = { CC_HOW_PWRITE, CC_HOW_MMAP, CC_HOW_DIRECT };

	return opts->how == CC_HOW_MIXED ? mix[idx % 3] : opts->how;
}

/* A piece of one chunk: 1 to CHUNK blocks. */
static void pick_blocks(struct worker *w, uint64_t chunk, uint64_t *ret_first, uint64_t *ret_nr)
{
	uint64_t begin = chunk * CHUNK, end = begin + CHUNK;

	if (end > w->versions->nr_blocks)
		end = w->versions->nr_blocks;
	*ret_first = xrand_between(&w->rnd, begin, end - 1);
	*ret_nr = xrand_chance(&w->rnd, 50) ? 1 : xrand_between(&w->rnd, 1, end - *ret_first);
}

static uint64_t nr_chunks(const struct worker *w)
{
	return (w->versions->nr_blocks + CHUNK - 1) / CHUNK;
}

static uint64_t own_chunk(struct worker *w)
{
	uint64_t writers = w->run->opts->threads;
	uint64_t own = (nr_chunks(w) - w->idx + writers - 1) / writers;

	return w->idx + writers * xrand_below(&w->rnd, own);
}

static int write_some(struct worker *w)
{
	uint64_t first, nr, begin_ns, took_ns;

	pick_blocks(w, own_chunk(w), &first, &nr);
	cc_versions_begin(w->versions, w->access.buf, first, nr);
	begin_ns = cc_run_now_ns();
	if (cc_access_write(&w->access, w->run, w->how, first * CC_BLOCK, nr * CC_BLOCK))
		return -1;
	took_ns = cc_run_now_ns() - begin_ns;
	cc_versions_publish(w->versions, first, nr);
	w->nr_writes++;
	if (took_ns > w->worst_write_ns)
		w->worst_write_ns = took_ns;
	return 0;
}

/* In its own chunk nobody else writes: the window is one version, so the check is exact. */
static int verify_some(struct worker *w, uint64_t chunk)
{
	uint32_t oldest[CHUNK];
	uint64_t first, nr;
	const char *how;

	pick_blocks(w, chunk, &first, &nr);
	cc_versions_snapshot(w->versions, first, nr, oldest);
	w->nr_reads++;
	if (cc_access_read(&w->access, w->run, &w->rnd, first * CC_BLOCK, nr * CC_BLOCK, &how))
		return -1;
	return cc_versions_check(w->versions, w->run, w->access.buf, first, nr, oldest, how);
}

static void *writer(void *cookie)
{
	struct worker *w = cookie;
	int rc = 0;

	while (rc == 0 && !atomic_load(&w->run->stop)) {
		rc = write_some(w);
		if (rc == 0 && xrand_chance(&w->rnd, 40))
			rc = verify_some(w, own_chunk(w));
		if (rc == 0 && xrand_below(&w->rnd, 1000) == 0 && fdatasync(w->access.fd) < 0)
			rc = cc_run_fail_errno(w->run, "fdatasync");
	}
	return NULL;
}

static void *reader(void *cookie)
{
	struct worker *w = cookie;

	while (!atomic_load(&w->run->stop)) {
		if (verify_some(w, xrand_below(&w->rnd, nr_chunks(w))))
			break;
	}
	return NULL;
}

/* ---- set-up and end ---- */

/* Uses the size the file has, or the option's when it is empty, and writes all of it once. */
static int prepare(struct cc_run *run, struct cc_versions *v)
{
	int fd = open(run->opts->file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct stat st;
	uint64_t nr;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cc_run_fail_errno(run, run->opts->file);
	nr = (uint64_t)st.st_size / CC_BLOCK;
	if (nr == 0)
		nr = run->opts->size / CC_BLOCK;
	if (nr < (uint64_t)run->opts->threads * CHUNK)
		rc = cc_run_fail(run, "the file is too small for %u writers", run->opts->threads);
	else if (cc_versions_init(v, 1, nr) < 0)
		rc = cc_run_fail(run, "out of memory");
	else
		rc = cc_versions_fill_file(v, run, fd);
	if (rc == 0 && ftruncate(fd, (off_t)(nr * CC_BLOCK)) < 0)
		rc = cc_run_fail_errno(run, "ftruncate");
	close(fd);
	return rc;
}

/* Cached, direct, and after the cache was dropped. */
static int verify_all(struct cc_run *run, struct cc_versions *v)
{
	static const int flags[] = { 0, O_DIRECT };
	int rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		int fd = open(run->opts->file, O_RDONLY | O_CLOEXEC | flags[i]);

		if (fd < 0 && flags[i] != 0)
			break;
		if (fd < 0)
			return cc_run_fail_errno(run, run->opts->file);
		rc = cc_versions_check_file(v, run, fd, "at the end");
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		if (rc == 0)
			rc = cc_versions_check_file(v, run, fd, "at the end, uncached");
		close(fd);
	}
	return rc;
}

static void run_workers(struct cc_run *run, struct cc_versions *v, struct worker *workers,
			unsigned int nr)
{
	pthread_t threads[nr];
	unsigned int started = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct worker *w = &workers[i];

		*w = (struct worker){ .run = run, .versions = v, .idx = i };
		w->how = how_of(run->opts, i);
		xrand_init(&w->rnd, run->opts->seed + i);
		if (cc_access_open(&w->access, run, run->opts->file, v->nr_blocks * CC_BLOCK, true))
			break;
		if (cc_run_thread(run, &threads[i], i < run->opts->threads ? writer : reader, w))
			break;
		started++;
	}
	cc_run_wait(run);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < started; i++)
		cc_access_close(&workers[i].access);
}

int cc_rewrite(struct cc_run *run)
{
	unsigned int nr = run->opts->threads + READERS;
	struct worker *workers = calloc(nr, sizeof(*workers));
	unsigned long nr_writes = 0, nr_reads = 0;
	struct cc_versions versions = { 0 };
	uint64_t worst_ns = 0;

	if (!workers)
		return cc_run_fail(run, "out of memory"), 1;
	if (prepare(run, &versions) == 0) {
		run_workers(run, &versions, workers, nr);
		if (!atomic_load(&run->failed))
			verify_all(run, &versions);
	}
	for (unsigned int i = 0; i < nr; i++) {
		nr_writes += workers[i].nr_writes;
		nr_reads += workers[i].nr_reads;
		if (workers[i].worst_write_ns > worst_ns)
			worst_ns = workers[i].worst_write_ns;
	}
	cc_versions_release(&versions);
	free(workers);
	return cc_run_verdict(run, "%lu writes, %lu reads, worst write %.1f ms", nr_writes,
			      nr_reads, (double)worst_ns / 1e6);
}
