/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/fs_lustre_flags.h"
#include "fs/fs_lustre_targets.h"
#include "fs/holders.h"
#include "fs/layout_xattr.h"
#include "fs/mountpoint.h"
#include "layout/codec.h"
#include "layout/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- the kernel's interface: lustre/include/uapi/linux/lustre/lustre_user.h ---- */

struct lustre_data_version {
	uint64_t version;        /* out */
	uint32_t layout_version; /* out */
	uint32_t flags;          /* in: LUSTRE_DV_* */
};
#define LUSTRE_DV_READ_FLUSH 1u /* others' dirty pages are written out before */

struct lustre_swap_layouts {
	uint64_t flags; /* LUSTRE_SWAP_* */
	uint32_t fd, gid;
	uint64_t version1, version2; /* data versions of this file and of fd's */
};
#define LUSTRE_SWAP_CHECK_VERSION1 0x01u
#define LUSTRE_SWAP_CLOSE_LEASE 0x10u /* alone */

struct lustre_lease {
	uint32_t mode, flags, count;
	uint32_t ids[]; /* descriptors, mirror or component ids, by flags */
};
/* To begin a resync the kernel reads a longer one, struct ll_ioc_lease_id, whose mirror id is 0: all. */
#define LUSTRE_LEASE_BYTES_MIN 24
#define LUSTRE_LEASE_NONE 0
#define LUSTRE_LEASE_READ 1
#define LUSTRE_LEASE_WRITE 2
#define LUSTRE_LEASE_UNLOCK 4
#define LUSTRE_LEASE_RESYNC 1u
#define LUSTRE_LEASE_RESYNC_DONE 2u
#define LUSTRE_LEASE_MERGE 4u
#define LUSTRE_LEASE_SPLIT 8u

/* A plain layout request; what is set in it by default deletes a directory's default. */
struct lustre_plain_request {
	uint32_t magic, pattern;
	uint64_t oid, seq;
	uint32_t stripe_size;
	uint16_t stripe_count, stripe_offset;
};

/* The letter and the size of a long are history: what is given is a pointer, or a number by value. */
#define LUSTRE_SETSTRIPE _IOW('f', 154, long)
#define LUSTRE_GROUP_LOCK _IOW('f', 158, long)   /* by value */
#define LUSTRE_GROUP_UNLOCK _IOW('f', 159, long) /* by value */
#define LUSTRE_GET_MDTIDX _IOR('f', 175, int)
#define LUSTRE_SET_MIRROR _IOW('f', 177, long) /* by value */
#define LUSTRE_DATA_VERSION _IOR('f', 218, struct lustre_data_version)
#define LUSTRE_SWAP_LAYOUTS _IOW('f', 219, struct lustre_swap_layouts)
#define LUSTRE_SET_LEASE _IOWR('f', 243, struct lustre_lease)
#define LUSTRE_GET_LEASE _IO('f', 244)

_Static_assert(LUSTRE_SETSTRIPE == 0x4008669a, "LL_IOC_LOV_SETSTRIPE");
_Static_assert(LUSTRE_GROUP_LOCK == 0x4008669e, "LL_IOC_GROUP_LOCK");
_Static_assert(LUSTRE_GROUP_UNLOCK == 0x4008669f, "LL_IOC_GROUP_UNLOCK");
_Static_assert(LUSTRE_GET_MDTIDX == 0x800466af, "LL_IOC_GET_MDTIDX");
_Static_assert(LUSTRE_SET_MIRROR == 0x400866b1, "LL_IOC_FLR_SET_MIRROR");
_Static_assert(LUSTRE_DATA_VERSION == 0x801066da, "LL_IOC_DATA_VERSION");
_Static_assert(LUSTRE_SWAP_LAYOUTS == 0x402066db, "LL_IOC_LOV_SWAP_LAYOUTS");
_Static_assert(LUSTRE_SET_LEASE == 0xc00c66f3, "LL_IOC_SET_LEASE");
_Static_assert(LUSTRE_GET_LEASE == 0x000066f4, "LL_IOC_GET_LEASE");

