/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/swap_intent.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "layout/codec.h"
#include "mdt/fid_name.h"
#include "mdt/lma.h"
#include "mdt/mdt.h"
#include "mdt/mdt_impl.h"
#include "mdt/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define INTENT_NAME_MAX (FID_NAME_MAX + sizeof(MDT_INTENT_SUFFIX))

static const char *intent_name(struct fid victim, char buf[INTENT_NAME_MAX])
{
	char name[FID_NAME_MAX];

	snprintf(buf, INTENT_NAME_MAX, "%s" MDT_INTENT_SUFFIX, fid_name(victim, name));
	return buf;
}

/* ---- the content of a victim ---- */

/* Opened for reading, too: recovery must be able to. */
static int write_content(int victim_fd, const struct layout *l)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	CLEANUP_FD int fd = -1;
	size_t len = layout_encoded_len(l);
	int err;

	bytes = malloc(len);
	if (!bytes)
		return -ENOMEM;
	err = layout_encode(l, bytes, len, &len);
	if (err)
		return err;
	fd = sys_reopen(victim_fd, O_RDWR | O_TRUNC);
	return fd < 0 ? fd : sys_pwrite_full(fd, bytes, len, 0);
}

static int empty_content(int victim_fd)
{
	CLEANUP_FD int fd = sys_reopen(victim_fd, O_WRONLY | O_TRUNC);

	return fd < 0 ? fd : 0;
}

int swap_intent_leave(int victim_fd, struct layout **ret_leave)
{
	CLEANUP_FREE uint8_t *bytes = malloc(LAYOUT_BYTES_MAX);
	CLEANUP_FD int fd = -1;
	ssize_t n;
	int err;

	if (!bytes)
		return -ENOMEM;
	fd = sys_reopen(victim_fd, O_RDONLY);
	if (fd < 0)
		return fd;
	n = sys_pread_full(fd, bytes, LAYOUT_BYTES_MAX, 0);
	if (n < 0)
		return (int)n;
	err = layout_decode(bytes, (size_t)n, ret_leave);
	if (err == -EUCLEAN) {
		*ret_leave = NULL;
		err = 0;
	}
	return err;
}

/* ---- removing ---- */

static bool has_name(int victim_fd)
{
	struct stat st;

	return victim_fd >= 0 && sys_fstat(victim_fd, &st) == 0 && st.st_nlink > 1;
}

/* V's place in PENDING, of one that has a name else. Left behind it harms nobody: the next mount
 * takes it away. */
static void leave_pending(struct mdt *mdt, struct fid victim)
{
	char name[FID_NAME_MAX];
	int err = sys_unlinkat(mdt->pending_fd, fid_name(victim, name), 0);

	if (err && err != -ENOENT)
		log_warning("%s stays in PENDING until the next mount: %s", name,
			    strerrordesc_np(-err));
}

/* The name that a file without another name has in PENDING. */
static int keep_as_orphan(struct mdt *mdt, int file_fd, const char *name, struct fid *ret_orphan)
{
	char pending[FID_NAME_MAX];
	struct fid fid;
	int err = lma_get_fid(mdt, file_fd, &fid);

	if (!err)
		err = sys_renameat2(mdt->pending_fd, name, mdt->pending_fd, fid_name(fid, pending),
				    0);
	if (!err)
		*ret_orphan = fid;
	return err;
}

int swap_intent_remove(struct mdt *mdt, struct fid victim, int victim_fd, struct fid *ret_orphan)
{
	bool named = has_name(victim_fd);
	char name[INTENT_NAME_MAX];
	CLEANUP_FD int fd = -1;
	struct stat st;
	int err;

	*ret_orphan = (struct fid){ 0 };
	fd = sys_openat(mdt->pending_fd, intent_name(victim, name), O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	/* First: it would still be believed if the link came back by a power loss. */
	if (named && empty_content(victim_fd))
		log_debug("%s: the note of a commit stays", name);
	err = sys_fstat(fd, &st);
	if (!err && st.st_nlink == 1)
		err = keep_as_orphan(mdt, fd, name, ret_orphan);
	else if (!err)
		err = sys_unlinkat(mdt->pending_fd, name, 0);
	if (!err && named)
		leave_pending(mdt, victim);
	return err;
}

/* ---- making ---- */

/* Before V's content is overwritten. */
static int check_none(struct mdt *mdt, const char *name)
{
	struct stat st;
	int err = sys_fstatat(mdt->pending_fd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (err)
		return err == -ENOENT ? 0 : err;
	return fail(-EBUSY,
		    "an earlier commit with that file isn't finished; the next mount will do that");
}

static int make_one(struct mdt *mdt, int file_fd, const struct swap_victim *v)
{
	char name[INTENT_NAME_MAX], path[FD_PATH_MAX];
	int err = check_none(mdt, intent_name(v->fid, name));

	if (!err)
		err = write_content(v->fd, v->leave);
	if (!err)
		err = pending_link(mdt, v->fid, v->fd);
	if (err)
		return err;
	err = sys_linkat(AT_FDCWD, fd_path(file_fd, path), mdt->pending_fd, name,
			 AT_SYMLINK_FOLLOW);
	if (err && has_name(v->fd))
		leave_pending(mdt, v->fid);
	return err;
}

/*
 * Enough, without syncing the whole file system: on XFS and ext4 a link is one transaction of a log that
 * is written in order, so each of these fsyncs brings all changes of names before it, and all but the
 * first find little to do. On Btrfs the fsync of an inode logs its content and all of its names, whose
 * directory entries are made when the log is replayed; that of the directory logs its new entries.
 * Elsewhere: by what fsync(2) promises, an inode and a directory entry are durable when both were synced.
 */
static int make_durable(struct mdt *mdt, int file_fd, const struct swap_victim *victims,
			unsigned int count)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < count; i++)
		err = mdt_fsync(mdt, victims[i].fd);
	if (!err)
		err = mdt_fsync(mdt, file_fd);
	return err ? err : sys_fsync(mdt->pending_fd);
}

static void take_back(struct mdt *mdt, const struct swap_victim *victims, unsigned int count)
{
	char text[FID_TEXT_MAX];
	struct fid orphan;

	for (unsigned int i = 0; i < count; i++) {
		int err = swap_intent_remove(mdt, victims[i].fid, victims[i].fd, &orphan);

		if (err)
			log_warning(
				"%s: the note of a commit that wasn't made stays in PENDING: %s",
				fid_text(victims[i].fid, text), strerrordesc_np(-err));
	}
}

int swap_intent_make(struct mdt *mdt, int file_fd, const struct swap_victim *victims,
		     unsigned int count)
{
	unsigned int made = 0;
	int err = 0;

	for (; !err && made < count; made += !err)
		err = make_one(mdt, file_fd, &victims[made]);
	if (!err)
		err = make_durable(mdt, file_fd, victims, count);
	if (!err)
		return 0;
	take_back(mdt, victims, made);
	return err == -EBUSY ? err : fail_sys(err, "noting a commit in PENDING");
}

int swap_intent_open(struct mdt *mdt, struct fid victim, int *ret_file_fd)
{
	char name[INTENT_NAME_MAX];
	int fd = sys_openat(mdt->pending_fd, intent_name(victim, name), O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	*ret_file_fd = fd;
	return 0;
}
