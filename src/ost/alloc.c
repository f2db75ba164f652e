/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/alloc.h"

#include "base/error.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An OST that may be chosen, in the order of (avoid, device, position given). */
struct candidate {
	const struct alloc_ost *ost;
	size_t position;
	bool avoid;
	uint32_t rounds; /* how often it was taken for this component */
};

/* OSTs on one device: candidates [from, from + count). */
struct domain {
	size_t from, count;
	uint64_t weight; /* free MiB, at least 1 */
	uint32_t taken;  /* stripes of this component in it */
};

/* The candidates that are chosen from at one time: first those without `avoid`, then the others. */
struct field {
	struct candidate *candidates;
	struct domain *domains;
	size_t candidate_count, domain_count;
	bool balanced;
};

static bool is_full(const struct alloc_ost *o)
{
	uint64_t reserved = MAX_OF(o->total_bytes / 1000 * ALLOC_RESERVED_PERMILLE, MIB);

	return o->avail_bytes < reserved || (o->total_inodes != 0 && o->free_inodes == 0);
}

static bool eligible(const struct alloc_ost *o)
{
	return o->usable && !is_full(o);
}

/* xorshift64*, see Vigna, "An experimental exploration of Marsaglia's xorshift generators". Its
 * state is never 0. */
static uint64_t next_random(struct alloc_state *state)
{
	uint64_t x = state->random ? state->random : 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	state->random = x;
	return x * 0x2545f4914f6cdd1du;
}

/* Within [0, limit). */
static uint64_t random_below(struct alloc_state *state, uint64_t limit)
{
	return (uint64_t)(((unsigned __int128)next_random(state) * limit) >> 64);
}

static int by_domain(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	if (a->avoid != b->avoid)
		return a->avoid ? 1 : -1;
	if (a->ost->device != b->ost->device)
		return a->ost->device < b->ost->device ? -1 : 1;
	return a->position < b->position ? -1 : a->position > b->position;
}

