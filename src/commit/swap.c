/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/swap.h"

#include "base/error.h"
#include "commit/layout_commit.h"
#include "inode/inode_state.h"
#include "inode/lease.h"
#include "lovfs_ioctl.h"

#include <errno.h>

struct swap {
	struct handle *h;
	const struct swap_request *req;
};

static int check_victim(const struct layout_commit_victim *v)
{
	bool ok;

	pthread_mutex_lock(&v->inode->lock);
	ok = v->inode->victim;
	pthread_mutex_unlock(&v->inode->lock);
	return ok ? 0 : fail(-ENOENT, "the victim isn't a file without a name");
}

static int check(struct layout_commit *x)
{
	const struct swap *s = x->cookie;

	if (s->req->close_lease && lease_held(s->h) == LOVFS_LEASE_NONE)
		return fail(-EBUSY, "the lease is lost: somebody opened the file for writing");
	if (file_data_version(x->file) != s->req->file_version)
		return fail(-EAGAIN, "the file's data changed");
	if (file_data_version(x->victims[0].file) != s->req->victim_version)
		return fail(-EAGAIN, "the victim's data changed");
	return 0;
}

/* The victim's layout as the file's: with the next generation, and the file's FID. */
static void make_own(struct layout *l, const struct layout *old, struct fid fid)
{
	l->gen = old->gen + 1;
	if (l->kind == LAYOUT_PLAIN && component_instantiated(l, &l->comps[0])) {
		/* 0xffff in the bytes means that the generation isn't known */
		l->gen = l->gen >= 0xffff ? 1 : l->gen;
		l->comps[0].offset_or_gen = (uint16_t)l->gen;
		l->comps[0].owner_oid = fid.oid;
		l->comps[0].owner_seq = fid.seq;
	}
}

static int plan(struct layout_commit *x)
{
	CLEANUP_LAYOUT struct layout *of_victim = file_layout(x->victims[0].file);
	char text[FID_TEXT_MAX];

	if (!of_victim)
		return fail(-ENODATA, "the victim has no layout");
	if (x->old->mirror_count > 1 || of_victim->mirror_count > 1)
		return fail(-EOPNOTSUPP, "%s has mirrors: its layout can't be swapped",
			    fid_text(file_fid(x->file), text));
	x->victims[0].leave = layout_ref(x->old);
	x->new = layout_clone(of_victim);
	if (!x->new)
		return fail(-ENOMEM, "no memory for a layout");
	make_own(x->new, x->old, file_fid(x->file));
	return 0;
}

int swap_commit(struct handle *h, const struct swap_request *req)
{
	const struct swap s = { .h = h, .req = req };
	struct layout_commit x;
	int err = layout_commit_init(&x, h);

	x.plan = plan;
	x.check = check;
	x.cookie = &s;
	x.swaps = true;
	if (!err)
		err = layout_commit_add_victim(&x, req->victim);
	if (!err)
		err = check_victim(&x.victims[0]);
	if (!err)
		err = layout_commit_check_owners(&x, req->uid);
	if (!err)
		err = layout_commit_sync_victims(&x);
	if (!err)
		err = layout_commit_run(&x);
	layout_commit_release(&x);
	if (!err && req->close_lease)
		lease_drop(h);
	return err;
}
