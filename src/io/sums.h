/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRC32C of what a copy read, taken while the bytes pass, so that what is on the destination can be
 * compared with it later. Source of the polynomial: RFC 3720, section 12.1; computed by ISA-L.
 */
#ifndef LOVFS_IO_SUMS_H
#define LOVFS_IO_SUMS_H

#include "base/attr.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Of `bytes`, going on from `crc` of those before; 0 to begin with. */
uint32_t sums_crc32c(uint32_t crc, const void *bytes, size_t len_bytes);

/* One part of the destination. */
struct sum {
	uint64_t offset; /* in the destination file */
	uint32_t len_bytes;
	uint32_t crc32c; /* of what was read for it */
};

struct sums {
	pthread_mutex_t lock;
	/* guarded by lock while the copy runs; its order is that in which parts passed */
	struct sum *list; /* owned */
	size_t count, room;
};

void sums_init(struct sums *s);
void sums_release(struct sums *s);

/* Any thread. -ENOMEM, with its text. */
int MUST_CHECK sums_add(struct sums *s, uint64_t offset, const void *bytes, uint32_t len_bytes);

/* Orders the list by offset, and takes out parts that overlap: some of their bytes passed twice. When the
 * copy is over. */
void sums_settle(struct sums *s);

#endif
