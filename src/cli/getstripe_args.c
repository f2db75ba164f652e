/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/getstripe_args.h"

#include "base/error.h"
#include "base/units.h"
#include "layout/flags.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct print_options *print_of(void *options)
{
	return &((struct getstripe_args *)options)->print;
}

static int take_field(void *options, const struct opt *opt, const char *arg UNUSED)
{
	print_of(options)->fields |= (uint32_t)opt->value;
	return 0;
}

/* ---- filters; without an argument they are fields ---- */

static int take_id(void *options, const struct opt *opt, const char *arg)
{
	struct print_options *p = print_of(options);
	uint64_t id;

	if (!arg)
		return take_field(options, opt, NULL);
	if (number_parse(arg, 1, UINT32_MAX, &id))
		return fail(-EINVAL, "option --component-id: '%s' is not the id of a component",
			    arg);
	p->by_id = true;
	p->id = (uint32_t)id;
	return 0;
}

static int take_mirror_id(void *options, const struct opt *opt, const char *arg)
{
	struct print_options *p = print_of(options);
	uint64_t id;

	if (!arg)
		return take_field(options, opt, NULL);
	if (number_parse(arg, 0, UINT16_MAX, &id))
		return fail(-EINVAL, "option --mirror-id: '%s' is not the id of a mirror", arg);
	p->by_mirror = true;
	p->mirror_id = (uint32_t)id;
	return 0;
}

static int take_flags(void *options, const struct opt *opt, const char *arg)
{
	struct print_options *p = print_of(options);

	if (!arg)
		return take_field(options, opt, NULL);
	p->by_flags = true;
	return flags_parse(arg, &p->flags_set, &p->flags_clear);
}

/* "+1M": more than, "-1M": less than; "eof" or -1 the end of the file. */
static int parse_bound(const struct opt *opt, const char *arg, enum print_sign *ret_sign,
		       uint64_t *ret_value)
{
	const char *number = arg;
	enum print_sign sign = PRINT_EQUAL;

	if (strcmp(arg, "-1") == 0 || strcasecmp(arg, "eof") == 0) {
		*ret_sign = PRINT_EQUAL;
		*ret_value = LAYOUT_EOF;
		return 0;
	}
	if (*number == '+' || *number == '-')
		sign = *number++ == '+' ? PRINT_MORE : PRINT_LESS;
	if (strcasecmp(number, "eof") == 0)
		*ret_value = LAYOUT_EOF;
	else if (size_parse(number, ret_value))
		return fail(-EINVAL, "option --%s: '%s' is not a size, +size or -size", opt->name,
			    arg);
	*ret_sign = sign;
	return 0;
}

static int take_start(void *options, const struct opt *opt, const char *arg)
{
	struct print_options *p = print_of(options);

	if (!arg)
		return take_field(options, opt, NULL);
	p->by_start = true;
	return parse_bound(opt, arg, &p->start_sign, &p->start);
}

static int take_end(void *options, const struct opt *opt, const char *arg)
{
	struct print_options *p = print_of(options);

	if (!arg)
		return take_field(options, opt, NULL);
	p->by_end = true;
	return parse_bound(opt, arg, &p->end_sign, &p->end);
}

/* "3", "OST0003", "fs-OST0003" or "fs-OST0003_UUID" (the names are hexadecimal). */
static int take_ost(void *options, const struct opt *opt UNUSED, const char *arg)
{
	struct print_options *p = print_of(options);
	const char *name = strstr(arg, "OST");
	char *end = NULL;
	uint64_t idx;

	if (name) {
		idx = strtoul(name + 3, &end, 16);
		if (end == name + 3 || (*end && strcmp(end, "_UUID") != 0) || idx > UINT16_MAX)
			name = NULL;
	}
	if (!name && number_parse(arg, 0, UINT16_MAX, &idx))
		return fail(-EINVAL, "option --ost: '%s' is not an OST, such as 3 or OST0003", arg);
	p->by_ost = true;
	p->ost_idx = (uint32_t)idx;
	return 0;
}

static int take_dump(void *options, const struct opt *opt UNUSED, const char *arg)
{
	struct getstripe_args *a = options;

	if (a->dump_count == GETSTRIPE_DUMPS_MAX)
		return fail(-EINVAL, "option --xattr-file: more than %d of them",
			    GETSTRIPE_DUMPS_MAX);
	a->dumps[a->dump_count++] = arg;
	return 0;
}

/* ---- tables ---- */

#define FIELD(letter, long_name, field, help_text)                                                 \
	{                                                                                          \
		.key = letter, .name = long_name, .help = help_text, .take = take_field,           \
		.value = field                                                                     \
	}
#define FILTER(letter, long_name, arg_name, function, field, help_text)                            \
	{                                                                                          \
		.key = letter, .name = long_name, .arg = arg_name, .help = help_text,              \
		.take = function, .value = field                                                   \
	}
