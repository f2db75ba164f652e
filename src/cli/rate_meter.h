/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast something grows now: over the last five seconds or so, not since it began. One thread. */
#ifndef LOVFS_CLI_RATE_METER_H
#define LOVFS_CLI_RATE_METER_H

#include <stdint.h>

#define RATE_METER_SAMPLES 11
#define RATE_METER_EVERY_MS 500

struct rate_meter {
	struct {
		uint64_t at_ns, bytes;
	} samples[RATE_METER_SAMPLES]; /* a ring */
	unsigned int count, next;
};

void rate_meter_init(struct rate_meter *m, uint64_t now_ns);

/* Tells it how many bytes there are now; as often as one likes. */
void rate_meter_add(struct rate_meter *m, uint64_t now_ns, uint64_t bytes);

/* Bytes a second; 0 where they became less. */
uint64_t rate_meter_get(const struct rate_meter *m, uint64_t now_ns, uint64_t bytes);

#endif
