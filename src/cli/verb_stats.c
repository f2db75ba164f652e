/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "cli/choices.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/place.h"
#include "cli/tally.h"
#include "cli/verb.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct stats_options {
	bool json;
};

static const struct opt options[] = {
	{ .key = OPT_LONG,
	  .name = "json",
	  .help = "print JSON",
	  .take = opt_flag,
	  .offset = offsetof(struct stats_options, json) },
	{ 0 },
};

/* One description of the numbers for text and JSON. */
static const struct number {
	const char *name;
	size_t offset;
} numbers[] = {
	{ "shared_bytes", offsetof(struct fs_moved, shared_bytes) },
	{ "kernel_bytes", offsetof(struct fs_moved, kernel_bytes) },
	{ "user_bytes", offsetof(struct fs_moved, user_bytes) },
	{ "direct_bytes", offsetof(struct fs_moved, direct_bytes) },
	{ "hole_bytes", offsetof(struct fs_moved, hole_bytes) },
	{ "read_bytes", offsetof(struct fs_moved, read_bytes) },
	{ "written_bytes", offsetof(struct fs_moved, written_bytes) },
	{ "failovers", offsetof(struct fs_moved, failovers) },
};

static uint64_t number_of(const struct fs_moved *m, const struct number *n)
{
	return *(const uint64_t *)((const char *)m + n->offset);
}

static void print_text(struct fs *fs, const struct fs_moved *m)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	printf("mount_point:   %s\n", out_yaml(&b, fs->mount_point));
	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		printf("%s:%*s%" PRIu64 "\n", numbers[i].name, 14 - (int)strlen(numbers[i].name),
		       "", number_of(m, &numbers[i]));
	choices_print(fs);
}

static json_t *to_json(struct fs *fs, const struct fs_moved *m)
{
	json_t *object = json_object();

	json_out_add_name(object, "mount_point", fs->mount_point);
	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		json_object_set_new(object, numbers[i].name,
				    json_integer((json_int_t)number_of(m, &numbers[i])));
	json_object_set_new(object, "choices", choices_json(fs));
	return object;
}

static int show(struct place_fs *keeper, const char *path, json_t *list)
{
	struct fs_moved moved;
	struct fs *fs;
	int err = place_fs_get(keeper, path, &fs);

	if (!err)
		err = fs->ops->moved(fs, fs->root_fd, &moved);
	if (err)
		return err;
	if (list)
		json_array_append_new(list, to_json(fs, &moved));
	else
		print_text(fs, &moved);
	return 0;
}

static int run_stats(const struct verb *verb, void *parsed, char **paths)
{
	CLEANUP_PLACE_FS struct place_fs keeper = PLACE_FS_INIT;
	const struct stats_options *o = parsed;
	struct tally tally = { 0 };
	json_t *list = NULL;

	if (o->json)
		list = json_array();
	if (!*paths)
		tally_add(&tally, verb, ".", show(&keeper, ".", list));
	for (; *paths; paths++) {
		error_clear();
		tally_add(&tally, verb, *paths, show(&keeper, *paths, list));
	}
	if (o->json && json_out(list))
		return STATUS_FAILED;
	return tally_status(&tally);
}

const struct verb verb_stats = {
	.name = "stats",
	.summary = "how the bytes of copies moved",
	.synopsis = "[--json] [PATH...]",
	.about = "For the volume that each path (default: the working directory) is on, prints how "
		 "the\n"
		 "bytes of copies moved since it was mounted: extents shared, copied in the kernel "
		 "or by a\n"
		 "file server, carried through user space by the daemon, and holes that were kept; "
		 "and how\n"
		 "many bytes programs read and wrote, and how many reads had to go to another "
		 "mirror.",
	.groups = { { "Options", options, 0 } },
	.options_size = sizeof(struct stats_options),
	.run = run_stats,
};
