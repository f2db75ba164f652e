/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a volume copies between its devices: what it has measured of the kernel's copy and of direct I/O, and
 * which of the two it takes. */
#ifndef LOVFS_CLI_CHOICES_H
#define LOVFS_CLI_CHOICES_H

#include "fs/fs.h"

#include <jansson.h>

/* A line of YAML for each pair of devices that is decided; nothing where none is. */
void choices_print(struct fs *fs);

/* The same as an array. */
json_t *choices_json(struct fs *fs);

#endif
