/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/layout_commit.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "inode/handle_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/link_gate.h"
#include "inode/saved_attr.h"
#include "inode/volume_state.h"
#include "mdt/layout_ea.h"
#include "mdt/pending.h"
#include "mdt/swap_intent.h"
#include "ost/object.h"
#include "ost/ost_set.h"
#include "ost/parent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- who takes part ---- */

int layout_commit_init(struct layout_commit *x, struct handle *h)
{
	*x = (struct layout_commit){
		.vol = h->inode->vol, .inode = h->inode, .file = h->file, .order = { h->inode }
	};
	if (!h->writable)
		return fail(-EBADF, "the descriptor isn't open for writing");
	if (h->mirror_id != FILE_WHOLE)
		return fail(-EINVAL, "the descriptor is of one mirror alone");
	return 0;
}

void layout_commit_release(struct layout_commit *x)
{
	for (unsigned int i = 0; i < x->count; i++) {
		layout_unref(x->victims[i].leave);
		inode_forget(x->victims[i].inode, 1);
	}
	layout_unref(x->old);
	layout_unref(x->new);
}

/* A victim without a name is found by that it is in PENDING, without looking through all inodes. */
static int find_inode(struct volume *vol, struct fid fid, struct inode **ret_inode)
{
	int fd, err = pending_open(vol->mdt, fid, &fd);

	return err ? inode_find(vol, fid, ret_inode) : inode_obtain(vol, fd, ret_inode);
}

static int check_victim(const struct layout_commit *x, struct inode *inode, struct fid fid)
{
	char text[FID_TEXT_MAX];
	bool ok;

	pthread_mutex_lock(&inode->lock);
	ok = inode->writers > 0;
	pthread_mutex_unlock(&inode->lock);
	fid_text(fid, text);
	if (!ok)
		return fail(-ENOENT, "victim %s isn't open for writing", text);
	if (inode == x->inode)
		return fail(-EINVAL, "the file can't be its own victim");
	for (unsigned int i = 0; i < x->count; i++) {
		if (x->victims[i].inode == inode)
			return fail(-EINVAL, "victim %s is given twice", text);
	}
	if (x->count == LAYOUT_MIRRORS_MAX)
		return fail(-EINVAL, "more than %u victims", LAYOUT_MIRRORS_MAX);
	return 0;
}

static void insert_in_order(struct layout_commit *x, struct inode *inode)
{
	unsigned int at = x->count; /* of this victim; the file has one place, too */

	for (; at > 0 && fid_compare(x->order[at - 1]->fid, inode->fid) > 0; at--)
		x->order[at] = x->order[at - 1];
	x->order[at] = inode;
}

int layout_commit_add_victim(struct layout_commit *x, struct fid fid)
{
	struct layout_commit_victim *v = &x->victims[x->count];
	char text[FID_TEXT_MAX];
	struct inode *inode;
	struct file *f;
	int err = find_inode(x->vol, fid, &inode);

	if (err)
		return fail(err, "there is no open file %s", fid_text(fid, text));
	err = check_victim(x, inode, fid);
	if (!err)
		err = inode_get_file(inode, &f);
	if (err) {
		inode_forget(inode, 1);
		return err;
	}
	*v = (struct layout_commit_victim){ .inode = inode, .file = f, .fid = fid };
	x->count++;
	insert_in_order(x, inode);
	return 0;
}

static int check_owner(const struct layout_commit_victim *v, uid_t owner)
{
	char text[FID_TEXT_MAX];
	struct stat st;
	int err = sys_fstat(v->inode->fd, &st);

	if (err)
		return err;
	return st.st_uid == owner
		       ? 0
		       : fail(-EPERM, "victim %s belongs to user %u, the file to user %u",
			      fid_text(v->fid, text), st.st_uid, owner);
}

int layout_commit_check_owners(const struct layout_commit *x, uid_t uid)
{
	struct stat st;
	int err = sys_fstat(x->inode->fd, &st);

	if (err)
		return err;
	if (uid != 0 && uid != st.st_uid)
		return fail(-EPERM, "the file belongs to user %u", st.st_uid);
	for (unsigned int i = 0; !err && i < x->count; i++)
		err = check_owner(&x->victims[i], st.st_uid);
	return err;
}

int layout_commit_sync_victims(const struct layout_commit *x)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < x->count; i++)
		err = file_sync(x->victims[i].file, FILE_WHOLE, false);
	return err;
}

/* ---- what must hold for all of them ---- */

