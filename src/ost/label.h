/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that makes a directory an OST: see ost.h for its text. */
#ifndef LOVFS_OST_LABEL_H
#define LOVFS_OST_LABEL_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OST_INDEX_MAX 65534u
#define OST_UUID_MAX 37 /* text of a UUID with NUL */

struct ost_label {
	char uuid[OST_UUID_MAX]; /* of the volume */
	uint32_t index;
};

#define LABEL_NAME "label"

/* The text of a label, NUL-ended. -EUCLEAN, with text, on anything that label_write() doesn't
 * write. */
int MUST_CHECK label_parse(const char *text, size_t len_bytes, struct ost_label *ret_label);

/* Reads DIR/label. -ENOENT: there is none. -EUCLEAN: malformed. No text is set for the others. */
int MUST_CHECK label_read(int dirfd, struct ost_label *ret_label);

/* Writes DIR/label, durably and in one step. -EINVAL: the uuid or index can't be one. */
int MUST_CHECK label_write(int dirfd, const struct ost_label *label);

bool label_equal(const struct ost_label *a, const struct ost_label *b);

#endif
