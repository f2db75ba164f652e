/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the operands of `lov cp` are copied to, by the rules of cp(1). */
#ifndef LOVFS_CLI_CP_PLACE_H
#define LOVFS_CLI_CP_PLACE_H

#include "base/attr.h"
#include "cli/cp_args.h"

struct cp_place {
	int dirfd;  /* owned; starts at -1 */
	char *path; /* owned: of the directory, for messages; "": the working directory */
	char *name; /* owned: of the copy; NULL: each has the name that its source has */
	unsigned int operands; /* that are sources: the first ones */
	void *taken;           /* owned: names of copies so far */
};

/* Finds it out, and opens it. operands: the sources, and the destination if no option says it. Errors with
 * text; *ret_about (borrowed of the operands): what they are about. */
int MUST_CHECK cp_place_open(const struct cp_args *a, char **operands, struct cp_place *ret_place,
			     const char **ret_about);
void cp_place_close(struct cp_place *p);

/*
 * The name of the copy of src_path, which stays the place's. -EEXIST with text where an earlier operand
 * has it: one would overwrite the other.
 */
int MUST_CHECK cp_place_name(struct cp_place *p, const char *src_path, const char **ret_name);

#define CLEANUP_CP_PLACE CLEANUP(cp_place_close)

#endif
