/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts, data versions and swaps. */
#include "calls_xattr.h"
#include "ioctl_impl.h"
#include "layout_peek.h"
#include "locked.h"
#include "lovfs.h"
#include "lustre.h"
#include "special.h"
#include "unflushed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define V1_BYTES 32
#define V3_BYTES 48
#define OBJECT_BYTES 24
#define ANY 0xffff
#define HSM_XATTR "trusted.hsm"
#define HSM_ARCHIVED 0x8u

static uint32_t u32_at(const void *bytes, size_t offset)
{
	uint32_t n;

	memcpy(&n, (const char *)bytes + offset, sizeof(n));
	return n;
}

static uint16_t u16_at(const void *bytes, size_t offset)
{
	uint16_t n;

	memcpy(&n, (const char *)bytes + offset, sizeof(n));
	return n;
}

/* 0: not a plain layout. */
static size_t plain_len(const void *bytes)
{
	switch (u32_at(bytes, 0)) {
	case LUSTRE_MAGIC_V1:
		return V1_BYTES;
	case LUSTRE_MAGIC_V3:
		return V3_BYTES;
	case LUSTRE_MAGIC_SPECIFIC:
		return V3_BYTES + (size_t)u16_at(bytes, 28) * OBJECT_BYTES;
	}
	return 0;
}

static bool deletes_default(const void *bytes)
{
	return u32_at(bytes, 24) == 0 && u16_at(bytes, 28) == 0 && u16_at(bytes, 30) == ANY;
}

int ioctl_setstripe(struct open_file *f, const void *bytes)
{
	size_t len = plain_len(bytes);
	char path[PROC_PATH_MAX];

	if (!len)
		return -EINVAL;
	if (f->regular || !deletes_default(bytes))
		return calls_xattr_set_layout(f, bytes, len);
	/* One that isn't there is as good as deleted. */
	if (real.removexattr(table_own_path(f, path), LOVFS_LAYOUT_XATTR) && errno != ENODATA)
		return -errno;
	special_forget(path);
	return 0;
}

/* What lovfs says of its root where nobody has set anything: on Lustre that is nothing. */
static bool is_built_in(const void *bytes)
{
	return u32_at(bytes, 0) == LUSTRE_MAGIC_V1 && u32_at(bytes, 24) == 1 << 20 &&
	       u16_at(bytes, 28) == 1 && u16_at(bytes, 30) == ANY;
}

static int get_root_default(struct open_file *f, void *bytes)
{
	char path[PROC_PATH_MAX];
	ssize_t n =
		calls_xattr_get_whole(f, double_proc_path(double_mount()->root_fd, path), bytes);

	if (n < 0)
		return (int)n;
	return is_built_in(bytes) ? -ENODATA : 0;
}

/* The root's, for a directory that has none: its owner's sequence says so. */
static int inherit_default(struct open_file *f, void *bytes)
{
	static const uint64_t seq = UINT64_MAX;
	int err = get_root_default(f, bytes);

	if (!err && plain_len(bytes))
		memcpy((char *)bytes + 16, &seq, sizeof(seq));
	return err;
}

static bool is_root(struct open_file *f)
{
	struct stat a, b;

	return real.fstatat(f->fd, "", &a, AT_EMPTY_PATH) == 0 &&
	       real.fstatat(double_mount()->root_fd, "", &b, AT_EMPTY_PATH) == 0 &&
	       a.st_ino == b.st_ino;
}

/* Only this tells a directory's first OST: calls_xattr.c. A file's isn't asked for this way. */
int ioctl_getstripe(struct open_file *f, void *bytes)
{
	char path[PROC_PATH_MAX];
	ssize_t n;

	if (f->regular)
		return -ENOTTY;
	if (is_root(f))
		return get_root_default(f, bytes);
	n = calls_xattr_get_whole(f, table_own_path(f, path), bytes);
	if (n == -ENODATA)
		return inherit_default(f, bytes);
	return n < 0 ? (int)n : 0;
}

/* ---- data version ---- */

