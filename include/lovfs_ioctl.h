/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ioctls of a mounted lovfs volume: the only interface that daemon and tools share besides
 * ordinary system calls.
 *
 * All structs have fixed sizes and no padding that isn't named; all numbers are in the machine's
 * byte order. A descriptor in a struct would mean nothing to the daemon: other files are named by
 * FID. Texts end in NUL.
 *
 * Errors: ENOTTY not a lovfs file, EBADF the descriptor isn't open for writing where that is
 * needed, EPERM, EINVAL.
 */
#ifndef LOVFS_IOCTL_H
#define LOVFS_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LOVFS_IOC_TYPE 0xB7
#define LOVFS_ABI_VERSION 4

struct lovfs_ioc_fid {
	__u64 seq;
	__u32 oid;
	__u32 ver;
};

/* What the volume is. Any descriptor of the mount. */
struct lovfs_ioc_info {
	__u32 abi_version; /* LOVFS_ABI_VERSION */
	__u32 ost_count;   /* indices are 0 to ost_count - 1 */
	__u32 pool_count;
	__u32 flags; /* LOVFS_INFO_* */
	char fsname[16];
	char uuid[40];
};
#define LOVFS_INFO_PRIVILEGED 0x1 /* trusted. xattrs */

/* One OST, or the MDT. Any descriptor of the mount. ENODEV: no such index. */
struct lovfs_ioc_target {
	__u32 index; /* in: OST index, or LOVFS_TARGET_MDT */
	__u32 state; /* LOVFS_TARGET_* */
	__u64 total_bytes, free_bytes, avail_bytes;
	__u64 total_inodes, free_inodes;
	__u64 device; /* failure domain: equal where two targets are on one device */
	char path[512];
	char why[128]; /* why it is inactive, or takes no new objects */
};
#define LOVFS_TARGET_MDT 0xffffffffu
#define LOVFS_TARGET_INACTIVE 0x1
#define LOVFS_TARGET_NO_CREATE 0x2 /* objects are there, but no new ones are made */
#define LOVFS_TARGET_READ_ONLY 0x4 /* so because its file system is read-only; with NO_CREATE */

/* One OST pool, by position. Any descriptor of the mount. ENODEV: no such position. */
struct lovfs_ioc_pool {
	__u32 position; /* in: 0 to pool_count - 1 */
	__u32 member_count;
	char name[16];
	__u16 members[1024]; /* OST indices */
};

/*
 * A number that is different after any change of the file's data, as long as the file is open.
 * Bytes still dirty in the page cache of a shared mapping are not counted: fsync first.
 */
struct lovfs_ioc_data_version {
	__u64 version;
	__u32 layout_version;
	__u32 reserved; /* 0 */
};

/*
 * Group lock: holds back writes of all descriptors but those that hold it with the same number,
 * until it is unlocked or the descriptor is closed. The descriptor must be open for writing. Reads
 * go on. EBUSY: another number holds it. A holder must not have the file itself open: a held back
 * writer has the inode's lock in the kernel, which fsync, copy_file_range and even close need. It
 * opens .lovfs/mirror/<FID>/0 under the mount point, which is an inode of its own, and uses only
 * that. Pages of shared mappings that the kernel writes back are not held back; they change the
 * data version.
 */
struct lovfs_ioc_group_lock {
	__u32 gid; /* not 0 */
	__u32 reserved;
};

/*
 * Lease. The descriptor must be open for writing. GET: EBUSY when another descriptor has the file
 * open for writing (read lease) or at all (write lease). It is lost when such a descriptor is opened,
 * or the file is truncated. CHECK answers what is held now.
 */
struct lovfs_ioc_lease {
	__u32 mode; /* in for GET, out for CHECK: LOVFS_LEASE_* */
	__u32 reserved;
};
#define LOVFS_LEASE_NONE 0
#define LOVFS_LEASE_READ 1
#define LOVFS_LEASE_WRITE 2

/*
 * Swaps layouts, and with them the data, of the file of this descriptor and a victim: a file
 * without a name made by opening LOVFS_VICTIM_PREFIX... with O_CREAT | O_EXCL. Both must be open
 * for writing by the caller, and be of one owner. The ioctl succeeds whenever the daemon could
 * answer: `result` is 0 or a negative errno and `why` says more. Only on result 0 has anything
 * changed. EAGAIN a data version differs, EBUSY the lease is lost, EPERM not allowed, ENOENT no
 * such victim.
 */
