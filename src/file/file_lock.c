/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every operation does first and last: it holds commits off, and tells that data changed.
 * Below all other files of the folder.
 */
#include "file/file_impl.h"

void file_lock_shared(struct file *f)
{
	pthread_rwlock_rdlock(&f->lock);
}

void file_unlock_shared(struct file *f)
{
	pthread_rwlock_unlock(&f->lock);
}

uint64_t file_data_version(const struct file *f)
{
	return atomic_load(&f->version);
}

void file_touch(struct file *f)
{
	atomic_fetch_add(&f->version, 1);
}

uint64_t file_changes(const struct file *f)
{
	return atomic_load(&f->changes);
}

void file_note_change(struct file *f)
{
	atomic_fetch_add(&f->changes, 1);
}
