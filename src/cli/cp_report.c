/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cp_report.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/progress_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

void cp_report_init(struct cp_report *r, const struct verb *verb, const struct cp_args *args)
{
	bool json = args->json && !args->copy.events;

	*r = (struct cp_report){ .verb = verb,
				 .verbose = copy_args_verbose(&args->copy) && !json,
				 .verify = args->verify,
				 .events = args->copy.events,
				 .list = json ? json_array() : NULL };
	pthread_mutex_init(&r->lock, NULL);
}

/* ---- text ---- */

static void print_made(const struct cp_report *r, const struct tree_name *name)
{
	const struct copy_data_file *f = name->file ? name->file->data : NULL;
	CLEANUP_STRBUF struct strbuf src = { 0 }, dst = { 0 };
	char size[SIZE_TEXT_MAX];

	progress_line_pause();
	printf("%s -> %s", out_name(&src, name->src_path), out_name(&dst, name->dst_path));
	if (f) {
		const struct lov_copy_result *m = &f->result;

		printf(": %s in %.2f s: %" PRIu64 " bytes shared, %" PRIu64
		       " in the kernel, %" PRIu64 " by direct I/O, %" PRIu64
		       " through the page cache, %" PRIu64 " holes",
		       size_text(m->copied_bytes, size), (double)m->elapsed_ns / (double)NS_PER_S,
		       m->shared_bytes, m->kernel_bytes, m->direct_bytes,
		       m->uring_bytes + m->buffered_bytes, m->hole_bytes);
		if (r->verify)
			printf("; %" PRIu64 " verified", m->verified_bytes);
	}
	putchar('\n');
	progress_line_resume();
}

static void print_choices(struct copy_data *data)
{
	struct copy_data_choice c;

	for (unsigned int i = 0; copy_data_choice(data, i, &c); i++) {
		char kernel[SIZE_TEXT_MAX], direct[SIZE_TEXT_MAX];

		printf("from device %u:%u to %u:%u: %s/s in the kernel, %s/s by direct I/O: took "
		       "%s\n",
		       major(c.src_dev), minor(c.src_dev), major(c.dst_dev), minor(c.dst_dev),
		       size_text(c.kernel_bytes_per_s, kernel),
		       size_text(c.direct_bytes_per_s, direct),
		       c.kernel_bytes_per_s >= c.direct_bytes_per_s ? "the kernel" : "direct I/O");
	}
}

/* ---- JSON ---- */

static void add_moved(json_t *j, const struct lov_copy_result *m)
{
	json_object_set_new(j, "copied_bytes", json_integer((json_int_t)m->copied_bytes));
	json_object_set_new(j, "seconds", json_real((double)m->elapsed_ns / (double)NS_PER_S));
	json_object_set_new(j, "moved",
			    json_pack("{s:I, s:I, s:I, s:I, s:I}", "shared_bytes",
				      (json_int_t)m->shared_bytes, "kernel_bytes",
				      (json_int_t)m->kernel_bytes, "direct_bytes",
				      (json_int_t)m->direct_bytes, "buffered_bytes",
				      (json_int_t)(m->uring_bytes + m->buffered_bytes),
				      "hole_bytes", (json_int_t)m->hole_bytes));
	json_object_set_new(j, "verified_bytes", json_integer((json_int_t)m->verified_bytes));
}

static json_t *to_json(const struct tree_name *name)
{
	const struct copy_data_file *f = name->file ? name->file->data : NULL;
	json_t *j = json_object();

	json_out_add_name(j, "path", name->src_path);
	json_out_add_name(j, "destination", name->dst_path);
	json_object_set_new(j, "copied", json_boolean(name->made));
	if (f)
		add_moved(j, &f->result);
	if (name->err)
		json_object_set_new(j, "error", json_out_text(error_text(name->err)));
	return j;
}

/* ---- the whole ---- */

static void say_locked(struct cp_report *r, const struct tree_name *name)
{
	/* What was stopped has no cause of its own. */
	if (name->err && name->err != -ECANCELED)
		complain(r->verb, *name->src_path ? name->src_path : name->dst_path, name->err);
	if (r->list)
		json_array_append_new(r->list, to_json(name));
	else if (r->verbose && name->made)
		print_made(r, name);
}

static void end_file(const struct cp_report *r, const struct tree_name *name,
		     struct copy_data_file *f)
{
	copy_watch_end(&f->watch, name->err, name->err ? error_text(name->err) : NULL,
		       r->events ? to_json(name) : NULL);
	free(f);
}

void cp_report_name(struct cp_report *r, const struct tree_name *name)
{
	struct copy_data_file *f = name->file ? name->file->data : NULL;
	char why[ERROR_TEXT_MAX] = "";

	if (name->err)
		snprintf(why, sizeof(why), "%s", error_text(name->err));
	pthread_mutex_lock(&r->lock);
	say_locked(r, name);
	pthread_mutex_unlock(&r->lock);
	if (name->err)
		fail(name->err, "%s", why);
	if (f)
		end_file(r, name, f);
}

void cp_report_operand(struct cp_report *r, const char *path, int err)
{
	cp_report_name(r, &(struct tree_name){ .src_path = path, .dst_path = "", .err = err });
}

int cp_report_end(struct cp_report *r, struct copy_data *data)
{
	int err = 0;

	if (r->verbose)
		print_choices(data);
	if (r->list)
		err = json_out(r->list);
	r->list = NULL;
	pthread_mutex_destroy(&r->lock);
	return err;
}
