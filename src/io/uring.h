/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One io_uring with its buffers: reads and writes that are under way together. All that lovfs knows of
 * liburing is in ring.c. Used by one thread at a time.
 *
 * A slot is a buffer and at most one operation on it. Operations go through the seam of base/sys.h as
 * "uring_read" and "uring_write"; making a ring is "uring_setup".
 */
#ifndef LOVFS_IO_URING_H
#define LOVFS_IO_URING_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define URING_SLOTS_MAX 32
#define URING_BUFFER_ALIGN 4096

struct uring;

/* The two files of a copy. */
enum uring_file { URING_SRC, URING_DST, URING_FILES };

/* slots: 1 to URING_SLOTS_MAX; slot_bytes: a multiple of URING_BUFFER_ALIGN. -EPERM, -ENOSYS: io_uring is
 * not to be had here. Without text. */
int MUST_CHECK uring_new(unsigned int slots, size_t slot_bytes, struct uring **ret_ring);
/* No operation is under way. NULL is fine. */
void uring_free(struct uring *ring);

/*
 * What the next operations are on. Both descriptors are borrowed, until uring_close(). plain: buffers and
 * files are given with each operation and not by their registered numbers.
 */
void uring_open(struct uring *ring, const int fds[URING_FILES], bool plain);
void uring_close(struct uring *ring);

unsigned char *uring_buffer(struct uring *ring, unsigned int slot);

/* Prepares one operation of len_bytes from or to `skip` in the slot's buffer; uring_wait() submits it. */
void uring_read(struct uring *ring, unsigned int slot, size_t skip, size_t len_bytes,
		uint64_t offset);
void uring_write(struct uring *ring, unsigned int slot, size_t skip, size_t len_bytes,
		 uint64_t offset);

struct uring_done {
	unsigned int slot;
	int result; /* a count or a negative errno */
};

/* Submits what is prepared and waits until at least one operation is done; returns how many, at most
 * URING_SLOTS_MAX. At least one is under way. */
unsigned int uring_wait(struct uring *ring, struct uring_done ret_done[URING_SLOTS_MAX]);

#endif
