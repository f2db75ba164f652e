/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Swaps: a file gets the layout of a victim, and with it the victim's data. The states after a
 * crash are in mdt/swap_intent.h. */
#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "lovfs_ioctl.h"
#include "mdt/layout_ea.h"
#include "mdt/swap_intent.h"
#include "volume/volume_impl.h"

#include <errno.h>
#include <inttypes.h>

struct swap {
	struct volume *vol;
	struct inode *inode, *victim;
	struct file *file, *victim_file;
	struct fid victim_fid;
	struct layout *old, *new; /* of the file, before and after; references */
	bool committed;
	bool unsettled; /* committed, but it isn't known whether durably: the intent must stay */
};

static int check_owners(const struct swap *s, uid_t uid)
{
	struct stat a, b;
	int err = sys_fstat(s->inode->fd, &a);

	if (!err)
		err = sys_fstat(s->victim->fd, &b);
	if (err)
		return err;
	if (uid != 0 && uid != a.st_uid)
		return fail(-EPERM, "the file belongs to user %u", a.st_uid);
	if (a.st_uid != b.st_uid)
		return fail(-EPERM, "the victim belongs to user %u, the file to user %u", b.st_uid,
			    a.st_uid);
	return 0;
}

static int check_victim(const struct swap *s)
{
	bool ok;

	pthread_mutex_lock(&s->victim->lock);
	ok = s->victim->victim && s->victim->writers > 0;
	pthread_mutex_unlock(&s->victim->lock);
	return ok && s->victim != s->inode
		       ? 0
		       : fail(-ENOENT,
			      "the victim isn't a file without a name that is open for writing");
}

/* Held off are all operations on both files: what is true now stays true until the end of the
 * commit. */
static int check_held(const struct swap *s, struct handle *h, const struct swap_request *req)
{
	if (req->close_lease && handle_lease_check(h) == LOVFS_LEASE_NONE)
		return fail(-EBUSY, "the lease is lost: somebody opened the file for writing");
	if (file_data_version(s->file) != req->file_version)
		return fail(-EAGAIN, "the file's data changed");
	if (file_data_version(s->victim_file) != req->victim_version)
		return fail(-EAGAIN, "the victim's data changed");
	return 0;
}

/* The victim's layout as the file's: with the next generation, and the file's FID. */
static int new_layout(struct swap *s)
{
	char text[FID_TEXT_MAX];
	struct layout *l = layout_clone(file_commit_layout(s->victim_file));

	s->old = layout_ref(file_commit_layout(s->file));
	s->new = l;
	if (!l)
		return fail(-ENOMEM, "no memory for a layout");
	if (s->old->mirror_count > 1 || l->mirror_count > 1)
		return fail(-EOPNOTSUPP, "%s has mirrors: its layout can't be swapped",
			    fid_text(file_fid(s->file), text));
	l->gen = s->old->gen + 1;
	if (l->kind == LAYOUT_PLAIN && component_instantiated(l, &l->comps[0])) {
		struct fid fid = file_fid(s->file);

		/* 0xffff in the bytes means that the generation isn't known */
		l->gen = l->gen >= 0xffff ? 1 : l->gen;
		l->comps[0].offset_or_gen = (uint16_t)l->gen;
		l->comps[0].owner_oid = fid.oid;
		l->comps[0].owner_seq = fid.seq;
	}
	return 0;
}

/* Names can't come or go (swap_lock): what users see stays as it is from before the intent to after it. */
static int hide_swap_link(struct inode *inode)
{
	struct stat st;
	int err = sys_fstat(inode->fd, &st);

	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	inode->swap_nlink = st.st_nlink;
	pthread_mutex_unlock(&inode->lock);
	return 0;
}

static void show_links(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	inode->swap_nlink = 0;
	pthread_mutex_unlock(&inode->lock);
}

