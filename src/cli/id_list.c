/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/id_list.h"

#include "base/error.h"
#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool id_list_has(const struct id_list *l, uint32_t id)
{
	for (unsigned int i = 0; i < l->count; i++) {
		if (l->ids[i] == id)
			return true;
	}
	return false;
}

static int parse_id(const struct opt *opt, const char *word, uint32_t *ret_id)
{
	char buf[OPT_SPELLED_MAX];
	uint64_t id;

	if (number_parse(word, 1, UINT16_MAX, &id))
		return fail(-EINVAL, "option %s: '%s' is not the id of a mirror, 1 to %u",
			    opt_spell(opt, buf), word, UINT16_MAX);
	*ret_id = (uint32_t)id;
	return 0;
}

static int add(struct id_list *l, const struct opt *opt, const char *word)
{
	char buf[OPT_SPELLED_MAX];
	uint32_t id = 0;
	int err = parse_id(opt, word, &id);

	if (err)
		return err;
	if (id_list_has(l, id))
		return fail(-EINVAL, "option %s: mirror %" PRIu32 " is given twice",
			    opt_spell(opt, buf), id);
	if (l->count == LAYOUT_MIRRORS_MAX)
		return fail(-ERANGE, "option %s: a file has no more than %u mirrors",
			    opt_spell(opt, buf), LAYOUT_MIRRORS_MAX);
	l->ids[l->count++] = id;
	return 0;
}

static struct id_list *field(void *options, const struct opt *opt)
{
	return (struct id_list *)((char *)options + opt->offset);
}

int id_list_opt(void *options, const struct opt *opt, const char *arg)
{
	struct id_list *l = field(options, opt);
	char word[32], buf[OPT_SPELLED_MAX];

	if (l->count || l->all)
		return fail(-EINVAL, "option %s is given twice; ids are separated by commas",
			    opt_spell(opt, buf));
	for (;; arg++) {
		size_t len = strcspn(arg, ",");
		int err;

		snprintf(word, sizeof(word), "%.*s", (int)MIN_OF(len, sizeof(word)), arg);
		err = add(l, opt, word);
		if (err)
			return err;
		arg += len;
		if (!*arg)
			return 0;
	}
}

int id_list_opt_or_all(void *options, const struct opt *opt, const char *arg)
{
	struct id_list *l = field(options, opt);

	if (strcmp(arg, "-1") != 0 || l->count || l->all)
		return id_list_opt(options, opt, arg);
	l->all = true;
	return 0;
}

int id_list_opt_one(void *options, const struct opt *opt, const char *arg)
{
	return parse_id(opt, arg, (uint32_t *)((char *)options + opt->offset));
}
