/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts for property tests. */
#ifndef LOVFS_UNIT_LAYOUT_RANDOM_H
#define LOVFS_UNIT_LAYOUT_RANDOM_H

#include "layout/layout.h"
#include "random.h"

/* Gives the component objects on OSTs 0..31. */
void random_objects(struct random_source *r, struct component *c, uint16_t count);

/* Any layout that can be written as bytes. */
struct layout *random_layout(struct random_source *r);

/*
 * The layout of a file as data is read and written through it: `mirrors` mirrors (1: none) of one
 * to four components with sensible stripes; with `gaps`, some don't reach EOF. Objects are set on
 * all.
 */
struct layout *random_file_layout(struct random_source *r, uint32_t mirrors, bool gaps);

#endif
