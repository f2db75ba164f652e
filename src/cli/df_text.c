/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/df_text.h"

#include "base/units.h"
#include "cli/out.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static const char suffixes[] = "KMGTPE";

const char *df_text_amount(const struct df_text *how, uint64_t v, char buf[DF_AMOUNT_MAX])
{
	double cooked = (double)v;
	int unit = 0;

	if (!how->human && !how->inodes)
		v /= KIB;
	for (; how->human && cooked > 1024; unit++)
		cooked /= 1024;
	if (unit)
		snprintf(buf, DF_AMOUNT_MAX, "%8.1f%c", cooked, suffixes[unit - 1]);
	else
		snprintf(buf, DF_AMOUNT_MAX, "%11" PRIu64, v);
	return buf;
}

void df_text_head(struct strbuf *out, const struct df_text *how)
{
	const char *total = how->human ? "bytes" : "1K-blocks";

	if (how->inodes)
		strbuf_printf(out, "%-20s %11s %11s %11s %4s  Mounted on\n", "UUID", "Inodes",
			      "IUsed", "IFree", "IUse%");
	else
		strbuf_printf(out, "%-20s %11s %11s %11s %4s  Mounted on\n", "UUID", total, "Used",
			      "Available", "Use%");
}

static void print_columns(struct strbuf *out, const struct df_text *how, const char *name,
			  const struct df_numbers *n)
{
	char total[DF_AMOUNT_MAX], used[DF_AMOUNT_MAX], avail[DF_AMOUNT_MAX];

	strbuf_printf(out, "%-20s %s %s %s %3u%%  ", name, df_text_amount(how, n->total, total),
		      df_text_amount(how, n->used, used), df_text_amount(how, n->avail, avail),
		      df_percent(n));
}

void df_text_kind(const struct fs_target *t, const char **ret_kind, uint32_t *ret_number)
{
	*ret_kind = t->index == FS_TARGET_MDT ? "MDT" : "OST";
	*ret_number = t->index == FS_TARGET_MDT ? 0 : t->index;
}

/* Behind what lfs prints. */
static void print_why(struct strbuf *out, const struct fs_target *t)
{
	CLEANUP_STRBUF struct strbuf why = { 0 };

	if (t->why[0])
		strbuf_printf(out, " (%s)", out_text(&why, t->why));
}

static void print_inactive(struct strbuf *out, const struct df_text *how, const struct fs_target *t)
{
	const char *kind;
	char name[32];
	uint32_t number;

	if (t->deactivated && !how->verbose)
		return;
	df_text_kind(t, &kind, &number);
	snprintf(name, sizeof(name), "%s%04" PRIx32, kind, number);
	strbuf_printf(out, "%-20s: inactive device", name);
	print_why(out, t);
	strbuf_printf(out, "\n");
}

/* Small letters are no trouble; what has no letter is a number in parentheses. */
static void print_state(struct strbuf *out, const struct df_text *how, const struct fs_target *t)
{
	if (t->no_create)
		strbuf_printf(out, "%s", t->read_only ? "R" : "N");
	for (const char *c = t->state; *c; c++) {
		if (how->verbose || !islower((unsigned char)*c))
			strbuf_bytes(out, c, 1);
	}
	if (t->no_create)
		print_why(out, t);
}

void df_text_target(struct strbuf *out, const struct df_text *how, const char *fsname,
		    const char *place, const struct fs_target *t)
{
	struct df_numbers n = df_numbers_of(t, how->inodes);
	const char *kind;
	char name[64];
	uint32_t number;

	if (t->inactive) {
		print_inactive(out, how, t);
		return;
	}
	df_text_kind(t, &kind, &number);
	snprintf(name, sizeof(name), "%s-%s%04" PRIx32 "_UUID", fsname, kind, number);
	print_columns(out, how, name, &n);
	strbuf_printf(out, "%s[%s:%" PRIu32 "] ", place, kind, number);
	print_state(out, how, t);
	strbuf_printf(out, "\n");
}

void df_text_summary(struct strbuf *out, const struct df_text *how, const struct df_numbers *sum,
		     const char *place)
{
	strbuf_printf(out, "\n");
	print_columns(out, how, "filesystem_summary:", sum);
	strbuf_printf(out, "%s \n\n", place);
}
