/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One attempt to migrate a file, as a list of steps: migrate_steps_of() says which. For migrate_file.c.
 */
#ifndef LOVFS_MOVER_MIGRATE_STEPS_H
#define LOVFS_MOVER_MIGRATE_STEPS_H

#include "mover/migration.h"

struct migrate_step {
	const char *name;
	int (*run)(struct migration *m);
};

/* Those of a mode; the last one has no name. */
const struct migrate_step *migrate_steps_of(enum migrate_mode mode);

/* The steps of two files. */
int migrate_open(struct migration *m);          /* migrate_victim.c */
int migrate_choose_layout(struct migration *m); /* migrate_victim.c */
int migrate_make_victim(struct migration *m);   /* migrate_victim.c */
int migrate_check_layout(struct migration *m);  /* migrate_victim.c */
int migrate_leave_file(struct migration *m);    /* migrate_live.c */
int migrate_copy_and_swap(struct migration *m); /* migrate_live.c */

/*
 * Compares the victim, complete, with the file as source_fd gives it, whose data version was
 * file_version. -EBADMSG they differ; -EAGAIN as the file has changed. migrate_verify.c
 */
int MUST_CHECK migrate_verify(struct migration *m, int source_fd, uint64_t file_version,
			      struct bandwidth *limit);

#endif
