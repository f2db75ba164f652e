/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/cc_run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exerciser/cc_block.h"

#define WIND_DOWN_S 180 /* threads that don't end in this time hang */

int cc_run_fail(struct cc_run *run, const char *fmt, ...)
{
	va_list ap;

	if (!atomic_exchange(&run->failed, true)) {
		flockfile(stderr);
		fprintf(stderr, "concur %s: FAILED: ", run->name);
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
		fprintf(stderr, "\n");
		funlockfile(stderr);
	}
	atomic_store(&run->stop, true);
	return -1;
}

int cc_run_fail_errno(struct cc_run *run, const char *call)
{
	return cc_run_fail(run, "%s: %s", call, strerror(errno));
}

void cc_run_wait(struct cc_run *run)
{
	const struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };
	uint64_t end = cc_run_now_ns() + run->opts->seconds * 1000000000ull;

	while (!atomic_load(&run->stop)) {
		if (run->opts->until ? access(run->opts->until, F_OK) == 0 : cc_run_now_ns() >= end)
			break;
		nanosleep(&nap, NULL);
	}
	atomic_store(&run->stop, true);
	alarm(WIND_DOWN_S);
}

int cc_run_verdict(struct cc_run *run, const char *fmt, ...)
{
	unsigned long torn[3];
	va_list ap;

	if (atomic_load(&run->failed))
		return 1;
	printf("concur %s: ok, ", run->name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	for (int i = 0; i < 3; i++)
		torn[i] = atomic_load(&run->nr_torn[i]);
	if (torn[0] + torn[1] + torn[2] > 0)
		printf("; blocks seen with two versions: %lu between sectors, %lu between words, "
		       "%lu inside a word",
		       torn[0], torn[1], torn[2]);
	printf("\n");
	return 0;
}

int cc_run_check_block(struct cc_run *run, const void *buf, unsigned int file, uint64_t blk_idx,
		       uint32_t gen_lo, uint32_t gen_hi, const char *who)
{
	char why[CC_WHY];
	unsigned int unit;

	if (cc_block_check(buf, file, blk_idx, gen_lo, gen_hi, &unit, why) < 0)
		return cc_run_fail(run, "%s: %s", who, why);
	if (unit < CC_BLOCK)
		atomic_fetch_add(&run->nr_torn[unit == 512 ? 0 : unit == 8 ? 1 : 2], 1);
	if (unit < run->opts->unit)
		return cc_run_fail(run, "%s: block %llu is torn, versions change after %u bytes",
				   who, (unsigned long long)blk_idx, unit);
	return 0;
}

void cc_run_path(const struct cc_run *run, const char *name, char *ret_path)
{
	snprintf(ret_path, CC_PATH_MAX, "%s/%s", run->opts->dir, name);
}

int cc_run_thread(struct cc_run *run, pthread_t *ret_thread, void *(*body)(void *), void *cookie)
{
	int rc = pthread_create(ret_thread, NULL, body, cookie);

	return rc == 0 ? 0 : cc_run_fail(run, "pthread_create: %s", strerror(rc));
}

void *cc_run_buffer(struct cc_run *run, size_t len)
{
	void *buf = aligned_alloc(CC_BLOCK, (len + CC_BLOCK - 1) / CC_BLOCK * CC_BLOCK);

	if (!buf)
		cc_run_fail(run, "out of memory");
	return buf;
}

uint64_t cc_run_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
