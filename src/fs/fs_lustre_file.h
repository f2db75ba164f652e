/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files on Lustre: their layouts, their FIDs, and files without a name. Any thread; errors with text. */
#ifndef LOVFS_FS_FS_LUSTRE_FILE_H
#define LOVFS_FS_FS_LUSTRE_FILE_H

#include "base/attr.h"
#include "base/fid.h"
#include "layout/layout.h"

/* Of a new file, or a directory's default. -EEXIST: the file has objects. -EPERM: the servers don't let this
 * user set layouts. */
int MUST_CHECK fs_lustre_file_set_layout(int fd, const struct layout *l);

/* Of a file, or a directory's default. -ENODATA: it has none (nor, of a directory, has the root). */
int MUST_CHECK fs_lustre_file_layout(int fd, struct layout **ret_layout);

int MUST_CHECK fs_lustre_file_fid(int fd, struct fid *ret_fid);

/* A file without a name in dirfd, on the MDT of src_fd, with layout l (NULL: none yet). flags: of open(2),
 * besides those that make it. It is gone at its last close. */
int MUST_CHECK fs_lustre_file_victim(int dirfd, int src_fd, const struct layout *l, int flags,
				     int *ret_fd);

#endif
