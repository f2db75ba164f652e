/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File identifiers. A FID names one file or object of a volume for ever; it is never reused.
 * Source: struct lu_fid of Lustre, written [0xSEQ:0xOID:0xVER].
 */
#ifndef LOVFS_BASE_FID_H
#define LOVFS_BASE_FID_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fid {
	uint64_t seq;
	uint32_t oid;
	uint32_t ver;
};

/* Longest text of a FID, with brackets and NUL. */
#define FID_TEXT_MAX 48

static inline bool fid_equal(struct fid a, struct fid b)
{
	return a.seq == b.seq && a.oid == b.oid && a.ver == b.ver;
}

static inline bool fid_is_zero(struct fid f)
{
	return f.seq == 0 && f.oid == 0 && f.ver == 0;
}

/* Negative, zero or positive as a sorts before, with or after b: the order in which two files are
 * locked. */
int fid_compare(struct fid a, struct fid b);

/* Writes "[0x200000401:0x5:0x0]" and returns buf. */
const char *fid_text(struct fid fid, char buf[FID_TEXT_MAX]);

/* Reads what fid_text() writes, with or without brackets. -EINVAL on anything else. */
int MUST_CHECK fid_parse(const char *text, struct fid *ret_fid);

#endif
