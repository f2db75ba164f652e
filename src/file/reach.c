/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what a mirror consists of can be reached now. Asked before anything is done by which the other
 * mirrors count no longer, so it must not be answered from memory: an open descriptor and the page cache
 * say nothing of a device that is gone.
 */
#include "file/file_impl.h"

#include "base/error.h"
#include "base/sys.h"
#include "ost/ost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 4096 /* no device has larger blocks */

/* An object that was removed while it is open here, or whose OST is gone, goes when it is closed. */
static int check_there(struct file *f, struct object_ref ref, int *ret_fd)
{
	struct ost *ost = objects_ost(f, ref);
	struct stat st;
	int fd = objects_fd_locked(f, ref), err;

	if (fd < 0)
		return fd;
	err = sys_fstat(fd, &st);
	if (err)
		return objects_fail(f->layout, ref, err, "look at the object");
	if (ost && !ost_active(ost))
		return objects_fail(f->layout, ref, -EIO, "the OST is inactive");
	if (st.st_nlink == 0)
		return objects_fail(f->layout, ref, -EIO, "the object has been removed");
	*ret_fd = fd;
	return 0;
}

static int check_writable(struct file *f, struct object_ref ref, void *cookie UNUSED)
{
	int fd, err = check_there(f, ref, &fd);

	return err ? err : objects_check_writable_locked(f, ref);
}

/* One block past the page cache; through it where the file system knows no other way. */
static ssize_t read_block(struct file *f, struct object_ref ref, int fd, uint64_t offset)
{
	_Alignas(BLOCK_BYTES) uint8_t block[BLOCK_BYTES];
	CLEANUP_FD int direct = objects_open_direct(f, ref);
	ssize_t n = direct < 0 ? direct : sys_pread(direct, block, sizeof(block), offset);

	return n == -EINVAL || n == -EOPNOTSUPP ? sys_pread(fd, block, 1, offset) : n;
}

/* Of its data the first block: of a hole no device is asked. */
static int check_readable(struct file *f, struct object_ref ref, void *cookie UNUSED)
{
	uint64_t data = 0;
	int fd, err = check_there(f, ref, &fd);
	ssize_t n;

	if (err)
		return err;
	err = sys_seek(fd, 0, SEEK_DATA, &data);
	if (err == -ENXIO)
		return 0;
	if (err && err != -EINVAL && err != -EOPNOTSUPP)
		return objects_fail(f->layout, ref, err, "look for data");
	n = read_block(f, ref, fd, data - data % BLOCK_BYTES);
	return n < 0 ? objects_fail(f->layout, ref, (int)n, "read") : 0;
}

static int check(struct file *f, uint32_t mirror_id, each_object_fn *fn)
{
	int err;

	file_lock_shared(f);
	err = each_object_locked(f, mirror_id, fn, NULL);
	file_unlock_shared(f);
	return err;
}

int file_check_writable(struct file *f, uint32_t mirror_id)
{
	return check(f, mirror_id, check_writable);
}

int file_check_readable(struct file *f, uint32_t mirror_id)
{
	return check(f, mirror_id, check_readable);
}

int file_size_unknown(struct file *f, uint32_t mirror_id, const char *what)
{
	char why[ERROR_TEXT_MAX] = "an OST can't be asked";
	int err = file_check_readable(f, mirror_id);

	if (err)
		snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(-EIO, "%s isn't known: %.400s", what, why);
}
