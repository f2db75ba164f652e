/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/yaml.h"

#include "base/error.h"
#include "base/units.h"
#include "layout/flags.h"
#include "layout/template.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* The document being read. */
struct source {
	yaml_document_t doc;
	bool same_osts;
};

static const char *scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
					      : "(not a value)";
}

/* The value of a key of a mapping, NULL where there is none. Source: libyaml's documentation of
 * yaml_document_t. */
static yaml_node_t *get(struct source *s, const yaml_node_t *map, const char *key)
{
	if (map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *name = yaml_document_get_node(&s->doc, p->key);

		if (name && strcmp(scalar(name), key) == 0)
			return yaml_document_get_node(&s->doc, p->value);
	}
	return NULL;
}

/* As get(), with lmm_ before the key, as files have it, or without, as directories have it. */
static yaml_node_t *get_lmm(struct source *s, const yaml_node_t *map, const char *key)
{
	char name[40];
	yaml_node_t *node;

	snprintf(name, sizeof(name), "lmm_%s", key);
	node = get(s, map, name);
	return node ? node : get(s, map, key);
}

static int bad(const yaml_node_t *node, const char *key, const char *what)
{
	return fail(-EINVAL, "line %zu: %s: '%.64s' is not %s", node->start_mark.line + 1, key,
		    scalar(node), what);
}

/* *ret stays as it is where node is NULL. -1 stands for `minus_one`, where that isn't 0. */
static int get_number(const yaml_node_t *node, const char *key, uint64_t max, uint64_t minus_one,
		      uint64_t *ret)
{
	char what[64];

	if (!node)
		return 0;
	if (minus_one && strcmp(scalar(node), "-1") == 0) {
		*ret = minus_one;
		return 0;
	}
	if (number_parse(scalar(node), 0, max, ret) == 0)
		return 0;
	snprintf(what, sizeof(what), "a number up to %" PRIu64, max);
	return bad(node, key, what);
}

static int read_objects(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *list = get(s, map, "lmm_objects"), *object, *ost;
	uint64_t idx;
	size_t count;
	int err;

	if (!list || !s->same_osts)
		return 0;
	if (list->type != YAML_SEQUENCE_NODE)
		return bad(list, "lmm_objects", "a list");
	count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (count != c->stripe_count)
		return fail(-EINVAL, "line %zu: lmm_objects: %zu objects for %" PRIu16 " stripes",
			    list->start_mark.line + 1, count, c->stripe_count);
	err = component_set_objects(c, c->stripe_count);
	for (size_t i = 0; !err && i < count; i++) {
		object = yaml_document_get_node(&s->doc, list->data.sequence.items.start[i]);
		ost = get(s, object, "l_ost_idx");
		if (!ost)
			return bad(object, "lmm_objects", "an object with an l_ost_idx");
		idx = 0;
		err = get_number(ost, "l_ost_idx", LAYOUT_OFFSET_ANY - 1, 0, &idx);
		c->objects[i].ost_idx = (uint32_t)idx;
	}
	if (!err && count)
		c->magic = LAYOUT_MAGIC_SPECIFIC;
	return err;
}

static int read_pool(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *node = get_lmm(s, map, "pool");

	if (!node)
		return 0;
	if (strlen(scalar(node)) > LAYOUT_POOL_NAME_MAX)
		return bad(node, "lmm_pool", "a pool name of at most 15 characters");
	memset(c->pool, 0, sizeof(c->pool));
	memcpy(c->pool, scalar(node), strlen(scalar(node)));
	return 0;
}

static int read_pattern(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *node = get_lmm(s, map, "pattern");

	c->pattern = PATTERN_RAID0;
	if (!node)
		return 0;
	if (flags_pattern_parse(scalar(node), &c->pattern))
		return bad(node, "lmm_pattern", "a layout pattern");
	c->pattern &= ~(uint32_t)(PATTERN_F_RELEASED | PATTERN_F_HOLE);
	return 0;
}

/* One plain layout; an extension component says its size instead of a stripe size. */
static int read_plain(struct source *s, const yaml_node_t *map, struct component *c)
{
	uint64_t count = 0, size = 0, ext_kib = 0, offset = LAYOUT_OFFSET_ANY;
	int err;

	err = get_number(get_lmm(s, map, "stripe_count"), "lmm_stripe_count",
			 LAYOUT_STRIPE_COUNT_MAX, LAYOUT_STRIPE_COUNT_ALL, &count);
	if (!err)
		err = get_number(get_lmm(s, map, "stripe_size"), "lmm_stripe_size", UINT32_MAX, 0,
				 &size);
	if (!err)
		err = get_number(get_lmm(s, map, "extension_size"), "lmm_extension_size",
				 (uint64_t)UINT32_MAX << 10, 0, &ext_kib);
	if (!err && s->same_osts)
		err = get_number(get_lmm(s, map, "stripe_offset"), "lmm_stripe_offset",
				 LAYOUT_OFFSET_ANY, LAYOUT_OFFSET_ANY, &offset);
	if (!err)
		err = read_pattern(s, map, c);
	if (!err)
		err = read_pool(s, map, c);
	if (err)
		return err;
	c->stripe_count = (uint16_t)count;
	c->stripe_size = (uint32_t)(ext_kib ? ext_kib >> 10 : size);
	c->offset_or_gen = (uint16_t)offset;
	c->magic = c->pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	return read_objects(s, map, c);
}

