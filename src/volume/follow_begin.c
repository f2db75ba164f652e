/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/follow_begin.h"

#include "base/error.h"
#include "base/sys.h"
#include "commit/mirror_guard.h"
#include "commit/mirror_maps.h"
#include "commit/mirror_state.h"
#include "file/dirty_map.h"
#include "inode/follow_state.h"
#include "inode/handle_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror_change.h"
#include "mdt/pending.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int check_mirrors(const struct follow_request *req)
{
	if (req->physical)
		return fail(-EINVAL, "only victims can be physical");
	if (req->make_stale && !req->whole)
		return fail(-EINVAL, "mirrors that become stale are out of date as a whole");
	for (unsigned int i = 0; i < req->mirror_count; i++) {
		for (unsigned int k = 0; k < i; k++) {
			if (req->mirror_ids[i] == req->mirror_ids[k])
				return fail(-EINVAL, "mirror %" PRIu32 ": given twice",
					    req->mirror_ids[i]);
		}
	}
	return 0;
}

static int check_request(const struct handle *h, const struct follow_request *req)
{
	if (!h->writable)
		return fail(-EBADF, "following needs a descriptor that is open for writing");
	if (h->mirror_id != FILE_WHOLE)
		return fail(-EINVAL, "a mirror can't be followed by itself");
	if (!req->mirror_count == !req->victim_count)
		return fail(-EINVAL, "either mirrors or victims can follow a file");
	if (req->mirror_count > LAYOUT_MIRRORS_MAX || req->victim_count > LAYOUT_MIRRORS_MAX)
		return fail(-EINVAL, "at most %u copies can follow a file", LAYOUT_MIRRORS_MAX);
	if (req->mirror_count)
		return check_mirrors(req);
	if (req->source_id)
		return fail(-EINVAL, "only mirrors are copied from one mirror");
	return req->whole || req->make_stale ? fail(-EINVAL, "victims are copied as a whole anyway")
					     : 0;
}

static int check_victim(const struct follow *w, struct inode *victim)
{
	struct inode *inode = w->h->inode;
	struct stat a, b;
	bool ok, free;
	int err;

	pthread_mutex_lock(&victim->lock);
	ok = victim->victim && victim->writers > 0;
	free = !victim->follows;
	pthread_mutex_unlock(&victim->lock);
	if (!ok || victim == inode)
		return fail(-ENOENT,
			    "the victim isn't a file without a name that is open for writing");
	for (unsigned int i = 0; i < w->victim_count; i++)
		free &= w->victims[i] != victim;
	if (!free)
		return fail(-EINVAL, "the victim follows a file already");
	err = sys_fstat(inode->fd, &a);
	if (!err)
		err = sys_fstat(victim->fd, &b);
	if (!err && a.st_uid != b.st_uid)
		err = fail(-EPERM, "the victim belongs to user %u, the file to user %u", b.st_uid,
			   a.st_uid);
	return err;
}

static int check_empty(struct inode *victim)
{
	struct file_attr attr;
	struct file *f;
	int err = inode_get_file(victim, &f);

	if (!err)
		err = file_stat(f, FILE_WHOLE, &attr);
	if (!err && (attr.size_bytes || !attr.complete))
		err = fail(-EINVAL, "the victim isn't empty");
	return err;
}

static int add_victim(struct follow *w, struct fid fid)
{
	struct volume *vol = w->h->inode->vol;
	struct inode *victim;
	int fd, err = pending_open(vol->mdt, fid, &fd);

	if (err)
		return fail(err, "there is no such victim");
	err = inode_obtain(vol, fd, &victim);
	if (err)
		return err;
	err = check_victim(w, victim);
	if (!err)
		err = check_empty(victim);
	if (err)
		inode_forget(victim, 1);
	else
		w->victims[w->victim_count++] = victim;
	return err;
}

/* The layout in which all mirrors asked for are stale. */
static int stale_layout(const struct layout *l, const struct follow_request *req,
			struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *now = layout_ref(l);

	for (unsigned int i = 0; i < req->mirror_count; i++) {
		uint32_t id = req->mirror_ids[i];
		struct layout *next;
		int err;

		if (l->mirror_count <= 1 || !mirror_exists(l, id))
			return fail(-ENOENT, "mirror %" PRIu32 ": there is no such mirror", id);
		if (mirror_flags(now, id) & COMP_STALE)
			continue;
		if (!req->make_stale)
			return fail(-EINVAL, "mirror %" PRIu32 ": is in sync", id);
		err = mirror_change_stale(now, id, &next);
		if (err)
			return err;
		layout_unref(now);
		now = next;
	}
	*ret_layout = PTR_STEAL(now);
	return 0;
}

