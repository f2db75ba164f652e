/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/migrate_report.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/copy_watch.h"
#include "cli/json_out.h"
#include "cli/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_verbose(const char *name, const struct migrate_result *m)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };
	const char *path = out_name(&b, name);
	char size[SIZE_TEXT_MAX];

	progress_line_pause();
	printf("%s: %s in %.2f s: %" PRIu64 " bytes shared, %" PRIu64 " in the kernel, %" PRIu64
	       " through user space (%" PRIu64 " by direct I/O), %" PRIu64 " holes\n",
	       path, size_text(m->size_bytes, size), (double)m->elapsed_ns / (double)NS_PER_S,
	       m->moved.shared_bytes, m->moved.kernel_bytes, m->moved.user_bytes,
	       m->moved.direct_bytes, m->moved.hole_bytes);
	if (!m->offloaded)
		printf("%s: nothing was offloaded: this file system doesn't move data by itself\n",
		       path);
	if (m->passes)
		printf("%s: %u pass%s; ", path, m->passes, m->passes == 1 ? "" : "es");
	else if (m->held_ns)
		printf("%s: ", path);
	if (m->passes || m->held_ns)
		printf("writers were held back for at most %" PRIu64 " ms\n",
		       copy_watch_ms(m->held_ns));
	if (m->verified)
		printf("%s: read back and equal\n", path);
	progress_line_resume();
}

json_t *migrate_report_object(const char *path, int err, const char *why,
			      const struct migrate_result *m)
{
	json_t *j = json_object(),
	       *rest = json_pack(
		       "{s:b, s:b, s:b, s:I, s:f, s:i, s:i, s:f, s:{s:I, s:I, s:I, s:I, s:I}}",
		       "migrated", !err, "verified", m->verified, "offloaded", m->offloaded,
		       "size_bytes", (json_int_t)m->size_bytes, "seconds",
		       (double)m->elapsed_ns / (double)NS_PER_S, "attempts", (int)m->attempts,
		       "passes", (int)m->passes, "held_seconds",
		       (double)m->held_ns / (double)NS_PER_S, "moved", "shared_bytes",
		       (json_int_t)m->moved.shared_bytes, "kernel_bytes",
		       (json_int_t)m->moved.kernel_bytes, "user_bytes",
		       (json_int_t)m->moved.user_bytes, "direct_bytes",
		       (json_int_t)m->moved.direct_bytes, "hole_bytes",
		       (json_int_t)m->moved.hole_bytes);

	json_out_add_name(j, "path", path);
	json_object_update(j, rest);
	json_decref(rest);
	if (err) {
		json_object_set_new(j, "error", json_out_text(why));
		if (m->step)
			json_object_set_new(j, "step", json_string(m->step));
	}
	return j;
}

static bool grow_locked(struct migrate_report *r, uint64_t position)
{
	size_t count = MAX_OF((size_t)position + 1, 2 * r->count);
	json_t **grown = reallocarray(r->results, count, sizeof(*grown));

	if (!grown)
		return false;
	memset(grown + r->count, 0, (count - r->count) * sizeof(*grown));
	r->results = grown;
	r->count = count;
	return true;
}

static void keep(struct migrate_report *r, uint64_t position, json_t *j)
{
	pthread_mutex_lock(&r->lock);
	if (position < r->count || grow_locked(r, position))
		r->results[position] = j;
	else
		json_decref(j);
	pthread_mutex_unlock(&r->lock);
}

void migrate_report_end(struct migrate_report *r, uint64_t position, const char *path, int err,
			const char *why, const struct migrate_result *result)
{
	if (r->json)
		keep(r, position, migrate_report_object(path, err, why, result));
	else if (r->verbose && !err)
		print_verbose(path, result);
}

json_t *migrate_report_array(struct migrate_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->count; i++) {
		if (r->results[i] && json_array_append(list, r->results[i])) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void migrate_report_init(struct migrate_report *r, bool verbose, bool json)
{
	*r = (struct migrate_report){ .verbose = verbose, .json = json };
	pthread_mutex_init(&r->lock, NULL);
}

void migrate_report_release(struct migrate_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		json_decref(r->results[i]);
	free(r->results);
	pthread_mutex_destroy(&r->lock);
}
