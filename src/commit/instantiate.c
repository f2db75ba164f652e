/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/instantiate.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/log.h"
#include "commit/destroy.h"
#include "inode/follow_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/mirror.h"
#include "mdt/layout_ea.h"
#include "ost/alloc.h"
#include "ost/object.h"
#include "ost/ost.h"
#include "ost/ost_set.h"
#include "ost/parent.h"
#include "ost/placement.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* How old the free space may be by which OSTs are chosen. */
#define SPACE_AGE_MS 1000

/* Objects of a file that are to be made. Arrays are by the OST's index. */
struct creation {
	struct volume *vol;
	struct inode *inode;
	struct fid file;
	uint32_t mirror_id;
	int *failed; /* why an object couldn't be made, 0 where none was tried */
	bool *avoid; /* OSTs with data that they mustn't share a device with */
	/* OSTs with objects of another file, whose extents they could share; all false: of none, or
	 * it mustn't be. */
	bool *near;
	struct alloc_ost *osts; /* what the allocator is told, from choice to choice */
};

/* The objects of the file that the data is copied from, where extents can be shared with them. */
static void find_near(const struct creation *p, const struct layout *near)
{
	for (uint32_t i = 0; i < near->count; i++) {
		const struct component *c = &near->comps[i];

		for (uint16_t k = 0; component_instantiated(near, c) && k < c->object_count; k++) {
			struct ost *ost = ost_set_get(&p->vol->osts, c->objects[k].ost_idx);

			if (ost && ost_active(ost) &&
			    io_may_share(&p->vol->ladder, ost_device(ost)))
				p->near[c->objects[k].ost_idx] = true;
		}
	}
}

/* ---- away from other mirrors ---- */

static void avoid_component(const struct creation *p, const struct layout *l,
			    const struct component *c)
{
	for (uint16_t k = 0; component_instantiated(l, c) && k < c->object_count; k++) {
		if (c->objects[k].ost_idx < p->vol->osts.count)
			p->avoid[c->objects[k].ost_idx] = true;
	}
}

/* The objects of the file's other mirrors, and, for a victim, of those that it will be a mirror beside. */
static void find_what_to_avoid(const struct creation *p, const struct layout *own)
{
	const struct layout *others[LAYOUT_MIRRORS_MAX + 1];
	unsigned int count =
		follow_state_layouts_to_avoid(p->inode, others, (unsigned int)ARRAY_SIZE(others));

	for (uint32_t i = 0; i < own->count; i++) {
		if (mirror_id_at(own, i) != p->mirror_id)
			avoid_component(p, own, &own->comps[i]);
	}
	for (unsigned int k = 0; k < count; k++) {
		for (uint32_t i = 0; others[k] && i < others[k]->count; i++)
			avoid_component(p, others[k], &others[k]->comps[i]);
		layout_unref(others[k]);
	}
}

static bool avoids_anything(const struct creation *p)
{
	for (uint32_t i = 0; i < p->vol->osts.count; i++) {
		if (p->avoid[i])
			return true;
	}
	return false;
}

/* Once for a file, as long as it is in use. */
static void tell_shared_domain(const struct creation *p, const uint32_t *indices, size_t count)
{
	char text[FID_TEXT_MAX];

	for (size_t i = 0; i < count && !p->inode->domain_told; i++) {
		if (!placement_shares_device(p->osts, p->vol->osts.count, p->avoid, indices[i]))
			continue;
		log_warning("%s: OST %" PRIu32
			    " gets data of a mirror, and its device has data of another one",
			    fid_text(p->file, text), indices[i]);
		p->inode->domain_told = true;
	}
}

/* ---- choosing ---- */

/* Whether an OST is one of those that are meant, and why it can't be had. unknown: the error where its
 * free space can't be told. */
static void describe_use(const struct creation *p, struct ost *ost, const char *pool, int unknown,
			 struct alloc_ost *ret)
{
	const struct layout_limits *limits = &p->vol->limits;
	bool meant = !pool[0] || limits->pool_has(pool, ret->index, limits->cookie);
	int refusal = ost_refusal(ost);
	int failed = p->failed[ret->index] ? p->failed[ret->index] : unknown;

	ret->usable = meant && ost_may_create(ost);
	ret->err = refusal ? refusal : -EIO;
	ret->why = meant ? ost_why_no_create(ost) : NULL;
	if (ret->usable && failed) {
		ret->usable = false;
		ret->err = failed;
		ret->why = strerrordesc_np(-failed);
	}
}

/* What the allocator is told of each OST. One that has failed isn't asked again. */
static void describe_osts(const struct creation *p, const char *pool, unsigned int max_age_ms)
{
	struct volume *vol = p->vol;
	struct alloc_ost *ret = p->osts;

	for (uint32_t i = 0; i < vol->osts.count; i++) {
		struct ost *ost = vol->osts.osts[i];
		struct ost_space space = { 0 };
		int unknown = ost_active(ost) ? ost_get_space(ost, max_age_ms, &space) : 0;

		ret[i] = (struct alloc_ost){ .index = i, .device = ost_device(ost) };
		ret[i].avoid = p->avoid[i];
		describe_use(p, ost, pool, unknown, &ret[i]);
		ret[i].total_bytes = space.total_bytes;
		ret[i].avail_bytes = space.avail_bytes;
		ret[i].total_inodes = space.total_inodes;
		ret[i].free_inodes = space.free_inodes;
	}
}

