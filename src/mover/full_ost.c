/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/full_ost.h"

#include "base/error.h"
#include "layout/raid0.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static bool find_ost(const struct layout *l, uint32_t mirror_id, uint64_t offset, uint32_t *ret_idx)
{
	const struct component *c;
	int found = layout_find(l, mirror_id, offset);

	if (found < 0)
		return false;
	c = &l->comps[found];
	if (!c->object_count || !c->stripe_size)
		return false;
	*ret_idx = c->objects[raid0_stripe(c->stripe_size, c->object_count, offset)].ost_idx;
	return true;
}

int full_ost_explain(struct fs *fs, int fd, uint32_t mirror_id, uint64_t offset, int err)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	char why[ERROR_TEXT_MAX];
	uint32_t idx;

	if (err != -ENOSPC)
		return err;
	snprintf(why, sizeof(why), "%s", error_text(err));
	if (fs->ops->layout_get(fs, fd, &l) || !find_ost(l, mirror_id, offset, &idx))
		return fail(err, "%s", why);
	return fail(err,
		    "%.300s (on OST %" PRIu32
		    "; the space of a copy that was given up may take some seconds to come back)",
		    why, idx);
}