struct lovfs_ioc_swap {
	struct lovfs_ioc_fid victim;
	__u32 flags; /* LOVFS_SWAP_* */
	__s32 result;
	__u64 file_version; /* data versions that must still hold */
	__u64 victim_version;
	char why[256];
};
#define LOVFS_SWAP_LEASE 0x1 /* the descriptor's lease must still be held; it is given up */

/*
 * How the bytes of copies moved: into this file since it was opened first, or, on a directory, in
 * the whole volume since the mount. read and written are bytes that crossed from and to programs.
 */
struct lovfs_ioc_moved {
	__u64 shared_bytes, kernel_bytes, user_bytes, hole_bytes;
	__u64 read_bytes, written_bytes;
	__u64 failovers;    /* reads that another mirror had to serve */
	__u64 direct_bytes; /* of user_bytes: written by direct I/O */
};

/*
 * What was measured to choose between the kernel's copy and direct I/O from one device (st_dev of objects)
 * to another: bytes a second of each, 0 where it isn't decided. Any descriptor of the mount. By
 * position; ENODEV: no more.
 */
struct lovfs_ioc_choice {
	__u32 position; /* in: from 0 */
	__u32 reserved;
	__u64 src_device, dst_device;
	__u64 kernel_bytes_per_s, direct_bytes_per_s;
};

/*
 * Copies that follow a file: while mirrors or victims are brought up to the file's data, everybody may
 * go on writing. The daemon notes, in grains of 64 KiB, what has changed since it was copied; the
 * mover copies that, again and again, and at last takes a group lock for what is left.
 *
 * BEGIN: the descriptor, open for writing, follows the file from now on; one at a time (EBUSY). Before
 * anything is changed it is seen that the file (or the mirror source_id) can be read and the mirrors can be
 * written: EIO, EROFS; EBUSY: no other mirror could be read. With
 * mirrors: those, which must be stale, can be written through .lovfs/mirror/<FID>/<id> until the end
 * (the file's state is "sp"); what they lack is in their dirty maps. With victims: everything is to
 * be copied; they are placed away from the file's and each other's devices with
 * LOVFS_FOLLOW_PHYSICAL, and never share extents with it. Not both.
 * NEXT: takes ranges that are out of date, of one mirror, or (mirror_id 0) of the victims, which are
 * all alike. They are to be read after the call. A range with LOVFS_RANGE_TAIL is the last: the copy
 * is first cut to its start, also where there is nothing to be read (end = start).
 * COPIED: such a range has been copied and is durable. For mirrors only.
 * END: nothing more; also when the descriptor is closed. What was taken and not copied is out of date
 * again.
 * Errors: EBUSY, EINVAL, ENOENT (mirror, victim), EPERM (owner and root only), in result with why.
 */
#define LOVFS_MIRRORS_MAX 16
struct lovfs_ioc_follow {
	__u32 flags; /* LOVFS_FOLLOW_* */
	__u32 mirror_count;
	__u32 mirror_ids[LOVFS_MIRRORS_MAX];
	__u32 victim_count;
	__s32 result;
	struct lovfs_ioc_fid victims[LOVFS_MIRRORS_MAX];
	__u32 source_id; /* with mirrors: the one that is read; 0: any in sync */
	__u32 reserved;
	char why[256];
};
#define LOVFS_FOLLOW_PHYSICAL 0x1 /* victims are to become mirrors */
#define LOVFS_FOLLOW_WHOLE 0x2    /* mirrors: all of them is out of date, whatever the maps say */
#define LOVFS_FOLLOW_STALE 0x4    /* mirrors: those that aren't stale become so; with _WHOLE */

struct lovfs_ioc_range {
	__u64 start, end; /* bytes of the file */
	__u32 flags;      /* LOVFS_RANGE_TAIL */
	__u32 reserved;
};
#define LOVFS_RANGE_TAIL 0x1
#define LOVFS_RANGES_MAX 64

