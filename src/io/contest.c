/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/contest.h"

#include "base/attr.h"
#include "base/clock.h"

bool contest_decided(const struct contest *c, enum contest_way *ret_way)
{
	if (c->tried[CONTEST_KERNEL] < CONTEST_TRIES || c->tried[CONTEST_URING] < CONTEST_TRIES)
		return false;
	*ret_way = c->best_bytes_per_s[CONTEST_KERNEL] >= c->best_bytes_per_s[CONTEST_URING]
			   ? CONTEST_KERNEL
			   : CONTEST_URING;
	return true;
}

enum contest_way contest_next(struct contest *c, bool *ret_timed)
{
	enum contest_way way;

	*ret_timed = false;
	if (contest_decided(c, &way))
		return way;
	way = c->begun[CONTEST_URING] <= c->begun[CONTEST_KERNEL] ? CONTEST_URING : CONTEST_KERNEL;
	if (c->begun[way] >= CONTEST_TRIES)
		return CONTEST_URING;
	c->begun[way]++;
	*ret_timed = true;
	return way;
}

void contest_note(struct contest *c, enum contest_way way, uint64_t len_bytes, uint64_t took_ns)
{
	double rate = (double)len_bytes / (double)MAX_OF(took_ns, 1) * (double)NS_PER_S;

	c->tried[way]++;
	c->best_bytes_per_s[way] = MAX_OF(c->best_bytes_per_s[way], (uint64_t)rate);
}

void contest_cancel(struct contest *c, enum contest_way way)
{
	c->begun[way]--;
}
