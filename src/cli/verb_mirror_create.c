/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/complain.h"
#include "cli/layout_args.h"
#include "cli/mirror_warn.h"
#include "cli/ost_warn.h"
#include "cli/place.h"
#include "cli/seen.h"
#include "cli/set_layout.h"
#include "cli/tally.h"
#include "cli/verb_mirror.h"

#include <errno.h>

static int create_all(const struct verb *verb, char **paths, const struct layout *request)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	struct mirror_warn warn = { .verb = verb };
	struct tally tally = { 0 };
	struct seen seen;

	seen_init(&seen);
	for (; *paths; paths++) {
		struct fs *fs;

		if (seen_before(&seen, *paths, true))
			continue;
		error_clear();
		if (!tally_add(&tally, verb, *paths, set_layout(&keeper, *paths, request, &fs))) {
			mirror_warn_new(&warn, fs, *paths, request);
			ost_warn_new(verb, fs, *paths, request);
		}
		/* Also if it was made just now. */
		(void)seen_before(&seen, *paths, true);
	}
	seen_release(&seen);
	return tally_status(&tally);
}

static int run_create(const struct verb *verb, void *parsed, char **paths)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	const struct layout_args *a = parsed;
	int err;

	if (!*paths)
		return complain_usage(verb, "which file or directory?");
	err = layout_args_finish(a, 0, &request);
	if (err == -EINVAL || err == -ERANGE)
		return complain_usage(verb, "%s", error_text(err));
	if (err) {
		complain(verb, NULL, err);
		return STATUS_FAILED;
	}
	if (!a->yaml && !a->copy && !layout_args_count(a, LAYOUT_OPTION_MIRROR))
		return complain_usage(verb, "-N is missing: it begins each mirror");
	return create_all(verb, paths, request);
}

static void release(void *parsed)
{
	layout_args_release(parsed);
}

const struct verb verb_mirror_create = {
	.name = "mirror create",
	.summary = "create a file with mirrors, or set a directory's default",
	.synopsis = "{-N[N] [LAYOUT OPTION...]}... FILE|DIRECTORY...",
	.about = "Creates each FILE, which must not have data yet, with the mirrors. -N begins a "
		 "mirror, or as\n"
		 "many alike as it says, and the options after it are of these. Of a DIRECTORY it "
		 "sets the\n"
		 "default for what is made in it.",
	.groups = { { "Mirrors", layout_args_mirror_opts, 0 }, { "Layout", layout_args_opts, 0 } },
	.options_size = sizeof(struct layout_args),
	.release = release,
	.run = run_create,
};
