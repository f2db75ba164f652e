/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A composite layout as text or YAML: header, and each component's entry before its plain layout.
 */
#ifndef LOVFS_LAYOUT_PRINT_COMPOSITE_H
#define LOVFS_LAYOUT_PRINT_COMPOSITE_H

#include "layout/print_plain.h"

/* Also for a plain layout, which is shown as a composite of one component. */
void print_composite(struct printer *p);

#endif
