/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layout of one file (or the default of a directory, or a request): the model that everything
 * else works on.
 *
 * A layout is a list of components. A plain layout is one component over [0, EOF) with id 0; a
 * composite layout has one or more, each with an extent, an id and flags; a foreign layout has none
 * and an opaque value. Fields keep Lustre's values, so that codec.h can give back the very bytes it
 * was given.
 *
 * Layouts are built by one thread and from then on immutable and shared by counted references; a
 * change makes a new layout and replaces the whole. Source of all values: lustre_user.h of
 * Lustre 2.17 (struct lov_user_md_v1/v3, lov_comp_md_v1).
 */
#ifndef LOVFS_LAYOUT_LAYOUT_H
#define LOVFS_LAYOUT_LAYOUT_H

#include "base/attr.h"
#include "base/fid.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LAYOUT_EOF UINT64_MAX /* an extent's end: to the end of the file, whatever that is */
#define LAYOUT_STRIPE_SIZE_MIN 65536u /* stripe sizes are multiples of this */
#define LAYOUT_STRIPE_SIZE_MAX                                                                     \
	0x80000000u /* stripe sizes are below 4 GiB; lovfs refuses above 2 GiB */
#define LAYOUT_STRIPE_COUNT_ALL 0xffffu /* in a request: as many OSTs as there are */
#define LAYOUT_STRIPE_COUNT_MAX 2000u   /* LOV_MAX_STRIPE_COUNT */
#define LAYOUT_OFFSET_ANY 0xffffu       /* in a request: any first OST */
#define LAYOUT_OWNER_SEQ_DEFAULT                                                                   \
	UINT64_MAX /* of a directory's default that it has from the root (FID_SEQ_LOV_DEFAULT) */
#define LAYOUT_POOL_NAME_MAX 15     /* characters, without NUL */
#define LAYOUT_COMPONENTS_MAX 1024u /* more is malformed: 64 KiB hold no more anyway */
#define LAYOUT_MIRRORS_MAX 16u

enum layout_kind { LAYOUT_PLAIN, LAYOUT_COMPOSITE, LAYOUT_FOREIGN };

/* The number at the front of a layout. */
enum layout_magic {
	LAYOUT_MAGIC_V1 = 0x0BD10BD0,
	LAYOUT_MAGIC_V3 = 0x0BD30BD0, /* with a pool name */
	LAYOUT_MAGIC_SPECIFIC =
		0x0BD50BD0, /* request: V3 whose objects only name the OSTs wanted */
	LAYOUT_MAGIC_COMPOSITE = 0x0BD60BD0,
	LAYOUT_MAGIC_FOREIGN = 0x0BD70BD0,
	/* A composite with extension components, on the disks of Lustre's servers: clients show and take
	 * LAYOUT_MAGIC_COMPOSITE (and answer this one with ERANGE). */
	LAYOUT_MAGIC_SEL = 0x0BD80BD0,
};

enum layout_pattern {
	PATTERN_RAID0 = 0x001,
	PATTERN_MDT = 0x100,
	PATTERN_OVERSTRIPED = 0x200, /* with RAID0: several stripes may share an OST */
	PATTERN_FOREIGN = 0x400,
	PATTERN_F_HOLE = 0x40000000,
	PATTERN_F_RELEASED = (int)0x80000000,
};

/* File flags: the mirror state in the low bits of a composite header's flags. */
enum layout_state {
	LAYOUT_STATE_NONE = 0,
	LAYOUT_STATE_RO = 1,
	LAYOUT_STATE_WP = 2,
	LAYOUT_STATE_SP = 3
};

enum component_flag {
	COMP_STALE = 0x1,
	COMP_PREFER_READ = 0x2,
	COMP_PREFER_WRITE = 0x4, /* "prefer" is both */
	COMP_OFFLINE = 0x8,
	COMP_INIT = 0x10, /* instantiated: its objects exist */
	COMP_NOSYNC = 0x20,
	COMP_EXTENSION = 0x40,
	COMP_PARITY = 0x80,
	COMP_NEGATE = (int)0x80000000, /* in a request: clear the flags named */
};

/* One object: the part of a component that is on one OST. */
struct layout_object {
	struct fid fid;   /* of the object on its OST; all zero in a released file */
	uint32_t gen;     /* l_ost_gen: kept, not used */
	uint32_t ost_idx; /* also the OST wanted, in a LAYOUT_MAGIC_SPECIFIC request */
};

