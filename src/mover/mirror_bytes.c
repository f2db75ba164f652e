/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/mirror_bytes.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "layout/mirror.h"
#include "mover/aligned.h"

#include <errno.h>
#include <inttypes.h>

#define WAIT_MS 100
#define TICK_NS (100 * NS_PER_MS) /* between two calls of progress() */

int mirror_bytes_begin(struct mirror_bytes *b, const char *path, int flags, const char *verb)
{
	int err;

	b->file = (struct subject)SUBJECT_INIT;
	b->mirror_fd = -1;
	err = subject_open(b->fs, path, flags, verb, &b->file);
	if (!err)
		err = subject_mirrors(b->fs, &b->file, &b->layout);
	if (err)
		return err;
	if (!mirror_exists(b->layout, b->id))
		return fail(-ENOENT, "has no mirror %" PRIu32, b->id);
	b->buf = aligned_new(MIRROR_BYTES_BUFFER);
	return b->buf ? 0 : fail(-ENOMEM, "no memory");
}

void mirror_bytes_end(struct mirror_bytes *b)
{
	fd_cleanup(&b->mirror_fd);
	subject_close(&b->file);
	layout_unref(b->layout);
	free(b->buf);
}

void mirror_bytes_report(struct mirror_bytes *b, bool last)
{
	uint64_t now = clock_now_ns();

	if (!b->opt->progress || (!last && now - b->ticked_ns < TICK_NS))
		return;
	b->ticked_ns = now;
	b->opt->progress(b->done_bytes, MAX_OF(b->done_bytes, b->total_bytes), b->opt->cookie);
}

static int check_stop(const struct mirror_bytes *b)
{
	return b->opt->stop && atomic_load(b->opt->stop) ? fail(-ECANCELED, "interrupted") : 0;
}

int mirror_bytes_wait(const struct mirror_bytes *b, int fd, short events)
{
	int err = 0, ready = 0;

	while (!err && !ready) {
		ready = sys_poll(fd, events, WAIT_MS);
		err = ready < 0 ? fail_sys(ready, "cannot wait for the other end") : check_stop(b);
	}
	return err;
}

int mirror_bytes_count(struct mirror_bytes *b, size_t len)
{
	b->done_bytes += len;
	bandwidth_take(b->opt->limit, len, b->opt->stop);
	mirror_bytes_report(b, false);
	return check_stop(b);
}
