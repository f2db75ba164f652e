/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large holes of a file that is copied while it may change: one question spares a call for each
 * piece of them. */
#ifndef LOVFS_MOVER_SOURCE_HOLE_H
#define LOVFS_MOVER_SOURCE_HOLE_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdint.h>

/*
 * *ret_end: the end of the hole that is at `pos` now, at most the file's end; `pos` where there is
 * data, the file ends, or nobody can tell. -ECANCELED soon after *stop (may be NULL) became true.
 */
int MUST_CHECK source_hole_end(int fd, uint64_t pos, const atomic_bool *stop, uint64_t *ret_end);

/* Makes [start, end) of a target a hole, too. Free where it is one. Errors with text, or
 * -ECANCELED. */
int MUST_CHECK source_hole_make(int fd, uint64_t start, uint64_t end, const atomic_bool *stop);

#endif
