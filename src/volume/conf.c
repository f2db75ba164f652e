/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/conf.h"

#include "base/error.h"
#include "base/strbuf.h"
#include "base/units.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define FORMAT_NUMBER 1
#define POOLS_MAX 1024u /* pools are looked up by going through them */

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* Which OSTs a pool that is being made has. */
struct members {
	bool has[CONF_OSTS_MAX];
	uint32_t count;
};

/* ---- what may stand where ---- */

/* Why a name can't be used, NULL when it can. A '-' in front would look like an option, and alone
 * like YAML. */
static const char *name_objection(const char *name, size_t max_chars)
{
	size_t len = strlen(name);

	if (len == 0)
		return "it is empty";
	if (strspn(name, NAME_CHARS) != len)
		return "only letters, digits, '-' and '_' are allowed";
	if (name[0] == '-')
		return "it starts with '-'";
	return len > max_chars ? "it is too long" : NULL;
}

/* The code point at *text, which moves behind it; -1 where there is no valid UTF-8. */
static int32_t take_code_point(const char **text)
{
	static const int32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)*text;
	int more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	int32_t c = more ? s[0] & (0x3f >> more) : s[0];

	if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
		return -1;
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*text += more + 1;
	return c;
}

/* What YAML takes for a line's end or doesn't take at all, and what would garble a message. */
static bool is_control(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

static const char *path_objection(const char *path)
{
	if (path[0] != '/')
		return "it is not absolute";
	if (strlen(path) >= PATH_MAX)
		return "it is too long";
	while (*path) {
		int32_t c = take_code_point(&path);

		if (c < 0)
			return "it is not UTF-8";
		if (is_control(c))
			return "it has control characters";
	}
	return NULL;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	}
	return true;
}

/* ---- making one ---- */

int conf_set_fsname(struct conf *conf, const char *fsname)
{
	const char *objection = name_objection(fsname, CONF_FSNAME_MAX);

	if (objection)
		return fail(-EINVAL, "file system name '%.64s': %s (1 to %d characters)", fsname,
			    objection, CONF_FSNAME_MAX);
	snprintf(conf->fsname, sizeof(conf->fsname), "%s", fsname);
	return 0;
}

static int check_new_ost(const struct conf *conf, const char *path)
{
	const char *objection = path_objection(path);

	if (objection)
		return fail(-EINVAL, "OST path '%s': %s", path, objection);
	if (conf->ost_count >= CONF_OSTS_MAX)
		return fail(-EINVAL, "OST path '%s': a volume has at most %u OSTs", path,
			    CONF_OSTS_MAX);
	for (uint32_t i = 0; i < conf->ost_count; i++) {
		if (strcmp(conf->osts[i].path, path) == 0)
			return fail(-EEXIST, "OST path '%s' is given twice", path);
	}
	return 0;
}

int conf_add_ost(struct conf *conf, const char *absolute_path)
{
	int err = check_new_ost(conf, absolute_path);
	struct conf_ost *osts;
	char *path;

	if (err)
		return err;
	osts = reallocarray(conf->osts, conf->ost_count + 1, sizeof(*osts));
	if (!osts)
		return -ENOMEM;
	conf->osts = osts;
	path = strdup(absolute_path);
	if (!path)
		return -ENOMEM;
	osts[conf->ost_count++] = (struct conf_ost){ .path = path };
	return 0;
}

static int check_new_pool(const struct conf *conf, const char *name, const struct members *members)
{
	const char *objection = name_objection(name, CONF_POOL_NAME_MAX);

	if (objection)
		return fail(-EINVAL, "pool name '%.64s': %s (1 to %d characters)", name, objection,
			    CONF_POOL_NAME_MAX);
	if (conf_find_pool(conf, name))
		return fail(-EEXIST, "pool '%s' is given twice", name);
	if (conf->pool_count >= POOLS_MAX)
		return fail(-EINVAL, "pool '%s': a volume has at most %u pools", name, POOLS_MAX);
	if (members->count == 0)
		return fail(-EINVAL, "pool '%s' has no OSTs", name);
	return 0;
}

static int add_pool(struct conf *conf, const char *name, const struct members *members)
{
	int err = check_new_pool(conf, name, members);
	struct conf_pool *pools, *pool;

	if (err)
		return err;
	pools = reallocarray(conf->pools, conf->pool_count + 1, sizeof(*pools));
	if (!pools)
		return -ENOMEM;
	conf->pools = pools;
	pool = &pools[conf->pool_count];
	*pool = (struct conf_pool){ .members = calloc(members->count, sizeof(*pool->members)) };
	if (!pool->members)
		return -ENOMEM;
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	for (uint32_t i = 0; i < conf->ost_count; i++) {
		if (members->has[i])
			pool->members[pool->member_count++] = i;
	}
	conf->pool_count++;
	return 0;
}

