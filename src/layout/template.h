/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An existing layout as the pattern for another file: `lov setstripe --copy`, and the victim of a
 * migrate that keeps the layout. */
#ifndef LOVFS_LAYOUT_TEMPLATE_H
#define LOVFS_LAYOUT_TEMPLATE_H

#include "layout/layout.h"

/*
 * A copy of `l` as a request for another file like it: no objects, no component numbers (mirror ids
 * stay), no generations, none of the flags that only an existing file has; any first OST. With
 * `same_osts` each component that has objects asks for the very OSTs that they are on. A
 * directory's default becomes the request that it stands for, and a self-extending component that has grown what
 * was asked for. NULL: no memory.
 */
struct layout *layout_to_request(const struct layout *l, bool same_osts);

/* The same as a composite layout: a plain one becomes its only component, over [0, EOF), with its objects.
 * A reference where it is composite already. NULL: no memory. */
struct layout *layout_as_composite(const struct layout *l);

#endif
