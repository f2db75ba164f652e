/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_watch.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/complain.h"

#include <inttypes.h>
#include <stdio.h>

void copy_watch_begin(struct copy_watch *w, const char *path)
{
	w->begin_ns = w->stats_ns = clock_now_ns();
	w->last_done = w->last_total = 0;
	progress_line_begin(&w->line, path);
	complain_set_before(progress_line_erase);
	/* One YAML document for each file: a list of where it was at the time. */
	if (w->stats)
		printf("--- # %s\n", path);
}

/* Source and copy are read and written at the same rate: the mean since the file was begun. */
static void print_stats(struct copy_watch *w, uint64_t now)
{
	double seconds = (double)(now - w->begin_ns) / (double)NS_PER_S;
	double mbps = seconds > 0 ? (double)w->last_done / (double)MIB / seconds : 0;

	progress_line_erase();
	printf("- { seconds: %.3f, rmbps: %.1f, wmbps: %.1f, copied: %" PRIu64 ", total: %" PRIu64
	       ", pct: %u }\n",
	       seconds, mbps, mbps, w->last_done, w->last_total,
	       w->last_total ? (unsigned int)((double)w->last_done * 100 / (double)w->last_total)
			     : 100);
	fflush(stdout);
	w->stats_ns = now;
}

void copy_watch_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct copy_watch *w = cookie;
	uint64_t now = clock_now_ns();

	w->last_done = done_bytes;
	w->last_total = total_bytes;
	progress_line_update(&w->line, done_bytes, total_bytes);
	if (w->stats && now - w->stats_ns >= w->stats_every_ns)
		print_stats(w, now);
}

void copy_watch_end(struct copy_watch *w)
{
	progress_line_erase();
	if (w->stats)
		print_stats(w, clock_now_ns());
}

uint64_t copy_watch_ms(uint64_t ns)
{
	return (ns + NS_PER_MS - 1) / NS_PER_MS;
}
