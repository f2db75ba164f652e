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

#define PUNCH_STEP_MIN GIB
#define PUNCH_STEPS 1024

/* lseek(2) on what can't tell holes from data, in the ways seen: all of it is data. */
static bool cannot_tell(int err)
{
	return err == -EINVAL || err == -EOPNOTSUPP || err == -ENOSYS || err == -ENOTTY ||
	       err == -ESPIPE;
}

int holes_at(int fd, uint64_t pos, uint64_t end, const atomic_bool *stop, bool *ret_hole,
	     uint64_t *ret_end)
{
	/* Asked once: where the file system has servers, they may be asked for it. */
	enum find_data_check check = find_data_check_for(fd);
	uint64_t data, hole;
	int err = find_data_seek(fd, check, pos, SEEK_DATA, stop, &data);

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
		err = find_data_seek(fd, check, pos, SEEK_HOLE, stop, &hole);
	if (err == -ECANCELED)
		return err;
	if (err && err != -ENXIO && !cannot_tell(err))
		return fail_sys(err, "looking for holes at offset %" PRIu64, pos);
	*ret_hole = false;
	/* -ENXIO: cut off between the two calls; who reads will see. */
	*ret_end = err || hole <= pos ? end : MIN_OF(hole, end);
	return 0;
}

static bool stopped(const atomic_bool *stop)
{
	return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

/* Zeros over the data in [pos, end); holes stay. */
static int write_zeros(int fd, uint64_t pos, uint64_t end, const atomic_bool *stop)
{
	static const char zeros[64 * KIB];

	while (pos < end) {
		uint64_t next;
		bool hole;
		int err = holes_at(fd, pos, end, stop, &hole, &next);

		if (err)
			return err;
		for (; !hole && pos < next; pos += MIN_OF(sizeof(zeros), next - pos)) {
			if (stopped(stop))
				return -ECANCELED;
			err = sys_pwrite_full(fd, zeros, (size_t)MIN_OF(sizeof(zeros), next - pos),
					      pos);
			if (err)
				return fail_sys(err, "writing zeros at offset %" PRIu64, pos);
		}
		pos = next;
	}
	return 0;
}

/* In steps, where somebody may want to stop it: a call can't be interrupted, and takes its time where extents are
 * many. */
static int punch(int fd, uint64_t offset, uint64_t len_bytes, const atomic_bool *stop)
{
	uint64_t step = stop ? MAX_OF(PUNCH_STEP_MIN, len_bytes / PUNCH_STEPS) : len_bytes;
	int err = 0;

	while (!err && len_bytes > 0) {
		uint64_t n = MIN_OF(step, len_bytes);

		if (stopped(stop))
			return -ECANCELED;
		err = sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, n);
		offset += n;
		len_bytes -= n;
	}
	return err;
}

static int fail_punch(int err, uint64_t offset)
{
	return fail_sys(err, "punching a hole at offset %" PRIu64, offset);
}

/* Whether the hole can be made otherwise. */
static bool cannot_punch(int err)
{
	return err != -ECANCELED && io_ladder_judge(IO_SHARE, err) >= 0;
}

int io_punch(int fd, uint64_t offset, uint64_t len_bytes, const atomic_bool *stop)
{
	struct stat st;
	int err;

	if (offset >= INT64_MAX || len_bytes == 0)
		return 0;
	len_bytes = MIN_OF(len_bytes, INT64_MAX - offset);
	err = punch(fd, offset, len_bytes, stop);
	if (!err || err == -ECANCELED)
		return err;
	if (err != -EFBIG && !cannot_punch(err))
		return fail_punch(err, offset);

	/* Past the largest file, or can't punch: only what the file has. */
	if (sys_fstat(fd, &st))
		return fail_punch(err, offset);
	if ((uint64_t)st.st_size <= offset)
		return 0;
	len_bytes = MIN_OF(len_bytes, (uint64_t)st.st_size - offset);
	if (err == -EFBIG) {
		err = punch(fd, offset, len_bytes, stop);
		if (!err || err == -ECANCELED)
			return err;
		if (!cannot_punch(err))
			return fail_punch(err, offset);
	}
	return write_zeros(fd, offset, offset + len_bytes, stop);
}
