/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both segment maps are walked at once; each step gives the longest run of bytes that stays in one
 * object on both sides. A run can only continue the last piece that went into the same destination
 * object: destination offsets of an object grow along the file. So one open piece for each stripe
 * of the current destination component is enough to join with.
 */
#include "copy/plan.h"

#include "base/checked.h"
#include "base/error.h"
#include "layout/segmap.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct builder {
	struct copy_piece *pieces; /* owned */
	size_t count, room;
	size_t *open; /* owned: by stripe of component open_comp, 1 + index of its last piece, 0 =
			 none */
	size_t open_room;
	uint32_t open_comp;
};

/* Stripes of a component that can be open at once; a component without a stripe count has one
 * segment. */
static size_t stripes_of(const struct component *c)
{
	return MAX_OF(c->stripe_count, (uint16_t)1);
}

/* Makes room for the open pieces of another destination component; those of the last one can't be
 * continued. */
static int enter_component(struct builder *b, uint32_t comp_idx, const struct component *c)
{
	size_t want = stripes_of(c);

	if (b->open && b->open_comp == comp_idx)
		return 0;
	if (want > b->open_room) {
		free(b->open);
		b->open_room = 0;
		b->open = calloc(want, sizeof(*b->open));
		if (!b->open)
			return fail(-ENOMEM, "copy plan: out of memory");
		b->open_room = want;
	}
	memset(b->open, 0, want * sizeof(*b->open));
	b->open_comp = comp_idx;
	return 0;
}

static struct copy_piece *new_piece(struct builder *b)
{
	if (b->count == b->room) {
		size_t room = b->room ? 2 * b->room : 16;
		struct copy_piece *grown = reallocarray(b->pieces, room, sizeof(*grown));

		if (!grown)
			return NULL;
		b->pieces = grown;
		b->room = room;
	}
	return &b->pieces[b->count++];
}

static bool continues(const struct copy_piece *last, const struct copy_piece *next)
{
	if (last->hole != next->hole || last->dst_offset + last->len_bytes != next->dst_offset)
		return false;
	return last->hole || (last->src.comp_idx == next->src.comp_idx &&
			      last->src.stripe_idx == next->src.stripe_idx &&
			      last->src_offset + last->len_bytes == next->src_offset);
}

static int add_piece(struct builder *b, const struct copy_piece *next)
{
	size_t *open = &b->open[next->dst.stripe_idx];
	struct copy_piece *piece;

	if (*open && continues(&b->pieces[*open - 1], next)) {
		b->pieces[*open - 1].len_bytes += next->len_bytes;
		return 0;
	}
	piece = new_piece(b);
	if (!piece)
		return fail(-ENOMEM, "copy plan: out of memory");
	*piece = *next;
	*open = b->count;
	return 0;
}

/* The component of a segment, or NULL with the reason why it can't take part. */
static const struct component *component_of(const struct copy_side *side, const struct segment *s,
					    const char *which, int *ret_err)
{
	const struct component *c;

	if (s->comp_idx == SEGMENT_NO_COMPONENT) {
		*ret_err = fail(-EUCLEAN, "%s: no component covers offset %" PRIu64, which,
				s->file_offset);
		return NULL;
	}
	c = &side->layout->comps[s->comp_idx];
	if (!component_has_data(c)) {
		*ret_err = fail(-EUCLEAN,
				"%s: component %" PRIu32 " at offset %" PRIu64 " can't hold data",
				which, s->comp_idx, s->file_offset);
		return NULL;
	}
	return c;
}

/* The front of both segments that is in one object each. */
static int add_step(struct builder *b, const struct copy_side *src, const struct segment *from,
		    const struct copy_side *dst, const struct segment *to, uint64_t len_bytes)
{
	const struct component *src_comp, *dst_comp;
	struct copy_piece piece;
	int err = 0;

	src_comp = component_of(src, from, "source", &err);
	if (!src_comp)
		return err;
	dst_comp = component_of(dst, to, "destination", &err);
	if (!dst_comp)
		return err;
	if (!component_instantiated(dst->layout, dst_comp))
		return fail(-EINVAL,
			    "destination: component %" PRIu32 " at offset %" PRIu64
			    " has no objects",
			    to->comp_idx, to->file_offset);
	err = enter_component(b, to->comp_idx, dst_comp);
	if (err)
		return err;

	piece = (struct copy_piece){
		.hole = !component_instantiated(src->layout, src_comp),
		.dst = { .comp_idx = to->comp_idx, .stripe_idx = to->stripe_idx },
		.dst_offset = to->object_offset,
		.len_bytes = len_bytes,
		.file_offset = to->file_offset,
	};
	if (!piece.hole) {
		piece.src = (struct object_ref){ .comp_idx = from->comp_idx,
						 .stripe_idx = from->stripe_idx };
		piece.src_offset = from->object_offset;
	}
	return add_piece(b, &piece);
}

/* Cuts len_bytes off the front. */
static void advance(struct segment *s, uint64_t len_bytes)
{
	s->file_offset += len_bytes;
	s->object_offset += len_bytes;
	s->len_bytes -= len_bytes;
}

static int build(struct builder *b, const struct copy_side *src, const struct copy_side *dst,
		 uint64_t len_bytes)
{
	struct segmap from_map =
		segmap_of(src->layout, src->mirror_id, src->offset, src->offset + len_bytes);
	struct segmap to_map =
		segmap_of(dst->layout, dst->mirror_id, dst->offset, dst->offset + len_bytes);
	struct segment from = { .len_bytes = 0 }, to = { .len_bytes = 0 };

	while (len_bytes > 0) {
		uint64_t n;
		int err;

		if (from.len_bytes == 0 && !segmap_next(&from_map, &from))
			return fail(-EUCLEAN, "source: layout ends early");
		if (to.len_bytes == 0 && !segmap_next(&to_map, &to))
			return fail(-EUCLEAN, "destination: layout ends early");
		n = MIN_OF(from.len_bytes, to.len_bytes);
		err = add_step(b, src, &from, dst, &to, n);
		if (err)
			return err;
		advance(&from, n);
		advance(&to, n);
		len_bytes -= n;
	}
	return 0;
}

int copy_plan_make(const struct copy_side *src, const struct copy_side *dst, uint64_t len_bytes,
		   struct copy_plan *ret_plan)
{
	struct builder b = { .count = 0 };
	uint64_t end;
	int err;

	if (!add_u64(src->offset, len_bytes, &end) || !add_u64(dst->offset, len_bytes, &end))
		return fail(-EOVERFLOW, "copy of %" PRIu64 " bytes runs past the largest offset",
			    len_bytes);
	err = build(&b, src, dst, len_bytes);
	free(b.open);
	if (err) {
		free(b.pieces);
		return err;
	}
	*ret_plan =
		(struct copy_plan){ .pieces = b.pieces, .count = b.count, .len_bytes = len_bytes };
	return 0;
}

void copy_plan_release(struct copy_plan *plan)
{
	free(plan->pieces);
	*plan = (struct copy_plan){ .count = 0 };
}