#define FLAG(letter, long_name, member, help_text)                                                 \
	{                                                                                          \
		.key = letter, .name = long_name, .help = help_text, .take = opt_flag,             \
		.offset = offsetof(struct getstripe_args, member)                                  \
	}

const struct opt getstripe_field_opts[] = {
	FIELD('c', "stripe-count", PRINT_STRIPE_COUNT, "number of stripes"),
	FIELD('S', "stripe-size", PRINT_STRIPE_SIZE, "stripe size in bytes"),
	FIELD('i', "stripe-index", PRINT_STRIPE_OFFSET, "OST of the first stripe"),
	FIELD('p', "pool", PRINT_POOL, "OST pool"),
	FIELD('L', "layout", PRINT_PATTERN, "pattern, such as raid0"),
	FIELD('g', "generation", PRINT_GENERATION, "layout generation"),
	FIELD('F', "fid", PRINT_FID, "FID of the file"),
	FLAG('m', "mdt-index", mdt, "MDT of the file or directory, and nothing else"),
	FIELD('N', "mirror-count", PRINT_MIRROR_COUNT, "number of mirrors"),
	FIELD(OPT_LONG, "component-count", PRINT_COMP_COUNT, "number of components"),
	FIELD(OPT_LONG, "comp-count", PRINT_COMP_COUNT, NULL),
	{ 0 },
};

const struct opt getstripe_filter_opts[] = {
	FILTER('I', "component-id", "[ID]", take_id, PRINT_COMP_ID,
	       "ids; with ID: the component with it"),
	FILTER('I', "comp-id", "[ID]", take_id, PRINT_COMP_ID, NULL),
	FILTER(OPT_LONG + 1, "component-flags", "[FLAGS]", take_flags, PRINT_COMP_FLAGS,
	       "flags; with FLAGS: components that have them all,\n^FLAG: that don't have it"),
	FILTER(OPT_LONG + 1, "comp-flags", "[FLAGS]", take_flags, PRINT_COMP_FLAGS, NULL),
	FILTER(OPT_LONG + 2, "component-start", "[SIZE]", take_start, PRINT_COMP_START,
	       "starts; with SIZE, +SIZE or -SIZE: components that\nstart there, after or before"),
	FILTER(OPT_LONG + 2, "comp-start", "[SIZE]", take_start, PRINT_COMP_START, NULL),
	FILTER('E', "component-end", "[SIZE]", take_end, PRINT_COMP_END,
	       "ends; with SIZE as above, or eof"),
	FILTER('E', "comp-end", "[SIZE]", take_end, PRINT_COMP_END, NULL),
	FILTER(OPT_LONG + 3, "mirror-id", "[ID]", take_mirror_id, PRINT_MIRROR_ID,
	       "mirror ids; with ID: the components of that mirror"),
	FILTER('O', "ost", "OST", take_ost, 0,
	       "only what has an object on OST: 3, OST0003 or\nFSNAME-OST0003_UUID"),
	{ 0 },
};

const struct opt getstripe_other_opts[] = {
	FLAG('v', "verbose", verbose, "everything, magics and sizes too"),
	FLAG('q', "quiet", quiet, "only the objects"),
	{ .key = 'y',
	  .name = "yaml",
	  .help = "as YAML, which setstripe -y reads",
	  .take = opt_flag,
	  .offset = offsetof(struct getstripe_args, print.yaml) },
	FLAG(OPT_LONG + 4, "json", json, "as JSON"),
	FLAG('d', "directory", directory, "the default of a directory only, not of its entries"),
	FLAG('r', "recursive", recursive, "directories in the directory too, and what is in them"),
	{ .key = 'R',
	  .name = "raw",
	  .help = "a directory's own values: 0 and -1 where it leaves\nthem to the defaults",
	  .take = opt_flag,
	  .offset = offsetof(struct getstripe_args, print.raw) },
	{ .key = OPT_LONG + 5,
	  .name = "xattr-file",
	  .arg = "FILE",
	  .help = "layouts from a dump made with getfattr (hex, base64\n"
		  "or raw), on any machine; - is standard input.\nMay be repeated",
	  .take = take_dump },
	{ 0 },
};

/* As lfs, which looks into no directory where a single value is asked for, and prints paths only
 * where it looks into directories. */
void getstripe_args_finish(struct getstripe_args *a)
{
	bool values = (a->print.fields || a->mdt) && !a->verbose && !a->json;

	a->entries = a->recursive || (!a->directory && !values);
	a->print.no_path = !a->recursive && !a->verbose && (a->directory || values);
	if (a->verbose)
		a->print.fields |= PRINT_DEFAULT | PRINT_DETAIL;
	if (a->quiet)
		a->print.fields = PRINT_OBJECTS;
}
