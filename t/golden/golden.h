/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layout of a real file, with what lfs printed of it. */
#ifndef LOVFS_GOLDEN_GOLDEN_H
#define LOVFS_GOLDEN_GOLDEN_H

#include "../unit/unit.h"

#include "base/error.h"
#include "base/sys.h"
#include "layout/codec.h"
#include "layout/print.h"
#include "layout/xattrdump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* The folder with them: the first argument of the tests. */
static const char *folder = ".";

/* One fixture, as far as it is read. */
struct fixture {
	char name[64];
	struct xattrdump_value value;
	struct layout *layout;
	char *text, *yaml;
	struct print_context ctx;
};

static inline char *slurp(const char *name, const char *suffix)
{
	char path[512], *data = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	if (sys_read_file(AT_FDCWD, path, 1 << 20, &data, &len))
		fail_msg("can't read %s", path);
	return data;
}

/* The number or FID after a name in the text, if it is there. */
static inline const char *find_field(const char *text, const char *field)
{
	const char *at = strstr(text, field);

	return at ? at + strlen(field) : NULL;
}

/* What isn't in the bytes comes from the text that is to be printed: the FID, and a plain layout's
 * generation. */
static inline void read_context(struct fixture *f)
{
	const char *fid = find_field(f->text, "lmm_fid:           ");
	const char *gen = find_field(f->text, "\nlmm_layout_gen:    ");
	char line[FID_TEXT_MAX] = "";

	f->ctx.path = f->name;
	f->ctx.default_stripe_size = 4 << 20;
	f->ctx.default_stripe_count = 1;
	f->ctx.is_directory = strncmp(f->name, "dirdefault", 10) == 0;
	if (fid) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(fid, "\n"), fid);
		assert_int_equal(fid_parse(line, &f->ctx.fid), 0);
	}
	if (gen)
		f->ctx.layout_gen = (uint32_t)strtoul(gen, NULL, 10);
	/* The directory was made under another name. */
	if (f->ctx.is_directory)
		snprintf(f->name, sizeof(f->name), "%.*s", (int)strcspn(f->text, "\n"), f->text);
}

/* In place: the context points to the name. */
static inline void fixture_load(struct fixture *f, const char *name)
{
	char *hex = slurp(name, ".hex");
	struct xattrdump dump = xattrdump_of(hex, strlen(hex));

	memset(f, 0, sizeof(*f));
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->text = slurp(name, ".txt");
	f->yaml = slurp(name, ".yaml");
	assert_int_equal(xattrdump_next(&dump, &f->value), 1);
	if (layout_decode(f->value.bytes, f->value.len_bytes, &f->layout))
		fail_msg("%s: %s", name, error_text(-EUCLEAN));
	read_context(f);
	free(hex);
}

static inline void fixture_release(struct fixture *f)
{
	layout_unref(f->layout);
	xattrdump_value_release(&f->value);
	free(f->text);
	free(f->yaml);
}

#endif
