/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of struct ost, for the files of this folder. */
#ifndef LOVFS_OST_OST_IMPL_H
#define LOVFS_OST_OST_IMPL_H

#include "ost/ost.h"

#include <pthread.h>

#define OST_FILES_DIR "O"
#define OST_LAST_ID "LAST_ID"
#define OST_SEQ_BASE 0x240000400u
#define OST_SEQ_STEP 0x40000000u /* sequences of one OST */
#define OST_DIRS 32u             /* d0 to d31 below each O/<seq> */
#define OST_WHY_MAX 512

struct ost {
	char *path;
	struct ost_label label;
	bool privileged;
	int top_fd; /* DIR, -1 when it couldn't be opened; constant */
	dev_t device;
	ino_t ino;                /* with device: which directory was opened */
	bool rotational;          /* of the device; constant */
	const char *parent_xattr; /* name of the parent xattr; constant */
	struct idfile ids;

	atomic_bool active; /* goes from true to false, once, and stays */
	pthread_mutex_t
		state_lock; /* guards why until active is false; from then on why is constant */
	char why[OST_WHY_MAX];
	atomic_bool no_create;
	atomic_int refused;            /* 0, or why it takes no new objects just now (refusal.h) */
	struct fid refused_id;         /* guarded by state_lock: which object couldn't be made */
	_Atomic uint64_t suspected_ns; /* when ost_suspect() last looked, 0 = never */
	_Atomic uint64_t checked_ns;   /* when the label was last found right */

	/*
	 * O/<first sequence>/dN, opened at first use and then kept, -1 before; other sequences are
	 * opened each time: it takes four thousand million objects to get there.
	 */
	atomic_int dir_fds[OST_DIRS];
	atomic_bool dir_changed[OST_DIRS]; /* created or destroyed in since the last fsync */
	atomic_bool other_changed;         /* same for directories of other sequences */
	pthread_mutex_t sync_lock; /* held while syncing, so that whoever finds nothing to do waits
				      for who does it */

	pthread_mutex_t space_lock; /* guards the two below; not held while asking */
	struct ost_space space;
	uint64_t space_ns; /* when space was asked, 0 = never */
};

/* 0 while active, otherwise -EIO with why as text. */
int MUST_CHECK ost_check_active(struct ost *ost);

/*
 * Looks again whether the path still leads to the directory that was opened and has the right
 * label, unless that was found within the last max_age_ms. If not, the OST becomes inactive.
 * Returns as ost_check_active().
 */
int MUST_CHECK ost_check_label(struct ost *ost, unsigned int max_age_ms);

/*
 * What an operation's error means: ENOENT, ENOTDIR and ESTALE are reason to look whether the OST
 * itself is gone (-EIO then). Other errors, and these where it isn't, come back unchanged.
 */
int MUST_CHECK ost_judge(struct ost *ost, int err);

/* Opens O with the right to list it. For object_dir.c and object.c. Returns the descriptor. */
int MUST_CHECK ost_open_files(struct ost *ost);

#endif
