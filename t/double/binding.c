/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A descriptor bound to a mirror reads and writes that one. Lustre finds out at the first I/O that there is
 * no such mirror. It lets anybody write to one, after which the mirrors differ and nothing says so; only
 * under the resync lease, and to a stale one, is it right.
 */
#include "binding.h"

#include "locked.h"
#include "lovfs.h"

#include <errno.h>

static int mirror_fd(struct open_file *f, bool writing)
{
	int fd = table_mirror_fd(f, f->bound, writing);

	if (fd == -EROFS)
		double_forbid("write to mirror %u, which is in sync", f->bound);
	return fd == -ENOENT ? -EINVAL : fd;
}

/*
 * 2.17: when somebody else opens the file for writing the lease is lost, but bound writes still
 * succeed. They fail once that one has written, which ends the layout version of the resync.
 */
static bool is_over(struct open_file *f)
{
	struct lovfs_ioc_data_version v;

	return lovfs_lease(f->fd) == LOVFS_LEASE_NONE &&
	       (lovfs_data_version(f->fd, &v) || v.version != f->resync_version);
}

int binding_read_fd(struct open_file *f, int fd)
{
	locked_check_io(f);
	return f->bound ? mirror_fd(f, false) : fd;
}

int binding_write_fd(struct open_file *f, int fd)
{
	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	locked_check_io(f);
	if (!f->bound)
		return f->replaced ? table_write_fd(f) : fd;
	if (f->lease != HELD_RESYNC)
		double_forbid("write to mirror without resync lease");
	if (is_over(f))
		return -ESTALE;
	return mirror_fd(f, true);
}
