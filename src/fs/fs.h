/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the movers need of a striped file system, in one face. Two implement it: fs_lovfs.c (a lovfs
 * mount) and fs_lustre_ops.c (a Lustre client). Everything else is done with ordinary system calls, the
 * copying included. Where the two differ in what they can, a member of struct fs says so, or operations
 * are NULL; nothing else may be concluded from which of them it is.
 *
 * Calls return 0 or a negative errno with text. Descriptors are of files of the mount, opened with
 * fs.data_flags besides; a struct fs may be used by several threads, a descriptor by one at a time but
 * for reading and writing.
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
	bool read_only;   /* no_create because its file system is */
	bool deactivated; /* inactive because the administrator wants it so */
	char state[16]; /* of Lustre: the letters of `lfs df -v`, such as "DRf"; "": all is well */
	uint64_t total_bytes, free_bytes, avail_bytes, total_inodes, free_inodes;
	uint64_t device; /* equal where two targets share a failure domain */
	char path[512];
	char why[128]; /* of being inactive, or of making no objects; may be "" */
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
	/* Data versions that must still hold. With a lease it is the lease that keeps the data as it is;
	 * and the victim's, which only the caller has, may go unchecked. */
	uint64_t file_version, victim_version;
	bool close_lease; /* the file's lease must still be held, and is given up */
};

/* Copies of a file that are brought up to it while others write: mirrors of its own, or victims. */
struct fs_follow {
	const uint32_t *mirror_ids;
	unsigned int mirror_count;
	const int *victim_fds; /* when there are no mirrors; empty ones */
	unsigned int victim_count;
	bool physical;   /* victims: they are to become mirrors, and share no extents */
	bool whole;      /* mirrors: all of them is to be copied, also what is known to be equal */
	bool make_stale; /* with whole: also mirrors that aren't stale */
	uint32_t source_id; /* mirrors: the one that will be read; 0: any in sync */
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
	const uint64_t *victim_versions; /* as file_version; see struct fs_swap */
	unsigned int victim_count;       /* 1 to fs.merge_max */
	uint64_t file_version;
	bool close_lease; /* the file's lease must still be held, and is given up; always where files
			   * can't be followed */
};

/* How the data of files is copied. */
enum fs_copying {
	FS_COPYING_RANGE,   /* copy_file_range(2): the file system moves it by itself */
	FS_COPYING_STREAMS, /* read and written here, by direct I/O; never copy_file_range(2) */
};

struct fs_ops {
	const char *name; /* "lovfs", "lustre" */

	/* Layout of a file, or default of a directory. -ENODATA: none. */
	int (*layout_get)(struct fs *fs, int fd, struct layout **ret_layout);
	/* Of a new file (see fs.create_flags), or a directory's default. -EEXIST: the file has one
	 * already. */
	int (*layout_set)(struct fs *fs, int fd, const struct layout *l);
	/* Removes a directory's default. Where there is none: 0 or -ENODATA. */
	int (*layout_unset)(struct fs *fs, int fd);
	int (*fid_get)(struct fs *fs, int fd, struct fid *ret_fid);
	/* The MDT that the file or directory is on. */
	int (*mdt_index)(struct fs *fs, int fd, uint32_t *ret_index);

	/* A file without a name in directory dirfd, beside the file src_fd, open for reading and writing;
	 * gone at its last close. With layout l; NULL: it will be given one by split(). */
	int (*victim_open)(struct fs *fs, int dirfd, int src_fd, const struct layout *l,
			   int *ret_fd);