static void remove_intent(struct swap *s)
{
	struct fid orphan;
	int err = swap_intent_remove(s->vol->mdt, s->victim_fid, &orphan);

	/* The victim's inode keeps the old layout's bytes as content: it goes soon. */
	show_links(s->inode);
	if (err)
		log_warning("the note of a swap stays in PENDING: %s", error_text(err));
}

/* The file's new layout, durably. Where it can't be made durable the old one is put back. */
static int commit_file(struct swap *s)
{
	int err = layout_ea_set(s->vol->mdt, s->inode->fd, s->new);

	if (err)
		return err;
	err = inode_fsync(s->inode);
	if (!err || !layout_ea_set(s->vol->mdt, s->inode->fd, s->old))
		return err;
	/* The inode says new, so new it is, here too: the reaper would take it for that. */
	log_error(
		"inode %ju: layout neither swapped durably nor put back; it stays swapped, and the "
		"next mount will settle it",
		(uintmax_t)s->inode->ino);
	s->unsettled = true;
	return 0;
}

/* Steps 1 to 5 of mdt/swap_intent.h. */
static int commit(struct swap *s)
{
	int err = hide_swap_link(s->inode);

	if (err)
		return err;
	err = swap_intent_make(s->vol->mdt, s->victim_fid, s->victim->fd, s->inode->fd, s->old);
	if (err) {
		show_links(s->inode);
		return err;
	}
	err = commit_file(s);
	if (err) {
		remove_intent(s);
		return err;
	}
	file_commit_set(s->file, s->new);
	file_commit_set(s->victim_file, s->old);
	s->committed = true;
	/* From here on a failure only leaves work to recovery: the reaper looks for the intent
	 * before it destroys the victim. */
	err = s->unsettled ? -EIO : layout_ea_set(s->vol->mdt, s->victim->fd, s->old);
	if (err) {
		log_warning("the note of a swap stays in PENDING: %s", error_text(err));
		show_links(s->inode);
		return 0;
	}
	remove_intent(s);
	return 0;
}

static void lock_both(struct swap *s, bool lock)
{
	struct inode *a = s->inode, *b = s->victim;

	if (fid_compare(file_fid(s->file), file_fid(s->victim_file)) > 0)
		a = s->victim, b = s->inode;
	if (lock) {
		pthread_mutex_lock(&a->commit_lock);
		pthread_mutex_lock(&b->commit_lock);
		pthread_rwlock_wrlock(&s->vol->swap_lock);
		file_commit_begin(a->file);
		file_commit_begin(b->file);
	} else {
		file_commit_end(b->file);
		file_commit_end(a->file);
		pthread_rwlock_unlock(&s->vol->swap_lock);
		pthread_mutex_unlock(&b->commit_lock);
		pthread_mutex_unlock(&a->commit_lock);
	}
}

/* Objects know whose they are; only fsck reads it, so a failure is only worth a line. */
static void tell_objects(struct volume *vol, const struct layout *l, struct fid owner)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint16_t k = 0; component_instantiated(l, c) && k < c->object_count; k++) {
			struct ost *ost = ost_set_get(&vol->osts, c->objects[k].ost_idx);
			struct ost_parent parent = {
				.file = owner,
				.stripe_idx = k,
				.stripe_size = c->stripe_size,
				.stripe_count = c->stripe_count,
				.comp_start = c->start,
				.comp_end = c->end,
				.comp_id = c->id,
			};

			if (!ost || ost_object_set_parent(ost, c->objects[k].fid, &parent))
				log_warning(
					"an object of a swapped layout doesn't know its new file");
		}
	}
}

static int swap_run(struct swap *s, struct handle *h, const struct swap_request *req)
{
	int err = check_victim(s);

	if (!err)
		err = check_owners(s, req->uid);
	if (!err)
		err = file_sync(s->victim_file,
				false); /* data first, then the layout that names it */
	if (!err)
		err = inode_size_changes(s->inode);
	if (err)
		return err;
	lock_both(s, true);
	err = new_layout(s);
	if (!err)
		err = check_held(s, h, req);
	if (!err)
		err = commit(s);
	lock_both(s, false);
	if (s->committed) {
		file_touch(s->file);
		file_touch(s->victim_file);
		tell_objects(s->vol, s->new, file_fid(s->file));
		tell_objects(s->vol, s->old, file_fid(s->victim_file));
	}
	inode_save_size(s->inode);
	return err;
}

