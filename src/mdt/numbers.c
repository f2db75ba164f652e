/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The backing file system's handles are made here of number and generation. Known are: number and generation
 * of 32 bits (ext4, f2fs, XFS without large numbers), 64 and 32 bits (XFS), and Btrfs' own. ext4, f2fs and Btrfs
 * take generation 0 for any; XFS tells an inode's generation by its ioctl for many inodes.
 *
 * Sources: the kernel's exportfs.h, fs/xfs/xfs_export.h, fs/btrfs/export.h; ioctl_xfs_bulkstat(2).
 */
#include "mdt/numbers.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "mdt/ea.h"
#include "mdt/fid_name.h"
#include "mdt/lma.h"
#include "mdt/mdt_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>

enum handle_type {
	HANDLE_32 = 1,        /* u32 number, u32 generation */
	HANDLE_XFS_64 = 0x81, /* u64 number, u32 generation */
	HANDLE_BTRFS = 0x4d,  /* u64 number, u64 subvolume, u32 generation */
};

#define HANDLE_MAX 128

union any_handle {
	struct file_handle handle;
	unsigned char room[sizeof(struct file_handle) + HANDLE_MAX];
};

static unsigned int length_of(int type)
{
	switch (type) {
	case HANDLE_32:
		return 8;
	case HANDLE_XFS_64:
		return 12;
	case HANDLE_BTRFS:
		return 20;
	default:
		return 0;
	}
}

/* Numbers are in the machine's own order: the kernel's structs. */
static void decode(const struct file_handle *h, uint64_t *ret_number, uint32_t *ret_generation)
{
	unsigned int number_bytes = h->handle_type == HANDLE_32 ? 4 : 8;
	uint32_t low;

	memcpy(&low, h->f_handle, sizeof(low));
	*ret_number = low;
	if (number_bytes == 8)
		memcpy(ret_number, h->f_handle, 8);
	memcpy(ret_generation, h->f_handle + length_of(h->handle_type) - 4, 4);
}

/* False: the number doesn't fit. */
static bool encode(const struct mdt_numbers *n, uint64_t number, uint32_t generation,
		   union any_handle *ret)
{
	unsigned char *at = ret->handle.f_handle;
	uint32_t low = (uint32_t)number;

	if (n->type == HANDLE_32 && number > UINT32_MAX)
		return false;
	ret->handle.handle_type = n->type;
	ret->handle.handle_bytes = length_of(n->type);
	if (n->type == HANDLE_32)
		memcpy(at, &low, sizeof(low));
	else
		memcpy(at, &number, sizeof(number));
	if (n->type == HANDLE_BTRFS)
		memcpy(at + sizeof(number), &n->subvolume, sizeof(n->subvolume));
	memcpy(at + length_of(n->type) - 4, &generation, sizeof(generation));
	return true;
}

static int get_handle(int fd, union any_handle *ret)
{
	ret->handle.handle_bytes = HANDLE_MAX;
	return sys_name_to_handle(fd, &ret->handle);
}

/* Number and generation of an inode as the backing file system has them. */
static int ask(const struct mdt *mdt, int fd, uint64_t *ret_number, uint32_t *ret_generation)
{
	union any_handle h;
	int err = mdt->numbers.known ? get_handle(fd, &h) : -EOPNOTSUPP;

	if (err)
		return err;
	if (h.handle.handle_type != mdt->numbers.type ||
	    h.handle.handle_bytes != length_of(mdt->numbers.type))
		return -EOPNOTSUPP;
	decode(&h.handle, ret_number, ret_generation);
	return 0;
}

/* ---- finding ---- */

/* struct xfs_bulk_ireq with room for one struct xfs_bulkstat, as far as they are used. */
struct bulkstat {
	uint64_t from;
	uint32_t flags, wanted, got, group;
	uint64_t reserved[5];
	uint64_t number;
	uint64_t unused[7];
	uint32_t generation;
	uint32_t unused_too[31];
};
_Static_assert(sizeof(struct bulkstat) == 64 + 192, "the kernel writes that much");
#define IOC_BULKSTAT _IOC(_IOC_READ, 'X', 127, 64)

static int ask_xfs(const struct mdt *mdt, uint64_t number, uint32_t *ret_generation)
{
	struct bulkstat b = { .from = number, .wanted = 1 };
	int err = sys_ioctl(mdt->pending_fd, IOC_BULKSTAT, &b);

	if (err)
		return err;
	if (b.got != 1 || b.number != number) /* the next one that exists */
		return -ESTALE;
	*ret_generation = b.generation;
	return 0;
}

