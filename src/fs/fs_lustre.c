/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs/fs_lustre.h"

#include "base/error.h"
#include "base/sys.h"
#include "fs/holders.h"
#include "layout/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/ioctl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
#define LUSTRE_GETSTRIPE _IOW('f', 155, long)
#define LUSTRE_GROUP_LOCK _IOW('f', 158, long)   /* by value */
#define LUSTRE_GROUP_UNLOCK _IOW('f', 159, long) /* by value */
#define LUSTRE_GET_MDTIDX _IOR('f', 175, int)
#define LUSTRE_SET_MIRROR _IOW('f', 177, long) /* by value */
#define LUSTRE_DATA_VERSION _IOR('f', 218, struct lustre_data_version)
#define LUSTRE_SWAP_LAYOUTS _IOW('f', 219, struct lustre_swap_layouts)
#define LUSTRE_SET_LEASE _IOWR('f', 243, struct lustre_lease)
#define LUSTRE_GET_LEASE _IO('f', 244)

_Static_assert(LUSTRE_SETSTRIPE == 0x4008669a, "LL_IOC_LOV_SETSTRIPE");
_Static_assert(LUSTRE_GETSTRIPE == 0x4008669b, "LL_IOC_LOV_GETSTRIPE");
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

/* ---- asking ---- */

