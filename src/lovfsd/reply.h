/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that more than one kind of operation gives. */
#ifndef LOVFS_LOVFSD_REPLY_H
#define LOVFS_LOVFSD_REPLY_H

#include "lovfsd/session.h"

#include <fuse_lowlevel.h>
#include <sys/stat.h>

/* What the caller is told: EMFILE would be taken for its own, but it is the daemon that has too many files
 * open, so it is ENFILE. Everything else, 0 too, as it is. */
int reply_errno(int err);

/*
 * err: 0 or a negative errno; what: the operation, for the log. EIO and EUCLEAN, which someone must
 * look into, are logged as errors with the FID of `inode` (may be NULL), others for debugging. The
 * caller is told reply_errno().
 */
void reply_err(fuse_req_t req, int err, struct inode *inode, const char *what);

/* What the kernel may take for true of the inode and for how long: of a mirror as a file for no
 * time. `doubt`: see inode_attr_get_of_name(); then it asks again for
 * what programs ask for. */
double reply_attr_timeout(const struct inode *inode, int doubt);

/*
 * Fills *ret_entry for an inode that the kernel is about to be told of. Takes the reference: the
 * kernel's on success (give it back with reply_entry_undo() if the kernel isn't told after all),
 * dropped on failure.
 */
int MUST_CHECK reply_take_entry(struct session *s, struct inode *inode,
				struct fuse_entry_param *ret_entry);
void reply_entry_undo(struct session *s, struct inode *inode);

/* Answers with an inode found or made, whose reference it takes, or with an error where err isn't
 * 0. */
void reply_entry(struct session *s, fuse_req_t req, int err, struct inode *inode, const char *what);

#endif
