/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follow_session.c and follow_begin.c share: the copies that follow a file. */
#ifndef LOVFS_VOLUME_FOLLOW_IMPL_H
#define LOVFS_VOLUME_FOLLOW_IMPL_H

#include "volume/volume_impl.h"

struct follow {
	struct handle *h; /* whose it is; not a reference */
	bool physical;
	uint32_t mirror_ids[LAYOUT_MIRRORS_MAX];
	unsigned int mirror_count;
	struct inode *victims[LAYOUT_MIRRORS_MAX]; /* references */
	unsigned int victim_count;
};

/* With its references. NULL is fine. */
void follow_free(struct follow *w);

/* Which file the victim follows from now on; NULL: none. */
void follow_set_file(struct inode *victim, struct inode *file);

#endif
