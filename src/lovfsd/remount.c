/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/remount.h"

#include "base/error.h"
#include "base/mountinfo.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

/* Options that are flags of a mount: those that the word sets, and takes back. */
static const struct flag {
	const char *name;
	unsigned long set, clear;
} flags[] = {
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "noatime", MS_NOATIME, ATIME_FLAGS },
	{ "atime", 0, MS_NOATIME },
	{ "relatime", MS_RELATIME, ATIME_FLAGS },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, ATIME_FLAGS },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
};
/* What the process that serves the mount does, which wouldn't hear of a change. (nodiratime isn't shown of
 * mounts that have it, so it is always one.) */
#define CONSTANT_FLAGS (MS_SYNCHRONOUS | MS_DIRSYNC | MS_NOATIME | MS_NODIRATIME)

static void apply(const char *word, size_t len, unsigned long *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, word, len) == 0)
			*value = (*value & ~flags[i].clear) | flags[i].set;
	}
}

static void apply_list(const char *list, unsigned long *value)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		apply(list, len, value);
		list += len + (list[len] == ',');
	}
}

static unsigned long with_atime(unsigned long value)
{
	return value & ATIME_FLAGS ? value : value | MS_STRICTATIME;
}

/* Read-only is said of the file system, the other flags of the mount; without a word about it, a mount
 * keeps strict times of access. */
static unsigned long flags_of(const struct mountinfo *m)
{
	unsigned long value = 0;

	apply_list(m->super_options, &value);
	apply_list(m->options, &value);
	if (mountinfo_has_option(m->super_options, "ro"))
		value |= MS_RDONLY;
	return with_atime(value);
}

static int find(const char *mount_path, struct mountinfo *ret_m)
{
	int err = mountinfo_at(MOUNTINFO_OWN, mount_path, NULL, ret_m);

	if (err == -ENOENT || (!err && strcmp(ret_m->type, "fuse.lovfs") != 0))
		return fail(-EINVAL, "%s: no volume is mounted there", mount_path);
	return err ? fail_sys(err, "%s", mount_path) : 0;
}

static int change(const char *mount_path, unsigned long wanted)
{
	if (mount("none", mount_path, NULL, MS_REMOUNT | wanted, NULL) == 0)
		return 0;
	if (errno == EBUSY)
		return fail(-EBUSY, "%s: files are open for writing", mount_path);
	return fail_sys(-errno, "%s: remount", mount_path);
}

int remount(const char *mount_path, const char *options, bool complete)
{
	CLEANUP_FREE struct mountinfo *m = malloc(sizeof(*m));
	unsigned long before, wanted;
	int err = m ? find(mount_path, m) : -ENOMEM;

	if (err)
		return err;
	if (geteuid())
		return fail(-EPERM, "%s: only root can remount", mount_path);
	before = flags_of(m);
	wanted = complete ? 0 : before;
	apply_list(options, &wanted);
	wanted = with_atime(wanted);
	if ((before ^ wanted) & CONSTANT_FLAGS)
		return fail(-EINVAL,
			    "%s: sync, dirsync, noatime and nodiratime can't be changed by a "
			    "remount; unmount first",
			    mount_path);
	err = change(mount_path, wanted);
	if (!err)
		err = find(mount_path, m);
	if (!err && flags_of(m) != wanted)
		err = fail(-EIO, "%s: the kernel has changed it to '%s,%s' only", mount_path,
			   m->options, m->super_options);
	return err;
}
