/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of `lov df`, byte for byte that of `lfs df` of Lustre 2.17: two blanks before the mount
 * point, one after it, and columns that are two narrower where a human size has a suffix. What lfs
 * doesn't know, the reason, stands behind that.
 */
#ifndef LOVFS_CLI_DF_TEXT_H
#define LOVFS_CLI_DF_TEXT_H

#include "base/strbuf.h"
#include "cli/df_sum.h"

#include <stdbool.h>
#include <stdint.h>

struct df_text {
	bool human;   /* -h */
	bool inodes;  /* -i */
	bool verbose; /* -v: states that are no trouble, and OSTs that were deactivated */
};

#define DF_AMOUNT_MAX 32

/* A number with its blanks: bytes as KiB, or human with one decimal above 1024; inodes as they
 * are. Returns buf. */
const char *df_text_amount(const struct df_text *how, uint64_t v, char buf[DF_AMOUNT_MAX]);

void df_text_head(struct strbuf *out, const struct df_text *how);

/* One target of file system `fsname`, mounted at `place`; nothing where lfs shows it with -v only. */
void df_text_target(struct strbuf *out, const struct df_text *how, const char *fsname,
		    const char *place, const struct fs_target *t);

/* The sum, with an empty line before and after it. */
void df_text_summary(struct strbuf *out, const struct df_text *how, const struct df_numbers *sum,
		     const char *place);

/* How the target is called: "MDT" or "OST", and its number. */
void df_text_kind(const struct fs_target *t, const char **ret_kind, uint32_t *ret_number);

#endif
