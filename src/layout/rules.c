/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/rules.h"

#include "base/error.h"
#include "layout/flags.h"
#include "layout/mirror.h"
#include "layout/rules_special.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The flags that a request may carry; others describe what has happened to an existing file. */
#define REQUEST_FLAGS ((uint32_t)(COMP_PREFER_READ | COMP_PREFER_WRITE | COMP_NOSYNC))
#define FILE_FLAGS (REQUEST_FLAGS | (uint32_t)(COMP_INIT | COMP_STALE | COMP_OFFLINE))

/* One check on its way: who is asked for, under which rules, and how the component is called in
 * messages. */
struct check {
	const struct layout *layout;
	const struct layout_limits *limits;
	bool request; /* of a new file; otherwise the layout of an existing one */
	int bad;      /* what a broken rule is: -EINVAL of a request, -EUCLEAN of a file */
	char who[40]; /* "layout" or "component 2" */
};

static int check_stripe_size(const struct check *k, const struct component *c)
{
	uint32_t size = c->stripe_size;

	if (size == 0 && k->request)
		return 0;
	if (size == 0)
		return fail(k->bad, "%s: stripe size is 0", k->who);
	if (size % LAYOUT_STRIPE_SIZE_MIN)
		return fail(k->bad, "%s: stripe size %" PRIu32 " is not a multiple of %u", k->who,
			    size, LAYOUT_STRIPE_SIZE_MIN);
	if (size > LAYOUT_STRIPE_SIZE_MAX)
		return fail(k->request ? -ERANGE : k->bad,
			    "%s: stripe size %" PRIu32 " is too large, the limit is %u", k->who,
			    size, LAYOUT_STRIPE_SIZE_MAX);
	if (k->request && c->end != LAYOUT_EOF && c->end != c->start && c->end % size)
		return fail(k->bad,
			    "%s: end %" PRIu64 " is not a multiple of its stripe size %" PRIu32,
			    k->who, c->end, size);
	return 0;
}

/* How many OSTs the component may use at most, 0 where that isn't known. */
static int osts_available(const struct check *k, const struct component *c, uint32_t *ret_count)
{
	const struct layout_limits *lim = k->limits;
	uint32_t in_pool;

	*ret_count = lim->ost_count;
	if (!c->pool[0] || !lim->pool_size)
		return 0;
	in_pool = lim->pool_size(c->pool, lim->cookie);
	if (in_pool == 0)
		return fail(-ENOENT, "%s: there is no OST pool '%s', or it is empty", k->who,
			    c->pool);
	*ret_count = in_pool;
	return 0;
}

static int check_stripe_count(const struct check *k, const struct component *c)
{
	bool all = c->stripe_count == LAYOUT_STRIPE_COUNT_ALL;
	uint32_t available = 0;
	int err = 0;

	if (k->request)
		err = osts_available(k, c, &available);
	if (err)
		return err;
	if (c->stripe_count == 0 && !k->request)
		return fail(k->bad, "%s: stripe count is 0", k->who);
	if (!all && c->stripe_count > LAYOUT_STRIPE_COUNT_MAX)
		return fail(k->request ? -ERANGE : k->bad,
			    "%s: stripe count %" PRIu16 " is too large, the limit is %u", k->who,
			    c->stripe_count, LAYOUT_STRIPE_COUNT_MAX);
	if (all || !available || c->stripe_count <= available || (c->pattern & PATTERN_OVERSTRIPED))
		return 0;
	return fail(-ERANGE,
		    "%s: stripe count %" PRIu16 " is more than the %" PRIu32 " OSTs of %s%s",
		    k->who, c->stripe_count, available, c->pool[0] ? "pool " : "the file system",
		    c->pool);
}

/* Whether OST `idx` exists and is in the component's pool. */
static int check_ost(const struct check *k, const struct component *c, uint32_t idx,
		     const char *what)
{
	const struct layout_limits *lim = k->limits;

	if (lim->ost_count && idx >= lim->ost_count)
		return fail(k->request ? -ERANGE : k->bad,
			    "%s: %s %" PRIu32 ": there is no such OST, the last one is %" PRIu32,
			    k->who, what, idx, lim->ost_count - 1);
	if (k->request && c->pool[0] && lim->pool_has && !lim->pool_has(c->pool, idx, lim->cookie))
		return fail(k->bad, "%s: %s %" PRIu32 " is not in pool '%s'", k->who, what, idx,
			    c->pool);
	return 0;
}

static int check_ost_list(const struct check *k, const struct component *c)
{
	int err;

	if (c->object_count == 0 || c->object_count != c->stripe_count)
		return fail(k->bad, "%s: stripe count %" PRIu16 " with a list of %" PRIu16 " OSTs",
			    k->who, c->stripe_count, c->object_count);
	for (uint32_t i = 0; i < c->object_count; i++) {
		uint32_t idx = c->objects[i].ost_idx;

		err = check_ost(k, c, idx, "OST");
		if (err)
			return err;
		for (uint32_t j = 0; j < i && !(c->pattern & PATTERN_OVERSTRIPED); j++) {
			if (c->objects[j].ost_idx == idx)
				return fail(k->bad, "%s: OST %" PRIu32 " is listed twice", k->who,
					    idx);
		}
	}
	return 0;
}

