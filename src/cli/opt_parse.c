/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/opt_parse.h"

#include "base/error.h"
#include "cli/complain.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_HELP (OPT_LONG - 1)
#define OPTS_MAX 64

static const struct opt help_opt = { .key = KEY_HELP,
				     .name = "help",
				     .help = "print this and exit" };

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
	char buf[OPT_SPELLED_MAX];
	const struct opt *o = optopt ? find_key(t, optopt, &offset) : NULL;

	if (got == ':')
		complain_usage(verb, "option %s needs an argument", o ? opt_spell(o, buf) : word);
	else if (o)
		complain_usage(verb, "option %s takes no argument", opt_spell(o, buf));
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
			opt_parse_help(verb);
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

/* Verbs below another share its manual page. */
static int page_len(const struct verb *verb)
{
	return (int)strcspn(verb->name, " ");
}

static void print_below(const struct verb *verb)
{
	size_t skip = strlen(verb->name) + 1;

	printf("\n");
	for (const struct verb *const *v = verb->below; *v; v++)
		printf("  %-12s %s\n", (*v)->name + skip, (*v)->summary);
	printf("\n'lov %s VERB --help' says more.\n", verb->name);
}

void opt_parse_help(const struct verb *verb)
{
	print_synopsis(verb);
	printf("\n%s\n", verb->about);
	if (verb->below)
		print_below(verb);
	for (unsigned int g = 0; g < VERB_GROUPS_MAX && verb->groups[g].opts; g++) {
		if (!verb->groups[g].title)
			continue;
		printf("\n%s:\n", verb->groups[g].title);
		for (const struct opt *o = verb->groups[g].opts; o->key; o++) {
			if (o->help)
				print_opt(o);
		}
	}
	printf("\n");
	print_opt(&help_opt);
	printf("\nMore in lov-%.*s(1).\n", page_len(verb), verb->name);
}
