/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/object_dir.h"

#include "base/error.h"
#include "base/sys.h"
#include "ost/ost.h"
#include "ost/ost_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define DIR_TEXT_MAX 40

static uint64_t first_seq(const struct ost *ost)
{
	return OST_SEQ_BASE + (uint64_t)ost->label.index * OST_SEQ_STEP;
}

/* Makes one directory and its entry durable. That another thread was first is fine. */
static int make_dir(int parent_fd, const char *name)
{
	int err = sys_mkdirat(parent_fd, name, 0700);

	if (err == -EEXIST)
		return 0;
	return err ? err : sys_fsync(parent_fd);
}

/* O itself isn't made here: where it is missing, this is no longer our directory. */
static int make_dirs(struct ost *ost, uint64_t seq, uint32_t slot)
{
	CLEANUP_FD int files_fd = -1;
	CLEANUP_FD int seq_fd = -1;
	char name[DIR_TEXT_MAX];
	int err = ost_check_label(ost, 0);

	if (err)
		return err;
	files_fd = ost_open_files(ost);
	if (files_fd < 0)
		return files_fd;
	snprintf(name, sizeof(name), "%" PRIx64, seq);
	err = make_dir(files_fd, name);
	if (err)
		return err;
	seq_fd = sys_openat(files_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (seq_fd < 0)
		return seq_fd;
	snprintf(name, sizeof(name), "d%" PRIu32, slot);
	return make_dir(seq_fd, name);
}

static int open_dir(struct ost *ost, uint64_t seq, uint32_t slot, bool make)
{
	char name[DIR_TEXT_MAX];
	int fd, err;

	snprintf(name, sizeof(name), OST_FILES_DIR "/%" PRIx64 "/d%" PRIu32, seq, slot);
	fd = sys_openat(ost->top_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd != -ENOENT || !make)
		return fd;
	err = make_dirs(ost, seq, slot);
	return err ? err : sys_openat(ost->top_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Keeps fd as the slot's; where another thread was first, closes fd and gives that one's. */
static int keep(struct ost *ost, uint32_t slot, int fd)
{
	int kept = -1;

	if (atomic_compare_exchange_strong(&ost->dir_fds[slot], &kept, fd))
		return fd;
	fd_cleanup(&fd);
	return kept;
}

int object_dir_get(struct ost *ost, struct fid id, bool make, struct object_dir *ret_dir)
{
	uint32_t slot = id.oid % OST_DIRS;
	bool kept = id.seq == first_seq(ost);
	int fd = kept ? atomic_load(&ost->dir_fds[slot]) : -1;

	if (fd < 0) {
		fd = open_dir(ost, id.seq, slot, make);
		if (fd < 0)
			return fd;
		if (kept)
			fd = keep(ost, slot, fd);
	}
	*ret_dir = (struct object_dir){
		.fd = fd,
		.owned = kept ? -1 : fd,
		.changed = kept ? &ost->dir_changed[slot] : &ost->other_changed,
	};
	return 0;
}

/* Runs sync(fd) if *changed, and leaves it changed where that fails. */
static int sync_changed(atomic_bool *changed, int (*sync)(int fd), int fd)
{
	int err;

	if (!atomic_exchange(changed, false))
		return 0;
	err = sync(fd);
	if (err)
		atomic_store(changed, true);
	return err;
}

/* Network and FUSE file systems may not know fsync of a directory. */
static int sync_dir(int fd)
{
	int err = sys_fsync(fd);

	return err == -EINVAL || err == -EOPNOTSUPP || err == -ENOSYS ? sys_syncfs(fd) : err;
}

static int sync_fs(int fd)
{
	return sys_syncfs(fd);
}

/*
 * The lock is held over the I/O on purpose: a thread whose own change was taken along by another
 * thread's sync finds the mark cleared, and must not return before that sync has ended. It guards
 * nothing else.
 */
int ost_sync(struct ost *ost)
{
	int err = ost_check_active(ost);

	if (err)
		return err;
	pthread_mutex_lock(&ost->sync_lock);
	for (uint32_t i = 0; !err && i < OST_DIRS; i++)
		err = sync_changed(&ost->dir_changed[i], sync_dir, atomic_load(&ost->dir_fds[i]));
	if (!err)
		err = sync_changed(&ost->other_changed, sync_fs, ost->top_fd);
	pthread_mutex_unlock(&ost->sync_lock);
	if (!err)
		return 0;
	err = ost_judge(ost, err);
	return ost_active(ost) ? fail_sys(err, "OST %u (%s): sync", ost->label.index, ost->path)
			       : err;
}