_Static_assert(sizeof(struct lustre_data_version) == 16, "struct ioc_data_version");
_Static_assert(offsetof(struct lustre_data_version, flags) == 12, "idv_flags");
_Static_assert(sizeof(struct lustre_swap_layouts) == 32, "struct lustre_swap_layouts");
_Static_assert(offsetof(struct lustre_swap_layouts, fd) == 8, "sl_fd");
_Static_assert(offsetof(struct lustre_swap_layouts, version1) == 16, "sl_dv1");
_Static_assert(sizeof(struct lustre_lease) == 12, "struct ll_ioc_lease");
_Static_assert(offsetof(struct lustre_lease, ids) == 12, "lil_ids");
_Static_assert(sizeof(struct lustre_plain_request) == 32, "struct lov_user_md_v1");
_Static_assert(offsetof(struct lustre_plain_request, stripe_size) == 24, "lmm_stripe_size");
_Static_assert(offsetof(struct lustre_plain_request, stripe_offset) == 30, "lmm_stripe_offset");

/* A volatile file: no name, and gone at its last close. */
#define VOLATILE_PREFIX ".\x0c\x13\x14\x12:VOLATILE:"
_Static_assert(sizeof(VOLATILE_PREFIX) - 1 == 15, "LUSTRE_VOLATILE_HDR and a colon");

/* open(2) flags that mean: make no objects yet (O_LOV_DELAY_CREATE). */
#define DELAY_CREATE (O_NOCTTY | FASYNC)

/* ---- asking ---- */

/* What the system's words don't say. */
static const char *hint_of(int err)
{
	switch (err) {
	case -ENOTTY:
	case -EOPNOTSUPP:
		return " (the client or a server is too old for this)";
	case -ESHUTDOWN:
	case -ENOTCONN:
	case -ETIMEDOUT:
	case -EIO:
		return " (the client may have been evicted by a server: see dmesg)";
	case -EXDEV:
		return " (the files are on different MDTs)";
	default:
		return "";
	}
}

/* The kernel's own number for "not supported", which Lustre lets out in places. */
#define KERNEL_ENOTSUPP 524

static int call(int fd, unsigned long request, void *arg)
{
	int value = sys_ioctl(fd, request, arg);

	return value == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : value;
}

/* The value of the ioctl, 0 or more, or a negative errno with text. */
static int ask(int fd, unsigned long request, void *arg, const char *what)
{
	int value = call(fd, request, arg);

	return value < 0 ? fail_sys(value, "cannot %s%s", what, hint_of(value)) : value;
}

static void *by_value(uint32_t number)
{
	return (void *)(uintptr_t)number;
}

static struct lustre_lease *lease_new(uint32_t mode, uint32_t flags, uint32_t count)
{
	size_t size = sizeof(struct lustre_lease) + count * sizeof(uint32_t);
	struct lustre_lease *lease = calloc(1, MAX_OF(size, (size_t)LUSTRE_LEASE_BYTES_MIN));

	if (lease) {
		lease->mode = mode;
		lease->flags = flags;
		lease->count = count;
	}
	return lease;
}

/* ---- layouts ---- */

static int lustre_layout_get(struct fs *fs UNUSED, int fd, struct layout **ret_layout)
{
	return layout_xattr_get(fd, ret_layout);
}

static bool is_directory(int fd)
{
	struct stat st;

	return sys_fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Setting the xattr of a file that has a layout succeeds and changes nothing. */
static int check_no_layout(int fd)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = is_directory(fd) ? -ENODATA : layout_xattr_get(fd, &now);

	if (err == -ENODATA || (!err && !layout_has_objects(now)))
		return 0;
	return err ? err
		   : fail(-EEXIST, "has a layout and objects already; a layout is given to a new "
				   "file, or changed by migrate");
}

/* Of a plain layout the xattr would lose that OST 0 is asked for. */
static int set_plain(int fd, const struct layout *l)
{
	CLEANUP_FREE void *bytes = malloc(LAYOUT_BYTES_MAX);
	size_t len;
	int err;

	if (!bytes)
		return fail(-ENOMEM, "no memory");
	err = layout_encode(l, bytes, LAYOUT_BYTES_MAX, &len);
	if (err)
		return fail_sys(err, "cannot encode the layout");
	err = ask(fd, LUSTRE_SETSTRIPE, bytes, "set the layout");
	return err < 0 ? err : 0;
}

/* Whom a server doesn't let set layouts (enable_setstripe_gid) is told that it was done. */
static int check_taken(int fd)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = is_directory(fd) ? 0 : layout_xattr_get(fd, &now);

	if (err == -ENODATA)
		return fail(-EPERM,
			    "its layout was not set: the servers don't allow it to this user");
	return err;
}

/* Of a file that has none. */
static int set_layout(int fd, const struct layout *l)
{
	int err = l->kind == LAYOUT_PLAIN ? set_plain(fd, l) : layout_xattr_set(fd, l);

	return err ? err : check_taken(fd);
}

