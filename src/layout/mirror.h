/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mirrors of a layout: which there are, and in which state. PURE.
 *
 * A mirror is stale when any of its components is, offline when any is. Mirror ids are 1 to 65535;
 * a layout without mirrors (plain, or composite that never had several) has one, of id 0. A layout
 * that lost all mirrors but one keeps that one's id.
 *
 * In a file a component's id says which mirror it belongs to. A request may leave the ids 0; then,
 * as in Lustre, each component that starts at 0 begins a new mirror if the layout says that it has
 * several.
 */
#ifndef LOVFS_LAYOUT_MIRROR_H
#define LOVFS_LAYOUT_MIRROR_H

#include "layout/layout.h"

/* Mirror id of component `idx` (< l->count); 0 in a layout without mirrors. */
uint32_t mirror_id_at(const struct layout *l, uint32_t idx);

/* The ids of all mirrors, in the order of the layout. Returns how many: 0 for one without
 * components, otherwise at least 1. Those of a layout that has more than fit are left out. */
unsigned int mirror_ids(const struct layout *l, uint32_t ret_ids[LAYOUT_MIRRORS_MAX]);

bool mirror_exists(const struct layout *l, uint32_t mirror_id);

/* The flags (enum component_flag) of all components of the mirror together; 0 where there is no
 * such mirror. */
uint32_t mirror_flags(const struct layout *l, uint32_t mirror_id);

/* Neither stale nor offline: what may be read, and what a write may go to. */
bool mirror_usable(const struct layout *l, uint32_t mirror_id);

/* How many mirrors are usable. */
unsigned int mirror_count_usable(const struct layout *l);

/* The ids of its stale components; ret_ids has room for l->count. Returns how many. */
unsigned int mirror_stale_components(const struct layout *l, uint32_t mirror_id, uint32_t *ret_ids);

/* Whether each of its components is stale. */
bool mirror_wholly_stale(const struct layout *l, uint32_t mirror_id);

/* Where the mirror's last component ends. */
uint64_t mirror_end(const struct layout *l, uint32_t mirror_id);

#endif
