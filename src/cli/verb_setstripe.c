/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/sys.h"
#include "cli/complain.h"
#include "cli/layout_args.h"
#include "cli/opt_parse.h"
#include "cli/place.h"
#include "cli/tally.h"
#include "cli/verb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

struct setstripe_options {
	struct layout_args layout;
	bool remove_default;
};

static const struct opt options[] = {
	{ .key = 'd',
	  .name = "delete",
	  .help = "remove a directory's default layout",
	  .take = opt_flag,
	  .offset = offsetof(struct setstripe_options, remove_default) },
	{ 0 },
};

/* Without layout options a file gets the default, as from lfs. */
static struct layout *default_request(void)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (l)
		l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	return l;
}

/* The layout is checked before anything is made. */
static int check(struct place_fs *keeper, const char *path, const struct layout *request,
		 struct fs **ret_fs)
{
	const struct layout_limits *limits;
	int err = place_fs_get(keeper, path, ret_fs);

	if (!err)
		err = fs_limits(*ret_fs, &limits);
	return err ? err : layout_check_request(request, limits);
}

static int set_on_directory(struct fs *fs, const char *path, const struct layout *request)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fail_sys(fd, "cannot open it");
	return fs->ops->layout_set(fs, fd, request);
}

static int set_on_existing(struct fs *fs, const char *path, const struct layout *request)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot open it for writing");
	err = fs->ops->layout_set(fs, fd, request);
	if (err == -EEXIST)
		return fail(err, "has data already; 'lov migrate' gives it another layout");
	return err;
}

/* What was made here goes again if it can't have the layout. */
static int create(struct fs *fs, const char *path, const struct layout *request)
{
	CLEANUP_FD int fd =
		sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	char text[ERROR_TEXT_MAX];
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot create it");
	err = fs->ops->layout_set(fs, fd, request);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	(void)!sys_unlinkat(AT_FDCWD, path, 0);
	return fail(err, "%s", text);
}

static int setstripe(struct place_fs *keeper, const char *path, const struct layout *request)
{
	struct stat st;
	struct fs *fs;
	int err = check(keeper, path, request, &fs);

	if (err)
		return err;
	err = sys_fstatat(AT_FDCWD, path, &st, 0);
	if (err == -ENOENT)
		return create(fs, path, request);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	if (S_ISDIR(st.st_mode))
		return set_on_directory(fs, path, request);
	if (S_ISREG(st.st_mode))
		return set_on_existing(fs, path, request);
	return fail(-EINVAL, "is neither a regular file nor a directory");
}

static int remove_default(struct place_fs *keeper, const char *path)
{
	CLEANUP_PLACE struct place place = { .fd = -1 };
	int err = place_open(keeper, path, &place);

	if (err)
		return err;
	if (!S_ISDIR(place.st.st_mode))
		return fail(-ENOTDIR, "is not a directory: only those have a default layout");
	err = place.fs->ops->layout_unset(place.fs, place.fd);
	return err == -ENODATA ? 0 : err;
}

static int run_all(const struct verb *verb, char **paths, const struct layout *request)
{
	CLEANUP_PLACE_FS struct place_fs keeper = { 0 };
	struct tally tally = { 0 };

	for (; *paths; paths++) {
		error_clear();
		tally_add(&tally, verb, *paths,
			  request ? setstripe(&keeper, *paths, request)
				  : remove_default(&keeper, *paths));
	}
	return tally_status(&tally);
}

static int run_parsed(const struct verb *verb, struct setstripe_options *o, char **paths)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	int err;

	if (!*paths)
		return complain_usage(verb, "which file or directory?");
	err = layout_args_finish(&o->layout, &request);
	if (err == -EINVAL || err == -ERANGE)
		return complain_usage(verb, "%s", error_text(err));
	if (err) {
		complain(verb, NULL, err);
		return STATUS_FAILED;
	}
	if (o->remove_default && request)
		return complain_usage(verb,
				      "-d removes a default layout and takes no other option");
	if (!request && !o->remove_default) {
		request = default_request();
		if (!request) {
			complain(verb, NULL, -ENOMEM);
			return STATUS_FAILED;
		}
	}
	return run_all(verb, paths, request);
}

static int run_setstripe(const struct verb *verb, int argc, char **argv)
{
	struct setstripe_options o = { 0 };
	int first, status = STATUS_USAGE;

	layout_args_init(&o.layout);
	switch (opt_parse(verb, argc, argv, &o, &first)) {
	case OPT_DONE:
		status = STATUS_OK;
		break;
	case OPT_BAD:
		break;
	case OPT_GO_ON:
		status = run_parsed(verb, &o, argv + first);
		break;
	}
	layout_args_release(&o.layout);
	return status;
}

const struct verb verb_setstripe = {
	.name = "setstripe",
	.summary = "create a file with a layout, or set a directory's default",
	.synopsis = "[LAYOUT OPTION...] FILE|DIRECTORY...\n-d DIRECTORY...",
	.about = "Creates each FILE, which must not have data yet, with the layout. Of a DIRECTORY "
		 "it sets the\n"
		 "default that files and directories made in it get; -d removes that again.",
	.groups = { { "Layout", layout_args_opts, offsetof(struct setstripe_options, layout) },
		    { "Options", options, 0 } },
	.run = run_setstripe,
};