int handle_swap(struct handle *h, const struct swap_request *req)
{
	struct swap s = {
		.vol = h->inode->vol, .inode = h->inode, .file = h->file, .victim_fid = req->victim
	};
	int fd, err;

	if (!h->writable)
		return fail(-EBADF, "a swap needs a descriptor that is open for writing");
	err = mdt_pending_open(s.vol->mdt, req->victim, &fd);
	if (err)
		return fail(err, "there is no such victim");
	err = inode_obtain(s.vol, fd, &s.victim);
	if (err)
		return err;
	err = inode_get_file(s.victim, &s.victim_file);
	if (!err)
		err = swap_run(&s, h, req);
	layout_unref(s.old);
	layout_unref(s.new);
	inode_forget(s.victim, 1);
	if (!err && req->close_lease)
		handle_lease_put(h);
	return err;
}

/* ---- after a crash, or a commit that could not be cleaned up ---- */

static bool has_object(const struct layout *l, const struct layout_object *o)
{
	for (uint32_t i = 0; i < l->count; i++) {
		for (uint16_t k = 0; k < l->comps[i].object_count; k++) {
			const struct layout_object *mine = &l->comps[i].objects[k];

			if (mine->ost_idx == o->ost_idx && fid_equal(mine->fid, o->fid))
				return true;
		}
	}
	return false;
}

static bool share_objects(const struct layout *a, const struct layout *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		for (uint16_t k = 0;
		     component_instantiated(b, &b->comps[i]) && k < b->comps[i].object_count; k++) {
			if (!fid_is_zero(b->comps[i].objects[k].fid) &&
			    has_object(a, &b->comps[i].objects[k]))
				return true;
		}
	}
	return false;
}

static bool has_objects(const struct layout *l)
{
	return share_objects(l, l);
}

/*
 * Whether step 3 was done and step 4 wasn't. The file's objects tell, not its generation, which may
 * have gone on since. A victim without objects (of an empty file) leaves no trace in the file but
 * that the old objects are gone from it.
 */
static bool victim_is_to_get(const struct layout *of_file, const struct layout *of_victim,
			     const struct layout *old)
{
	if (has_objects(of_victim))
		return share_objects(of_file, of_victim);
	return has_objects(old) && !share_objects(of_file, old);
}

/* Step 4, where it is missing. */
static int finish(struct volume *vol, int victim_fd, int file_fd, const struct layout *old)
{
	CLEANUP_LAYOUT struct layout *of_file = NULL, *of_victim = NULL;
	int err = layout_ea_get(vol->mdt, file_fd, &of_file);

	if (!err)
		err = layout_ea_get(vol->mdt, victim_fd, &of_victim);
	if (err)
		return err;
	return victim_is_to_get(of_file, of_victim, old) ? layout_ea_set(vol->mdt, victim_fd, old)
							 : 0;
}

int swap_resolve(struct volume *vol, struct fid victim)
{
	CLEANUP_LAYOUT struct layout *old = NULL;
	CLEANUP_FD int victim_fd = -1, file_fd = -1;
	struct fid orphan = { 0 };
	int err = mdt_pending_open(vol->mdt, victim, &victim_fd);

	if (!err)
		err = swap_intent_open(vol->mdt, victim, victim_fd, &file_fd, &old);
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	/* Whether the file has a name else is asked; it must not lose it meanwhile. */
	pthread_rwlock_wrlock(&vol->swap_lock);
	err = finish(vol, victim_fd, file_fd, old);
	if (!err)
		err = swap_intent_remove(vol->mdt, victim, &orphan);
	pthread_rwlock_unlock(&vol->swap_lock);
	if (!err && !fid_is_zero(orphan))
		orphan_file(vol, orphan);
	return err;
}