static int lustre_layout_set(struct fs *fs UNUSED, int fd, const struct layout *l)
{
	int err = check_no_layout(fd);

	return err ? err : set_layout(fd, l);
}

/* The values that mean "delete": nothing is set. */
static int lustre_layout_unset(struct fs *fs UNUSED, int fd)
{
	struct lustre_plain_request none = { .magic = LAYOUT_MAGIC_V1,
					     .stripe_offset = UINT16_MAX };

	return ask(fd, LUSTRE_SETSTRIPE, &none, "remove the default layout");
}

/* ---- files ---- */

/* A file handle of Lustre (struct lustre_file_handle) is the FID, in the machine's byte order, and its
 * parent's. */
#define HANDLE_BYTES 32
#define HANDLE_FID_BYTES 16
#define HANDLE_TYPE 0x97

static int lustre_fid_get(struct fs *fs UNUSED, int fd, struct fid *ret_fid)
{
	union {
		struct file_handle handle;
		uint8_t room[sizeof(struct file_handle) + HANDLE_BYTES];
	} u = { .handle = { .handle_bytes = HANDLE_BYTES } };
	struct fid fid;
	int err = sys_name_to_handle(fd, &u.handle);

	if (err)
		return fail_sys(err, "cannot ask for its FID");
	if (u.handle.handle_type != HANDLE_TYPE || u.handle.handle_bytes < HANDLE_FID_BYTES)
		return fail(-EPROTO, "cannot ask for its FID: its file handle is of type 0x%x",
			    (unsigned int)u.handle.handle_type);
	memcpy(&fid.seq, u.handle.f_handle, 8);
	memcpy(&fid.oid, u.handle.f_handle + 8, 4);
	memcpy(&fid.ver, u.handle.f_handle + 12, 4);
	*ret_fid = fid;
	return 0;
}

/* The caller's victim, on the MDT of the file. */
static int lustre_victim_open(struct fs *fs, int dirfd, int src_fd, const struct layout *l,
			      int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	int32_t mdt_idx = 0;
	char name[80];
	uint32_t r;
	int err = ask(src_fd, LUSTRE_GET_MDTIDX, &mdt_idx, "ask for its MDT");

	if (err < 0)
		return err;
	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return fail_sys(-errno, "cannot get a random number");
	snprintf(name, sizeof(name), VOLATILE_PREFIX "%04X:%08" PRIx32 ":fd=%02d",
		 (unsigned int)mdt_idx & 0xffff, r, src_fd);
	fd = sys_openat(dirfd, name,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | fs->data_flags | fs->create_flags,
			0600);
	if (fd < 0)
		return fail_sys(fd, "cannot make a temporary file in its directory%s", hint_of(fd));
	err = l ? set_layout(fd, l) : 0;
	if (err)
		return err;
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* Direct I/O reads what the OSTs have: there is nothing else that could be read. */
static int lustre_drop_cache(struct fs *fs UNUSED, int fd)
{
	int err = sys_fsync(fd);

	return err ? fail_sys(err, "cannot make it durable") : 0;
}

/* A flush under one's own group lock starves the servers; and taking that lock has flushed everybody. */
static int lustre_data_version(struct fs *fs UNUSED, int fd, bool held, uint64_t *ret_version)
{
	struct lustre_data_version v = { .flags = held ? 0 : LUSTRE_DV_READ_FLUSH };
	int err = ask(fd, LUSTRE_DATA_VERSION, &v, "ask for its data version");

	if (err < 0)
		return err;
	*ret_version = v.version;
	return 0;
}

static bool is_writable(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) == O_RDWR;
}

/* A holder of a group lock or a lease may do everything by the same open file; another would be in the way of
 * a lease. */
static int lustre_open_source(struct fs *fs, int fd, int *ret_fd)
{
	int source =
		is_writable(fd) ? sys_dup(fd) : sys_reopen(fd, O_RDWR | O_NOATIME | fs->data_flags);

	if (source == -ETXTBSY)
		return fail(source, "is a program that is running now");
	if (source < 0)
		return fail_sys(source, "cannot open it for reading and writing%s",
				hint_of(source));
	*ret_fd = source;
	return 0;
}

/* ---- leases ---- */

static int is_busy(int fd, const char *what)
{
	char who[HOLDERS_TEXT_MAX];

	return fail(-EBUSY, "%s: %s", what, holders_text(fd, who));
}

static int lost(void)
{
	return fail(-EBUSY, "was opened for writing or truncated meanwhile: lease lost");
}