/* By free space that is at most max_age_ms old. */
static int choose_by(const struct creation *p, const struct component *c, unsigned int max_age_ms,
		     uint32_t **ret_indices, size_t *ret_count)
{
	struct volume *vol = p->vol;
	uint32_t count =
		c->stripe_count == LAYOUT_STRIPE_COUNT_ALL ? vol->osts.count : c->stripe_count;
	CLEANUP_FREE uint32_t *indices = calloc(MAX_OF(count, 1), sizeof(*indices));
	CLEANUP_FREE uint32_t *list = calloc(MAX_OF(count, 1), sizeof(*list));
	struct alloc_request req = {
		.count = c->stripe_count == LAYOUT_STRIPE_COUNT_ALL ? ALLOC_ALL : c->stripe_count,
		.overstripe = (c->pattern & PATTERN_OVERSTRIPED) != 0,
		.have_first = c->offset_or_gen != LAYOUT_OFFSET_ANY,
		.first = c->offset_or_gen,
	};
	int err;

	if (!indices || !list)
		return fail(-ENOMEM, "no memory to choose OSTs");
	if (c->magic == LAYOUT_MAGIC_SPECIFIC) {
		for (uint16_t i = 0; i < c->object_count && i < count; i++)
			list[i] = c->objects[i].ost_idx;
		req.list = list;
		req.list_count = c->object_count;
		req.count = c->object_count;
	}
	describe_osts(p, c->pool, max_age_ms);
	/* As many as there are means all of them, near or not. */
	if (req.count != ALLOC_ALL)
		placement_prefer(p->osts, vol->osts.count, p->near);
	pthread_mutex_lock(&vol->alloc_lock);
	err = alloc_choose(&vol->alloc, p->osts, vol->osts.count, &req, indices, ret_count);
	pthread_mutex_unlock(&vol->alloc_lock);
	if (!err)
		*ret_indices = PTR_STEAL(indices);
	return err;
}

/* OSTs for component c, at most vol->osts.count or its stripe count. The caller frees *ret_indices.
 */
static int choose_osts(const struct creation *p, const struct component *c, uint32_t **ret_indices,
		       size_t *ret_count)
{
	int err = choose_by(p, c, SPACE_AGE_MS, ret_indices, ret_count);

	/* Before it's said that all are full or refuse, ask again. */
	return err && err != -ENOMEM ? choose_by(p, c, 0, ret_indices, ret_count) : err;
}

/* Makes an object on each OST of `indices`; on failure those made are gone again and *ret_failed is
 * the OST that failed. */
static int create_objects(struct volume *vol, struct fid file, struct component *c,
			  const uint32_t *indices, size_t count, uint32_t *ret_failed)
{
	int err = component_set_objects(c, (uint16_t)count);

	for (size_t i = 0; !err && i < count; i++) {
		struct ost_parent parent = {
			.file = file,
			.stripe_idx = (uint32_t)i,
			.stripe_size = c->stripe_size,
			.stripe_count = (uint32_t)count,
			.comp_start = c->start,
			.comp_end = c->end,
			.comp_id = c->id,
		};

		c->objects[i].ost_idx = indices[i];
		err = object_create(vol->osts.osts[indices[i]], &parent, &c->objects[i].fid);
		if (err)
			*ret_failed = indices[i];
	}
	if (err && destroy_component(vol, c))
		log_warning("objects of a failed creation stay behind");
	return err;
}

/* Tries other OSTs when one turns out to be full or to take no new objects, unless the layout lists
 * them all. Where it names the first, choosing again says what is the matter with that. */
static int place_component(const struct creation *p, struct component *c)
{
	struct volume *vol = p->vol;
	bool listed = c->magic == LAYOUT_MAGIC_SPECIFIC;
	struct component wanted = *c; /* its objects stay owned by *c until they are replaced */
	uint32_t failed = 0;
	int err;

	memset(p->failed, 0, vol->osts.count * sizeof(*p->failed));
	for (uint32_t attempt = 0;; attempt++) {
		CLEANUP_FREE uint32_t *indices = NULL;
		size_t count;

		if (attempt > 0 && c->objects != wanted.objects)
			wanted.objects = NULL, wanted.object_count = 0;
		err = choose_osts(p, &wanted, &indices, &count);
		if (!err)
			err = create_objects(vol, p->file, c, indices, count, &failed);
		else
			return err;
		if (!err)
			tell_shared_domain(p, indices, count);
		if (!err || listed || !ost_is_to_blame(err) || attempt >= vol->osts.count)
			break;
		p->failed[failed] = err;
	}
	if (err)
		return err;
	c->stripe_count = c->object_count;
	c->magic = c->pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	return 0;
}

