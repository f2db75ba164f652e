/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations. Each picks its arguments, runs on the file, updates the model and checks; see
 * ex.h for what it returns. ex_ops.c holds the table with how often each is chosen.
 */
#ifndef EXERCISER_EX_OPS_H
#define EXERCISER_EX_OPS_H

#include "exerciser/ex.h"

/* ex_rw.c: reads and writes through the page cache */
int ex_rw_write(struct ex *x, struct ex_file *f);
int ex_rw_read(struct ex *x, struct ex_file *f);
int ex_rw_append(struct ex *x, struct ex_file *f);
int ex_rw_writev(struct ex *x, struct ex_file *f);
int ex_rw_readv(struct ex *x, struct ex_file *f);
int ex_rw_compare(struct ex *x, struct ex_file *f);

/* ex_direct.c: O_DIRECT; nothing happens where it is refused */
int ex_direct_write(struct ex *x, struct ex_file *f);
int ex_direct_read(struct ex *x, struct ex_file *f);

/* ex_map.c: mmap */
int ex_map_store(struct ex *x, struct ex_file *f);
int ex_map_load(struct ex *x, struct ex_file *f);

/* ex_space.c: sizes and holes */
int ex_space_ftruncate(struct ex *x, struct ex_file *f);
int ex_space_truncate(struct ex *x, struct ex_file *f);
int ex_space_allocate(struct ex *x, struct ex_file *f);
int ex_space_punch(struct ex *x, struct ex_file *f);
int ex_space_zero(struct ex *x, struct ex_file *f);
int ex_space_collapse(struct ex *x, struct ex_file *f);
int ex_space_insert(struct ex *x, struct ex_file *f);

/* ex_seek.c: SEEK_DATA and SEEK_HOLE */
int ex_seek_one(struct ex *x, struct ex_file *f);
int ex_seek_walk(struct ex *x, struct ex_file *f);

/* ex_copy.c: copy_file_range */
int ex_copy_within(struct ex *x, struct ex_file *f);
int ex_copy_between(struct ex *x, struct ex_file *f);
int ex_copy_refused(struct ex *x, struct ex_file *f);

/* ex_sync.c: durability, caches, open and close */
int ex_sync_file(struct ex *x, struct ex_file *f);
int ex_sync_range(struct ex *x, struct ex_file *f);
int ex_sync_drop_cache(struct ex *x, struct ex_file *f);
int ex_sync_reopen(struct ex *x, struct ex_file *f);
int ex_sync_stat(struct ex *x, struct ex_file *f);

/* ex_name.c: other names for a file that stays open */
int ex_name_link(struct ex *x, struct ex_file *f);
int ex_name_rename(struct ex *x, struct ex_file *f);
int ex_name_exchange(struct ex *x, struct ex_file *f);
int ex_name_orphan(struct ex *x, struct ex_file *f);

/* Gives the files their first names back. */
int ex_name_restore(struct ex *x);

/* Runs one operation on one file, both chosen by the generator, and checks the size after it. */
int ex_ops_run_one(struct ex *x);

#endif
