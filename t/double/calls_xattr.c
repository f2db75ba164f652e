/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Extended attributes. A live Lustre doesn't tell a plain layout's generation: 0xffff is in its place; so it is with the
 * first OST of a directory's default, also in its components.
 * What has objects takes no other layout; only the ioctl says so.
 */
#include "calls_xattr.h"

#include "fault.h"
#include "lovfs.h"
#include "lustre.h"
#include "special.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define GENERATION_OFFSET 30
#define FLAGS_XATTR "lustre.lov.set.flags"
#define HEADER_BYTES 32
#define ENTRY_BYTES 48

static bool is_layout(const char *name)
{
	return strcmp(name, LOVFS_LAYOUT_XATTR) == 0 || strcmp(name, "trusted.lov") == 0;
}

/* The file of "/proc/self/fd/N", or NULL. */
static struct open_file *file_of_path(const char *path)
{
	int fd = double_mount()->active ? double_proc_fd(path) : -1;

	return fd >= 0 ? table_get(fd) : NULL;
}

static bool is_ours(const char *path, bool or_directory)
{
	struct stat st;

	return double_mount()->active && real.fstatat(AT_FDCWD, path, &st, 0) == 0 &&
	       (S_ISREG(st.st_mode) || (or_directory && S_ISDIR(st.st_mode))) &&
	       st.st_dev == double_mount()->dev;
}

/* ---- reading ---- */

static uint32_t u32_at(const void *bytes, size_t offset)
{
	uint32_t n;

	memcpy(&n, (const char *)bytes + offset, sizeof(n));
	return n;
}

/* Of the plain layout at that offset. */
static void hide_at(char *value, size_t n, size_t offset)
{
	static const unsigned char unknown[2] = { 0xff, 0xff };
	uint32_t magic;

	if (n < offset + GENERATION_OFFSET + 2)
		return;
	magic = u32_at(value, offset);
	if (magic == LUSTRE_MAGIC_V1 || magic == LUSTRE_MAGIC_V3)
		memcpy(value + offset + GENERATION_OFFSET, unknown, sizeof(unknown));
}

/* Components of files keep theirs, those of a directory's default don't. */
static void hide_generation(const char *path, char *value, size_t n)
{
	size_t count = n < HEADER_BYTES ? 0 : u32_at(value, 12) >> 16;
	struct stat st;

	hide_at(value, n, 0);
	if (n < HEADER_BYTES || u32_at(value, 0) != LUSTRE_MAGIC_COMPOSITE ||
	    real.fstatat(AT_FDCWD, path, &st, 0) || !S_ISDIR(st.st_mode))
		return;
	for (size_t i = 0; i < count && HEADER_BYTES + (i + 1) * ENTRY_BYTES <= n; i++)
		hide_at(value, n, u32_at(value, HEADER_BYTES + i * ENTRY_BYTES + 24));
}

ssize_t calls_xattr_get_whole(struct open_file *f, const char *path, void *value)
{
	struct fault_effect e = fault_enter(FAULT_GETXATTR, f);
	ssize_t n;

	if (e.err)
		return e.err;
	n = special_show(path, value);
	if (n)
		return n;
	n = real.getxattr(path, LOVFS_LAYOUT_XATTR, value, 65536);
	return n < 0 ? -errno : n;
}

/* 0: it's an ordinary one. */
static ssize_t get_special(const char *path, void *value, size_t size)
{
	char *bytes = malloc(65536);
	ssize_t n = bytes ? special_show(path, bytes) : -ENOMEM;

	if (n > 0 && size && (size_t)n > size)
		n = -ERANGE;
	if (n > 0 && size)
		memcpy(value, bytes, (size_t)n);
	free(bytes);
	return n;
}

static ssize_t get_layout(const char *path, struct open_file *f, const char *name, void *value,
			  size_t size)
{
	struct fault_effect e = fault_enter(FAULT_GETXATTR, f);
	ssize_t n;

	if (e.err)
		return e.err;
	n = get_special(path, value, size);
	if (n)
		return n;
	n = real.getxattr(path, name, value, size);
	if (n < 0)
		return -errno;
	if (size)
		hide_generation(path, value, (size_t)n);
	return n;
}

/* 2.17: they are there with the mount option user_xattr alone. */
static bool is_unsupported(const char *path, const char *name)
{
	struct stat st;

	return !double_mount()->user_xattrs && strncmp(name, "user.", 5) == 0 &&
	       double_mount()->active && real.fstatat(AT_FDCWD, path, &st, 0) == 0 &&
	       st.st_dev == double_mount()->dev;
}

static ssize_t get_any(const char *path, const char *name, void *value, size_t size, bool follow)
{
	struct open_file *f = file_of_path(path);
	char link[PROC_PATH_MAX];
	ssize_t n;

	path = table_fix_path(path, link);
	if (is_unsupported(path, name))
		n = double_answer(-EOPNOTSUPP);
	else if (is_layout(name) && is_ours(path, true))
		n = double_answer(get_layout(path, f, name, value, size));
	else
		n = follow ? real.getxattr(path, name, value, size)
			   : real.lgetxattr(path, name, value, size);
	table_put(f);
	return n;
}

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	return get_any(path, name, value, size, true);
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	return get_any(path, name, value, size, false);
}

