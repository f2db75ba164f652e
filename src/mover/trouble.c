/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/trouble.h"

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

static int explain_full(struct fs *fs, int fd, uint32_t mirror_id, uint64_t offset, const char *why)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	uint32_t idx;

	if (fs->ops->layout_get(fs, fd, &l) || !find_ost(l, mirror_id, offset, &idx))
		return fail(-ENOSPC, "%s", why);
	return fail(-ENOSPC,
		    "%.300s (on OST %" PRIu32
		    "; the space of a copy that was given up may take some seconds to come back)",
		    why, idx);
}

const char *trouble_hint(const struct fs *fs, int err)
{
	return fs->ops->hint ? fs->ops->hint(err) : "";
}

int trouble_explain(struct fs *fs, int fd, uint32_t mirror_id, const struct transfer_result *here,
		    int err)
{
	char why[ERROR_TEXT_MAX];

	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	if (err == -ENOSPC && here->write_failed)
		return explain_full(fs, fd, mirror_id, here->failed_offset, why);
	return fail(err, "%.400s%s", why, trouble_hint(fs, err));
}
