/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/mount_options.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "volume/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_DEFAULT_S 60
#define WAIT_MAX_S 86400u

enum option_use {
	FOR_FUSE,   /* handed to libfuse, which knows it */
	FOR_ROOT,   /* the same; fusermount3 gives it to nobody else */
	FOR_OTHERS, /* mount(8) and fstab(5) know it, we needn't */
	ALWAYS_SET, /* is so anyway */
	DEBUG_OPTION,
	MEMORY_OPTION,
	WAIT_OPTION,
	REMOUNT_OPTION,
	USER_OPTION,  /* implies noexec, nosuid and nodev */
	OWNER_OPTION, /* implies nosuid and nodev */
	OF_MOUNTED,   /* the kernel shows them of mounts; mount(8) hands them back for a remount */
	ATIME_OPTION,
	NOATIME_OPTION,
	DIRATIME_OPTION,
	NODIRATIME_OPTION,
	/* can't be had: */
	OF_MDT,  /* is an option of the mount that the MDT is on */
	NOT_SEEN /* reads that the page cache answers don't come here */
};

/* What mount(8) may hand over in -o. A name that ends in '=' or '-' stands for all that begin so.
 */
static const struct {
	const char *name;
	enum option_use use;
} known[] = {
	{ "ro", FOR_FUSE },
	{ "rw", FOR_FUSE },
	{ "dev", FOR_ROOT },
	{ "nodev", FOR_FUSE },
	{ "suid", FOR_ROOT },
	{ "nosuid", FOR_FUSE },
	{ "exec", FOR_FUSE },
	{ "noexec", FOR_FUSE },
	{ "sync", FOR_FUSE },
	{ "async", FOR_FUSE },
	{ "dirsync", FOR_FUSE },
	{ "atime", ATIME_OPTION },
	{ "noatime", NOATIME_OPTION },
	{ "allow_other", FOR_FUSE },
	{ "context=", FOR_FUSE },
	{ "fscontext=", FOR_FUSE },
	{ "defcontext=", FOR_FUSE },
	{ "rootcontext=", FOR_FUSE },
	{ "debug", DEBUG_OPTION },
	{ "memory=", MEMORY_OPTION },
	{ "wait=", WAIT_OPTION },
	{ "remount", REMOUNT_OPTION },
	{ "user_id=", OF_MOUNTED },
	{ "group_id=", OF_MOUNTED },
	{ "max_read=", OF_MOUNTED },
	{ "uhelper=", FOR_OTHERS },
	{ "nomand", ALWAYS_SET },
	{ "noiversion", ALWAYS_SET },
	{ "default_permissions", ALWAYS_SET },
	{ "nonempty", ALWAYS_SET },
	{ "defaults", FOR_OTHERS },
	{ "auto", FOR_OTHERS },
	{ "noauto", FOR_OTHERS },
	{ "_netdev", FOR_OTHERS },
	{ "nofail", FOR_OTHERS },
	{ "user", USER_OPTION },
	{ "user=", USER_OPTION },
	{ "nouser", FOR_OTHERS },
	{ "users", USER_OPTION },
	{ "owner", OWNER_OPTION },
	{ "group", OWNER_OPTION },
	{ "relatime", ALWAYS_SET },
	{ "norelatime", NOT_SEEN },
	{ "strictatime", NOT_SEEN },
	{ "diratime", DIRATIME_OPTION },
	{ "nodiratime", NODIRATIME_OPTION },
	{ "lazytime", OF_MDT },
	{ "nolazytime", ALWAYS_SET },
	{ "loud", FOR_OTHERS },
	{ "silent", FOR_OTHERS },
	{ "comment=", FOR_OTHERS },
	{ "x-", FOR_OTHERS },
	{ "X-", FOR_OTHERS },
};

static bool matches(const char *known_name, const char *given)
{
	size_t n = strlen(known_name);

	if (known_name[n - 1] == '=' || known_name[n - 1] == '-')
		return strncmp(given, known_name, n) == 0;
	return strcmp(given, known_name) == 0;
}

static int append(char **list, const char *option)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? "," : "", option) < 0)
		return fail(-ENOMEM, "no memory for mount options");
	free(*list);
	*list = longer;
	return 0;
}

static int take_memory(struct mount_options *opts, const char *option)
{
	const char *size = option + strlen("memory=");
	uint64_t bytes;
	int err = size_parse(size, &bytes);

	if (err || bytes < IO_MEMORY_MIN)
		return fail(-EINVAL, "-o %s: a size is needed, 512K or more", option);
	opts->memory_bytes = bytes;
	return 0;
}

