/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/destroy.h"

#include "base/error.h"
#include "inode/volume_state.h"
#include "ost/object.h"
#include "ost/ost_set.h"

#include <errno.h>
#include <inttypes.h>

int destroy_component(struct volume *vol, const struct component *c)
{
	int err, first = 0;

	for (uint16_t i = 0; i < c->object_count; i++) {
		struct ost *ost = ost_set_get(&vol->osts, c->objects[i].ost_idx);

		if (fid_is_zero(c->objects[i].fid)) /* released, or not made */
			continue;
		err = ost ? object_destroy(ost, c->objects[i].fid)
			  : fail(-EIO, "there is no OST %" PRIu32, c->objects[i].ost_idx);
		if (err && !first)
			first = err;
	}
	return first;
}

int destroy_objects(struct volume *vol, const struct layout *l)
{
	int err, first = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (!component_instantiated(l, &l->comps[i]))
			continue;
		err = destroy_component(vol, &l->comps[i]);
		if (err && !first)
			first = err;
	}
	return first;
}
