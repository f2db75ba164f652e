/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `lov mirror split`, and `delete`, which is split -d. */
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/id_list.h"
#include "cli/place.h"
#include "cli/seen.h"
#include "cli/tally.h"
#include "cli/verb_mirror.h"
#include "layout/mirror.h"
#include "mover/mirror_verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct split_options {
	uint32_t id;      /* 0: the one in the pool */
	const char *pool; /* NULL: given by id */
	bool destroy, force;
	const char *new_path; /* NULL: FILE.mirror~ID */
	unsigned int whiches; /* how often it was said which mirror */
};

/* ---- options ---- */

static int take_id(void *parsed, const struct opt *opt, const char *arg)
{
	struct split_options *o = parsed;

	o->whiches++;
	return id_list_opt_one(&o->id, opt, arg);
}

/* The mirror that a component belongs to. */
static int take_component_id(void *parsed, const struct opt *opt, const char *arg)
{
	struct split_options *o = parsed;
	char buf[OPT_SPELLED_MAX];
	uint64_t id;

	if (number_parse(arg, UINT16_MAX + 1, UINT32_MAX, &id))
		return fail(-EINVAL, "option %s: '%s' is not the id of a component of a mirror",
			    opt_spell(opt, buf), arg);
	o->whiches++;
	o->id = (uint32_t)id >> 16;
	return 0;
}

static int take_pool(void *parsed, const struct opt *opt, const char *arg)
{
	struct split_options *o = parsed;
	char buf[OPT_SPELLED_MAX];

	/* Also FSNAME.POOL, as lfs has it. */
	o->pool = strchr(arg, '.') ? strchr(arg, '.') + 1 : arg;
	if (!*o->pool || strlen(o->pool) > LAYOUT_POOL_NAME_MAX)
		return fail(-EINVAL, "option %s: '%s' is not the name of an OST pool",
			    opt_spell(opt, buf), arg);
	o->whiches++;
	return 0;
}

static const struct opt which_opts[] = {
	{ .key = OPT_LONG + 20,
	  .name = "mirror-id",
	  .arg = "ID",
	  .help = "the mirror",
	  .take = take_id },
	{ .key = 'I',
	  .name = "component-id",
	  .arg = "ID",
	  .help = "the mirror with that component",
	  .take = take_component_id },
	{ .key = 'I', .name = "comp-id", .arg = "ID", .take = take_component_id },
	{ .key = 'p',
	  .name = "pool",
	  .arg = "POOL",
	  .help = "the mirror that is in that OST pool",
	  .take = take_pool },
	{ 0 },
};

static const struct opt force_opts[] = {
	{ .key = OPT_LONG + 21,
	  .name = "force",
	  .help = "also where no other mirror in sync can be read now",
	  .take = opt_flag,
	  .offset = offsetof(struct split_options, force) },
	{ 0 },
};

static const struct opt split_opts[] = {
	{ .key = 'd',
	  .name = "destroy",
	  .help = "its data is destroyed",
	  .take = opt_flag,
	  .offset = offsetof(struct split_options, destroy) },
	{ .key = 'f',
	  .name = "file",
	  .arg = "NEW",
	  .help = "the file that gets its data; without -d and -f this\nis FILE.mirror~ID",
	  .take = opt_text,
	  .offset = offsetof(struct split_options, new_path) },
	{ 0 },
};

/* ---- one file ---- */

static int id_in_pool(const struct layout *l, const char *pool, uint32_t *ret_id)
{
	unsigned int found = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t id = mirror_id_at(l, i);

		if (strcmp(l->comps[i].pool, pool) != 0 || (found && id == *ret_id))
			continue;
		found++;
		*ret_id = id;
	}
	if (found == 1)
		return 0;
	return fail(-EINVAL,
		    found ? "%u of its mirrors are in pool %s: --mirror-id says which"
			  : "%u mirrors are in pool %s",
		    found, pool);
}

/* The new file's name has the id in it. */
static int id_of(const struct split_options *o, struct fs *fs, const char *path, uint32_t *ret_id)
{
	CLEANUP_FD int fd = -1;
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err;

	if (!o->pool) {
		*ret_id = o->id;
		return 0;
	}
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return fail_sys(fd, "cannot open it");
	err = fs->ops->layout_get(fs, fd, &l);
	return err ? err : id_in_pool(l, o->pool, ret_id);
}

static int split_to_default(const struct split_options *o, struct fs *fs, const char *path)
{
	CLEANUP_FREE char *new_path = NULL;
	uint32_t id = 0;
	int err = id_of(o, fs, path, &id);

	if (err)
		return err;
	if (asprintf(&new_path, "%s.mirror~%" PRIu32, path, id) < 0) {
		new_path = NULL;
		return -ENOMEM;
	}
	return mirror_split(fs, path, id, NULL, new_path, o->force);
}

static int split_one(const struct split_options *o, struct place_fs *keeper, const char *path)
{
	struct fs *fs;
	int err = place_fs_get(keeper, path, &fs);

	if (err)
		return err;
	if (o->destroy || o->new_path)
		return mirror_split(fs, path, o->id, o->pool, o->destroy ? NULL : o->new_path,
				    o->force);
	return split_to_default(o, fs, path);
}

/* ---- the commands ---- */

static int run_split(const struct verb *verb, void *parsed, char **paths)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	const struct split_options *o = parsed;
	struct tally tally = { 0 };
	struct seen seen;

	if (!*paths)
		return complain_usage(verb, "which file?");
	if (o->whiches != 1)
		return complain_usage(verb, "which mirror? One of --mirror-id, --component-id and "
					    "--pool says it");
	if (o->destroy && o->new_path)
		return complain_usage(verb, "--destroy and --file exclude each other");
	if (o->new_path && paths[1])
		return complain_usage(verb, "one --file for several files");
	seen_init(&seen);
	for (; *paths; paths++) {
		error_clear();
		if (!seen_before(&seen, *paths, false))
			tally_add(&tally, verb, *paths, split_one(o, &keeper, *paths));
	}
	seen_release(&seen);
	return tally_status(&tally);
}

static void init_delete(void *parsed)
{
	((struct split_options *)parsed)->destroy = true;
}

#define WHICH "[--force] {--mirror-id|--component-id ID | -p POOL}"

const struct verb verb_mirror_split = {
	.name = "mirror split",
	.summary = "take a mirror out of files, as a file of its own",
	.synopsis = WHICH " [-d | -f NEW] FILE...",
	.about = "Takes one mirror out of each FILE. A new file gets its data, or it is destroyed "
		 "with -d. The\n"
		 "last mirror in sync stays, and the last that can be read.",
	.groups = { { "Which", which_opts, 0 },
		    { "Options", split_opts, 0 },
		    { NULL, force_opts, 0 } },
	.options_size = sizeof(struct split_options),
	.run = run_split,
};

const struct verb verb_mirror_delete = {
	.name = "mirror delete",
	.summary = "take a mirror out of files, and destroy its data",
	.synopsis = WHICH " FILE...",
	.about = "Takes one mirror out of each FILE, and its data is destroyed. The last mirror in "
		 "sync stays,\n"
		 "and the last that can be read.",
	.groups = { { "Which", which_opts, 0 }, { "Options", force_opts, 0 } },
	.options_size = sizeof(struct split_options),
	.init = init_delete,
	.run = run_split,
};
