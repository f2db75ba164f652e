/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening, closing and duplicating.
 *
 * A regular file that was there before and is opened with O_DIRECT gets the descriptor of lovfs's second
 * inode, under the same number. A new file keeps its own: it's a victim, or else nobody has it locked.
 */
#include "calls_text.h"
#include "fault.h"
#include "lovfs.h"
#include "lustre.h"
#include "seen.h"
#include "special.h"
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELAYED (O_NOCTTY | O_ASYNC)

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_volatile(const char *path)
{
	return strncmp(name_of(path), LOVFS_VICTIM_PREFIX, strlen(LOVFS_VICTIM_PREFIX)) == 0;
}

static bool is_there(int dirfd, const char *path)
{
	struct stat st;

	return real.fstatat(dirfd, path, &st, 0) == 0;
}

/* Lustre makes them when a file is opened for writing: a layout that is set later meets EEXIST. */
static void make_objects(int fd, int flags)
{
	char path[PROC_PATH_MAX];
	int writer;

	if ((flags & O_ACCMODE) == O_RDONLY)
		return;
	writer = real.openat(AT_FDCWD, double_proc_path(fd, path), O_WRONLY | O_CLOEXEC);
	if (writer < 0)
		return;
	if (real.pwrite(writer, "", 1, 0) != 1 || real.ftruncate(writer, 0))
		double_log("the objects of a new file weren't made");
	real.close(writer);
}

static bool is_hidden(const struct identity *id)
{
	return id->ino >> 60 != 0;
}

static int replace(int fd, int flags, const struct lovfs_ioc_fid *fid)
{
	int keep = (flags & (O_ACCMODE | O_DIRECT | O_NOATIME | O_SYNC | O_APPEND));
	char path[PROC_PATH_MAX];
	int own = real.openat(AT_FDCWD, double_proc_path(fd, path), O_PATH | O_CLOEXEC);
	int whole;

	own = own < 0 ? -errno : double_hide_fd(own);
	if (own < 0)
		return own;
	whole = lovfs_open_mirror(fid, 0, keep);
	if (whole >= 0 && real.dup3(whole, fd, flags & O_CLOEXEC) < 0)
		abort();
	if (whole >= 0)
		real.close(whole);
	else
		real.close(own);
	return whole < 0 ? whole : own;
}

/* An O_PATH descriptor of its own inode, or -1: not replaced. */
static int replace_direct(int fd, int flags)
{
	struct lovfs_ioc_fid fid;
	struct identity id;
	int own;

	if (!(flags & O_DIRECT) || flags & O_PATH || !double_is_ours(fd, &id) ||
	    !S_ISREG(id.mode) || is_hidden(&id) || lovfs_fid(fd, &fid))
		return -1;
	own = replace(fd, flags, &fid);
	if (own < 0)
		double_log("a descriptor opened with O_DIRECT stays as it is: %s",
			   strerrorname_np(-own));
	return own < 0 ? -1 : own;
}

static bool has_mirrors(int fd)
{
	unsigned char bytes[65536];
	char path[PROC_PATH_MAX];
	ssize_t n = lovfs_layout(double_proc_path(fd, path), bytes, sizeof(bytes));

	return n >= 32 && bytes[0] == (LUSTRE_MAGIC_COMPOSITE & 0xff) && bytes[2] == 0xd6 &&
	       (bytes[16] || bytes[17]);
}

static void note_seen(int fd)
{
	struct open_file *f = table_get(fd);

	if (f)
		seen_note_file(f);
	table_put(f);
}

static void add(int fd, int flags, bool created)
{
	bool at_once = created && (flags & DELAYED) != DELAYED;
	struct identity id;
	int own = -1;

	if (!double_is_ours(fd, &id)) {
		table_closed(fd);
		return;
	}
	if (at_once && S_ISREG(id.mode) && !has_mirrors(fd))
		make_objects(fd, flags);
	if (!created)
		own = replace_direct(fd, flags);
	table_add(fd, flags, own, at_once && (flags & O_ACCMODE) != O_RDONLY);
	if (created)
		note_seen(fd);
}

