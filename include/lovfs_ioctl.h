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
#define LOVFS_ABI_VERSION 1

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
	char why[128]; /* why it is inactive */
};
#define LOVFS_TARGET_MDT 0xffffffffu
#define LOVFS_TARGET_INACTIVE 0x1
#define LOVFS_TARGET_NO_CREATE 0x2

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

/* Names of victims, as Lustre's volatile files: never seen in a directory. */
#define LOVFS_VICTIM_PREFIX ".\x0c\x13\x14\x12:VOLATILE:"

/* The layout xattr: get, set and (directories) remove. */
#define LOVFS_LAYOUT_XATTR "lustre.lov"

/* Under the mount point, not listed there: mirror/<FID>/<mirror id>, one mirror of a file as a file
 * (mirror id 0 where there are no mirrors). */
#define LOVFS_HIDDEN_DIR ".lovfs"

#endif