static int read_end(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *node = get(s, map, "lcme_extent.e_end");

	c->end = LAYOUT_EOF;
	if (!node || strcasecmp(scalar(node), "EOF") == 0)
		return 0;
	return get_number(node, "lcme_extent.e_end", UINT64_MAX, LAYOUT_EOF, &c->end);
}

static int read_flags(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *node = get(s, map, "lcme_flags");
	uint32_t cleared;

	if (node && flags_parse(scalar(node), &c->flags, &cleared))
		return bad(node, "lcme_flags", "a list of component flags");
	return 0;
}

/* Ids are "N/A" in a directory's default. */
static int read_mirror_id(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *node = get(s, map, "lcme_mirror_id");
	uint64_t id = 0;
	int err = 0;

	if (node && strcmp(scalar(node), "N/A") != 0)
		err = get_number(node, "lcme_mirror_id", UINT16_MAX, 0, &id);
	if (!err)
		c->id = (uint32_t)id << 16;
	return err;
}

static int read_parity(struct source *s, const yaml_node_t *map, struct component *c)
{
	uint64_t data = 0, parity = 0;
	int err = get_number(get(s, map, "lcme_dstripe_count"), "lcme_dstripe_count", UINT8_MAX, 0,
			     &data);

	if (!err)
		err = get_number(get(s, map, "lcme_cstripe_count"), "lcme_cstripe_count", UINT8_MAX,
				 0, &parity);
	c->data_stripes = (uint8_t)data;
	c->parity_stripes = (uint8_t)parity;
	return err;
}

static int read_component(struct source *s, const yaml_node_t *map, struct component *c)
{
	yaml_node_t *sub = get(s, map, "sub_layout");
	int err;

	if (!sub)
		return bad(map, "components", "a component with a sub_layout");
	err = get_number(get(s, map, "lcme_extent.e_start"), "lcme_extent.e_start", UINT64_MAX, 0,
			 &c->start);
	if (!err)
		err = read_end(s, map, c);
	if (!err)
		err = read_flags(s, map, c);
	if (!err)
		err = read_mirror_id(s, map, c);
	if (!err)
		err = read_parity(s, map, c);
	return err ? err : read_plain(s, sub, c);
}

static int read_composite(struct source *s, const yaml_node_t *root, const yaml_node_t *list,
			  struct layout **ret)
{
	size_t count = 0;
	uint64_t mirrors = 1;
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err;

	if (list->type == YAML_SEQUENCE_NODE)
		count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (count == 0 || count > LAYOUT_COMPONENTS_MAX)
		return bad(list, "components", "a list of components");
	err = get_number(get(s, root, "lcm_mirror_count"), "lcm_mirror_count", LAYOUT_MIRRORS_MAX,
			 0, &mirrors);
	if (err)
		return err;
	l = layout_new(LAYOUT_COMPOSITE, (uint32_t)count);
	if (!l)
		return -ENOMEM;
	l->mirror_count = (uint16_t)mirrors;
	for (uint32_t i = 0; i < l->count; i++) {
		struct component *c = &l->comps[i];

		err = read_component(
			s, yaml_document_get_node(&s->doc, list->data.sequence.items.start[i]), c);
		if (err)
			return err;
		/* Not printed: an extension component has the count of the one that it extends. */
		if (i && c->flags & COMP_EXTENSION)
			c->stripe_count = l->comps[i - 1].stripe_count;
		if (c->flags & COMP_PARITY && l->parity_count < UINT8_MAX)
			l->parity_count++;
	}
	*ret = PTR_STEAL(l);
	return 0;
}

static int read_root(struct source *s, struct layout **ret)
{
	yaml_node_t *root = yaml_document_get_root_node(&s->doc);
	CLEANUP_LAYOUT struct layout *l = NULL;
	yaml_node_t *list;
	int err;

	if (!root || root->type != YAML_MAPPING_NODE)
		return fail(-EINVAL, "is not a layout as getstripe -y prints it");
	list = get(s, root, "components");
	if (list)
		return read_composite(s, root, list, ret);
	if (!get_lmm(s, root, "stripe_count") && !get_lmm(s, root, "stripe_size"))
		return fail(-EINVAL, "has neither components nor lmm_stripe_count");
	l = layout_new(LAYOUT_PLAIN, 1);
	if (!l)
		return -ENOMEM;
	err = read_plain(s, root, &l->comps[0]);
	if (!err)
		*ret = PTR_STEAL(l);
	return err;
}

static int parse(const char *text, size_t len, struct source *s)
{
	yaml_parser_t parser;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &s->doc))
		err = parser.error == YAML_MEMORY_ERROR
			      ? -ENOMEM
			      : fail(-EINVAL, "line %zu: no YAML: %s", parser.problem_mark.line + 1,
				     parser.problem ? parser.problem : "unreadable");
	yaml_parser_delete(&parser);
	return err;
}

int layout_from_yaml(const char *text, size_t len_bytes, bool same_osts, struct layout **ret_layout)
{
	struct source s = { .same_osts = same_osts };
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct layout *request;
	int err = parse(text, len_bytes, &s);

	if (err)
		return err;
	err = read_root(&s, &l);
	yaml_document_delete(&s.doc);
	if (err)
		return err;
	request = layout_to_request(l, same_osts);
	if (!request)
		return -ENOMEM;
	*ret_layout = request;
	return 0;
}
