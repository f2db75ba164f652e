/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/split.h"

#include "base/error.h"
#include "commit/layout_commit.h"
#include "commit/mirror_guard.h"
#include "commit/mirror_maps.h"
#include "inode/follow_state.h"
#include "inode/handle_state.h"
#include "layout/mirror_change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct split {
	const struct split_request *req;
	/* Asked before any lock is taken: a device may let wait for its answer. */
	struct readable_mirrors others;
};

static uint32_t mirror_of(const struct layout_commit *x)
{
	const struct split *s = x->cookie;

	return s->req->mirror_id;
}

/* The layout may have changed since the mirrors were asked. */
static int check_others(const struct layout_commit *x)
{
	const struct split *s = x->cookie;

	char why[ERROR_TEXT_MAX];
	int err = s->req->force ? 0 : mirror_guard_check(&s->others, x->new);

	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "only with --force: %.400s", why);
}

static int check_empty(struct layout_commit *x)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(x->victims[0].file);

	/* Without objects it has no size either. */
	return l && layout_has_objects(l) ? fail(-EEXIST, "the target has objects already") : 0;
}

static int plan(struct layout_commit *x)
{
	const struct fid fid = x->victims[0].fid;
	struct layout *leave;
	int err = check_empty(x);

	if (!err)
		err = mirror_change_split(x->old, mirror_of(x), &x->new, &leave);
	if (err)
		return err;
	x->victims[0].leave = leave;
	err = check_others(x);
	if (err)
		return err;
	for (uint32_t i = 0; i < leave->count; i++) {
		if (component_instantiated(leave, &leave->comps[i])) {
			leave->comps[i].owner_oid = fid.oid;
			leave->comps[i].owner_seq = fid.seq;
		}
	}
	return 0;
}

static int check(struct layout_commit *x)
{
	if (follow_state_has_mirror(x->inode, mirror_of(x)))
		return fail(-EBUSY, "mirror %" PRIu32 " is being brought up now", mirror_of(x));
	return 0;
}

static void after(struct layout_commit *x)
{
	mirror_maps_forget(x->inode, x->file, mirror_of(x));
}

static void look_at_others(struct handle *h, struct split *s)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(h->file);

	if (l && !s->req->force)
		mirror_guard_look(h->file, l, s->req->mirror_id, &s->others);
}

int split_commit(struct handle *h, const struct split_request *req)
{
	struct split s = { .req = req };
	struct layout_commit x;
	int err = layout_commit_init(&x, h);

	x.plan = plan;
	x.check = check;
	x.after = after;
	x.cookie = &s;
	if (!err)
		err = layout_commit_add_victim(&x, req->target);
	if (!err)
		err = layout_commit_check_owners(&x, req->uid);
	if (!err) {
		look_at_others(h, &s);
		err = layout_commit_run(&x);
	}
	layout_commit_release(&x);
	return err;
}