struct lovfs_ioc_follow_next {
	__u32 mirror_id;   /* in */
	__u32 range_count; /* out: 0: nothing behind `from` */
	__u64 from;        /* in: ranges that end at or before this are left for later */
	__u64 max_bytes;   /* in: of all ranges together; not 0 */
	__u64 left_bytes;  /* out: what is out of date and wasn't taken, from 0 on */
	__u64 size_bytes;  /* out: of the file now */
	struct lovfs_ioc_range ranges[LOVFS_RANGES_MAX];
};

struct lovfs_ioc_follow_copied {
	__u32 mirror_id;
	__u32 reserved;
	struct lovfs_ioc_range range; /* as NEXT gave it */
};

/*
 * Commits on mirrors. As for a swap the ioctl succeeds whenever the daemon could answer, and `result`
 * and `why` say what came of it; only on result 0 has anything changed.
 *
 * SYNCED: the mirrors, of those that the descriptor follows, are brought up: made durable, given the
 * file's times, and no longer stale. EAGAIN: something of them is out of date again.
 * MERGE: the victims become mirrors of the file. EAGAIN: a data version differs. Each victim must be
 * open for writing by the caller and be of the file's owner; it keeps no data. A file with a name may
 * be one; it becomes empty.
 * SPLIT: the mirror leaves the file, for a victim or an empty file that is open for writing by the
 * caller. EBUSY: it is the last that is in sync, or is being brought up now; or no other mirror in sync can
 * be read now, unless LOVFS_SPLIT_FORCE.
 * COMPONENT_FLAGS: flags (enum component_flag, as in the layout xattr) of one component, or of all of
 * a mirror (id below 65536). EBUSY: stale or offline, where no other mirror in sync can be read now.
 */
struct lovfs_ioc_synced {
	__u32 mirror_count;
	__s32 result;
	__u32 mirror_ids[LOVFS_MIRRORS_MAX];
	char why[256];
};

struct lovfs_ioc_merge {
	__u32 victim_count;
	__s32 result;
	__u64 file_version;
	struct lovfs_ioc_fid victims[LOVFS_MIRRORS_MAX];
	__u64 victim_versions[LOVFS_MIRRORS_MAX];
	char why[256];
};

struct lovfs_ioc_split {
	__u32 mirror_id;
	__s32 result;
	struct lovfs_ioc_fid target;
	__u32 flags; /* LOVFS_SPLIT_FORCE */
	__u32 reserved;
	char why[256];
};
#define LOVFS_SPLIT_FORCE 0x1

struct lovfs_ioc_component_flags {
	__u32 id;
	__u32 set, clear;
	__s32 result;
	char why[256];
};

/*
 * Whether all of a mirror (0: of the file, of one mirror in sync) can be reached now: `result` is 0, or a negative
 * errno, and `why` names the mirror, the OST and the cause. Any descriptor of the file.
 */
struct lovfs_ioc_check_mirror {
	__u32 mirror_id;
	__u32 flags; /* LOVFS_CHECK_WRITE */
	__s32 result;
	__u32 reserved;
	char why[256];
};
#define LOVFS_CHECK_WRITE 0x1 /* to be written, otherwise to be read */

/*
 * A system call on the file failed with errno `err` a moment ago: what the daemon said of it in `why`, "" where it
 * said nothing. Of several such calls the last. Any descriptor of the file or of one of its mirrors.
 */
struct lovfs_ioc_trouble {
	__u32 err; /* in */
	__u32 reserved;
	char why[256];
};

