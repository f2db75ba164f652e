/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/options.h"

#include "base/error.h"
#include "base/units.h"
#include "layout/options_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFER_FLAGS ((uint32_t)(COMP_PREFER_READ | COMP_PREFER_WRITE))
#define MDT_END_MAX GIB /* lfs takes no larger component on the MDT */
/* Of llapi_layout_extension_size_set(). */
#define EXTENSION_MIN (64 * MIB)
#define EXTENSION_MAX ((uint64_t)UINT32_MAX << 10)

void layout_options_init(struct layout_options *o)
{
	*o = (struct layout_options){ .now.first_ost = LAYOUT_OFFSET_ANY };
}

void layout_options_release(struct layout_options *o)
{
	for (uint32_t i = 0; i < o->count; i++)
		free(o->comps[i].objects);
	free(o->comps);
	free(o->now.osts);
	layout_options_init(o);
}

/* Where the component being described starts: at the end of the one before it in its mirror. */
static uint64_t next_start(const struct layout_options *o)
{
	return o->count > o->mirror_start ? o->comps[o->count - 1].end : 0;
}

/* --- closing a component
 * -------------------------------------------------------------------------------------------- */

static int append(struct layout_options *o, struct component **ret)
{
	uint32_t capacity = o->capacity ? o->capacity * 2 : 8;
	struct component *comps;

	if (o->count == LAYOUT_COMPONENTS_MAX)
		return fail(-ERANGE, "more than %u components", LAYOUT_COMPONENTS_MAX);
	if (o->count == o->capacity) {
		comps = realloc(o->comps, capacity * sizeof(*comps));
		if (!comps)
			return -ENOMEM;
		o->comps = comps;
		o->capacity = capacity;
	}
	o->comps[o->count] = (struct component){ .end = LAYOUT_EOF };
	*ret = &o->comps[o->count++];
	return 0;
}

static bool lists_ost(const struct layout_option_settings *now, uint32_t idx)
{
	for (uint32_t i = 0; i < now->ost_count; i++) {
		if (now->osts[i] == idx)
			return true;
	}
	return false;
}

/* What only all options of a component together can get wrong. */
static int check_osts(const struct layout_option_settings *now)
{
	bool any = now->stripe_count == 0 || now->stripe_count == LAYOUT_STRIPE_COUNT_ALL;

	if (!now->ost_count)
		return 0;
	/* Also a count that is taken over from the component before: setstripe_args_stripe_count_check() of lfs. */
	if (!any && now->stripe_count != now->ost_count)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_OST, NULL,
					 "%" PRIu16
					 " OSTs are listed, but the stripe count is %" PRIu16,
					 now->ost_count, now->stripe_count);
	if (now->first_ost != LAYOUT_OFFSET_ANY && !lists_ost(now, now->first_ost))
		return options_value_bad(-EINVAL, LAYOUT_OPTION_STRIPE_INDEX, NULL,
					 "OST %" PRIu16 " is not among those listed with -o",
					 now->first_ost);
	return 0;
}

static int check_mdt(const struct layout_options *o)
{
	const struct layout_option_settings *now = &o->now;

	if (!now->mdt)
		return 0;
	if (next_start(o) != 0)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_PATTERN, "mdt",
					 "only the first component can be on the MDT");
	if (!now->has_end || now->end > MDT_END_MAX)
		return options_value_bad(-ERANGE, LAYOUT_OPTION_PATTERN, "mdt",
					 "needs -E of at most 1G");
	if (now->count_given || now->pool_given || now->ost_count ||
	    now->first_ost != LAYOUT_OFFSET_ANY)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_PATTERN, "mdt",
					 "can't go with -c, -C, -i, -o or -p");
	if (now->extension_size)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_PATTERN, "mdt",
					 "can't go with -z: the part on the MDT doesn't grow");
	/* One before -L is forgotten, as by lfs: it may be that of the component before. */
	if (now->stripe_size && now->stripe_size != now->end)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_PATTERN, "mdt",
					 "can't go with -S: its stripe ends with the component");
	return 0;
}

static int fill_objects(struct component *c, const struct layout_option_settings *now)
{
	int err = component_set_objects(c, now->ost_count);

	for (uint32_t i = 0; !err && i < now->ost_count; i++)
		c->objects[i].ost_idx = now->osts[i];
	return err;
}