/* Others than files of the mount by their own descriptor: O_PATH ones give EBADF, pipes what they give. */
static bool is_known_fd(int fd)
{
	struct open_file *f = double_mount()->active ? table_get(fd) : NULL;

	table_put(f);
	return f != NULL;
}

EXPORT ssize_t fgetxattr(int fd, const char *name, void *value, size_t size)
{
	char path[PROC_PATH_MAX];

	return is_known_fd(fd) ? getxattr(double_proc_path(fd, path), name, value, size)
			       : real.fgetxattr(fd, name, value, size);
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	char link[PROC_PATH_MAX];
	ssize_t n;

	path = table_fix_path(path, link);
	n = real.listxattr(path, list, size);
	return n > 0 && size ? special_hide_name(list, n) : n;
}

EXPORT ssize_t flistxattr(int fd, char *list, size_t size)
{
	char path[PROC_PATH_MAX];

	return is_known_fd(fd) ? listxattr(double_proc_path(fd, path), list, size)
			       : real.flistxattr(fd, list, size);
}

/* ---- setting ---- */

static int set_layout(const char *path, struct open_file *f, const char *name, const void *value,
		      size_t size, int flags)
{
	struct fault_effect e = fault_enter(FAULT_SETXATTR, f);

	if (e.err)
		return e.err;
	if (f && f->regular && f->has_objects)
		return -EEXIST;
	if (f && special_asked_for(value, size)) {
		int err = special_set(path, value, size);

		f->layout_set = f->layout_set || !err;
		return err;
	}
	if (real.setxattr(path, name, value, size, flags))
		return -errno;
	special_forget(path);
	if (f)
		f->layout_set = true;
	return 0;
}

/* By its name as an xattr: what has a layout keeps it, and nobody is told (2.17: 0). */
static int set_layout_silently(const char *path, struct open_file *f, const char *name,
			       const void *value, size_t size, int flags)
{
	int err = set_layout(path, f, name, value, size, flags);

	return err == -EEXIST ? 0 : err;
}

int calls_xattr_set_layout(struct open_file *f, const void *bytes, size_t len)
{
	char path[PROC_PATH_MAX];

	return set_layout(table_own_path(f, path), f, LOVFS_LAYOUT_XATTR, bytes, len, 0);
}

/* The server would take a mirror for one in sync that isn't. */
static int set_flags_of_one(int fd, uint32_t id, uint32_t flags)
{
	uint32_t named = flags & ~LUSTRE_COMP_NEGATE;

	if (!(flags & LUSTRE_COMP_NEGATE)) {
		int err = lovfs_component_flags(fd, id, named, 0);

		/* 2.17: what would leave no mirror in sync. */
		return err == -EBUSY && named & LUSTRE_COMP_STALE ? -EUCLEAN : err;
	}
	if (named & LUSTRE_COMP_STALE)
		double_forbid("stale cleared by hand: component %u", id);
	return lovfs_component_flags(fd, id, 0, named);
}

/* A composite header, and an entry for each component and what is to be set or cleared of it. */
static int set_flags(const char *path, const void *value, size_t size)
{
	size_t count = size < HEADER_BYTES ? 0 : (size - HEADER_BYTES) / ENTRY_BYTES;
	struct fault_effect e = fault_enter(FAULT_SETXATTR, NULL);
	int fd, err = 0;

	if (e.err)
		return e.err;
	if (!count || u32_at(value, 0) != LUSTRE_MAGIC_COMPOSITE ||
	    u32_at(value, 12) >> 16 != count || size != HEADER_BYTES + count * ENTRY_BYTES)
		return -EINVAL;
	fd = real.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < count && !err; i++) {
		size_t entry = HEADER_BYTES + i * ENTRY_BYTES;

		err = set_flags_of_one(fd, u32_at(value, entry), u32_at(value, entry + 4));
	}
	real.close(fd);
	return err;
}

EXPORT int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	struct open_file *f = file_of_path(path);
	char link[PROC_PATH_MAX];
	int err;

	path = table_fix_path(path, link);
	if (is_unsupported(path, name))
		err = (int)double_answer(-EOPNOTSUPP);
	else if (double_mount()->active && is_layout(name))
		err = (int)double_answer(set_layout_silently(path, f, name, value, size, flags));
	else if (double_mount()->active && strcmp(name, FLAGS_XATTR) == 0 && is_ours(path, false))
		err = (int)double_answer(set_flags(path, value, size));
	else
		err = real.setxattr(path, name, value, size, flags);
	table_put(f);
	return err;
}

EXPORT int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	char path[PROC_PATH_MAX];

	return is_known_fd(fd) ? setxattr(double_proc_path(fd, path), name, value, size, flags)
			       : real.fsetxattr(fd, name, value, size, flags);
}

EXPORT int removexattr(const char *path, const char *name)
{
	char link[PROC_PATH_MAX];

	path = table_fix_path(path, link);
	return real.removexattr(path, name);
}

EXPORT int fremovexattr(int fd, const char *name)
{
	char path[PROC_PATH_MAX];

	return is_known_fd(fd) ? removexattr(double_proc_path(fd, path), name)
			       : real.fremovexattr(fd, name);
}
