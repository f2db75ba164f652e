/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/direct.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What every file system is content with. */
#define ALIGN_USUAL 4096u

int direct_open(int fd, int access, uint32_t memory_align_bytes, int *ret_fd,
		uint32_t *ret_align_bytes)
{
	uint32_t memory = ALIGN_USUAL, offset = ALIGN_USUAL;
	int opened, err = sys_dio_align(fd, &memory, &offset);

	if (!err && (memory == 0 || offset == 0))
		return -EOPNOTSUPP;
	if (memory > memory_align_bytes)
		return -EOPNOTSUPP;
	opened = sys_reopen(fd, access | O_DIRECT | O_NOCTTY);
	if (opened < 0)
		return opened;
	*ret_fd = opened;
	*ret_align_bytes = MAX_OF(MAX_OF(offset, ALIGN_USUAL), (uint32_t)sysconf(_SC_PAGESIZE));
	return 0;
}

void direct_files_open(struct direct_files *f, int src_fd, int dst_fd, uint32_t memory_align_bytes)
{
	if (f->opened)
		return;
	f->opened = true;
	if (direct_open(src_fd, O_RDONLY, memory_align_bytes, &f->src, &f->src_align))
		f->src_align = 1;
	if (direct_open(dst_fd, O_WRONLY, memory_align_bytes, &f->dst, &f->dst_align))
		f->dst_align = 1;
}

void direct_files_close(struct direct_files *f)
{
	fd_cleanup(&f->src);
	fd_cleanup(&f->dst);
}
