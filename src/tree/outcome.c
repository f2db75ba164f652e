/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/outcome.h"

#include "tree/tree_impl.h"

#include <errno.h>

void outcome_tell(struct tree *t, const struct dirpair *d, const char *src_name,
		  const char *dst_name, struct tree_file *file, bool made, int err)
{
	CLEANUP_STRBUF struct strbuf src = { 0 };
	CLEANUP_STRBUF struct strbuf dst = { 0 };

	if (!made && !err && !file)
		return;
	atomic_fetch_add(&t->made, made);
	atomic_fetch_add(&t->failed, err && err != -ECANCELED);
	dirpair_path(d, DIRPAIR_SRC, src_name, &src);
	dirpair_path(d, DIRPAIR_DST, dst_name, &dst);
	t->options.done(t->options.cookie, &(struct tree_name){ .src_path = strbuf_text(&src),
								.dst_path = strbuf_text(&dst),
								.made = made,
								.err = err,
								.file = file });
}

void outcome_error(struct tree *t, const struct dirpair *d, const char *src_name,
		   const char *dst_name, int err)
{
	outcome_tell(t, d, src_name, dst_name, NULL, false, err);
}

void outcome_made(struct tree *t, const struct dirpair *d, const char *src_name,
		  const char *dst_name)
{
	outcome_tell(t, d, src_name, dst_name, NULL, true, 0);
}
