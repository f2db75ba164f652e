/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/mirror_cut.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

static int copy_component(struct component *to, const struct component *from)
{
	int err;

	*to = *from;
	to->id = 0;
	to->objects = NULL;
	to->object_count = 0;
	err = component_set_objects(to, from->object_count);
	if (!err && from->object_count)
		memcpy(to->objects, from->objects, from->object_count * sizeof(*to->objects));
	return err;
}

/* Components [first, first + count), which are one mirror's. */
static int cut_one(const struct layout *l, uint32_t first, uint32_t count,
		   struct layout **ret_request)
{
	CLEANUP_LAYOUT struct layout *one = layout_new(LAYOUT_COMPOSITE, count);
	int err = one ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < count; i++)
		err = copy_component(&one->comps[i], &l->comps[first + i]);
	if (err)
		return err;
	one->magic = l->magic;
	one->mirror_count = 1;
	*ret_request = PTR_STEAL(one);
	return 0;
}

static uint32_t length_of_mirror(const struct layout *l, uint32_t first)
{
	uint32_t end = first + 1;

	while (end < l->count && mirror_id_at(l, end) == mirror_id_at(l, first))
		end++;
	return end - first;
}

static int cut_all(const struct layout *l, struct layout *requests[LAYOUT_MIRRORS_MAX],
		   unsigned int *count)
{
	uint32_t length;
	int err;

	for (uint32_t first = 0; first < l->count; first += length) {
		if (*count == LAYOUT_MIRRORS_MAX)
			return fail(-ERANGE, "more than %u mirrors", LAYOUT_MIRRORS_MAX);
		length = length_of_mirror(l, first);
		err = cut_one(l, first, length, &requests[*count]);
		if (err)
			return err;
		(*count)++;
	}
	return 0;
}

int mirror_cut(const struct layout *l, struct layout *ret_requests[LAYOUT_MIRRORS_MAX],
	       unsigned int *ret_count)
{
	struct layout *requests[LAYOUT_MIRRORS_MAX] = { NULL };
	unsigned int count = 0;
	int err = 0;

	if (l->kind == LAYOUT_PLAIN) {
		requests[0] = layout_clone(l);
		count = requests[0] != NULL;
		err = requests[0] ? 0 : -ENOMEM;
	} else {
		err = cut_all(l, requests, &count);
	}
	for (unsigned int i = 0; err && i < count; i++)
		layout_unref(requests[i]);
	if (err)
		return err;
	memcpy(ret_requests, requests, sizeof(requests));
	*ret_count = count;
	return 0;
}
