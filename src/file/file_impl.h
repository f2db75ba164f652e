/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of file/ share. Nobody else includes this. */
#ifndef LOVFS_FILE_FILE_IMPL_H
#define LOVFS_FILE_FILE_IMPL_H

#include "file/file.h"

#include "copy/plan.h"
#include "layout/mirror.h"
#include "layout/raid0.h"

#include <pthread.h>
#include <stdatomic.h>

struct object_table; /* objects.c */
struct follower;     /* followers.c */

struct file {
	struct fid fid;
	const struct ost_set *osts; /* borrowed */
	_Atomic uint64_t version;
	_Atomic uint64_t failovers;  /* reads that went to another mirror */
	_Atomic uint64_t changes;    /* of objects: file_changes() */
	pthread_rwlock_t lock;       /* shared by operations, exclusive for commits */
	const struct layout *layout; /* guarded by lock; a reference; may be NULL */
	/*
	 * Set once by whoever needs it first while holding lock shared; changed and freed only with
	 * lock exclusive.
	 */
	_Atomic(struct object_table *) objects;
	/* Owned; changed only with lock exclusive. */
	struct follower *followers;
};

/* ---- file_lock.c ---- */

void file_lock_shared(struct file *f);
void file_note_change(struct file *f); /* see file_changes() */
void file_unlock_shared(struct file *f);

/* ---- mirror_choice.c: which mirrors an operation may use, the best first ---- */

struct mirror_order {
	unsigned int count;
	uint32_t ids[LAYOUT_MIRRORS_MAX];
};

/*
 * The usable mirrors of a layout that has several, in the order in which they are read. Those at
 * the front that are equally good take turns by `turn`.
 */
struct mirror_order mirror_choice_for_read(const struct ost_set *osts, const struct layout *l,
					   uint64_t turn);

/* The same for writing. It depends on the layout and the states of the OSTs alone. */
struct mirror_order mirror_choice_for_write(const struct ost_set *osts, const struct layout *l);

/* Whether the mirror can stand for the file: it is the only one, or usable. */
bool mirror_choice_counts(const struct layout *l, uint32_t mirror_id);

/* -ENOENT with text where the layout, which may be NULL, has no such mirror. */
int MUST_CHECK mirror_choice_check_exists(const struct layout *l, uint32_t mirror_id);

/* ---- access.c: one operation on a file's data, and which objects it may use ---- */

enum access_kind { ACCESS_READ, ACCESS_CHANGE };

/* The layout is fixed from access_begin() to access_end(). */
struct access {
	/* What access_begin() is told: */
	struct file *f;
	enum access_kind kind;
	uint32_t asked_id; /* FILE_WHOLE or the id of one mirror */
	uint64_t offset;   /* where a read begins: mirrors share the work by it */
	/* What it finds: */
	const struct layout *layout; /* never NULL: one without components stands for none */
	uint32_t mirror_id;          /* whose components are read and written */
	struct mirror_order order;   /* of a file with mirrors that is read: to try one by one */
	unsigned int tried;          /* of these */
};

/*
 * Takes the file's lock shared and chooses the mirror. A thread has at most one access to a file at
 * a time (but for access_begin_locked()). Nothing is held after an error: -EOPNOTSUPP not a layout
 * whose data can be got at, -EIO no mirror is usable, -ENOENT, -EROFS the mirror isn't stale.
 */
int MUST_CHECK access_begin(struct access *a);

/* The same for a second access to a file by a thread that has one already. It isn't ended. */
int MUST_CHECK access_begin_locked(struct access *a);

/* Ends it; a change of the file gets a new data version. */
void access_end(struct access *a);

/*
 * After a read failed: whether there is another mirror to do it all again with, which then is the
 * one in use. It is counted and logged.
 */
bool access_fail_over(struct access *a, int err);

/*
 * Before [start, end) is changed. FILE_NOT_STALE: another mirror isn't stale there; the rest of the
 * operation mustn't be done. Nothing to look at for a change of one mirror.
 */
int MUST_CHECK access_check_stale(const struct access *a, uint64_t start, uint64_t end);

/* access_check_stale(), and marks the range in the maps that follow. After all other checks. */
int MUST_CHECK access_change(const struct access *a, uint64_t start, uint64_t end);

/* Whether a component of the layout is of that mirror; 0 in a layout without mirrors. */
static inline bool component_is_of(const struct layout *l, const struct component *c,
				   uint32_t mirror_id)
{
	return l->kind == LAYOUT_PLAIN || component_mirror_id(c) == mirror_id;
}

/* Whether the component is of the mirror in use. */
bool access_has_component(const struct access *a, const struct component *c);

/* Whether the component is of the mirror in use and has objects that hold data. */
bool access_has_objects(const struct access *a, const struct component *c);

/*
 * Whether [start, end) can be changed: *ret_covered is the end of what can, from the front. 0 when
 * that is more than nothing. FILE_NOT_INSTANTIATED when any component on the way has no objects
 * yet, -EOPNOTSUPP when one can't hold data, -ENODATA when none covers `start`.
 */
int MUST_CHECK access_check_covered(const struct access *a, uint64_t start, uint64_t end,
				    uint64_t *ret_covered);

/* The same for an operation that needs all of the range. */
int MUST_CHECK access_check_range(const struct access *a, uint64_t start, uint64_t end);

/* -EOPNOTSUPP where a component of the mirror in use that overlaps [start, end) can't hold data. */
int MUST_CHECK access_check_kinds(const struct access *a, uint64_t start, uint64_t end);