static int check_placement_wish(const struct check *k, const struct component *c)
{
	if (c->magic == LAYOUT_MAGIC_SPECIFIC)
		return check_ost_list(k, c);
	if (c->object_count)
		return fail(k->bad, "%s: has objects already", k->who);
	if (c->offset_or_gen == LAYOUT_OFFSET_ANY)
		return 0;
	return check_ost(k, c, c->offset_or_gen, "first OST");
}

static int check_objects(const struct check *k, const struct component *c)
{
	bool instantiated = component_instantiated(k->layout, c);
	int err;

	/* The OSTs that its objects are to be on, as long as it has none. */
	if (c->magic == LAYOUT_MAGIC_SPECIFIC)
		return instantiated ? fail(k->bad, "%s: has objects and asks for OSTs", k->who)
				    : check_ost_list(k, c);
	if (instantiated && c->object_count != c->stripe_count)
		return fail(k->bad, "%s: %" PRIu16 " stripes but %" PRIu16 " objects", k->who,
			    c->stripe_count, c->object_count);
	if (!instantiated && c->object_count)
		return fail(k->bad, "%s: has objects but isn't instantiated", k->who);
	for (uint32_t i = 0; i < c->object_count; i++) {
		if (fid_is_zero(c->objects[i].fid))
			return fail(k->bad, "%s: object of stripe %" PRIu32 " has no identifier",
				    k->who, i);
		err = check_ost(k, c, c->objects[i].ost_idx, "object on OST");
		if (err)
			return err;
	}
	return 0;
}

/* Patterns that are well formed, but that lovfs can't write through, and those that make no sense.
 */
static int check_pattern(const struct check *k, const struct component *c)
{
	bool special = rules_special_is(c);

	if (special && !k->limits->special_components)
		return rules_special_refuse(c, k->who);
	if (c->flags & COMP_PARITY || c->parity_stripes)
		return fail(-EOPNOTSUPP, "%s: parity components are not supported", k->who);
	if (c->compression)
		return fail(-EOPNOTSUPP, "%s: compression is not supported", k->who);
	if (c->pattern & (uint32_t)PATTERN_F_RELEASED)
		return fail(-EOPNOTSUPP, "%s: released files (HSM) are not supported", k->who);
	if (c->pattern & PATTERN_F_HOLE)
		return fail(-EOPNOTSUPP, "%s: layouts with missing objects are not supported",
			    k->who);
	if (c->pattern & PATTERN_FOREIGN)
		return fail(-EOPNOTSUPP, "%s: foreign components are not supported", k->who);
	if (!special && !component_has_data(c) && !(k->request && c->pattern == 0))
		return fail(k->bad, "%s: unknown pattern 0x%" PRIx32, k->who, c->pattern);
	return 0;
}

static int check_flags(const struct check *k, const struct component *c)
{
	uint32_t special = k->limits->special_components ? (uint32_t)COMP_EXTENSION : 0;
	uint32_t strange = c->flags & ~((k->request ? REQUEST_FLAGS : FILE_FLAGS) | special);
	char text[FLAGS_TEXT_MAX];

	if (strange && k->request)
		return fail(k->bad, "%s: a new one can't have flags %s", k->who,
			    flags_text(strange, text));
	if (strange)
		return fail(-EOPNOTSUPP, "%s: flags %s are not supported", k->who,
			    flags_text(strange, text));
	return 0;
}

static int check_component(const struct check *k, const struct component *c)
{
	int err = check_pattern(k, c);

	if (!err)
		err = check_flags(k, c);
	/* It has no stripes, or those of the component that it extends. */
	if (!err && rules_special_is(c))
		return c->object_count ? fail(k->bad, "%s: can't have objects", k->who) : 0;
	if (!err)
		err = check_stripe_size(k, c);
	if (!err)
		err = check_stripe_count(k, c);
	if (!err)
		err = k->request ? check_placement_wish(k, c) : check_objects(k, c);
	return err;
}

static int check_extent(const struct check *k, const struct component *c, uint64_t expected_start,
			bool may_be_empty)
{
	if (c->start < expected_start)
		return fail(k->bad,
			    "%s: starts at %" PRIu64
			    " and overlaps the one before it, which ends at %" PRIu64,
			    k->who, c->start, expected_start);
	if (c->start > expected_start)
		return fail(k->bad, "%s: starts at %" PRIu64 " and leaves a gap after %" PRIu64,
			    k->who, c->start, expected_start);
	if (c->end < c->start || (c->end == c->start && !may_be_empty))
		return fail(k->bad, "%s: ends at %" PRIu64 ", not after its start at %" PRIu64,
			    k->who, c->end, c->start);
	if (c->end != LAYOUT_EOF && c->end % LAYOUT_STRIPE_SIZE_MIN)
		return fail(k->bad, "%s: end %" PRIu64 " is not a multiple of %u", k->who, c->end,
			    LAYOUT_STRIPE_SIZE_MIN);
	return 0;
}

