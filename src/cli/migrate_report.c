/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/migrate_report.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/complain.h"

#include <inttypes.h>
#include <stdio.h>

void migrate_report_begin(struct migrate_report *r, const char *path)
{
	r->begin_ns = r->stats_ns = clock_now_ns();
	r->last_done = r->last_total = 0;
	progress_line_begin(&r->line, path);
	complain_set_before(progress_line_erase);
	/* One YAML document for each file: a list of where it was at the time. */
	if (r->stats && !r->list)
		printf("--- # %s\n", path);
}

/* Source and copy are read and written at the same rate: the last seconds' mean. */
static void print_stats(struct migrate_report *r, uint64_t now)
{
	double seconds = (double)(now - r->begin_ns) / (double)NS_PER_S;
	double mbps = seconds > 0 ? (double)r->last_done / (double)MIB / seconds : 0;

	progress_line_erase();
	printf("- { seconds: %.3f, rmbps: %.1f, wmbps: %.1f, copied: %" PRIu64 ", total: %" PRIu64
	       ", pct: %u }\n",
	       seconds, mbps, mbps, r->last_done, r->last_total,
	       r->last_total ? (unsigned int)((double)r->last_done * 100 / (double)r->last_total)
			     : 100);
	fflush(stdout);
	r->stats_ns = now;
}

void migrate_report_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct migrate_report *r = cookie;
	uint64_t now = clock_now_ns();

	r->last_done = done_bytes;
	r->last_total = total_bytes;
	progress_line_update(&r->line, done_bytes, total_bytes);
	if (r->stats && !r->list && now - r->stats_ns >= r->stats_every_ns)
		print_stats(r, now);
}

static void print_verbose(const char *path, const struct migrate_result *m)
{
	char size[SIZE_TEXT_MAX];

	printf("%s: %s in %.2f s: %" PRIu64 " bytes shared, %" PRIu64 " in the kernel, %" PRIu64
	       " through user space, %" PRIu64 " holes\n",
	       path, size_text(m->size_bytes, size), (double)m->elapsed_ns / (double)NS_PER_S,
	       m->moved.shared_bytes, m->moved.kernel_bytes, m->moved.user_bytes,
	       m->moved.hole_bytes);
}

static void add_json(json_t *list, const char *path, int err, const char *why,
		     const struct migrate_result *m)
{
	json_t *j = json_pack(
		"{s:s, s:b, s:I, s:f, s:i, s:{s:I, s:I, s:I, s:I}}", "path", path, "migrated", !err,
		"size_bytes", (json_int_t)m->size_bytes, "seconds",
		(double)m->elapsed_ns / (double)NS_PER_S, "attempts", (int)m->attempts, "moved",
		"shared_bytes", (json_int_t)m->moved.shared_bytes, "kernel_bytes",
		(json_int_t)m->moved.kernel_bytes, "user_bytes", (json_int_t)m->moved.user_bytes,
		"hole_bytes", (json_int_t)m->moved.hole_bytes);

	if (err) {
		json_object_set_new(j, "error", json_string(why));
		if (m->step)
			json_object_set_new(j, "step", json_string(m->step));
	}
	json_array_append_new(list, j);
}

void migrate_report_end(struct migrate_report *r, const char *path, int err, const char *why,
			const struct migrate_result *result)
{
	progress_line_erase();
	if (r->list) {
		add_json(r->list, path, err, why, result);
		return;
	}
	if (r->stats)
		print_stats(r, clock_now_ns());
	if (r->verbose && !err)
		print_verbose(path, result);
}
