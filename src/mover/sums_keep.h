/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One resync, or one extend, that keeps sums: what an older record tells of the mirrors, and the new record. Nothing here
 * makes it fail: where there is a doubt, both mirrors are read, and where a record can't be kept, there is none.
 *
 *   sums_keep_look()    the file is open for writing, so that nobody else can begin a resync
 *   ... the resync begins ...
 *   sums_keep_begin()   the older record goes: from now on it isn't true any more
 *   sums_keep_check()
 *   ... the copy, which takes `fresh`, and writes what differs from `known` ...
 *   ... the resync is done; the file is still open for writing ...
 *   sums_keep_end()     the new record
 *
 * A crash in between leaves no record; an older one that is left in spite of that (the directory's disk failed) is
 * refuted by the generation of the layout.
 */
#ifndef LOVFS_MOVER_SUMS_KEEP_H
#define LOVFS_MOVER_SUMS_KEEP_H

#include "base/attr.h"
#include "base/error.h"
#include "fs/fs.h"
#include "mover/mirror_verbs.h"
#include "mover/sums_record.h"

#include <stdatomic.h>

struct sums_keep {
	struct fs *fs;
	int dir_fd;  /* borrowed; -1: no sums are kept, and all of this does nothing */
	int file_fd; /* borrowed */
	struct fid file;
	uint32_t born_s;          /* when it was made; 0: not known */
	struct sums_record known; /* owned; of use to those in known_ids */
	uint32_t known_ids[LAYOUT_MIRRORS_MAX];
	unsigned int known_count;
	struct grain_sums fresh;      /* owned: of what is copied; sums NULL: they aren't taken */
	char doubt[ERROR_TEXT_MAX];   /* why a mirror was read; "": none was, or none had to be */
	char trouble[ERROR_TEXT_MAX]; /* what someone should look at; "": nothing */
};

/* dir: the directory's descriptor, borrowed; NULL: no sums are kept. file_fd is set later. */
#define SUMS_KEEP_INIT(the_fs, dir)                                                                \
	{                                                                                          \
		.fs = (the_fs), .dir_fd = (dir) ? *(dir) : -1, .file_fd = -1                       \
	}

/* For mirrors ids[] of the file; with none, what is known of others isn't asked for. */
void sums_keep_look(struct sums_keep *k, const uint32_t *ids, unsigned int count);

/* Before anything is written to them. `now`: the layout, once the resync has begun; NULL: nothing is known of mirrors. */
void sums_keep_begin(struct sums_keep *k, const struct layout *now, uint64_t size_bytes);

/*
 * *ret_known: bit i is set where the record tells what mirror ids[i], which fds[i] reads, has. Some grains of it, chosen
 * by chance, are read and compared: what was done to its objects past Lustre (an OST that was restored, or is empty)
 * is seen by nothing else. -ECANCELED.
 */
int MUST_CHECK sums_keep_check(struct sums_keep *k, const uint32_t *ids, const int *fds,
			       unsigned int count, const atomic_bool *stop, uint32_t *ret_known);

/* A copy has failed, and another is tried: what the mirrors have isn't known any more. */
void sums_keep_forget(struct sums_keep *k);

/* They are in sync now, and have what `fresh` says. */
void sums_keep_end(struct sums_keep *k, const uint32_t *ids, unsigned int count);

/* What a person may want to know. */
void sums_keep_tell(const struct sums_keep *k, struct mirror_result *result);

/* It didn't come to that, or did: in any case. */
void sums_keep_release(struct sums_keep *k);

#endif
