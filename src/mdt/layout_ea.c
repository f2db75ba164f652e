/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a layout lies: in the xattr, or in LAYOUT/<fid>.<n> with the xattr saying "lovfs-layout
 * <n>". A new layout goes to a file of another number, durably, before the xattr changes, and the
 * old file goes when the changed xattr is durable. So after a crash the xattr, old or new, has its
 * file; a file of another number is rubbish.
 */
#include "mdt/layout_ea.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/units.h"
#include "layout/codec.h"
#include "mdt/ea.h"
#include "mdt/fid_name.h"
#include "mdt/lma.h"
#include "mdt/mdt.h"
#include "mdt/mdt_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LAYOUT_EA "lov"
#define REFERENCE "lovfs-layout "
#define REFERENCE_MAX 48
#define BESIDE_NAME_MAX (FID_NAME_MAX + 24)
#define COMMON_BYTES 1024 /* 40 stripes: larger ones are read twice */

/* The number in a reference; 0 where the bytes aren't one. No layout begins with these letters. */
static uint64_t parse_reference(const void *bytes, size_t len_bytes)
{
	char text[REFERENCE_MAX];
	uint64_t number;

	if (len_bytes >= sizeof(text) || len_bytes < strlen(REFERENCE) ||
	    memcmp(bytes, REFERENCE, strlen(REFERENCE)) != 0)
		return 0;
	memcpy(text, bytes, len_bytes);
	text[len_bytes] = '\0';
	if (strlen(text) != len_bytes ||
	    number_parse(text + strlen(REFERENCE), 1, INT64_MAX, &number) < 0)
		return 0;
	return number;
}

static const char *beside_name(struct fid fid, uint64_t number, char buf[BESIDE_NAME_MAX])
{
	char name[FID_NAME_MAX];

	snprintf(buf, BESIDE_NAME_MAX, "%s.%" PRIu64, fid_name(fid, name), number);
	return buf;
}

static int find_beside(struct mdt *mdt, int fd, struct layout_beside *ret_beside)
{
	struct layout_beside beside = { 0 };
	char bytes[REFERENCE_MAX];
	ssize_t n = ea_get(mdt, fd, LAYOUT_EA, bytes, sizeof(bytes));
	int err = 0;

	if (n < 0 && n != -ENODATA && n != -ERANGE) /* longer than a reference: a layout */
		return (int)n;
	if (n > 0)
		beside.number = parse_reference(bytes, (size_t)n);
	if (beside.number)
		err = lma_get_fid(mdt, fd, &beside.fid);
	if (!err)
		*ret_beside = beside;
	return err;
}

void layout_ea_beside(struct mdt *mdt, int fd, struct layout_beside *ret_beside)
{
	if (find_beside(mdt, fd, ret_beside))
		*ret_beside = (struct layout_beside){ 0 };
}

void layout_ea_forget(struct mdt *mdt, const struct layout_beside *beside)
{
	char name[BESIDE_NAME_MAX];
	int err;

	if (!beside->number)
		return;
	err = sys_unlinkat(mdt->layout_fd, beside_name(beside->fid, beside->number, name), 0);
	if (err && err != -ENOENT)
		log_warning("remove " MDT_LAYOUT_DIR "/%s: %s", name, strerrordesc_np(-err));
}

/* Removes the file of the layout that was replaced, once the inode can't come back with it. */
static void forget_replaced(struct mdt *mdt, int fd, const struct layout_beside *beside)
{
	int err;

	if (!beside->number)
		return;
	err = mdt_fsync(mdt, fd);
	if (err)
		log_warning("keep an old layout file: fsync: %s", strerrordesc_np(-err));
	else
		layout_ea_forget(mdt, beside);
}

/* The xattr's bytes in a malloc'ed buffer. */
static ssize_t read_xattr(struct mdt *mdt, int fd, uint8_t **ret_bytes)
{
	CLEANUP_FREE uint8_t *bytes = malloc(COMMON_BYTES);
	ssize_t n;

	if (!bytes)
		return fail(-ENOMEM, "layout: no memory");
	n = ea_get(mdt, fd, LAYOUT_EA, bytes, COMMON_BYTES);
	if (n == -ERANGE) {
		free(bytes);
		bytes = malloc(LAYOUT_BYTES_MAX);
		if (!bytes)
			return fail(-ENOMEM, "layout: no memory");
		n = ea_get(mdt, fd, LAYOUT_EA, bytes, LAYOUT_BYTES_MAX);
	}
	if (n >= 0)
		*ret_bytes = PTR_STEAL(bytes);
	return n;
}

