/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dirty maps of a file's stale mirrors: each follows the file from the moment when its mirror
 * becomes stale, or the file is opened for writing, until the last close. Readers need none.
 *
 * A map that can't be had (no room, malformed, of an earlier time) is replaced by one that says
 * that all is out of date; on disk where that can be, otherwise in memory, with none on disk: who
 * finds none later says the same.
 *
 * Callers hold the commit_lock, unless it says otherwise.
 */
#ifndef LOVFS_COMMIT_MIRROR_MAPS_H
#define LOVFS_COMMIT_MIRROR_MAPS_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct file;
struct inode;
struct layout;

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

#endif
