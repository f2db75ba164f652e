/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/optable.h"

#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/verb.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_HELP (OPT_LONG - 1)
#define OPTS_MAX 64

static const struct opt help_opt = { .key = KEY_HELP,
				     .name = "help",
				     .help = "print this and exit" };

/* ---- how texts become values ---- */

/* "-S" or "--stripe-size", as it would be written. */
static const char *spell(const struct opt *o, char buf[64])
{
	if (o->name)
		snprintf(buf, 64, "--%s", o->name);
	else
		snprintf(buf, 64, "-%c", o->key);
	return buf;
}

static void *field(void *options, const struct opt *opt)
{
	return (char *)options + opt->offset;
}

int opt_flag(void *options, const struct opt *opt, const char *arg UNUSED)
{
	*(bool *)field(options, opt) = true;
	return 0;
}

int opt_text(void *options, const struct opt *opt, const char *arg)
{
	*(const char **)field(options, opt) = arg;
	return 0;
}

int opt_size(void *options, const struct opt *opt, const char *arg)
{
	char buf[64];
	uint64_t bytes;
	int err = size_parse(arg, &bytes);

	if (err)
		return fail(err, "option %s: '%s' is not a size such as 65536, 64k or 1G",
			    spell(opt, buf), arg);
	if (bytes == 0)
		return fail(-EINVAL, "option %s: 0 makes no sense here", spell(opt, buf));
	*(uint64_t *)field(options, opt) = bytes;
	return 0;
}

int opt_count(void *options, const struct opt *opt, const char *arg)
{
	char buf[64];
	uint64_t n;

	if (number_parse(arg, 1, opt->value, &n))
		return fail(-EINVAL, "option %s: '%s' is not a number from 1 to %" PRIu64,
			    spell(opt, buf), arg, opt->value);
	*(uint32_t *)field(options, opt) = (uint32_t)n;
	return 0;
}

int opt_bits(void *options, const struct opt *opt, const char *arg UNUSED)
{
	*(uint32_t *)field(options, opt) |= (uint32_t)opt->value;
	return 0;
}

/* ---- getopt ---- */

/* The verb's options in getopt's terms. */
struct tables {
	char letters[2 + 3 * OPTS_MAX];
	struct option longs[OPTS_MAX + 2];
	/* parallel: which option an index or key means, and where its group's struct is */
	const struct opt *opts[OPTS_MAX];
	size_t offsets[OPTS_MAX];
	unsigned int count;
};

static int arg_kind(const struct opt *o)
{
	if (!o->arg)
		return no_argument;
	return o->arg[0] == '[' ? optional_argument : required_argument;
}

static void add(struct tables *t, const struct opt *o, size_t offset, unsigned int *long_count)
{
	static const char *const colons[] = { "", ":", "::" };
	size_t len = strlen(t->letters);

	if (t->count == OPTS_MAX)
		return;
	if (o->key < KEY_HELP)
		snprintf(t->letters + len, sizeof(t->letters) - len, "%c%s", o->key,
			 colons[arg_kind(o)]);
	if (o->name)
		t->longs[(*long_count)++] = (struct option){ o->name, arg_kind(o), NULL, o->key };
	t->opts[t->count] = o;
	t->offsets[t->count++] = offset;
}

static void tables_make(struct tables *t, const struct verb *verb)
{
	unsigned int long_count = 0;

	memset(t, 0, sizeof(*t));
	/* A missing argument is told apart from an unknown option. */
	strcpy(t->letters, ":");
	for (unsigned int g = 0; g < VERB_GROUPS_MAX && verb->groups[g].opts; g++) {
		for (const struct opt *o = verb->groups[g].opts; o->key; o++)
			add(t, o, verb->groups[g].offset, &long_count);
	}
	add(t, &help_opt, 0, &long_count);
}

