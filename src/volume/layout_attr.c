/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/layout_attr.h"

#include "base/error.h"
#include "commit/mirror_maps.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/codec.h"
#include "layout/mirror.h"
#include "layout/rules.h"
#include "layout/template.h"
#include "mdt/layout_ea.h"

#include <errno.h>

/* What the directory says, else the root, else the volume's built-in default. */
static int default_of(struct inode *dir, struct layout **ret_layout)
{
	struct volume *vol = dir->vol;
	int err = layout_ea_get(vol->mdt, dir->fd, ret_layout);

	if (err == -ENODATA && dir != vol->root)
		err = layout_ea_get(vol->mdt, vol->root->fd, ret_layout);
	if (err != -ENODATA)
		return err;
	*ret_layout = layout_ref(vol->default_layout);
	return 0;
}

int layout_attr_default(struct inode *dir, struct layout **ret_layout)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	int err = default_of(dir, &request);

	return err ? err : layout_resolve(request, dir->vol->default_layout, ret_layout);
}

/* A directory's own default; the root has at least the built-in one. */
static int directory_layout(struct inode *dir, struct layout **ret_layout)
{
	if (dir == dir->vol->root)
		return default_of(dir, ret_layout);
	return layout_ea_get(dir->vol->mdt, dir->fd, ret_layout);
}

static int current_layout(struct inode *inode, struct layout **ret_layout)
{
	struct file *f;
	int err;

	if (S_ISDIR(inode->type) && !inode_is_hidden(inode))
		return directory_layout(inode, ret_layout);
	if (!inode_is_regular(inode))
		return -ENODATA;
	err = inode_get_file(inode, &f);
	if (err)
		return err;
	*ret_layout = file_layout(f);
	return *ret_layout ? 0 : -ENODATA;
}

ssize_t layout_attr_get(struct inode *inode, void *buf, size_t cap_bytes)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	size_t len;
	int err = current_layout(inode, &l);

	if (err)
		return err;
	if (cap_bytes == 0)
		return (ssize_t)layout_encoded_len(l);
	err = layout_encode(l, buf, cap_bytes, &len);
	return err ? err : (ssize_t)len;
}

static int set_directory(struct inode *dir, const struct layout *request)
{
	return layout_ea_set(dir->vol->mdt, dir->fd, request);
}

/* A write that failed for want of objects may have made mirrors stale. */
static void forget_maps(struct inode *inode, struct file *f, const struct layout *l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = l ? mirror_ids(l, ids) : 0;

	for (unsigned int i = 0; i < count; i++) {
		if (mirror_flags(l, ids[i]) & COMP_STALE)
			mirror_maps_forget(inode, f, ids[i]);
	}
}

/* The lock of commits is held: no object can come to be in between. */
static int set_file_locked(struct inode *inode, struct file *f, const struct layout *request)
{
	CLEANUP_LAYOUT struct layout *now = file_layout(f), *resolved = NULL;
	int err;

	if (now && layout_has_objects(now))
		return fail(-EEXIST, "the file has objects already");
	if (inode->follow)
		return fail(-EBUSY, "the file is followed by copies of it");
	err = layout_resolve(request, inode->vol->default_layout, &resolved);
	if (!err)
		err = layout_ea_set(inode->vol->mdt, inode->fd, resolved);
	if (err)
		return err;
	forget_maps(inode, f, now);
	file_commit_begin(f);
	file_commit_set(f, resolved);
	file_commit_end(f);
	return 0;
}

static int set_file(struct inode *inode, const struct layout *request)
{
	struct file *f;
	int err = inode_get_file(inode, &f);

	if (err)
		return err;
	pthread_mutex_lock(&inode->commit_lock);
	err = set_file_locked(inode, f, request);
	pthread_mutex_unlock(&inode->commit_lock);
	return err;
}

static bool any_stale(const struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->comps[i].flags & COMP_STALE)
			return true;
	}
	return false;
}

/*
 * Whether it is the layout of another file, as cp, tar and rsync bring it with the other xattrs,
 * and not a request. (A request that names objects means their OSTs.)
 */
static bool is_copied(const struct layout *l)
{
	return (layout_has_objects(l) && l->comps[0].magic != LAYOUT_MAGIC_SPECIFIC) ||
	       any_stale(l);
}

/* What a copied layout asks for: another one like it. */
static int make_request(struct layout **l)
{
	struct layout *request = layout_to_request(*l, false);

	if (!request)
		return fail(-ENOMEM, "no memory for a layout");
	layout_unref(*l);
	*l = request;
	return 0;
}

int layout_attr_set(struct inode *inode, const void *bytes, size_t len_bytes)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	bool copied;
	int err;

	if (inode_is_hidden(inode))
		return -EPERM;
	err = layout_decode(bytes, len_bytes, &request);
	if (err == -EUCLEAN)
		err = -EINVAL; /* the caller's bytes, not ours */
	copied = !err && is_copied(request);
	if (copied)
		err = make_request(&request);
	if (!err)
		err = layout_check_request(request, &inode->vol->limits);
	if (err)
		return err;
	if (S_ISDIR(inode->type))
		return set_directory(inode, request);
	if (!inode_is_regular(inode))
		return -EOPNOTSUPP;
	err = set_file(inode, request);
	/* As on Lustre: a copy of a file is not to fail because its data came before its xattrs. */
	return copied && err == -EEXIST ? 0 : err;
}

int layout_attr_remove(struct inode *inode)
{
	if (!S_ISDIR(inode->type) || inode_is_hidden(inode))
		return fail(-EOPNOTSUPP, "only a directory's default layout can be removed");
	return layout_ea_remove(inode->vol->mdt, inode->fd);
}
