/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/source_hole.h"

#include "base/sys.h"
#include "io/find_data.h"
#include "io/io.h"

#include <errno.h>
#include <unistd.h>

static int file_end(int fd, uint64_t *ret_end)
{
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (!err)
		*ret_end = (uint64_t)st.st_size;
	return err;
}

int source_hole_end(int fd, uint64_t pos, const atomic_bool *stop, uint64_t *ret_end)
{
	uint64_t data = pos;
	int err = io_seek(fd, pos, SEEK_DATA, stop, &data);

	if (err == -ENXIO)
		err = file_end(fd, &data);
	if (err == -ECANCELED)
		return err;
	/* What else is wrong the copy will say. */
	*ret_end = err ? pos : MAX_OF(data, pos);
	return 0;
}

int source_hole_make(int fd, uint64_t start, uint64_t end, const atomic_bool *stop)
{
	uint64_t data = start;
	int err = io_seek(fd, start, SEEK_DATA, stop, &data);

	if (err == -ECANCELED)
		return err;
	if (err == -ENXIO || (!err && data >= end))
		return 0;
	if (err)
		data = start;
	return io_punch(fd, data, end - data, stop);
}
