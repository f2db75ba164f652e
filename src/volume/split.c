/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Split: a mirror leaves its file, and becomes the data of an empty one. */
#include "base/error.h"
#include "layout/mirror_change.h"
#include "volume/exchange.h"

#include <errno.h>
#include <inttypes.h>

static uint32_t mirror_of(const struct exchange *x)
{
	const uint32_t *mirror_id = x->cookie;

	return *mirror_id;
}

static int check_empty(struct exchange *x)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(x->victims[0].file);

	/* Without objects it has no size either. */
	return l && layout_has_objects(l) ? fail(-EEXIST, "the target has objects already") : 0;
}

static int plan(struct exchange *x)
{
	const struct fid fid = x->victims[0].fid;
	struct layout *leave;
	int err = check_empty(x);

	if (!err)
		err = mirror_change_split(x->old, mirror_of(x), &x->new, &leave);
	if (err)
		return err;
	x->victims[0].leave = leave;
	for (uint32_t i = 0; i < leave->count; i++) {
		if (component_instantiated(leave, &leave->comps[i])) {
			leave->comps[i].owner_oid = fid.oid;
			leave->comps[i].owner_seq = fid.seq;
		}
	}
	return 0;
}

static int check(struct exchange *x)
{
	if (follow_has_mirror(x->inode, mirror_of(x)))
		return fail(-EBUSY, "mirror %" PRIu32 " is being brought up now", mirror_of(x));
	return 0;
}

static void after(struct exchange *x)
{
	mirrors_forget_map(x->inode, x->file, mirror_of(x));
}

int handle_split(struct handle *h, uint32_t mirror_id, struct fid target, uid_t uid)
{
	struct exchange x;
	int err = exchange_init(&x, h);

	x.plan = plan;
	x.check = check;
	x.after = after;
	x.cookie = &mirror_id;
	if (!err)
		err = exchange_add_victim(&x, target);
	if (!err)
		err = exchange_check_owners(&x, uid);
	if (!err)
		err = exchange_run(&x);
	exchange_release(&x);
	return err;
}