/* text: an OST index. */
static int member_parse(const struct conf *conf, const char *pool, const char *text,
			uint32_t *ret_index)
{
	uint64_t index;

	if (number_parse(text, 0, OST_INDEX_MAX, &index) < 0)
		return fail(-EINVAL, "pool '%.64s': '%.64s' is not an OST index", pool, text);
	if (index >= conf->ost_count)
		return fail(-EINVAL, "pool '%.64s': there is no OST %s, the volume has %u", pool,
			    text, conf->ost_count);
	*ret_index = (uint32_t)index;
	return 0;
}

static int members_add(struct members *members, const char *pool, uint32_t index)
{
	if (members->has[index])
		return fail(-EINVAL, "pool '%.64s': OST %u is given twice", pool, index);
	members->has[index] = true;
	members->count++;
	return 0;
}

/* item: "N" or "N-M". */
static int members_add_range(struct members *members, const struct conf *conf, const char *pool,
			     char *item)
{
	char *dash = strchr(item, '-');
	uint32_t first, last;
	int err;

	if (dash)
		*dash = '\0';
	err = member_parse(conf, pool, item, &first);
	if (!err)
		err = member_parse(conf, pool, dash ? dash + 1 : item, &last);
	if (err)
		return err;
	if (first > last)
		return fail(-EINVAL, "pool '%.64s': %u-%u counts down", pool, first, last);
	for (uint32_t i = first; i <= last && !err; i++)
		err = members_add(members, pool, i);
	return err;
}

int conf_add_pool(struct conf *conf, const char *spec)
{
	CLEANUP_FREE char *name = strdup(spec);
	struct members members = { 0 };
	char *list, *item;
	int err = 0;

	if (!name)
		return -ENOMEM;
	list = strchr(name, '=');
	if (!list)
		return fail(-EINVAL, "pool '%s' is not of the form NAME=0,2,4-6", spec);
	*list++ = '\0';
	while (!err && (item = strsep(&list, ",")))
		err = members_add_range(&members, conf, name, item);
	return err ? err : add_pool(conf, name, &members);
}

void conf_release(struct conf *conf)
{
	for (uint32_t i = 0; i < conf->ost_count; i++)
		free(conf->osts[i].path);
	for (uint32_t i = 0; i < conf->pool_count; i++)
		free(conf->pools[i].members);
	free(conf->osts);
	free(conf->pools);
	*conf = (struct conf){ 0 };
}

/* ---- looking at one ---- */

const struct conf_pool *conf_find_pool(const struct conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		if (strcmp(conf->pools[i].name, name) == 0)
			return &conf->pools[i];
	}
	return NULL;
}

bool conf_pool_has(const struct conf_pool *pool, uint32_t ost_index)
{
	for (uint32_t i = 0; i < pool->member_count; i++) {
		if (pool->members[i] == ost_index)
			return true;
	}
	return false;
}

/* ---- writing ---- */

/* Plain where that can't be mistaken for anything else, otherwise in double quotes. */
static void put_path(struct strbuf *b, const char *path)
{
	if (path[strspn(path, NAME_CHARS "/.+=@%")] == '\0') {
		strbuf_printf(b, "%s", path);
		return;
	}
	strbuf_printf(b, "\"");
	for (; *path; path++)
		strbuf_printf(b, *path == '"' || *path == '\\' ? "\\%c" : "%c", *path);
	strbuf_printf(b, "\"");
}

int conf_format(const struct conf *conf, char **ret_text)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	strbuf_printf(&b, "format: %d\nfsname: %s\nuuid: %s\nprivileged: %s\nosts:\n",
		      FORMAT_NUMBER, conf->fsname, conf->uuid, conf->privileged ? "true" : "false");
	for (uint32_t i = 0; i < conf->ost_count; i++) {
		strbuf_printf(&b, "- path: ");
		put_path(&b, conf->osts[i].path);
		strbuf_printf(&b, conf->osts[i].no_create ? "\n  no_create: true\n" : "\n");
	}
	if (conf->pool_count)
		strbuf_printf(&b, "pools:\n");
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		strbuf_printf(&b, "  %s: [", pool->name);
		for (uint32_t m = 0; m < pool->member_count; m++)
			strbuf_printf(&b, m ? ", %u" : "%u", pool->members[m]);
		strbuf_printf(&b, "]\n");
	}
	if (b.err)
		return b.err;
	*ret_text = PTR_STEAL(b.text);
	return 0;
}

/* ---- reading ---- */