/* ---- followers.c: dirty maps that follow the file ---- */

/* All maps. */
void followers_free(struct follower *list);

/*
 * Marks [start, end), or all from `start` on, in the maps that follow the file, but for that of
 * mirror `written`. Called with the file's lock held.
 */
int MUST_CHECK followers_mark_locked(struct file *f, uint32_t written, uint64_t start,
				     uint64_t end);
int MUST_CHECK followers_mark_from_locked(struct file *f, uint32_t written, uint64_t start);

/* ---- objects.c: descriptors of objects, and the walk over them ---- */

/* Closes all descriptors and frees. NULL is fine. */
void objects_free(struct object_table *table);

/*
 * A table for the layout `to`, with the descriptors of those objects that `from` (may be NULL) has
 * in `table` (may be NULL) already. They are taken out of `table`. NULL: no memory.
 */
struct object_table *objects_move(const struct layout *to, const struct layout *from,
				  struct object_table *table);

/*
 * The object's descriptor, opened if it isn't. for_write: -EROFS where it can only be read. Valid
 * as long as the file's lock is held.
 */
int MUST_CHECK objects_end(const struct access *a, struct object_ref ref, bool for_write,
			   struct io_end *ret_end);

/*
 * As objects_end(), for the descriptor alone and for a file whose lock is held, any component.
 * Returns the descriptor.
 */
int MUST_CHECK objects_fd_locked(struct file *f, struct object_ref ref);

/* Opens the object if it isn't open: -EROFS where it can only be read. */
int MUST_CHECK objects_check_writable_locked(struct file *f, struct object_ref ref);

/* Another descriptor of the object, the caller's, for reading past the page cache. Returns it; -EINVAL where the
 * file system knows no direct I/O. */
int MUST_CHECK objects_open_direct(struct file *f, struct object_ref ref);

/* The OST that the layout names; NULL: the volume has none of that index. */
struct ost *objects_ost(const struct file *f, struct object_ref ref);

/*
 * Asks without opening: by the descriptor where there is one, otherwise by the object's id. table may
 * be NULL.
 */
int MUST_CHECK objects_stat(const struct ost_set *osts, const struct layout *l,
			    struct object_table *table, struct object_ref ref, struct stat *ret_st);

/* "component 2 stripe 0 on OST 5"; "mirror 1 component 65537 ..." where there are several. */
void objects_name(const struct layout *l, struct object_ref ref, char *ret_text, size_t size);

/* Sets the text "<what>, <objects_name()>: <reason>" for err and returns err. */
int objects_fail(const struct layout *l, struct object_ref ref, int err, const char *what);

/* The part of one object that belongs to a range of the file. */
struct object_part {
	struct object_ref ref;
	uint64_t offset, len_bytes; /* in the object; len_bytes is not 0 */
};

/* Read only through objects_next(). */
struct object_walk {
	const struct access *a;
	uint64_t start, end;
	struct object_ref next;
};

/*
 * The walk over the objects that have a part of [start, end), each once, component after component.
 */
struct object_walk objects_walk(const struct access *a, uint64_t start, uint64_t end);
bool objects_next(struct object_walk *walk, struct object_part *ret_part);

/* Where the object holds file offset `offset` or what follows it, within its component. */
static inline uint64_t object_share(const struct component *c, uint32_t stripe_idx, uint64_t offset)
{
	return raid0_object_size(c->stripe_size, c->stripe_count, stripe_idx,
				 MIN_OF(offset, c->end));
}

/* Whether the layout says where the bytes of this component are. */
static inline bool component_has_objects(const struct layout *l, const struct component *c)
{
	return component_has_data(c) && component_instantiated(l, c) && c->stripe_size != 0 &&
	       c->object_count != 0 && c->object_count == c->stripe_count;
}

/* ---- each_object.c; reach.c is about the two checks of file.h ---- */

/*
 * Calls fn for each object of the usable mirrors, or of one mirror, also after one failed. 0 where
 * one of these mirrors had no error, otherwise the first; -EIO where none is usable, -ENOENT.
 */
typedef int each_object_fn(struct file *f, struct object_ref ref, void *cookie);
int MUST_CHECK each_object_locked(struct file *f, uint32_t mirror_id, each_object_fn *fn,
				  void *cookie);

/*
 * Calls fn for each usable mirror of `l`, also after one failed. One mirror that has everything is
 * enough: 0 where one had no error (or there is none at all), otherwise the first error; -EIO where none
 * is usable. Takes no lock.
 */
typedef int each_mirror_fn(struct file *f, uint32_t mirror_id, const void *cookie);
int MUST_CHECK each_usable_mirror(struct file *f, const struct layout *l, each_mirror_fn *fn,
				  const void *cookie);

/* ---- size.c ---- */

/*
 * The size of the file, or of the mirror, as the objects of the mirror in use say it. An error when
 * some object can't be asked, *ret_size then is what the others say.
 */
int MUST_CHECK size_get(const struct access *a, uint64_t *ret_size);

/* Makes the file at least `size` (not 0) bytes long. The component of the last byte has objects. */
int MUST_CHECK size_extend(const struct access *a, uint64_t size);

/*
 * Makes the file at most `size` bytes long. Objects are only shrunk. All of them are tried; the
 * first error.
 */
int MUST_CHECK size_shrink(const struct access *a, uint64_t size);

#endif
