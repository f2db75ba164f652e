/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/dump_layouts.h"
#include "cli/getstripe_args.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/place.h"
#include "cli/show_layout.h"
#include "cli/tally.h"
#include "cli/verb.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct getstripe {
	const struct verb *verb;
	struct getstripe_args args; /* a copy: it is completed */
	struct place_fs keeper;
	struct tally tally;
	struct show_layout show;
};

static int show_place(struct getstripe *g, const char *path, struct place *place)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct print_context ctx = {
		.path = path,
		.is_directory = S_ISDIR(place->type),
		.default_stripe_size = place->fs->default_stripe_size,
		.default_stripe_count = place->fs->default_stripe_count,
	};
	int err = place->fs->ops->fid_get(place->fs, place->fd, &ctx.fid);

	if (!err)
		err = place->fs->ops->layout_get(place->fs, place->fd, &l);
	if (err == -ENODATA && ctx.is_directory) {
		l = show_layout_no_default();
		ctx.is_default = true;
		err = l ? 0 : -ENOMEM;
	}
	if (err == -ENODATA) {
		show_layout_none(&g->show, &ctx);
		return 0;
	}
	if (err)
		return err;
	ctx.is_default |= l->count && l->comps[0].owner_seq == LAYOUT_OWNER_SEQ_DEFAULT;
	return show_layout(&g->show, l, &ctx);
}

/* No empty line after it. */
static int show_mdt(struct getstripe *g, const char *path, struct place *place)
{
	CLEANUP_STRBUF struct strbuf name = { 0 };
	uint32_t index;
	int err = place->fs->ops->mdt_index(place->fs, place->fd, &index);

	if (err)
		return err;
	if (g->args.verbose && !g->args.quiet)
		printf("%s\nmdt_index:\t", out_name(&name, path));
	printf("%" PRIu32 "\n", index);
	return 0;
}

static int show_path(struct getstripe *g, const char *path)
{
	CLEANUP_PLACE struct place place = { .fd = -1 };
	int err;

	error_clear();
	err = place_open(&g->keeper, path, &place);
	if (err)
		return err;
	if (g->args.mdt && !g->args.json)
		return show_mdt(g, path, &place);
	return show_place(g, path, &place);
}

/* ---- the walk ---- */

/* Whether to go into a directory that was just shown. */
static bool descends(const struct getstripe *g, const FTSENT *e)
{
	return g->args.entries && (e->fts_level == FTS_ROOTLEVEL || g->args.recursive);
}

static void visit(struct getstripe *g, FTS *walk, FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_D:
		tally_add(&g->tally, g->verb, e->fts_path, show_path(g, e->fts_path));
		if (!descends(g, e))
			fts_set(walk, e, FTS_SKIP);
		break;
	case FTS_F:
		tally_add(&g->tally, g->verb, e->fts_path, show_path(g, e->fts_path));
		break;
	case FTS_NS: /* the layout of a file can be had where its size isn't known */
		tally_add(&g->tally, g->verb, e->fts_path, show_path(g, e->fts_path));
		break;
	case FTS_DNR:
	case FTS_ERR:
		tally_add(&g->tally, g->verb, e->fts_path,
			  fail_sys(-e->fts_errno, "cannot open it"));
		break;
	default:
		/* Links and special files have no layout; they are errors only where they were
		 * named. */
		if (e->fts_level == FTS_ROOTLEVEL && e->fts_info != FTS_DP)
			tally_add(&g->tally, g->verb, e->fts_path, show_path(g, e->fts_path));
		break;
	}
}

static int walk_all(struct getstripe *g, char **paths)
{
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *e;
	int err;

	if (!walk)
		return fail_sys(-errno, "cannot walk the directories");
	for (errno = 0; (e = fts_read(walk)); errno = 0)
		visit(g, walk, e);
	err = errno ? fail_sys(-errno, "cannot walk the directories") : 0;
	fts_close(walk);
	return err;
}

/* ---- the command ---- */

static int run_parsed(struct getstripe *g, char **paths)
{
	int err = 0, status;

	if (!*paths && !g->args.dump_count)
		return complain_usage(g->verb, "which file or directory?");
	getstripe_args_finish(&g->args);
	err = show_layout_begin(&g->show, &g->args.print, g->args.json);
	for (unsigned int i = 0; !err && i < g->args.dump_count; i++)
		tally_add(&g->tally, g->verb, g->args.dumps[i],
			  dump_layouts(&g->show, g->args.dumps[i]));
	if (!err && *paths)
		err = walk_all(g, paths);
	if (err)
		tally_add(&g->tally, g->verb, NULL, err);
	status = tally_status(&g->tally);
	if (show_layout_end(&g->show) && status == STATUS_OK)
		status = STATUS_FAILED;
	return status;
}

static int run_getstripe(const struct verb *verb, void *options, char **paths)
{
	struct getstripe g = { .verb = verb,
			       .args = *(const struct getstripe_args *)options,
			       .keeper = PLACE_FS_INIT };
	int status = run_parsed(&g, paths);

	place_fs_release(&g.keeper);
	return status;
}

const struct verb verb_getstripe = {
	.name = "getstripe",
	.summary = "print the layouts of files and the defaults of directories",
	.synopsis = "[OPTION...] FILE|DIRECTORY...\n[OPTION...] --xattr-file FILE...",
	.about = "Prints the layout of each FILE: which OSTs its stripes are on. Of a DIRECTORY it prints the\n"
		 "default for new files, then the layouts of its entries.",
	.groups = {
		{ "Values; several may be asked for, none means the usual ones", getstripe_field_opts, 0 },
		{ "Components; without an argument these too are values", getstripe_filter_opts, 0 },
		{ "Options", getstripe_other_opts, 0 },
	},
	.options_size = sizeof(struct getstripe_args),
	.run = run_getstripe,
};
