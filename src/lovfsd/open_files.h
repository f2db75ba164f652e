/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The open files and directories that the kernel knows by a file handle. When the file system is
 * unmounted by force, or the daemon is asked to end while files are open, the kernel releases
 * nothing: what is left here then is closed instead.
 */
#ifndef LOVFS_LOVFSD_OPEN_FILES_H
#define LOVFS_LOVFSD_OPEN_FILES_H

#include "base/attr.h"

#include <pthread.h>
#include <stdint.h>

/* Part of what is open. */
struct open_node {
	void (*close)(
		struct open_node *node); /* gives up what it is part of; it is in no ring then */
	struct open_node *prev, *next;   /* guarded by open_files.lock */
};

struct open_files {
	pthread_mutex_t lock;
	struct open_node ends; /* guarded by lock: the ring's start and end */
};

void open_files_init(struct open_files *files);
/* Closes what is still open. No other thread may use `files` any more. */
void open_files_release(struct open_files *files);

/* node->close is set; the node lives until it is closed. */
void open_files_add(struct open_files *files, struct open_node *node);
/* Takes it out of the ring and closes it. */
void open_files_close(struct open_files *files, struct open_node *node);

/* An open regular file. */
struct open_file {
	struct open_node node;
	struct handle *handle; /* owned */
	int flags;             /* of open(2); set by whoever opens it */
};

/* Takes the handle, also on failure (-ENOMEM). */
int MUST_CHECK open_files_take(struct open_files *files, struct handle *h,
			       struct open_file **ret_file);

/* The number that stands for a file in FUSE's messages, and back. */
static inline uint64_t open_file_number(const struct open_file *file)
{
	return (uintptr_t)file;
}

static inline struct open_file *open_file_of(uint64_t number)
{
	return (struct open_file *)(uintptr_t)number;
}

#endif
