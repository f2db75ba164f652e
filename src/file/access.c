/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mirror and which components an operation works on, and whether it may. */
#include "file/file_impl.h"

#include "base/error.h"

#include <errno.h>

/* Stands for the layout of a file that has none yet. */
static const struct layout no_layout = { .kind = LAYOUT_COMPOSITE, .mirror_count = 1 };

static bool mirror_in_sync(const struct layout *l, uint32_t mirror_id)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (component_mirror_id(&l->comps[i]) == mirror_id &&
		    l->comps[i].flags & COMP_STALE)
			return false;
	}
	return true;
}

/*
 * The one place that says which mirror is read and written: today the first that is in sync, and
 * read only if there are others.
 */
static int choose_mirror(const struct layout *l, enum access_kind kind, uint32_t *ret_mirror_id)
{
	if (l->kind == LAYOUT_FOREIGN)
		return fail(-EOPNOTSUPP, "the file has a foreign layout: its data is elsewhere");
	if (l->mirror_count <= 1) {
		*ret_mirror_id = l->count ? component_mirror_id(&l->comps[0]) : 0;
		return 0;
	}
	if (kind == ACCESS_CHANGE)
		return fail(-EOPNOTSUPP, "the file has %u mirrors: it can only be read",
			    l->mirror_count);
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_in_sync(l, component_mirror_id(&l->comps[i]))) {
			*ret_mirror_id = component_mirror_id(&l->comps[i]);
			return 0;
		}
	}
	return fail(-EIO, "none of the file's %u mirrors is in sync", l->mirror_count);
}

int access_begin(struct file *f, enum access_kind kind, struct access *ret_access)
{
	struct access a = { .f = f, .kind = kind };
	int err;

	file_lock_shared(f);
	a.layout = f->layout ? f->layout : &no_layout;
	err = choose_mirror(a.layout, kind, &a.mirror_id);
	if (err)
		file_unlock_shared(f);
	else
		*ret_access = a;
	return err;
}

void access_end(struct access *a)
{
	/*
	 * At the end and while still holding commits off: who compares versions during a commit
	 * sees every change before it.
	 */
	if (a->kind == ACCESS_CHANGE)
		file_touch(a->f);
	file_unlock_shared(a->f);
}

bool access_has_component(const struct access *a, const struct component *c)
{
	return a->layout->kind == LAYOUT_PLAIN || component_mirror_id(c) == a->mirror_id;
}

bool access_has_objects(const struct access *a, const struct component *c)
{
	return access_has_component(a, c) && component_has_objects(a->layout, c);
}

static int no_data(const struct component *c)
{
	return fail(-EOPNOTSUPP,
		    "component %u can't be read or written here (pattern 0x%x, flags 0x%x)", c->id,
		    c->pattern, c->flags);
}

static int not_covered(uint64_t offset)
{
	return fail(-ENODATA, "no component of the layout covers offset %ju", (uintmax_t)offset);
}

int access_check_covered(const struct access *a, uint64_t start, uint64_t end,
			 uint64_t *ret_covered)
{
	uint64_t pos = start;

	if (a->layout->count == 0)
		return FILE_NOT_INSTANTIATED;
	while (pos < end) {
		int idx = layout_find(a->layout, a->mirror_id, pos);
		const struct component *c;

		if (idx < 0)
			break;
		c = &a->layout->comps[idx];
		if (!component_has_data(c))
			return no_data(c);
		if (!component_instantiated(a->layout, c))
			return FILE_NOT_INSTANTIATED;
		if (!component_has_objects(a->layout, c))
			return fail(-EUCLEAN, "component %u: %u stripes of %u bytes but %u objects",
				    c->id, c->stripe_count, c->stripe_size, c->object_count);
		pos = MIN_OF(end, c->end);
	}
	if (pos == start)
		return not_covered(start);
	*ret_covered = pos;
	return 0;
}

int access_check_range(const struct access *a, uint64_t start, uint64_t end)
{
	uint64_t covered;
	int err = access_check_covered(a, start, end, &covered);

	if (!err && covered < end)
		err = not_covered(covered);
	return err;
}

int access_check_kinds(const struct access *a, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < a->layout->count; i++) {
		const struct component *c = &a->layout->comps[i];

		if (access_has_component(a, c) && c->start < end && c->end > start &&
		    !component_has_data(c))
			return no_data(c);
	}
	return 0;
}
