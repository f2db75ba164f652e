/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/new_requests.h"

#include "base/sys.h"

#include <endian.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* Not in all headers: since Linux 6.1 and 6.18. */
#define TMPFILE 51
#define COPY_FILE_RANGE_64 53

static void set_opcode(char *request, uint32_t opcode)
{
	memcpy(request + offsetof(struct fuse_in_header, opcode), &opcode, sizeof(opcode));
}

/* Behind the name that the kernel sends, "/" as well, there may be more. */
static void make_create(char *request, size_t len_bytes)
{
	size_t name = sizeof(struct fuse_in_header) + sizeof(struct fuse_create_in);

	if (len_bytes < name + sizeof(NEW_REQUESTS_NO_NAME))
		return;
	set_opcode(request, FUSE_CREATE);
	memcpy(request + name, NEW_REQUESTS_NO_NAME, sizeof(NEW_REQUESTS_NO_NAME));
}

static void rewrite(char *request, size_t len_bytes)
{
	uint32_t opcode;

	if (len_bytes < sizeof(struct fuse_in_header))
		return;
	memcpy(&opcode, request + offsetof(struct fuse_in_header, opcode), sizeof(opcode));
	if (opcode == TMPFILE)
		make_create(request, len_bytes);
	else if (opcode == COPY_FILE_RANGE_64 && __BYTE_ORDER == __LITTLE_ENDIAN)
		set_opcode(request, FUSE_COPY_FILE_RANGE);
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

#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)

/* A thread's own queue, which libfuse itself opens up to 3.16 only. -1: go on without. */
static int clone_queue(int fuse_fd)
{
	int fd = sys_openat(AT_FDCWD, "/dev/fuse", O_RDWR, 0);
	uint32_t master = (uint32_t)fuse_fd;

	if (fd < 0)
		return -1;
	if (ioctl(fd, FUSE_DEV_IOC_CLONE, &master)) {
		close(fd);
		return -1;
	}
	return fd;
}

int new_requests_accept(struct fuse_session *fuse)
{
	const struct fuse_custom_io io = { .read = read_request,
					   .writev = write_answer,
					   .clone_fd = clone_queue };

	return fuse_session_custom_io_317(fuse, &io, sizeof(io), fuse_session_fd(fuse));
}

#else

int new_requests_accept(struct fuse_session *fuse)
{
	const struct fuse_custom_io io = { .read = read_request, .writev = write_answer };

	return fuse_session_custom_io(fuse, &io, fuse_session_fd(fuse));
}

#endif
