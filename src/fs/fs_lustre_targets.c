/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre_targets.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSFS "/sys/fs/lustre"
#define FILE_BYTES_MAX 65536
#define PATTERN_MAX 256

/* Where the files of pools have been in one version or another. */
static const char *const pool_places[] = {
	"/proc/fs/lustre",
	"/sys/kernel/debug/lustre",
};

static void glob_cleanup(glob_t *g)
{
	globfree(g);
}

static int read_text(const char *path, char **ret_text)
{
	size_t len;

	return sys_read_file(AT_FDCWD, path, FILE_BYTES_MAX, ret_text, &len);
}

/* The number in a file of a directory; 0 where it can't be read. */
static uint64_t read_number(const char *dir, const char *name)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATTERN_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return read_text(path, &text) ? 0 : strtoull(text, NULL, 10);
}

/* The index in "fsname-OST000a..." or "fsname-MDT0000...". */
static bool index_of(const char *path, const char *fsname, const char *kind, uint32_t *ret_index)
{
	char prefix[32];
	const char *name = strrchr(path, '/');

	snprintf(prefix, sizeof(prefix), "/%.15s-%s", fsname, kind);
	if (!name || strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	*ret_index = (uint32_t)strtoul(name + strlen(prefix), NULL, 16);
	return true;
}

uint32_t fs_lustre_targets_count(const char *fsname)
{
	CLEANUP(glob_cleanup) glob_t found = { 0 };
	char pattern[PATTERN_MAX];
	uint32_t count = 0, index;

	snprintf(pattern, sizeof(pattern), SYSFS "/osc/%s-OST*-osc-[0-9a-f]*", fsname);
	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (index_of(found.gl_pathv[i], fsname, "OST", &index) && index < UINT16_MAX)
			count = MAX_OF(count, index + 1);
	}
	return count;
}

/* Where the client's own settings have been in one version or another. */
static const char *const lov_places[] = { SYSFS, "/proc/fs/lustre" };

/* One of `lctl get_param lov.FSNAME-clilov-*`; 0 where it can't be read. */
static uint64_t lov_number(const char *fsname, const char *name)
{
	uint64_t number = 0;

	for (size_t i = 0; !number && i < ARRAY_SIZE(lov_places); i++) {
		CLEANUP(glob_cleanup) glob_t found = { 0 };
		char pattern[PATTERN_MAX];

		snprintf(pattern, sizeof(pattern), "%s/lov/%s-clilov-[0-9a-f]*", lov_places[i],
			 fsname);
		if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc)
			number = read_number(found.gl_pathv[0], name);
	}
	return number;
}

void fs_lustre_targets_default(const char *fsname, uint32_t *ret_stripe_size,
			       uint16_t *ret_stripe_count)
{
	uint64_t size = lov_number(fsname, "stripesize");

	*ret_stripe_size = size <= UINT32_MAX ? (uint32_t)size : 0;
	*ret_stripe_count = (uint16_t)lov_number(fsname, "stripecount"); /* -1: all */
}

/* A line of letters. Older clients have no such file. */
static void read_state(struct fs_target *t, const char *dir)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATTERN_MAX + 64];

	snprintf(path, sizeof(path), "%s/statfs_state", dir);
	if (!read_text(path, &text))
		snprintf(t->state, sizeof(t->state), "%.*s", (int)strcspn(text, "\n"), text);
}

