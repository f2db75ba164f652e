/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/df_sum.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/place.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "fs/mountpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct df_options {
	bool human, inodes, json;
	const char *pool;
};

static const struct opt options[] = {
	{ .key = 'h',
	  .name = "human-readable",
	  .help = "sizes such as 1.5G",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, human) },
	{ .key = 'i',
	  .name = "inodes",
	  .help = "inodes instead of space",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, inodes) },
	{ .key = 'p',
	  .name = "pool",
	  .arg = "NAME",
	  .help = "only the OSTs of this pool, also FSNAME.NAME",
	  .take = opt_text,
	  .offset = offsetof(struct df_options, pool) },
	{ .key = OPT_LONG,
	  .name = "json",
	  .help = "print JSON; sizes in bytes",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, json) },
	{ 0 },
};

/* ---- lines ---- */

static const char *amount(const struct df_options *o, uint64_t v, char buf[SIZE_TEXT_MAX])
{
	if (o->human)
		return size_text(v, buf);
	snprintf(buf, SIZE_TEXT_MAX, "%" PRIu64, o->inodes ? v : v / KIB);
	return buf;
}

/* Columns as lfs has them. */
static void print_line(const struct df_options *o, const char *name, const struct df_numbers *n)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	char total[SIZE_TEXT_MAX], used[SIZE_TEXT_MAX], avail[SIZE_TEXT_MAX];

	printf("%-20s %11s %11s %11s %3u%%", out_text(&b, name), amount(o, n->total, total),
	       amount(o, n->used, used), amount(o, n->avail, avail), df_percent(n));
}

static void print_head(const struct df_options *o)
{
	if (o->inodes)
		printf("%-20s %11s %11s %11s %4s Mounted on\n", "UUID", "Inodes", "IUsed", "IFree",
		       "IUse%");
	else
		printf("%-20s %11s %11s %11s %4s Mounted on\n", "UUID",
		       o->human ? "bytes" : "1K-blocks", "Used", "Available", "Use%");
}

static void target_kind(uint32_t index, const char **ret_kind, uint32_t *ret_number)
{
	*ret_kind = index == FS_TARGET_MDT ? "MDT" : "OST";
	*ret_number = index == FS_TARGET_MDT ? 0 : index;
}

static void print_target(const struct df_options *o, const struct fs *fs, const struct fs_target *t)
{
	struct df_numbers n = df_numbers_of(t, o->inodes);
	CLEANUP_STRBUF struct strbuf b = { 0 };
	const char *kind;
	char name[64];
	uint32_t number;

	target_kind(t->index, &kind, &number);
	if (t->inactive) {
		snprintf(name, sizeof(name), "%s%04" PRIx32, kind, number);
		printf("%-20s: inactive device%s%s%s\n", name, t->why[0] ? " (" : "",
		       out_text(&b, t->why), t->why[0] ? ")" : "");
		return;
	}
	snprintf(name, sizeof(name), "%s-%s%04" PRIx32 "_UUID", fs->fsname, kind, number);
	print_line(o, name, &n);
	printf(" %s[%s:%" PRIu32 "]", out_name(&b, fs->mount_point), kind, number);
	if (t->no_create)
		printf(" %s%s%s%s", t->read_only ? "R" : "N", t->why[0] ? " (" : "",
		       out_text(&b, t->why), t->why[0] ? ")" : "");
	printf("\n");
}

/* ---- JSON ---- */

static json_t *target_json(const struct fs_target *t)
{
	const char *kind;
	uint32_t number;
	json_t *j;

	target_kind(t->index, &kind, &number);
	j = json_pack("{s:s, s:i, s:b, s:b}", "kind", kind, "index", (int)number, "active",
		      !t->inactive, "creates_objects", !t->inactive && !t->no_create);
	json_out_add_name(j, "path", t->path);
	if (t->inactive || t->why[0])
		json_object_set_new(j, "why", json_out_text(t->why));
	if (t->inactive)
		return j;
	json_object_set_new(j, "total_bytes", json_integer((json_int_t)t->total_bytes));
	json_object_set_new(j, "free_bytes", json_integer((json_int_t)t->free_bytes));
	json_object_set_new(j, "available_bytes", json_integer((json_int_t)t->avail_bytes));
	json_object_set_new(j, "total_inodes", json_integer((json_int_t)t->total_inodes));
	json_object_set_new(j, "free_inodes", json_integer((json_int_t)t->free_inodes));
	json_object_set_new(j, "device", json_integer((json_int_t)t->device));
	return j;
}

