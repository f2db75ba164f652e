/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts of files and directories. */
#include "cases.h"
#include "contract.h"

#include <stdio.h>
#include <unistd.h>

static int create(struct contract *c, const char *path)
{
	int fd = sys_openat(AT_FDCWD, path,
			    O_RDWR | O_CREAT | O_EXCL | c->fs->data_flags | c->fs->create_flags,
			    0644);

	CHECK(fd >= 0);
	return fd;
}

/* Also before anything was written to it. */
void case_layout_plain(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *asked = LAYOUT("c2", "S128k"), *got = NULL, *filled = NULL;
	CLEANUP_FD int fd = create(c, "f");

	contract_needs_osts(c, 2);
	DONE(c->ops->layout_set(c->fs, fd, asked));
	DONE(c->ops->layout_get(c->fs, fd, &got));
	CHECK(got->kind == LAYOUT_PLAIN && got->count == 1);
	CHECK(got->comps[0].stripe_count == 2 && got->comps[0].stripe_size == 128 << 10);
	write_pattern(fd, 1);
	DONE(c->ops->layout_get(c->fs, fd, &filled));
	CHECK(layout_has_objects(filled) && filled->comps[0].object_count == 2);
	CHECK(filled->comps[0].stripe_size == 128 << 10 && has_pattern(fd, 1));
}

static void check_composite(const struct layout *l)
{
	CHECK(l->kind == LAYOUT_COMPOSITE && l->count == 2 && l->mirror_count == 1);
	CHECK(l->comps[0].start == 0 && l->comps[0].end == 1 << 20);
	CHECK(l->comps[1].start == 1 << 20 && l->comps[1].end == LAYOUT_EOF);
	CHECK(l->comps[0].stripe_count == 1 && l->comps[1].stripe_count == 3);
	CHECK(l->comps[0].stripe_size == 64 << 10 && l->comps[1].stripe_size == 256 << 10);
}

void case_layout_composite(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *asked = LAYOUT("E1M", "c1", "S64k", "E-1", "c3", "S256k");
	CLEANUP_LAYOUT struct layout *got = NULL, *filled = NULL;
	CLEANUP_FD int fd = create(c, "f");

	contract_needs_osts(c, 3);
	DONE(c->ops->layout_set(c->fs, fd, asked));
	DONE(c->ops->layout_get(c->fs, fd, &got));
	check_composite(got);
	write_pattern(fd, 1);
	DONE(c->ops->layout_get(c->fs, fd, &filled));
	check_composite(filled);
	CHECK(component_instantiated(filled, &filled->comps[0]));
	CHECK(!component_instantiated(filled, &filled->comps[1]) && has_pattern(fd, 1));
}

static void check_refused(struct contract *c, const char *path, struct layout *l)
{
	CLEANUP_LAYOUT struct layout *before = layout_at(c, path), *after = NULL;
	CLEANUP_FD int fd = open_rw(c, path);

	WANT(c->ops->layout_set(c->fs, fd, l), -EEXIST);
	after = layout_at(c, path);
	CHECK(layout_equal(before, after) && file_has_pattern(path, 1));
	layout_unref(l);
}

void case_layout_exists(struct contract *c)
{
	make_file(c, "plain", LAYOUT("c2"), 1);
	check_refused(c, "plain", LAYOUT("c1"));
	check_refused(c, "plain", LAYOUT("E-1", "c1"));
	make_file(c, "composite", LAYOUT("E1M", "c2", "E-1", "c1"), 1);
	check_refused(c, "composite", LAYOUT("c1"));
	check_refused(c, "composite", LAYOUT("E-1", "c1"));
}

static void check_default(struct contract *c, int dir, struct layout *l, uint16_t stripes,
			  const char *name)
{
	CLEANUP_LAYOUT struct layout *got = NULL, *of_file = NULL;
	CLEANUP_FD int fd = -1;

	DONE(c->ops->layout_set(c->fs, dir, l));
	DONE(c->ops->layout_get(c->fs, dir, &got));
	CHECK(got->kind == l->kind && got->comps[0].stripe_count == stripes);
	fd = sys_openat(dir, name, O_RDWR | O_CREAT | O_EXCL | c->fs->data_flags, 0644);
	CHECK(fd >= 0);
	write_pattern(fd, 1);
	DONE(c->ops->layout_get(c->fs, fd, &of_file));
	CHECK(of_file->kind == l->kind && of_file->comps[0].stripe_count == stripes);
	layout_unref(l);
}

/* What a directory's xattr doesn't tell on Lustre (2.17: always 0xffff) is asked for otherwise. */
static void check_default_ost(struct contract *c, int dir)
{
	CLEANUP_LAYOUT struct layout *asked = LAYOUT("c1", "i1"), *got = NULL;

	DONE(c->ops->layout_set(c->fs, dir, asked));
	DONE(c->ops->layout_get(c->fs, dir, &got));
	CHECK(got->comps[0].offset_or_gen == 1);
}

void case_layout_default(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *none = NULL;
	CLEANUP_FD int dir = -1;

	contract_needs_osts(c, 3);
	CHECK(sys_mkdirat(AT_FDCWD, "d", 0755) == 0);
	dir = sys_openat(AT_FDCWD, "d", O_RDONLY | O_DIRECTORY, 0);
	CHECK(dir >= 0);
	WANT(c->ops->layout_get(c->fs, dir, &none), -ENODATA);
	check_default(c, dir, LAYOUT("c3"), 3, "a");
	check_default(c, dir, LAYOUT("E1M", "c2", "E-1", "c1"), 2, "b");
	check_default_ost(c, dir);
	DONE(c->ops->layout_unset(c->fs, dir));
	WANT(c->ops->layout_get(c->fs, dir, &none), -ENODATA);
	EITHER(c->ops->layout_unset(c->fs, dir), 0, -ENODATA);
}

/* More files than could be there by chance. */
void case_layout_first_ost(struct contract *c)
{
	contract_needs_osts(c, 2);
	for (int i = 0; i < 8; i++) {
		CLEANUP_LAYOUT struct layout *l = NULL;
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		make_file(c, name, LAYOUT("c2", "i0"), 1);
		l = layout_at(c, name);
		CHECK(l->comps[0].object_count == 2 && l->comps[0].objects[0].ost_idx == 0);
	}
}

static void check_osts(struct contract *c, const char *path, struct layout *asked)
{
	CLEANUP_LAYOUT struct layout *l = NULL;

	make_file(c, path, asked, 1);
	l = layout_at(c, path);
	CHECK(l->comps[0].object_count == 2 && l->comps[0].stripe_count == 2);
	CHECK(l->comps[0].objects[0].ost_idx == 3 && l->comps[0].objects[1].ost_idx == 1);
	CHECK(file_has_pattern(path, 1));
}

void case_layout_osts(struct contract *c)
{
	contract_needs_osts(c, 4);
	check_osts(c, "plain", LAYOUT("o3,1"));
	check_osts(c, "composite", LAYOUT("E-1", "o3,1"));
}
