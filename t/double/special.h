/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Components that Lustre has and lovfs hasn't: on the MDT, and self-extending. Below, a file with such has a layout that
 * lovfs can have: one stripe instead of the MDT, and an extendable component together with what it can grow into. An
 * xattr of the file says which is which, follows the layout through swap, merge and split, and what is shown is made of
 * both. `path` leads to the file's own inode. All return 0 (or what they say) or a negative errno.
 */
#ifndef SPECIAL_H
#define SPECIAL_H

#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether these bytes ask for such a component, or are a layout as only servers have it. */
bool special_asked_for(const void *bytes, size_t len);

/* Sets such a layout. -ERANGE: the magic of servers' disks. -EINVAL: what the servers take for nonsense. */
int special_set(const char *path, const void *bytes, size_t len);

/* The file or directory has got an ordinary layout. */
void special_forget(const char *path);

/* A file that was created just now by that name has what its directory's default has. */
void special_inherit(int fd, int dirfd, const char *path);

/* The layout as it is shown, into 64 KiB: its length. 0: the file has no such components. */
ssize_t special_show(const char *path, void *bytes);

/* The name is hidden in a list of xattr names; the new length. */
ssize_t special_hide_name(char *list, ssize_t len);

/* What the servers say of a swap: -EOPNOTSUPP where it would bring data to the MDT, or another amount of it. */
int special_may_swap(const char *path, const char *victim_path);

/* After a swap. What was on the MDT is cut off there, which makes the file's times new. */
void special_swapped(const char *path, const char *victim_path);

/* What is known before a merge or a split, for after it. */
struct special_plan;

/* NULL: none of the two has such components. */
struct special_plan *special_plan_merge(const char *path, const char *victim_path);
/* After a merge that answered err: the part of a new mirror that is on the MDT is stale. Takes the plan. */
int special_merged(struct special_plan *plan, int err, struct open_file *f, const char *path,
		   const char *victim_path);

/* Aborts where the data would be lost: two mirrors share what is on the MDT. */
struct special_plan *special_plan_split(const char *path, uint32_t mirror_id);
void special_split(struct special_plan *plan, int err, const char *path, const char *target_path);

#endif
