/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/swap_recover.h"

#include "base/error.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/link_gate.h"
#include "inode/volume_state.h"
#include "layout/mirror.h"
#include "mdt/dirty_file.h"
#include "mdt/layout_ea.h"
#include "mdt/lma.h"
#include "mdt/mdt.h"
#include "mdt/pending.h"
#include "mdt/swap_intent.h"

#include <errno.h>
#include <unistd.h>

static bool has_object(const struct layout *l, const struct layout_object *o)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint16_t k = 0; component_instantiated(l, c) && k < c->object_count; k++) {
			if (c->objects[k].ost_idx == o->ost_idx &&
			    fid_equal(c->objects[k].fid, o->fid))
				return true;
		}
	}
	return false;
}

/* NULL has none. */
static bool share_objects(const struct layout *a, const struct layout *b)
{
	for (uint32_t i = 0; a && b && i < b->count; i++) {
		const struct component *c = &b->comps[i];

		for (uint16_t k = 0; component_instantiated(b, c) && k < c->object_count; k++) {
			if (!fid_is_zero(c->objects[k].fid) && has_object(a, &c->objects[k]))
				return true;
		}
	}
	return false;
}

static bool has_objects(const struct layout *l)
{
	return share_objects(l, l);
}

/* Whether step 3 was done and step 4 wasn't. */
static bool victim_is_to_get(const struct layout *of_file, const struct layout *of_victim,
			     const struct layout *leave)
{
	if (has_objects(of_victim))
		return share_objects(of_file, of_victim);
	return has_objects(leave) && !share_objects(of_file, leave);
}

/* NULL for a file that was put there by hand and never written. */
static int get_layout(struct volume *vol, int fd, struct layout **ret_layout)
{
	int err = layout_ea_get(vol->mdt, fd, ret_layout);

	return err == -ENODATA ? 0 : err;
}

/* A killed daemon may have changed the file without making it durable. */
static int give_victim(struct volume *vol, int victim_fd, int file_fd, const struct layout *leave)
{
	int err;

	if (!leave)
		return fail(-EUCLEAN, "what the victim was to be left with isn't known any more");
	err = mdt_fsync(vol->mdt, file_fd);
	if (!err)
		err = layout_ea_set(vol->mdt, victim_fd, leave);
	return err ? err : mdt_fsync(vol->mdt, victim_fd);
}

/* The dirty map of a mirror that has left the file. */
static int remove_maps(struct volume *vol, int file_fd, const struct layout *of_file,
		       const struct layout *leave)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = leave && of_file ? mirror_ids(leave, ids) : 0;
	struct fid fid;
	int err = count ? lma_get_fid(vol->mdt, file_fd, &fid) : 0;

	for (unsigned int i = 0; !err && i < count; i++) {
		if (ids[i] && !mirror_exists(of_file, ids[i]))
			err = dirty_file_remove(vol->mdt, fid, ids[i]);
	}
	return err;
}

/* Step 4, where it is missing. */
static int finish(struct volume *vol, int victim_fd, int file_fd)
{
	CLEANUP_LAYOUT struct layout *of_file = NULL, *of_victim = NULL, *leave = NULL;
	int err = get_layout(vol, file_fd, &of_file);

	if (!err)
		err = get_layout(vol, victim_fd, &of_victim);
	if (!err)
		err = swap_intent_leave(victim_fd, &leave);
	if (!err && victim_is_to_get(of_file, of_victim, leave))
		err = give_victim(vol, victim_fd, file_fd, leave);
	return err ? err : remove_maps(vol, file_fd, of_file, leave);
}

/* In a volume that is in use, commits on it were refused meanwhile. */
static void mark_settled(struct volume *vol, int path_fd)
{
	struct inode *inode;
	bool marked;
	int fd = dup(path_fd);

	if (fd < 0 || inode_obtain(vol, fd, &inode))
		return;
	pthread_mutex_lock(&inode->lock);
	marked = inode->unsettled > 0;
	inode->unsettled -= marked;
	pthread_mutex_unlock(&inode->lock);
	inode_forget(inode, marked ? 2 : 1);
}

static int resolve_locked(struct volume *vol, struct fid victim, int victim_fd, int file_fd,
			  struct fid *ret_orphan)
{
	int err = victim_fd >= 0 ? finish(vol, victim_fd, file_fd) : 0;

	return err ? err : swap_intent_remove(vol->mdt, victim, victim_fd, ret_orphan);
}

int swap_recover(struct volume *vol, struct fid victim, struct fid *ret_orphan)
{
	CLEANUP_FD int victim_fd = -1, file_fd = -1;
	int err = swap_intent_open(vol->mdt, victim, &file_fd);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = pending_open(vol->mdt, victim, &victim_fd);
	if (err && err != -ENOENT)
		return err;
	/* Whether the file has a name else is asked; it must not lose it meanwhile. Nor may the commit
	 * that made the intent be under way still. */
	link_gate_enter(&vol->link_gate, LINK_GATE_ALONE);
	err = resolve_locked(vol, victim, victim_fd, file_fd, ret_orphan);
	link_gate_leave(&vol->link_gate, LINK_GATE_ALONE);
	if (err)
		return err;
	mark_settled(vol, file_fd);
	if (victim_fd >= 0)
		mark_settled(vol, victim_fd);
	return 0;
}
