/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees in a temporary directory, copied by tree/ from "src" to "dst", and compared. */
#ifndef LOVFS_UNIT_TEST_TREE_FIXTURE_H
#define LOVFS_UNIT_TEST_TREE_FIXTURE_H

#include "unit.h"

#include "base/error.h"
#include "base/sys.h"
#include "tree/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

/* What the callbacks have seen. */
struct seen {
	atomic_uint data_calls, made, errors;
	atomic_uint stop_after; /* data calls; 0: never */
	atomic_bool stop;
};

extern char top[64];

void shell(const char *command);

/* Each test has an empty directory as its working directory. */
int in_empty_directory(void **state);

int directory_gone(void **state);

void file_of(const char *path, size_t len_bytes, char fill);

/* ---- a copy ---- */

void note(void *cookie, const struct tree_name *name);

struct tree_options options_of(struct seen *s, unsigned int threads);

/* 0, or what kept it from beginning. */
int copy_with(const struct tree_options *o, const char *src, const char *dst_dir, const char *name,
	      struct tree_counts *ret_counts);

/* ---- what came of it ---- */

/*
 * Names, types, modes, owners, times to the nanosecond, targets, numbers of links; and by tar,
 * which knows no longest path, the data and who is linked to whom.
 */
bool same_trees(void);

/* Whatever regular file is there is complete, and there is no temporary one. */
void only_complete_files(void);

#endif
