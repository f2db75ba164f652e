/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of one attempt to migrate a file, in the order of migrate_steps[]. For migrate_file.c.
 */
#ifndef LOVFS_MOVER_MIGRATE_STEPS_H
#define LOVFS_MOVER_MIGRATE_STEPS_H

#include "mover/migrate.h"

#include <sys/stat.h>

struct migration {
	struct fs *fs;
	const char *path;
	const struct migrate_options *opt;
	struct migrate_result *result;

	/* owned; -1 and NULL until the step that makes them */
	int dir_fd;  /* of the file's directory */
	int file_fd; /* the file itself: locked, swapped */
	int victim_fd;
	struct layout *layout; /* of the victim */

	bool locked, leased;
	uint32_t gid;          /* of the group lock */
	struct stat st;        /* of the file while it is held */
	uint64_t file_version; /* of the data that is copied */
	bool done;             /* swapped, or nothing to do: the remaining steps are left out */
};

struct migrate_step {
	const char *name;
	int (*run)(struct migration *m);
};

extern const struct migrate_step migrate_steps[];
extern const unsigned int migrate_steps_count;

/* Gives up lock or lease and closes everything; also after a step that failed. The victim is gone
 * then. */
void migrate_steps_undo(struct migration *m);

#endif
