/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/ex_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ex_model_init(struct ex_model *m, uint64_t capacity)
{
	m->bytes = calloc(1, capacity);
	if (!m->bytes)
		return -ENOMEM;
	m->size = 0;
	m->capacity = capacity;
	return 0;
}

void ex_model_release(struct ex_model *m)
{
	free(m->bytes);
	m->bytes = NULL;
}

void ex_model_resize(struct ex_model *m, uint64_t size)
{
	if (size < m->size)
		memset(m->bytes + size, 0, m->size - size);
	m->size = size;
}

void ex_model_grow(struct ex_model *m, uint64_t end)
{
	if (end > m->size)
		m->size = end;
}

void ex_model_write(struct ex_model *m, uint64_t off, const void *buf, uint64_t len)
{
	memcpy(m->bytes + off, buf, len);
	ex_model_grow(m, off + len);
}

void ex_model_zero(struct ex_model *m, uint64_t off, uint64_t len)
{
	memset(m->bytes + off, 0, len);
}

void ex_model_copy(struct ex_model *dst, uint64_t dst_off, const struct ex_model *src,
		   uint64_t src_off, uint64_t len)
{
	if (len > 0)
		ex_model_write(dst, dst_off, src->bytes + src_off, len);
}

void ex_model_collapse(struct ex_model *m, uint64_t off, uint64_t len)
{
	memmove(m->bytes + off, m->bytes + off + len, m->size - off - len);
	ex_model_resize(m, m->size - len);
}

void ex_model_insert(struct ex_model *m, uint64_t off, uint64_t len)
{
	memmove(m->bytes + off + len, m->bytes + off, m->size - off);
	memset(m->bytes + off, 0, len);
	m->size += len;
}

uint64_t ex_model_readable(const struct ex_model *m, uint64_t off, uint64_t len)
{
	if (off >= m->size)
		return 0;
	return len < m->size - off ? len : m->size - off;
}

bool ex_model_is_zero(const struct ex_model *m, uint64_t off, uint64_t end)
{
	if (off >= end)
		return true;
	return m->bytes[off] == 0 && memcmp(m->bytes + off, m->bytes + off + 1, end - off - 1) == 0;
}
