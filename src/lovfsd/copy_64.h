/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FUSE_COPY_FILE_RANGE_64, with which Linux 6.18 (interface 7.45) asks for copies first. A libfuse that
 * doesn't know it answers ENOSYS; the kernel then asks in the old way. But where two of the first copies
 * on a mount run at the same time, the second ENOSYS is taken for one to the old request, and the mount
 * copies through the page cache from then on (__fuse_copy_file_range() in fs/fuse/file.c). So that
 * request must not be refused: it is handed to libfuse as the old one. The requests are the same but for
 * their number, and so are the answers on a little-endian machine: a count in 32 bits with 32 bits of
 * zeros behind it, or in 64. Elsewhere this does nothing.
 */
#ifndef LOVFS_LOVFSD_COPY_64_H
#define LOVFS_LOVFSD_COPY_64_H

#include "base/attr.h"

struct fuse_session;

/* After the session is mounted, before its loop. -ENOMEM. */
int MUST_CHECK copy_64_accept(struct fuse_session *fuse);

#endif
