/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What text, YAML and JSON say alike: which components are shown, and the values that are not
 * simply fields of the model. */
#ifndef LOVFS_LAYOUT_PRINT_VIEW_H
#define LOVFS_LAYOUT_PRINT_VIEW_H

#include "layout/layout.h"
#include "layout/print_options.h"

/* Whether the component passes the filters. */
bool print_view_shows(const struct layout *l, const struct component *c,
		      const struct print_options *opt);

/* Whether the layout has an object on the OST that is asked for; true when none is. */
bool print_view_has_ost(const struct layout *l, const struct print_options *opt);

/* Whether the component has objects that are worth showing: instantiated, not released, not on the
 * MDT. */
bool print_view_lists_objects(const struct layout *l, const struct component *c, bool is_directory);

/* Whether the component has its objects; those of a directory's default never exist. */
bool print_view_instantiated(const struct layout *l, const struct component *c, bool is_directory);

/* -1 for "all", 0 for an extension component. */
int32_t print_view_stripe_count(const struct component *c, const struct print_context *ctx,
				bool raw);

/* In bytes, also of an extension component. */
uint64_t print_view_stripe_size(const struct component *c, const struct print_context *ctx,
				bool raw);

uint32_t print_view_generation(const struct layout *l, const struct component *c,
			       const struct print_context *ctx);

/* First OST, -1 for any; of a component on the MDT: the MDT's index. */
int64_t print_view_stripe_offset(const struct layout *l, const struct component *c,
				 const struct print_context *ctx);

/*
 * lcme_size as lfs shows it: the kernel's answer to it has room for one object in each component of
 * a file that isn't instantiated.
 */
uint32_t print_view_comp_bytes(const struct layout *l, const struct component *c,
			       const struct print_context *ctx);

/* Bytes of the header and all entries: lcme_offset of the first component. */
uint32_t print_view_entries_bytes(const struct layout *l);

/* The file's FID: as the layout says it, otherwise the context's. */
struct fid print_view_owner(const struct component *c, const struct print_context *ctx);

#endif
