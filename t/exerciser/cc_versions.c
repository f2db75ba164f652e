/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/cc_versions.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "exerciser/cc_block.h"

#define RUN_BLOCKS 256u /* blocks in one transfer over the whole file */

int cc_versions_init(struct cc_versions *v, unsigned int file, uint64_t nr_blocks)
{
	v->file = file;
	v->nr_blocks = nr_blocks;
	v->announced = calloc(nr_blocks, sizeof(*v->announced));
	v->published = calloc(nr_blocks, sizeof(*v->published));
	if (v->announced && v->published)
		return 0;
	cc_versions_release(v);
	return -ENOMEM;
}

void cc_versions_release(struct cc_versions *v)
{
	free(v->announced);
	free(v->published);
	v->announced = NULL;
	v->published = NULL;
}

void cc_versions_begin(struct cc_versions *v, void *buf, uint64_t first, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint32_t gen = atomic_load(&v->published[first + i]) + 1;

		atomic_store(&v->announced[first + i], gen);
		cc_block_fill((char *)buf + i * CC_BLOCK, v->file, first + i, gen);
	}
}

void cc_versions_publish(struct cc_versions *v, uint64_t first, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		atomic_store(&v->published[first + i], atomic_load(&v->announced[first + i]));
}

static uint64_t run_len(const struct cc_versions *v, uint64_t first)
{
	return v->nr_blocks - first < RUN_BLOCKS ? v->nr_blocks - first : RUN_BLOCKS;
}

int cc_versions_fill_file(struct cc_versions *v, struct cc_run *run, int fd)
{
	void *buf = cc_run_buffer(run, (size_t)RUN_BLOCKS * CC_BLOCK);
	int rc = buf ? 0 : -1;

	for (uint64_t at = 0; rc == 0 && at < v->nr_blocks; at += RUN_BLOCKS) {
		size_t len = run_len(v, at) * CC_BLOCK;

		cc_versions_begin(v, buf, at, run_len(v, at));
		if (pwrite(fd, buf, len, (off_t)(at * CC_BLOCK)) != (ssize_t)len)
			rc = cc_run_fail_errno(run, "pwrite");
		else
			cc_versions_publish(v, at, run_len(v, at));
	}
	free(buf);
	return rc;
}

void cc_versions_snapshot(struct cc_versions *v, uint64_t first, uint64_t nr, uint32_t *ret_oldest)
{
	for (uint64_t i = 0; i < nr; i++)
		ret_oldest[i] = atomic_load(&v->published[first + i]);
}

int cc_versions_check(struct cc_versions *v, struct cc_run *run, const void *buf, uint64_t first,
		      uint64_t nr, const uint32_t *oldest, const char *who)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint32_t newest = atomic_load(&v->announced[first + i]);

		if (cc_run_check_block(run, (const char *)buf + i * CC_BLOCK, v->file, first + i,
				       oldest[i], newest, who))
			return -1;
	}
	return 0;
}

int cc_versions_check_file(struct cc_versions *v, struct cc_run *run, int fd, const char *who)
{
	void *buf = cc_run_buffer(run, (size_t)RUN_BLOCKS * CC_BLOCK);
	uint32_t oldest[RUN_BLOCKS];
	int rc = buf ? 0 : -1;

	for (uint64_t at = 0; rc == 0 && at < v->nr_blocks; at += RUN_BLOCKS) {
		uint64_t nr = run_len(v, at);
		size_t len = nr * CC_BLOCK;
		ssize_t n = pread(fd, buf, len, (off_t)(at * CC_BLOCK));

		if (n < 0) {
			rc = cc_run_fail_errno(run, "pread");
		} else if ((size_t)n != len) {
			rc = cc_run_fail(run, "%s: %zd of %zu bytes at %#llx", who, n, len,
					 (unsigned long long)at * CC_BLOCK);
		} else {
			cc_versions_snapshot(v, at, nr, oldest);
			rc = cc_versions_check(v, run, buf, at, nr, oldest, who);
		}
	}
	free(buf);
	return rc;
}
