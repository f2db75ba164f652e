/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers to ioctls about mirrors, and copies that follow a file. */
#ifndef LOVFS_LOVFSD_IOCTL_MIRRORS_H
#define LOVFS_LOVFSD_IOCTL_MIRRORS_H

#include "base/attr.h"
#include "lovfsd/ioctl_call.h"

/* Rows of the table: 0, with the struct filled in, or a negative errno. */
int MUST_CHECK ioctl_follow_begin(const struct ioctl_call *c);
int MUST_CHECK ioctl_follow_next(const struct ioctl_call *c);
int MUST_CHECK ioctl_follow_copied(const struct ioctl_call *c);
int MUST_CHECK ioctl_follow_end(const struct ioctl_call *c);
int MUST_CHECK ioctl_synced(const struct ioctl_call *c);
int MUST_CHECK ioctl_merge(const struct ioctl_call *c);
int MUST_CHECK ioctl_split(const struct ioctl_call *c);
int MUST_CHECK ioctl_component_flags(const struct ioctl_call *c);
int MUST_CHECK ioctl_check_mirror(const struct ioctl_call *c);
int MUST_CHECK ioctl_trouble(const struct ioctl_call *c);

#endif
