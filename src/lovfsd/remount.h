/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `-o remount,...`: what mount(8) calls lovfs for when the flags of a mount are to be changed. No
 * process serves anything for that; the kernel is asked to change the mount, and afterwards whether it
 * has. For root.
 */
#ifndef LOVFS_LOVFSD_REMOUNT_H
#define LOVFS_LOVFSD_REMOUNT_H

#include "base/attr.h"

#include <stdbool.h>

/*
 * options: a list as of mount(8), comma separated; those that aren't flags of a mount are passed over.
 * complete: flags that aren't named are to go. mount(8) asks in this way: it takes "noexec" out of what
 * the mount has when it was told "exec", and hands over the rest.
 * -EINVAL: nothing of ours is mounted at that path, or an option can't be changed (sync, dirsync).
 * -EPERM, -EBUSY (files are open for writing) and others, with text.
 */
int MUST_CHECK remount(const char *mount_path, const char *options, bool complete);

#endif
