/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/rate_meter.h"

#include "base/clock.h"

static void put(struct rate_meter *m, uint64_t now_ns, uint64_t bytes)
{
	m->samples[m->next].at_ns = now_ns;
	m->samples[m->next].bytes = bytes;
	m->next = (m->next + 1) % RATE_METER_SAMPLES;
	m->count += m->count < RATE_METER_SAMPLES;
}

void rate_meter_init(struct rate_meter *m, uint64_t now_ns)
{
	*m = (struct rate_meter){ 0 };
	put(m, now_ns, 0);
}

void rate_meter_add(struct rate_meter *m, uint64_t now_ns, uint64_t bytes)
{
	unsigned int last = (m->next + RATE_METER_SAMPLES - 1) % RATE_METER_SAMPLES;

	if (now_ns - m->samples[last].at_ns >= RATE_METER_EVERY_MS * NS_PER_MS)
		put(m, now_ns, bytes);
}

uint64_t rate_meter_get(const struct rate_meter *m, uint64_t now_ns, uint64_t bytes)
{
	unsigned int oldest = (m->next + RATE_METER_SAMPLES - m->count) % RATE_METER_SAMPLES;
	uint64_t from = m->samples[oldest].bytes;
	double seconds = (double)(now_ns - m->samples[oldest].at_ns) / (double)NS_PER_S;

	return bytes > from && seconds > 0 ? (uint64_t)((double)(bytes - from) / seconds) : 0;
}