/* What is read, and what becomes of it. */
struct reading {
	yaml_document_t *doc;
	struct conf *conf;
};

#define bad(node, fmt, ...)                                                                        \
	fail(-EUCLEAN, "volume.conf: line %zu: " fmt, (node)->start_mark.line + 1, ##__VA_ARGS__)

/* Adds the line to the text of an error of the functions above. */
static int bad_value(const yaml_node_t *node, int err)
{
	char text[ERROR_TEXT_MAX];

	if (!err || err == -ENOMEM)
		return err;
	snprintf(text, sizeof(text), "%s", error_text(err));
	return bad(node, "%s", text);
}

/* Its text, or NULL where it isn't a single value. */
static const char *scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || strlen(text) != node->data.scalar.length)
		return NULL;
	return text;
}

static int read_bool(const yaml_node_t *node, const char *key, bool *ret)
{
	const char *text = scalar(node);

	if (!text || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
		return bad(node, "%s is neither true nor false", key);
	*ret = text[0] == 't';
	return 0;
}

/* One of the allowed keys of a mapping, and its value once it has been found. */
struct key {
	const char *name;
	bool required;
	yaml_node_t *value;
};

static int take_pair(struct reading *r, const yaml_node_pair_t *pair, struct key *keys,
		     size_t count)
{
	const yaml_node_t *node = yaml_document_get_node(r->doc, pair->key);
	const char *name = scalar(node);

	for (size_t i = 0; name && i < count; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if (keys[i].value)
			return bad(node, "'%s' is given twice", name);
		keys[i].value = yaml_document_get_node(r->doc, pair->value);
		return 0;
	}
	return bad(node, "unknown key '%.64s'", name ? name : "");
}

/* Finds the keys of a mapping. Others, and the same one twice, aren't allowed. */
static int take_keys(struct reading *r, const yaml_node_t *map, const char *what, struct key *keys,
		     size_t count)
{
	int err = 0;

	if (map->type != YAML_MAPPING_NODE)
		return bad(map, "%s is not a list of 'key: value'", what);
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     !err && p < map->data.mapping.pairs.top; p++)
		err = take_pair(r, p, keys, count);
	for (size_t i = 0; !err && i < count; i++) {
		if (keys[i].required && !keys[i].value)
			err = bad(map, "%s: there is no '%s'", what, keys[i].name);
	}
	return err;
}

/* First of all: in a newer format there may be keys that this one doesn't know. */
static int check_format(struct reading *r, const yaml_node_t *root)
{
	bool is_map = root->type == YAML_MAPPING_NODE;
	uint64_t number;

	for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     is_map && p < root->data.mapping.pairs.top; p++) {
		const char *name = scalar(yaml_document_get_node(r->doc, p->key));
		const yaml_node_t *value = yaml_document_get_node(r->doc, p->value);
		const char *text = scalar(value);

		if (!name || strcmp(name, "format") != 0)
			continue;
		if (!text || number_parse(text, 1, UINT32_MAX, &number) < 0)
			return bad(value, "format is not a number from 1 on");
		if (number > FORMAT_NUMBER)
			return fail(-EPROTONOSUPPORT,
				    "volume.conf: line %zu: the volume has format %s, this program "
				    "knows up to %d",
				    value->start_mark.line + 1, text, FORMAT_NUMBER);
	}
	return 0;
}

static int read_uuid(struct reading *r, const yaml_node_t *node)
{
	const char *text = scalar(node);

	if (!text || !is_uuid(text))
		return bad(node, "uuid '%.64s' is not a UUID", text ? text : "");
	snprintf(r->conf->uuid, sizeof(r->conf->uuid), "%s", text);
	return 0;
}

static int read_ost(struct reading *r, const yaml_node_t *node)
{
	enum { PATH, NO_CREATE, COUNT };
	struct key keys[COUNT] = {
		[PATH] = { .name = "path", .required = true }, [NO_CREATE] = { .name = "no_create" }
	};
	int err = take_keys(r, node, "OST", keys, COUNT);
	const char *path;

	if (err)
		return err;
	path = scalar(keys[PATH].value);
	if (!path)
		return bad(keys[PATH].value, "path is not a path");
	err = bad_value(keys[PATH].value, conf_add_ost(r->conf, path));
	if (!err && keys[NO_CREATE].value)
		err = read_bool(keys[NO_CREATE].value, "no_create",
				&r->conf->osts[r->conf->ost_count - 1].no_create);
	return err;
}

