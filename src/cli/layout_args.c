/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/layout_args.h"

#include "base/error.h"
#include "base/sys.h"
#include "cli/place.h"
#include "cli/slurp.h"
#include "layout/template.h"
#include "layout/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YAML_MAX_BYTES (4 << 20)

static int take_layout_option(void *options, const struct opt *opt, const char *arg)
{
	struct layout_args *a = options;
	struct layout_arg *more;

	if (a->count == LAYOUT_ARGS_MAX)
		return fail(-ERANGE, "more than %d options of the layout", LAYOUT_ARGS_MAX);
	more = reallocarray(a->given, a->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	a->given = more;
	a->given[a->count++] = (struct layout_arg){ (enum layout_option)opt->value, arg };
	return 0;
}

static int refuse_mirrors(void *options UNUSED, const struct opt *opt, const char *arg UNUSED)
{
	char buf[OPT_SPELLED_MAX];

	return fail(-EINVAL, "option %s: this makes no mirrors; 'lov mirror extend' does",
		    opt_spell(opt, buf));
}

#define LAYOUT_OPT(letter, long_name, arg_name, help_text)                                         \
	{                                                                                          \
		.key = letter, .name = long_name, .arg = arg_name, .help = help_text,              \
		.take = take_layout_option, .value = letter                                        \
	}

const struct opt layout_args_opts[] = {
	LAYOUT_OPT('c', "stripe-count", "N", "stripes (default 1); -1 on all OSTs"),
	LAYOUT_OPT('S', "stripe-size", "SIZE",
		   "bytes on one OST before the next, a multiple of\n64K (default 1M)"),
	LAYOUT_OPT('i', "stripe-index", "N", "OST of the first stripe; -1 any"),
	LAYOUT_OPT('o', "ost", "LIST", "the very OSTs, such as 1,3-5"),
	LAYOUT_OPT('p', "pool", "NAME", "OST pool to choose from; none for no pool"),
	LAYOUT_OPT('C', "overstripe-count", "N", "stripes, several of which may share an OST"),
	LAYOUT_OPT('L', "layout", "PATTERN",
		   "raid0; or mdt, for the first component: its data is on\nthe MDT (Lustre only)"),
	LAYOUT_OPT('E', "component-end", "SIZE",
		   "begin a component that ends there; -1 or eof: the\nrest. Options after it are "
		   "the component's"),
	LAYOUT_OPT('z', "extension-size", "SIZE",
		   "the component grows by so much at a time, from 64M on\n(Lustre only)"),
	LAYOUT_OPT('z', "ext-size", "SIZE", NULL),
	{ .key = OPT_LONG + 1,
	  .name = "component-flags",
	  .arg = "FLAGS",
	  .help = "prefer, prefrd, prefwr, nosync, for the component",
	  .take = take_layout_option,
	  .value = LAYOUT_OPTION_COMP_FLAGS },
	{ .key = OPT_LONG + 1,
	  .name = "comp-flags",
	  .arg = "FLAGS",
	  .take = take_layout_option,
	  .value = LAYOUT_OPTION_COMP_FLAGS },
	{ .key = 'y',
	  .name = "yaml",
	  .arg = "FILE",
	  .help = "a layout as getstripe -y prints it; - is standard\ninput",
	  .take = opt_text,
	  .offset = offsetof(struct layout_args, yaml) },
	{ .key = OPT_LONG + 2,
	  .name = "copy",
	  .arg = "FILE",
	  .help = "the layout of another file or directory",
	  .take = opt_text,
	  .offset = offsetof(struct layout_args, copy) },
	{ 0 },
};

const struct opt layout_args_mirror_opts[] = {
	LAYOUT_OPT(
		'N', "mirror-count", "[N]",
		"begin a mirror, or N alike; =N as many as are missing\nfrom N. Options after it "
		"are the mirror's"),
	{ .key = OPT_LONG + 3,
	  .name = "flags",
	  .arg = "FLAGS",
	  .help = "prefer, prefrd, prefwr, for the mirror",
	  .take = take_layout_option,
	  .value = LAYOUT_OPTION_FLAGS },
	{ 0 },
};

const struct opt layout_args_no_mirror_opts[] = {
	{ .key = 'N', .name = "mirror-count", .arg = "[N]", .take = refuse_mirrors },
	{ .key = OPT_LONG + 3, .name = "flags", .arg = "FLAGS", .take = refuse_mirrors },
	{ 0 },
};

void layout_args_release(struct layout_args *a)
{
	free(a->given);
	*a = (struct layout_args){ 0 };
}

size_t layout_args_count(const struct layout_args *a, enum layout_option option)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->given[i].option == option;
	return n;
}

bool layout_args_total(const struct layout_args *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->given[i].option == LAYOUT_OPTION_MIRROR && a->given[i].value &&
		    a->given[i].value[0] == '=')
			return true;
	}
	return false;
}

static int from_yaml(const char *path, struct layout **ret_request)
{
	CLEANUP_FREE char *text = NULL;
	char why[ERROR_TEXT_MAX];
	size_t len;
	int err = slurp(path, YAML_MAX_BYTES, &text, &len);

	if (!err)
		err = layout_from_yaml(text, len, false, ret_request);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "%s: %s", path, why);
}

static int from_example(const char *path, struct layout **ret_request)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	CLEANUP_PLACE struct place place = { .fd = -1 };
	CLEANUP_LAYOUT struct layout *l = NULL;
	char why[ERROR_TEXT_MAX];
	int err = place_open(&keeper, path, &place);

	if (!err)
		err = place.fs->ops->layout_get(place.fs, place.fd, &l);
	if (err) {
		snprintf(why, sizeof(why), "%s", error_text(err));
		return fail(err, "%s: %s", path, why);
	}
	*ret_request = layout_to_request(l, false);
	return *ret_request ? 0 : -ENOMEM;
}

static int from_options(const struct layout_args *a, uint32_t existing_mirrors,
			struct layout **ret_request)
{
	struct layout_options builder;
	int err = 0;

	layout_options_init(&builder);
	builder.existing_mirrors = existing_mirrors;
	for (size_t i = 0; !err && i < a->count; i++)
		err = layout_options_add(&builder, a->given[i].option, a->given[i].value);
	if (!err)
		return layout_options_finish(&builder, ret_request);
	layout_options_release(&builder);
	return err;
}

int layout_args_finish(const struct layout_args *a, uint32_t existing_mirrors,
		       struct layout **ret_request)
{
	if ((a->count != 0) + !!a->yaml + !!a->copy > 1)
		return fail(
			-EINVAL,
			"a layout is given by options, by --yaml or by --copy: one of the three");
	if (a->yaml)
		return from_yaml(a->yaml, ret_request);
	if (a->copy)
		return from_example(a->copy, ret_request);
	if (a->count)
		return from_options(a, existing_mirrors, ret_request);
	*ret_request = NULL;
	return 0;
}