struct component {
	uint32_t id;         /* lcme_id: mirror id << 16 | number; 0 in a plain layout */
	uint32_t flags;      /* enum component_flag */
	uint64_t start, end; /* bytes of the file, half open, end LAYOUT_EOF = to the end */
	uint32_t entry_gen;  /* lcme_layout_gen */
	uint64_t timestamp;  /* seconds since 1970, 48 bits: when nosync was set */
	uint16_t link_id;
	uint8_t data_stripes, parity_stripes; /* parity (erasure coded) components: kept and
						 printed, never written */
	uint16_t compression;

	uint32_t magic;   /* enum layout_magic: V1, V3 or SPECIFIC */
	uint32_t pattern; /* enum layout_pattern */
	uint64_t owner_oid, owner_seq;
	uint32_t stripe_size;   /* bytes; 0 in a request = default; an extension component: its size
				   >> 10 */
	uint16_t stripe_count;  /* 0 in a request = default */
	uint16_t offset_or_gen; /* request or not instantiated: first OST index; otherwise layout
				   generation */
	char pool[LAYOUT_POOL_NAME_MAX + 1]; /* NUL padded; empty = none */
	struct layout_object *objects;       /* owned; object_count of them */
	uint16_t object_count;               /* 0 (not instantiated) or stripe_count */
};

struct layout {
	atomic_uint refs;
	enum layout_kind kind;
	uint32_t
		magic; /* composite: LAYOUT_MAGIC_COMPOSITE or, from a server's disk, LAYOUT_MAGIC_SEL.
			   Others: 0 */
	uint32_t gen; /* composite: lcm_layout_gen. plain: that of the component, 0 where unknown */
	uint16_t flags;        /* composite: enum layout_state in the low bits */
	uint16_t mirror_count; /* composite: number of mirrors, at least 1. plain: 1 */
	uint8_t parity_count;  /* composite: number of parity components */
	uint32_t foreign_type, foreign_flags;
	uint8_t *foreign_value; /* owned */
	uint32_t foreign_len_bytes;
	uint32_t count;          /* components */
	struct component *comps; /* owned, in the order of the bytes */
};

/* A layout with one reference and `count` zeroed components (a plain one: 1, extent [0, EOF), V1
 * RAID0). NULL: no memory. */
struct layout *layout_new(enum layout_kind kind, uint32_t count);

/* Another reference. NULL gives NULL. */
struct layout *layout_ref(const struct layout *l);

/* Drops a reference; the last one frees. NULL is fine. */
void layout_unref(const struct layout *l);

/* A deep copy with one reference, to be changed before it is shared. NULL: no memory. */
struct layout *layout_clone(const struct layout *l);

static inline void layout_cleanup(struct layout **l)
{
	layout_unref(*l);
}
#define CLEANUP_LAYOUT CLEANUP(layout_cleanup)

/* Gives the component `count` zeroed objects, freeing those it had. -ENOMEM. */
int MUST_CHECK component_set_objects(struct component *c, uint16_t count);

/* Whether the component's objects exist: composite by its flag, plain by its objects. */
bool component_instantiated(const struct layout *l, const struct component *c);

/* Whether the objects of any component exist. */
bool layout_has_objects(const struct layout *l);

/* Whether data can be read and written through it: RAID0 (overstriped or not), not released,
 * extension, parity or foreign. */
bool component_has_data(const struct component *c);

static inline uint32_t component_mirror_id(const struct component *c)
{
	return c->id >> 16;
}

/* Whether its data is on the MDT, where there are no objects for it. */
static inline bool component_on_mdt(const struct component *c)
{
	return c->pattern & PATTERN_MDT;
}

/* Up to where the file's data is on the MDT, in bytes; 0: none is. Only the first component of a mirror can be there. */
uint64_t layout_mdt_bytes(const struct layout *l);

/*
 * Index of the component of mirror `mirror_id` (0 for files without mirrors; any component of a
 * plain layout matches) that covers file offset `offset`; -1 where none does.
 */
int layout_find(const struct layout *l, uint32_t mirror_id, uint64_t offset);

/* Whether two layouts are equal in everything that their bytes say, objects included (not
 * references). */
bool layout_equal(const struct layout *a, const struct layout *b);

#endif
