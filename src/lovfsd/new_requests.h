/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests that libfuse may not know yet, handed to it as older ones that are the same but for their number.
 *
 * FUSE_TMPFILE, of Linux 6.1, makes and opens a file without a name: open(2) with O_TMPFILE. It is handed on as
 * FUSE_CREATE with a name that no file can have, NEW_REQUESTS_NO_NAME. libfuse knows it from 3.17 on.
 *
 * FUSE_COPY_FILE_RANGE_64, with which Linux 6.18 (interface 7.45) asks for copies first. A libfuse that
 * doesn't know it answers ENOSYS; the kernel then asks in the old way. But where two of the first copies
 * on a mount run at the same time, the second ENOSYS is taken for one to the old request, and the mount
 * copies through the page cache from then on (__fuse_copy_file_range() in fs/fuse/file.c). So that
 * request must not be refused. The answers are the same on a little-endian machine: a count in 32 bits with 32
 * bits of zeros behind it, or in 64. Elsewhere it is left alone.
 */
#ifndef LOVFS_LOVFSD_NEW_REQUESTS_H
#define LOVFS_LOVFSD_NEW_REQUESTS_H

#include "base/attr.h"

#define NEW_REQUESTS_NO_NAME "/"

struct fuse_session;

/* After the session is mounted, before its loop. -ENOMEM. */
int MUST_CHECK new_requests_accept(struct fuse_session *fuse);

#endif