	/* What was written to the file is durable, and no cache has it: the next read comes from where it
	 * is stored. */
	int (*drop_cache)(struct fs *fs, int fd);
	/*
	 * The data version of the file: different after any change of its data. Dirty pages are written
	 * out before, those of others too; but where fd is of open_source() those may only count once they
	 * are written out. held: fd has the file's group lock; that has been done then.
	 */
	int (*data_version)(struct fs *fs, int fd, bool held, uint64_t *ret_version);
	/*
	 * Read lease on a file that fd has open for writing: others may read. -EBUSY where another
	 * descriptor is open for writing (or was until a moment ago); lost when one is later, or the file
	 * is truncated. One at a time. lease_put() also where none is held.
	 */
	int (*lease_get)(struct fs *fs, int fd);
	/* Whether it, or that of resync_begin(), is still held: 0, or -EBUSY. Also while other threads
	 * use fd. */
	int (*lease_check)(struct fs *fs, int fd);
	void (*lease_put)(struct fs *fs, int fd);
	/*
	 * Holds back others' writes, and on some file systems their reads, until it is given up or
	 * fd is closed. gid not 0. Held by another number: -EBUSY at once, or the call waits until
	 * it is given up, by -EINTR or without looking at signals. What goes on under it goes by
	 * fd: where files aren't followed, reading the file by another descriptor of this process
	 * waits for ever.
	 */
	int (*group_lock)(struct fs *fs, int fd, uint32_t gid);
	int (*group_unlock)(struct fs *fs, int fd, uint32_t gid);
	/*
	 * A descriptor of the file, for reading and writing, that stays usable while writers are held
	 * back: for all calls here, and for reading. Dirty pages that couldn't be written out then are
	 * written out now. Where writers are held back in the kernel, holding
	 * its lock of the file's own inode, this is one of another inode; the file's own must be closed
	 * before the group lock or a lease is taken.
	 */
	int (*open_source)(struct fs *fs, int fd, int *ret_fd);
	/*
	 * Swaps layouts, and with them the data, of two files open for writing; what else the file is
	 * stays. The victim has the file's times, and should have its data: otherwise caches may go on
	 * showing the old, until drop_cache(). -EAGAIN data changed, -EBUSY lease lost; nothing changed
	 * then. Where files aren't followed a write that another client still has in its cache goes
	 * unnoticed: hold others back, by the lock or a lease.
	 */
	int (*swap)(struct fs *fs, int fd, int victim_fd, const struct fs_swap *req);

	/*
	 * Following (all NULL where the file system can't: then writers have to be held back, or a
	 * lease be taken, and mirrors be resynced under one). fd is of open_source(). One at a time for a
	 * file: -EBUSY. Ends with follow_end(), or when fd is closed; what was taken and not copied is out
	 * of date again. Where the mirrors can't be written now, or what they are copied from can't be read:
	 * -EIO, -EROFS, -EBUSY, and nothing is as it wasn't before.
	 */
	int (*follow_begin)(struct fs *fs, int fd, const struct fs_follow *req);
	/* Takes what is out of date behind `from`, of one mirror or (0) of the victims. It is read
	 * after the call. A tail is taken whole: also what is before `from`, and more than max_bytes. */
	int (*follow_next)(struct fs *fs, int fd, uint32_t mirror_id, uint64_t from,
			   uint64_t max_bytes, struct fs_changes *ret_changes);
	/* A range of a mirror has been copied and is durable. */
	int (*follow_copied)(struct fs *fs, int fd, uint32_t mirror_id,
			     const struct fs_range *range);
	void (*follow_end)(struct fs *fs, int fd);

	/* The mirrors that fd follows are in sync from now on. -EAGAIN: they have become out of date
	 * again; nothing changed then. */
	int (*mirrors_synced)(struct fs *fs, int fd, const uint32_t *mirror_ids,
			      unsigned int count);

	/*
	 * Resync under a lease (all NULL where files can be followed). fd is open for writing. The
	 * lease is lost when somebody else opens the file for writing; once that one has written,
	 * writes to stale mirrors fail with -ESTALE, until then they may succeed. begin: -EBUSY
	 * somebody has it open for writing. Until done the stale mirrors stay stale, whatever
	 * happens; lease_put() ends it without that, as closing fd does.
	 */
	int (*resync_begin)(struct fs *fs, int fd);
	/* All that is read and written by fd from now on is of that mirror; 0: of the file again. Stale
	 * mirrors are written during a resync only. Not while fd is read or written by another thread. */
	int (*mirror_bind)(struct fs *fs, int fd, uint32_t mirror_id);
	/* These components are in sync from now on: the file system believes the caller. The lease is given
	 * up. -EBUSY: it had been lost, and all of them are as stale as before. */
	int (*resync_done)(struct fs *fs, int fd, const uint32_t *component_ids,
			   unsigned int count);

