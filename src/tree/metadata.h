/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attributes of one file given to its copy, as `cp -a` gives them: owner, extended attributes
 * with ACLs, mode, times; in this order, as each takes something of those after it away.
 *
 * Layouts (lustre.*) are no attributes of the data: a copy has the one that it was made with.
 */
#ifndef LOVFS_TREE_METADATA_H
#define LOVFS_TREE_METADATA_H

#include "base/attr.h"

#include <stdbool.h>
#include <sys/stat.h>

struct metadata_request {
	int src_fd, dst_fd;
	bool by_path;      /* a descriptor is O_PATH */
	bool data_differs; /* the copy has other data: its own times, and no privileges by it */
	bool may_have_acl; /* the copy may have ACLs that the source has not: they go */
	const struct stat *src_st;
	const struct stat *dst_st; /* as the copy is now: what is right is left alone */
};

/*
 * Does what can be done, and returns the first error that isn't passed over in silence, with text:
 * refused owners where the caller isn't root, and extended attributes but ACLs that are refused or
 * not known there, are. Where the owner is refused, the set-id bits aren't given. With data_differs the privileges go that
 * a write takes away: capabilities, and set-id bits where the caller isn't root. Any thread.
 */
int MUST_CHECK metadata_copy(const struct metadata_request *r);

/* Whether what is made in the directory inherits an ACL. dir_fd may be O_PATH. */
bool metadata_has_default_acl(int dir_fd);

#endif