static json_t *volume_json(const struct fs *fs, const struct df_targets *targets)
{
	struct df_numbers space = df_sum(targets, false), inodes = df_sum(targets, true);
	json_t *list = json_array(), *j = json_object();

	for (uint32_t i = 0; i < targets->count; i++)
		json_array_append_new(list, target_json(&targets->all[i]));
	json_out_add_name(j, "fsname", fs->fsname);
	json_out_add_name(j, "mount_point", fs->mount_point);
	json_object_set_new(j, "targets", list);
	json_object_set_new(j, "summary",
			    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "total_bytes",
				      (json_int_t)space.total, "used_bytes", (json_int_t)space.used,
				      "available_bytes", (json_int_t)space.avail, "total_inodes",
				      (json_int_t)inodes.total, "used_inodes",
				      (json_int_t)inodes.used, "free_inodes",
				      (json_int_t)inodes.avail));
	return j;
}

/* ---- one volume ---- */

static void print_volume(const struct df_options *o, const struct fs *fs,
			 const struct df_targets *targets)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	struct df_numbers sum = df_sum(targets, o->inodes);

	print_head(o);
	for (uint32_t i = 0; i < targets->count; i++)
		print_target(o, fs, &targets->all[i]);
	printf("\n");
	print_line(o, "filesystem_summary:", &sum);
	printf(" %s\n\n", out_name(&b, fs->mount_point));
}

/* The command, as mountpoint_for_each() carries it. */
struct df_run {
	const struct verb *verb;
	const struct df_options *options;
	struct place_fs keeper;
	struct tally tally;
	json_t *list;
};

static int show(struct df_run *run, const char *path)
{
	CLEANUP(df_targets_release) struct df_targets targets = { 0 };
	struct fs *fs;
	int err = place_fs_get(&run->keeper, path, &fs);

	if (!err)
		err = df_targets_get(&targets, fs, run->options->pool);
	if (err)
		return err;
	if (run->list)
		json_array_append_new(run->list, volume_json(fs, &targets));
	else
		print_volume(run->options, fs, &targets);
	return 0;
}

static int show_counted(const char *path, void *cookie)
{
	struct df_run *run = cookie;

	error_clear();
	tally_add(&run->tally, run->verb, path, show(run, path));
	return 0;
}

static int run_df(const struct verb *verb, void *parsed, char **paths)
{
	const struct df_options *o = parsed;
	struct df_run run = { .verb = verb, .options = o, .keeper = PLACE_FS_INIT };
	int status;

	if (o->json)
		run.list = json_array();
	for (char **path = paths; *path; path++)
		show_counted(*path, &run);
	if (!*paths) {
		(void)!mountpoint_for_each("fuse.lovfs", show_counted, &run);
		(void)!mountpoint_for_each("lustre", show_counted, &run);
		if (!run.tally.good && !run.tally.bad) {
			complain_text(verb, NULL, "no lovfs volume and no Lustre is mounted");
			run.tally.bad++;
		}
	}
	status = tally_status(&run.tally);
	if (o->json && json_out(run.list))
		status = STATUS_FAILED;
	place_fs_release(&run.keeper);
	return status;
}

const struct verb verb_df = {
	.name = "df",
	.summary = "space of a volume, OST by OST",
	.synopsis = "[-h] [-i] [-p POOL] [--json] [PATH...]",
	.about = "Prints the space of the MDT and of every OST of the volume that each PATH is on; "
		 "without a\n"
		 "PATH, of all mounted volumes. The summary is of the OSTs, and counts a file "
		 "system that\n"
		 "several of them are on once.",
	.groups = { { "Options", options, 0 } },
	.options_size = sizeof(struct df_options),
	.run = run_df,
};
