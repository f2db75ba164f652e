/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- which mirror ---- */

static bool is_in_pool(const struct layout *l, uint32_t id, const char *pool)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == id && strcmp(l->comps[i].pool, pool) == 0)
			return true;
	}
	return false;
}

static int find_by_pool(const struct layout *l, const char *pool, uint32_t *ret_id)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX], id = 0;
	unsigned int count = mirror_ids(l, ids), found = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (is_in_pool(l, ids[i], pool)) {
			id = ids[i];
			found++;
		}
	}
	if (found != 1)
		return fail(-EINVAL, "has %u mirrors with components in pool %s, not one", found,
			    pool);
	*ret_id = id;
	return 0;
}

static int choose(struct fs *fs, const struct subject *file, uint32_t id, const char *pool,
		  uint32_t *ret_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = subject_mirrors(fs, file, &l);

	if (err)
		return err;
	if (id == 0 && pool)
		return find_by_pool(l, pool, ret_id);
	if (id == 0 || !mirror_exists(l, id))
		return fail(-ENOENT, "has no mirror %" PRIu32, id);
	*ret_id = id;
	return 0;
}

/* What can't be written out, as its OST is away, mustn't keep by force what else is to go. */
static int leave_file(struct fs *fs, struct subject *file, bool force)
{
	int err = subject_leave_file(fs, file);

	return err == -EIO && force ? subject_open_for_writing(fs, file) : err;
}

static int descriptor(const struct subject *file)
{
	return file->source_fd >= 0 ? file->source_fd : file->file_fd;
}

/* ---- to a new file ---- */

static int give_attributes(const struct subject *file, int fd)
{
	int err = sys_chown_fd(fd, file->st.st_uid, file->st.st_gid);

	/* Without the right to give a file away, it is the caller's own anyway. */
	if (err == -EPERM)
		err = 0;
	return err ? err : sys_chmod_fd(fd, file->st.st_mode & 07777);
}

static int split_into(struct fs *fs, const struct subject *file, uint32_t id, bool force, int fd,
		      const char *new_path)
{
	const struct timespec times[2] = { file->st.st_atim, file->st.st_mtim };
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (!err && st.st_dev != fs->dev)
		return fail(-EXDEV, "%s is not on the file system %s", new_path, fs->mount_point);
	if (!err)
		err = give_attributes(file, fd);
	if (err)
		return fail_sys(err, "cannot give %s its owner and mode", new_path);
	err = fs->ops->split(fs, descriptor(file), id, fd, force);
	if (err)
		return err;
	/* It has the data, and keeps it: times are only worth so much. */
	(void)!sys_utimens_fd(fd, times);
	return 0;
}

/* Whether the new file has got nothing, for sure: otherwise it may have the mirror's data. */
static bool is_empty(int fd)
{
	struct stat st;

	return sys_fstat(fd, &st) == 0 && st.st_size == 0;
}

static int split_to_file(struct fs *fs, const struct subject *file, uint32_t id, bool force,
			 const char *new_path)
{
	CLEANUP_FD int fd =
		sys_openat(AT_FDCWD, new_path,
			   O_RDWR | O_CREAT | O_EXCL | fs->data_flags | fs->create_flags, 0600);
	char text[ERROR_TEXT_MAX];
	int err;

	if (fd < 0)
		return fail_sys(fd, "cannot make %s", new_path);
	err = split_into(fs, file, id, force, fd, new_path);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	if (is_empty(fd))
		(void)!sys_unlinkat(AT_FDCWD, new_path, 0);
	return fail(err, "%s", text);
}

/* ---- to be destroyed ---- */

/* The mirror becomes the layout of a victim, which goes when it is closed. */
static int split_to_nothing(struct fs *fs, const struct subject *file, uint32_t id, bool force)
{
	CLEANUP_FD int fd = -1;
	int err = subject_make_victim(fs, file, NULL, &fd);

	return err ? err : fs->ops->split(fs, descriptor(file), id, fd, force);
}

int mirror_split(struct fs *fs, const char *path, uint32_t id, const char *pool,
		 const char *new_path, bool force)
{
	struct subject file;
	int err = subject_open(fs, path, O_RDONLY, "split", &file);

	if (err)
		return err;
	err = choose(fs, &file, id, pool, &id);
	if (!err)
		err = leave_file(fs, &file, force);
	if (!err)
		err = new_path ? split_to_file(fs, &file, id, force, new_path)
			       : split_to_nothing(fs, &file, id, force);
	subject_close(&file);
	return err;
}
