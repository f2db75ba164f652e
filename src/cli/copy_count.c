/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_count.h"

#include "base/attr.h"

void copy_count_init(struct copy_count *c, uint64_t now_ns)
{
	*c = (struct copy_count){ 0 };
	rate_meter_init(&c->meter, now_ns);
}

/* ---- files ---- */

static void set_total(struct copy_count *c, struct copy_watch_file *f, uint64_t total_bytes)
{
	c->extra_bytes += (int64_t)(total_bytes - f->total_bytes);
	f->total_bytes = total_bytes;
}

void copy_count_begin(struct copy_count *c, struct copy_watch_file *f)
{
	f->prev = c->last;
	f->next = NULL;
	*(c->last ? &c->last->next : &c->first) = f;
	c->last = f;
	c->begun++;
	c->begun_bytes += f->total_bytes;
}

void copy_count_progress(struct copy_count *c, struct copy_watch_file *f, uint64_t done_bytes,
			 uint64_t total_bytes)
{
	f->told = true;
	f->done_bytes = done_bytes;
	set_total(c, f, total_bytes);
}

void copy_count_end(struct copy_count *c, struct copy_watch_file *f, bool good)
{
	if (good && !f->told)
		f->done_bytes = f->total_bytes;
	if (!good)
		c->extra_bytes -= (int64_t)(f->total_bytes - f->done_bytes);
	c->ended_bytes += f->done_bytes;
	c->good += good;
	c->bad += !good;
	*(f->prev ? &f->prev->next : &c->first) = f->next;
	*(f->next ? &f->next->prev : &c->last) = f->prev;
}

/* ---- all of them ---- */

static uint64_t done_bytes(const struct copy_count *c)
{
	uint64_t sum = c->ended_bytes;

	for (const struct copy_watch_file *f = c->first; f; f = f->next)
		sum += f->done_bytes;
	return sum;
}

void copy_count_tick(struct copy_count *c, uint64_t now_ns)
{
	rate_meter_add(&c->meter, now_ns, done_bytes(c));
}

/* Files may be begun before they are expected: who looks ahead began later. */
struct progress_state copy_count_state(const struct copy_count *c, uint64_t now_ns)
{
	int64_t total = (int64_t)MAX_OF(c->expected_bytes, c->begun_bytes) + c->extra_bytes;
	struct progress_state s = {
		.name = c->first ? c->first->path : "",
		.done_bytes = done_bytes(c),
		.done_files = c->good + c->bad,
		.total_files = MAX_OF(c->expected, c->begun),
		.total_known = c->all_expected,
	};

	s.total_bytes = total > 0 ? MAX_OF((uint64_t)total, s.done_bytes) : s.done_bytes;
	s.rate_bytes = rate_meter_get(&c->meter, now_ns, s.done_bytes);
	return s;
}
