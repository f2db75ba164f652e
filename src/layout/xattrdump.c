/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/xattrdump.h"

#include "base/cursor.h"
#include "base/error.h"
#include "layout/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A line, or a part of one, of the dump; not NUL-ended. */
struct span {
	const char *text;
	size_t len;
};

static const char *const names[] = { "lustre.lov", "trusted.lov", "user.lov" };

struct xattrdump xattrdump_of(const void *buf, size_t len_bytes)
{
	return (struct xattrdump){ .buf = buf, .len_bytes = len_bytes };
}

void xattrdump_value_release(struct xattrdump_value *value)
{
	free(value->bytes);
	value->bytes = NULL;
	value->len_bytes = 0;
}

static bool starts_with(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.text, prefix, len) == 0;
}

static struct span skip(struct span s, size_t n)
{
	return (struct span){ s.text + n, s.len - n };
}

/* The next line without its end; false where there is none. */
static bool next_line(struct xattrdump *d, struct span *ret)
{
	const char *start = d->buf + d->pos, *newline;
	size_t left = d->len_bytes - d->pos, len;

	if (!left)
		return false;
	newline = memchr(start, '\n', left);
	len = newline ? (size_t)(newline - start) : left;
	d->pos += newline ? len + 1 : len;
	d->line++;
	if (len && start[len - 1] == '\r')
		len--;
	*ret = (struct span){ start, len };
	return true;
}

