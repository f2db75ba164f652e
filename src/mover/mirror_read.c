/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "mover/aligned.h"
#include "mover/mirror_bytes.h"
#include "mover/trouble.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>

/* A pipe takes so much without waiting once it is ready for any; what is a file takes it all. */
static int write_out(const struct mirror_bytes *b, int out_fd, size_t len_bytes)
{
	struct stat st;
	size_t step = PIPE_BUF;
	int err = sys_fstat(out_fd, &st);

	if (!err && S_ISREG(st.st_mode))
		step = len_bytes;
	for (size_t done = 0; !err && done < len_bytes; done += step) {
		err = mirror_bytes_wait(b, out_fd, POLLOUT);
		if (err)
			return err;
		err = sys_write_full(out_fd, b->buf + done, MIN_OF(step, len_bytes - done));
	}
	return err ? fail_sys(err, "cannot write what was read") : 0;
}

static int explain_read(struct mirror_bytes *b, int err)
{
	const struct transfer_result here = { .read_failed = true,
					      .failed_offset = b->done_bytes,
					      .failed_len = 1 };

	err = fail_sys(err, "cannot read mirror %" PRIu32 " at offset %" PRIu64, b->id,
		       b->done_bytes);
	return trouble_explain(b->fs, b->file.file_fd, b->id, &here, err);
}

static int pour_out(struct mirror_bytes *b, int out_fd)
{
	for (;;) {
		ssize_t n = aligned_read(b->mirror_fd, b->buf, MIRROR_BYTES_BUFFER, b->done_bytes);
		int err;

		if (n < 0)
			return explain_read(b, (int)n);
		err = n ? write_out(b, out_fd, (size_t)n) : 0;
		if (err)
			return err;
		err = mirror_bytes_count(b, (size_t)n);
		if (err || (size_t)n < MIRROR_BYTES_BUFFER)
			return err;
	}
}

int mirror_read(struct fs *fs, const char *path, uint32_t id, int out_fd,
		const struct mirror_options *opt, struct mirror_result *ret_result)
{
	struct mirror_bytes b = { .fs = fs, .opt = opt, .id = id };
	uint64_t begin = clock_now_ns();
	int err = mirror_bytes_begin(&b, path, O_RDONLY, "read");

	if (!err) {
		b.total_bytes = (uint64_t)b.file.st.st_size;
		err = fs->ops->mirror_open(fs, b.file.file_fd, id, O_RDONLY, &b.mirror_fd);
	}
	if (!err)
		err = pour_out(&b, out_fd);
	if (!err) {
		mirror_bytes_report(&b, true);
		*ret_result = (struct mirror_result){
			.size_bytes = (uint64_t)b.file.st.st_size,
			.copied_bytes = b.done_bytes,
			.elapsed_ns = clock_now_ns() - begin,
			.mirrors = 1,
		};
	}
	mirror_bytes_end(&b);
	return err;
}