/* The ways in which a server or the client says that there is no lease any more. */
static bool is_lost(int err)
{
	return err == -EBUSY || err == -ESTALE || err == -ENOLCK;
}

/* Takes a lease and makes sure of it. */
static int take_lease(int fd, uint32_t mode, uint32_t flags, const char *what)
{
	CLEANUP_FREE struct lustre_lease *lease = lease_new(mode, flags, 0);
	int held, err;

	if (!lease)
		return fail(-ENOMEM, "no memory");
	err = call(fd, LUSTRE_SET_LEASE, lease);
	if (err == -EBUSY)
		return is_busy(fd, flags || mode == LUSTRE_LEASE_READ
					   ? "is open for writing elsewhere"
					   : "is open elsewhere");
	if (err == -EALREADY)
		return fail(err, "has no mirror that is stale");
	if (err < 0)
		return fail_sys(err, "cannot %s%s", what, hint_of(err));
	held = ask(fd, LUSTRE_GET_LEASE, NULL, "check its lease");
	if (held < 0)
		return held;
	return held == (int)mode ? 0 : lost();
}

/*
 * Gives a lease up, with what is to be done by that. The answer is the kind of lease that was still held:
 * only then it counted. Anything else than `mode` is no success, whatever it is.
 */
static int close_lease(int fd, const struct lustre_lease *lease, int mode, const char *what)
{
	int held = call(fd, LUSTRE_SET_LEASE, (void *)lease);

	if (held == LUSTRE_LEASE_NONE || is_lost(held))
		return lost();
	if (held < 0)
		return fail_sys(held, "cannot %s%s", what, hint_of(held));
	return held == mode
		       ? 0
		       : fail(-EPROTO, "cannot %s: the answer was %d, not %d", what, held, mode);
}

static int lustre_lease_get(struct fs *fs UNUSED, int fd)
{
	return take_lease(fd, LUSTRE_LEASE_READ, 0, "get a lease");
}

static int lustre_lease_check(struct fs *fs UNUSED, int fd)
{
	int held = ask(fd, LUSTRE_GET_LEASE, NULL, "check its lease");

	if (held < 0)
		return held;
	return held == LUSTRE_LEASE_NONE ? lost() : 0;
}

static void lustre_lease_put(struct fs *fs UNUSED, int fd)
{
	struct lustre_lease lease = { .mode = LUSTRE_LEASE_UNLOCK };

	(void)!sys_ioctl(fd, LUSTRE_SET_LEASE, &lease);
}

/* ---- writers held back ---- */

static int lustre_group_lock(struct fs *fs UNUSED, int fd, uint32_t gid)
{
	int err = ask(fd, LUSTRE_GROUP_LOCK, by_value(gid), "take its group lock");

	return err < 0 ? err : 0;
}

static int lustre_group_unlock(struct fs *fs UNUSED, int fd, uint32_t gid)
{
	int err = ask(fd, LUSTRE_GROUP_UNLOCK, by_value(gid), "give up its group lock");

	return err < 0 ? err : 0;
}

/* gid is 0: who swaps under a group lock has it on the descriptor already. */
static int lustre_swap(struct fs *fs UNUSED, int fd, int victim_fd, const struct fs_swap *req)
{
	struct lustre_swap_layouts swap = {
		.flags = req->close_lease ? LUSTRE_SWAP_CLOSE_LEASE : LUSTRE_SWAP_CHECK_VERSION1,
		.fd = (uint32_t)victim_fd,
		.version1 = req->file_version,
		.version2 = req->victim_version,
	};
	int err = call(fd, LUSTRE_SWAP_LAYOUTS, &swap);

	if (err == -EAGAIN)
		return fail(err, "its data changed during the copy");
	if (req->close_lease && is_lost(err))
		return lost();
	if (err == -EPERM)
		return fail_sys(err,
				"cannot swap its layout (the copy must be of its owner and group)");
	return err < 0 ? fail_sys(err, "cannot swap its layout%s", hint_of(err)) : 0;
}

/* ---- mirrors ---- */

static int lustre_mirror_bind(struct fs *fs UNUSED, int fd, uint32_t mirror_id)
{
	int err = call(fd, LUSTRE_SET_MIRROR, by_value(mirror_id));

	return err < 0 ? fail_sys(err, "cannot bind to mirror %" PRIu32 "%s", mirror_id,
				  hint_of(err))
		       : 0;
}

