/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/lma.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/sys.h"
#include "mdt/ea.h"
#include "mdt/mdt_impl.h"

#include <assert.h>
#include <errno.h>
#include <sys/xattr.h>

void lma_encode(struct fid fid, uint8_t ret_bytes[LMA_BYTES])
{
	struct writer w = writer_of(ret_bytes, LMA_BYTES);

	le32_put(&w, 0);
	le32_put(&w, 0);
	le64_put(&w, fid.seq);
	le32_put(&w, fid.oid);
	le32_put(&w, fid.ver);
	assert(!w.bad && w.pos == LMA_BYTES);
}

int lma_decode(const void *bytes, size_t len_bytes, struct fid *ret_fid)
{
	struct reader r = reader_of(bytes, len_bytes);
	struct fid fid = { 0 };
	uint32_t incompat;

	if (len_bytes != LMA_BYTES)
		return fail(-EUCLEAN, "FID xattr has %zu bytes, not %u", len_bytes, LMA_BYTES);
	le32_get(&r); /* compat: what may be ignored */
	incompat = le32_get(&r);
	fid.seq = le64_get(&r);
	fid.oid = le32_get(&r);
	fid.ver = le32_get(&r);
	if (incompat)
		return fail(-EUCLEAN, "FID xattr has unknown features 0x%x", incompat);
	if (fid.seq == 0 || fid.oid == 0)
		return fail(-EUCLEAN, "FID xattr holds no FID");
	*ret_fid = fid;
	return 0;
}

int lma_new_fid(struct mdt *mdt, struct fid *ret_fid)
{
	uint64_t number;
	int err;

	do {
		err = idfile_next(&mdt->fids, &number);
		if (err)
			return err;
	} while ((number & UINT32_MAX) == 0); /* oid 0 is nobody's */
	*ret_fid = (struct fid){ .seq = MDT_SEQ_BASE + (number >> 32), .oid = (uint32_t)number };
	return 0;
}

int lma_get(struct mdt *mdt, int fd, struct fid *ret_fid)
{
	uint8_t bytes[LMA_BYTES + 1]; /* one more, so that one too long is seen as such */
	ssize_t n = ea_get(mdt, fd, LMA_EA, bytes, sizeof(bytes));

	if (n == -ERANGE)
		return fail(-EUCLEAN, "FID xattr is too long");
	return n < 0 ? (int)n : lma_decode(bytes, (size_t)n, ret_fid);
}

/* Of two threads that give the same inode its FID, one finds that it has got one. */
static int give_fid(struct mdt *mdt, int fd, struct fid *ret_fid)
{
	uint8_t bytes[LMA_BYTES];
	struct stat st;
	struct fid fid;
	int err = sys_fstat(fd, &st);

	if (err)
		return err;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return fail(-EOPNOTSUPP, "only regular files and directories have FIDs");
	err = lma_new_fid(mdt, &fid);
	if (err)
		return err;
	lma_encode(fid, bytes);
	err = ea_set(mdt, fd, LMA_EA, bytes, sizeof(bytes), XATTR_CREATE);
	if (err == -EEXIST)
		return lma_get(mdt, fd, ret_fid);
	if (err)
		return fail_sys(err, "set FID xattr");
	*ret_fid = fid;
	return 0;
}

int lma_get_fid(struct mdt *mdt, int fd, struct fid *ret_fid)
{
	int err = lma_get(mdt, fd, ret_fid);

	return err == -ENODATA || err == -EOPNOTSUPP ? give_fid(mdt, fd, ret_fid) : err;
}
