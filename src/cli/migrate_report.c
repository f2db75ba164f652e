/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/migrate_report.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/copy_watch.h"

#include <inttypes.h>
#include <stdio.h>

static void print_verbose(const char *path, const struct migrate_result *m)
{
	char size[SIZE_TEXT_MAX];

	printf("%s: %s in %.2f s: %" PRIu64 " bytes shared, %" PRIu64 " in the kernel, %" PRIu64
	       " through user space, %" PRIu64 " holes\n",
	       path, size_text(m->size_bytes, size), (double)m->elapsed_ns / (double)NS_PER_S,
	       m->moved.shared_bytes, m->moved.kernel_bytes, m->moved.user_bytes,
	       m->moved.hole_bytes);
	if (m->passes)
		printf("%s: %u pass%s; ", path, m->passes, m->passes == 1 ? "" : "es");
	else if (m->held_ns)
		printf("%s: ", path);
	if (m->passes || m->held_ns)
		printf("writers were held back for at most %" PRIu64 " ms\n",
		       copy_watch_ms(m->held_ns));
}

static void add_json(json_t *list, const char *path, int err, const char *why,
		     const struct migrate_result *m)
{
	json_t *j = json_pack(
		"{s:s, s:b, s:I, s:f, s:i, s:i, s:f, s:{s:I, s:I, s:I, s:I}}", "path", path,
		"migrated", !err, "size_bytes", (json_int_t)m->size_bytes, "seconds",
		(double)m->elapsed_ns / (double)NS_PER_S, "attempts", (int)m->attempts, "passes",
		(int)m->passes, "held_seconds", (double)m->held_ns / (double)NS_PER_S, "moved",
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
	if (r->list)
		add_json(r->list, path, err, why, result);
	else if (r->verbose && !err)
		print_verbose(path, result);
}