/* Lustre takes any id, and fails at the first read. */
static int check_mirror(int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(fd, &l);

	if (!err && !mirror_exists(l, mirror_id))
		err = fail(-ENOENT, "has no mirror %" PRIu32, mirror_id);
	return err;
}

static int lustre_mirror_open(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd)
{
	CLEANUP_FD int mirror = -1;
	int err;

	/* A second descriptor for writing would end the lease of a resync. */
	if (flags != O_RDONLY)
		return fail(-EINVAL, "mirror %" PRIu32 " is written by the resync's descriptor",
			    mirror_id);
	err = mirror_id ? check_mirror(fd, mirror_id) : 0;
	if (err)
		return err;
	mirror = sys_reopen(fd, O_RDONLY | O_NOATIME | fs->data_flags);
	if (mirror < 0)
		return fail_sys(mirror, "cannot open mirror %" PRIu32, mirror_id);
	err = mirror_id ? lustre_mirror_bind(fs, mirror, mirror_id) : 0;
	if (err)
		return err;
	*ret_fd = fd_steal(&mirror);
	return 0;
}

static int lustre_resync_begin(struct fs *fs UNUSED, int fd)
{
	return take_lease(fd, LUSTRE_LEASE_WRITE, LUSTRE_LEASE_RESYNC, "begin to resync it");
}

static int lustre_resync_done(struct fs *fs UNUSED, int fd, const uint32_t *component_ids,
			      unsigned int count)
{
	CLEANUP_FREE struct lustre_lease *lease =
		lease_new(LUSTRE_LEASE_UNLOCK, LUSTRE_LEASE_RESYNC_DONE, count);

	if (!lease)
		return fail(-ENOMEM, "no memory");
	memcpy(lease->ids, component_ids, count * sizeof(*component_ids));
	return close_lease(fd, lease, LUSTRE_LEASE_WRITE, "mark its mirrors as in sync");
}

static int count_mirrors(int fd, unsigned int *ret_count)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(fd, &l);

	if (!err)
		*ret_count = l->mirror_count;
	return err;
}

/*
 * Merge and split answer as if they had been done also in cases where they were not: a victim without a
 * layout, or of a kind that can't be merged. So the layout is asked.
 */
static int check_mirrors(int fd, unsigned int wanted, const char *what)
{
	unsigned int now;
	int err = count_mirrors(fd, &now);

	if (!err && now != wanted)
		err = fail(-EPROTO, "cannot %s: it has %u mirror%s afterwards, not %u", what, now,
			   now == 1 ? "" : "s", wanted);
	return err;
}

/* A file with a name, as victims are given composite ones: the answer would be no more than "invalid". */
static int check_composite(int victim_fd)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(victim_fd, &l);

	if (err == -ENODATA || (!err && l->kind == LAYOUT_COMPOSITE))
		return 0;
	return err ? err
		   : fail(-EINVAL,
			  "cannot add a mirror to it: the layout of the file that is to be the "
			  "mirror is plain, and Lustre takes composite ones (setstripe -E eof)");
}

static int lustre_merge(struct fs *fs UNUSED, int fd, const struct fs_merge *req)
{
	CLEANUP_FREE struct lustre_lease *lease =
		lease_new(LUSTRE_LEASE_UNLOCK, LUSTRE_LEASE_MERGE, 1);
	unsigned int before;
	int err;

	if (!lease)
		return fail(-ENOMEM, "no memory");
	if (req->victim_count != 1 || !req->close_lease)
		return fail(-EINVAL, "one mirror at a time, under a lease");
	err = check_composite(req->victim_fds[0]);
	if (!err)
		err = count_mirrors(fd, &before);
	if (err)
		return err;
	lease->ids[0] = (uint32_t)req->victim_fds[0];
	err = close_lease(fd, lease, LUSTRE_LEASE_READ, "add a mirror to it");
	return err ? err : check_mirrors(fd, before + 1, "add a mirror to it");
}

/* Lustre leaves that to its tools. Under the lease nobody changes it. */
static int check_not_last(int fd, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_xattr_get(fd, &l);

	if (err)
		return err;
	if (!mirror_exists(l, mirror_id))
		return fail(-ENOENT, "has no mirror %" PRIu32, mirror_id);
	if (mirror_usable(l, mirror_id) && mirror_count_usable(l) == 1)
		return fail(-EBUSY, "mirror %" PRIu32 " is the last one that is in sync",
			    mirror_id);
	return 0;
}

