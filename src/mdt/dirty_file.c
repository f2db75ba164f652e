/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/dirty_file.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "layout/mirror.h"
#include "mdt/fid_name.h"
#include "mdt/mdt.h"
#include "mdt/mdt_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOUNTED "MOUNTED"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define LINE_BYTES_MAX 128 /* of MOUNTED: more is malformed */
#define MAP_NAME_MAX (FID_NAME_MAX + 16)

static const char *map_name(struct fid fid, uint32_t mirror_id, char buf[MAP_NAME_MAX])
{
	char name[FID_NAME_MAX];

	snprintf(buf, MAP_NAME_MAX, "%s.%" PRIu32, fid_name(fid, name), mirror_id);
	return buf;
}

/* ---- MOUNTED ---- */

/* What MOUNTED says under this boot of the machine. */
static int line_of_now(char ret_line[LINE_BYTES_MAX])
{
	char id[64];
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, BOOT_ID, O_RDONLY, 0);
	ssize_t n = fd < 0 ? fd : sys_pread_full(fd, id, sizeof(id) - 1, 0);

	if (n < 0)
		return fail_sys((int)n, "read " BOOT_ID);
	id[n] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (!id[0])
		return fail(-EIO, BOOT_ID " is empty");
	snprintf(ret_line, LINE_BYTES_MAX, "boot_id %s\n", id);
	return 0;
}

/* Whether the maps may be trusted, and whether MOUNTED says already what it is to say. What isn't
 * ours to read can't be trusted. */
static int read_mounted(struct mdt *mdt, const char *now, bool *ret_trusted, bool *ret_written)
{
	CLEANUP_FREE char *line = NULL;
	size_t len;
	int err = sys_read_file(mdt->dirfd, MOUNTED, LINE_BYTES_MAX, &line, &len);

	if (err && err != -ENOENT && err != -EFBIG)
		return fail_sys(err, "read " MOUNTED);
	*ret_written = !err && len == strlen(now) && memcmp(line, now, len) == 0;
	*ret_trusted = err == -ENOENT || *ret_written;
	return 0;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Calls fn with the name of everything in DIRTY, where there is nothing else than maps, until it returns
 * non-zero, which is returned. */
static int each_map(struct mdt *mdt, int (*fn)(struct mdt *mdt, const char *name, void *cookie),
		    void *cookie)
{
	int fd = sys_openat(mdt->dirty_fd, ".", O_RDONLY | O_DIRECTORY, 0), r = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fail_sys(fd, "list " MDT_DIRTY_DIR);
	dir = fdopendir(fd);
	if (!dir) {
		fd_cleanup(&fd);
		return fail(-ENOMEM, "list " MDT_DIRTY_DIR ": no memory");
	}
	while (!r) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = errno ? fail_sys(-errno, "list " MDT_DIRTY_DIR) : 0;
			break;
		}
		if (!is_dot(entry->d_name))
			r = fn(mdt, entry->d_name, cookie);
	}
	closedir(dir);
	return r;
}

static int remove_map(struct mdt *mdt, const char *name, void *cookie)
{
	unsigned int *removed = cookie;
	int err = sys_unlinkat(mdt->dirty_fd, name, 0);

	if (err)
		return fail_sys(err, "remove " MDT_DIRTY_DIR "/%s", name);
	++*removed;
	return 0;
}

/* Before MOUNTED says the boot of now: else the maps would be trusted after a crash in between. */
static int distrust_maps(struct mdt *mdt, unsigned int *ret_removed)
{
	int err = each_map(mdt, remove_map, ret_removed);

	if (err)
		return err;
	err = sys_fsync(mdt->dirty_fd);
	if (err)
		return fail_sys(err, "sync " MDT_DIRTY_DIR);
	if (*ret_removed)
		log_warning(
			"the volume wasn't closed before the machine went down: %u dirty maps are "
			"dropped, their mirrors count as out of date as a whole",
			*ret_removed);
	return 0;
}

int dirty_file_begin_use(struct mdt *mdt, unsigned int *ret_removed)
{
	char now[LINE_BYTES_MAX];
	bool trusted = false, written = false;
	unsigned int removed = 0;
	int err = line_of_now(now);

	if (!err)
		err = read_mounted(mdt, now, &trusted, &written);
	if (!err && !trusted)
		err = distrust_maps(mdt, &removed);
	if (err)
		return err;
	if (!written)
		err = sys_replace_file(mdt->dirfd, MOUNTED, now, strlen(now), 0600);
	if (err)
		return fail_sys(err, "write " MOUNTED);
	*ret_removed = removed;
	return 0;
}

int dirty_file_end_use(struct mdt *mdt)
{
	int err = mdt_sync(mdt);

	if (!err)
		err = sys_unlinkat(mdt->dirfd, MOUNTED, 0);
	if (!err)
		err = sys_fsync(mdt->dirfd);
	return err ? fail_sys(err, "remove " MOUNTED) : 0;
}

/* ---- maps ---- */

static int stop_at_map(struct mdt *mdt UNUSED, const char *name UNUSED, void *cookie UNUSED)
{
	return 1;
}

bool dirty_file_any(struct mdt *mdt)
{
	return each_map(mdt, stop_at_map, NULL) != 0;
}

/* Another inode than one that is there: somebody may still have that open. */
int dirty_file_create(struct mdt *mdt, struct fid fid, uint32_t mirror_id)
{
	char name[MAP_NAME_MAX];
	int err = dirty_file_remove(mdt, fid, mirror_id), fd;

	if (err)
		return err;
	map_name(fid, mirror_id, name);
	fd = sys_openat(mdt->dirty_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	return fd < 0 ? fail_sys(fd, "make " MDT_DIRTY_DIR "/%s", name) : fd;
}

int dirty_file_open(struct mdt *mdt, struct fid fid, uint32_t mirror_id)
{
	char name[MAP_NAME_MAX];
	int fd = sys_openat(mdt->dirty_fd, map_name(fid, mirror_id, name), O_RDWR | O_NOFOLLOW, 0);

	return fd < 0 ? fail_sys(fd, "open " MDT_DIRTY_DIR "/%s", name) : fd;
}

int dirty_file_remove(struct mdt *mdt, struct fid fid, uint32_t mirror_id)
{
	char name[MAP_NAME_MAX];
	int err = sys_unlinkat(mdt->dirty_fd, map_name(fid, mirror_id, name), 0);

	return err && err != -ENOENT ? fail_sys(err, "remove " MDT_DIRTY_DIR "/%s", name) : 0;
}

int dirty_file_remove_all(struct mdt *mdt, struct fid fid, const struct layout *l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);
	int err, first = 0;

	for (unsigned int i = 0; i < count; i++) {
		err = ids[i] ? dirty_file_remove(mdt, fid, ids[i]) : 0; /* 0: no mirrors, no maps */
		if (err && !first)
			first = err;
	}
	return first;
}
