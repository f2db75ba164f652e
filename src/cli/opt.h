/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options declared in tables, from which both the parser and --help are made (cli/opt_parse.h).
 *
 * A verb keeps its options in a struct of its own; each entry says in which field its value goes
 * and how the text becomes it. Options that depend on their order (-E of a layout) have a function
 * of their own for that.
 */
#ifndef LOVFS_CLI_OPT_H
#define LOVFS_CLI_OPT_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

/* Keys of options without a letter begin here. */
#define OPT_LONG 256

struct opt {
	int key;          /* the letter, or OPT_LONG and up, unique in its verb */
	const char *name; /* after "--"; NULL: there is only the letter */
	const char *arg;  /* what its argument is called in --help; NULL: it takes none; "[N]": it
			     may be left out */
	const char *help; /* NULL: another name of an option, left out of --help */
	/*
	 * Puts the value into the verb's (the group's) options. arg is NULL where none was given.
	 * 0, or a negative errno with text: a usage error.
	 */
	int (*take)(void *options, const struct opt *opt, const char *arg);
	size_t offset;  /* of the field, for the functions below */
	uint64_t value; /* for opt_count */
};

struct opt_group {
	const char *title;      /* heading in --help; NULL: not in it */
	const struct opt *opts; /* up to the one with key 0; NULL: no more groups */
	size_t offset;          /* of the group's struct in the verb's options */
};

/* bool = true. */
int opt_flag(void *options, const struct opt *opt, const char *arg);
/* const char * = arg, borrowed of argv. */
int opt_text(void *options, const struct opt *opt, const char *arg);
/* uint64_t = a size in bytes (base/units.h), not 0. */
int opt_size(void *options, const struct opt *opt, const char *arg);
/* uint32_t = a number from 1 to opt->value. */
int opt_count(void *options, const struct opt *opt, const char *arg);

/* "--stripe-size", or "-S" where there is no name: for messages. Returns buf. */
#define OPT_SPELLED_MAX 64
const char *opt_spell(const struct opt *opt, char buf[OPT_SPELLED_MAX]);

#endif