/* Everything but the extent. */
static int fill_component(struct component *c, const struct layout_option_settings *now)
{
	memcpy(c->pool, now->pool, sizeof(c->pool));
	c->magic = c->pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	c->flags = now->flags;
	c->pattern = PATTERN_RAID0;
	c->stripe_size = now->stripe_size;
	c->stripe_count = now->stripe_count;
	c->offset_or_gen = now->first_ost;
	if (now->mdt) {
		c->pattern = PATTERN_MDT;
		c->stripe_size = (uint32_t)now->end;
		c->stripe_count = 0;
		memset(c->pool, 0, sizeof(c->pool));
		c->magic = LAYOUT_MAGIC_V1;
	}
	if (now->overstriped || now->ost_twice)
		c->pattern |= PATTERN_OVERSTRIPED;
	if (!now->ost_count)
		return 0;
	c->magic = LAYOUT_MAGIC_SPECIFIC;
	c->stripe_count = now->ost_count;
	c->offset_or_gen = (uint16_t)now->osts[0];
	return fill_objects(c, now);
}

/* Source: llapi_layout_sanity() of Lustre. A stripe size that isn't given the servers choose so that it fits. */
static int check_extension(const struct layout_option_settings *now, uint64_t start, uint64_t end)
{
	uint64_t size = now->extension_size;

	if (start == 0 && size >= end)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_EXTENSION, NULL,
					 "%" PRIu64
					 " bytes are all of the component, which ends at %" PRIu64,
					 size, end);
	if (now->stripe_size && size % now->stripe_size)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_EXTENSION, NULL,
					 "%" PRIu64
					 " is not a multiple of the stripe size %" PRIu32,
					 size, now->stripe_size);
	if (now->stripe_size && end != LAYOUT_EOF && end % now->stripe_size)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_END, NULL,
					 "%" PRIu64
					 " is not a multiple of the stripe size %" PRIu32,
					 end, now->stripe_size);
	return 0;
}

/*
 * A self-extending component is two: what is there already, which is one extension at the front of
 * the file and nothing elsewhere, and the rest of the extent, to grow into. Source: comp_args_to_layout() and
 * layout_adjust_first_extent() of lfs.
 */
static int append_extension(struct layout_options *o, uint64_t end)
{
	uint64_t size = o->now.extension_size;
	struct component *rest, *first = &o->comps[o->count - 1];
	int err = check_extension(&o->now, first->start, end);

	if (err)
		return err;
	first->end = first->start == 0 ? size : first->start;
	err = append(o, &rest);
	if (err)
		return err;
	first = &o->comps[o->count - 2];
	*rest = *first;
	rest->objects = NULL;
	rest->object_count = 0;
	rest->magic = rest->pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	rest->start = first->end;
	rest->end = end;
	rest->flags |= COMP_EXTENSION;
	rest->stripe_size = (uint32_t)(size >> 10);
	return 0;
}

/* What the next component takes over where it isn't told otherwise. Source:
 * setstripe_args_init_inherit() of lfs. */
static void inherit(struct layout_option_settings *now)
{
	struct layout_option_settings next = { .first_ost = LAYOUT_OFFSET_ANY };

	memcpy(next.pool, now->pool, sizeof(next.pool));
	if (!now->mdt) {
		next.stripe_size = now->stripe_size;
		next.stripe_count = now->stripe_count;
		/* A count that was given for overstriping stays what it was given for. */
		next.overstriped = now->overstriped;
	}
	free(now->osts);
	*now = next;
}

static int close_component(struct layout_options *o)
{
	uint64_t start = next_start(o), end = o->now.has_end ? o->now.end : LAYOUT_EOF;
	struct component *c;
	int err = check_osts(&o->now);

	if (!err)
		err = check_mdt(o);
	if (!err)
		err = append(o, &c);
	if (err)
		return err;
	c->start = start;
	c->end = end;
	err = fill_component(c, &o->now);
	if (!err && o->now.extension_size)
		err = append_extension(o, end);
	inherit(&o->now);
	return err;
}

/* --- closing a mirror
 * -----------------------------------------------------------------------------------------------
 */

/* A copy of component `idx` at the end. */
static int append_copy(struct layout_options *o, uint32_t idx)
{
	struct component *copy;
	int err = append(o, &copy);

	if (err)
		return err;
	*copy = o->comps[idx];
	copy->objects = NULL;
	copy->object_count = 0;
	err = component_set_objects(copy, o->comps[idx].object_count);
	for (uint32_t i = 0; !err && i < copy->object_count; i++)
		copy->objects[i] = o->comps[idx].objects[i];
	return err;
}

