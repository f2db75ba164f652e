/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/aligned.h"

#include "base/checked.h"
#include "base/sys.h"

#include <stdlib.h>
#include <unistd.h>

size_t aligned_block_bytes(void)
{
	long page = sysconf(_SC_PAGESIZE);

	return page > 4096 ? (size_t)page : 4096;
}

size_t aligned_up(size_t len_bytes)
{
	return (size_t)align_up(len_bytes, aligned_block_bytes());
}

void *aligned_new(size_t len_bytes)
{
	void *mem;

	return posix_memalign(&mem, aligned_block_bytes(), len_bytes) ? NULL : mem;
}

ssize_t aligned_read(int fd, void *buf, size_t len_bytes, uint64_t offset)
{
	size_t block = aligned_block_bytes(), done = 0;

	/* What ends inside of a block is the end of the file: the next read couldn't be aligned. */
	while (done < len_bytes && done % block == 0) {
		ssize_t n = sys_pread(fd, (uint8_t *)buf + done, len_bytes - done, offset + done);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}
