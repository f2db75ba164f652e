/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/copy_64.h"

#include <endian.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define COPY_FILE_RANGE_64 53 /* not in headers before Linux 6.18 */

static void rewrite(char *request, size_t len_bytes)
{
	uint32_t opcode;
	char *at = request + offsetof(struct fuse_in_header, opcode);

	if (len_bytes < sizeof(struct fuse_in_header))
		return;
	memcpy(&opcode, at, sizeof(opcode));
	if (opcode != COPY_FILE_RANGE_64)
		return;
	opcode = FUSE_COPY_FILE_RANGE;
	memcpy(at, &opcode, sizeof(opcode));
}

/* As libfuse calls read(2) and writev(2): -1 and errno. */
static ssize_t read_request(int fd, void *buf, size_t buf_bytes, void *userdata UNUSED)
{
	ssize_t n = read(fd, buf, buf_bytes);

	if (n > 0)
		rewrite(buf, (size_t)n);
	return n;
}

static ssize_t write_answer(int fd, struct iovec *iov, int count, void *userdata UNUSED)
{
	return writev(fd, iov, count);
}

int copy_64_accept(struct fuse_session *fuse)
{
	const struct fuse_custom_io io = { .read = read_request, .writev = write_answer };

	if (__BYTE_ORDER != __LITTLE_ENDIAN)
		return 0;
	return fuse_session_custom_io(fuse, &io, fuse_session_fd(fuse));
}