/* What others have stored into mappings. Unlike fsync(2) it takes no lock of the inode. */
static void write_out(struct open_file *f)
{
	char path[PROC_PATH_MAX];
	int fd = real.openat(AT_FDCWD, table_own_path(f, path), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (sync_file_range(fd, 0, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER))
		double_log("dirty pages weren't written out");
	real.close(fd);
}

/* Lovfs counts the changes of all files from one number on; on Lustre no two files have the same
 * version. */
static uint64_t own_part(const struct open_file *f)
{
	return (uint64_t)f->fid.oid << 40;
}

/*
 * With a flag the servers make clients flush, which wait for the group lock (2.17: for ever, where
 * it is the caller's own).
 */
int ioctl_data_version(struct open_file *f, void *arg)
{
	struct lovfs_ioc_data_version v;
	struct lustre_data_version *out = arg;
	uint64_t before;
	int err;

	if (out->flags > 3)
		return -EINVAL;
	if (!f->regular)
		return -ENOTTY;
	if (out->flags && locked_here(f))
		double_forbid("flush under the group lock");
	if (out->flags) {
		write_out(f);
		unflushed_flush(f);
	}
	err = lovfs_data_version(f->fd, &v);
	if (err)
		return err;
	if (unflushed_before(f, &before))
		v.version = before;
	out->version = v.version - atomic_load(&f->merged_by) + own_part(f);
	out->layout_version = v.layout_version;
	return 0;
}

/* ---- swap ---- */

bool ioctl_has_mirrors(struct open_file *f)
{
	char path[PROC_PATH_MAX];
	struct layout_peek *l = layout_peek(table_own_path(f, path));
	bool has = l && l->mirror_count > 1;

	free(l);
	return has;
}

/* What lfs hsm_archive leaves: struct hsm_attrs, in the xattr that the servers keep. */
static bool is_archived(struct open_file *f)
{
	char path[PROC_PATH_MAX];
	unsigned char hsm[24];
	ssize_t n = real.getxattr(table_own_path(f, path), HSM_XATTR, hsm, sizeof(hsm));

	return n == sizeof(hsm) && u32_at(hsm, 4) & HSM_ARCHIVED;
}

/*
 * 2.17: compared is what the servers have, which may be without what a client has not flushed; then
 * it is swapped.
 */
static uint64_t version_to_be(struct open_file *f, const struct lustre_swap *swap, uint64_t now)
{
	uint64_t wanted = swap->dv1 - own_part(f) + atomic_load(&f->merged_by), before;

	return unflushed_before(f, &before) && wanted == before ? now : wanted;
}

static int swap_files(struct open_file *f, struct open_file *victim, const struct lustre_swap *swap)
{
	struct lovfs_ioc_data_version v;
	bool close_lease = swap->flags == LUSTRE_SWAP_CLOSE_LEASE;
	char path[PROC_PATH_MAX], victim_path[PROC_PATH_MAX];
	int err = special_may_swap(table_own_path(f, path), table_own_path(victim, victim_path));

	if (!err)
		err = lovfs_data_version(f->fd, &v);
	if (err)
		return err;
	if (close_lease && (f->lease == HELD_NONE || !lovfs_lease(f->fd))) {
		f->lease = HELD_NONE;
		return -EBUSY;
	}
	/* 2.17: of a file that HSM has archived. */
	if (is_archived(f) || is_archived(victim))
		return -EPERM;
	if (ioctl_has_mirrors(f) || ioctl_has_mirrors(victim))
		double_forbid("swap of a mirrored file");
	err = lovfs_swap(f->fd, victim->fd, close_lease ? LOVFS_SWAP_LEASE : 0,
			 close_lease ? v.version : version_to_be(f, swap, v.version));
	if (!err)
		special_swapped(path, victim_path);
	if (!close_lease)
		return err;
	/* Whatever came of it. */
	lovfs_lease_put(f->fd);
	f->lease = HELD_NONE;
	return err;
}

int ioctl_swap(struct open_file *f, const void *arg)
{
	const struct lustre_swap *swap = arg;
	struct open_file *victim;
	int err;

	if (swap->flags != LUSTRE_SWAP_CHECK_DV1 && swap->flags != LUSTRE_SWAP_CLOSE_LEASE)
		return -EINVAL;
	victim = table_get((int)swap->fd);
	if (!victim)
		return -EBADF;
	err = f->regular && victim->regular ? swap_files(f, victim, swap) : -EINVAL;
	table_put(victim);
	return err;
}