static int close_mirror(struct layout_options *o)
{
	int err = close_component(o);
	uint32_t start = o->mirror_start, count = o->count - start;

	if (!err && o->mirrors + o->mirror_copies > LAYOUT_MIRRORS_MAX)
		err = options_value_bad(-ERANGE, LAYOUT_OPTION_MIRROR, NULL,
					"%" PRIu32 " mirrors are more than the %u possible",
					o->mirrors + o->mirror_copies, LAYOUT_MIRRORS_MAX);
	for (uint32_t i = start; !err && i < o->count; i++)
		o->comps[i].flags |= o->mirror_flags;
	for (uint32_t m = 1; !err && m < o->mirror_copies; m++) {
		for (uint32_t i = 0; !err && i < count; i++)
			err = append_copy(o, start + i);
	}
	if (err)
		return err;
	for (uint32_t i = start; i < o->count; i++)
		o->comps[i].id = (o->mirrors + 1 + (i - start) / count) << 16;
	o->mirrors += o->mirror_copies;
	o->mirror_start = o->count;
	o->mirror_flags = 0;
	return 0;
}

/* --- the options
 * ----------------------------------------------------------------------------------------------------
 */

static int add_end(struct layout_options *o, const char *value)
{
	uint64_t end = LAYOUT_EOF;
	int err = 0;

	if (o->now.has_end)
		err = close_component(o);
	if (!err && strcmp(value, "-1") != 0 && strcasecmp(value, "eof") != 0)
		err = options_value_size(LAYOUT_OPTION_END, value, INT64_MAX, &end);
	if (err)
		return err;
	if (next_start(o) == LAYOUT_EOF)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_END, value,
					 "the component before it ends at EOF");
	if (end <= next_start(o))
		return options_value_bad(-EINVAL, LAYOUT_OPTION_END, value,
					 "overlaps the component before it, which ends at %" PRIu64,
					 next_start(o));
	o->now.end = end;
	o->now.has_end = true;
	return 0;
}

static int mirror_copies(const struct layout_options *o, const char *value, uint32_t *ret)
{
	bool total = value && *value == '=';
	uint64_t n = 1;

	if (value && number_parse(value + total, 1, LAYOUT_MIRRORS_MAX, &n))
		return options_value_bad(-EINVAL, LAYOUT_OPTION_MIRROR, value,
					 "not a number of mirrors from 1 to %u",
					 LAYOUT_MIRRORS_MAX);
	if (total && n <= o->existing_mirrors)
		return options_value_bad(-EEXIST, LAYOUT_OPTION_MIRROR, value,
					 "there are %" PRIu32 " mirrors already",
					 o->existing_mirrors);
	*ret = (uint32_t)n - (total ? o->existing_mirrors : 0);
	return 0;
}

static int add_mirror(struct layout_options *o, const char *value)
{
	uint32_t copies = 0;
	int err = mirror_copies(o, value, &copies);

	if (!err && o->mirror_copies)
		err = close_mirror(o);
	else if (!err && o->count)
		err = options_value_bad(-EINVAL, LAYOUT_OPTION_MIRROR, value,
					"must stand before the components of the mirror");
	if (!err)
		o->mirror_copies = copies;
	return err;
}

static int add_count(struct layout_options *o, enum layout_option option, const char *value)
{
	int err = options_value_number(option, value, LAYOUT_STRIPE_COUNT_MAX,
				       LAYOUT_STRIPE_COUNT_ALL, &o->now.stripe_count);

	o->now.count_given = true;
	o->now.overstriped = option == LAYOUT_OPTION_OVERSTRIPE_COUNT;
	return err;
}

static int add_size(struct layout_options *o, const char *value)
{
	uint64_t size = 0;
	int err =
		options_value_size(LAYOUT_OPTION_STRIPE_SIZE, value, LAYOUT_STRIPE_SIZE_MAX, &size);

	o->now.stripe_size = (uint32_t)size;
	return err;
}

static int add_osts(struct layout_options *o, const char *value)
{
	bool twice = false;
	int err = options_value_osts(LAYOUT_OPTION_OST, value, &o->now, &twice);

	o->now.ost_twice |= twice;
	return err;
}

static int add_pool(struct layout_options *o, const char *value)
{
	int err = options_value_pool(LAYOUT_OPTION_POOL, value, o->now.pool);

	o->now.pool_given = o->now.pool[0] != '\0';
	return err;
}