static int take_wait(struct mount_options *opts, const char *option)
{
	if (number_parse(option + strlen("wait="), 0, WAIT_MAX_S, &opts->wait_s))
		return fail(-EINVAL, "-o %s: a number of seconds is needed, up to %u", option,
			    WAIT_MAX_S);
	return 0;
}

/* What the daemon has to do for an option besides the kernel. */
static void take_durability(struct mount_options *opts, const char *option)
{
	if (strcmp(option, "sync") == 0 || strcmp(option, "async") == 0)
		opts->sync = option[0] == 's';
	if (strcmp(option, "dirsync") == 0)
		opts->dirsync = true;
}

/* As mount(8) has it: before all that is said expressly. */
static void take_implied(struct mount_options *opts, enum option_use use)
{
	opts->no_suid |= use == USER_OPTION || use == OWNER_OPTION;
	opts->no_exec |= use == USER_OPTION;
}

static int keep_of_mounted(struct mount_options *opts, const char *option)
{
	return opts->of_mounted ? 0 : append(&opts->of_mounted, option);
}

static int refuse_option(enum option_use use, const char *option)
{
	if (use == OF_MDT)
		return fail(-EINVAL, "-o %s: not supported; mount the MDT's file system with it",
			    option);
	return fail(-EINVAL,
		    "-o %s: not supported; reads from the page cache set no time of access",
		    option);
}

static int use_option(struct mount_options *opts, enum option_use use, const char *option)
{
	switch (use) {
	case FOR_FUSE:
		take_durability(opts, option);
		return append(&opts->fuse, option);
	case FOR_ROOT:
		return geteuid() ? fail(-EPERM, "-o %s: only root's mounts can have it", option)
				 : append(&opts->fuse, option);
	case FOR_OTHERS:
	case ALWAYS_SET:
		return 0;
	case USER_OPTION:
	case OWNER_OPTION:
		take_implied(opts, use);
		return 0;
	case DEBUG_OPTION:
		opts->debug = true;
		return 0;
	case MEMORY_OPTION:
		return take_memory(opts, option);
	case WAIT_OPTION:
		return take_wait(opts, option);
	case REMOUNT_OPTION:
		opts->remount = true;
		return 0;
	case OF_MOUNTED:
		return keep_of_mounted(opts, option);
	case ATIME_OPTION:
	case NOATIME_OPTION:
		opts->noatime = use == NOATIME_OPTION;
		return 0;
	case DIRATIME_OPTION:
	case NODIRATIME_OPTION:
		opts->nodiratime = use == NODIRATIME_OPTION;
		return 0;
	case OF_MDT:
	case NOT_SEEN:
		break;
	}
	return refuse_option(use, option);
}

static int add_option(struct mount_options *opts, const char *option)
{
	int err = append(&opts->all, option);

	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (matches(known[i].name, option))
			return use_option(opts, known[i].use, option);
	}
	return fail(-EINVAL, "-o %s: unknown option", option);
}

static int add_list(struct mount_options *opts, char *list)
{
	char *option;

	while ((option = strsep(&list, ","))) {
		int err = *option ? add_option(opts, option) : 0;

		if (err)
			return err;
	}
	return 0;
}

/* Before what is said expressly. Root's mounts are as those of any local file system: for all, with
 * set-user-id programs and device files. */
static int add_defaults(struct mount_options *opts)
{
	CLEANUP_FREE char *given = PTR_STEAL(opts->fuse);
	int err = geteuid() ? 0 : append(&opts->fuse, "allow_other,dev,suid");

	if (!err && opts->no_suid)
		err = append(&opts->fuse, "nosuid,nodev");
	if (!err && opts->no_exec)
		err = append(&opts->fuse, "noexec");
	if (!err && given)
		err = append(&opts->fuse, given);
	/* For the mount table. Of "atime" libfuse 3.17 knows nothing any more. */
	return err || !opts->noatime ? err : append(&opts->fuse, "noatime");
}

static int resolve_dir(const char *what, const char *path, char **ret_absolute)
{
	CLEANUP_FREE char *absolute = realpath(path, NULL);
	struct stat st;
	int err = absolute ? sys_fstatat(AT_FDCWD, absolute, &st, 0) : -errno;

	if (err)
		return fail_sys(err, "%s %s", what, path);
	if (!S_ISDIR(st.st_mode))
		return fail(-ENOTDIR, "%s %s: not a directory", what, path);
	*ret_absolute = PTR_STEAL(absolute);
	return 0;
}

