/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/changes.h"

/* The next range that has bytes, or one that has to wait for a later horizon. */
static void skip_done(struct changes *c, uint64_t horizon)
{
	while (!changes_empty(c) && c->pos >= c->ranges[c->head].end && c->pos <= horizon) {
		c->head++;
		c->pos = changes_empty(c) ? 0 : c->ranges[c->head].start;
	}
}

void changes_set(struct changes *c, const struct fs_changes *taken)
{
	for (unsigned int i = 0; i < taken->count; i++)
		c->ranges[i] = taken->ranges[i];
	c->count = taken->count;
	c->head = 0;
	c->pos = c->count ? c->ranges[0].start : 0;
}

uint64_t changes_bytes(const struct changes *c)
{
	uint64_t sum = 0;

	for (unsigned int i = c->head; i < c->count; i++)
		sum += c->ranges[i].end - (i == c->head ? c->pos : c->ranges[i].start);
	return sum;
}

/* The first byte that any list has before the horizon. */
static uint64_t first_byte(const struct changes *lists, unsigned int count, uint64_t horizon)
{
	uint64_t first = horizon;

	for (unsigned int i = 0; i < count; i++) {
		if (!changes_empty(&lists[i]))
			first = MIN_OF(first, lists[i].pos);
	}
	return first;
}

/* From piece->start: as far as the same copies need it. */
static void cut_piece(const struct changes *lists, unsigned int count, struct piece_range *piece)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct changes *c = &lists[i];

		if (changes_empty(c))
			continue;
		if (c->pos == piece->start) {
			piece->targets |= c->targets;
			piece->end = MIN_OF(piece->end, c->ranges[c->head].end);
		} else {
			piece->end = MIN_OF(piece->end, c->pos);
		}
	}
}

unsigned int changes_merge(struct changes *lists, unsigned int count, uint64_t horizon,
			   struct piece_range *ret_pieces)
{
	unsigned int n = 0;

	for (;;) {
		struct piece_range piece = { .end = horizon };

		for (unsigned int i = 0; i < count; i++)
			skip_done(&lists[i], horizon);
		piece.start = first_byte(lists, count, horizon);
		if (piece.start == horizon)
			return n;
		cut_piece(lists, count, &piece);
		for (unsigned int i = 0; i < count; i++) {
			if (!changes_empty(&lists[i]) && lists[i].pos == piece.start)
				lists[i].pos = piece.end;
		}
		ret_pieces[n++] = piece;
	}
}

unsigned int changes_join(struct piece_range *pieces, unsigned int count)
{
	unsigned int n = 0;

	if (count < CHANGES_MANY)
		return count;
	for (unsigned int i = 1; i < count; i++) {
		struct piece_range *last = &pieces[n];

		if (pieces[i].targets == last->targets &&
		    pieces[i].start - last->end <= CHANGES_NEAR_BYTES)
			last->end = pieces[i].end;
		else
			pieces[++n] = pieces[i];
	}
	return n + 1;
}
