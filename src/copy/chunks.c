/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy/chunks.h"

#include "base/error.h"

#include <errno.h>

int chunks_add(struct chunks *c, const struct chunk *chunk)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 16;
		struct chunk *grown = reallocarray(c->list, room, sizeof(*grown));

		if (!grown)
			return fail(-ENOMEM, "copy: out of memory");
		c->list = grown;
		c->room = room;
	}
	c->list[c->count++] = *chunk;
	c->len_bytes += chunk->len_bytes;
	return 0;
}

void chunks_release(struct chunks *c)
{
	free(c->list);
	*c = (struct chunks){ .count = 0 };
}

static uint64_t dst_start(const struct chunk *c)
{
	return c->piece->dst_offset + c->offset;
}

/* Where a chunk goes in the order: in round after round, each object gets a chunk, and devices take
 * turns. */
struct place {
	struct chunk chunk;
	size_t index;  /* in the list before; what is equal otherwise keeps its order */
	size_t round;  /* which one of its object it is */
	size_t object; /* which one of its device its object is */
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_object(const void *va, const void *vb)
{
	const struct place *a = va, *b = vb;
	int c = compare_u64(a->chunk.dst_dev, b->chunk.dst_dev);

	if (!c)
		c = compare_u64(a->chunk.piece->dst.comp_idx, b->chunk.piece->dst.comp_idx);
	if (!c)
		c = compare_u64(a->chunk.piece->dst.stripe_idx, b->chunk.piece->dst.stripe_idx);
	if (!c)
		c = compare_u64(dst_start(&a->chunk), dst_start(&b->chunk));
	return c ? c : compare_u64(a->index, b->index);
}

static int by_turn(const void *va, const void *vb)
{
	const struct place *a = va, *b = vb;
	int c = compare_u64(a->round, b->round);

	if (!c)
		c = compare_u64(a->object, b->object);
	return c ? c : compare_u64(a->index, b->index);
}

static bool same_object(const struct place *a, const struct place *b)
{
	return a->chunk.dst_dev == b->chunk.dst_dev &&
	       a->chunk.piece->dst.comp_idx == b->chunk.piece->dst.comp_idx &&
	       a->chunk.piece->dst.stripe_idx == b->chunk.piece->dst.stripe_idx;
}

static void take_turns(struct place *places, size_t count)
{
	qsort(places, count, sizeof(*places), by_object);
	for (size_t i = 0; i < count; i++) {
		struct place *p = &places[i], *before = i ? p - 1 : NULL;

		if (before && same_object(before, p)) {
			p->round = before->round + 1;
			p->object = before->object;
		} else {
			p->round = 0;
			p->object = before && before->chunk.dst_dev == p->chunk.dst_dev
					    ? before->object + 1
					    : 0;
		}
	}
	qsort(places, count, sizeof(*places), by_turn);
}

static int cut(const struct chunks *c, uint64_t step_bytes, struct chunks *cuts)
{
	for (size_t i = 0; i < c->count; i++) {
		struct chunk rest = c->list[i];

		while (rest.len_bytes > 0) {
			struct chunk front = rest;
			int err;

			front.len_bytes =
				MIN_OF(rest.len_bytes, step_bytes - dst_start(&rest) % step_bytes);
			err = chunks_add(cuts, &front);
			if (err)
				return err;
			rest.offset += front.len_bytes;
			rest.len_bytes -= front.len_bytes;
		}
	}
	return 0;
}

int chunks_spread(struct chunks *c, uint64_t step_bytes)
{
	CLEANUP_FREE struct place *places = NULL;
	struct chunks cuts = { .count = 0 };
	int err = cut(c, step_bytes, &cuts);

	if (!err && cuts.count > 0) {
		places = calloc(cuts.count, sizeof(*places));
		if (!places)
			err = fail(-ENOMEM, "copy: out of memory");
	}
	if (err) {
		chunks_release(&cuts);
		return err;
	}
	for (size_t i = 0; i < cuts.count; i++)
		places[i] = (struct place){ .chunk = cuts.list[i], .index = i };
	take_turns(places, cuts.count);
	for (size_t i = 0; i < cuts.count; i++)
		cuts.list[i] = places[i].chunk;
	free(c->list);
	*c = cuts;
	return 0;
}
