/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two files, and filecopy_run() between them. */
#ifndef LOVFS_UNIT_TEST_FILECOPY_FIXTURE_H
#define LOVFS_UNIT_TEST_FILECOPY_FIXTURE_H

#include "test_engine_fixture.h"

#include "copy/filecopy.h"

#define ISLAND_BYTES (300 * KIB + 7)
#define SPARSE_BYTES (9 * MIB + 100) /* enough to count as a large copy */

extern struct io_ladder ladder;

struct pair {
	int src, dst;
	struct filecopy c;
	struct filecopy_result r;
};

void pair_open(struct pair *p, const struct testfs *fs);

void pair_close(struct pair *p);

int run(struct pair *p, struct engine_hook *h);

bool same_files(const struct pair *p);

/* Data, a hole, data, a hole at the end. */
void make_sparse(int fd);

#endif
