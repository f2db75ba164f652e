/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/merge.h"

#include "base/error.h"
#include "base/sys.h"
#include "commit/layout_commit.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror_change.h"
#include "layout/resolve.h"
#include "layout/template.h"
#include "ost/object.h"
#include "ost/ost.h"
#include "ost/ost_set.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fiemap.h>

#define EXTENTS 128 /* asked for at a time */

/* ---- a copy must be one ---- */

static int find_shared(int fd, bool *ret_shared)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent)];
	} u;
	const struct fiemap_extent *e = NULL;
	uint64_t pos = 0;
	bool shared = false;
	int err;

	do {
		u.map = (struct fiemap){
			.fm_start = pos,
			.fm_length = FIEMAP_MAX_OFFSET - pos,
			.fm_extent_count = EXTENTS,
		};
		err = sys_fiemap(fd, &u.map);
		if (err)
			return err;
		for (uint32_t i = 0; i < u.map.fm_mapped_extents; i++) {
			e = &u.map.fm_extents[i];
			pos = e->fe_logical + e->fe_length;
			shared |= (e->fe_flags & FIEMAP_EXTENT_SHARED) != 0;
		}
	} while (!shared && u.map.fm_mapped_extents && !(e->fe_flags & FIEMAP_EXTENT_LAST));
	*ret_shared = shared;
	return 0;
}

/* File systems that can't tell can't share. */
static int check_object(struct ost *ost, const struct layout_commit_victim *v, struct fid object)
{
	CLEANUP_FD int fd = object_open(ost, object, O_RDONLY);
	char text[FID_TEXT_MAX];
	bool shared = false;
	int err = fd < 0 ? fd : find_shared(fd, &shared);

	if (err && err != -EOPNOTSUPP)
		return fail_sys(err, "looking for shared extents of victim %s",
				fid_text(v->fid, text));
	return shared ? fail(-EINVAL,
			     "victim %s shares extents with other files on OST %" PRIu32
			     ": not a copy that survives",
			     fid_text(v->fid, text), ost_index(ost))
		      : 0;
}

static bool has_object_on(struct volume *vol, const struct layout *l, dev_t device)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint16_t k = 0; component_instantiated(l, c) && k < c->object_count; k++) {
			struct ost *ost = ost_set_get(&vol->osts, c->objects[k].ost_idx);

			if (ost && ost_device(ost) == device)
				return true;
		}
	}
	return false;
}

/*
 * A file with a name may have been made with "cp --reflink". Only where it has objects on a device of the
 * file's: what it shares with a third one, a snapshot for instance, is a copy of its own there.
 */
static int check_physical(struct volume *vol, const struct layout *of_file,
			  const struct layout_commit_victim *v, const struct layout *of_victim)
{
	for (uint32_t i = 0; i < of_victim->count; i++) {
		const struct component *c = &of_victim->comps[i];

		for (uint16_t k = 0; component_instantiated(of_victim, c) && k < c->object_count;
		     k++) {
			struct ost *ost = ost_set_get(&vol->osts, c->objects[k].ost_idx);
			int err;

			if (!ost || !ost_active(ost) ||
			    !has_object_on(vol, of_file, ost_device(ost)))
				continue;
			err = check_object(ost, v, c->objects[k].fid);
			if (err)
				return err;
		}
	}
	return 0;
}

static bool has_name(struct inode *inode)
{
	bool named;

	pthread_mutex_lock(&inode->lock);
	named = !inode->orphan;
	pthread_mutex_unlock(&inode->lock);
	return named;
}

static int check_copies(struct layout_commit *x)
{
	CLEANUP_LAYOUT struct layout *of_file = file_layout(x->file);
	int err = 0;

	for (unsigned int i = 0; !err && of_file && i < x->count; i++) {
		CLEANUP_LAYOUT struct layout *l = NULL;

		if (!has_name(x->victims[i].inode))
			continue;
		l = file_layout(x->victims[i].file);
		if (l)
			err = check_physical(x->vol, of_file, &x->victims[i], l);
	}
	return err;
}

/* ---- layouts ---- */

/* An empty file like it. */
static int without_objects(const struct layout *l, const struct layout *defaults,
			   struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *request = layout_to_request(l, false);
	int err = request ? layout_resolve(request, defaults, ret_layout) : -ENOMEM;

	return err ? fail_sys(err, "the layout that a victim is left with") : 0;
}

static int plan(struct layout_commit *x)
{
	struct layout *layouts[LAYOUT_MIRRORS_MAX] = { NULL };
	int err = 0;

	for (unsigned int i = 0; !err && i < x->count; i++) {
		layouts[i] = file_layout(x->victims[i].file);
		err = layouts[i] ? without_objects(layouts[i], x->vol->default_layout,
						   &x->victims[i].leave)
				 : fail(-ENODATA, "a victim has no layout");
	}
	if (!err)
		err = mirror_change_merge(x->old, (const struct layout *const *)layouts, x->count,
					  file_fid(x->file), &x->new);
	for (unsigned int i = 0; i < x->count; i++)
		layout_unref(layouts[i]);
	return err;
}

static int check(struct layout_commit *x)
{
	const struct merge_request *req = x->cookie;
	char text[FID_TEXT_MAX];

	if (file_data_version(x->file) != req->file_version)
		return fail(-EAGAIN, "the file's data changed");
	for (unsigned int i = 0; i < x->count; i++) {
		if (file_data_version(x->victims[i].file) != req->victim_versions[i])
			return fail(-EAGAIN, "the data of victim %s changed",
				    fid_text(x->victims[i].fid, text));
	}
	return 0;
}

int merge_commit(struct handle *h, const struct merge_request *req)
{
	struct layout_commit x;
	int err = layout_commit_init(&x, h);

	x.plan = plan;
	x.check = check;
	x.cookie = req;
	if (!err && req->victim_count == 0)
		err = fail(-EINVAL, "no victims to make mirrors of");
	for (unsigned int i = 0; !err && i < req->victim_count; i++)
		err = layout_commit_add_victim(&x, req->victims[i]);
	if (!err)
		err = layout_commit_check_owners(&x, req->uid);
	if (!err)
		err = layout_commit_sync_victims(&x);
	/* The file's too: of mirrors in sync none may lose by a power loss what another keeps. */
	if (!err)
		err = file_sync(x.file, FILE_WHOLE, false);
	if (!err)
		err = check_copies(&x);
	if (!err)
		err = layout_commit_run(&x);
	layout_commit_release(&x);
	return err;
}
