/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/ost_warn.h"

#include "cli/complain.h"

#include <inttypes.h>

static void warn_of(const struct verb *verb, struct fs *fs, const char *path, uint32_t idx)
{
	struct fs_target t;

	/* What can't be looked at isn't warned of. */
	if (fs->ops->target(fs, idx, &t) || (!t.inactive && !t.no_create))
		return;
	complain_text(verb, path, "warning: OST %" PRIu32 " %s%s%s", idx,
		      t.inactive ? "is inactive" : "takes no new objects", *t.why ? ": " : "",
		      t.why);
}

void ost_warn_new(const struct verb *verb, struct fs *fs, const char *path,
		  const struct layout *request)
{
	for (uint32_t i = 0; i < request->count; i++) {
		const struct component *c = &request->comps[i];

		for (uint16_t k = 0; k < c->object_count; k++)
			warn_of(verb, fs, path, c->objects[k].ost_idx);
	}
}