static int read_osts(struct reading *r, const yaml_node_t *list)
{
	int err = 0;

	if (list->type != YAML_SEQUENCE_NODE)
		return bad(list, "osts is not a list of '- path: DIRECTORY'");
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     !err && i < list->data.sequence.items.top; i++)
		err = read_ost(r, yaml_document_get_node(r->doc, *i));
	if (!err && r->conf->ost_count == 0)
		err = bad(list, "there are no OSTs");
	return err;
}

static int read_members(struct reading *r, const char *pool, const yaml_node_t *list,
			struct members *members)
{
	int err = 0;

	if (list->type != YAML_SEQUENCE_NODE)
		return bad(list, "pool '%.64s' is not a list of OST indices such as [0, 1]", pool);
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     !err && i < list->data.sequence.items.top; i++) {
		const yaml_node_t *node = yaml_document_get_node(r->doc, *i);
		const char *text = scalar(node);
		uint32_t index;

		err = member_parse(r->conf, pool, text ? text : "", &index);
		if (!err)
			err = members_add(members, pool, index);
		err = bad_value(node, err);
	}
	return err;
}

static int read_pool(struct reading *r, const yaml_node_t *key, const yaml_node_t *list)
{
	const char *name = scalar(key);
	struct members members = { 0 };
	int err;

	if (!name)
		return bad(key, "a pool has no name");
	err = read_members(r, name, list, &members);
	return err ? err : bad_value(key, add_pool(r->conf, name, &members));
}

static int read_pools(struct reading *r, const yaml_node_t *map)
{
	int err = 0;

	if (map->type != YAML_MAPPING_NODE)
		return bad(map, "pools is not a list of 'NAME: [INDEX, ...]'");
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     !err && p < map->data.mapping.pairs.top; p++)
		err = read_pool(r, yaml_document_get_node(r->doc, p->key),
				yaml_document_get_node(r->doc, p->value));
	return err;
}

static int read_root(struct reading *r, const yaml_node_t *root)
{
	enum { FORMAT, FSNAME, UUID, PRIVILEGED, OSTS, POOLS, COUNT };
	struct key keys[COUNT] = {
		[FORMAT] = { .name = "format", .required = true },
		[FSNAME] = { .name = "fsname", .required = true },
		[UUID] = { .name = "uuid", .required = true },
		[PRIVILEGED] = { .name = "privileged", .required = true },
		[OSTS] = { .name = "osts", .required = true },
		[POOLS] = { .name = "pools" },
	};
	const char *fsname;
	int err = check_format(r, root);

	if (!err)
		err = take_keys(r, root, "the file", keys, COUNT);
	if (err)
		return err;
	fsname = scalar(keys[FSNAME].value);
	err = bad_value(keys[FSNAME].value, conf_set_fsname(r->conf, fsname ? fsname : ""));
	if (!err)
		err = read_uuid(r, keys[UUID].value);
	if (!err)
		err = read_bool(keys[PRIVILEGED].value, "privileged", &r->conf->privileged);
	if (!err)
		err = read_osts(r, keys[OSTS].value);
	if (!err && keys[POOLS].value)
		err = read_pools(r, keys[POOLS].value);
	return err;
}

static int parser_error(const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "malformed";

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return fail(-EUCLEAN, "volume.conf: byte %zu: %s", parser->problem_offset, problem);
	return fail(-EUCLEAN, "volume.conf: line %zu: %s", parser->problem_mark.line + 1, problem);
}

/* The first document becomes the conf. */
static int read_first(yaml_parser_t *parser, struct conf *conf)
{
	yaml_document_t doc;
	struct reading r = { .doc = &doc, .conf = conf };
	yaml_node_t *root;
	int err;

	if (!yaml_parser_load(parser, &doc))
		return parser_error(parser);
	root = yaml_document_get_root_node(&doc);
	err = root ? read_root(&r, root) : fail(-EUCLEAN, "volume.conf: line 1: the file is empty");
	yaml_document_delete(&doc);
	return err;
}

/* Nothing may follow it. */
static int check_end(yaml_parser_t *parser)
{
	yaml_document_t doc;
	yaml_node_t *root;
	int err;

	if (!yaml_parser_load(parser, &doc))
		return parser_error(parser);
	root = yaml_document_get_root_node(&doc);
	err = root ? bad(root, "a second document") : 0;
	yaml_document_delete(&doc);
	return err;
}

int conf_parse(const char *text, size_t len_bytes, struct conf *ret_conf)
{
	struct conf conf = { 0 };
	yaml_parser_t parser;
	int err;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len_bytes);
	err = read_first(&parser, &conf);
	if (!err)
		err = check_end(&parser);
	yaml_parser_delete(&parser);
	if (err) {
		conf_release(&conf);
		return err;
	}
	*ret_conf = conf;
	return 0;
}
