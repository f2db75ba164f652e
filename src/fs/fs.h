/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the movers need of a striped file system, in one face. Two will implement it: fs_lovfs.c (a
 * lovfs mount) and fs_lustre.c (a Lustre client). Everything else is done with ordinary system
 * calls, the copying included.
 *
 * Calls return 0 or a negative errno with text. Descriptors are of files of the mount; a struct fs
 * may be used by several threads.
 */
#ifndef LOVFS_FS_FS_H
#define LOVFS_FS_FS_H

#include "base/attr.h"
#include "base/fid.h"
#include "layout/layout.h"
#include "layout/rules.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fs;

/* One OST, or the MDT. */
struct fs_target {
	uint32_t index; /* FS_TARGET_MDT for the MDT */
	bool inactive, no_create;
	uint64_t total_bytes, free_bytes, avail_bytes, total_inodes, free_inodes;
	uint64_t device; /* equal where two targets share a failure domain */
	char path[512];
	char why[128]; /* of being inactive */
};
#define FS_TARGET_MDT UINT32_MAX

struct fs_pool {
	char name[LAYOUT_POOL_NAME_MAX + 1];
	uint32_t member_count;
	uint32_t members[1024];
};

/* How the bytes of copies into a file moved. */
struct fs_moved {
	uint64_t shared_bytes, kernel_bytes, user_bytes, hole_bytes;
	uint64_t read_bytes, written_bytes; /* not copies: what programs read and wrote */
};

struct fs_swap {
	uint64_t file_version, victim_version; /* data versions that must still hold */
	bool close_lease; /* the file's lease must still be held, and is given up */
};

struct fs_ops {
	const char *name; /* "lovfs", "lustre" */

	/* Layout of a file, or default of a directory. -ENODATA: none. */
	int (*layout_get)(struct fs *fs, int fd, struct layout **ret_layout);
	/* Of a new file without objects, or a directory's default. -EEXIST: the file has one
	 * already. */
	int (*layout_set)(struct fs *fs, int fd, const struct layout *l);
	/* Removes a directory's default. */
	int (*layout_unset)(struct fs *fs, int fd);
	int (*fid_get)(struct fs *fs, int fd, struct fid *ret_fid);

	/* A file without a name in directory dirfd, with that layout, open for reading and writing;
	 * gone at its last close. */
	int (*victim_open)(struct fs *fs, int dirfd, int src_fd, const struct layout *l,
			   int *ret_fd);

	/* The data version of the file; dirty pages are flushed before. */
	int (*data_version)(struct fs *fs, int fd, uint64_t *ret_version);
	/* Read lease: -EBUSY where somebody has the file open for writing. */
	int (*lease_get)(struct fs *fs, int fd);
	/* Whether it is still held: 0, or -EBUSY. */
	int (*lease_check)(struct fs *fs, int fd);
	void (*lease_put)(struct fs *fs, int fd);
	/* Holds back others' writes. gid not 0. */
	int (*group_lock)(struct fs *fs, int fd, uint32_t gid);
	int (*group_unlock)(struct fs *fs, int fd, uint32_t gid);
	/*
	 * A descriptor of the file that stays usable while writers are held back: for all calls
	 * here, and for reading. Where writers are held back in the kernel, holding its lock of the
	 * file's own inode, this is one of another inode; the file's own must be closed before the
	 * group lock is taken.
	 */
	int (*open_source)(struct fs *fs, int fd, int *ret_fd);
	/* Swaps layouts of two files open for writing. -EAGAIN data changed, -EBUSY lease lost;
	 * nothing changed then. */
	int (*swap)(struct fs *fs, int fd, int victim_fd, const struct fs_swap *req);
	/* How bytes moved into this open file; on a directory, in all. -EOPNOTSUPP: not known here.
	 */
	int (*moved)(struct fs *fs, int fd, struct fs_moved *ret_moved);

	/* -ENODEV: no such index or position. */
	int (*target)(struct fs *fs, uint32_t index, struct fs_target *ret_target);
	int (*pool)(struct fs *fs, uint32_t position, struct fs_pool *ret_pool);
	void (*release)(struct fs *fs);
};

struct fs {
	const struct fs_ops *ops;
	int root_fd;            /* owned: a directory of the mount, any */
	char mount_point[4096]; /* of /proc/self/mountinfo */
	char fsname[16];
	uint32_t ost_count, pool_count;
	dev_t dev; /* st_dev of files of the mount */
};

/*
 * The file system that `path` (or, where that doesn't exist, its parent) is on. -EOPNOTSUPP with
 * text where it is neither lovfs nor Lustre. fs_free() releases; NULL is fine.
 */
int MUST_CHECK fs_open(const char *path, struct fs **ret_fs);
void fs_free(struct fs *fs);

/* What layouts are checked against, asked of the file system once; borrowed from fs. */
int MUST_CHECK fs_limits(struct fs *fs, const struct layout_limits **ret_limits);

#endif
