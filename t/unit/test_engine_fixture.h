/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of the copy engine: files on real file systems, and a hook with which a source is never
 * in the page cache, calls fail, and things happen in the middle of a copy.
 */
#ifndef LOVFS_UNIT_TEST_ENGINE_FIXTURE_H
#define LOVFS_UNIT_TEST_ENGINE_FIXTURE_H

#include "unit.h"

#include "fault.h"
#include "random.h"
#include "testfs.h"

#include "base/attr.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/io.h"
#include "io/ladder.h"

#include <errno.h>
#include <stdatomic.h>

#define ENGINE_BLOCK 4096u

extern struct testfs engine_fs[4];
extern size_t engine_fs_count;
extern char engine_plain[64];

/* All four of them, or what there is. */
void engine_setup(unsigned int size_mib);

void engine_teardown(void);

/*
 * Runs a group of tests on file systems of 400 MiB, with a ladder of their own. Returns how many
 * failed.
 */
int engine_run(const struct CMUnitTest *tests, size_t count, struct io_ladder *ladder);

/* NULL: not there. */
const struct testfs *engine_find(const char *name);

/* ---- files ---- */

int engine_file(const struct testfs *fs, const char *name);

/* Bytes that aren't zero and differ from those at other offsets and of other seeds. */
void engine_bytes(uint8_t *bytes, uint64_t offset, uint64_t len, uint64_t seed);

void engine_write(int fd, uint64_t offset, uint64_t len, uint64_t seed);

uint64_t engine_size(int fd);

/* Of its blocks, written out. */
uint64_t engine_allocated(int fd);

/* How many bytes from the front of two ranges are equal; zeros behind the files' ends. */
uint64_t engine_equal(int a_fd, uint64_t a_offset, int b_fd, uint64_t b_offset, uint64_t len);

/* ---- requests ---- */

struct io_request engine_request(const struct testfs *src_fs, int src, const struct testfs *dst_fs,
				 int dst);

/* A ladder on which the rungs above `top` are refused, and devices are known. */
void engine_ladder(struct io_ladder *ladder, const struct io_request *req, enum io_rung top);

uint64_t engine_moved(const struct io_moved *m);

/* Whether io_uring is to be had; where not, it says so. */
bool engine_has_uring(void);

/* ---- the hook ---- */

/*
 * From call number `at` on, `count` calls of one name come back with `result`: those named `only`,
 * or the first that is met. Any thread.
 */
struct engine_hook {
	bool cold;      /* nothing is found in the page cache */
	bool no_direct; /* files can't be opened once more, as for direct I/O */
	bool old_linux; /* before 6.1: no STATX_DIOALIGN; before 6.5: no cachestat */
	const char *only;
	unsigned int at, count;
	int result;
	bool first_short; /* the first call named `only` is short */
	/* called once, at the first call that is hit, before it is made */
	void (*when_hit)(void *arg);
	void *arg;

	atomic_uint seen, hits;
	pthread_mutex_t lock;
	char hit[32]; /* guarded by lock: name of the calls that are hit */
};

void engine_hook_set(struct engine_hook *h);

void engine_hook_end(struct engine_hook *h);

#endif
