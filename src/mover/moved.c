/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/moved.h"

#include <string.h>

struct fs_moved moved_now(struct fs *fs, int fd)
{
	struct fs_moved m;

	if (fs->ops->moved(fs, fd, &m))
		memset(&m, 0, sizeof(m));
	return m;
}

void moved_add_since(struct fs *fs, int fd, const struct fs_moved *before, struct fs_moved *sum)
{
	struct fs_moved now = moved_now(fs, fd);

	sum->shared_bytes += now.shared_bytes - before->shared_bytes;
	sum->kernel_bytes += now.kernel_bytes - before->kernel_bytes;
	sum->user_bytes += now.user_bytes - before->user_bytes;
	sum->direct_bytes += now.direct_bytes - before->direct_bytes;
	sum->hole_bytes += now.hole_bytes - before->hole_bytes;
	sum->read_bytes += now.read_bytes - before->read_bytes;
	sum->written_bytes += now.written_bytes - before->written_bytes;
	sum->failovers += now.failovers - before->failovers;
}

void moved_add(struct fs_moved *sum, const struct fs_moved *more)
{
	sum->shared_bytes += more->shared_bytes;
	sum->kernel_bytes += more->kernel_bytes;
	sum->user_bytes += more->user_bytes;
	sum->direct_bytes += more->direct_bytes;
	sum->hole_bytes += more->hole_bytes;
	sum->read_bytes += more->read_bytes;
	sum->written_bytes += more->written_bytes;
	sum->failovers += more->failovers;
}

void moved_add_here(struct fs_moved *sum, const struct transfer_result *here)
{
	sum->user_bytes += here->user_bytes;
	sum->direct_bytes += here->direct_bytes;
	sum->hole_bytes += here->hole_bytes;
}