	/* One mirror as a file, or (0) the file: open flags O_RDONLY, or O_RDWR of a mirror that is
	 * followed. -ENOENT. */
	int (*mirror_open)(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd);
	/* Whether all of one mirror, or (0) of the file by some mirror in sync, can be read, or written, now.
	 * Text: the mirror, the OST and why. Of OSTs that can't be asked the file system may not know. */
	int (*mirror_check)(struct fs *fs, int fd, uint32_t mirror_id, bool write);
	/* Victims (or other files: they become empty) become mirrors; their layouts are composite.
	 * -EAGAIN: data changed. -EBUSY: the lease had been lost. Nothing changed then. */
	int (*merge)(struct fs *fs, int fd, const struct fs_merge *req);
	/* The mirror becomes the layout of target_fd, a victim or a file that has no objects. -ENOENT.
	 * -EBUSY: the last one in sync, or the last that can be read now (not with `force`); or somebody else
	 * has the file open, where that is in the way. Nothing changed then. */
	int (*split)(struct fs *fs, int fd, uint32_t mirror_id, int target_fd, bool force);
	/* Flags (enum component_flag) of a component, or of all of a mirror (id below 65536); 0: of the only
	 * one. COMP_STALE is only ever set by this. -EBUSY: of the last mirror in sync, or that can be read. -EOPNOTSUPP: stale
	 * is to be cleared, or it's a flag that nobody sets by hand. -ENOENT: no such component or mirror.
	 * -EINVAL: the layout is plain; 0 where there are several. */
	int (*component_flags)(struct fs *fs, int fd, uint32_t id, uint32_t set, uint32_t clear);

	/* How bytes moved into this open file; on a directory, in all. -EOPNOTSUPP: not known here.
	 */
	int (*moved)(struct fs *fs, int fd, struct fs_moved *ret_moved);

	/* How it copies between two devices, number `position`. NULL: it doesn't say. -ENODEV: no more. */
	int (*choice)(struct fs *fs, uint32_t position, struct fs_choice *ret_choice);

	/* What the system's words for an error of a call on fd (reading, writing, copying into it, fsync) don't
	 * say: " (...)", or "". Right after the call. */
	void (*hint)(struct fs *fs, int fd, int err, char *ret_text, size_t size);

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
	uint32_t ost_count;  /* 0: not known */
	uint32_t pool_count; /* 0 also where !pools_known */
	bool pools_known;
	dev_t dev; /* st_dev of files of the mount */
	/* What a layout that leaves them open gets: bytes, and stripes (LAYOUT_STRIPE_COUNT_ALL: all); 0: not known */
	uint32_t default_stripe_size;
	uint16_t default_stripe_count;

	/* What it can, and how */
	enum fs_copying copying;
	unsigned int copy_threads; /* for one file, where nobody says how many */
	int data_flags;   /* open(2) flags of descriptors by which data is copied: O_DIRECT, or 0 */
	int create_flags; /* with O_CREAT, of a file that is given its layout afterwards */
	unsigned int merge_max;  /* victims that one merge takes */
	bool special_components; /* layouts may have components on the MDT and self-extending ones */
};

/* Whether copies can follow a file while others write. */
static inline bool fs_can_follow(const struct fs *fs)
{
	return fs->ops->follow_begin != NULL;
}

/*
 * The file system that `path` (or, where that doesn't exist, its parent) is on. -EOPNOTSUPP with
 * text where it is neither lovfs nor Lustre. fs_free() releases; NULL is fine.
 */
int MUST_CHECK fs_open(const char *path, struct fs **ret_fs);
void fs_free(struct fs *fs);

/* What layouts are checked against, asked of the file system once; borrowed from fs. */
int MUST_CHECK fs_limits(struct fs *fs, const struct layout_limits **ret_limits);

#endif