/* lovfs's hidden directory isn't there on Lustre. */
static bool is_hidden_name(const char *path)
{
	const char *at = strstr(path, LOVFS_HIDDEN_DIR "/");

	return at && (at == path || at[-1] == '/');
}

static int open_ours(int dirfd, const char *path, int flags, mode_t mode)
{
	bool creates = (flags & O_CREAT) && (flags & O_TMPFILE) != O_TMPFILE;
	bool created = creates && ((flags & O_EXCL) || !is_there(dirfd, path));
	int fd;

	if (is_hidden_name(path)) {
		double_log("lovfs's hidden directory was asked for");
		return -ENOENT;
	}
	if (creates && is_volatile(path)) {
		struct fault_effect e = fault_enter(FAULT_VOLATILE, NULL);

		if (e.err)
			return e.err;
	}
	fd = real.openat(dirfd, path, creates ? flags & ~DELAYED : flags, mode);
	if (fd < 0)
		return -errno;
	/* Otherwise it gets its layout later. */
	if (created && (flags & DELAYED) != DELAYED)
		special_inherit(fd, dirfd, path);
	add(fd, flags, created);
	return fd;
}

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
	char link[PROC_PATH_MAX], text[4096];
	int fd;

	if (!double_mount()->active)
		return real.openat(dirfd, path, flags, mode);
	fd = calls_text_fdinfo(path);
	if (fd >= 0)
		return fd;
	path = calls_text_redirect(path, text, sizeof(text));
	path = table_fix_path(path, link);
	return (int)double_answer(open_ours(dirfd, path, flags, mode));
}

static mode_t mode_arg(int flags, va_list ap)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                          \
	EXPORT int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(ap, flags);                                                               \
		mode = mode_arg(flags, ap);                                                        \
		va_end(ap);                                                                        \
		return open_any(AT_FDCWD, path, flags, mode);                                      \
	}

#define DEFINE_OPENAT(name)                                                                        \
	EXPORT int name(int dirfd, const char *path, int flags, ...)                               \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(ap, flags);                                                               \
		mode = mode_arg(flags, ap);                                                        \
		va_end(ap);                                                                        \
		return open_any(dirfd, path, flags, mode);                                         \
	}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

EXPORT int creat(const char *path, mode_t mode)
{
	return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
	return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* ---- closing ---- */

EXPORT int close(int fd)
{
	if (double_mount()->active)
		table_closed(fd);
	return real.close(fd);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	if (!double_mount()->active || flags & CLOSE_RANGE_CLOEXEC)
		return real.close_range(first, last, flags);
	table_closed_range(first, last);
	/* Above are the double's own. */
	if (first >= HIDDEN_FD_MIN)
		return 0;
	return real.close_range(first, last < HIDDEN_FD_MIN ? last : HIDDEN_FD_MIN - 1, flags);
}

/* ---- duplicating ---- */

static int duplicated(int fd, int new_fd)
{
	if (new_fd >= 0 && double_mount()->active)
		table_duplicated(fd, new_fd);
	return new_fd;
}

EXPORT int dup(int fd)
{
	(void)double_mount();
	return duplicated(fd, real.dup(fd));
}

EXPORT int dup3(int fd, int new_fd, int flags)
{
	(void)double_mount();
	return duplicated(fd, real.dup3(fd, new_fd, flags));
}

EXPORT int dup2(int fd, int new_fd)
{
	if (fd == new_fd)
		return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
	return dup3(fd, new_fd, 0);
}

static void set_direct(int fd, int flags)
{
	struct open_file *f = table_get(fd);

	if (f)
		f->direct = flags & O_DIRECT;
	table_put(f);
}

static int control(int fd, int cmd, long arg)
{
	int r;

	(void)double_mount();
	r = real.fcntl(fd, cmd, arg);
	if (r < 0 || !double_mount()->active)
		return r;
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		table_duplicated(fd, r);
	else if (cmd == F_SETFL)
		set_direct(fd, (int)arg);
	return r;
}

/* An argument that isn't there is read too, as libc does. */
EXPORT int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return control(fd, cmd, arg);
}

EXPORT int fcntl64(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return control(fd, cmd, arg);
}
