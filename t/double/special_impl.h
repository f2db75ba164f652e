/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of special.h share. */
#ifndef SPECIAL_IMPL_H
#define SPECIAL_IMPL_H

#include "layout_peek.h"

#define ON_MDT UINT32_MAX

/* Of lovfs's components, in their order. */
struct kinds {
	unsigned int count;
	uint32_t of
		[PEEK_COMPONENTS_MAX]; /* 0: ordinary; ON_MDT; or the size of an extension in KiB */
};

bool special_any(const struct kinds *k);

/* Of the file at path; none where nothing is known of it. */
void special_read(const char *path, struct kinds *k);
/* Aborts where that can't be. */
void special_write(const char *path, const struct kinds *k);

#endif