static const struct opt *find_key(const struct tables *t, int key, size_t *ret_offset)
{
	for (unsigned int i = 0; i < t->count; i++) {
		if (t->opts[i]->key == key) {
			*ret_offset = t->offsets[i];
			return t->opts[i];
		}
	}
	return NULL;
}

/* What getopt refused: ':' a missing argument, '?' an option that there isn't, or that is cut short
 * too much. */
static void explain(const struct verb *verb, const struct tables *t, int got, char **argv)
{
	const char *word = argv[optind - 1];
	size_t offset;
	char buf[64];
	const struct opt *o = optopt ? find_key(t, optopt, &offset) : NULL;

	if (got == ':')
		complain_usage(verb, "option %s needs an argument", o ? spell(o, buf) : word);
	else if (o)
		complain_usage(verb, "option %s takes no argument", spell(o, buf));
	else if (optopt)
		complain_usage(verb, "unknown option '-%c'", optopt);
	else
		complain_usage(verb, "unknown or ambiguous option '%s'", word);
}

enum opt_outcome opt_parse(const struct verb *verb, int argc, char **argv, void *options,
			   int *ret_operand)
{
	struct tables t;
	int key, err;

	tables_make(&t, verb);
	optind = 0;
	opterr = 0;
	while ((key = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		size_t offset = 0;
		const struct opt *o = key == '?' || key == ':' ? NULL : find_key(&t, key, &offset);

		if (key == KEY_HELP) {
			opt_help(verb);
			return OPT_DONE;
		}
		if (!o) {
			explain(verb, &t, key, argv);
			return OPT_BAD;
		}
		error_clear();
		err = o->take((char *)options + offset, o, optarg);
		if (err) {
			complain_usage(verb, "%s", error_text(err));
			return OPT_BAD;
		}
	}
	*ret_operand = optind;
	return OPT_GO_ON;
}

/* ---- --help ---- */

/* "  -S, --stripe-size=SIZE"; an argument that may be left out is glued on: -N[N],
 * --mirror-count[=N]. */
static void print_names(const struct opt *o)
{
	char text[80] = "      ";
	size_t len = 6;
	bool optional = o->arg && o->arg[0] == '[';

	if (o->key < KEY_HELP)
		len = (size_t)snprintf(text, sizeof(text), "  -%c%s", o->key, o->name ? ", " : "");
	if (o->name)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "--%s", o->name);
	if (o->arg && optional)
		snprintf(text + len, sizeof(text) - len, "[%s%s", o->name ? "=" : "", o->arg + 1);
	else if (o->arg)
		snprintf(text + len, sizeof(text) - len, "%s%s", o->name ? "=" : " ", o->arg);
	printf(strlen(text) < 30 ? "%-30s" : "%s\n%30s", text, "");
}

static void print_opt(const struct opt *o)
{
	const char *line = o->help;

	print_names(o);
	for (;;) {
		size_t len = strcspn(line, "\n");

		printf("%.*s\n", (int)len, line);
		if (!line[len])
			break;
		line += len + 1;
		printf("%30s", "");
	}
}

static void print_synopsis(const struct verb *verb)
{
	const char *line = verb->synopsis;
	const char *lead = "usage:";

	for (;;) {
		size_t len = strcspn(line, "\n");

		printf("%-6s lov %s %.*s\n", lead, verb->name, (int)len, line);
		if (!line[len])
			break;
		line += len + 1;
		lead = "";
	}
}

void opt_help(const struct verb *verb)
{
	print_synopsis(verb);
	printf("\n%s\n", verb->about);
	for (unsigned int g = 0; g < VERB_GROUPS_MAX && verb->groups[g].opts; g++) {
		printf("\n%s:\n", verb->groups[g].title);
		for (const struct opt *o = verb->groups[g].opts; o->key; o++) {
			if (o->help)
				print_opt(o);
		}
	}
	printf("\n");
	print_opt(&help_opt);
	printf("\nMore in lov-%s(1).\n", verb->name);
}
