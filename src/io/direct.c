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
