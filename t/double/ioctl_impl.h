/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls. Each returns what ioctl(2) would, or a negative errno. fd is the program's number. */
#ifndef IOCTL_IMPL_H
#define IOCTL_IMPL_H

#include "table.h"

/* ioctl_layout.c */
int ioctl_setstripe(struct open_file *f, const void *bytes);
int ioctl_getstripe(struct open_file *f, void *bytes);
int ioctl_data_version(struct open_file *f, void *arg);
int ioctl_swap(struct open_file *f, const void *arg);
/* Whether the file or directory has a layout with mirrors. */
bool ioctl_has_mirrors(struct open_file *f);

/* ioctl_lock.c */
int ioctl_group_lock(struct open_file *f, unsigned long gid);
int ioctl_group_unlock(struct open_file *f, unsigned long gid);

/* ioctl_lease.c */
int ioctl_set_lease(struct open_file *f, const void *arg);
int ioctl_get_lease(struct open_file *f);

#endif
