/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file/file.h"

#include "file/file_impl.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Writers are preferred: a commit must come through while reads never cease. So a thread that holds
 * the lock shared must not take it again: a commit waiting in between would stop both.
 */
static int init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;
	int err;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	err = pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return -err;
}

int file_new(struct fid fid, const struct ost_set *osts, const struct layout *layout,
	     uint64_t version, struct file **ret_file)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	if (init_lock(&f->lock)) {
		free(f);
		return -ENOMEM;
	}
	f->fid = fid;
	f->osts = osts;
	f->layout = layout_ref(layout);
	atomic_init(&f->version, version);
	atomic_init(&f->failovers, 0);
	atomic_init(&f->changes, 0);
	atomic_init(&f->objects, NULL);
	*ret_file = f;
	return 0;
}

void file_free(struct file *f)
{
	if (!f)
		return;
	objects_free(atomic_load(&f->objects));
	followers_free(f->followers);
	layout_unref(f->layout);
	pthread_rwlock_destroy(&f->lock);
	free(f);
}

struct fid file_fid(const struct file *f)
{
	return f->fid;
}

struct layout *file_layout(struct file *f)
{
	struct layout *l;

	file_lock_shared(f);
	l = layout_ref(f->layout);
	file_unlock_shared(f);
	return l;
}

void file_commit_begin(struct file *f)
{
	pthread_rwlock_wrlock(&f->lock);
}

const struct layout *file_commit_layout(const struct file *f)
{
	return f->layout;
}

void file_commit_set(struct file *f, const struct layout *l)
{
	struct object_table *old = atomic_load(&f->objects);
	/* Without memory for a table there is none; the next operation tries again. */
	struct object_table *table = old && l ? objects_move(l, f->layout, old) : NULL;
	const struct layout *old_layout = f->layout;

	atomic_store(&f->objects, table);
	objects_free(old);
	f->layout = layout_ref(l);
	layout_unref(old_layout);
}

void file_commit_end(struct file *f)
{
	pthread_rwlock_unlock(&f->lock);
}

void file_close_objects(struct file *f)
{
	pthread_rwlock_wrlock(&f->lock);
	objects_free(atomic_exchange(&f->objects, NULL));
	pthread_rwlock_unlock(&f->lock);
}
