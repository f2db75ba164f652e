/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of files, for tree/tree.h: copied by liblov, with one copier for the whole command. */
#ifndef LOVFS_CLI_COPY_DATA_H
#define LOVFS_CLI_COPY_DATA_H

#include "base/attr.h"
#include "cli/copy_watch.h"
#include "lov/copy.h"
#include "tree/tree.h"

struct copy_data;

struct copy_data_options {
	uint64_t memory_bytes, bytes_per_s; /* 0: as liblov has it, no limit */
	unsigned int threads;               /* for one file; 0: as many as are good for it */
	bool verify;
	struct copy_watch *watch; /* borrowed: sees the files */
};

/* What is known of a file: tree_file's data between copy_data_run() and done(). */
struct copy_data_file {
	struct lov_copy_result result;
	struct copy_watch_file watch; /* begun; done() ends it */
};

int MUST_CHECK copy_data_new(const struct copy_data_options *options, struct copy_data **ret_data);
/* NULL is fine. */
void copy_data_free(struct copy_data *c);

/* All that is under way, and all that comes, ends with -ECANCELED. Also in a signal handler. */
void copy_data_stop(void *data);

/* tree_options' copy_data; the cookie is the struct copy_data. Any thread. Leaves file->data NULL, or a
 * struct copy_data_file that done() frees with free(). */
int MUST_CHECK copy_data_run(void *data, struct tree_file *file);

/* What was measured and chosen between two devices. */
struct copy_data_choice {
	uint64_t src_dev, dst_dev;
	uint64_t kernel_bytes_per_s, direct_bytes_per_s;
};

/* The position-th pair for which there was something to choose; false: no more. When nothing is copied. */
bool copy_data_choice(struct copy_data *c, unsigned int position, struct copy_data_choice *ret);

#endif