/* Names can't come or go (link_gate): what users see stays as it is while intents are more links. */
static int hide_links(struct layout_commit *x)
{
	struct stat st;
	int err = 0;

	for (unsigned int i = 0; !err && i <= x->count; i++) {
		struct inode *inode = x->order[i];

		pthread_mutex_lock(&inode->lock);
		err = sys_fstat(inode->fd, &st);
		inode->swap_nlink = err ? 0 : st.st_nlink;
		pthread_mutex_unlock(&inode->lock);
	}
	return err;
}

static void show_links(struct layout_commit *x)
{
	for (unsigned int i = 0; i <= x->count; i++) {
		pthread_mutex_lock(&x->order[i]->lock);
		x->order[i]->swap_nlink = 0;
		pthread_mutex_unlock(&x->order[i]->lock);
	}
}

static int check_settled(struct layout_commit *x)
{
	bool settled = true;

	for (unsigned int i = 0; i <= x->count; i++) {
		pthread_mutex_lock(&x->order[i]->lock);
		settled &= x->order[i]->unsettled == 0;
		pthread_mutex_unlock(&x->order[i]->lock);
	}
	return settled ? 0
		       : fail(-EBUSY, "an earlier commit on the file isn't finished; the next "
				      "mount will do that");
}

/*
 * Victim v keeps its intent. The inodes stay in memory, and so the layouts that they have there now: the
 * victim's on disk may be the one that it had before.
 */
static void mark_unsettled(struct layout_commit *x, const struct layout_commit_victim *v, int err)
{
	struct inode *const both[] = { x->inode, v->inode };
	char text[FID_TEXT_MAX];

	log_error("%s: a commit can't be finished, the next mount will do that: %s",
		  fid_text(v->fid, text), error_text(err));
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		inode_ref(both[i]);
		pthread_mutex_lock(&both[i]->lock);
		both[i]->unsettled++;
		pthread_mutex_unlock(&both[i]->lock);
	}
}

/* ---- steps of mdt/swap_intent.h ---- */

static int make_intents(struct layout_commit *x)
{
	struct swap_victim victims[LAYOUT_MIRRORS_MAX];

	for (unsigned int i = 0; i < x->count; i++)
		victims[i] = (struct swap_victim){ .fid = x->victims[i].fid,
						   .fd = x->victims[i].inode->fd,
						   .leave = x->victims[i].leave };
	return swap_intent_make(x->vol->mdt, x->inode->fd, victims, x->count);
}

static int remove_intent(struct layout_commit *x, const struct layout_commit_victim *v)
{
	struct fid orphan; /* none: the file can't lose a name now, and had one or was in PENDING */

	return swap_intent_remove(x->vol->mdt, v->fid, v->inode->fd, &orphan);
}

/* The file's new layout, durably. Where it can't be made durable the old one is put back. */
static int commit_file(struct layout_commit *x)
{
	int err = layout_ea_set(x->vol->mdt, x->inode->fd, x->new);

	if (err)
		return err;
	err = inode_fsync(x->inode);
	if (!err)
		return 0;
	if (layout_ea_set(x->vol->mdt, x->inode->fd, x->old)) {
		/* The inode says new, so new it is, here too: the reaper would take it for that. */
		x->unsettled = true;
		return 0;
	}
	x->unsettled = inode_fsync(x->inode) != 0;
	return err;
}

static int commit_held(struct layout_commit *x)
{
	int err = x->check(x);

	if (!err)
		err = commit_file(x);
	if (err)
		return err;
	file_commit_set(x->file, x->new);
	file_touch(x->file);
	for (unsigned int i = 0; i < x->count; i++) {
		file_commit_set(x->victims[i].file, x->victims[i].leave);
		file_touch(x->victims[i].file);
	}
	x->committed = true;
	return 0;
}

/* Nobody reads or writes any of the files meanwhile. */
static int commit(struct layout_commit *x)
{
	uint64_t begin_ns = clock_now_ns();
	int err;

	for (unsigned int i = 0; i <= x->count; i++)
		file_commit_begin(x->order[i]->file);
	err = commit_held(x);
	for (unsigned int i = 0; i <= x->count; i++)
		file_commit_end(x->order[i]->file);
	log_debug("inode %ju: operations were held off for %" PRIu64 " us",
		  (uintmax_t)x->inode->ino, (clock_now_ns() - begin_ns) / 1000);
	return err;
}

/* From the commit on a failure only leaves work to recovery; the reaper looks for the intent before
 * it destroys a victim. */