static int add_pattern(struct layout_options *o, const char *value)
{
	o->now.mdt = strcmp(value, "mdt") == 0;
	if (!o->now.mdt && strcmp(value, "raid0") != 0)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_PATTERN, value,
					 "known are raid0 and mdt");
	if (o->now.mdt)
		o->now.stripe_size = 0;
	return 0;
}

static int add_extension(struct layout_options *o, const char *value)
{
	int err = options_value_size(LAYOUT_OPTION_EXTENSION, value, EXTENSION_MAX,
				     &o->now.extension_size);

	if (!err && o->now.extension_size < EXTENSION_MIN)
		err = options_value_bad(-ERANGE, LAYOUT_OPTION_EXTENSION, value,
					"too small, the least is 64M");
	return err;
}

static int add_mirror_flags(struct layout_options *o, const char *value)
{
	if (!o->mirror_copies)
		return options_value_bad(-EINVAL, LAYOUT_OPTION_FLAGS, value, "needs -N before it");
	return options_value_flags(LAYOUT_OPTION_FLAGS, value, PREFER_FLAGS, &o->mirror_flags);
}

int layout_options_add(struct layout_options *o, enum layout_option option, const char *value)
{
	o->given = true;
	if (!value && option != LAYOUT_OPTION_MIRROR)
		return options_value_bad(-EINVAL, option, NULL, "needs a value");
	switch (option) {
	case LAYOUT_OPTION_STRIPE_COUNT:
	case LAYOUT_OPTION_OVERSTRIPE_COUNT:
		return add_count(o, option, value);
	case LAYOUT_OPTION_STRIPE_SIZE:
		return add_size(o, value);
	case LAYOUT_OPTION_STRIPE_INDEX:
		return options_value_number(option, value, LAYOUT_OFFSET_ANY - 1, LAYOUT_OFFSET_ANY,
					    &o->now.first_ost);
	case LAYOUT_OPTION_OST:
		return add_osts(o, value);
	case LAYOUT_OPTION_POOL:
		return add_pool(o, value);
	case LAYOUT_OPTION_PATTERN:
		return add_pattern(o, value);
	case LAYOUT_OPTION_END:
		return add_end(o, value);
	case LAYOUT_OPTION_EXTENSION:
		return add_extension(o, value);
	case LAYOUT_OPTION_MIRROR:
		return add_mirror(o, value);
	case LAYOUT_OPTION_FLAGS:
		return add_mirror_flags(o, value);
	case LAYOUT_OPTION_COMP_FLAGS:
		return options_value_flags(option, value, PREFER_FLAGS | COMP_NOSYNC,
					   &o->now.flags);
	}
	return fail(-EINVAL, "option %d is not one of layouts", (int)option);
}

/* --- the layout
 * -----------------------------------------------------------------------------------------------------
 */

static int plain_layout(struct layout_options *o, struct layout **ret)
{
	CLEANUP_LAYOUT struct layout *l = layout_new(LAYOUT_PLAIN, 1);
	int err = l ? check_osts(&o->now) : -ENOMEM;

	if (!err)
		err = check_mdt(o);
	if (!err && o->now.extension_size)
		err = options_value_bad(-EINVAL, LAYOUT_OPTION_EXTENSION, NULL, "needs -E");
	if (!err && o->now.flags)
		err = options_value_bad(-EINVAL, LAYOUT_OPTION_COMP_FLAGS, NULL, "needs -E or -N");
	if (!err)
		err = fill_component(&l->comps[0], &o->now);
	if (!err)
		*ret = PTR_STEAL(l);
	return err;
}

static int composite_layout(struct layout_options *o, struct layout **ret)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, o->count);

	if (!l)
		return -ENOMEM;
	l->mirror_count = (uint16_t)(o->mirrors ? o->mirrors : 1);
	memcpy(l->comps, o->comps, o->count * sizeof(*l->comps));
	/* The objects have moved. */
	o->count = 0;
	*ret = l;
	return 0;
}

int layout_options_finish(struct layout_options *o, struct layout **ret_layout)
{
	bool plain = !o->mirror_copies && !o->count && !o->now.has_end;
	int err = 0;

	if (o->mirror_copies)
		err = close_mirror(o);
	else if (o->now.has_end)
		err = close_component(o);
	if (!err)
		err = plain ? plain_layout(o, ret_layout) : composite_layout(o, ret_layout);
	layout_options_release(o);
	return err;
}
