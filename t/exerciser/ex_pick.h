/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How offsets and lengths are chosen: mostly small transfers, often next to the places where file
 * systems go wrong (block and stripe boundaries, the end of the file), now and then a large one.
 */
#ifndef EXERCISER_EX_PICK_H
#define EXERCISER_EX_PICK_H

#include <stdint.h>

#include "exerciser/ex.h"

struct ex_range {
	uint64_t off;
	uint64_t len;
};

/* 1 .. EX_IO_MAX bytes, mostly few. */
uint64_t ex_pick_len(struct ex *x);

/* An offset in [0, limit]. */
uint64_t ex_pick_off(struct ex *x, uint64_t limit);

/* A range to write: not empty, may lie beyond the end of the file, inside the capacity. */
struct ex_range ex_pick_write(struct ex *x, const struct ex_file *f);

/* A range to read: not empty, may cross or lie beyond the end of the file; no bound but the file's.
 */
struct ex_range ex_pick_read(struct ex *x, const struct ex_file *f);

/* A part of what the file holds; len is 0 when it is empty. */
struct ex_range ex_pick_inside(struct ex *x, const struct ex_file *f);

/* Widens to EX_ALIGN at both ends, inside the capacity. */
struct ex_range ex_pick_aligned(const struct ex_file *f, struct ex_range r);

#endif