static void note_placed(const struct creation *p, const struct layout *l, struct component *c)
{
	c->flags |= l->kind == LAYOUT_COMPOSITE ? COMP_INIT : 0;
	c->offset_or_gen = (uint16_t)(l->kind == LAYOUT_PLAIN ? l->gen : 0);
	if (l->kind == LAYOUT_PLAIN) {
		c->owner_oid = p->file.oid;
		c->owner_seq = p->file.seq;
	}
}

/* Objects for all of the mirror's components that overlap [start, end) and have none. */
static int place_range(const struct creation *p, struct layout *l, uint64_t start, uint64_t end)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < l->count; i++) {
		struct component *c = &l->comps[i];

		if (mirror_id_at(l, i) != p->mirror_id || c->start >= end || c->end <= start ||
		    component_instantiated(l, c))
			continue;
		if (!component_has_data(c))
			return fail(-EOPNOTSUPP,
				    "component %" PRIu32
				    ": data can't be written through its pattern",
				    c->id);
		err = place_component(p, c);
		if (!err)
			note_placed(p, l, c);
	}
	return err;
}

static int place(struct inode *inode, struct file *f, uint32_t mirror_id, struct layout *l,
		 uint64_t start, uint64_t end, const struct layout *near)
{
	uint32_t ost_count = inode->vol->osts.count;
	CLEANUP_FREE int *failed = calloc(ost_count, sizeof(*failed));
	CLEANUP_FREE bool *avoid = calloc(ost_count, sizeof(*avoid));
	CLEANUP_FREE bool *is_near = calloc(ost_count, sizeof(*is_near));
	CLEANUP_FREE struct alloc_ost *osts = calloc(ost_count, sizeof(*osts));
	const struct creation p = {
		.vol = inode->vol,
		.inode = inode,
		.file = file_fid(f),
		.mirror_id = mirror_id,
		.failed = failed,
		.avoid = avoid,
		.near = is_near,
		.osts = osts,
	};

	if (!failed || !avoid || !is_near || !osts)
		return fail(-ENOMEM, "no memory to choose OSTs");
	find_what_to_avoid(&p, l);
	/* Two wishes can't be had: that mirrors are apart is worth more than shared extents. */
	if (near && !avoids_anything(&p))
		find_near(&p, near);
	return place_range(&p, l, start, end);
}

/* Destroys the objects that `now` has and `before` has not. */
static void take_back(struct volume *vol, const struct layout *before, const struct layout *now)
{
	for (uint32_t i = 0; i < now->count; i++) {
		if (component_instantiated(now, &now->comps[i]) &&
		    !component_instantiated(before, &before->comps[i]) &&
		    destroy_component(vol, &now->comps[i]))
			log_warning("objects of a failed creation stay behind");
	}
}

static bool covers(const struct layout *l, uint32_t mirror_id, uint64_t start, uint64_t end)
{
	return layout_find(l, mirror_id, start) >= 0 && layout_find(l, mirror_id, end - 1) >= 0;
}

/* Which mirror's components are meant, by the id that they have. */
static int find_mirror(struct file *f, const struct layout *l, uint32_t *mirror_id)
{
	int err = 0;

	if (*mirror_id == FILE_WHOLE)
		err = file_primary(f, mirror_id);
	if (!err && *mirror_id == FILE_WHOLE && l->count)
		*mirror_id = mirror_id_at(l, 0);
	return err;
}

static int instantiate_locked(struct inode *inode, struct file *f, uint32_t mirror_id,
			      uint64_t start, uint64_t end, const struct layout *near)
{
	CLEANUP_LAYOUT struct layout *before = file_layout(f), *now = NULL;
	char text[FID_TEXT_MAX];
	int err = find_mirror(f, before, &mirror_id);

	if (err)
		return err;
	if (!covers(before, mirror_id, start, end))
		return fail(-ENODATA, "%s: no component covers the bytes up to %" PRIu64,
			    fid_text(file_fid(f), text), end);
	now = layout_clone(before);
	if (!now)
		return fail(-ENOMEM, "no memory for a layout");
	err = place(inode, f, mirror_id, now, start, end, near);
	if (!err && layout_equal(before, now))
		return 0; /* somebody else was first */
	if (now->kind == LAYOUT_COMPOSITE)
		now->gen++;
	if (!err)
		err = layout_ea_set(inode->vol->mdt, inode->fd, now);
	if (err) {
		take_back(inode->vol, before, now);
		return err;
	}
	file_commit_begin(f);
	file_commit_set(f, now);
	file_commit_end(f);
	return 0;
}

int instantiate_range(struct inode *inode, uint32_t mirror_id, uint64_t start, uint64_t end,
		      const struct layout *near)
{
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (err)
		return err;
	if (start >= end)
		return -EINVAL;
	pthread_mutex_lock(&inode->commit_lock);
	err = instantiate_locked(inode, f, mirror_id, start, end, near);
	pthread_mutex_unlock(&inode->commit_lock);
	return err;
}