static int read_beside(struct mdt *mdt, int fd, uint64_t number, struct layout **ret_layout)
{
	CLEANUP_FREE char *bytes = NULL;
	char name[BESIDE_NAME_MAX];
	struct fid fid;
	size_t len;
	int err = lma_get_fid(mdt, fd, &fid);

	if (err)
		return err;
	err = sys_read_file(mdt->layout_fd, beside_name(fid, number, name), LAYOUT_BYTES_MAX,
			    &bytes, &len);
	if (err == -EFBIG)
		return fail(-EUCLEAN, MDT_LAYOUT_DIR "/%s is too long for a layout", name);
	return err ? err : layout_decode(bytes, len, ret_layout);
}

/* A file that isn't there was replaced after the xattr was read, unless the xattr still names it.
 */
int layout_ea_get(struct mdt *mdt, int fd, struct layout **ret_layout)
{
	uint64_t last = 0;

	for (;;) {
		CLEANUP_FREE uint8_t *bytes = NULL;
		ssize_t n = read_xattr(mdt, fd, &bytes);
		uint64_t number;
		int err;

		if (n < 0)
			return (int)n;
		number = parse_reference(bytes, (size_t)n);
		if (!number)
			return layout_decode(bytes, (size_t)n, ret_layout);
		err = read_beside(mdt, fd, number, ret_layout);
		if (err != -ENOENT)
			return err;
		if (number == last)
			return fail(-EUCLEAN, "layout file number %" PRIu64 " is missing", number);
		last = number;
	}
}

static int write_file(struct mdt *mdt, const char *name, const void *bytes, size_t len_bytes)
{
	CLEANUP_FD int fd =
		sys_openat(mdt->layout_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	int err;

	if (fd < 0)
		return fd;
	err = sys_pwrite_full(fd, bytes, len_bytes, 0);
	if (!err)
		err = sys_fsync(fd);
	if (!err)
		err = sys_fsync(mdt->layout_fd);
	return err;
}

static int set_beside(struct mdt *mdt, int fd, uint64_t number, const void *bytes, size_t len_bytes)
{
	char name[BESIDE_NAME_MAX], reference[REFERENCE_MAX];
	struct fid fid;
	int err = lma_get_fid(mdt, fd, &fid);

	if (err)
		return err;
	beside_name(fid, number, name);
	err = write_file(mdt, name, bytes, len_bytes);
	if (!err) {
		snprintf(reference, sizeof(reference), REFERENCE "%" PRIu64, number);
		err = ea_set(mdt, fd, LAYOUT_EA, reference, strlen(reference), 0);
	}
	if (err)
		(void)!sys_unlinkat(mdt->layout_fd, name, 0);
	return err;
}

/* On a full disk the file can't be written either, and that error is the one reported. */
static bool means_no_room(int err)
{
	return err == -ENOSPC || err == -E2BIG || err == -ERANGE;
}

static int encode(const struct layout *l, uint8_t **ret_bytes, size_t *ret_len_bytes)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	size_t len = layout_encoded_len(l);
	int err;

	if (len > LAYOUT_BYTES_MAX)
		return fail(-E2BIG, "layout has %zu bytes, at most %u can be stored", len,
			    LAYOUT_BYTES_MAX);
	bytes = malloc(len);
	if (!bytes)
		return fail(-ENOMEM, "layout: no memory");
	err = layout_encode(l, bytes, len, &len);
	if (err)
		return err;
	*ret_bytes = PTR_STEAL(bytes);
	*ret_len_bytes = len;
	return 0;
}

int layout_ea_set(struct mdt *mdt, int fd, const struct layout *l)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	struct layout_beside old;
	size_t len = 0;
	int err = encode(l, &bytes, &len);

	if (err)
		return err;
	err = find_beside(mdt, fd, &old);
	if (!err)
		err = ea_set(mdt, fd, LAYOUT_EA, bytes, len, 0);
	if (means_no_room(err))
		err = set_beside(mdt, fd, old.number + 1, bytes, len);
	if (err)
		return fail_sys(err, "store a layout of %zu bytes", len);
	forget_replaced(mdt, fd, &old);
	return 0;
}

int layout_ea_remove(struct mdt *mdt, int fd)
{
	struct layout_beside old;
	int err;

	err = find_beside(mdt, fd, &old);
	if (!err)
		err = ea_remove(mdt, fd, LAYOUT_EA);
	if (err)
		return err == -ENODATA ? 0 : err;
	forget_replaced(mdt, fd, &old);
	return 0;
}
