/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to show of a layout, and what has to be known besides its bytes. */
#ifndef LOVFS_LAYOUT_PRINT_OPTIONS_H
#define LOVFS_LAYOUT_PRINT_OPTIONS_H

#include "base/fid.h"

#include <stdbool.h>
#include <stdint.h>

enum print_field {
	PRINT_STRIPE_COUNT = 0x1,
	PRINT_STRIPE_SIZE = 0x2,
	PRINT_STRIPE_OFFSET = 0x4, /* first OST; of a component on the MDT: which MDT */
	PRINT_POOL = 0x8,
	PRINT_PATTERN = 0x10,
	PRINT_GENERATION = 0x20,
	PRINT_OBJECTS = 0x40,
	PRINT_COMP_COUNT = 0x80,
	PRINT_COMP_ID = 0x100,
	PRINT_COMP_FLAGS = 0x200, /* and mirror link, timestamp */
	PRINT_COMP_START = 0x400,
	PRINT_COMP_END = 0x800,
	PRINT_MIRROR_COUNT = 0x1000,
	PRINT_MIRROR_ID = 0x2000,
	PRINT_PARITY = 0x4000, /* stripe counts of a parity component; compression */
	PRINT_DEFAULT = 0x7fff,
	PRINT_FID = 0x10000,
	PRINT_DETAIL = 0x20000, /* -v: magics, sizes, owner */
};

/* How a number must compare with a filter's. */
enum print_sign { PRINT_LESS = -1, PRINT_EQUAL = 0, PRINT_MORE = 1 };

struct print_options {
	uint32_t fields; /* enum print_field; 0 means PRINT_DEFAULT. A single one is printed without
			    its name */
	bool yaml;
	bool raw; /* -R: a directory's own values, 0 and -1 included, instead of the defaults they
		     stand for */
	bool no_path; /* no line with the path before a layout: lfs prints none where it was told
			 not to look into directories, by -d or by asking for single fields */

	/* Only the components that pass all filters given. */
	bool by_id, by_mirror, by_flags, by_start, by_end, by_ost;
	uint32_t id; /* lcme_id */
	uint32_t mirror_id;
	uint32_t flags_set, flags_clear; /* all of the first, none of the second */
	uint64_t start, end;
	enum print_sign start_sign, end_sign;
	uint32_t ost_idx; /* only layouts and components with an object on it, and only those
			     objects */
};

/* What isn't in the bytes. */
struct print_context {
	const char *path; /* printed before the layout in text; may be NULL */
	struct fid fid;   /* of the file or directory */
	bool is_directory;
	bool is_default; /* a directory without a default of its own: the file system's is shown */
	uint32_t layout_gen; /* of a plain layout whose bytes don't say it (0xffff) */
	uint32_t mdt_idx;
	int32_t utc_offset_s; /* for timestamps in text */
	/* What a directory's 0 stands for; 0 = not known, printed as it is. */
	uint32_t default_stripe_size;
	uint16_t default_stripe_count;
};

#endif
