/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/names.h"

#include "base/error.h"
#include "base/log.h"
#include "commit/reaper.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/link_gate.h"
#include "inode/volume_state.h"
#include "lovfs_ioctl.h"
#include "mdt/layout_ea.h"
#include "mdt/mdt.h"
#include "mdt/mdt_create.h"
#include "mdt/mdt_names.h"
#include "mdt/pending.h"
#include "volume/hidden.h"
#include "volume/layout_attr.h"

#include <errno.h>
#include <string.h>

/* The hidden directory isn't listed, but its name is taken. */
static int check_parent(const struct inode *parent, const char *name)
{
	if (inode_is_hidden(parent))
		return -EPERM;
	return parent == parent->vol->root && strcmp(name, LOVFS_HIDDEN_DIR) == 0 ? -EEXIST : 0;
}

int names_lookup(struct inode *parent, const char *name, uid_t uid, struct inode **ret_inode)
{
	int fd, err;

	if (inode_is_hidden(parent) ||
	    (parent == parent->vol->root && strcmp(name, LOVFS_HIDDEN_DIR) == 0))
		return hidden_lookup(parent, name, uid, ret_inode);
	err = mdt_names_lookup(parent->vol->mdt, parent->fd, name, &fd);
	return err ? err : inode_obtain(parent->vol, fd, ret_inode);
}

/* A new directory starts with the default layout of its parent, as on Lustre. Without one it still
 * is a directory. */
static void inherit_default(struct inode *parent, struct inode *dir)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err;

	if (parent == parent->vol->root) /* its default applies everywhere anyway */
		return;
	err = layout_ea_get(parent->vol->mdt, parent->fd, &l);
	if (!err)
		err = layout_ea_set(parent->vol->mdt, dir->fd, l);
	if (err && err != -ENODATA)
		log_warning("default layout of a new directory not set: %s", error_text(err));
}

int names_mkdir(struct inode *parent, const char *name, mode_t mode, const struct mdt_creator *who,
		struct inode **ret)
{
	int fd, err = check_parent(parent, name);

	if (!err)
		err = mdt_create_dir(parent->vol->mdt, parent->fd, name, mode, who, &fd);
	if (!err)
		err = inode_obtain(parent->vol, fd, ret);
	if (!err)
		inherit_default(parent, *ret);
	return err;
}

int names_mknod(struct inode *parent, const char *name, mode_t mode, dev_t dev,
		const struct mdt_creator *who, struct inode **ret)
{
	int fd, err = check_parent(parent, name);

	if (!err)
		err = mdt_create_node(parent->vol->mdt, parent->fd, name, mode, dev, who, &fd);
	return err ? err : inode_obtain(parent->vol, fd, ret);
}

int names_symlink(const char *target, struct inode *parent, const char *name,
		  const struct mdt_creator *who, struct inode **ret)
{
	int fd, err = check_parent(parent, name);

	if (!err)
		err = mdt_create_symlink(parent->vol->mdt, target, parent->fd, name, who, &fd);
	return err ? err : inode_obtain(parent->vol, fd, ret);
}

static int create_pending(struct volume *vol, int dirfd, mode_t mode, const struct mdt_creator *who,
			  const struct layout *l, bool victim, struct inode **ret)
{
	struct fid fid;
	int fd, err = mdt_create_pending(vol->mdt, dirfd, mode, who, l, &fid, &fd);

	if (!err)
		err = inode_obtain(vol, fd, ret);
	if (err)
		return err;
	pthread_mutex_lock(&(*ret)->lock);
	(*ret)->orphan = true;
	(*ret)->victim = victim;
	pthread_mutex_unlock(&(*ret)->lock);
	return 0;
}

int names_create_nameless(struct inode *parent, mode_t mode, const struct mdt_creator *who,
			  struct inode **ret)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = inode_is_hidden(parent) ? -EPERM : layout_attr_default(parent, &l);

	return err ? err : create_pending(parent->vol, parent->fd, mode, who, l, false, ret);
}

