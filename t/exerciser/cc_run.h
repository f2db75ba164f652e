/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the subcommands of concur share: options, the stop flag, the verdict, small functions.
 * Every function may be called from any thread unless it says otherwise.
 */
#ifndef EXERCISER_CC_RUN_H
#define EXERCISER_CC_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CC_PATH_MAX 4200

enum cc_how {
	CC_HOW_PWRITE,
	CC_HOW_MMAP,
	CC_HOW_DIRECT,
	CC_HOW_MIXED,
};

struct cc_opts {
	const char *dir;
	const char *file;
	const char *until; /* stop when this path exists */
	unsigned int seconds;
	unsigned int threads;
	uint64_t size;     /* bytes, a multiple of CC_BLOCK */
	unsigned int unit; /* versions may not be mixed in less than so many bytes */
	enum cc_how how;
	uint64_t seed;
};

struct cc_run {
	const struct cc_opts *opts;
	const char *name;
	atomic_bool stop;
	atomic_bool failed;
	atomic_ulong nr_torn[3]; /* blocks mixed at 512, 8 and 1 bytes */
};

/* Reports the first failure, and stops the run. Returns -1. */
int cc_run_fail(struct cc_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cc_run_fail_errno(struct cc_run *run, const char *call);

/* Waits for the time or the path of the options, or for a failure; then sets stop. Main thread. */
void cc_run_wait(struct cc_run *run);

/* Prints the verdict, with a line of numbers. Returns the exit status, 0 or 1. */
int cc_run_verdict(struct cc_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* cc_block_check, counts torn blocks, and fails the run. */
int cc_run_check_block(struct cc_run *run, const void *buf, unsigned int file, uint64_t blk_idx,
		       uint32_t gen_lo, uint32_t gen_hi, const char *who);

/* DIR/NAME into ret_path, CC_PATH_MAX bytes. */
void cc_run_path(const struct cc_run *run, const char *name, char *ret_path);

/* Starts a thread; main() reports and exits 1 when it can't. */
int cc_run_thread(struct cc_run *run, pthread_t *ret_thread, void *(*body)(void *), void *cookie);

/* A page-aligned buffer, or NULL after failing the run. The caller frees it. */
void *cc_run_buffer(struct cc_run *run, size_t len);

uint64_t cc_run_now_ns(void);

#endif
