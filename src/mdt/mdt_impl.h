/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of struct mdt, for the files of this folder. */
#ifndef LOVFS_MDT_MDT_IMPL_H
#define LOVFS_MDT_MDT_IMPL_H

#include "base/idfile.h"
#include "mdt/mdt.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#define MDT_ROOT_DIR "ROOT"
#define MDT_PENDING_DIR "PENDING"
#define MDT_INTENT_SUFFIX ".swap" /* in PENDING, after a FID: see swap_intent.h */
#define MDT_LAYOUT_DIR "LAYOUT"
#define MDT_DIRTY_DIR "DIRTY"
#define MDT_LAST_FID "LAST_FID"
#define MDT_HANDLE_KEY "HANDLE_KEY"
#define MDT_HANDLE_KEY_BYTES 16
#define MDT_SEQ_BASE 0x200000401u /* FID_SEQ_NORMAL + 1: where Lustre's MDTs begin, too */

/* How inodes are found by their numbers (numbers.h). */
struct mdt_numbers {
	bool known;         /* handles are of a kind that is known, below */
	bool can_find;      /* inodes can be opened by number */
	bool xfs;           /* wants the exact generation, and tells it */
	int type;           /* of handles */
	uint64_t subvolume; /* of Btrfs */
	uint8_t key[MDT_HANDLE_KEY_BYTES];
};

/* All constant while open, but for what brings its own lock. */
struct mdt {
	int dirfd;      /* DIR */
	int root_fd;    /* ROOT, O_PATH */
	int pending_fd; /* PENDING */
	int layout_fd;  /* LAYOUT */
	int dirty_fd;   /* DIRTY */
	dev_t device;   /* of ROOT */
	uint64_t root_number;
	struct mdt_numbers numbers;
	bool privileged;
	struct idfile fids;
	pthread_mutex_t mode_lock; /* held while a mode is changed: see ea.h */
};

#endif
