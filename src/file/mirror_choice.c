/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Usable mirrors, best first. On the path of every read and write: nothing is allocated or asked.
 */
#include "file/file_impl.h"

#include "base/error.h"
#include "ost/ost.h"
#include "ost/ost_set.h"

#include <errno.h>

/* What makes a mirror better than another; a higher bit counts for more than all below it. */
enum { MIRROR_FAST = 1, MIRROR_PREFERRED = 2, MIRROR_REACHABLE = 4 };

/* What its objects' OSTs say about a component: MIRROR_REACHABLE and MIRROR_FAST. */
static unsigned int rate_objects(const struct ost_set *osts, const struct component *c)
{
	unsigned int rate = MIRROR_REACHABLE | MIRROR_FAST;

	for (uint32_t k = 0; k < c->object_count; k++) {
		struct ost *ost = ost_set_get(osts, c->objects[k].ost_idx);

		if (!ost || !ost_active(ost))
			return 0;
		if (ost_rotational(ost))
			rate &= ~(unsigned int)MIRROR_FAST;
	}
	return rate;
}

/*
 * A mirror is as good as its worst component, and preferred where one is, as Lustre sets the flag
 * on all of them.
 */
static unsigned int rate_mirror(const struct ost_set *osts, const struct layout *l,
				uint32_t mirror_id, uint32_t prefer)
{
	unsigned int rate = MIRROR_REACHABLE | MIRROR_FAST, preferred = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		if (!component_is_of(l, c, mirror_id))
			continue;
		if (c->flags & prefer)
			preferred = MIRROR_PREFERRED;
		if (!component_has_data(c))
			rate = 0; /* its bytes are elsewhere */
		else if (component_instantiated(l, c))
			rate &= rate_objects(osts, c);
	}
	return rate | preferred;
}

/* Fills the order, with each mirror's rate; those that are equal stay in the layout's order. */
static struct mirror_order best_first(const struct ost_set *osts, const struct layout *l,
				      uint32_t prefer, unsigned int ret_rates[LAYOUT_MIRRORS_MAX])
{
	struct mirror_order order = { 0 };
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);

	for (unsigned int i = 0; i < count; i++) {
		unsigned int rate, at = order.count;

		if (!mirror_usable(l, ids[i]))
			continue;
		rate = rate_mirror(osts, l, ids[i], prefer);
		for (; at > 0 && ret_rates[at - 1] < rate; at--) {
			ret_rates[at] = ret_rates[at - 1];
			order.ids[at] = order.ids[at - 1];
		}
		ret_rates[at] = rate;
		order.ids[at] = ids[i];
		order.count++;
	}
	return order;
}

struct mirror_order mirror_choice_for_read(const struct ost_set *osts, const struct layout *l,
					   uint64_t turn)
{
	unsigned int rates[LAYOUT_MIRRORS_MAX], equal = 0;
	struct mirror_order sorted = best_first(osts, l, COMP_PREFER_READ, rates);
	struct mirror_order order = sorted;

	while (equal < sorted.count && rates[equal] == rates[0])
		equal++;
	for (unsigned int i = 0; i < equal; i++)
		order.ids[i] = sorted.ids[(turn + i) % equal];
	return order;
}

struct mirror_order mirror_choice_for_write(const struct ost_set *osts, const struct layout *l)
{
	unsigned int rates[LAYOUT_MIRRORS_MAX];

	return best_first(osts, l, COMP_PREFER_WRITE, rates);
}

bool mirror_choice_counts(const struct layout *l, uint32_t mirror_id)
{
	return l->mirror_count <= 1 || mirror_usable(l, mirror_id);
}

int mirror_choice_check_exists(const struct layout *l, uint32_t mirror_id)
{
	if (l && mirror_exists(l, mirror_id))
		return 0;
	return fail(-ENOENT, "the file has no mirror %u", mirror_id);
}
