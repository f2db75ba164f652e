/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fsync of a file: of all objects, also those that aren't open here yet, as it is about the file's data,
 * whoever wrote it.
 *
 * It may take long, and a commit that waits for the layout lock meanwhile would make all writers wait
 * behind it. So it is done without the lock, on duplicates of the descriptors. A layout that is replaced
 * in between had its data made durable by the commit.
 */
#include "file/file_impl.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

struct sync_object {
	int fd; /* owned */
	struct object_ref ref;
};

struct sync_list {
	struct layout *layout; /* a reference: what the refs are of */
	struct sync_object *objects;
	size_t count, room;
};

static void list_release(struct sync_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		fd_cleanup(&list->objects[i].fd);
	free(list->objects);
	layout_unref(list->layout);
}

static int collect(struct file *f, struct object_ref ref, void *cookie)
{
	struct sync_list *list = cookie;
	int fd = objects_fd_locked(f, ref);

	if (fd < 0)
		return fd;
	if (list->count == list->room) {
		size_t room = 2 * list->room + 8;
		void *grown = reallocarray(list->objects, room, sizeof(*list->objects));

		if (!grown)
			return fail(-ENOMEM, "no memory to sync a file");
		list->objects = grown;
		list->room = room;
	}
	fd = sys_dup(fd);
	if (fd < 0)
		return objects_fail(f->layout, ref, fd, "sync");
	list->objects[list->count++] = (struct sync_object){ fd, ref };
	return 0;
}

/* All devices start writing before the first is waited for. Only a head start: what goes wrong here,
 * fsync will report. */
static void start_all(const struct sync_list *list)
{
	for (size_t i = 0; list->count > 1 && i < list->count; i++)
		(void)!sys_start_writeback(list->objects[i].fd, 0, 0);
}

/* What is asked for. */
struct sync_how {
	bool data_only;
	bool drop; /* then also out of the page cache */
};

static int sync_one(int fd, const struct sync_how *how)
{
	int err = how->data_only ? sys_fdatasync(fd) : sys_fsync(fd);

	return err || !how->drop ? err : sys_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int sync_all(const struct sync_list *list, const struct sync_how *how)
{
	int first_err = 0;

	start_all(list);
	for (size_t i = 0; i < list->count; i++) {
		const struct sync_object *o = &list->objects[i];
		int err = sync_one(o->fd, how);

		if (err && !first_err)
			first_err = objects_fail(list->layout, o->ref, err, "sync");
	}
	return first_err;
}

/* Also where some objects can't be had: the others are made durable. */
static int sync_mirror(struct file *f, uint32_t mirror_id, const void *cookie)
{
	struct sync_list list = { 0 };
	int err, sync_err;

	file_lock_shared(f);
	list.layout = layout_ref(f->layout);
	err = each_object_locked(f, mirror_id, collect, &list);
	file_unlock_shared(f);
	sync_err = sync_all(&list, cookie);
	list_release(&list);
	return err ? err : sync_err;
}

static int sync_file(struct file *f, uint32_t mirror_id, const struct sync_how *how)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(f);

	if (mirror_id == FILE_WHOLE && l && l->mirror_count > 1)
		return each_usable_mirror(f, l, sync_mirror, how);
	return sync_mirror(f, mirror_id, how);
}

int file_sync(struct file *f, uint32_t mirror_id, bool data_only)
{
	return sync_file(f, mirror_id, &(struct sync_how){ .data_only = data_only });
}

int file_drop_cache(struct file *f, uint32_t mirror_id)
{
	return sync_file(f, mirror_id, &(struct sync_how){ .data_only = true, .drop = true });
}
