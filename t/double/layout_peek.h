/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the double must know of a layout's bytes. */
#ifndef LAYOUT_PEEK_H
#define LAYOUT_PEEK_H

#include "lovfs_ioctl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEEK_COMPONENTS_MAX 256
#define PEEK_BYTES_MAX 65536

struct peek_component {
	uint32_t id, flags;
	uint64_t start, end;
	uint32_t offset, len_bytes; /* of its plain layout in bytes[] */
};

struct layout_peek {
	uint32_t magic;
	unsigned int mirror_count; /* 1 without mirrors */
	unsigned int count;
	struct peek_component comps[PEEK_COMPONENTS_MAX];
	size_t len_bytes;
	unsigned char bytes[PEEK_BYTES_MAX];
};

/* The layout of the file at path. To be freed. NULL: it has none, or none that is understood. */
struct layout_peek *layout_peek(const char *path);

/* The ids of mirrors with a stale component; their number. */
unsigned int layout_peek_stale(const struct layout_peek *l, uint32_t ids[LOVFS_MIRRORS_MAX]);

/* Whether all stale components of the mirror are among these. */
bool layout_peek_all_named(const struct layout_peek *l, uint32_t mirror_id, const uint32_t *ids,
			   unsigned int count);

/* Whether these are ids of stale components, all of them. */
bool layout_peek_only_stale(const struct layout_peek *l, const uint32_t *ids, unsigned int count);

/* The OST of a byte of a mirror (0: of the file, without mirrors). -1: it has no object there yet. */
int layout_peek_ost(const struct layout_peek *l, uint32_t mirror_id, uint64_t offset);

#endif
