/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/reply.h"

#include "base/error.h"
#include "base/log.h"
#include "inode/inode.h"
#include "inode/inode_number.h"
#include "volume/inode_attr.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

/*
 * How long the kernel trusts names and attributes. All changes come through it, and those that it
 * can't know of are told to it; the time only bounds what a change behind our back (in the backing
 * directories) may do.
 */
#define TIMEOUT_S 1.0

/* At 1, 2, 4, 8 ... */
static void log_full_table(void)
{
	static atomic_uint count;
	unsigned int n = atomic_fetch_add(&count, 1) + 1;

	if ((n & (n - 1)) == 0)
		log_error("no descriptor is left (%u so far): programs get ENFILE; a higher limit "
			  "of open files is needed",
			  n);
}

/* An OST's, or its device's: which one it is nobody can see from the number. */
static bool is_of_device(int err)
{
	switch (err) {
	case -EIO:
	case -EUCLEAN:
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
	case -ESTALE:
	case -EACCES:
		return true;
	}
	return false;
}

static void tell_failure(struct session *s, int err, struct inode *inode, const char *what)
{
	char reason[ERROR_TEXT_MAX], text[FID_TEXT_MAX];
	struct fid fid;
	bool named;

	if (err == -EMFILE) {
		log_full_table();
		return;
	}
	if (!is_of_device(err)) {
		log_debug("%s: %s", what, error_text(err));
		return;
	}
	snprintf(reason, sizeof(reason), "%s", error_text(err));
	named = inode && inode_get_fid(inode, &fid) == 0;
	if (named)
		failures_note(&s->failures, fid, err, reason);
	if (err != -EIO && err != -EUCLEAN)
		log_debug("%s: %s", what, reason);
	else if (named)
		log_error("%s: %s: %s", fid_text(fid, text), what, reason);
	else
		log_error("%s: %s", what, reason);
}

int reply_errno(int err)
{
	return err == -EMFILE ? -ENFILE : err;
}

void reply_err(fuse_req_t req, int err, struct inode *inode, const char *what)
{
	if (err)
		tell_failure(fuse_req_userdata(req), err, inode, what);
	fuse_reply_err(req, -reply_errno(err));
}

double reply_attr_timeout(const struct inode *inode, int doubt)
{
	return inode_is_mirror(inode) || doubt ? 0 : TIMEOUT_S;
}

/* Who may see a hidden inode depends on who asks, so each lookup must come to us. */
static double entry_timeout(const struct inode *inode)
{
	return inode_is_hidden(inode) ? 0 : TIMEOUT_S;
}

/* The root's reference is nobody's: the kernel never forgets it. */
static int tell_kernel(struct session *s, struct inode *inode)
{
	if (inode_number(inode) != FUSE_ROOT_ID)
		return known_inodes_take(&s->known, inode);
	inode_forget(inode, 1);
	return 0;
}

int reply_take_entry(struct session *s, struct inode *inode, struct fuse_entry_param *ret_entry)
{
	struct fuse_entry_param e = { .ino = inode_number(inode) };
	uint32_t generation = 0;
	int doubt = 0, err = inode_number_generation(inode, &generation);

	if (!err)
		err = inode_attr_get_of_name(inode, &e.attr, &doubt);
	if (err) {
		inode_forget(inode, 1);
		return err;
	}
	e.generation = generation;
	e.attr_timeout = reply_attr_timeout(inode, doubt);
	e.entry_timeout = entry_timeout(inode);
	err = tell_kernel(s, inode);
	if (err)
		return err;
	*ret_entry = e;
	return 0;
}

void reply_entry_undo(struct session *s, struct inode *inode)
{
	if (inode_number(inode) != FUSE_ROOT_ID)
		known_inodes_forget(&s->known, inode_number(inode), 1);
}

void reply_entry(struct session *s, fuse_req_t req, int err, struct inode *inode, const char *what)
{
	struct fuse_entry_param e;

	if (err == 0)
		err = reply_take_entry(s, inode, &e);
	if (err)
		reply_err(req, err, NULL, what);
	else if (fuse_reply_entry(req, &e))
		reply_entry_undo(s, inode);
}
