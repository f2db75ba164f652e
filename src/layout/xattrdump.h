/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layouts out of a file that somebody made with getfattr(1), on any machine: `lov getstripe
 * --xattr-file`.
 *
 * Understood are dumps of one or many files ("# file: NAME" lines, then NAME=VALUE lines) with
 * values as hexadecimal (0x...), base64 (0s...) or quoted text (\ooo, \\ and \" escapes); a lone
 * 0x... or 0s... value; and the raw bytes of one layout. Of a file's attributes only lustre.lov,
 * trusted.lov and user.lov are taken.
 */
#ifndef LOVFS_LAYOUT_XATTRDUMP_H
#define LOVFS_LAYOUT_XATTRDUMP_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

#define XATTRDUMP_NAME_MAX 16
#define XATTRDUMP_PATH_MAX 4096

/* A walk over a dump. Read only through xattrdump_next(). */
struct xattrdump {
	const char *buf; /* borrowed */
	size_t len_bytes, pos;
	uint64_t line;                 /* of pos, from 1, for messages */
	char path[XATTRDUMP_PATH_MAX]; /* of the last "# file:" line; empty = none yet */
};

/* One layout's bytes. */
struct xattrdump_value {
	char name[XATTRDUMP_NAME_MAX]; /* the attribute's; empty where the dump has none */
	char path[XATTRDUMP_PATH_MAX]; /* the file's; empty where the dump has none */
	uint8_t *bytes;                /* owned */
	size_t len_bytes;
};

/* The buffer must outlive the walk. */
struct xattrdump xattrdump_of(const void *buf, size_t len_bytes);

/*
 * The next layout: 1 and *ret_value to be released, or 0 at the end. -EINVAL for what isn't a dump
 * (text says the line), -ENODATA for a dump without any layout, -ENOMEM. After an error the walk is
 * over.
 */
int MUST_CHECK xattrdump_next(struct xattrdump *dump, struct xattrdump_value *ret_value);

/* Frees the bytes. A zeroed value is fine. */
void xattrdump_value_release(struct xattrdump_value *value);

#endif
