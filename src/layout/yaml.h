/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layout from the YAML that `lov getstripe -y` and `lfs getstripe -y` print, for `setstripe -y
 * FILE`. */
#ifndef LOVFS_LAYOUT_YAML_H
#define LOVFS_LAYOUT_YAML_H

#include "layout/layout.h"

#include <stddef.h>

/*
 * The request for a file like the one described, as layout_to_request() makes it of the layout
 * itself: objects, generations and the flags of an existing file are dropped. With `same_osts`
 * components that list objects ask for their OSTs, and others keep their stripe offset. Keys that
 * mean nothing here are ignored. -EINVAL, with text naming the line and the key; -ENOMEM.
 */
int MUST_CHECK layout_from_yaml(const char *text, size_t len_bytes, bool same_osts,
				struct layout **ret_layout);

#endif