int names_create(struct inode *parent, const char *name, mode_t mode, const struct mdt_creator *who,
		 struct inode **ret)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int fd, err = check_parent(parent, name);

	if (!err)
		err = layout_attr_default(parent, &l);
	if (err)
		return err;
	if (strncmp(name, LOVFS_VICTIM_PREFIX, strlen(LOVFS_VICTIM_PREFIX)) == 0)
		return create_pending(parent->vol, mdt_pending_fd(parent->vol->mdt), mode, who, l,
				      true, ret);
	err = mdt_create(parent->vol->mdt, parent->fd, name, mode, who, l, &fd);
	return err ? err : inode_obtain(parent->vol, fd, ret);
}

void names_abandon(struct inode *inode)
{
	struct fid fid;
	bool unused = inode_get_fid(inode, &fid) == 0;

	pthread_mutex_lock(&inode->lock);
	unused = unused && inode->orphan && !inode->reaped && inode->opens == 0;
	inode->reaped |= unused;
	pthread_mutex_unlock(&inode->lock);
	if (unused)
		reaper_add(inode->vol->reaper, fid);
}

/* A file without a name is to get one: from now on its last close doesn't end it. */
static int claim(struct inode *inode, bool *ret_nameless)
{
	int err = 0;

	pthread_mutex_lock(&inode->lock);
	*ret_nameless = inode->orphan;
	if (inode->orphan && (inode->reaped || inode->victim))
		err = fail(-ENOENT, "the file has been removed");
	else
		inode->orphan = false;
	pthread_mutex_unlock(&inode->lock);
	return err;
}

/* It got none, and may have been closed meanwhile. */
static void give_back(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	inode->orphan = true;
	pthread_mutex_unlock(&inode->lock);
	names_abandon(inode);
}

static void leave_pending(struct inode *inode)
{
	struct fid fid;
	int err = inode_get_fid(inode, &fid);

	if (!err)
		err = pending_remove(inode->vol->mdt, fid);
	if (err)
		log_warning("a file with a name is in PENDING until the next mount: %s",
			    error_text(err));
}

static int link_locked(struct inode *inode, struct inode *parent, const char *name)
{
	bool nameless;
	int err = claim(inode, &nameless);

	if (err)
		return err;
	err = mdt_names_link(parent->vol->mdt, inode->fd, parent->fd, name);
	if (err && nameless)
		give_back(inode);
	else if (nameless)
		leave_pending(inode);
	return err;
}

int names_link(struct inode *inode, struct inode *parent, const char *name)
{
	int err = check_parent(parent, name);

	if (!err && inode_is_hidden(inode))
		err = -EPERM;
	if (err)
		return err;
	link_gate_enter(&parent->vol->link_gate, LINK_GATE_NAMES);
	err = link_locked(inode, parent, name);
	link_gate_leave(&parent->vol->link_gate, LINK_GATE_NAMES);
	return err;
}

int names_unlink(struct inode *parent, const char *name)
{
	struct volume *vol = parent->vol;
	struct fid orphan = { 0 };
	int err = check_parent(parent, name);

	if (err)
		return err == -EEXIST ? -EPERM : err;
	link_gate_enter(&vol->link_gate, LINK_GATE_NAMES);
	err = mdt_names_unlink(vol->mdt, parent->fd, name, &orphan);
	link_gate_leave(&vol->link_gate, LINK_GATE_NAMES);
	if (!err && !fid_is_zero(orphan))
		reaper_orphan(vol, orphan);
	return err;
}

int names_rmdir(struct inode *parent, const char *name)
{
	int err = check_parent(parent, name);

	if (err)
		return err == -EEXIST ? -EPERM : err;
	return mdt_names_rmdir(parent->vol->mdt, parent->fd, name);
}

int names_rename(struct inode *old_parent, const char *old_name, struct inode *parent,
		 const char *name, unsigned int flags, const struct mdt_creator *who)
{
	const struct mdt_renaming r = { old_parent->fd, parent->fd, old_name, name, flags, who };
	struct volume *vol = parent->vol;
	struct fid orphan = { 0 };
	int err = check_parent(old_parent, old_name);

	if (!err)
		err = check_parent(parent, name);
	if (err)
		return err;
	link_gate_enter(&vol->link_gate, LINK_GATE_NAMES);
	err = mdt_names_rename(vol->mdt, &r, &orphan);
	link_gate_leave(&vol->link_gate, LINK_GATE_NAMES);
	if (!err && !fid_is_zero(orphan))
		reaper_orphan(vol, orphan);
	return err;
}
