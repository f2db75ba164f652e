/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FUSE operations, by kind: each file adds its own to the table that libfuse calls. User data
 * is the session. Operations that aren't there: locks (the kernel keeps them by itself), access
 * (the kernel checks permissions: default_permissions).
 */
#ifndef LOVFS_LOVFSD_OPS_H
#define LOVFS_LOVFSD_OPS_H

#include <fuse_lowlevel.h>

void names_ops_fill(struct fuse_lowlevel_ops *ops); /* lookup, forget, create, mkdir, rename ... */
void attr_ops_fill(struct fuse_lowlevel_ops *ops);  /* getattr, setattr, statfs */
void dir_ops_fill(struct fuse_lowlevel_ops *ops);   /* opendir, readdir, readdirplus ... */
void io_ops_fill(struct fuse_lowlevel_ops *ops);    /* open, read, write, copy_file_range ... */
void xattr_ops_fill(struct fuse_lowlevel_ops *ops);
void ioctl_ops_fill(struct fuse_lowlevel_ops *ops);

#endif