/* The words after the options: for a remount the first is whatever mount(8) takes for the source. */
static int resolve_words(struct mount_options *opts, const char *dirs[2])
{
	int err;

	if (opts->remount) {
		opts->mount_path = realpath(dirs[1], NULL);
		return opts->mount_path ? 0 : fail_sys(-errno, "mount point %s", dirs[1]);
	}
	if (opts->of_mounted)
		return fail(-EINVAL, "-o %s: unknown option", opts->of_mounted);
	err = resolve_dir("MDT", dirs[0], &opts->mdt_path);
	return err ? err : resolve_dir("mount point", dirs[1], &opts->mount_path);
}

static int parse_options(int argc, char **argv, struct mount_options *opts)
{
	static const struct option long_options[] = { { "help", no_argument, NULL, 'h' },
						      { "version", no_argument, NULL, 'V' },
						      { NULL, 0, NULL, 0 } };
	int c, err = 0;

	opterr = 0;
	while (err == 0 && (c = getopt_long(argc, argv, "+:dfho:V", long_options, NULL)) != -1) {
		if (c == 'd')
			opts->debug = true;
		else if (c == 'f')
			opts->foreground = true;
		else if (c == 'h')
			opts->help = true;
		else if (c == 'V')
			opts->version = true;
		else if (c == 'o')
			err = add_list(opts, optarg);
		else if (c == ':')
			err = fail(-EINVAL, "-o: needs a list of options");
		else
			err = fail(-EINVAL, "%s: unknown option", argv[optind - 1]);
	}
	return err;
}

/* Options may come before, between and after the two directories: mount(8) puts them last. */
static int parse_words(int argc, char **argv, struct mount_options *opts, const char *dirs[2])
{
	int count = 0, err = parse_options(argc, argv, opts);

	while (err == 0 && optind < argc) {
		if (count == 2)
			return fail(-EINVAL, "%s: one argument too many", argv[optind]);
		dirs[count++] = argv[optind++];
		err = parse_options(argc, argv, opts);
	}
	if (err || opts->help || opts->version)
		return err;
	return count == 2 ? 0 : fail(-EINVAL, "the MDT's directory and a mount point are needed");
}

int mount_options_parse(int argc, char **argv, struct mount_options *ret_opts)
{
	struct mount_options opts = { .wait_s = WAIT_DEFAULT_S };
	const char *dirs[2] = { NULL, NULL };
	int err = parse_words(argc, argv, &opts, dirs);

	if (err == 0)
		err = add_defaults(&opts);
	if (err == 0 && dirs[1] && !opts.help && !opts.version)
		err = resolve_words(&opts, dirs);
	if (err) {
		mount_options_release(&opts);
		return err;
	}
	opts.foreground = opts.foreground || opts.debug;
	*ret_opts = opts;
	return 0;
}

void mount_options_release(struct mount_options *opts)
{
	free(opts->mdt_path);
	free(opts->mount_path);
	free(opts->fuse);
	free(opts->all);
	free(opts->of_mounted);
	*opts = (struct mount_options){ 0 };
}

void mount_options_help(void)
{
	fputs("usage: lovfs [OPTION]... MDT_DIR MOUNT_POINT\n"
	      "       lovfs -u [-lf] [-w SECONDS] MOUNT_POINT\n"
	      "\n"
	      "Serves the lovfs volume whose MDT is MDT_DIR, made by mkfs.lovfs(8), at "
	      "MOUNT_POINT.\n"
	      "Returns when the mount is there; a process in the background serves it until it is "
	      "unmounted.\n"
	      "\n"
	      "  -o LIST        options, separated by commas:\n"
	      "                   ro, rw, noexec, nosuid, nodev, noatime, nodiratime, sync, "
	      "dirsync, "
	      "context=...\n"
	      "                   allow_other   other users may use the mount (always so for "
	      "root's)\n"
	      "                   memory=SIZE   for the buffers of copies, all together (64M)\n"
	      "                   wait=SECONDS  for a process that is still closing the volume "
	      "(60)\n"
	      "                   debug         as -d\n"
	      "                   remount,...   change ro, rw, and other flags of a mount that is "
	      "there (root)\n"
	      "                 options for mount(8) and fstab(5) alone are ignored\n"
	      "  -u             unmount, and return when the volume is closed, after at most "
	      "SECONDS (60);\n"
	      "                 -l lazily, -f by force, as umount(8)\n"
	      "  -f             stay in the foreground, log to standard error\n"
	      "  -d             log everything, each request included; implies -f\n"
	      "  -h, --help     print this\n"
	      "  -V, --version  print the version\n"
	      "\n"
	      "Also: mount -t fuse.lovfs MDT_DIR MOUNT_POINT -o LIST, and fstab(5). To end: lovfs "
	      "-u "
	      "MOUNT_POINT, or umount(8).\n",
	      stdout);
}
