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
	uint64_t failovers;                 /* reads that another mirror had to serve */
	uint64_t direct_bytes;              /* of user_bytes: written by direct I/O */
};

/* What was measured to choose between the kernel's copy and direct I/O; rates 0: not decided. */
struct fs_choice {
	uint64_t src_device, dst_device; /* st_dev of objects */
	uint64_t kernel_bytes_per_s, direct_bytes_per_s;
};

struct fs_swap {
	uint64_t file_version, victim_version; /* data versions that must still hold */
	bool close_lease; /* the file's lease must still be held, and is given up */
};

/* Copies of a file that are brought up to it while others write: mirrors of its own, or victims. */
struct fs_follow {
	const uint32_t *mirror_ids;
	unsigned int mirror_count;
	const int *victim_fds; /* when there are no mirrors */
	unsigned int victim_count;
	bool physical;   /* victims: they are to become mirrors, and share no extents */
	bool whole;      /* mirrors: all of them is to be copied, also what is known to be equal */
	bool make_stale; /* with whole: also mirrors that aren't stale */
};

struct fs_range {
	uint64_t start, end; /* bytes */
	bool tail;           /* the copy is to be cut to `start` first; also where end == start */
};

#define FS_RANGES_MAX 64
struct fs_changes {
	struct fs_range ranges[FS_RANGES_MAX];
	unsigned int count;  /* 0: none */
	uint64_t left_bytes; /* what is out of date besides these, from the file's start on */
	uint64_t size_bytes; /* of the file */
};

struct fs_merge {
	const int *victim_fds;
	const uint64_t *victim_versions; /* data versions that must still hold */
	unsigned int victim_count;
	uint64_t file_version;
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

	/* What was written to the file is durable, and no cache has it: the next read comes from where it
	 * is stored. */
	int (*drop_cache)(struct fs *fs, int fd);
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

	/*
	 * Following (all NULL where the file system can't: then writers have to be held back, or a
	 * lease be taken). fd is of open_source(). One at a time for a file: -EBUSY. Ends with
	 * follow_end(), or when fd is closed; what was taken and not copied is out of date again.
	 */
	int (*follow_begin)(struct fs *fs, int fd, const struct fs_follow *req);
	/* Takes what is out of date behind `from`, of one mirror or (0) of the victims. It is read
	 * after the call. */
	int (*follow_next)(struct fs *fs, int fd, uint32_t mirror_id, uint64_t from,
			   uint64_t max_bytes, struct fs_changes *ret_changes);
	/* A range of a mirror has been copied and is durable. */
	int (*follow_copied)(struct fs *fs, int fd, uint32_t mirror_id,
			     const struct fs_range *range);
	void (*follow_end)(struct fs *fs, int fd);

	/* One mirror as a file: open flags O_RDONLY or O_RDWR (while it is followed). -ENOENT. */
	int (*mirror_open)(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd);
	/* The mirrors that fd follows are in sync from now on. -EAGAIN: they have become out of date
	 * again; nothing changed then. */
	int (*mirrors_synced)(struct fs *fs, int fd, const uint32_t *mirror_ids,
			      unsigned int count);
	/* Victims (or other files: they become empty) become mirrors. -EAGAIN: data changed. */
	int (*merge)(struct fs *fs, int fd, const struct fs_merge *req);
	/* The mirror becomes the layout of the victim or empty file target_fd. -EBUSY: the last one
	 * in sync. */
	int (*split)(struct fs *fs, int fd, uint32_t mirror_id, int target_fd);
	/* Flags of a component, or of all of a mirror (id below 65536); 0: of the only one. */
	int (*component_flags)(struct fs *fs, int fd, uint32_t id, uint32_t set, uint32_t clear);

	/* How bytes moved into this open file; on a directory, in all. -EOPNOTSUPP: not known here.
	 */
	int (*moved)(struct fs *fs, int fd, struct fs_moved *ret_moved);

	/* How it copies between two devices, number `position`. NULL: it doesn't say. -ENODEV: no more. */
	int (*choice)(struct fs *fs, uint32_t position, struct fs_choice *ret_choice);

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
