/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One attempt to migrate a file, as a list of steps: migrate_steps_of() says which. For migrate_file.c.
 */
#ifndef LOVFS_MOVER_MIGRATE_STEPS_H
#define LOVFS_MOVER_MIGRATE_STEPS_H

#include "mover/hold.h"
#include "mover/migrate.h"
#include "mover/subject.h"
#include "mover/transfer.h"

struct migration {
	struct fs *fs;
	const char *path;
	const struct migrate_options *opt;
	enum migrate_mode mode; /* as this file system can */
	struct migrate_result *result;
	bool writable; /* the file was opened for writing at once */

	/* owned; empty until the step that makes them */
	struct subject file;
	int victim_fd;
	struct layout *layout; /* of the victim */

	/* Up to where the file's data was on the MDT when its layout was chosen. */
	uint64_t mdt_bytes;

	/* block and nonblock */
	struct hold hold;
	bool leased;
	uint64_t file_version; /* of the data that is copied */

	uint64_t copied_bytes; /* for progress */

	bool done; /* swapped, or nothing to do: the remaining steps are left out */
};

struct migrate_step {
	const char *name;
	int (*run)(struct migration *m);
};

/* Those of a mode; the last one has no name. */
const struct migrate_step *migrate_steps_of(enum migrate_mode mode);

/* Gives up lock or lease and closes everything; also after a step that failed. The victim is gone
 * then. */
void migrate_steps_undo(struct migration *m);

/* The steps of two files. */
int migrate_open(struct migration *m);          /* migrate_victim.c */
int migrate_choose_layout(struct migration *m); /* migrate_victim.c */
int migrate_to_mdt(struct migration *m);        /* migrate_to_mdt.c */
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

/* Progress of copying (total_bytes: of that alone) and of what comes after it. */
void migrate_report_copied(struct migration *m, uint64_t done_bytes, uint64_t total_bytes);
void migrate_report_verified(struct migration *m, uint64_t done_bytes);

/* How the bytes came into the victim: as the file system says, and those that were read and written here. */
void migrate_note_moved(struct migration *m, const struct transfer_result *here, bool failed);

#endif
