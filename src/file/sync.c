/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file/file_impl.h"

#include "base/sys.h"

typedef int sync_fn(struct file *f, struct object_ref ref);

/* Only a head start: what goes wrong here, fsync will report. */
static int start_object(struct file *f, struct object_ref ref)
{
	int fd = objects_fd_locked(f, ref);
	int ignored = fd < 0 ? fd : sys_start_writeback(fd, 0, 0);

	(void)ignored;
	return 0;
}

static int sync_data(struct file *f, struct object_ref ref)
{
	int fd = objects_fd_locked(f, ref);
	int err = fd < 0 ? fd : sys_fdatasync(fd);

	return err && fd >= 0 ? objects_fail(f->layout, ref, err, "sync") : err;
}

static int sync_all(struct file *f, struct object_ref ref)
{
	int fd = objects_fd_locked(f, ref);
	int err = fd < 0 ? fd : sys_fsync(fd);

	return err && fd >= 0 ? objects_fail(f->layout, ref, err, "sync") : err;
}

/* Calls fn for each object of every mirror, also after one failed; the first error. */
static int for_each_object_locked(struct file *f, sync_fn *fn)
{
	int first_err = 0;

	for (uint32_t i = 0; f->layout && i < f->layout->count; i++) {
		const struct component *c = &f->layout->comps[i];

		for (uint32_t k = 0; component_has_objects(f->layout, c) && k < c->stripe_count;
		     k++) {
			int err = fn(f, (struct object_ref){ i, k });

			if (err && !first_err)
				first_err = err;
		}
	}
	return first_err;
}

/*
 * All objects, also those that aren't open here yet: fsync is about the file's data, whoever wrote
 * it. All devices start writing before the first is waited for.
 */
int file_sync(struct file *f, bool data_only)
{
	int err;

	file_lock_shared(f);
	err = for_each_object_locked(f, start_object);
	if (!err)
		err = for_each_object_locked(f, data_only ? sync_data : sync_all);
	file_unlock_shared(f);
	return err;
}
