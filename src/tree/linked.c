/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/linked.h"

#include "base/error.h"
#include "base/sys.h"
#include "tree/tree_impl.h"

#include <errno.h>

struct old_name {
	int dirfd;
	const char *name;
};

static int make_link(void *cookie, int dirfd, const char *name)
{
	const struct old_name *old = cookie;

	return sys_linkat(old->dirfd, old->name, dirfd, name, 0);
}

static int link_to(const struct hardlink *link, struct dirpair *d, const char *name,
		   enum target target)
{
	struct dirpair *dir;
	struct old_name old;
	int err;

	hardlink_place(link, &dir, &old.name);
	err = dirpair_use(dir, 1U << DIRPAIR_DST);
	if (err)
		return err;
	old.dirfd = dirpair_dst(dir);
	err = publish_made(d, name, target, make_link, &old);
	dirpair_unuse(dir);
	return err;
}

/* Errors that a copy of its own would not meet: too many links, a directory that can't be entered,
 * the first name was taken away. */
static bool copy_helps(int err)
{
	return err == -EMLINK || err == -EACCES || err == -EPERM || err == -EXDEV ||
	       err == -EOPNOTSUPP || err == -ENOENT || err == -ESTALE;
}

int linked_begin(struct tree *t, struct dirpair *d, const struct batch_entry *e,
		 const struct stat *src_st, enum target target, struct linked *ret_linked)
{
	bool made;
	int err;

	*ret_linked = (struct linked){ 0 };
	if (!t->options.recursive || src_st->st_nlink < 2)
		return 0;
	err = hardlink_begin(t->links, src_st, &ret_linked->link, &made);
	if (err || !made)
		return err;
	err = link_to(ret_linked->link, d, e->dst_name, target);
	ret_linked->link = NULL;
	ret_linked->made = !err;
	return copy_helps(err) ? 0 : err;
}

void linked_end(struct tree *t, struct linked *linked, struct dirpair *d, const char *name,
		bool made)
{
	if (linked->link)
		hardlink_end(t->links, linked->link, made, d, name);
	linked->link = NULL;
}
