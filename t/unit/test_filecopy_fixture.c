/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_filecopy_fixture.h"

struct io_ladder ladder;

void pair_open(struct pair *p, const struct testfs *fs)
{
	*p = (struct pair){ .src = engine_file(fs, "source"),
			    .dst = engine_file(fs, "destination") };
	p->c.src_fd = p->src;
	p->c.dst_fd = p->dst;
	p->c.workers = 1;
}

void pair_close(struct pair *p)
{
	close(p->src);
	close(p->dst);
}

int run(struct pair *p, struct engine_hook *h)
{
	int err;

	error_clear();
	if (h)
		engine_hook_set(h);
	err = filecopy_run(&ladder, &p->c, &p->r);
	if (h)
		engine_hook_end(h);
	return err;
}

bool same_files(const struct pair *p)
{
	uint64_t size = engine_size(p->src);

	return engine_size(p->dst) == size && engine_equal(p->src, 0, p->dst, 0, size) == size;
}

void make_sparse(int fd)
{
	engine_write(fd, 0, ISLAND_BYTES, 1);
	engine_write(fd, MIB, ISLAND_BYTES, 1);
	assert_int_equal(ftruncate(fd, SPARSE_BYTES), 0);
}
