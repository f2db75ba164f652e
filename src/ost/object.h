/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of an OST (ost.h), by their ids. Any thread may call. */
#ifndef LOVFS_OST_OBJECT_H
#define LOVFS_OST_OBJECT_H

#include "base/attr.h"
#include "base/fid.h"

struct ost;
struct ost_parent;
struct stat;

/* Creates an empty object with its parent xattr and gives its id. The id is never given out again.
 * -ENOSPC, -EIO, ... */
int MUST_CHECK object_create(struct ost *ost, const struct ost_parent *parent, struct fid *ret_id);

/*
 * Opens an object; flags O_RDONLY or O_RDWR, with O_DIRECT or not, never following links, and
 * without its time of access being touched (where that may be had: O_NOATIME is the owner's and
 * root's). Returns the descriptor. -EIO (with text) also where it is missing.
 */
int MUST_CHECK object_open(struct ost *ost, struct fid id, int flags);

int MUST_CHECK object_stat(struct ost *ost, struct fid id, struct stat *ret_st);

/* Removes an object. One that isn't there is fine: recovery may ask twice. */
int MUST_CHECK object_destroy(struct ost *ost, struct fid id);

/* Replaces the parent xattr. -ENODATA from get: none. */
int MUST_CHECK object_set_parent(struct ost *ost, struct fid id, const struct ost_parent *parent);
int MUST_CHECK object_get_parent(struct ost *ost, struct fid id, struct ost_parent *ret_parent);

#endif