#define LOVFS_IOC_INFO _IOR(LOVFS_IOC_TYPE, 1, struct lovfs_ioc_info)
#define LOVFS_IOC_TARGET _IOWR(LOVFS_IOC_TYPE, 2, struct lovfs_ioc_target)
#define LOVFS_IOC_POOL _IOWR(LOVFS_IOC_TYPE, 3, struct lovfs_ioc_pool)
#define LOVFS_IOC_FID _IOR(LOVFS_IOC_TYPE, 4, struct lovfs_ioc_fid)
#define LOVFS_IOC_DATA_VERSION _IOR(LOVFS_IOC_TYPE, 5, struct lovfs_ioc_data_version)
#define LOVFS_IOC_GROUP_LOCK _IOW(LOVFS_IOC_TYPE, 6, struct lovfs_ioc_group_lock)
#define LOVFS_IOC_GROUP_UNLOCK _IOW(LOVFS_IOC_TYPE, 7, struct lovfs_ioc_group_lock)
#define LOVFS_IOC_LEASE_GET _IOW(LOVFS_IOC_TYPE, 8, struct lovfs_ioc_lease)
#define LOVFS_IOC_LEASE_CHECK _IOR(LOVFS_IOC_TYPE, 9, struct lovfs_ioc_lease)
#define LOVFS_IOC_LEASE_PUT _IO(LOVFS_IOC_TYPE, 10)
#define LOVFS_IOC_SWAP _IOWR(LOVFS_IOC_TYPE, 11, struct lovfs_ioc_swap)
#define LOVFS_IOC_MOVED _IOR(LOVFS_IOC_TYPE, 12, struct lovfs_ioc_moved)
#define LOVFS_IOC_FOLLOW_BEGIN _IOWR(LOVFS_IOC_TYPE, 13, struct lovfs_ioc_follow)
#define LOVFS_IOC_FOLLOW_NEXT _IOWR(LOVFS_IOC_TYPE, 14, struct lovfs_ioc_follow_next)
#define LOVFS_IOC_FOLLOW_COPIED _IOW(LOVFS_IOC_TYPE, 15, struct lovfs_ioc_follow_copied)
#define LOVFS_IOC_FOLLOW_END _IO(LOVFS_IOC_TYPE, 16)
#define LOVFS_IOC_SYNCED _IOWR(LOVFS_IOC_TYPE, 17, struct lovfs_ioc_synced)
#define LOVFS_IOC_MERGE _IOWR(LOVFS_IOC_TYPE, 18, struct lovfs_ioc_merge)
#define LOVFS_IOC_SPLIT _IOWR(LOVFS_IOC_TYPE, 19, struct lovfs_ioc_split)
#define LOVFS_IOC_COMPONENT_FLAGS _IOWR(LOVFS_IOC_TYPE, 20, struct lovfs_ioc_component_flags)

#define LOVFS_IOC_CHECK_MIRROR _IOWR(LOVFS_IOC_TYPE, 23, struct lovfs_ioc_check_mirror)
#define LOVFS_IOC_TROUBLE _IOWR(LOVFS_IOC_TYPE, 24, struct lovfs_ioc_trouble)

#define LOVFS_IOC_CHOICE _IOWR(LOVFS_IOC_TYPE, 22, struct lovfs_ioc_choice)

/*
 * What was written to the file is written out (fdatasync), and the daemon's machine has none of it in
 * its page cache any more: what is read next comes from the devices. The kernel's own pages of the
 * mount's file are the caller's, see posix_fadvise(2). Any descriptor of a file.
 */
#define LOVFS_IOC_DROP_CACHE _IO(LOVFS_IOC_TYPE, 21)

/* Names of victims, as Lustre's volatile files: never seen in a directory. */
#define LOVFS_VICTIM_PREFIX ".\x0c\x13\x14\x12:VOLATILE:"

/* The layout xattr: get, set and (directories) remove. */
#define LOVFS_LAYOUT_XATTR "lustre.lov"

/*
 * The layout, and the FID as text, of a file that can't be opened because its size isn't known (an OST is away): for
 * root and the owner. The kernel asks no permission for these names, for which it would need the attributes.
 */
#define LOVFS_OWNERS_LAYOUT_XATTR "system.lovfs.lov"
#define LOVFS_OWNERS_FID_XATTR "system.lovfs.fid"

/*
 * Under the mount point, not listed there: mirror/<FID>/<mirror id>, one mirror of a file as a file of
 * its own, and mirror/<FID>/0, the file as a whole in another inode, which a mover uses while it holds
 * writers back. With the file's owner and mode; for others than the owner and root only where the way
 * to the file is open to everybody. A mirror is written only while a descriptor follows it. FIDs are
 * found while the file is in use, or after LOVFS_IOC_FID gave them (the last 64).
 */
#define LOVFS_HIDDEN_DIR ".lovfs"

#endif
