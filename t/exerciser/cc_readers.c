/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers of a file that nobody writes: "fill" makes it, "readers" demands exactly those bytes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/cc_access.h"
#include "exerciser/cc_block.h"
#include "exerciser/cc_cmds.h"
#include "exerciser/stamp.h"

#define FILL_FILE 2u
#define FILL_GEN 1u

struct reader {
	struct cc_run *run;
	struct xrand rnd;
	struct cc_access access;
	unsigned long nr_reads;
};

int cc_readers_fill(struct cc_run *run)
{
	size_t step = 1 << 20;
	uint64_t size = run->opts->size;
	void *buf = cc_run_buffer(run, step);
	int fd = open(run->opts->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		cc_run_fail_errno(run, run->opts->file);
	for (uint64_t at = 0; at < size && !atomic_load(&run->failed); at += step) {
		size_t len = size - at < step ? size - at : step;
		ssize_t n;

		stamp_fill(buf, len, at, FILL_FILE, FILL_GEN);
		n = pwrite(fd, buf, len, (off_t)at);
		if (n < 0)
			cc_run_fail_errno(run, "pwrite");
		else if ((size_t)n != len)
			cc_run_fail(run, "pwrite: %zd instead of %zu bytes", n, len);
	}
	if (fd >= 0 && close(fd) < 0)
		cc_run_fail_errno(run, "close");
	free(buf);
	return cc_run_verdict(run, "%llu bytes", (unsigned long long)size);
}

/* Whole blocks go through the block check, which explains what it found. */
static int check_bytes(struct reader *r, uint64_t off, size_t len, const char *how)
{
	unsigned char want[CC_BLOCK];

	for (size_t at = 0; at < len; at += CC_BLOCK) {
		size_t part = len - at < CC_BLOCK ? len - at : CC_BLOCK;
		const char *found = (const char *)r->access.buf + at;

		stamp_fill(want, part, off + at, FILL_FILE, FILL_GEN);
		if (memcmp(want, found, part) == 0)
			continue;
		if (part == CC_BLOCK)
			return cc_run_check_block(r->run, found, FILL_FILE, (off + at) / CC_BLOCK,
						  FILL_GEN, FILL_GEN, how);
		return cc_run_fail(r->run, "%s: wrong bytes after %#llx", how,
				   (unsigned long long)(off + at));
	}
	return 0;
}

static int read_at(struct reader *r, uint64_t off, size_t len)
{
	const char *how;

	if (len > r->access.size - off)
		len = r->access.size - off;
	r->nr_reads++;
	if (cc_access_read(&r->access, r->run, &r->rnd, off, len, &how))
		return -1;
	return check_bytes(r, off, len, how);
}

static void *read_loop(void *cookie)
{
	struct reader *r = cookie;
	uint64_t nr_blocks = (r->access.size + CC_BLOCK - 1) / CC_BLOCK;
	int rc = 0;

	while (rc == 0 && !atomic_load(&r->run->stop))
		rc = read_at(r, xrand_below(&r->rnd, nr_blocks) * CC_BLOCK,
			     xrand_between(&r->rnd, 1, CC_ACCESS_MAX / CC_BLOCK) * CC_BLOCK);
	/* Once all of it, so that --seconds 0 is a plain verify. */
	for (uint64_t at = 0; rc == 0 && at < r->access.size; at += CC_ACCESS_MAX)
		rc = read_at(r, at, CC_ACCESS_MAX);
	return NULL;
}

int cc_readers_read(struct cc_run *run)
{
	unsigned int nr = run->opts->threads, started = 0;
	struct reader *readers = calloc(nr, sizeof(*readers));
	unsigned long nr_reads = 0;
	pthread_t threads[nr];
	struct stat st;

	if (!readers || stat(run->opts->file, &st) < 0 || st.st_size == 0) {
		free(readers);
		return cc_run_fail(run, "%s: can't be used", run->opts->file), 1;
	}
	for (; started < nr; started++) {
		struct reader *r = &readers[started];

		r->run = run;
		xrand_init(&r->rnd, run->opts->seed + started);
		if (cc_access_open(&r->access, run, run->opts->file, (uint64_t)st.st_size, false) ||
		    cc_run_thread(run, &threads[started], read_loop, r))
			break;
	}
	cc_run_wait(run);
	for (unsigned int i = 0; i < started; i++) {
		pthread_join(threads[i], NULL);
		nr_reads += readers[i].nr_reads;
		cc_access_close(&readers[i].access);
	}
	free(readers);
	return cc_run_verdict(run, "%lu reads", nr_reads);
}
