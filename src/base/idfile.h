/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers that are never given out twice, also not after a crash: object ids and file identifiers.
 *
 * A small text file holds an upper bound of all numbers given out so far. It is raised by
 * IDFILE_BATCH, durably, before any number of the batch is used; so a crash skips what was left of
 * a batch and repeats nothing.
 */
#ifndef LOVFS_BASE_IDFILE_H
#define LOVFS_BASE_IDFILE_H

#include "base/attr.h"

#include <pthread.h>
#include <stdint.h>

#define IDFILE_BATCH 4096

struct idfile {
	int dirfd;        /* borrowed: the directory of the file */
	const char *name; /* borrowed, constant */
	pthread_mutex_t lock;
	uint64_t next;  /* guarded by lock: next number to give out */
	uint64_t bound; /* guarded by lock: what the file says; next <= bound */
};

/* Makes the file with no number given out: the first will be 1. Fails with -EEXIST where there is
 * one. */
int MUST_CHECK idfile_create(int dirfd, const char *name);

/* Reads the file. -EUCLEAN when it holds no number: numbers must not be guessed. */
int MUST_CHECK idfile_init(struct idfile *ids, int dirfd, const char *name);
void idfile_release(struct idfile *ids);

/* The next number. Any thread. -EUCLEAN after 2^63 numbers, otherwise only errors of raising the
 * bound. */
int MUST_CHECK idfile_next(struct idfile *ids, uint64_t *ret_id);

#endif
