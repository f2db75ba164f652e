/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/holes.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/find_data.h"
#include "io/ladder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* lseek(2) on what can't tell holes from data, in the ways seen: all of it is data. */
static bool cannot_tell(int err)
{
	return err == -EINVAL || err == -EOPNOTSUPP || err == -ENOSYS || err == -ENOTTY ||
	       err == -ESPIPE;
}

int holes_at(int fd, uint64_t pos, uint64_t end, bool *ret_hole, uint64_t *ret_end)
{
	uint64_t data, hole;
	int err = io_seek(fd, pos, SEEK_DATA, &data);

	if (err == -ENXIO) {
		*ret_hole = true;
		*ret_end = end;
		return 0;
	}
	if (!err && data > pos) {
		*ret_hole = true;
		*ret_end = MIN_OF(data, end);
		return 0;
	}
	if (!err)
		err = io_seek(fd, pos, SEEK_HOLE, &hole);
	if (err && err != -ENXIO && !cannot_tell(err))
		return fail_sys(err, "looking for holes at offset %" PRIu64, pos);
	*ret_hole = false;
	/* -ENXIO: cut off between the two calls; who reads will see. */
	*ret_end = err || hole <= pos ? end : MIN_OF(hole, end);
	return 0;
}

/* Zeros over the data in [pos, end); holes stay. */
static int write_zeros(int fd, uint64_t pos, uint64_t end)
{
	static const char zeros[64 * KIB];

	while (pos < end) {
		uint64_t next;
		bool hole;
		int err = holes_at(fd, pos, end, &hole, &next);

		if (err)
			return err;
		for (; !hole && pos < next; pos += MIN_OF(sizeof(zeros), next - pos)) {
			err = sys_pwrite_full(fd, zeros, (size_t)MIN_OF(sizeof(zeros), next - pos),
					      pos);
			if (err)
				return fail_sys(err, "writing zeros at offset %" PRIu64, pos);
		}
		pos = next;
	}
	return 0;
}

int io_punch(int fd, uint64_t offset, uint64_t len_bytes)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct stat st;
	int err;

	if (offset >= INT64_MAX || len_bytes == 0)
		return 0;
	len_bytes = MIN_OF(len_bytes, INT64_MAX - offset);
	err = sys_fallocate(fd, mode, offset, len_bytes);
	if (!err)
		return 0;
	if (err != -EFBIG && io_ladder_judge(IO_SHARE, err) < 0)
		return fail_sys(err, "punching a hole at offset %" PRIu64, offset);

	/* Past the largest file, or can't punch: only what the file has. */
	if (sys_fstat(fd, &st))
		return fail_sys(err, "punching a hole at offset %" PRIu64, offset);
	if ((uint64_t)st.st_size <= offset)
		return 0;
	len_bytes = MIN_OF(len_bytes, (uint64_t)st.st_size - offset);
	if (err == -EFBIG) {
		err = sys_fallocate(fd, mode, offset, len_bytes);
		if (!err)
			return 0;
		if (io_ladder_judge(IO_SHARE, err) < 0)
			return fail_sys(err, "punching a hole at offset %" PRIu64, offset);
	}
	return write_zeros(fd, offset, offset + len_bytes);
}
