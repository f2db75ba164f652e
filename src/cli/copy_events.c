/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_events.h"

#include "cli/json_out.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *all_of(const struct copy_event *e)
{
	const struct progress_state *s = e->all;
	json_t *j = json_object();
	uint64_t left;

	json_object_set_new(j, "bytes_done", number(s->done_bytes));
	json_object_set_new(j, "bytes_total", number(s->total_bytes));
	json_object_set_new(j, "files_done", number(s->done_files));
	json_object_set_new(j, "files_failed", number(e->files_failed));
	json_object_set_new(j, "files_total", number(s->total_files));
	json_object_set_new(j, "total_known", json_boolean(s->total_known));
	json_object_set_new(j, "rate", number(s->rate_bytes));
	json_object_set_new(j, "seconds_left",
			    progress_line_seconds_left(s, &left) ? number(left) : json_null());
	return j;
}

static json_t *object_of(const struct copy_event *e)
{
	json_t *j = json_object();

	json_object_set_new(j, "event", json_string(e->name));
	if (e->path) {
		json_out_add_name(j, "path", e->path);
		json_object_set_new(j, "bytes_done", number(e->done_bytes));
		json_object_set_new(j, "bytes_total", number(e->total_bytes));
	}
	if (e->seconds >= 0)
		json_object_set_new(j, "seconds", json_real(e->seconds));
	if (e->error)
		json_object_set_new(j, "error", json_out_text(e->error));
	if (e->details)
		json_object_update_missing(j, e->details);
	json_object_set_new(j, "all", all_of(e));
	return j;
}

void copy_events_add(struct strbuf *b, const struct copy_event *e)
{
	json_t *j = object_of(e);
	CLEANUP_STRBUF struct strbuf line = { 0 };

	if (!json_out_format(&line, j, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9)))
		strbuf_printf(b, "%s\n", line.text);
	json_decref(j);
}
