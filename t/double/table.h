/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open files and directories of the mount, by descriptor. Descriptors made by dup() share one, with
 * binding, lease and lock, as in the kernel.
 */
#ifndef TABLE_H
#define TABLE_H

#include "double.h"
#include "lovfs_ioctl.h"

#include <stdatomic.h>

enum held_lease { HELD_NONE, HELD_READ, HELD_WRITE, HELD_RESYNC };

/* A mirror as a file of its own; -1: not opened yet. */
struct mirror_fds {
	uint32_t id;
	int read_fd, write_fd;
};

struct open_file {
	/* Set before it is in the table. */
	int fd; /* one of its descriptors, for lovfs's ioctls */
	bool regular;
	bool replaced; /* fd is of lovfs's second inode */
	int path_fd;   /* O_PATH, of the file's own inode, where it is replaced; otherwise -1 */
	int flags;     /* of open(2) */
	dev_t dev;     /* what fstat(fd) really says */
	ino_t ino;
	struct lovfs_ioc_fid fid;

	atomic_bool direct;
	atomic_bool seen;        /* its size was asked for, by seen_note_file() */
	atomic_bool layout_set;  /* by this descriptor */
	atomic_bool has_objects; /* created without the flags that delay them */
	atomic_uint lease;       /* enum held_lease: what was granted and not given up */
	atomic_uint gid;
	atomic_uint bound;          /* mirror id, 0: none */
	_Atomic uint64_t merged_by; /* by how much merges alone have changed lovfs's data version */
	_Atomic uint64_t resync_version; /* lovfs's data version when a resync began */

	/* guarded by the table's lock */
	unsigned int refs;
	struct mirror_fds mirrors[LOVFS_MIRRORS_MAX];
	unsigned int mirror_count;
	int write_fd;  /* for unbound writes where it is replaced; -1: not opened yet */
	int holder_fd; /* has its lease or lock where it's open for reading alone; -1: not opened */
};

/* For a descriptor opened just now: forgets what was there. With path_fd < 0 it isn't replaced. */
void table_add(int fd, int flags, int path_fd, bool created_with_objects);

/* NULL: not of the mount, or O_PATH. Otherwise with a reference. */
struct open_file *table_get(int fd);
void table_put(struct open_file *f);

/* For all that is in the table. What fn answers other than 0 is the result. */
int table_each(int (*fn)(struct open_file *f, void *cookie), void *cookie);

void table_closed(int fd);
void table_closed_range(unsigned int first, unsigned int last);
void table_duplicated(int fd, int new_fd);

/* The descriptor for I/O of the mirror, opened by need. -errno. */
int table_mirror_fd(struct open_file *f, uint32_t id, bool writing);
/* Another way to the file for writing, where fd is replaced. -errno. */
int table_write_fd(struct open_file *f);
/*
 * The descriptor that has the lease and the group lock, which lovfs gives to writers alone. -errno.
 */
int table_holder_fd(struct open_file *f);
/* The same is needed no more: the lease or lock is gone with it. */
void table_close_holder(struct open_file *f);
/* Closes what was opened by need, but that. */
void table_close_extra(struct open_file *f);

/* A path that leads to the file's own inode, also where the descriptor was replaced. */
const char *table_own_path(const struct open_file *f, char buf[PROC_PATH_MAX]);

/* The path as it is, or another one in buf where it names a replaced descriptor. */
const char *table_fix_path(const char *path, char buf[PROC_PATH_MAX]);

#endif
