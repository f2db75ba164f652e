/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verb_mirror.h"

static const struct verb *const below[] = {
	&verb_mirror_create, &verb_mirror_extend,
	&verb_mirror_resync, &verb_mirror_verify,
	&verb_mirror_split,  &verb_mirror_delete,
	&verb_mirror_read,   &verb_mirror_write,
	&verb_mirror_copy,   NULL,
};

const struct verb verb_mirror = {
	.name = "mirror",
	.summary = "make, bring up, compare and remove mirrors of files",
	.synopsis = "VERB [OPTION...] FILE...",
	.about = "A file may have several mirrors, each with a layout of its own and all of its "
		 "data. Writes go\n"
		 "to one of them; the others are stale then, until a resync brings them up.",
	.below = below,
};