/* Whether the whole buffer is the bytes of a layout: its magic is no text. */
static bool is_raw(const struct xattrdump *d)
{
	struct reader r = reader_of(d->buf, d->len_bytes);

	switch (le32_get(&r)) {
	case LAYOUT_MAGIC_V1:
	case LAYOUT_MAGIC_V3:
	case LAYOUT_MAGIC_SPECIFIC:
	case LAYOUT_MAGIC_COMPOSITE:
	case LAYOUT_MAGIC_FOREIGN:
	case LAYOUT_MAGIC_SEL:
		return true;
	default:
		return false;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The decoders write at most as many bytes as there are characters, and return how many; -1 when it
 * isn't what it should be. */
static ptrdiff_t decode_hex(struct span s, uint8_t *to)
{
	if (s.len % 2)
		return -1;
	for (size_t i = 0; i < s.len; i += 2) {
		int high = hex_digit(s.text[i]), low = hex_digit(s.text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		to[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (ptrdiff_t)(s.len / 2);
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

static ptrdiff_t decode_base64(struct span s, uint8_t *to)
{
	uint32_t bits = 0;
	size_t out = 0, digits = s.len;

	while (digits && s.len - digits < 2 && s.text[digits - 1] == '=')
		digits--;
	if (s.len % 4)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int v = base64_digit(s.text[i]);

		if (v < 0)
			return -1;
		bits = (bits << 6 | (uint32_t)v) & 0xffffff;
		if (i % 4 > 0)
			to[out++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return (ptrdiff_t)out;
}

/* \ooo, \\ and \" stand for one byte each; *ret_used is how many characters they take. */
static int decode_escape(struct span s, size_t *ret_used)
{
	int v = 0;

	if (s.len >= 2 && (s.text[1] == '\\' || s.text[1] == '"')) {
		*ret_used = 2;
		return s.text[1];
	}
	if (s.len < 4)
		return -1;
	for (size_t i = 1; i < 4; i++) {
		if (s.text[i] < '0' || s.text[i] > '7')
			return -1;
		v = v * 8 + (s.text[i] - '0');
	}
	*ret_used = 4;
	return v <= 0xff ? v : -1;
}

static ptrdiff_t decode_escaped(struct span s, uint8_t *to)
{
	size_t out = 0, used;

	for (; s.len; s = skip(s, used)) {
		int byte = (uint8_t)s.text[0];

		used = 1;
		if (byte == '\\')
			byte = decode_escape(s, &used);
		if (byte < 0)
			return -1;
		to[out++] = (uint8_t)byte;
	}
	return (ptrdiff_t)out;
}

static ptrdiff_t decode_value(struct span s, uint8_t *to)
{
	if (starts_with(s, "0x") || starts_with(s, "0X"))
		return decode_hex(skip(s, 2), to);
	if (starts_with(s, "0s") || starts_with(s, "0S"))
		return decode_base64(skip(s, 2), to);
	if (s.len >= 2 && s.text[0] == '"' && s.text[s.len - 1] == '"')
		return decode_escaped((struct span){ s.text + 1, s.len - 2 }, to);
	return -1;
}

static int take_value(struct xattrdump *d, struct span value, const char *name,
		      struct xattrdump_value *ret)
{
	uint8_t *bytes;
	ptrdiff_t len;

	if (value.len > 4 * (size_t)LAYOUT_BYTES_MAX + 2)
		return fail(-EINVAL, "line %" PRIu64 ": the value is too long for a layout",
			    d->line);
	bytes = malloc(value.len + 1);
	if (!bytes)
		return -ENOMEM;
	len = decode_value(value, bytes);
	if (len < 0) {
		free(bytes);
		return fail(-EINVAL,
			    "line %" PRIu64 ": the value is not 0x and hexadecimal digits, 0s and "
			    "base64, or quoted text",
			    d->line);
	}
	ret->bytes = bytes;
	ret->len_bytes = (size_t)len;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	memcpy(ret->path, d->path, sizeof(ret->path));
	return 1;
}

static int take_raw(struct xattrdump *d, struct xattrdump_value *ret)
{
	ret->bytes = malloc(d->len_bytes);
	if (!ret->bytes)
		return -ENOMEM;
	memcpy(ret->bytes, d->buf, d->len_bytes);
	ret->len_bytes = d->len_bytes;
	ret->name[0] = '\0';
	ret->path[0] = '\0';
	d->pos = d->len_bytes;
	d->line = 1;
	return 1;
}

static int take_path(struct xattrdump *d, struct span s)
{
	ptrdiff_t len;

	if (s.len >= sizeof(d->path))
		return fail(-EINVAL, "line %" PRIu64 ": the file name is too long", d->line);
	len = decode_escaped(s, (uint8_t *)d->path);
	if (len < 0)
		return fail(-EINVAL, "line %" PRIu64 ": the file name has a bad escape", d->line);
	d->path[len] = '\0';
	return 0;
}

/* One line: 1 when it gave a layout, 0 when it had none, or an error. */
static int take_line(struct xattrdump *d, struct span s, struct xattrdump_value *ret)
{
	if (starts_with(s, "# file: "))
		return take_path(d, skip(s, 8));
	if (s.len == 0 || s.text[0] == '#')
		return 0;
	if (starts_with(s, "0x") || starts_with(s, "0s"))
		return take_value(d, s, "", ret);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (starts_with(s, names[i]) && s.len > len && s.text[len] == '=')
			return take_value(d, skip(s, len + 1), names[i], ret);
	}
	/* Another attribute, with or without a value: names have a dot and no blanks. */
	s.len = MIN_OF(s.len, (size_t)256);
	for (size_t i = 0; i < s.len; i++) {
		if (s.text[i] == '.')
			return 0;
		if (s.text[i] <= ' ' || s.text[i] == '=')
			break;
	}
	return fail(-EINVAL,
		    "line %" PRIu64
		    ": neither an attribute as getfattr writes it nor the bytes of a layout",
		    d->line);
}

int xattrdump_next(struct xattrdump *dump, struct xattrdump_value *ret_value)
{
	bool first = dump->line == 0;
	struct span line;
	int got = 0;

	if (first && is_raw(dump))
		return take_raw(dump, ret_value);
	while (got == 0 && next_line(dump, &line))
		got = take_line(dump, line, ret_value);
	if (got < 0)
		dump->pos = dump->len_bytes;
	if (got == 0 && first)
		return fail(-ENODATA, "no lustre.lov, trusted.lov or user.lov attribute in it");
	return got;
}
