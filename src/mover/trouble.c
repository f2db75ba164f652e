/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/trouble.h"

#include "base/checked.h"
#include "base/error.h"
#include "layout/raid0.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OSTS_NAMED 4

struct osts {
	unsigned int count;
	char text[80];
};

/* The one that the byte is on, and where its stripe ends. */
static bool find_ost(const struct layout *l, uint32_t mirror_id, uint64_t offset, uint32_t *ret_idx,
		     uint64_t *ret_next)
{
	const struct component *c;
	int found = layout_find(l, mirror_id, offset);

	if (found < 0)
		return false;
	c = &l->comps[found];
	if (!c->object_count || !c->stripe_size)
		return false;
	*ret_idx = c->objects[raid0_stripe(c->stripe_size, c->object_count, offset)].ost_idx;
	*ret_next = MIN_OF(add_sat_u64(offset - offset % c->stripe_size, c->stripe_size), c->end);
	return true;
}

static void add_ost(struct osts *o, uint32_t idx)
{
	char name[16];
	size_t used = strlen(o->text);

	snprintf(name, sizeof(name), " %" PRIu32 ",", idx);
	if (strstr(o->text, name))
		return;
	o->count++;
	if (o->count <= OSTS_NAMED)
		snprintf(o->text + used, sizeof(o->text) - used, "%s", name);
}

/* A write that failed went to one OST or several: which of them is full isn't said. */
static bool find_osts(const struct layout *l, uint32_t mirror_id,
		      const struct transfer_result *here, struct osts *ret_osts)
{
	uint64_t end = add_sat_u64(here->failed_offset, MAX_OF(here->failed_len, UINT64_C(1)));
	uint32_t idx;

	*ret_osts = (struct osts){ 0 };
	for (uint64_t pos = here->failed_offset; pos < end;) {
		if (!find_ost(l, mirror_id, pos, &idx, &pos))
			break;
		add_ost(ret_osts, idx);
	}
	if (!ret_osts->count)
		return false;
	ret_osts->text[strlen(ret_osts->text) - 1] = '\0';
	return true;
}

static int explain_full(struct fs *fs, int fd, uint32_t mirror_id,
			const struct transfer_result *here, const char *why)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct osts osts;

	if (fs->ops->layout_get(fs, fd, &l) || !find_osts(l, mirror_id, here, &osts))
		return fail(-ENOSPC, "%s", why);
	return fail(
		-ENOSPC,
		"%.300s (on %s%s%s; the space of a copy that was given up may take some seconds "
		"to come back)",
		why, osts.count == 1 ? "OST" : "one of the OSTs", osts.text,
		osts.count > OSTS_NAMED ? " and others" : "");
}

const char *trouble_hint(struct fs *fs, int fd, int err)
{
	static _Thread_local char text[TROUBLE_HINT_MAX];

	text[0] = '\0';
	if (err && fs->ops->hint)
		fs->ops->hint(fs, fd, err, text, sizeof(text));
	return text;
}

int trouble_say(struct fs *fs, int fd, int err, const char *what)
{
	const char *hint = trouble_hint(fs, fd, err);

	return err ? fail_sys(err, "%s%s", what, hint) : 0;
}

/* " (mirror 2, OST 5)": what was read or written where it failed. */
static void name_osts(struct fs *fs, int fd, uint32_t mirror_id, const struct transfer_result *here,
		      char *ret_text, size_t size)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	struct osts osts;
	char mirror[24] = "";

	if (!here->failed_len || fs->ops->layout_get(fs, fd, &l) ||
	    !find_osts(l, mirror_id, here, &osts))
		return;
	if (mirror_id)
		snprintf(mirror, sizeof(mirror), "mirror %" PRIu32 ", ", mirror_id);
	snprintf(ret_text, size, " (%s%s%s%s)", mirror, osts.count == 1 ? "OST" : "one of the OSTs",
		 osts.text, osts.count > OSTS_NAMED ? " and others" : "");
}

/* An OST that is away is the cause wherever it failed. Nothing is read for that: the file may be locked. */
static void name_cause(struct fs *fs, int fd, uint32_t mirror_id,
		       const struct transfer_result *here, char *ret_text, size_t size)
{
	int err = fs->ops->mirror_check ? fs->ops->mirror_check(fs, fd, mirror_id, true) : 0;

	*ret_text = '\0';
	if (err == -EIO)
		snprintf(ret_text, size, " (%.200s)", error_text(err));
	else
		name_osts(fs, fd, mirror_id, here, ret_text, size);
}

int trouble_explain(struct fs *fs, int fd, uint32_t mirror_id, const struct transfer_result *here,
		    int err)
{
	char why[ERROR_TEXT_MAX], cause[256] = "";
	const char *hint;

	if (!err)
		return 0;
	snprintf(why, sizeof(why), "%s", error_text(err));
	if (err == -ENOSPC && here->write_failed)
		return explain_full(fs, fd, mirror_id, here, why);
	hint = trouble_hint(fs, fd, err);
	if (!strstr(hint, "OST "))
		name_cause(fs, fd, mirror_id, here, cause, sizeof(cause));
	return fail(err, "%.200s%s%s", why, cause, strstr(why, hint) ? "" : hint);
}

int trouble_of_copy(struct fs *fs, const struct trouble_side *from, const struct trouble_side *to,
		    const struct transfer_result *here, int err)
{
	const struct trouble_side *side = here->read_failed ? from : to;

	/* Of a copy by the file system nobody says which side it was: who knows something of it. */
	if (err && !here->failed_len && !strstr(trouble_hint(fs, to->fd, err), "OST "))
		side = from;
	return trouble_explain(fs, side->fd, side->mirror_id, here, err);
}
