/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/ex_ops.h"
#include "exerciser/ex_pick.h"

int ex_sync_file(struct ex *x, struct ex_file *f)
{
	bool data_only = xrand_chance(&x->rnd, 50);

	if ((data_only ? fdatasync(f->fd) : fsync(f->fd)) < 0)
		return ex_fail_errno(x, data_only ? "fdatasync" : "fsync");
	f->map_dirty = false;
	return 0;
}

int ex_sync_range(struct ex *x, struct ex_file *f)
{
	struct ex_range r = ex_pick_read(x, f);

	ex_note(x, " %#llx + %#llx", (unsigned long long)r.off, (unsigned long long)r.len);
	if (sync_file_range(f->fd, (off_t)r.off, (off_t)r.len,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) < 0)
		return ex_fail_errno(x, "sync_file_range");
	return 0;
}

int ex_sync_drop_cache(struct ex *x, struct ex_file *f)
{
	int rc = 0;

	/* Only clean pages are dropped. */
	if (xrand_chance(&x->rnd, 50)) {
		if (fdatasync(f->fd) < 0)
			return ex_fail_errno(x, "fdatasync");
		f->map_dirty = false;
	}
	rc = posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
	return rc != 0 ? ex_fail(x, "posix_fadvise: error %d", rc) : 0;
}

int ex_sync_reopen(struct ex *x, struct ex_file *f)
{
	ex_file_close(f);
	return ex_file_open(x, f);
}

int ex_sync_stat(struct ex *x, struct ex_file *f)
{
	char path[EX_PATH_MAX];
	struct stat by_name, by_fd;

	ex_path(x, f->name, path);
	if (stat(path, &by_name) < 0 || fstat(f->fd, &by_fd) < 0)
		return ex_fail_errno(x, "stat");
	if ((uint64_t)by_name.st_size != f->model.size)
		return ex_fail(x, "stat by name: size %#llx instead of %#llx",
			       (unsigned long long)by_name.st_size,
			       (unsigned long long)f->model.size);
	if (by_name.st_ino != by_fd.st_ino || by_name.st_dev != by_fd.st_dev)
		return ex_fail(x, "%s is another file than the open one", f->name);
	if (!S_ISREG(by_name.st_mode) || by_name.st_nlink != 1)
		return ex_fail(x, "mode %o, %lu links", by_name.st_mode,
			       (unsigned long)by_name.st_nlink);
	return 0;
}