static void fill(struct fs_target *t, const char *dir, uint32_t index)
{
	const char *name = strrchr(dir, '/') + 1;
	CLEANUP_FREE char *state = NULL;
	char path[PATTERN_MAX + 64];

	*t = (struct fs_target){
		.index = index,
		.total_bytes = read_number(dir, "kbytestotal") * 1024,
		.free_bytes = read_number(dir, "kbytesfree") * 1024,
		.avail_bytes = read_number(dir, "kbytesavail") * 1024,
		.total_inodes = read_number(dir, "filestotal"),
		.free_inodes = read_number(dir, "filesfree"),
		.device = (uint64_t)index + 1, /* which servers share disks isn't told */
	};
	/* Of "fsname-OST0000-osc-ffff..." the part that names the target, as a UUID. */
	snprintf(t->path, sizeof(t->path), "%.*s_UUID", (int)(strrchr(name, '-') - name - 4), name);
	snprintf(path, sizeof(path), "%s/active", dir);
	if (!read_text(path, &state) && state[0] == '0') {
		t->inactive = true;
		t->deactivated = true;
		snprintf(t->why, sizeof(t->why), "deactivated on this client");
	} else if (t->total_bytes == 0) {
		t->inactive = true;
		snprintf(t->why, sizeof(t->why), "it doesn't answer");
	}
	read_state(t, dir);
}

int fs_lustre_targets_get(const char *fsname, uint32_t index, struct fs_target *ret_target)
{
	CLEANUP(glob_cleanup) glob_t found = { 0 };
	bool mdt = index == FS_TARGET_MDT;
	char pattern[PATTERN_MAX];

	if (mdt)
		snprintf(pattern, sizeof(pattern), SYSFS "/mdc/%s-MDT0000-mdc-[0-9a-f]*", fsname);
	else
		snprintf(pattern, sizeof(pattern), SYSFS "/osc/%s-OST%04x-osc-[0-9a-f]*", fsname,
			 index);
	if (glob(pattern, 0, NULL, &found) || found.gl_pathc == 0)
		return mdt ? fail(-ENODEV, "nothing is known of its MDT")
			   : fail(-ENODEV, "there is no OST %" PRIu32 ", or nothing is known of it",
				  index);
	fill(ret_target, found.gl_pathv[0], index);
	return 0;
}

/* ---- pools ---- */

/* One "fsname-OST0003_UUID" in a line. */
static void take_members(char *text, const char *fsname, struct fs_pool *pool)
{
	char *save = NULL, prefix[32];

	snprintf(prefix, sizeof(prefix), "%.15s-OST", fsname);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, prefix, strlen(prefix)) == 0 &&
		    pool->member_count < ARRAY_SIZE(pool->members))
			pool->members[pool->member_count++] =
				(uint32_t)strtoul(line + strlen(prefix), NULL, 16);
	}
}

static int read_pool(const char *path, const char *fsname, struct fs_pool *ret_pool)
{
	CLEANUP_FREE char *text = NULL;
	int err = read_text(path, &text);

	if (err)
		return err;
	memset(ret_pool, 0, sizeof(*ret_pool));
	snprintf(ret_pool->name, sizeof(ret_pool->name), "%.15s", strrchr(path, '/') + 1);
	take_members(text, fsname, ret_pool);
	return 0;
}

/* The directory of pools is there, but it may be root's alone. */
static bool can_be_listed(const char *place, const char *fsname)
{
	CLEANUP(glob_cleanup) glob_t found = { 0 };
	CLEANUP_FD int fd = -1;
	char pattern[PATTERN_MAX];

	snprintf(pattern, sizeof(pattern), "%s/lov/%s-clilov-*/pools", place, fsname);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) || found.gl_pathc == 0)
		return false;
	fd = sys_openat(AT_FDCWD, found.gl_pathv[0], O_RDONLY | O_DIRECTORY, 0);
	return fd >= 0;
}

int fs_lustre_targets_pool(const char *fsname, uint32_t position, struct fs_pool *ret_pool,
			   bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < ARRAY_SIZE(pool_places) && !*ret_known; i++) {
		CLEANUP(glob_cleanup) glob_t found = { 0 };
		char pattern[PATTERN_MAX];

		*ret_known = can_be_listed(pool_places[i], fsname);
		if (!*ret_known)
			continue;
		snprintf(pattern, sizeof(pattern), "%s/lov/%s-clilov-*/pools/*", pool_places[i],
			 fsname);
		if (glob(pattern, 0, NULL, &found) == 0 && position < found.gl_pathc)
			return read_pool(found.gl_pathv[position], fsname, ret_pool);
	}
	return -ENODEV;
}