static int by_device(const void *va, const void *vb)
{
	const dev_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* Devices of which any OST is to be avoided: all OSTs on them are. Returns their number; devices
 * has room for all. */
static size_t avoided_devices(const struct alloc_ost *osts, size_t ost_count, dev_t *devices)
{
	size_t n = 0;

	for (size_t i = 0; i < ost_count; i++)
		if (osts[i].avoid)
			devices[n++] = osts[i].device;
	qsort(devices, n, sizeof(*devices), by_device);
	return n;
}

static int collect(const struct alloc_ost *osts, size_t ost_count, struct candidate *ret,
		   size_t *ret_count)
{
	CLEANUP_FREE dev_t *avoided = calloc(ost_count + 1, sizeof(*avoided));
	size_t avoided_count, n = 0;

	if (!avoided)
		return fail(-ENOMEM, "choose OSTs: no memory");
	avoided_count = avoided_devices(osts, ost_count, avoided);
	for (size_t i = 0; i < ost_count; i++) {
		const struct alloc_ost *o = &osts[i];

		if (!eligible(o))
			continue;
		ret[n++] = (struct candidate){
			.ost = o,
			.position = i,
			.avoid = bsearch(&o->device, avoided, avoided_count, sizeof(*avoided),
					 by_device) != NULL,
		};
	}
	*ret_count = n;
	return 0;
}

/* Groups the field's candidates, which are sorted, into domains and sees how far apart these are.
 */
static void group(struct field *f)
{
	uint64_t least = UINT64_MAX, most = 0;

	f->domain_count = 0;
	for (size_t i = 0; i < f->candidate_count; i++) {
		const struct alloc_ost *o = f->candidates[i].ost;
		struct domain *d = f->domains + f->domain_count;

		if (i == 0 || o->device != f->candidates[i - 1].ost->device) {
			*d = (struct domain){ .from = i };
			f->domain_count++;
		} else {
			d--;
		}
		d->count++;
		/* What they share they all report; a quota may let one see less. */
		d->weight = MAX_OF(d->weight, o->avail_bytes / MIB + 1);
	}
	for (size_t i = 0; i < f->domain_count; i++) {
		least = MIN_OF(least, f->domains[i].weight);
		most = MAX_OF(most, f->domains[i].weight);
	}
	/* Weights are below 2^44 + 1: no overflow. */
	f->balanced = (most - least) * 100 < most * ALLOC_BALANCED_PERCENT;
}

/* Whether the domain has an OST that was taken fewer than `rounds` times, and how many stripes it
 * holds at most then. */
static bool has_room(const struct domain *d, uint32_t rounds)
{
	return d->taken < (uint64_t)d->count * rounds;
}

/* Takes the first OST of the domain, from number `start` on, that has room in this round. */
static uint32_t take_from(struct field *f, struct domain *d, uint64_t start, uint32_t rounds)
{
	struct candidate *c;
	size_t i = start % d->count;

	while ((c = &f->candidates[d->from + i])->rounds >= rounds)
		i = (i + 1) % d->count;
	c->rounds++;
	d->taken++;
	return c->ost->index;
}

/* Domains in turn, and within each domain its OSTs in turn. At least one domain has room. */
static uint32_t take_in_turn(struct field *f, struct alloc_state *state, uint32_t rounds)
{
	for (;;) {
		uint64_t turn = state->turn++;
		struct domain *d = &f->domains[turn % f->domain_count];

		if (has_room(d, rounds))
			return take_from(f, d, turn / f->domain_count, rounds);
	}
}

/* Draws among the domains that hold fewest stripes so far, by their free space; the domain's OSTs
 * share it evenly. */
static uint32_t take_by_weight(struct field *f, struct alloc_state *state, uint32_t rounds)
{
	uint32_t fewest = UINT32_MAX;
	uint64_t total = 0, drawn;

	for (size_t i = 0; i < f->domain_count; i++)
		if (has_room(&f->domains[i], rounds))
			fewest = MIN_OF(fewest, f->domains[i].taken);
	for (size_t i = 0; i < f->domain_count; i++)
		if (has_room(&f->domains[i], rounds) && f->domains[i].taken == fewest)
			total += f->domains[i].weight;
	drawn = random_below(state, total);
	for (size_t i = 0;; i++) {
		struct domain *d = &f->domains[i];

		if (!has_room(d, rounds) || d->taken != fewest)
			continue;
		if (drawn < d->weight)
			return take_from(f, d, next_random(state), rounds);
		drawn -= d->weight;
	}
}

/* Takes `wanted` stripes from the field: each OST once, then each once more, and so on. */
static void take(struct field *f, struct alloc_state *state, size_t wanted, uint32_t *ret_indices)
{
	group(f);
	for (size_t i = 0; i < wanted; i++) {
		uint32_t rounds = (uint32_t)(i / f->candidate_count) + 1;

		ret_indices[i] = f->balanced ? take_in_turn(f, state, rounds)
					     : take_by_weight(f, state, rounds);
	}
}

static size_t count_without_avoid(const struct candidate *candidates, size_t count)
{
	size_t n = 0;

	while (n < count && !candidates[n].avoid)
		n++;
	return n;
}

/*
 * How many stripes: what was asked for, as far as there are OSTs. All = all OSTs that needn't be
 * avoided; an explicit number also takes those, when the others aren't enough.
 */
static size_t stripes_of(const struct alloc_request *request, size_t good, size_t count)
{
	if (request->count == ALLOC_ALL)
		return good ? good : count;
	return request->overstripe ? request->count : MIN_OF(request->count, count);
}

/* Names those that would be, but for what is the matter with them. */
static int none_usable(const struct alloc_ost *osts, size_t ost_count)
{
	char text[ERROR_TEXT_MAX] = "";
	size_t len = 0;
	int err = 0;

	for (size_t i = 0; i < ost_count; i++) {
		if (!osts[i].why)
			continue;
		/* Space may come back soon: the caller knows how. */
		if (!err || osts[i].err == -ENOSPC)
			err = osts[i].err;
		if (len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%sOST %u: %s",
						len ? "; " : "", osts[i].index, osts[i].why);
	}
	return fail(err ? err : -EIO, "no OST takes new objects: %s",
		    text[0] ? text : "the pool has none");
}

static int none_eligible(const struct alloc_ost *osts, size_t ost_count)
{
	for (size_t i = 0; i < ost_count; i++)
		if (osts[i].usable)
			return fail(-ENOSPC, "no OST that may be used has space left");
	return none_usable(osts, ost_count);
}

static int choose_any(struct alloc_state *state, const struct alloc_ost *osts, size_t ost_count,
		      const struct alloc_request *request, uint32_t *ret_indices, size_t *ret_count)
{
	CLEANUP_FREE struct candidate *candidates = calloc(ost_count + 1, sizeof(*candidates));
	CLEANUP_FREE struct domain *domains = calloc(ost_count + 1, sizeof(*domains));
	size_t count = 0, good, wanted, first;
	int err;

	if (!candidates || !domains)
		return fail(-ENOMEM, "choose OSTs: no memory");
	err = collect(osts, ost_count, candidates, &count);
	if (err)
		return err;
	if (count == 0)
		return none_eligible(osts, ost_count);
	qsort(candidates, count, sizeof(*candidates), by_domain);
	good = count_without_avoid(candidates, count);
	wanted = stripes_of(request, good, count);
	/* With overstriping the good ones can hold everything. */
	first = request->overstripe && good ? wanted : MIN_OF(wanted, good);
	if (first)
		take(&(struct field){ .candidates = candidates,
				      .domains = domains,
				      .candidate_count = good },
		     state, first, ret_indices);
	if (wanted > first)
		take(&(struct field){ .candidates = candidates + good,
				      .domains = domains,
				      .candidate_count = count - good },
		     state, wanted - first, ret_indices + first);
	*ret_count = wanted;
	return 0;
}

static const struct alloc_ost *find(const struct alloc_ost *osts, size_t ost_count, uint32_t index)
{
	for (size_t i = 0; i < ost_count; i++)
		if (osts[i].index == index)
			return &osts[i];
	return NULL;
}

/* A wanted OST, or why it can't be had. */
static int want(const struct alloc_ost *osts, size_t ost_count, uint32_t index,
		const struct alloc_ost **ret_ost)
{
	const struct alloc_ost *o = find(osts, ost_count, index);

	if (!o)
		return fail(-EIO, "there is no OST %u", index);
	if (!o->usable && !o->why)
		return fail(-EIO, "OST %u is outside the pool", index);
	if (!o->usable)
		return fail(o->err ? o->err : -EIO, "OST %u takes no new objects: %s", index,
			    o->why);
	if (is_full(o))
		return fail(-ENOSPC, "OST %u is full", index);
	*ret_ost = o;
	return 0;
}

static int choose_list(const struct alloc_ost *osts, size_t ost_count,
		       const struct alloc_request *request, uint32_t *ret_indices,
		       size_t *ret_count)
{
	if (request->list_count == 0 || request->list_count != request->count)
		return fail(-EINVAL, "%zu OSTs listed for %u stripes", request->list_count,
			    request->count);
	for (size_t i = 0; i < request->list_count; i++) {
		const struct alloc_ost *o;
		int err = want(osts, ost_count, request->list[i], &o);

		if (err)
			return err;
		for (size_t j = 0; j < i && !request->overstripe; j++)
			if (request->list[j] == request->list[i])
				return fail(-EINVAL, "OST %u is listed twice", request->list[i]);
	}
	memcpy(ret_indices, request->list, request->list_count * sizeof(*ret_indices));
	*ret_count = request->list_count;
	return 0;
}

/* From the wanted one on in the order given, round and round, leaving out what isn't eligible. */
static int choose_from_first(const struct alloc_ost *osts, size_t ost_count,
			     const struct alloc_request *request, uint32_t *ret_indices,
			     size_t *ret_count)
{
	const struct alloc_ost *first;
	size_t count = 0, taken = 0, wanted;
	int err = want(osts, ost_count, request->first, &first);

	if (err)
		return err;
	for (size_t i = 0; i < ost_count; i++)
		count += eligible(&osts[i]);
	wanted = stripes_of(request, count, count);
	for (size_t i = (size_t)(first - osts); taken < wanted; i = (i + 1) % ost_count)
		if (eligible(&osts[i]))
			ret_indices[taken++] = osts[i].index;
	*ret_count = wanted;
	return 0;
}

int alloc_choose(struct alloc_state *state, const struct alloc_ost *osts, size_t ost_count,
		 const struct alloc_request *request, uint32_t *ret_indices, size_t *ret_count)
{
	if (request->count == 0)
		return fail(-EINVAL, "no stripes wanted");
	if (request->list)
		return choose_list(osts, ost_count, request, ret_indices, ret_count);
	if (request->have_first)
		return choose_from_first(osts, ost_count, request, ret_indices, ret_count);
	return choose_any(state, osts, ost_count, request, ret_indices, ret_count);
}
