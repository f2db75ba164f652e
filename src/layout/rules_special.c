/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: llapi_layout_sanity() of Lustre, as far as it is about the order of components. */
#include "layout/rules_special.h"

#include "base/error.h"
#include "layout/mirror.h"

#include <errno.h>

static bool is_extension(const struct component *c)
{
	return c->flags & COMP_EXTENSION;
}

bool rules_special_is(const struct component *c)
{
	return is_extension(c) || component_on_mdt(c);
}

int rules_special_refuse(const struct component *c, const char *who)
{
	if (is_extension(c))
		return fail(-EOPNOTSUPP,
			    "%s: self-extending components (-z/--extension-size) are Lustre's: not "
			    "on a lovfs volume",
			    who);
	return fail(-EOPNOTSUPP,
		    "%s: data on the MDT (-L/--layout mdt) is Lustre's: not on a lovfs volume",
		    who);
}

/* NULL: the first of its mirror. */
static const struct component *before(const struct layout *l, uint32_t idx)
{
	if (idx == 0 || mirror_id_at(l, idx - 1) != mirror_id_at(l, idx))
		return NULL;
	return &l->comps[idx - 1];
}

bool rules_special_grows(const struct layout *l, uint32_t idx)
{
	return idx + 1 < l->count && is_extension(&l->comps[idx + 1]) &&
	       before(l, idx + 1) == &l->comps[idx];
}

int rules_special_check(const struct layout *l, uint32_t idx, int bad, const char *who)
{
	const struct component *c = &l->comps[idx], *previous = before(l, idx);

	if (component_on_mdt(c) && previous)
		return fail(bad, "%s: only the first component can be on the MDT", who);
	if (!is_extension(c))
		return 0;
	if (component_on_mdt(c))
		return fail(bad, "%s: an extension can't be on the MDT", who);
	if (!previous)
		return fail(bad, "%s: an extension needs a component before it that it extends",
			    who);
	if (is_extension(previous))
		return fail(bad, "%s: extends an extension", who);
	if (component_on_mdt(previous))
		return fail(bad, "%s: a component on the MDT can't be extended", who);
	return 0;
}
