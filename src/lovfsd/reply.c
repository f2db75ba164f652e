/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/reply.h"

#include "base/error.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>

/*
 * How long the kernel trusts names and attributes. All changes come through it, and those that it
 * can't know of are told to it; the time only bounds what a change behind our back (in the backing
 * directories) may do.
 */
#define TIMEOUT_S 1.0

static void log_failure(int err, struct inode *inode, const char *what)
{
	char reason[ERROR_TEXT_MAX], text[FID_TEXT_MAX];
	struct fid fid;

	if (err != -EIO && err != -EUCLEAN) {
		log_debug("%s: %s", what, error_text(err));
		return;
	}
	snprintf(reason, sizeof(reason), "%s", error_text(err));
	if (inode && inode_get_fid(inode, &fid) == 0)
		log_error("%s: %s: %s", fid_text(fid, text), what, reason);
	else
		log_error("%s: %s", what, reason);
}

void reply_err(fuse_req_t req, int err, struct inode *inode, const char *what)
{
	if (err)
		log_failure(err, inode, what);
	fuse_reply_err(req, -err);
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

int reply_take_entry(struct session *s, struct inode *inode, struct fuse_entry_param *ret_entry)
{
	struct fuse_entry_param e = { .ino = (uintptr_t)inode };
	int doubt, err = inode_getattr_of_name(inode, &e.attr, &doubt);

	if (err) {
		inode_forget(inode, 1);
		return err;
	}
	e.attr_timeout = reply_attr_timeout(inode, doubt);
	e.entry_timeout = entry_timeout(inode);
	err = known_inodes_take(&s->known, inode);
	if (err)
		return err;
	*ret_entry = e;
	return 0;
}

void reply_entry_undo(struct session *s, struct inode *inode)
{
	known_inodes_forget(&s->known, inode, 1);
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
