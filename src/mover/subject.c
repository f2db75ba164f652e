/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/subject.h"

#include "base/error.h"
#include "base/sys.h"
#include "mover/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int open_directory(const char *path, struct subject *s)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";

	if (slash) {
		size_t len = slash == path ? 1 : (size_t)(slash - path);

		if (len >= sizeof(dir))
			return fail_sys(-ENAMETOOLONG, "cannot open its directory");
		memcpy(dir, path, len);
		dir[len] = '\0';
	}
	s->dir_fd = sys_openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	if (s->dir_fd < 0)
		return fail_sys(s->dir_fd, "cannot open its directory");
	s->name = slash ? slash + 1 : path;
	return 0;
}

static int check_kind(const struct fs *fs, const char *verb, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return fail(-EISDIR, "is a directory; name the files in it");
	if (S_ISLNK(st->st_mode))
		return fail(-ELOOP, "is a symbolic link; name the file that it points to");
	if (!S_ISREG(st->st_mode))
		return fail(-EINVAL, "is not a regular file");
	if (st->st_dev != fs->dev)
		return fail(-EXDEV, "is not on the file system %s", fs->mount_point);
	if (geteuid() != 0 && geteuid() != st->st_uid)
		return fail(-EPERM, "belongs to user %u; only its owner and root may %s it",
			    st->st_uid, verb);
	return 0;
}

static int explain_open(int err, int flags)
{
	if (err == -ETXTBSY)
		return fail(err, "is a program that is running now");
	return fail_sys(err, "cannot open it for reading%s", flags == O_RDWR ? " and writing" : "");
}

static int open_file(struct fs *fs, int flags, const char *verb, struct subject *s)
{
	/* "dir/" and the like name a directory, and get its answer. */
	int err = sys_fstatat(s->dir_fd, *s->name ? s->name : ".", &s->st, AT_SYMLINK_NOFOLLOW);

	if (err)
		return fail_sys(err, "cannot %s it", verb);
	err = check_kind(fs, verb, &s->st);
	if (err)
		return err;
	s->file_fd = sys_openat(s->dir_fd, s->name,
				flags | fs->data_flags | O_NOFOLLOW | O_NOATIME | O_NOCTTY, 0);
	if (s->file_fd < 0)
		return explain_open(s->file_fd, flags);
	err = sys_fstat(s->file_fd, &s->st);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	return check_kind(fs, verb, &s->st);
}

int subject_open(struct fs *fs, const char *path, int flags, const char *verb,
		 struct subject *ret_subject)
{
	struct subject s = SUBJECT_INIT;
	int err = open_directory(path, &s);

	if (!err)
		err = open_file(fs, flags, verb, &s);
	if (err) {
		subject_close(&s);
		return err;
	}
	*ret_subject = s;
	return 0;
}

int subject_open_for_writing(struct fs *fs, struct subject *s)
{
	int fd = sys_reopen(s->file_fd, O_RDWR | fs->data_flags | O_NOATIME | O_NOCTTY);

	if (fd < 0)
		return explain_open(fd, O_RDWR);
	fd_cleanup(&s->file_fd);
	s->file_fd = fd;
	return 0;
}

static int check_streams(const struct subject *s)
{
	struct stat own;

	for (int fd = 0; fd <= 2; fd++) {
		int err = sys_fstat(fd, &own);

		if (err == -EBADF)
			continue;
		if (err)
			return fail_sys(err, "cannot look at standard input, output and error");
		if (own.st_dev == s->st.st_dev && own.st_ino == s->st.st_ino)
			return fail(-EBUSY, "is standard %s of this command",
				    fd == 0   ? "input"
				    : fd == 1 ? "output"
					      : "error");
	}
	return 0;
}

int subject_open_source(struct fs *fs, struct subject *s)
{
	int fd, err = fs->ops->open_source(fs, s->file_fd, &fd);

	if (!err)
		s->source_fd = fd;
	return err;
}

/* Writers that wait may have the inode's lock in the kernel, which close takes too: so that is done before. */
int subject_leave_file(struct fs *fs, struct subject *s)
{
	int err = check_streams(s);

	if (err)
		return err;
	err = subject_open_source(fs, s);
	if (!err)
		fd_cleanup(&s->file_fd);
	return err;
}

int subject_mirrors(struct fs *fs, const struct subject *s, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = fs->ops->layout_get(fs, s->source_fd >= 0 ? s->source_fd : s->file_fd, &l);

	if (err)
		return err;
	if (l->kind != LAYOUT_COMPOSITE || l->mirror_count < 2)
		return fail(-ENODATA, "has no mirrors");
	*ret_layout = PTR_STEAL(l);
	return 0;
}

/* Both must be of one owner (on Lustre: and group); and the space is his. Mostly they are, and then nothing need be
 * changed, which costs a server more than to be asked. */
static int give_owner(const struct stat *st, int victim_fd)
{
	struct stat victim;
	int err = sys_fstat(victim_fd, &victim);

	if (err)
		return fail_sys(err, "cannot read the attributes of the temporary file");
	if (victim.st_uid == st->st_uid && victim.st_gid == st->st_gid)
		return 0;
	err = sys_chown_fd(victim_fd, st->st_uid, st->st_gid);
	if (err && geteuid() == 0)
		return fail_sys(err, "cannot give the temporary file to user %u", st->st_uid);
	return 0;
}

int subject_make_victim(struct fs *fs, const struct subject *s, const struct layout *l, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	int of = s->file_fd >= 0 ? s->file_fd : s->source_fd;
	int err = fs->ops->victim_open(fs, s->dir_fd, of, l, &fd);

	if (!err)
		err = give_owner(&s->st, fd);
	if (err)
		return err;
	*ret_fd = fd_steal(&fd);
	return 0;
}

int subject_size_victim(struct fs *fs, const struct stat *st, int victim_fd)
{
	struct stat victim;
	int err = sys_fstat(victim_fd, &victim);

	if (!err && victim.st_size != st->st_size)
		err = sys_ftruncate(victim_fd, (uint64_t)st->st_size);
	return trouble_say(fs, victim_fd, err, "cannot set the size of the copy");
}

int subject_seal_victim(struct fs *fs, const struct stat *st, int victim_fd, uint64_t *ret_version)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int err = sys_utimens_fd(victim_fd, times);

	if (err)
		return fail_sys(err, "cannot set the times of the copy");
	return fs->ops->data_version(fs, victim_fd, false, ret_version);
}

void subject_close(struct subject *s)
{
	fd_cleanup(&s->source_fd);
	fd_cleanup(&s->file_fd);
	fd_cleanup(&s->dir_fd);
}
