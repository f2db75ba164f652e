/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the options of layouts are called: for getopt_long(3) and for messages. What they mean is in
 * layout/options.h. */
#ifndef LOVFS_LAYOUT_OPTIONS_NAMES_H
#define LOVFS_LAYOUT_OPTIONS_NAMES_H

/* The short option where there is one. */
enum layout_option {
	LAYOUT_OPTION_STRIPE_COUNT = 'c',
	LAYOUT_OPTION_OVERSTRIPE_COUNT = 'C',
	LAYOUT_OPTION_STRIPE_SIZE = 'S',
	LAYOUT_OPTION_STRIPE_INDEX = 'i',
	LAYOUT_OPTION_OST = 'o',
	LAYOUT_OPTION_POOL = 'p',
	LAYOUT_OPTION_PATTERN = 'L',
	LAYOUT_OPTION_END = 'E',
	LAYOUT_OPTION_EXTENSION = 'z',
	LAYOUT_OPTION_MIRROR = 'N',
	LAYOUT_OPTION_FLAGS = 0x1000,
	LAYOUT_OPTION_COMP_FLAGS,
};

enum layout_option_value { LAYOUT_OPTION_REQUIRED, LAYOUT_OPTION_OPTIONAL };

/* A long name of an option; some have several. */
struct layout_option_name {
	const char *name; /* NULL ends the table */
	enum layout_option option;
	enum layout_option_value value;
};
extern const struct layout_option_name layout_option_names[];

#endif
