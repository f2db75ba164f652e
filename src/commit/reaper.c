/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/reaper.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "commit/destroy.h"
#include "commit/swap_recover.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/link_gate.h"
#include "inode/volume_state.h"
#include "mdt/dirty_file.h"
#include "mdt/layout_ea.h"
#include "mdt/mdt.h"
#include "mdt/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

struct reaper {
	struct volume *vol;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock, below */
	struct fid *queue;
	size_t count, capacity;
	bool busy; /* a batch is being destroyed */
	bool stop;
};

/* Destroys the objects of an inode in PENDING that has no other name, then the inode. */
static int reap_inode(struct volume *vol, struct fid fid, int fd)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = layout_ea_get(vol->mdt, fd, &l);

	if (err == -ENODATA)
		err = 0;
	if (!err && l)
		err = destroy_objects(vol, l);
	if (!err && l)
		err = dirty_file_remove_all(vol->mdt, fid, l);
	if (!err)
		err = layout_ea_remove(vol->mdt, fd);
	if (!err)
		err = pending_remove(vol->mdt, fid);
	return err;
}

/* A file that has a name after all (a crash came between link and rename, or it was the victim of a
 * commit) only leaves PENDING. Its other link may be an intent that goes just now: one at a time. One
 * that has no other link, and isn't open, gets none: no commit is waited for. */
static int drop_if_named(struct volume *vol, struct fid fid, int fd, bool *ret_named)
{
	struct stat st;
	int err;

	err = sys_fstat(fd, &st);
	if (err || st.st_nlink == 1)
		return err;
	link_gate_enter(&vol->link_gate, LINK_GATE_NAMES);
	err = sys_fstat(fd, &st);
	if (!err && st.st_nlink > 1)
		err = pending_remove(vol->mdt, fid);
	link_gate_leave(&vol->link_gate, LINK_GATE_NAMES);
	if (!err)
		*ret_named = st.st_nlink > 1;
	return err;
}

/* A swap of the file may be half way; then the other file may have lost its last name meanwhile. */
static int resolve_swap(struct volume *vol, struct fid victim)
{
	struct fid orphan = { 0 };
	int err = swap_recover(vol, victim, &orphan);

	if (!err && !fid_is_zero(orphan))
		reaper_orphan(vol, orphan);
	return err;
}

static int reap(struct volume *vol, struct fid fid)
{
	CLEANUP_FD int fd = -1;
	bool named = false;
	int err = resolve_swap(vol, fid);

	if (!err)
		err = pending_open(vol->mdt, fid, &fd);
	if (err == -ENOENT)
		return 0;
	if (!err)
		err = drop_if_named(vol, fid, fd, &named);
	if (err || named)
		return err;
	return reap_inode(vol, fid, fd);
}

static void reap_batch(struct volume *vol, const struct fid *fids, size_t count)
{
	char text[FID_TEXT_MAX];
	int err = mdt_sync(vol->mdt);

	if (err) {
		log_error("removed files stay in PENDING: %s", error_text(err));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		error_clear();
		err = reap(vol, fids[i]);
		if (err)
			log_warning("removed file %s stays in PENDING: %s", fid_text(fids[i], text),
				    error_text(err));
	}
}

/* Waits for work and takes the whole queue. False: stop. */
static bool take_batch(struct reaper *r, struct fid **ret_fids, size_t *ret_count)
{
	pthread_mutex_lock(&r->lock);
	while (r->count == 0 && !r->stop)
		pthread_cond_wait(&r->changed, &r->lock);
	*ret_fids = r->queue;
	*ret_count = r->count;
	r->queue = NULL;
	r->count = r->capacity = 0;
	r->busy = *ret_count != 0;
	pthread_mutex_unlock(&r->lock);
	return *ret_count != 0;
}

static void *reaper_main(void *arg)
{
	struct reaper *r = arg;
	struct fid *fids;
	size_t count;

	while (take_batch(r, &fids, &count)) {
		reap_batch(r->vol, fids, count);
		free(fids);
		pthread_mutex_lock(&r->lock);
		r->busy = false;
		pthread_cond_broadcast(&r->changed);
		pthread_mutex_unlock(&r->lock);
	}
	free(fids);
	return NULL;
}

static void reaper_free(struct reaper *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

int reaper_start(struct volume *vol, struct reaper **ret_reaper)
{
	struct reaper *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return fail(-ENOMEM, "no memory to destroy removed files");
	r->vol = vol;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	err = pthread_create(&r->thread, NULL, reaper_main, r);
	if (err) {
		reaper_free(r);
		return fail_sys(-err, "starting the thread that destroys removed files");
	}
	*ret_reaper = r;
	return 0;
}

void reaper_stop(struct reaper *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	reaper_free(r);
}

static bool push_locked(struct reaper *r, struct fid fid)
{
	if (r->count == r->capacity) {
		size_t capacity = r->capacity ? 2 * r->capacity : 64;
		struct fid *queue = realloc(r->queue, capacity * sizeof(*queue));

		if (!queue)
			return false;
		r->queue = queue;
		r->capacity = capacity;
	}
	r->queue[r->count++] = fid;
	return true;
}

void reaper_add(struct reaper *r, struct fid fid)
{
	char text[FID_TEXT_MAX];
	bool pushed;

	pthread_mutex_lock(&r->lock);
	pushed = push_locked(r, fid);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (!pushed)
		log_warning("removed file %s stays in PENDING: no memory", fid_text(fid, text));
}

void reaper_drain(struct reaper *r)
{
	pthread_mutex_lock(&r->lock);
	while (r->count || r->busy)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

void reaper_orphan(struct volume *vol, struct fid fid)
{
	struct inode *inode;
	char text[FID_TEXT_MAX];
	bool unused;
	int fd, err;

	err = pending_open(vol->mdt, fid, &fd);
	if (!err)
		err = inode_obtain(vol, fd, &inode);
	if (err) {
		log_warning("removed file %s stays in PENDING: %s", fid_text(fid, text),
			    error_text(err));
		return;
	}
	pthread_mutex_lock(&inode->lock);
	inode->orphan = true;
	unused = inode->opens == 0;
	inode->reaped = unused;
	pthread_mutex_unlock(&inode->lock);
	if (unused)
		reaper_add(vol->reaper, fid);
	inode_forget(inode, 1);
}
