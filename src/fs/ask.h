/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One ioctl of include/lovfs_ioctl.h, with words for what went wrong. Any thread. */
#ifndef LOVFS_FS_ASK_H
#define LOVFS_FS_ASK_H

#include "base/attr.h"
#include "base/fid.h"
#include "lovfs_ioctl.h"

#include <stddef.h>
#include <stdint.h>

/* 0, or a negative errno with text: "cannot WHAT: ...". */
int MUST_CHECK ask_ioctl(int fd, unsigned long request, void *arg, const char *what);

/* The FID of an open file, as it is and as ioctls have it. */
int MUST_CHECK ask_fid(int fd, struct fid *ret_fid);
int MUST_CHECK ask_ioc_fid(int fd, struct lovfs_ioc_fid *ret_fid);

/* Copies a text of the daemon, which need not end in NUL. */
void ask_take_text(char *dst, size_t dst_size, const char *src, size_t src_size);

/* What came of a request whose struct says so: `result`, with `why` as its text. */
int MUST_CHECK ask_outcome(int32_t result, const char *why, size_t why_size, const char *what);

#endif
