/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destroying objects. Any thread may call.
 */
#ifndef LOVFS_COMMIT_DESTROY_H
#define LOVFS_COMMIT_DESTROY_H

#include "base/attr.h"

struct component;
struct layout;
struct volume;

/* Destroys the objects that a component names. Continues after an error and returns the first. */
int MUST_CHECK destroy_component(struct volume *vol, const struct component *c);
/* The same for the objects of a layout. */
int MUST_CHECK destroy_objects(struct volume *vol, const struct layout *l);

#endif
