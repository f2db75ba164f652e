/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who else has a file open: for the text of -EBUSY. Processes of this machine, as far as /proc shows them
 * to the caller; nothing is asked of the file system, which may hang. Any thread.
 */
#ifndef LOVFS_FS_HOLDERS_H
#define LOVFS_FS_HOLDERS_H

#include "base/attr.h"

#define HOLDERS_TEXT_MAX 200

/*
 * "process 4711 (dd) has it open for writing", some at most; or, where none is found, where else to look.
 * fd is the caller's own descriptor of the file. Returns buf.
 */
const char *holders_text(int fd, char buf[HOLDERS_TEXT_MAX]);

#endif