static int split_leased(int fd, uint32_t mirror_id, int target_fd)
{
	CLEANUP_FREE struct lustre_lease *lease =
		lease_new(LUSTRE_LEASE_UNLOCK, LUSTRE_LEASE_SPLIT, 2);
	unsigned int before;
	int err = check_not_last(fd, mirror_id);

	if (!err)
		err = count_mirrors(fd, &before);
	if (err)
		return err;
	if (!lease)
		return fail(-ENOMEM, "no memory");
	lease->ids[0] = (uint32_t)target_fd;
	lease->ids[1] = mirror_id;
	err = close_lease(fd, lease, LUSTRE_LEASE_WRITE, "take a mirror out of it");
	return err ? err : check_mirrors(fd, before - 1, "take a mirror out of it");
}

static int lustre_split(struct fs *fs, int fd, uint32_t mirror_id, int target_fd)
{
	char text[ERROR_TEXT_MAX];
	int err = take_lease(fd, LUSTRE_LEASE_WRITE, 0, "get a lease");

	if (err)
		return err;
	err = split_leased(fd, mirror_id, target_fd);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%s", error_text(err));
	lustre_lease_put(fs, fd);
	return fail(err, "%s", text);
}

/* ---- the file system ---- */

static int lustre_target(struct fs *fs, uint32_t index, struct fs_target *ret_target)
{
	return fs_lustre_targets_get(fs->fsname, index, ret_target);
}

static int lustre_pool(struct fs *fs, uint32_t position, struct fs_pool *ret_pool)
{
	bool known;
	int err = fs_lustre_targets_pool(fs->fsname, position, ret_pool, &known);

	return err ? fail(err, "there is no pool at position %" PRIu32, position) : 0;
}

static int lustre_moved(struct fs *fs UNUSED, int fd UNUSED, struct fs_moved *ret_moved UNUSED)
{
	return fail(-EOPNOTSUPP, "Lustre doesn't count how the bytes of copies move");
}

static const struct fs_ops lustre_ops = {
	.name = "lustre",
	.layout_get = lustre_layout_get,
	.layout_set = lustre_layout_set,
	.layout_unset = lustre_layout_unset,
	.fid_get = lustre_fid_get,
	.victim_open = lustre_victim_open,
	.drop_cache = lustre_drop_cache,
	.data_version = lustre_data_version,
	.lease_get = lustre_lease_get,
	.lease_check = lustre_lease_check,
	.lease_put = lustre_lease_put,
	.group_lock = lustre_group_lock,
	.group_unlock = lustre_group_unlock,
	.open_source = lustre_open_source,
	.swap = lustre_swap,
	.mirror_open = lustre_mirror_open,
	.resync_begin = lustre_resync_begin,
	.mirror_bind = lustre_mirror_bind,
	.resync_done = lustre_resync_done,
	.merge = lustre_merge,
	.split = lustre_split,
	.component_flags = fs_lustre_flags_set,
	.moved = lustre_moved,
	.hint = hint_of,
	.target = lustre_target,
	.pool = lustre_pool,
};

/* The fsname is in what is mounted: "10.0.0.1@tcp:10.0.0.2@tcp:/fsname", or "...:/fsname/directory". */
static int take_fsname(struct fs *fs)
{
	char source[512];
	const char *name;
	int err = mountpoint_source(fs->dev, source, sizeof(source));

	if (err)
		return err;
	name = strstr(source, ":/");
	if (!name || !name[2])
		return fail(-EPROTO, "what is mounted as '%.100s' has no fsname", source);
	name += 2;
	snprintf(fs->fsname, sizeof(fs->fsname), "%.*s", (int)strcspn(name, "/"), name);
	return 0;
}

static void count_pools(struct fs *fs, struct fs_pool *room)
{
	fs->pool_count = 0;
	while (!fs_lustre_targets_pool(fs->fsname, fs->pool_count, room, &fs->pools_known))
		fs->pool_count++;
}

int fs_lustre_init(struct fs *fs, int root_fd UNUSED)
{
	CLEANUP_FREE struct fs_pool *room = malloc(sizeof(*room));
	int err;

	if (!room)
		return fail(-ENOMEM, "no memory");
	err = take_fsname(fs);
	if (err)
		return err;
	fs->ops = &lustre_ops;
	fs->ost_count = fs_lustre_targets_count(fs->fsname);
	count_pools(fs, room);
	fs->copying = FS_COPYING_STREAMS;
	fs->copy_threads = 4;
	fs->data_flags = O_DIRECT;
	fs->create_flags = DELAY_CREATE;
	fs->merge_max = 1;
	return 0;
}
