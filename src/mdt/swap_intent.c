/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/swap_intent.h"

#include "base/error.h"
#include "base/sys.h"
#include "layout/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define INTENT_NAME_MAX (FID_TEXT_MAX + 8)

/* FIDs in PENDING are written without brackets. */
static const char *fid_name(struct fid fid, const char *suffix, char buf[INTENT_NAME_MAX])
{
	snprintf(buf, INTENT_NAME_MAX, "0x%llx:0x%x:0x%x%s", (unsigned long long)fid.seq, fid.oid,
		 fid.ver, suffix);
	return buf;
}

static const char *intent_name(struct fid victim, char buf[INTENT_NAME_MAX])
{
	return fid_name(victim, ".swap", buf);
}

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
	fd = sys_reopen(victim_fd, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return fd;
	err = sys_pwrite_full(fd, bytes, len, 0);
	return err ? err : sys_fsync(fd);
}

static int read_content(int victim_fd, struct layout **ret_layout)
{
	CLEANUP_FREE uint8_t *bytes = malloc(LAYOUT_BYTES_MAX);
	CLEANUP_FD int fd = -1;
	ssize_t n;

	if (!bytes)
		return -ENOMEM;
	fd = sys_reopen(victim_fd, O_RDONLY);
	if (fd < 0)
		return fd;
	n = sys_pread_full(fd, bytes, LAYOUT_BYTES_MAX, 0);
	return n < 0 ? (int)n : layout_decode(bytes, (size_t)n, ret_layout);
}

int swap_intent_make(struct mdt *mdt, struct fid victim, int victim_fd, int file_fd,
		     const struct layout *old_layout)
{
	char name[INTENT_NAME_MAX], path[FD_PATH_MAX];
	int err = write_content(victim_fd, old_layout);

	if (err)
		return fail_sys(err, "noting the old layout for a swap");
	err = sys_linkat(AT_FDCWD, fd_path(file_fd, path), mdt_pending_fd(mdt),
			 intent_name(victim, name), AT_SYMLINK_FOLLOW);
	if (err)
		return fail_sys(err, "noting a swap");
	err = mdt_sync(mdt);
	if (err && sys_unlinkat(mdt_pending_fd(mdt), name, 0))
		return fail_sys(err, "noting a swap (and taking the note back)");
	return err;
}

/* The name that a file without another name has in PENDING. */
static int keep_as_orphan(struct mdt *mdt, int file_fd, const char *name, struct fid *ret_orphan)
{
	char pending[INTENT_NAME_MAX];
	struct fid fid;
	int err = mdt_get_fid(mdt, file_fd, &fid);

	if (!err)
		err = sys_renameat2(mdt_pending_fd(mdt), name, mdt_pending_fd(mdt),
				    fid_name(fid, "", pending), 0);
	if (!err)
		*ret_orphan = fid;
	return err;
}

int swap_intent_remove(struct mdt *mdt, struct fid victim, struct fid *ret_orphan)
{
	char name[INTENT_NAME_MAX];
	CLEANUP_FD int fd = -1;
	struct stat st;
	int err;

	*ret_orphan = (struct fid){ 0 };
	fd = sys_openat(mdt_pending_fd(mdt), intent_name(victim, name), O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	err = sys_fstat(fd, &st);
	if (!err && st.st_nlink == 1)
		return keep_as_orphan(mdt, fd, name, ret_orphan);
	return err ? err : sys_unlinkat(mdt_pending_fd(mdt), name, 0);
}

int swap_intent_open(struct mdt *mdt, struct fid victim, int victim_fd, int *ret_file_fd,
		     struct layout **ret_old_layout)
{
	char name[INTENT_NAME_MAX];
	CLEANUP_FD int fd = -1;
	int err;

	fd = sys_openat(mdt_pending_fd(mdt), intent_name(victim, name), O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	err = read_content(victim_fd, ret_old_layout);
	if (err)
		return err;
	*ret_file_fd = fd_steal(&fd);
	return 0;
}