/* Mirrors end alike: what is written behind the end of one it could never have. */
static int check_last_end(const struct check *k, uint64_t end)
{
	uint64_t furthest = 0;

	for (uint32_t i = 0; i < k->layout->count; i++)
		furthest = MAX_OF(furthest, k->layout->comps[i].end);
	if (!k->request || end == furthest)
		return 0;
	return fail(k->bad,
		    "%s: is the last of its mirror and ends at %" PRIu64
		    ", where another mirror goes on",
		    k->who, end);
}

/* Components of one mirror stand together, in order, from 0, side by side. */
static int check_extents(struct check *k)
{
	const struct layout *l = k->layout;
	uint32_t mirror = 0, mirrors = 0;
	uint64_t expected = 0;
	int err;

	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t next = mirror_id_at(l, i);

		if (i == 0 || next != mirror) {
			for (uint32_t j = 0; j < i; j++) {
				if (mirror_id_at(l, j) == next)
					return fail(k->bad,
						    "component %" PRIu32 ": mirror %" PRIu32
						    " is torn apart",
						    i + 1, next);
			}
			err = i ? check_last_end(k, expected) : 0;
			if (err)
				return err;
			mirrors++;
			expected = 0;
		}
		mirror = next;
		snprintf(k->who, sizeof(k->who), "component %" PRIu32, i + 1);
		err = check_extent(k, &l->comps[i], expected, rules_special_grows(l, i));
		if (!err)
			err = rules_special_check(l, i, k->bad, k->who);
		if (err)
			return err;
		expected = l->comps[i].end;
	}
	err = check_last_end(k, expected);
	if (err)
		return err;
	if (mirrors != l->mirror_count)
		return fail(k->bad,
			    "layout: says it has %" PRIu16 " mirrors, its components have %" PRIu32,
			    l->mirror_count, mirrors);
	return 0;
}

static int check_ids(const struct check *k)
{
	const struct layout *l = k->layout;

	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t id = l->comps[i].id;

		if (!k->request && (id & 0xffff) == 0)
			return fail(k->bad, "component %" PRIu32 ": has no id", i + 1);
		for (uint32_t j = 0; j < i && (id & 0xffff); j++) {
			if (l->comps[j].id == id)
				return fail(k->bad,
					    "component %" PRIu32 ": has the same id %" PRIu32
					    " as component %" PRIu32,
					    i + 1, id, j + 1);
		}
	}
	return 0;
}

static int check_composite(struct check *k)
{
	const struct layout *l = k->layout;
	uint64_t max = k->limits->component_max ? k->limits->component_max : LAYOUT_COMPONENTS_MAX;
	int err;

	if (l->count == 0)
		return fail(k->bad, "layout: has no components");
	if (l->count > max)
		return fail(k->request ? -ERANGE : k->bad,
			    "layout: %" PRIu32 " components are too many, the limit is %" PRIu64,
			    l->count, max);
	if (l->magic != LAYOUT_MAGIC_COMPOSITE)
		return fail(-EOPNOTSUPP,
			    "layout: is as Lustre's servers store it, not as a file has it");
	if (l->parity_count)
		return fail(-EOPNOTSUPP, "layout: parity components are not supported");
	if (l->mirror_count == 0 || l->mirror_count > LAYOUT_MIRRORS_MAX)
		return fail(k->request ? -ERANGE : k->bad,
			    "layout: %" PRIu16 " mirrors, 1 to %u are possible", l->mirror_count,
			    LAYOUT_MIRRORS_MAX);
	err = check_ids(k);
	return err ? err : check_extents(k);
}

static int check_layout(struct check *k)
{
	const struct layout *l = k->layout;
	int err;

	snprintf(k->who, sizeof(k->who), "layout");
	if (l->kind == LAYOUT_FOREIGN)
		return fail(-EOPNOTSUPP, "layout: foreign layouts are not supported");
	if (l->kind == LAYOUT_PLAIN)
		return check_component(k, &l->comps[0]);
	/* What lovfs can't do at all is said before what is wrong with it: self-extending layouts
	 * have odd extents. */
	for (uint32_t i = 0; i < l->count; i++) {
		snprintf(k->who, sizeof(k->who), "component %" PRIu32, i + 1);
		err = check_pattern(k, &l->comps[i]);
		if (err)
			return err;
	}
	err = check_composite(k);
	for (uint32_t i = 0; !err && i < l->count; i++) {
		snprintf(k->who, sizeof(k->who), "component %" PRIu32, i + 1);
		err = check_component(k, &l->comps[i]);
	}
	return err;
}

static const struct layout_limits nothing_known;

int layout_check_request(const struct layout *l, const struct layout_limits *limits)
{
	struct check k = { .layout = l,
			   .limits = limits ? limits : &nothing_known,
			   .request = true,
			   .bad = -EINVAL };

	return check_layout(&k);
}

int layout_check_file(const struct layout *l, const struct layout_limits *limits)
{
	struct check k = { .layout = l,
			   .limits = limits ? limits : &nothing_known,
			   .bad = -EUCLEAN };

	return check_layout(&k);
}
