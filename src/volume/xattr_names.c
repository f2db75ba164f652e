/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/xattr_names.h"

#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "mdt/user_xattr.h"
#include "volume/conf.h"

bool xattr_names_reserved(const struct inode *inode, const char *name)
{
	return user_xattr_reserved(name, inode->vol->conf->privileged);
}

size_t xattr_names_filter(const struct inode *inode, char *list, size_t len_bytes)
{
	return user_xattr_filter(list, len_bytes, inode->vol->conf->privileged);
}
