/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/behind.h"

#include "base/checked.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

static void drop_window(int fd, uint64_t from, uint64_t len_bytes)
{
	(void)!sys_fadvise(fd, from, len_bytes, POSIX_FADV_DONTNEED);
}

int behind_finish(int fd, uint64_t offset, uint64_t len_bytes)
{
	int err = sys_finish_writeback(fd, offset, len_bytes);

	return err == -EINVAL || err == -ESPIPE || err == -EOPNOTSUPP || err == -ENOSYS ? 0 : err;
}

int behind_written(int fd, uint64_t start, uint64_t end, bool drop)
{
	uint64_t from = align_down(start, BEHIND_WINDOW_BYTES),
		 to = align_down(end, BEHIND_WINDOW_BYTES);
	int err;

	if (from >= to)
		return 0;
	/* Advice only: an error comes back from whoever waits. */
	(void)!sys_start_writeback(fd, from, to - from);
	if (!drop || from < BEHIND_WINDOW_BYTES)
		return 0;
	from -= BEHIND_WINDOW_BYTES;
	to -= BEHIND_WINDOW_BYTES;
	err = behind_finish(fd, from, to - from);
	if (!err)
		drop_window(fd, from, to - from);
	return err;
}

void behind_read(int fd, uint64_t start, uint64_t end)
{
	uint64_t from = align_down(start, BEHIND_WINDOW_BYTES),
		 to = align_down(end, BEHIND_WINDOW_BYTES);

	if (from < to)
		drop_window(fd, from, to - from);
}

int behind_leave(int src_fd, uint64_t src_offset, int dst_fd, uint64_t dst_offset,
		 uint64_t len_bytes)
{
	int err = behind_finish(dst_fd, dst_offset, len_bytes);

	if (!err)
		drop_window(dst_fd, dst_offset, len_bytes);
	if (src_fd >= 0)
		drop_window(src_fd, src_offset, len_bytes);
	return err;
}
