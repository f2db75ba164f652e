/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exerciser/ex_ops.h"

#include <stddef.h>

struct op {
	const char *name;
	unsigned int weight;
	int (*run)(struct ex *x, struct ex_file *f);
};

static const struct op ops[] = {
	{ "write", 130, ex_rw_write },
	{ "read", 150, ex_rw_read },
	{ "append", 25, ex_rw_append },
	{ "writev", 40, ex_rw_writev },
	{ "readv", 40, ex_rw_readv },
	{ "compare", 4, ex_rw_compare },
	{ "direct write", 50, ex_direct_write },
	{ "direct read", 50, ex_direct_read },
	{ "mmap store", 60, ex_map_store },
	{ "mmap load", 60, ex_map_load },
	{ "ftruncate", 40, ex_space_ftruncate },
	{ "truncate", 15, ex_space_truncate },
	{ "fallocate", 25, ex_space_allocate },
	{ "punch", 40, ex_space_punch },
	{ "zero range", 25, ex_space_zero },
	{ "collapse", 4, ex_space_collapse },
	{ "insert", 4, ex_space_insert },
	{ "seek", 40, ex_seek_one },
	{ "seek walk", 8, ex_seek_walk },
	{ "copy within", 50, ex_copy_within },
	{ "copy between", 80, ex_copy_between },
	{ "copy refused", 10, ex_copy_refused },
	{ "sync", 12, ex_sync_file },
	{ "sync range", 8, ex_sync_range },
	{ "drop cache", 12, ex_sync_drop_cache },
	{ "reopen", 20, ex_sync_reopen },
	{ "stat", 10, ex_sync_stat },
	{ "link", 6, ex_name_link },
	{ "rename", 6, ex_name_rename },
	{ "exchange", 4, ex_name_exchange },
	{ "orphan", 4, ex_name_orphan },
};

#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static const struct op *choose(struct ex *x)
{
	uint64_t total = 0, at;

	for (size_t i = 0; i < NR_OPS; i++)
		total += ops[i].weight;
	at = xrand_below(&x->rnd, total);
	for (size_t i = 0; i < NR_OPS; i++) {
		if (at < ops[i].weight)
			return &ops[i];
		at -= ops[i].weight;
	}
	return &ops[0];
}

int ex_ops_run_one(struct ex *x)
{
	const struct op *op = choose(x);
	struct ex_file *f = &x->files[xrand_below(&x->rnd, x->opts->files)];

	ex_begin(x, f, op->name);
	if (op->run(x, f))
		return -1;
	return ex_check_size(x, f);
}
