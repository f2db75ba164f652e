/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Size on MDT: what is kept with the MDT inode of a file that has, or had, objects, in the xattr trusted.som
 * (user.som), Lustre's format (struct lustre_som_attrs: u16 valid, 3 x u16 that Lustre leaves zero, u64
 * size, u64 blocks). Two questions are answered by it:
 *
 * How long is the file, where an OST can't be asked? `exact`: as long as size_bytes says (SOM_FL_STRICT).
 * Otherwise it was that long once, and has been changed since (SOM_FL_STALE).
 *
 * Whose modification time is the file's? In the 48 bits that Lustre leaves zero:
 *
 *   0          SOM_TIMES_OBJECTS  an earlier version of lovfs wrote the record: the latest of the MDT inode's
 *                                 and the objects'
 *   1          SOM_TIMES_INODE    the MDT inode's
 *   2 or more  SOM_TIMES_SINCE    the file has been written since then (in 1/256 s since 1970), and the MDT
 *                                 inode doesn't know how long: that moment, or the objects' where they are
 *                                 later
 *
 * A record becomes inexact, with the moment, before the first change of the data, and exact at a close. So
 * after a crash it is exact or says so. After a power loss it is as durable as the data is.
 */
#ifndef LOVFS_MDT_SOM_H
#define LOVFS_MDT_SOM_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct mdt;

enum som_times { SOM_TIMES_OBJECTS, SOM_TIMES_INODE, SOM_TIMES_SINCE };

struct som {
	uint64_t size_bytes;
	uint64_t blocks; /* of 512 bytes */
	bool exact;
	enum som_times times;
	struct timespec since; /* of SOM_TIMES_SINCE; kept to 1/256 s, rounded down */
};

int MUST_CHECK som_get(struct mdt *mdt, int fd, struct som *ret_som); /* -ENODATA: none. -EUCLEAN */
int MUST_CHECK som_set(struct mdt *mdt, int fd, const struct som *som);

#endif
