/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file must hold: a size and a byte array. Bytes from size to the capacity are always zero,
 * so growing the file needs no work.
 *
 * Every range must lie inside the capacity; the callers choose them so.
 */
#ifndef EXERCISER_EX_MODEL_H
#define EXERCISER_EX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ex_model {
	unsigned char *bytes;
	uint64_t size;
	uint64_t capacity;
};

/* 0 or -ENOMEM. */
int ex_model_init(struct ex_model *m, uint64_t capacity);
void ex_model_release(struct ex_model *m);

/* Sets the size; the part beyond a smaller size is forgotten. */
void ex_model_resize(struct ex_model *m, uint64_t size);

/* Grows the size to end if it is smaller. */
void ex_model_grow(struct ex_model *m, uint64_t end);

void ex_model_write(struct ex_model *m, uint64_t off, const void *buf, uint64_t len);

/* Zeroes [off, off + len); the size stays. */
void ex_model_zero(struct ex_model *m, uint64_t off, uint64_t len);

/* Copies between files or within one (ranges that don't overlap). */
void ex_model_copy(struct ex_model *dst, uint64_t dst_off, const struct ex_model *src,
		   uint64_t src_off, uint64_t len);

/* Cuts [off, off + len) out, or opens a zeroed gap there. */
void ex_model_collapse(struct ex_model *m, uint64_t off, uint64_t len);
void ex_model_insert(struct ex_model *m, uint64_t off, uint64_t len);

/* How many bytes a read of [off, off + len) must return. */
uint64_t ex_model_readable(const struct ex_model *m, uint64_t off, uint64_t len);

bool ex_model_is_zero(const struct ex_model *m, uint64_t off, uint64_t end);

#endif
