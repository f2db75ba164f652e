/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Size on MDT: the size and blocks that a file had at its last close, in the xattr trusted.som
 * (user.som), Lustre's format (struct lustre_som_attrs: u16 valid, 3 x u16 zero, u64 size, u64
 * blocks). Only asked when an OST is inactive; taken away before the first write after an open, so
 * that it is right or absent; after a power loss it is as durable as the data is.
 */
#ifndef LOVFS_MDT_SOM_H
#define LOVFS_MDT_SOM_H

#include "mdt/mdt.h"

struct som {
	uint64_t size_bytes;
	uint64_t blocks; /* of 512 bytes */
};

int MUST_CHECK som_get(struct mdt *mdt, int fd, struct som *ret_som); /* -ENODATA: none. -EUCLEAN */
int MUST_CHECK som_set(struct mdt *mdt, int fd, const struct som *som);
int MUST_CHECK som_remove(struct mdt *mdt, int fd); /* having none is fine */

#endif
