/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/complain.h"
#include "cli/df_sum.h"
#include "cli/df_text.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/place.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "fs/mountpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct df_options {
	struct df_text text;
	bool json;
	const char *pool;
};

static const struct opt options[] = {
	{ .key = 'h',
	  .name = "human-readable",
	  .help = "sizes such as 1.5G",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, text.human) },
	{ .key = 'i',
	  .name = "inodes",
	  .help = "inodes instead of space",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, text.inodes) },
	{ .key = 'p',
	  .name = "pool",
	  .arg = "NAME",
	  .help = "only the OSTs of this pool, also FSNAME.NAME",
	  .take = opt_text,
	  .offset = offsetof(struct df_options, pool) },
	{ .key = 'v',
	  .name = "verbose",
	  .help = "on Lustre, OSTs that were deactivated too, and states\nthat are no trouble",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, text.verbose) },
	{ .key = OPT_LONG,
	  .name = "json",
	  .help = "print JSON; sizes in bytes",
	  .take = opt_flag,
	  .offset = offsetof(struct df_options, json) },
	{ 0 },
};

/* ---- JSON ---- */

static json_t *target_json(const struct fs_target *t)
{
	const char *kind;
	uint32_t number;
	json_t *j;

	df_text_kind(t, &kind, &number);
	j = json_pack("{s:s, s:i, s:b, s:b}", "kind", kind, "index", (int)number, "active",
		      !t->inactive, "creates_objects", !t->inactive && !t->no_create);
	json_out_add_name(j, "path", t->path);
	if (t->inactive || t->why[0])
		json_object_set_new(j, "why", json_out_text(t->why));
	if (t->inactive)
		return j;
	if (t->state[0])
		json_object_set_new(j, "state", json_out_text(t->state));
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

static int print_volume(const struct df_options *o, const struct fs *fs,
			const struct df_targets *targets)
{
	CLEANUP_STRBUF struct strbuf text = { 0 }, quoted = { 0 };
	struct df_numbers sum = df_sum(targets, o->text.inodes);
	const char *place = out_name(&quoted, fs->mount_point);

	df_text_head(&text, &o->text);
	for (uint32_t i = 0; i < targets->count; i++)
		df_text_target(&text, &o->text, fs->fsname, place, &targets->all[i]);
	df_text_summary(&text, &o->text, &sum, place);
	if (text.err)
		return text.err;
	out_lines(strbuf_text(&text), text.len_bytes);
	return 0;
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
	if (!run->list)
		return print_volume(run->options, fs, &targets);
	json_array_append_new(run->list, volume_json(fs, &targets));
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
	.synopsis = "[-h] [-i] [-v] [-p POOL] [--json] [PATH...]",
	.about = "Prints the space of the MDT and of every OST of the volume that each PATH is on; "
		 "without a\n"
		 "PATH, of all mounted volumes. The summary is of the OSTs, and counts a file "
		 "system that\n"
		 "several of them are on once.",
	.groups = { { "Options", options, 0 } },
	.options_size = sizeof(struct df_options),
	.run = run_df,
};
