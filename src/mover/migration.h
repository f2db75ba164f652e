/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One attempt to migrate a file: what its steps (mover/migrate_steps.h) share. One thread. */
#ifndef LOVFS_MOVER_MIGRATION_H
#define LOVFS_MOVER_MIGRATION_H

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
	/* Nothing was done: only a new mirror can have the layout (mover/migrate_to_mdt.h). */
	bool by_mirror;
};

/* As before the first step; fs, path, opt, mode and result stay. Of one that was closed, or has
 * nothing but these. */
void migration_begin(struct migration *m);

/* Gives up lock or lease and closes everything; also after a step that failed. The victim is gone
 * then. The layout stays. */
void migration_close(struct migration *m);

/* What is left after that. */
void migration_release(struct migration *m);

/* Progress of copying (total_bytes: of that alone) and of what comes after it. */
void migration_report_copied(struct migration *m, uint64_t done_bytes, uint64_t total_bytes);
void migration_report_verified(struct migration *m, uint64_t done_bytes);

/* How the bytes came into the victim: as the file system says, and those that were read and written
 * here. */
void migration_note_moved(struct migration *m, const struct transfer_result *here, bool failed);

#endif
