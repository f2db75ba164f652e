/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to every object of a file, not to a range: setting times, syncing, looking after it. */
#include "file/file_impl.h"

#include "base/error.h"

#include <errno.h>

static int each_of_mirror(struct file *f, uint32_t mirror_id, each_object_fn *fn, void *cookie)
{
	int first_err = 0;

	for (uint32_t i = 0; i < f->layout->count; i++) {
		const struct component *c = &f->layout->comps[i];

		if (!component_is_of(f->layout, c, mirror_id) ||
		    !component_has_objects(f->layout, c))
			continue;
		for (uint32_t k = 0; k < c->stripe_count; k++) {
			int err = fn(f, (struct object_ref){ i, k }, cookie);

			if (err && !first_err)
				first_err = err;
		}
	}
	return first_err;
}

int each_usable_mirror(struct file *f, const struct layout *l, each_mirror_fn *fn,
		       const void *cookie)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);
	bool whole = count == 0; /* nothing to do */
	int first_err = 0;

	for (unsigned int i = 0; i < count; i++) {
		int err;

		if (!mirror_choice_counts(l, ids[i]))
			continue;
		err = fn(f, ids[i], cookie);
		if (!err)
			whole = true;
		else if (!first_err)
			first_err = err;
	}
	if (whole)
		return 0;
	return first_err ? first_err
			 : fail(-EIO, "none of the file's %u mirrors can be used", count);
}

/* What is done to each object, for each_usable_mirror(). */
struct object_visit {
	each_object_fn *fn;
	void *cookie;
};

static int visit_mirror(struct file *f, uint32_t mirror_id, const void *cookie)
{
	const struct object_visit *visit = cookie;

	return each_of_mirror(f, mirror_id, visit->fn, visit->cookie);
}

int each_object_locked(struct file *f, uint32_t mirror_id, each_object_fn *fn, void *cookie)
{
	const struct object_visit visit = { fn, cookie };
	int err;

	if (mirror_id == FILE_WHOLE)
		return f->layout ? each_usable_mirror(f, f->layout, visit_mirror, &visit) : 0;
	err = mirror_choice_check_exists(f->layout, mirror_id);
	return err ? err : each_of_mirror(f, mirror_id, fn, cookie);
}
