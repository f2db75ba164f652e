/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/publish.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How often another name is tried. */
#define TRIES 100

/* Privileges or kernels that don't let a descriptor be linked as it is want its name in /proc. */
static atomic_bool link_by_proc;

int target_check(const struct dirpair *d, const char *name, const struct stat *src_st,
		 bool no_clobber, enum target *ret_target)
{
	struct stat st;
	int err;

	*ret_target = TARGET_ABSENT;
	if (d->fresh)
		return 0;
	err = sys_fstatat(dirpair_dst(d), name, &st, AT_SYMLINK_NOFOLLOW);
	if (err == -ENOENT)
		return 0;
	if (err)
		return fail_sys(err, "its destination cannot be examined");
	if (S_ISDIR(st.st_mode))
		return fail(-EISDIR, "a directory of that name is in the destination");
	*ret_target = no_clobber ? TARGET_KEEP : TARGET_REPLACE;
	if (no_clobber)
		return 0;
	if (same_file(&st, src_st))
		return fail(-EINVAL, "source and destination are the same file");
	if (S_ISREG(src_st->st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return fail(-EINVAL, "the destination is not a regular file: it is left alone");
	return 0;
}

/* ---- names ---- */

/* ".NAME.lovXXXXXX", without NAME where that would be too long. */
static void temporary_name(const char *name, char buf[NAME_MAX + 1])
{
	static atomic_uint count;
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t number = (uint64_t)getpid() * 1000003 + clock_now_ns() +
			  (uint64_t)atomic_fetch_add(&count, 1) * 7919;
	char end[7];

	for (int i = 0; i < 6; i++, number /= 36)
		end[i] = digits[number % 36];
	end[6] = '\0';
	if (strlen(name) + strlen("..lov") + sizeof(end) > NAME_MAX)
		snprintf(buf, NAME_MAX + 1, ".lov%s", end);
	else
		snprintf(buf, NAME_MAX + 1, ".%s.lov%s", name, end);
}

static int link_fd(int fd, int dirfd, const char *name)
{
	char path[FD_PATH_MAX];
	int err;

	if (!atomic_load(&link_by_proc)) {
		err = sys_linkat(fd, "", dirfd, name, AT_EMPTY_PATH);
		if (err != -ENOENT && err != -EPERM && err != -EINVAL)
			return err;
		err = sys_linkat(AT_FDCWD, fd_path(fd, path), dirfd, name, AT_SYMLINK_FOLLOW);
		if (!err)
			atomic_store(&link_by_proc, true);
		return err;
	}
	return sys_linkat(AT_FDCWD, fd_path(fd, path), dirfd, name, AT_SYMLINK_FOLLOW);
}

static int link_made(void *cookie, int dirfd, const char *name)
{
	return link_fd(*(int *)cookie, dirfd, name);
}

/* make() under a temporary name that is free. */
static int make_temporary(const struct dirpair *d, const char *name, char buf[NAME_MAX + 1],
			  int (*make)(void *cookie, int dirfd, const char *name), void *cookie)
{
	int err = -EEXIST;

	for (int i = 0; i < TRIES && err == -EEXIST; i++) {
		temporary_name(name, buf);
		err = make(cookie, dirpair_dst(d), buf);
	}
	if (err)
		buf[0] = '\0';
	return err;
}

static void remove_temporary(const struct dirpair *d, char buf[NAME_MAX + 1])
{
	if (buf[0])
		(void)!sys_unlinkat(dirpair_dst(d), buf, 0);
	buf[0] = '\0';
}

/* The temporary name becomes `name`. */
static int rename_temporary(const struct dirpair *d, char temporary[NAME_MAX + 1], const char *name,
			    enum target target)
{
	int dirfd = dirpair_dst(d), err;

	if (target == TARGET_REPLACE) {
		err = sys_renameat2(dirfd, temporary, dirfd, name, 0);
	} else {
		err = sys_renameat2(dirfd, temporary, dirfd, name, RENAME_NOREPLACE);
		/* Not every file system knows that; NFS doesn't. */
		if (err == -EINVAL) {
			err = sys_linkat(dirfd, temporary, dirfd, name, 0);
			if (!err)
				remove_temporary(d, temporary);
		}
	}
	if (!err)
		temporary[0] = '\0';
	return err;
}

static int publish_failed(int err)
{
	if (err == -EEXIST)
		return fail(err, "its name was made in the destination meanwhile");
	return err ? fail_sys(err, "its copy cannot be given its name") : 0;
}

/* ---- files with data ---- */

struct creation {
	mode_t mode;
	int fd;
};

static int create_named(void *cookie, int dirfd, const char *name)
{
	struct creation *c = cookie;

	c->fd = sys_openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, c->mode);
	return c->fd < 0 ? c->fd : 0;
}

int newfile_open(struct dirpair *d, const char *name, mode_t mode, bool to_be_given,
		 struct newfile *ret_file)
{
	struct newfile f = { .dir = d, .fd = -1 };
	/* It can be opened by a temporary name: until it has its owner, by us alone. */
	struct creation c = { .mode = to_be_given ? mode & S_IRWXU : mode, .fd = -1 };
	int err = -EOPNOTSUPP;

	if (!atomic_load(&d->no_tmpfile)) {
		f.fd = sys_openat(dirpair_dst(d), ".", O_RDWR | O_TMPFILE, mode);
		err = f.fd < 0 ? f.fd : 0;
	}
	/* EISDIR: a kernel that doesn't know the flag. */
	if (err == -EOPNOTSUPP || err == -EISDIR || err == -EINVAL) {
		atomic_store(&d->no_tmpfile, true);
		err = make_temporary(d, name, f.temporary, create_named, &c);
		f.fd = c.fd;
	}
	if (err)
		return fail_sys(err, "its copy cannot be made");
	*ret_file = f;
	return 0;
}

int newfile_publish(struct newfile *f, const char *name, enum target target)
{
	int err = 0;

	if (!f->temporary[0]) {
		if (target == TARGET_ABSENT)
			return publish_failed(link_fd(f->fd, dirpair_dst(f->dir), name));
		err = make_temporary(f->dir, name, f->temporary, link_made, &f->fd);
	}
	if (!err)
		err = rename_temporary(f->dir, f->temporary, name, target);
	return publish_failed(err);
}

void newfile_close(struct newfile *f)
{
	if (f->fd >= 0)
		remove_temporary(f->dir, f->temporary);
	fd_cleanup(&f->fd);
}

/* ---- what has no data ---- */

int publish_made(struct dirpair *d, const char *name, enum target target,
		 int (*make)(void *cookie, int dirfd, const char *name), void *cookie)
{
	char temporary[NAME_MAX + 1], left[NAME_MAX + 1];
	int err;

	if (target == TARGET_ABSENT)
		return publish_failed(make(cookie, dirpair_dst(d), name));
	err = make_temporary(d, name, temporary, make, cookie);
	if (err)
		return publish_failed(err);
	/* Also after success: renaming to another name of the same file does nothing at all. */
	memcpy(left, temporary, sizeof(left));
	err = rename_temporary(d, temporary, name, target);
	remove_temporary(d, left);
	return publish_failed(err);
}