static int open_number(const struct mdt *mdt, uint64_t number, int *ret_fd)
{
	uint32_t generation = 0;
	union any_handle h;
	int fd, err = mdt->numbers.xfs ? ask_xfs(mdt, number, &generation) : 0;

	if (err)
		return err;
	if (!encode(&mdt->numbers, number, generation, &h))
		return -ESTALE;
	fd = sys_open_by_handle(mdt->pending_fd, &h.handle, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* Whether it is ROOT or below it, going upwards. */
static bool is_in_root(struct mdt *mdt, int fd)
{
	CLEANUP_FD int at = sys_reopen(fd, O_PATH | O_DIRECTORY);
	struct stat st, up = { 0 };

	while (at >= 0 && sys_fstat(at, &st) == 0 && st.st_dev == mdt->device) {
		int next;

		if (st.st_ino == mdt->root_number)
			return true;
		if (st.st_ino == up.st_ino) /* the top of the file system */
			return false;
		up = st;
		next = sys_openat(at, "..", O_PATH | O_DIRECTORY, 0);
		fd_cleanup(&at);
		at = next;
	}
	return false;
}

/* Whether it was removed: it has no name at all, or waits in PENDING. */
static bool is_removed(struct mdt *mdt, int fd, const struct stat *st, bool *ret_removed)
{
	char name[FID_NAME_MAX];
	struct stat pending, now;
	struct fid fid;

	*ret_removed = st->st_nlink == 0;
	if (!S_ISREG(st->st_mode))
		return true;
	if (lma_get(mdt, fd, &fid))
		return false;
	/* In this order: what leaves PENDING in between has no name then. */
	if (sys_fstatat(mdt->pending_fd, fid_name(fid, name), &pending, AT_SYMLINK_NOFOLLOW))
		pending.st_ino = 0;
	*ret_removed = sys_fstat(fd, &now) || now.st_nlink == 0 ||
		       (now.st_nlink == 1 && pending.st_ino == now.st_ino);
	return true;
}

int numbers_check_found(struct mdt *mdt, int fd)
{
	bool removed;
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (err)
		return err;
	if (st.st_dev != mdt->device || (S_ISDIR(st.st_mode) && !is_in_root(mdt, fd)))
		return -ESTALE;
	return is_removed(mdt, fd, &st, &removed) && !removed ? 0 : -ESTALE;
}

int numbers_find(struct mdt *mdt, uint64_t number, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	int err = mdt->numbers.can_find ? open_number(mdt, number, &fd) : -ESTALE;

	if (err == -ENOENT || err == -EINVAL) /* XFS: there never was such an inode */
		err = -ESTALE;
	if (!err)
		err = numbers_check_found(mdt, fd);
	if (!err)
		*ret_fd = fd_steal(&fd);
	return err;
}

int numbers_find_parent(struct mdt *mdt, int fd, int *ret_fd)
{
	CLEANUP_FD int parent = -1;
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (err)
		return err;
	parent =
		sys_openat(fd, st.st_ino == mdt->root_number ? "." : "..", O_PATH | O_DIRECTORY, 0);
	if (parent < 0)
		return parent;
	if (!is_in_root(mdt, parent))
		return -ESTALE;
	*ret_fd = fd_steal(&parent);
	return 0;
}

int numbers_generation(struct mdt *mdt, int fd, uint32_t *ret_generation)
{
	struct {
		uint64_t number, generation;
	} id = { 0 };
	unsigned char hash[crypto_shorthash_BYTES];
	uint32_t generation;
	int err = ask(mdt, fd, &id.number, &generation);

	if (err)
		return err;
	id.generation = generation;
	crypto_shorthash(hash, (const unsigned char *)&id, sizeof(id), mdt->numbers.key);
	memcpy(ret_generation, hash, sizeof(*ret_generation));
	return 0;
}

bool numbers_known(const struct mdt *mdt)
{
	return mdt->numbers.known;
}

bool numbers_can_find(const struct mdt *mdt)
{
	return mdt->numbers.can_find;
}

/* ---- what there is ---- */

_Static_assert(MDT_HANDLE_KEY_BYTES == crypto_shorthash_KEYBYTES, "one is used for the other");

static int make_key(struct mdt *mdt)
{
	uint8_t *key = mdt->numbers.key;
	int err;

	crypto_shorthash_keygen(key);
	err = sys_replace_file(mdt->dirfd, MDT_HANDLE_KEY, key, MDT_HANDLE_KEY_BYTES, 0600);
	return err ? fail_sys(err, "make " MDT_HANDLE_KEY) : 0;
}

static int load_key(struct mdt *mdt)
{
	CLEANUP_FREE char *bytes = NULL;
	size_t len;
	int err = sys_read_file(mdt->dirfd, MDT_HANDLE_KEY, MDT_HANDLE_KEY_BYTES, &bytes, &len);

	if (err == -ENOENT)
		return make_key(mdt);
	if (!err && len != MDT_HANDLE_KEY_BYTES)
		err = -EUCLEAN;
	if (err)
		return fail_sys(err, "read " MDT_HANDLE_KEY);
	memcpy(mdt->numbers.key, bytes, MDT_HANDLE_KEY_BYTES);
	return 0;
}

/* Of which kind handles are: ROOT's tells. */
static void learn_kind(struct mdt *mdt)
{
	struct mdt_numbers *n = &mdt->numbers;
	struct statfs fs;
	union any_handle h;

	if (get_handle(mdt->root_fd, &h) || length_of(h.handle.handle_type) == 0 ||
	    length_of(h.handle.handle_type) != h.handle.handle_bytes)
		return;
	n->known = true;
	n->type = h.handle.handle_type;
	if (n->type == HANDLE_BTRFS)
		memcpy(&n->subvolume, h.handle.f_handle + 8, sizeof(n->subvolume));
	n->xfs = sys_fstatfs(mdt->root_fd, &fs) == 0 && fs.f_type == XFS_SUPER_MAGIC;
}

/* Whether ROOT is found by its number. */
static bool try_find(struct mdt *mdt)
{
	CLEANUP_FD int fd = -1;
	struct stat st;

	return mdt->numbers.known && open_number(mdt, mdt->root_number, &fd) == 0 &&
	       sys_fstat(fd, &st) == 0 && st.st_ino == mdt->root_number && st.st_dev == mdt->device;
}

int numbers_init(struct mdt *mdt)
{
	if (sodium_init() < 0)
		return fail(-EIO, "libsodium finds no random numbers");
	learn_kind(mdt);
	mdt->numbers.can_find = try_find(mdt);
	log_debug("MDT inodes %s", mdt->numbers.can_find ? "can be found by their numbers"
							 : "can't be found by their numbers");
	return load_key(mdt);
}
