/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flags of components, of a file m with two mirrors in sync. */
#include "cases.h"
#include "contract.h"

#include "layout/mirror.h"

#include <unistd.h>

#define PREFER (COMP_PREFER_READ | COMP_PREFER_WRITE)

static uint32_t flags_at(struct contract *c, const char *path, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = layout_at(c, path);

	return mirror_flags(l, mirror_id);
}

static uint32_t component_at(struct contract *c, const char *path, uint32_t mirror_id)
{
	CLEANUP_LAYOUT struct layout *l = layout_at(c, path);

	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id)
			return l->comps[i].id;
	}
	return 0;
}

void case_flags_prefer(struct contract *c)
{
	CLEANUP_FD int fd = -1;
	uint32_t id;

	make_mirrored(c, "m", 1);
	id = component_at(c, "m", 2);
	fd = open_rw(c, "m");
	DONE(c->ops->component_flags(c->fs, fd, 2, PREFER, 0));
	CHECK((flags_at(c, "m", 2) & PREFER) == PREFER && !(flags_at(c, "m", 1) & PREFER));
	DONE(c->ops->component_flags(c->fs, fd, 2, PREFER, 0));
	DONE(c->ops->component_flags(c->fs, fd, id, 0, COMP_PREFER_WRITE));
	CHECK((flags_at(c, "m", 2) & PREFER) == COMP_PREFER_READ);
	DONE(c->ops->component_flags(c->fs, fd, id, COMP_PREFER_WRITE, COMP_PREFER_READ));
	CHECK((flags_at(c, "m", 2) & PREFER) == COMP_PREFER_WRITE);
	DONE(c->ops->component_flags(c->fs, fd, 2, 0, PREFER));
	CHECK(!(flags_at(c, "m", 2) & PREFER) && stale_mirror_at(c, "m") == 0);
	CHECK(has_pattern(fd, 1));
}

/* Without mirrors: 0 is the only one, and ids are below 65536 too. */
void case_flags_component(struct contract *c)
{
	CLEANUP_LAYOUT struct layout *before = NULL, *after = NULL;
	CLEANUP_FD int single = -1, both = -1;

	make_file(c, "single", LAYOUT("E-1", "c1"), 1);
	single = open_rw(c, "single");
	DONE(c->ops->component_flags(c->fs, single, 0, COMP_PREFER_READ, 0));
	CHECK((flags_at(c, "single", 0) & PREFER) == COMP_PREFER_READ);
	make_file(c, "both", LAYOUT("E1M", "c1", "E-1", "c2"), 1);
	both = open_rw(c, "both");
	before = layout_at(c, "both");
	DONE(c->ops->component_flags(c->fs, both, before->comps[1].id, COMP_PREFER_READ, 0));
	after = layout_at(c, "both");
	CHECK(!(after->comps[0].flags & PREFER) && after->comps[1].flags & COMP_PREFER_READ);
	WANT(c->ops->component_flags(c->fs, both, 0, COMP_PREFER_READ, 0), -EINVAL);
	CHECK(has_pattern(single, 1) && has_pattern(both, 1));
}

void case_flags_stale(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_mirrored(c, "m", 1);
	fd = open_rw(c, "m");
	DONE(c->ops->component_flags(c->fs, fd, 2, COMP_STALE, 0));
	CHECK(stale_mirror_at(c, "m") == 2 && file_has_pattern("m", 1));
	WANT(c->ops->component_flags(c->fs, fd, 2, 0, COMP_STALE), -EOPNOTSUPP);
	WANT(c->ops->component_flags(c->fs, fd, component_at(c, "m", 2), 0, COMP_STALE),
	     -EOPNOTSUPP);
	CHECK(stale_mirror_at(c, "m") == 2);
	/* Again is no error. */
	DONE(c->ops->component_flags(c->fs, fd, 2, COMP_STALE, 0));
	CHECK(stale_mirror_at(c, "m") == 2);
}

void case_flags_last(struct contract *c)
{
	CLEANUP_FD int fd = -1, single = -1;

	make_mirrored(c, "m", 1);
	fd = open_rw(c, "m");
	DONE(c->ops->component_flags(c->fs, fd, component_at(c, "m", 1), COMP_STALE, 0));
	WANT(c->ops->component_flags(c->fs, fd, 2, COMP_STALE, 0), -EBUSY);
	WANT(c->ops->component_flags(c->fs, fd, component_at(c, "m", 2), COMP_STALE, 0), -EBUSY);
	CHECK(stale_mirror_at(c, "m") == 1 && file_has_pattern("m", 1));
	make_file(c, "single", LAYOUT("E-1", "c1"), 1);
	single = open_rw(c, "single");
	WANT(c->ops->component_flags(c->fs, single, 0, COMP_STALE, 0), -EBUSY);
}

void case_flags_wrong(struct contract *c)
{
	CLEANUP_FD int fd = -1, plain = -1;

	make_mirrored(c, "m", 1);
	fd = open_rw(c, "m");
	WANT(c->ops->component_flags(c->fs, fd, 7, PREFER, 0), -ENOENT);
	WANT(c->ops->component_flags(c->fs, fd, 7 << 16 | 1, PREFER, 0), -ENOENT);
	WANT(c->ops->component_flags(c->fs, fd, 0, PREFER, 0), -EINVAL);
	WANT(c->ops->component_flags(c->fs, fd, 1, PREFER, COMP_PREFER_READ), -EINVAL);
	WANT(c->ops->component_flags(c->fs, fd, 1, 0, COMP_INIT), -EOPNOTSUPP);
	make_file(c, "plain", LAYOUT("c1"), 1);
	plain = open_rw(c, "plain");
	WANT(c->ops->component_flags(c->fs, plain, 0, PREFER, 0), -EINVAL);
	CHECK(!(flags_at(c, "m", 1) & PREFER) && !(flags_at(c, "m", 2) & PREFER));
}
