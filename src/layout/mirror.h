/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which mirror a component belongs to.
 *
 * In a file its id says so. A request may leave the ids 0; then, as in Lustre, each component that
 * starts at 0 begins a new mirror if the layout says that it has several.
 */
#ifndef LOVFS_LAYOUT_MIRROR_H
#define LOVFS_LAYOUT_MIRROR_H

#include "layout/layout.h"

/* Mirror id of component `idx` (< l->count); 0 in a layout without mirrors. */
uint32_t mirror_id_at(const struct layout *l, uint32_t idx);

#endif