static void settle(struct layout_commit *x)
{
	int errs[LAYOUT_MIRRORS_MAX];

	/* All before the first is made durable: one write of the log does for them all. */
	for (unsigned int i = 0; i < x->count; i++)
		errs[i] = x->unsettled ? -EIO
				       : layout_ea_set(x->vol->mdt, x->victims[i].inode->fd,
						       x->victims[i].leave);
	for (unsigned int i = 0; i < x->count; i++) {
		if (!errs[i])
			errs[i] = inode_fsync(x->victims[i].inode);
		if (!errs[i])
			errs[i] = remove_intent(x, &x->victims[i]);
		if (errs[i])
			mark_unsettled(x, &x->victims[i], errs[i]);
	}
}

static void take_back(struct layout_commit *x)
{
	for (unsigned int i = 0; i < x->count; i++) {
		int err = x->unsettled ? -EIO : remove_intent(x, &x->victims[i]);

		if (err)
			mark_unsettled(x, &x->victims[i], err);
	}
}

static int run_with_intents(struct layout_commit *x)
{
	int err = hide_links(x);

	if (!err)
		err = make_intents(x);
	if (!err) {
		err = commit(x);
		if (x->committed) {
			if (x->after)
				x->after(x);
			settle(x);
		} else {
			char cause[ERROR_TEXT_MAX];

			snprintf(cause, sizeof(cause), "%s", error_text(err));
			take_back(x);
			fail(err, "%s", cause);
		}
	}
	show_links(x);
	return err;
}

static int run_locked(struct layout_commit *x)
{
	int err = check_settled(x);

	if (err)
		return err;
	x->old = file_layout(x->file);
	if (!x->old)
		return fail(-ENODATA, "the file has no layout");
	err = x->plan(x);
	if (!err)
		err = x->check(x);
	if (!err)
		err = run_with_intents(x);
	return err;
}

/* ---- around it ---- */

static void lock_all(struct layout_commit *x, bool lock)
{
	for (unsigned int i = 0; lock && i <= x->count; i++)
		pthread_mutex_lock(&x->order[i]->commit_lock);
	if (lock)
		link_gate_enter(&x->vol->link_gate, LINK_GATE_COMMITS);
	else
		link_gate_leave(&x->vol->link_gate, LINK_GATE_COMMITS);
	for (unsigned int i = 0; !lock && i <= x->count; i++)
		pthread_mutex_unlock(&x->order[i]->commit_lock);
}

static void tell_object(struct volume *vol, const struct component *c, uint16_t stripe,
			struct fid owner)
{
	const struct layout_object *o = &c->objects[stripe];
	struct ost *ost = ost_set_get(&vol->osts, o->ost_idx);
	struct ost_parent parent = {
		.file = owner,
		.stripe_idx = stripe,
		.stripe_size = c->stripe_size,
		.stripe_count = c->stripe_count,
		.comp_start = c->start,
		.comp_end = c->end,
		.comp_id = c->id,
	};

	if (!ost || object_set_parent(ost, o->fid, &parent))
		log_warning("an object on OST %" PRIu32 " doesn't know its new file", o->ost_idx);
}

/* Objects know whose they are; only a check of the volume reads it, so a failure is only worth a line. */
static void tell_objects(struct volume *vol, const struct layout *l, struct fid owner)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint16_t k = 0; component_instantiated(l, c) && k < c->object_count; k++)
			tell_object(vol, c, k, owner);
	}
}

/* The sizes are where the objects are, which can't all be asked, maybe. */
static int begin_all(struct layout_commit *x)
{
	unsigned int begun = 0;
	int err = 0;

	while (!err && begun <= x->count) {
		err = saved_attr_begin(x->order[begun], SAVED_MOVES);
		begun += !err;
	}
	for (unsigned int i = 0; err && i < begun; i++)
		saved_attr_end(x->order[i], &(struct saved_result){ 0 });
	return err;
}

static void end_all(struct layout_commit *x)
{
	for (unsigned int i = 0; i <= x->count; i++) {
		struct saved_result result = { 0 };

		/* A file that gains or loses mirrors is as long as before. */
		result.size_unclear = x->committed && (x->swaps || x->order[i] != x->inode);
		saved_attr_end(x->order[i], &result);
		saved_attr_save(x->order[i]);
	}
}

int layout_commit_run(struct layout_commit *x)
{
	char why[ERROR_TEXT_MAX];
	int err = begin_all(x);

	if (err)
		return err;
	lock_all(x, true);
	err = run_locked(x);
	lock_all(x, false);
	snprintf(why, sizeof(why), "%s", err ? error_text(err) : "");
	if (x->committed) {
		tell_objects(x->vol, x->new, file_fid(x->file));
		for (unsigned int i = 0; i < x->count; i++)
			tell_objects(x->vol, x->victims[i].leave, x->victims[i].fid);
	}
	end_all(x);
	return err ? fail(err, "%s", why) : 0;
}
