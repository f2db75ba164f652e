/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For two looks at a file that don't agree: that nothing could be read or copied, and that there is
 * something. Somebody may be cutting it off and making it longer all the time; or the file system says
 * something wrong, and will go on to say so. So one looks again and again, but not for ever.
 */
#ifndef LOVFS_BASE_PATIENCE_H
#define LOVFS_BASE_PATIENCE_H

#include <stdbool.h>

/* Zeroed at first. One thread. */
struct patience {
	unsigned int looks;
};

/* Whether to look once more. Waits for a moment where that has been in vain several times; false after
 * some hundredths of a second. */
bool patience_left(struct patience *p);

#endif