/* What the system's words don't say. */
const char *fs_lustre_hint(int err)
{
	switch (err) {
	case -ENOTTY:
	case -EOPNOTSUPP:
		return " (the client or its servers are too old, or can't do it with such a file)";
	case -ESHUTDOWN:
	case -ENOTCONN:
	case -ETIMEDOUT:
	case -EIO:
		return " (the client may have been evicted by a server: see dmesg)";
	case -ESTALE:
		return " (somebody opened the file for writing, or its layout was changed)";
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

	return value < 0 ? fail_sys(value, "cannot %s%s", what, fs_lustre_hint(value)) : value;
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

/* ---- one ioctl each ---- */

int fs_lustre_setstripe(int fd, const void *bytes)
{
	int err = ask(fd, LUSTRE_SETSTRIPE, (void *)bytes, "set the layout");

	return err < 0 ? err : 0;
}

/* The kernel isn't told how much room there is: no layout has more than LAYOUT_BYTES_MAX. */
int fs_lustre_getstripe(int dir_fd, void *bytes)
{
	int err = call(dir_fd, LUSTRE_GETSTRIPE, bytes);

	if (err == -ENODATA)
		return fail(-ENODATA, "has no layout");
	return err < 0 ? fail_sys(err, "cannot read its default layout%s", fs_lustre_hint(err)) : 0;
}

/* The values that mean "delete": nothing is set. */
int fs_lustre_unset_default(int fd)
{
	struct lustre_plain_request none = { .magic = LAYOUT_MAGIC_V1,
					     .stripe_offset = UINT16_MAX };
	int err = ask(fd, LUSTRE_SETSTRIPE, &none, "remove the default layout");

	return err < 0 ? err : 0;
}

int fs_lustre_mdt_index(int fd, uint32_t *ret_index)
{
	int32_t index = 0;
	int err = ask(fd, LUSTRE_GET_MDTIDX, &index, "ask for its MDT");

	if (err < 0)
		return err;
	if (index < 0 || index > UINT16_MAX)
		return fail(-EPROTO, "cannot ask for its MDT: the answer was %" PRId32, index);
	*ret_index = (uint32_t)index;
	return 0;
}

int fs_lustre_data_version(int fd, bool flush, uint64_t *ret_version)
{
	struct lustre_data_version v = { .flags = flush ? LUSTRE_DV_READ_FLUSH : 0 };
	int err = ask(fd, LUSTRE_DATA_VERSION, &v, "ask for its data version");

	if (err < 0)
		return err;
	*ret_version = v.version;
	return 0;
}

int fs_lustre_group_lock(int fd, uint32_t gid)
{
	int err = ask(fd, LUSTRE_GROUP_LOCK, by_value(gid), "take its group lock");

	return err < 0 ? err : 0;
}

int fs_lustre_group_unlock(int fd, uint32_t gid)
{
	int err = ask(fd, LUSTRE_GROUP_UNLOCK, by_value(gid), "give up its group lock");

	return err < 0 ? err : 0;
}

int fs_lustre_bind(int fd, uint32_t mirror_id)
{
	int err = call(fd, LUSTRE_SET_MIRROR, by_value(mirror_id));

	return err < 0 ? fail_sys(err, "cannot bind to mirror %" PRIu32 "%s", mirror_id,
				  fs_lustre_hint(err))
		       : 0;
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

/* A write lease is in the way of all others. */
static int lost_to_any(void)
{
	return fail(-EBUSY, "was opened elsewhere meanwhile: lease lost");
}

/* The ways in which a server or the client says that there is no lease any more. */
static bool is_lost(int err)
{
	return err == -EBUSY || err == -ESTALE || err == -ENOLCK;
}

/* Takes a lease and makes sure of it. */
static int take(int fd, uint32_t mode, uint32_t flags, const char *what)
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
		return fail_sys(err, "cannot %s%s", what, fs_lustre_hint(err));
	held = ask(fd, LUSTRE_GET_LEASE, NULL, "check its lease");
	if (held < 0)
		return held;
	return held == (int)mode ? 0 : lost();
}

/*
 * Gives a lease up, with what is to be done by that. The answer is the kind of lease that was still held:
 * only then it counted. Anything else than `mode` is no success, whatever it is.
 */
static int close_by(int fd, const struct lustre_lease *lease, int mode, const char *what)
{
	int held = call(fd, LUSTRE_SET_LEASE, (void *)lease);

	if (held == LUSTRE_LEASE_NONE || is_lost(held))
		return lease->flags == LUSTRE_LEASE_SPLIT ? lost_to_any() : lost();
	if (held < 0)
		return fail_sys(held, "cannot %s%s", what, fs_lustre_hint(held));
	return held == mode
		       ? 0
		       : fail(-EPROTO, "cannot %s: the answer was %d, not %d", what, held, mode);
}

int fs_lustre_lease_read(int fd)
{
	return take(fd, LUSTRE_LEASE_READ, 0, "get a lease");
}

int fs_lustre_lease_write(int fd)
{
	return take(fd, LUSTRE_LEASE_WRITE, 0, "get a lease");
}

int fs_lustre_lease_resync(int fd)
{
	return take(fd, LUSTRE_LEASE_WRITE, LUSTRE_LEASE_RESYNC, "begin to resync it");
}

int fs_lustre_lease_check(int fd)
{
	int held = ask(fd, LUSTRE_GET_LEASE, NULL, "check its lease");

	if (held < 0)
		return held;
	return held == LUSTRE_LEASE_NONE ? lost() : 0;
}

void fs_lustre_lease_put(int fd)
{
	struct lustre_lease lease = { .mode = LUSTRE_LEASE_UNLOCK };

	(void)!call(fd, LUSTRE_SET_LEASE, &lease);
}

int fs_lustre_resync_done(int fd, const uint32_t *component_ids, unsigned int count)
{
	CLEANUP_FREE struct lustre_lease *lease =
		lease_new(LUSTRE_LEASE_UNLOCK, LUSTRE_LEASE_RESYNC_DONE, count);

	if (!lease)
		return fail(-ENOMEM, "no memory");
	memcpy(lease->ids, component_ids, count * sizeof(*component_ids));
	return close_by(fd, lease, LUSTRE_LEASE_WRITE, "mark its mirrors as in sync");
}

int fs_lustre_merge(int fd, int victim_fd)
{
	CLEANUP_FREE struct lustre_lease *lease =
		lease_new(LUSTRE_LEASE_UNLOCK, LUSTRE_LEASE_MERGE, 1);

	if (!lease)
		return fail(-ENOMEM, "no memory");
	lease->ids[0] = (uint32_t)victim_fd;
	return close_by(fd, lease, LUSTRE_LEASE_READ, "add a mirror to it");
}

int fs_lustre_split(int fd, uint32_t mirror_id, int target_fd)
{
	CLEANUP_FREE struct lustre_lease *lease =
		lease_new(LUSTRE_LEASE_UNLOCK, LUSTRE_LEASE_SPLIT, 2);

	if (!lease)
		return fail(-ENOMEM, "no memory");
	lease->ids[0] = (uint32_t)target_fd;
	lease->ids[1] = mirror_id;
	return close_by(fd, lease, LUSTRE_LEASE_WRITE, "take a mirror out of it");
}

/* ---- swap ---- */

/* EPERM is for files of different owners, and for those that an archive has a copy of. */
static const char *why_not(int fd, int victim_fd)
{
	struct stat a, b;

	if (sys_fstat(fd, &a) == 0 && sys_fstat(victim_fd, &b) == 0 &&
	    (a.st_uid != b.st_uid || a.st_gid != b.st_gid))
		return "the copy must be of its owner and group";
	return "HSM has archived it: see lfs hsm_state";
}

static int swap(int fd, struct lustre_swap_layouts *req)
{
	int err = call(fd, LUSTRE_SWAP_LAYOUTS, req);

	if (err == -EAGAIN)
		return fail(err, "its data changed during the copy");
	if (err == -EPERM)
		return fail_sys(err, "cannot swap its layout (%s)", why_not(fd, (int)req->fd));
	if (req->flags == LUSTRE_SWAP_CLOSE_LEASE && is_lost(err))
		return lost();
	return err < 0 ? fail_sys(err, "cannot swap its layout%s", fs_lustre_hint(err)) : 0;
}

/* gid is 0: who swaps under a group lock has it on the descriptor already. */
int fs_lustre_swap(int fd, int victim_fd, uint64_t version, uint64_t victim_version)
{
	struct lustre_swap_layouts req = {
		.flags = LUSTRE_SWAP_CHECK_VERSION1,
		.fd = (uint32_t)victim_fd,
		.version1 = version,
		.version2 = victim_version,
	};

	return swap(fd, &req);
}

int fs_lustre_swap_leased(int fd, int victim_fd)
{
	struct lustre_swap_layouts req = { .flags = LUSTRE_SWAP_CLOSE_LEASE,
					   .fd = (uint32_t)victim_fd };

	return swap(fd, &req);
}
