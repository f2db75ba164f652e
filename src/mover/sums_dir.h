/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of records (mover/sums_record.h), one file for each file that has one: FSNAME-FID.
 *
 * What is in them is believed, so nobody else may have put it there: the directory and the files must belong to the
 * caller or to root, and nobody else may write to them; symbolic links in it aren't followed. Several processes may use
 * one directory; of a file's record only the process that holds the file's lease is to change.
 */
#ifndef LOVFS_MOVER_SUMS_DIR_H
#define LOVFS_MOVER_SUMS_DIR_H

#include "base/attr.h"
#include "mover/sums_record.h"

/* -EPERM: somebody else could write to it; -EACCES or -EROFS: the caller can't; -ENOTDIR and others. With text. */
int MUST_CHECK sums_dir_open(const char *path, int *ret_fd);

/* -ENOENT: there is none. -EPERM: somebody else could have written it. -EUCLEAN: malformed. With text. */
int MUST_CHECK sums_dir_load(int dir_fd, const char *fsname, struct fid file,
			     struct sums_record *ret);

/* Durably; also where there is none. With text. */
int MUST_CHECK sums_dir_remove(int dir_fd, const char *fsname, struct fid file);

/* Durably, in the place of an older one; on failure there may be that or none. With text. */
int MUST_CHECK sums_dir_store(int dir_fd, const struct sums_record *r);

#endif
