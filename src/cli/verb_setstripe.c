/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/id_list.h"
#include "cli/layout_args.h"
#include "cli/mirror_warn.h"
#include "cli/ost_warn.h"
#include "cli/place.h"
#include "cli/seen.h"
#include "cli/set_layout.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "layout/flags.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

struct setstripe_options {
	struct layout_args layout;
	bool remove_default;
	bool comp_set;
	uint32_t id; /* of a component, or below 65536 of a mirror; 0: not given */
};

static int take_component_id(void *parsed, const struct opt *opt, const char *arg)
{
	struct setstripe_options *o = parsed;
	char buf[OPT_SPELLED_MAX];
	uint64_t id;

	if (number_parse(arg, 1, UINT32_MAX, &id))
		return fail(-EINVAL, "option %s: '%s' is not the id of a component",
			    opt_spell(opt, buf), arg);
	o->id = (uint32_t)id;
	return 0;
}

#define COMP_SET_HELP "set --component-flags of a component that exists;\n^FLAG clears it"

static const struct opt options[] = {
	{ .key = 'd',
	  .name = "delete",
	  .help = "remove a directory's default layout",
	  .take = opt_flag,
	  .offset = offsetof(struct setstripe_options, remove_default) },
	{ .key = OPT_LONG + 20,
	  .name = "component-set",
	  .help = COMP_SET_HELP,
	  .take = opt_flag,
	  .offset = offsetof(struct setstripe_options, comp_set) },
	{ .key = OPT_LONG + 20,
	  .name = "comp-set",
	  .take = opt_flag,
	  .offset = offsetof(struct setstripe_options, comp_set) },
	{ .key = 'I',
	  .name = "component-id",
	  .arg = "ID",
	  .help = "of that component",
	  .take = take_component_id },
	{ .key = 'I', .name = "comp-id", .arg = "ID", .take = take_component_id },
	{ .key = OPT_LONG + 21,
	  .name = "mirror-id",
	  .arg = "ID",
	  .help = "of all components of that mirror",
	  .take = id_list_opt_one,
	  .offset = offsetof(struct setstripe_options, id) },
	{ 0 },
};

/* ---- layouts ---- */

/* Without layout options a file gets the default, as from lfs. */
static struct layout *default_request(void)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (l)
		l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	return l;
}

static int remove_default(struct place_fs *keeper, const char *path)
{
	CLEANUP_PLACE struct place place = { .fd = -1 };
	int err = place_open(keeper, path, &place);

	if (err)
		return err;
	if (!S_ISDIR(place.type))
		return fail(-ENOTDIR, "is not a directory: only those have a default layout");
	err = place.fs->ops->layout_unset(place.fs, place.fd);
	return err == -ENODATA ? 0 : err;
}

static int run_all(const struct verb *verb, char **paths, const struct layout *request)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	struct mirror_warn warn = { .verb = verb };
	struct tally tally = { 0 };
	struct seen seen;

	seen_init(&seen);
	for (; *paths; paths++) {
		struct fs *fs;
		int err;

		if (request && seen_before(&seen, *paths, true))
			continue;
		error_clear();
		err = request ? set_layout(&keeper, *paths, request, &fs)
			      : remove_default(&keeper, *paths);
		if (!tally_add(&tally, verb, *paths, err) && request) {
			mirror_warn_new(&warn, fs, *paths, request);
			ost_warn_new(verb, fs, *paths, request);
		}
		/* Also if it was made just now. */
		(void)seen_before(&seen, *paths, true);
	}
	seen_release(&seen);
	return tally_status(&tally);
}

static int run_layout(const struct verb *verb, const struct setstripe_options *o, char **paths)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	int err = layout_args_finish(&o->layout, 0, &request);

	if (err == -EINVAL || err == -ERANGE)
		return complain_usage(verb, "%s", error_text(err));
	if (!err && o->remove_default && request)
		return complain_usage(verb,
				      "-d removes a default layout and takes no other option");
	if (!err && !request && !o->remove_default) {
		request = default_request();
		err = request ? 0 : -ENOMEM;
	}
	if (err) {
		complain(verb, NULL, err);
		return STATUS_FAILED;
	}
	return run_all(verb, paths, request);
}

/* ---- flags of what exists ---- */

static int set_flags(struct place_fs *keeper, const char *path, uint32_t id, uint32_t set,
		     uint32_t clear)
{
	CLEANUP_FD int fd = -1;
	struct fs *fs;
	struct stat st;
	int err = sys_fstatat(AT_FDCWD, path, &st, 0);

	if (err)
		return fail_sys(err, "cannot open it");
	if (!S_ISREG(st.st_mode))
		return fail(-EINVAL, "is not a regular file");
	err = place_fs_get(keeper, path, &fs);
	if (err)
		return err;
	fd = sys_openat(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return fail_sys(fd, "cannot open it for writing");
	return fs->ops->component_flags(fs, fd, id, set, clear);
}

static int set_flags_of_all(const struct verb *verb, const struct setstripe_options *o,
			    uint32_t set, uint32_t clear, char **paths)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	struct tally tally = { 0 };

	for (; *paths; paths++) {
		error_clear();
		tally_add(&tally, verb, *paths, set_flags(&keeper, *paths, o->id, set, clear));
	}
	return tally_status(&tally);
}

static int run_comp_set(const struct verb *verb, const struct setstripe_options *o, char **paths)
{
	const struct layout_args *l = &o->layout;
	uint32_t set = 0, clear = 0;
	size_t flags = layout_args_count(l, LAYOUT_OPTION_COMP_FLAGS);

	if (l->yaml || l->copy || flags < l->count || o->remove_default)
		return complain_usage(verb, "--component-set changes flags only, and takes no "
					    "options of a layout");
	if (flags != 1)
		return complain_usage(verb, "--component-set needs one --component-flags");
	if (!o->id)
		return complain_usage(verb, "--component-set needs --component-id or --mirror-id");
	if (flags_parse(l->given[0].value, &set, &clear))
		return complain_usage(verb, "option --component-flags: %s", error_text(-EINVAL));
	return set_flags_of_all(verb, o, set, clear, paths);
}

/* ---- the command ---- */

static int run_setstripe(const struct verb *verb, void *parsed, char **paths)
{
	const struct setstripe_options *o = parsed;

	if (!*paths)
		return complain_usage(verb, "which file or directory?");
	if (o->comp_set)
		return run_comp_set(verb, o, paths);
	if (o->id)
		return complain_usage(
			verb, "ids are given with --component-set; a new file has none yet");
	return run_layout(verb, o, paths);
}

static void release(void *parsed)
{
	layout_args_release(&((struct setstripe_options *)parsed)->layout);
}

const struct verb verb_setstripe = {
	.name = "setstripe",
	.summary = "create a file with a layout, or set a directory's default",
	.synopsis = "[LAYOUT OPTION...] FILE|DIRECTORY...\n-d DIRECTORY...\n--component-set -I ID "
		    "--component-flags FLAGS FILE...",
	.about = "Creates each FILE, which must not have data yet, with the layout. Of a DIRECTORY "
		 "it sets the\n"
		 "default that files and directories made in it get; -d removes that again. With "
		 "--component-set\n"
		 "flags of a component of each FILE, or of a mirror, are set and cleared.",
	.groups = { { "Layout", layout_args_opts, offsetof(struct setstripe_options, layout) },
		    { "Mirrors", layout_args_mirror_opts,
		      offsetof(struct setstripe_options, layout) },
		    { "Options", options, 0 } },
	.options_size = sizeof(struct setstripe_options),
	.release = release,
	.run = run_setstripe,
};
