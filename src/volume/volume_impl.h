/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of volume/ share: the structs behind volume.h, inode.h and handle.h. Nobody else
 * includes this.
 *
 * Locks, in the order in which they are taken (docs/locking.md): inode.commit_lock (several: by FID),
 * volume.link_gate, the layout lock inside struct file (several: by FID), inode.lock,
 * volume.table_lock, volume.alloc_lock, reaper.lock, volume.moved_lock.
 */
#ifndef LOVFS_VOLUME_VOLUME_IMPL_H
#define LOVFS_VOLUME_VOLUME_IMPL_H

#include "file/file.h"
#include "ost/alloc.h"
#include "ost/ost_set.h"
#include "volume/follow_state.h"
#include "volume/handle.h"
#include "volume/link_gate.h"
#include "volume/park.h"
#include "volume/reaper.h"
#include "volume/saved_attr.h"

#include <pthread.h>

struct inode_table {
	struct inode **buckets; /* chains by inode.next */
	size_t bucket_count;    /* a power of two */
	size_t count;
};

/* Files whose FIDs were asked for last, which stay in use. */
#define VOLUME_NAMED_MAX 64

/* When a read sets the file's time of access: as the mount options of those names say. */
enum access_rule { ACCESS_NEVER, ACCESS_RELATIVE, ACCESS_ALWAYS };

struct volume {
	struct conf *conf; /* owned */
	char *mdt_path;    /* owned */
	struct mdt *mdt;
	bool in_use; /* dirty_file_begin_use() was called */
	int lock_fd; /* holds flock(2) of `lock` in the MDT directory */
	struct ost_set osts;
	struct io_ladder ladder;
	struct layout_limits limits;
	struct layout
		*default_layout;      /* where a directory says nothing: plain, 1 stripe of 1 MiB */
	uint64_t first_version;       /* data versions of this mount start here */
	enum access_rule access_rule; /* constant once reads come */
	struct inode *root;
	struct reaper *reaper; /* owned */

	struct link_gate link_gate; /* names come or go; or the intent of a commit exists */

	pthread_mutex_t table_lock;
	struct inode_table table; /* guarded by table_lock */
	struct inode
		*named[VOLUME_NAMED_MAX]; /* references, guarded by table_lock: inode_named() */
	unsigned int next_named;          /* guarded by table_lock: the oldest */
	uint64_t
		next_apart; /* guarded by table_lock: number of the next inode that isn't found by one */

	pthread_mutex_t alloc_lock;
	struct alloc_state alloc; /* guarded by alloc_lock */

	pthread_mutex_t moved_lock;
	struct volume_moved moved; /* guarded by moved_lock */
};

enum inode_kind {
	INODE_MDT,            /* has an inode on the MDT */
	INODE_HIDDEN_ROOT,    /* .lovfs */
	INODE_HIDDEN_MIRRORS, /* .lovfs/mirror */
	INODE_HIDDEN_FILE,    /* .lovfs/mirror/<FID> */
	INODE_MIRROR,         /* .lovfs/mirror/<FID>/<mirror id> */
};

/* Of one inode; access_time.c. */
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
	/* Intents with this file that could not be removed; each holds a reference. No other swap, merge or
	 * split until that is done, at the latest by the next mount. */
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

struct handle {
	struct inode *inode; /* a reference; of a mirror as a file: the file's */
	struct file *file;   /* the inode's */
	bool writable;
	bool hidden;        /* opened as .lovfs/mirror/...: another inode of the kernel's */
	bool accesses;      /* its reads set the time of access */
	uint32_t mirror_id; /* FILE_WHOLE, or the one mirror that it is of */
	uint32_t group_gid; /* guarded by inode->lock: held by this handle, 0 = none */
};

/* ---- inode.c ---- */

/* The inode of an O_PATH descriptor (taken over, also on failure), with a reference. */
int MUST_CHECK inode_obtain(struct volume *vol, int fd, struct inode **ret_inode);
/* The hidden inode of that kind and target (NULL: none; its reference isn't taken), with a
 * reference. */
int MUST_CHECK inode_obtain_hidden(struct volume *vol, enum inode_kind kind, struct inode *target,
				   uint32_t mirror_id, struct inode **ret_inode);
/* The inode in use that has this number, with a reference. -ENOENT. */
int MUST_CHECK inode_find_used(struct volume *vol, uint64_t number, struct inode **ret_inode);
/* Makes the table and the root inode; frees all that is left. */
int MUST_CHECK inode_table_init(struct volume *vol);
void inode_table_release(struct volume *vol);
/* The struct file of a regular file. -EUCLEAN: malformed layout. */
int MUST_CHECK inode_get_file(struct inode *inode, struct file **ret_file);

/* ---- truncate.c ---- */

/*
 * Cuts or grows the objects of the file (FILE_WHOLE) or of one mirror, after the commits that this
 * needs. Its attributes are the caller's business.
 */
int MUST_CHECK truncate_objects(struct inode *inode, uint32_t mirror_id, uint64_t size_bytes);

/* ---- stat.c ---- */

/* As attr_get_of_name(), of an inode that isn't hidden. */
int MUST_CHECK stat_inode(struct inode *inode, struct stat *ret_st, int *ret_doubt);

/* ---- hidden.c ---- */

int MUST_CHECK hidden_lookup(struct inode *parent, const char *name, uid_t uid,
			     struct inode **ret_inode);
/* As attr_get_of_name(). */
int MUST_CHECK hidden_getattr(struct inode *inode, struct stat *ret_st, int *ret_doubt);

