/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/finish.h"

#include "base/error.h"
#include "base/sys.h"
#include "tree/metadata.h"
#include "tree/outcome.h"
#include "tree/tree_impl.h"

#include <errno.h>

void finish_expect(struct dirpair *d)
{
	atomic_fetch_add(&d->pending, 1);
}

static int set_attributes(struct tree *t, struct dirpair *d)
{
	struct metadata_request r = {
		.src_fd = dirpair_src(d),
		.dst_fd = dirpair_dst(d),
		.may_have_acl = !d->fresh || d->parent->default_acl,
		.src_st = &d->side[DIRPAIR_SRC].st,
		.dst_st = &d->side[DIRPAIR_DST].st,
	};
	int err = 0, sync_err;

	if (t->options.preserve)
		err = metadata_copy(&r);
	if (!t->options.sync)
		return err;
	sync_err = sys_fsync(dirpair_dst(d));
	if (sync_err && !err)
		err = fail_sys(sync_err, "its copy cannot be made durable");
	return err;
}

static void finish(struct tree *t, struct dirpair *d)
{
	int err;

	/* Who was stopped comes again, and needs a directory that can be written. */
	if (!tree_stopped(t)) {
		error_clear();
		err = dirpair_use(d, DIRPAIR_BOTH);
		if (!err) {
			err = set_attributes(t, d);
			dirpair_unuse(d);
		}
		if (err)
			outcome_error(t, d, NULL, NULL, err);
	}
	dirpair_done(d);
}

void finish_drop(struct tree *t, struct dirpair *d)
{
	while (d->parent && atomic_fetch_sub(&d->pending, 1) == 1) {
		struct dirpair *parent = d->parent;

		finish(t, d);
		/* The parent stays: it waits for this one still. */
		dirpair_unref(d);
		d = parent;
	}
}