/*
 * Before anything is marked, or cut to be written anew: what is to be written can be, and what it is written
 * from can be read. Otherwise the copy would fail, and leave less than there was.
 */
static int check_reachable(struct file *f, const struct layout *now,
			   const struct follow_request *req)
{
	char why[ERROR_TEXT_MAX];
	int err = 0;

	for (unsigned int i = 0; !err && i < req->mirror_count; i++)
		err = file_check_writable(f, req->mirror_ids[i]);
	if (err)
		return err;
	if (!req->source_id) {
		err = mirror_guard_commit(f, now);
		snprintf(why, sizeof(why), "%s", err ? error_text(err) : "");
		return err ? fail(-EIO, "%s", why) : 0;
	}
	if (!mirror_usable(now, req->source_id))
		return fail(-EINVAL, "mirror %" PRIu32 ": can't be copied, it isn't in sync",
			    req->source_id);
	return file_check_readable(f, req->source_id);
}

static int make_stale(struct inode *inode, struct file *f, const struct follow_request *req)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(f), *now = NULL;
	int err = stale_layout(before, req, &now);

	if (!err)
		err = check_reachable(f, now, req);
	if (!err && now != before)
		err = mirror_state_commit_stale(inode, f, now);
	if (!err)
		err = mirror_maps_load_locked(inode, f);
	for (unsigned int i = 0; !err && req->whole && i < req->mirror_count; i++)
		err = dirty_map_mark_all(file_follower(f, req->mirror_ids[i]));
	return err;
}

/* Who is stopped half way through a large file has done half of it. */
static void spread_tails(struct file *f, const struct follow_request *req)
{
	struct file_attr attr;

	if (file_stat(f, FILE_WHOLE, &attr) || !attr.complete)
		return;
	for (unsigned int i = 0; i < req->mirror_count; i++)
		dirty_map_spread_tail(file_follower(f, req->mirror_ids[i]), attr.size_bytes);
}

static int begin_mirrors(struct follow *w, const struct follow_request *req)
{
	CLEANUP_LAYOUT struct layout *before = NULL, *now = NULL;
	struct inode *inode = w->h->inode;
	int err = make_stale(inode, w->h->file, req);

	if (err)
		return err;
	before = file_layout(w->h->file);
	err = mirror_change_begin_resync(before, &now);
	if (!err && now != before)
		err = mirror_state_set(inode, w->h->file, now);
	if (err)
		return err;
	spread_tails(w->h->file, req);
	for (unsigned int i = 0; i < req->mirror_count; i++)
		w->mirror_ids[i] = req->mirror_ids[i];
	w->mirror_count = req->mirror_count;
	return 0;
}

static int begin_victims(struct follow *w)
{
	struct file *f = w->h->file;
	struct dirty_map *map;
	int err = file_check_readable(f, FILE_WHOLE);

	if (!err)
		err = dirty_map_new(true, &map);
	if (err)
		return err;
	file_commit_begin(f);
	err = file_commit_follow(f, FILE_WHOLE, map);
	file_commit_end(f);
	return err;
}

static int begin_locked(struct follow *w, const struct follow_request *req)
{
	struct inode *inode = w->h->inode;
	int err;

	if (inode->follow)
		return fail(-EBUSY, "another resync, extend or migrate of it is running");
	err = w->victim_count ? begin_victims(w) : begin_mirrors(w, req);
	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	inode->follow = w;
	pthread_mutex_unlock(&inode->lock);
	for (unsigned int i = 0; i < w->victim_count; i++)
		follow_state_set_file(w->victims[i], inode);
	return 0;
}

int follow_begin(struct handle *h, const struct follow_request *req)
{
	struct follow *w;
	int err = check_request(h, req);

	if (!err)
		err = inode_check_owner(h->inode, req->uid);
	if (err)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w)
		return fail(-ENOMEM, "no memory to follow a file");
	w->h = h;
	w->physical = req->physical;
	for (unsigned int i = 0; !err && i < req->victim_count; i++)
		err = add_victim(w, req->victims[i]);
	if (!err) {
		pthread_mutex_lock(&h->inode->commit_lock);
		err = begin_locked(w, req);
		pthread_mutex_unlock(&h->inode->commit_lock);
	}
	if (err)
		follow_state_free(w);
	return err;
}