/* ---- access_time.c ---- */

enum access_rule access_time_rule_of(struct mdt *mdt);
/* What stat(2) says of the file. */
void access_time_look(struct inode *inode, const struct stat *st);
/* Tells the MDT inode of a read that it wasn't told of yet. */
void access_time_settle(struct inode *inode);

/* ---- instantiate.c ---- */

/*
 * Makes the objects of all components of [start, end) of one mirror (FILE_WHOLE: of the one that is
 * written) that have none (first write). Those of a mirror go to other devices than those of the
 * file's other mirrors, where there are such; so do those of a victim that is to become one. `near`
 * (may be NULL): the layout of a file that the data is copied from; where nothing else is asked for,
 * the objects go to devices that can share extents with its objects. -ENODATA: no component covers
 * all.
 */
int MUST_CHECK instantiate_range(struct inode *inode, uint32_t mirror_id, uint64_t start,
				 uint64_t end, const struct layout *near);

/* ---- destroy.c ---- */

/* Destroys the objects that a component names. Continues after an error and returns the first. */
int MUST_CHECK destroy_component(struct volume *vol, const struct component *c);
/* The same for the objects of a layout. */
int MUST_CHECK destroy_objects(struct volume *vol, const struct layout *l);

/* ---- layout_attr.c ---- */

/* The layout that a new file or directory in `dir` gets; resolved for a file. */
int MUST_CHECK layout_attr_default(struct inode *dir, struct layout **ret_layout);

/* ---- lease.c, group_lock.c ---- */

/* Somebody else than h (NULL: by name) is about to write: the lease is lost. Caller holds
 * inode->lock. */
void lease_break_locked(struct inode *inode, const struct handle *h);
/* Whether a write through h (NULL: by name) is held back. */
bool group_lock_holds_back(struct inode *inode, const struct handle *h);
/* Gives up what h holds. */
void group_lock_drop(struct handle *h);

/* ---- mirror_state.c: states of mirrors ---- */

/* What a write has made stale: all but the primary, from one layout to the next, and file_changes() then. */
struct stale_marks {
	struct layout *before, *now; /* owned; NULL: nothing */
	uint32_t primary;
	uint64_t changes;
};
void mirror_state_release_marks(struct stale_marks *m);

/* Before a write of [start, end): the other mirrors are durably stale where it reaches, each with a
 * map. `end` may be LAYOUT_EOF. *ret_marks is zeroed or of an earlier call before; it is set where
 * this call has made something stale. */
int MUST_CHECK mirror_state_make_stale(struct inode *inode, uint64_t start, uint64_t end,
				       struct stale_marks *ret_marks);
/*
 * The write failed with err, before it wrote anything that the caller was told of. If nobody else has changed
 * anything since, the primary becomes stale, and what was in sync before is so again: true, then the write is worth
 * another attempt. False, and nothing is done, where no other mirror can be read. Releases m; keeps the text of
 * err.
 */
bool mirror_state_fail_over(struct inode *inode, struct stale_marks *m, int err);
/*
 * Sets another layout of the file: on the MDT inode, durably, then in memory. Caller holds the
 * commit_lock. On failure nothing has changed. Where what can't be made durable can't be put back,
 * either, it stays changed (logged), as if it had succeeded: the inode says so.
 */
int MUST_CHECK mirror_state_commit(struct inode *inode, struct file *f, const struct layout *l);
/* The first half: on the MDT inode. The caller sets it in memory. */
int MUST_CHECK mirror_state_store(struct inode *inode, const struct layout *before,
				  const struct layout *now);
/* The same for a layout (of mirror_change.h) by which mirrors become stale: each of those gets a map by
 * which all of it is out of date. What isn't durable has failed here, in any case. */
int MUST_CHECK mirror_state_commit_stale(struct inode *inode, struct file *f,
					 const struct layout *l);
/* The same for the file's state alone: not durably, as after a crash it says nothing. */
int MUST_CHECK mirror_state_set(struct inode *inode, struct file *f, const struct layout *l);

/* ---- mirror_maps.c: the dirty maps of stale mirrors. Callers hold the commit_lock, unless it says
 * otherwise ---- */

/* When the file is opened for writing: maps of all stale mirrors follow it. One that isn't there or
 * can't be trusted (logged) is made anew, all dirty. Takes the commit_lock. */
int MUST_CHECK mirror_maps_load(struct inode *inode, struct file *f);
int MUST_CHECK mirror_maps_load_locked(struct inode *inode, struct file *f);
/* When it isn't open any more: closes them. Takes the commit_lock. */
void mirror_maps_drop(struct inode *inode, struct file *f);
/* A new map follows, for a mirror that is stale by layout l. `whole`: all is dirty. */
int MUST_CHECK mirror_maps_new(struct inode *inode, struct file *f, const struct layout *l,
			       uint32_t mirror_id, bool whole);
/* The mirror's map no longer follows, and goes from the disk. */
void mirror_maps_forget(struct inode *inode, struct file *f, uint32_t mirror_id);

/* ---- recover.c, reaper.c, swap_recover.c ---- */

/* Finishes or takes back what a crash left in PENDING. */
int MUST_CHECK recover_volume(struct volume *vol);
/*
 * Finishes or takes back what a swap, merge or split left half way for `victim`, if anything.
 * *ret_orphan is set (reaper_orphan()) where the file turns out to have lost its last name
 * meanwhile.
 */
int MUST_CHECK swap_recover(struct volume *vol, struct fid victim, struct fid *ret_orphan);

#endif
