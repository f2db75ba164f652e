/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two files behind mirror_change.h share. */
#ifndef LOVFS_LAYOUT_MIRROR_IMPL_H
#define LOVFS_LAYOUT_MIRROR_IMPL_H

#include "layout/layout.h"

/* The generation of the layout that comes after l; never 0. */
uint32_t mirror_next_gen(const struct layout *l);

/* A copy of l, to be changed, with the next generation. -ENOMEM with text. */
int MUST_CHECK mirror_clone_next(const struct layout *l, struct layout **ret_layout);

void mirror_set_state(struct layout *l, enum layout_state state);

/* The state while nobody resyncs: NONE without mirrors, WP where a component is stale, else RO. */
enum layout_state mirror_settled_state(const struct layout *l);

/* -ENOENT with text. */
int mirror_no_such(uint32_t mirror_id);

/* -EBUSY with text when the mirror is the last usable one. */
int MUST_CHECK mirror_check_spare(const struct layout *l, uint32_t mirror_id);

#endif
