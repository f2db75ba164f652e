/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/migrate.h"

#include "base/clock.h"
#include "base/error.h"
#include "mover/migrate_steps.h"
#include "mover/migrate_to_mdt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- by swapping layouts ---- */

static int run_step(struct migration *m, const struct migrate_step *s)
{
	m->result->step = s->name;
	if (m->opt->stop && atomic_load(m->opt->stop))
		return fail(-ECANCELED, "interrupted");
	return s->run(m);
}

/* From the first step to the last. What failed keeps its text while the rest is put away. */
static int attempt(struct migration *m)
{
	char text[ERROR_TEXT_MAX];
	int err = 0;

	for (const struct migrate_step *s = migrate_steps_of(m->mode); s->name && !err && !m->done;
	     s++)
		err = run_step(m, s);
	if (err)
		snprintf(text, sizeof(text), "%s", error_text(err));
	migration_close(m);
	return err ? fail(err, "%s", text) : 0;
}

static bool is_worth_another(const struct migration *m, int err)
{
	return err == -EAGAIN && m->mode == MIGRATE_BLOCK && m->result->attempts < MIGRATE_ATTEMPTS;
}

/* m->layout is what was chosen last. */
static int by_swap(struct migration *m)
{
	int err;

	do {
		m->result->attempts++;
		migration_begin(m);
		err = attempt(m);
	} while (is_worth_another(m, err));
	return err;
}

/* ---- by a new mirror ---- */

/* The same layout with nothing on the MDT. */
static struct layout *without_mdt(const struct layout *l)
{
	struct layout *copy = layout_clone(l);

	for (uint32_t i = 0; copy && i < copy->count; i++) {
		if (!component_on_mdt(&copy->comps[i]))
			continue;
		copy->comps[i].pattern = PATTERN_RAID0;
		copy->comps[i].stripe_size = 0;
	}
	return copy;
}

/* The way of a migrate of its own. */
static int leave_mdt(const struct migration *m)
{
	CLEANUP_LAYOUT struct layout *request = without_mdt(m->layout);
	struct migrate_options opt = *m->opt;
	struct migrate_result result = { 0 };
	struct migration other = {
		.fs = m->fs, .path = m->path, .opt = &opt, .mode = m->mode, .result = &result
	};
	int err;

	if (!request)
		return fail(-ENOMEM, "no memory");
	opt.request = request;
	opt.layout = MIGRATE_LAYOUT_GIVEN;
	err = by_swap(&other);
	migration_release(&other);
	return err;
}

static int has_left(int err)
{
	char why[ERROR_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "its data has left the MDT, and not come back: %.450s", why);
}

static int by_mirror(struct migration *m)
{
	int err;

	m->result->step = "take data from the MDT";
	err = m->mdt_bytes ? leave_mdt(m) : 0;
	if (err)
		return err;
	m->result->step = "move data to the MDT";
	m->result->attempts = 0;
	do {
		m->result->attempts++;
		err = migrate_to_mdt(m);
	} while (is_worth_another(m, err));
	return err && m->mdt_bytes ? has_left(err) : err;
}

/* ---- both ---- */

static enum migrate_mode mode_on(const struct fs *fs, enum migrate_mode wanted)
{
	return wanted == MIGRATE_LIVE && !fs->ops->follow_begin ? MIGRATE_BLOCK : wanted;
}

int migrate_file(struct fs *fs, const char *path, const struct migrate_options *opt,
		 struct migrate_result *ret_result)
{
	struct migration m = { .fs = fs,
			       .path = path,
			       .opt = opt,
			       .mode = mode_on(fs, opt->mode),
			       .result = ret_result };
	uint64_t begin = clock_now_ns();
	int err;

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->offloaded = fs->copying == FS_COPYING_RANGE;
	err = by_swap(&m);
	if (!err && m.by_mirror)
		err = by_mirror(&m);
	migration_release(&m);
	ret_result->elapsed_ns = clock_now_ns() - begin;
	if (err == -EAGAIN && m.mode != MIGRATE_LIVE)
		return fail(err, "its data changed during the copy%s",
			    m.mode == MIGRATE_BLOCK ? ", each time it was tried" : "");
	return err;
}
