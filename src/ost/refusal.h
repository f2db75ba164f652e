/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An OST that is there but takes no new objects: read-only, no right to write, its file system shut
 * down, a quota used up. It is left out when OSTs are chosen, as a full one is, until a look finds
 * that it would take one. Looks come with the question for free space, so at most a second after
 * somebody wants to make an object; each tries to do what failed: a file without a name where the
 * object was to be, with a block of data.
 *
 * ENOSPC isn't of this kind: space.c knows. Nor is what this process lacks (memory, descriptors).
 */
#ifndef LOVFS_OST_REFUSAL_H
#define LOVFS_OST_REFUSAL_H

#include "ost/ost_impl.h"

/* An object with that id could not be made (zero: not even an id): raw error. */
void refusal_note(struct ost *ost, struct fid id, int err);

/* Looks whether it refuses now: tries to write a file into its directory. */
void refusal_probe(struct ost *ost);

/* Looks again, if it refused before; `read_only`: what statvfs(3) says of the file system. */
void refusal_look(struct ost *ost, bool read_only);

#endif
