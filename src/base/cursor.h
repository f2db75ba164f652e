/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounded byte cursors for little-endian formats: the only way that bytes from disk, xattrs or
 * ioctls become numbers.
 *
 * A reader or writer that is asked for more than there is becomes bad and stays bad; reads then
 * give 0 and writes do nothing. So a parser reads a whole record and checks `bad` once. No pointer
 * into the buffer is ever cast to a struct.
 */
#ifndef LOVFS_BASE_CURSOR_H
#define LOVFS_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *buf; /* borrowed */
	size_t len;
	size_t pos; /* <= len */
	bool bad;   /* something was asked for that isn't there */
};

struct writer {
	uint8_t *buf; /* borrowed */
	size_t cap;
	size_t pos; /* <= cap */
	bool bad;   /* did not fit */
};

static inline struct reader reader_of(const void *buf, size_t len)
{
	return (struct reader){ .buf = buf, .len = len };
}

static inline struct writer writer_of(void *buf, size_t cap)
{
	return (struct writer){ .buf = buf, .cap = cap };
}

static inline size_t reader_left(const struct reader *r)
{
	return r->len - r->pos;
}

/* The next n bytes, or NULL (and bad) where there are fewer. */
static inline const uint8_t *reader_take(struct reader *r, size_t n)
{
	const uint8_t *p;

	if (r->bad || n > reader_left(r)) {
		r->bad = true;
		return NULL;
	}
	p = r->buf + r->pos;
	r->pos += n;
	return p;
}

/* A reader of the bytes [off, off + n) of the whole buffer; bad from the start if they aren't all
 * there. */
static inline struct reader reader_window(const struct reader *r, size_t off, size_t n)
{
	if (off > r->len || n > r->len - off)
		return (struct reader){ .buf = r->buf, .bad = true };
	return reader_of(r->buf + off, n);
}

static inline uint64_t le_get(struct reader *r, size_t bytes)
{
	const uint8_t *p = reader_take(r, bytes);
	uint64_t v = 0;

	for (size_t i = bytes; p && i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t le8_get(struct reader *r)
{
	return (uint8_t)le_get(r, 1);
}

static inline uint16_t le16_get(struct reader *r)
{
	return (uint16_t)le_get(r, 2);
}

static inline uint32_t le32_get(struct reader *r)
{
	return (uint32_t)le_get(r, 4);
}

static inline uint64_t le64_get(struct reader *r)
{
	return le_get(r, 8);
}

/* Copies n bytes out; zeroes dst where they aren't there. */
static inline void bytes_get(struct reader *r, void *dst, size_t n)
{
	const uint8_t *p = reader_take(r, n);

	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

static inline uint8_t *writer_take(struct writer *w, size_t n)
{
	uint8_t *p;

	if (w->bad || n > w->cap - w->pos) {
		w->bad = true;
		return NULL;
	}
	p = w->buf + w->pos;
	w->pos += n;
	return p;
}

static inline void le_put(struct writer *w, uint64_t v, size_t bytes)
{
	uint8_t *p = writer_take(w, bytes);

	for (size_t i = 0; p && i < bytes; i++, v >>= 8)
		p[i] = (uint8_t)(v & 0xff);
}

static inline void le8_put(struct writer *w, uint8_t v)
{
	le_put(w, v, 1);
}

static inline void le16_put(struct writer *w, uint16_t v)
{
	le_put(w, v, 2);
}

static inline void le32_put(struct writer *w, uint32_t v)
{
	le_put(w, v, 4);
}

static inline void le64_put(struct writer *w, uint64_t v)
{
	le_put(w, v, 8);
}

static inline void bytes_put(struct writer *w, const void *src, size_t n)
{
	uint8_t *p = writer_take(w, n);

	if (p && n)
		memcpy(p, src, n);
}

static inline void zeros_put(struct writer *w, size_t n)
{
	uint8_t *p = writer_take(w, n);

	if (p && n)
		memset(p, 0, n);
}

#endif
