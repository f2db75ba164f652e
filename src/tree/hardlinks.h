/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files with several names were copied already, and where to: so that the next name becomes a
 * link to the copy. Any thread.
 */
#ifndef LOVFS_TREE_HARDLINKS_H
#define LOVFS_TREE_HARDLINKS_H

#include "tree/dirpair.h"

struct hardlinks;
struct hardlink;

int MUST_CHECK hardlinks_new(struct hardlinks **ret_links);
void hardlinks_free(struct hardlinks *h);

/*
 * Asks for the file of src_st. 0 with *ret_made false: the caller makes the copy, and says so with
 * hardlink_end(), whatever comes of it. With true: it has been made, see hardlink_place(). Waits while
 * another thread makes it; when that fails, the next one who asks makes it. -ENOMEM.
 */
int MUST_CHECK hardlink_begin(struct hardlinks *h, const struct stat *src_st,
			      struct hardlink **ret_link, bool *ret_made);

/* made: it is `name` in the destination of d. */
void hardlink_end(struct hardlinks *h, struct hardlink *link, bool made, struct dirpair *d,
		  const char *name);

/* Of one that was made; both stay as long as h. */
void hardlink_place(const struct hardlink *link, struct dirpair **ret_dir, const char **ret_name);

#endif
