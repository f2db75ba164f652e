/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/place.h"
#include "cli/tally.h"
#include "cli/verb.h"

#include <stdbool.h>
#include <stdio.h>

struct fid_options {
	bool json;
};

static const struct opt options[] = {
	{ .key = OPT_LONG,
	  .name = "json",
	  .help = "print JSON",
	  .take = opt_flag,
	  .offset = offsetof(struct fid_options, json) },
	{ 0 },
};

static int get(struct place_fs *keeper, const char *path, struct fid *ret_fid)
{
	CLEANUP_PLACE struct place place = { .fd = -1 };
	int err = place_open(keeper, path, &place);

	return err ? err : place.fs->ops->fid_get(place.fs, place.fd, ret_fid);
}

static json_t *to_json(const char *path, const char *fid)
{
	json_t *j = json_object();

	json_out_add_name(j, "path", path);
	json_object_set_new(j, "fid", json_string(fid));
	return j;
}

static int run_fid(const struct verb *verb, void *parsed, char **paths)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	const struct fid_options *o = parsed;
	CLEANUP_STRBUF struct strbuf name = { 0 };
	struct tally tally = { 0 };
	json_t *list = NULL;
	bool several = paths[0] && paths[1];

	if (!*paths)
		return complain_usage(verb, "which file?");
	if (o->json)
		list = json_array();
	for (; *paths; paths++) {
		char text[FID_TEXT_MAX];
		struct fid fid;

		error_clear();
		if (tally_add(&tally, verb, *paths, get(&keeper, *paths, &fid)))
			continue;
		if (o->json)
			json_array_append_new(list, to_json(*paths, fid_text(fid, text)));
		else if (several)
			printf("%s: %s\n", out_name(&name, *paths), fid_text(fid, text));
		else
			printf("%s\n", fid_text(fid, text));
	}
	if (o->json && json_out(list))
		return STATUS_FAILED;
	return tally_status(&tally);
}

const struct verb verb_fid = {
	.name = "fid",
	.alias = "path2fid",
	.summary = "print the identifiers of files",
	.synopsis = "[--json] PATH...",
	.about = "Prints the FID of each file or directory: the number that names it for ever in "
		 "its\n"
		 "volume. With several paths, each line begins with the path.",
	.groups = { { "Options", options, 0 } },
	.options_size = sizeof(struct fid_options),
	.run = run_fid,
};
