/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/resync_plan.h"

#include "base/error.h"
#include "layout/mirror.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define UNREADABLE ((uint32_t)(COMP_STALE | COMP_OFFLINE))

struct planning {
	const struct layout *l;
	const uint32_t *ids;
	unsigned int count;
	uint64_t size;
	uint32_t source_id; /* read where it has data; 0: none is better than another */
	bool fixed;         /* nothing else is */
};

static int number_of(const struct planning *p, uint32_t mirror_id)
{
	for (unsigned int i = 0; i < p->count; i++) {
		if (p->ids[i] == mirror_id)
			return (int)i;
	}
	return -1;
}

static bool covers(const struct component *c, uint64_t offset)
{
	return c->start <= offset && offset < c->end;
}

/* The bits of the mirrors that have a stale component at `offset`. */
static uint32_t targets_at(const struct planning *p, uint64_t offset)
{
	uint32_t targets = 0;

	for (uint32_t i = 0; i < p->l->count; i++) {
		const struct component *c = &p->l->comps[i];
		int number = number_of(p, mirror_id_at(p->l, i));

		if (number >= 0 && c->flags & COMP_STALE && covers(c, offset))
			targets |= UINT32_C(1) << number;
	}
	return targets;
}

static bool is_readable_at(const struct planning *p, uint32_t component, uint64_t offset)
{
	const struct component *c = &p->l->comps[component];

	return covers(c, offset) && !(c->flags & UNREADABLE);
}

/* 0: none. A mirror may end before the file does. */
static uint32_t source_at(const struct planning *p, uint64_t offset)
{
	uint32_t any = 0;

	for (uint32_t i = 0; i < p->l->count; i++) {
		uint32_t id = mirror_id_at(p->l, i);

		if (!is_readable_at(p, i, offset))
			continue;
		if (id == p->source_id)
			return id;
		if (!any)
			any = id;
	}
	return p->fixed ? 0 : any;
}

/* Where another answer may begin. */
static uint64_t next_border(const struct planning *p, uint64_t offset)
{
	uint64_t next = p->size;

	for (uint32_t i = 0; i < p->l->count; i++) {
		if (p->l->comps[i].start > offset)
			next = MIN_OF(next, p->l->comps[i].start);
		if (p->l->comps[i].end > offset)
			next = MIN_OF(next, p->l->comps[i].end);
	}
	return next;
}

static int plan_ranges(const struct planning *p, struct resync_plan *plan)
{
	plan->ranges = calloc((size_t)2 * p->l->count + 1, sizeof(*plan->ranges));
	if (!plan->ranges)
		return fail(-ENOMEM, "no memory");
	for (uint64_t pos = 0, next; pos < p->size; pos = next) {
		struct resync_range r = { .range = { .start = pos, .targets = targets_at(p, pos) },
					  .source_id = source_at(p, pos) };

		r.range.end = next = next_border(p, pos);
		if (!r.range.targets)
			continue;
		if (!r.source_id)
			return fail(-ENODATA,
				    "no mirror to read from has bytes [%" PRIu64 ", %" PRIu64
				    ") in sync",
				    pos, next);
		plan->ranges[plan->count++] = r;
	}
	return 0;
}

static int plan_components(const struct planning *p, struct resync_plan *plan)
{
	plan->components = calloc(p->l->count + 1, sizeof(*plan->components));
	if (!plan->components)
		return fail(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < p->count; i++)
		plan->component_count += mirror_stale_components(
			p->l, p->ids[i], plan->components + plan->component_count);
	return plan->component_count ? 0 : fail(-EAGAIN, "its mirrors have changed meanwhile");
}

/* One that is in sync as a whole; 0 where none is. */
static uint32_t best_source(const struct layout *l)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX], best = 0;
	unsigned int count = mirror_ids(l, ids);

	for (unsigned int i = 0; i < count; i++) {
		bool preferred = mirror_flags(l, ids[i]) & COMP_PREFER_READ;

		if (mirror_usable(l, ids[i]) && (!best || preferred))
			best = ids[i];
	}
	return best;
}

int resync_plan_make(const struct layout *l, uint64_t size_bytes, const uint32_t *ids,
		     unsigned int count, uint32_t source_id, struct resync_plan *ret_plan)
{
	struct planning p = { .l = l, .ids = ids, .count = count, .size = size_bytes };
	struct resync_plan plan = { 0 };
	int err;

	if (source_id && !mirror_usable(l, source_id))
		return fail(-EAGAIN, "mirror %" PRIu32 " has become stale: the file was written",
			    source_id);
	p.fixed = source_id != 0;
	p.source_id = p.fixed ? source_id : best_source(l);
	err = plan_components(&p, &plan);
	if (!err)
		err = plan_ranges(&p, &plan);
	if (err) {
		resync_plan_release(&plan);
		return err;
	}
	*ret_plan = plan;
	return 0;
}

void resync_plan_release(struct resync_plan *plan)
{
	free(plan->ranges);
	free(plan->components);
	*plan = (struct resync_plan){ 0 };
}
