/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the options of `lfs setstripe` to the layout that they ask for. Options are fed one at a
 * time in the order of the command line: that order has a meaning.
 *
 *  -c/--stripe-count N       stripes; 0 default, -1 on all OSTs
 *  -C/--overstripe-count N   as -c, and several stripes may share an OST
 *  -S/--stripe-size SIZE     bytes, a multiple of 64K; a number below 4096 without unit is KiB, as for lfs
 *  -i/--stripe-index N       OST of the first stripe; -1 any
 *  -o/--ost LIST             the OSTs themselves, "1,3-5"; may be given again to add more. One that is listed twice
 *                            means overstriping
 *  -p/--pool NAME            OST pool, also FSNAME.POOL; "", "inherit", "none" and "ignore" mean no pool
 *  -L/--layout PATTERN       raid0; or mdt: the first component, up to 1 GiB, is on the MDT
 *  -E/--component-end SIZE   begins a component that ends there; -1 or eof: the rest of the file. Numbers as for -S
 *  -z/--extension-size SIZE  the component grows by so much at a time, 64 MiB to 4 TiB: it becomes two, what there is
 *                            of it and, flagged COMP_EXTENSION, what it can grow into. On Lustre only, as mdt:
 *                            layout_check_request() refuses both for lovfs
 *  --comp-flags FLAGS        prefer, prefrd, prefwr, nosync for the component
 *  -N[n]/--mirror-count[=n]  begins a mirror, or n alike. "=n" asks for as many as are missing from a total of n
 *  --flags FLAGS             prefer, prefrd, prefwr for the mirror
 *
 * Options belong to the component whose -E stands before them (those before the first -E to the
 * first component), components to the mirror whose -N stands before them. A component that isn't
 * told its stripe size, stripe count or pool takes them from the component before it, also across
 * -N; where OSTs are listed their number is the stripe count. Without -E and -N the layout is
 * plain.
 *
 * Not thread-safe; every error names the option and its value.
 */
#ifndef LOVFS_LAYOUT_OPTIONS_H
#define LOVFS_LAYOUT_OPTIONS_H

#include "layout/layout.h"
#include "layout/options_names.h"
#include "layout/options_value.h"

/* The builder. Fields are its own but for `existing_mirrors`. */
struct layout_options {
	uint32_t existing_mirrors; /* mirrors that the file has already, for -N=n; set before the
				      options are added */

	struct layout_option_settings now; /* the component being described */
	struct component *comps;           /* owned: those described */
	uint32_t count, capacity;
	uint32_t mirror_start;  /* index in comps of the mirror being described */
	uint32_t mirror_copies; /* how often it is wanted; 0: no -N so far */
	uint32_t mirror_flags;
	uint32_t mirrors; /* described, copies counted */
	bool given;
};

void layout_options_init(struct layout_options *o);

/* Frees what the builder owns. A zeroed or released builder is fine. */
void layout_options_release(struct layout_options *o);

/* Whether any option was added: `lov migrate FILE` without any keeps the layout. */
static inline bool layout_options_given(const struct layout_options *o)
{
	return o->given;
}

/*
 * Takes one option; `value` is borrowed for the call, NULL where an optional one is missing.
 * -EINVAL or -ERANGE (text names option and value), -EEXIST (-N=n: the file has as many mirrors),
 * -ENOMEM. After an error only release makes sense.
 */
int MUST_CHECK layout_options_add(struct layout_options *o, enum layout_option option,
				  const char *value);

/*
 * The request that all options together make; it still has to pass layout_check_request().
 * Component ids hold the mirror only. The builder is empty afterwards, also on failure. Errors as
 * above.
 */
int MUST_CHECK layout_options_finish(struct layout_options *o, struct layout **ret_layout);

#endif
