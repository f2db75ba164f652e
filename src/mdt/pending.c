/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/pending.h"

#include "base/error.h"
#include "base/sys.h"
#include "mdt/fid_name.h"
#include "mdt/layout_ea.h"
#include "mdt/mdt_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Whether name is exactly what fid_name() gives for a FID, or that of its intent. */
static bool parse_name(const char *name, struct fid *ret_fid)
{
	char text[FID_NAME_MAX], again[FID_NAME_MAX];
	const char *suffix = strchr(name, '.');
	size_t len = suffix ? (size_t)(suffix - name) : strlen(name);

	if ((suffix && strcmp(suffix, MDT_INTENT_SUFFIX) != 0) || len >= sizeof(text))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return text[0] == '0' && fid_parse(text, ret_fid) == 0 &&
	       strcmp(fid_name(*ret_fid, again), text) == 0;
}

int pending_link(struct mdt *mdt, struct fid fid, int fd)
{
	char name[FID_NAME_MAX], path[FD_PATH_MAX];
	int err = sys_linkat(AT_FDCWD, fd_path(fd, path), mdt->pending_fd, fid_name(fid, name),
			     AT_SYMLINK_FOLLOW);

	return err == -EEXIST ? 0 : err;
}

int pending_open(struct mdt *mdt, struct fid fid, int *ret_fd)
{
	char name[FID_NAME_MAX];
	int fd = sys_openat(mdt->pending_fd, fid_name(fid, name), O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/*
 * The entry goes before the layout file that may lie beside: a crash between leaves a small file
 * that nothing refers to, never a reference to nothing. An inode that still has a name keeps its
 * layout.
 */
int pending_remove(struct mdt *mdt, struct fid fid)
{
	CLEANUP_FD int fd = -1;
	struct layout_beside beside;
	char name[FID_NAME_MAX];
	struct stat st;
	int err = pending_open(mdt, fid, &fd);

	if (!err)
		err = sys_fstat(fd, &st);
	if (err)
		return err;
	layout_ea_beside(mdt, fd, &beside);
	err = sys_unlinkat(mdt->pending_fd, fid_name(fid, name), 0);
	if (!err && st.st_nlink == 1)
		layout_ea_forget(mdt, &beside);
	return err;
}

int pending_for_each(struct mdt *mdt, int (*fn)(void *cookie, struct fid fid), void *cookie)
{
	int fd = sys_openat(mdt->pending_fd, ".", O_RDONLY | O_DIRECTORY, 0), r = 0;
	struct dirent *entry;
	struct fid fid;
	DIR *dir;

	if (fd < 0)
		return fail_sys(fd, "list " MDT_PENDING_DIR);
	dir = fdopendir(fd);
	if (!dir) {
		fd_cleanup(&fd);
		return fail(-ENOMEM, "list " MDT_PENDING_DIR ": no memory");
	}
	while (!r) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = errno ? fail_sys(-errno, "list " MDT_PENDING_DIR) : 0;
			break;
		}
		if (parse_name(entry->d_name, &fid))
			r = fn(cookie, fid);
	}
	closedir(dir);
	return r;
}
