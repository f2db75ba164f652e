/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of `lov mirror`, each in its own file verb_mirror_NAME.c. */
#ifndef LOVFS_CLI_VERB_MIRROR_H
#define LOVFS_CLI_VERB_MIRROR_H

#include "cli/verb.h"

extern const struct verb verb_mirror_create, verb_mirror_extend, verb_mirror_resync,
	verb_mirror_verify, verb_mirror_split, verb_mirror_delete, verb_mirror_read,
	verb_mirror_write, verb_mirror_copy;

#endif
