/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct inode, for the files that keep and change it; all others know it by inode.h.
 */
#ifndef LOVFS_INODE_INODE_STATE_H
#define LOVFS_INODE_INODE_STATE_H

#include "base/fid.h"
#include "file/file.h"
#include "inode/cached_pages.h"
#include "inode/inode_kind.h"
#include "inode/moved_bytes.h"
#include "inode/volume_state.h"
#include "mdt/som.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct follow;
struct handle;
struct inode;
struct parked;

/* See saved_attr.h. All guarded by the lock of the inode. Zeroed: nothing is known yet. */
struct saved_attr {
	bool loaded;
	struct som som;  /* the record; size and blocks follow the changes that are made here */
	bool size_known; /* som.size_bytes is the file's, also while its objects can't be asked */
	bool times_open; /* the objects' modification times count, until it is settled */
	bool dirty;      /* the record on disk isn't exact any more, and says so */
	unsigned int changing; /* changes under way */
	uint64_t begun;        /* all that ever began */
	bool mtime_ahead;      /* mtime is the file's, and the MDT inode doesn't know it yet */
	struct timespec mtime;
};

/* See access_time.h. Zeroed: nothing is known yet. */
struct access_time {
	_Atomic int64_t
		fresh_until_s;     /* relative rule: a read before that moment changes nothing */
	_Atomic int64_t touched_s; /* when the MDT inode was read last */
	atomic_bool pending;       /* a read since then is still to be told to it */
};

struct inode {
	struct volume *vol;
	enum inode_kind kind;
	struct inode *target; /* INODE_HIDDEN_FILE, INODE_MIRROR: the file; a reference */
	uint32_t mirror_id;   /* INODE_MIRROR */
	int fd;               /* O_PATH of the MDT inode, -1 for hidden ones */
	uint64_t ino;         /* of the MDT inode (of the target's for hidden ones) */
	mode_t type;          /* S_IFMT bits */
	uint64_t number;      /* see inode_number() */

	uint64_t refs;      /* guarded by table_lock */
	struct inode *next; /* chain; guarded by table_lock */

	/* one commit at a time: instantiation, set layout, swap, merge, split, mirrors' states */
	pthread_mutex_t commit_lock;
	bool domain_told; /* guarded by commit_lock: that mirrors share a device has been logged */

	pthread_mutex_t lock;
	/* guarded by lock, below */
	atomic_bool have_fid; /* also looked at without the lock; fid is constant once it is set */
	struct fid fid;
	bool have_generation;
	uint32_t generation;
	struct file *file;    /* made when first needed, kept as long as the inode */
	unsigned int opens;   /* handles */
	unsigned int writers; /* of them, open for writing */
	bool orphan;          /* has no name: its MDT inode is in PENDING */
	bool reaped;          /* given to the reaper: can't be opened any more */
	bool victim;          /* made without a name, for a swap */
	/* not 0: the intent of a commit is, or may be, some more links; how many there are else */
	nlink_t swap_nlink;
	/* Intents with this file that could not be removed; each holds a reference. No other swap,
	 * merge or split until that is done, at the latest by the next mount. */
	unsigned int unsettled;
	struct saved_attr saved;
	struct access_time access; /* not guarded */
	struct handle *lease_holder;
	uint32_t lease_mode; /* LOVFS_LEASE_* */
	uint32_t group_gid;  /* 0 = no group lock */
	unsigned int group_holders;
	struct parked *parked; /* requests held back by the group lock */
	struct follow *follow; /* copies that follow the file, of one handle; follow_state.h */
	struct inode *follows; /* a victim that is such a copy: of which file. Not a reference */
	struct volume_moved moved;

	struct cached_pages cached; /* guarded as it says */
};

#endif
