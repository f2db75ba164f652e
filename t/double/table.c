/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Some descriptors are closed, and their numbers used again, by libc itself (fclose, closedir, opendir): so
 * what is found in the table is compared with what the descriptor really is.
 */
#include "table.h"

#include "lovfs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX 65536

static struct open_file *table[TABLE_MAX];
static int table_end; /* above the highest number that was ever used */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void close_extra_locked(struct open_file *f)
{
	for (unsigned int i = 0; i < f->mirror_count; i++) {
		if (f->mirrors[i].read_fd >= 0)
			real.close(f->mirrors[i].read_fd);
		if (f->mirrors[i].write_fd >= 0)
			real.close(f->mirrors[i].write_fd);
	}
	f->mirror_count = 0;
	if (f->write_fd >= 0)
		real.close(f->write_fd);
	f->write_fd = -1;
}

static void close_holder_locked(struct open_file *f)
{
	if (f->holder_fd >= 0)
		real.close(f->holder_fd);
	f->holder_fd = -1;
}

static void put_locked(struct open_file *f)
{
	if (--f->refs > 0)
		return;
	close_extra_locked(f);
	close_holder_locked(f);
	if (f->path_fd >= 0)
		real.close(f->path_fd);
	free(f);
}

void table_put(struct open_file *f)
{
	int err = errno;

	if (!f)
		return;
	pthread_mutex_lock(&lock);
	put_locked(f);
	pthread_mutex_unlock(&lock);
	errno = err;
}

static void set_locked(int fd, struct open_file *f)
{
	struct open_file *old = table[fd];

	table[fd] = f;
	if (fd >= table_end)
		table_end = fd + 1;
	if (f)
		f->fd = fd;
	if (!old)
		return;
	/* The others of a dup() go on by another number. */
	for (int i = 0; old->refs > 1 && old->fd == fd && i < table_end; i++) {
		if (table[i] == old)
			old->fd = i;
	}
	put_locked(old);
}

static struct open_file *make(int fd, int flags, int path_fd)
{
	struct open_file *f;
	struct identity id;

	if (fd >= TABLE_MAX || !double_is_ours(fd, &id))
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	*f = (struct open_file){
		.fd = fd,
		.regular = S_ISREG(id.mode),
		.replaced = path_fd >= 0,
		.path_fd = path_fd,
		.flags = flags,
		.dev = id.dev,
		.ino = id.ino,
		.direct = flags & O_DIRECT,
		.refs = 1,
		.write_fd = -1,
		.holder_fd = -1,
	};
	if (lovfs_fid(fd, &f->fid))
		memset(&f->fid, 0, sizeof(f->fid));
	return f;
}

void table_add(int fd, int flags, int path_fd, bool created_with_objects)
{
	struct open_file *f;

	if (fd < 0 || fd >= TABLE_MAX)
		return;
	f = flags & O_PATH ? NULL : make(fd, flags, path_fd);
	if (f)
		f->has_objects = created_with_objects;
	pthread_mutex_lock(&lock);
	set_locked(fd, f);
	pthread_mutex_unlock(&lock);
}

static bool is_still(const struct open_file *f, const struct identity *id)
{
	return f && f->dev == id->dev && f->ino == id->ino;
}

/* One that was inherited, or opened by libc. */
static void adopt(int fd)
{
	int flags = real.fcntl(fd, F_GETFL);

	if (flags >= 0)
		table_add(fd, flags, -1, false);
}

static struct open_file *find(int fd, const struct identity *id)
{
	struct open_file *f;

	pthread_mutex_lock(&lock);
	f = table[fd];
	if (is_still(f, id))
		f->refs++;
	else
		f = NULL;
	pthread_mutex_unlock(&lock);
	return f;
}

struct open_file *table_get(int fd)
{
	int err = errno;
	struct open_file *f;
	struct identity id;

	if (fd < 0 || fd >= TABLE_MAX || !double_is_ours(fd, &id)) {
		errno = err;
		return NULL;
	}
	f = find(fd, &id);
	if (!f) {
		adopt(fd);
		f = find(fd, &id);
	}
	errno = err;
	return f;
}

int table_each(int (*fn)(struct open_file *f, void *cookie), void *cookie)
{
	int result = 0, end;

	pthread_mutex_lock(&lock);
	end = table_end;
	pthread_mutex_unlock(&lock);
	for (int fd = 0; result == 0 && fd < end; fd++) {
		struct open_file *f;

		pthread_mutex_lock(&lock);
		f = table[fd];
		if (f && f->fd == fd)
			f->refs++;
		else
			f = NULL;
		pthread_mutex_unlock(&lock);
		if (f)
			result = fn(f, cookie);
		table_put(f);
	}
	return result;
}

void table_closed(int fd)
{
	int err = errno;

	if (fd < 0 || fd >= TABLE_MAX)
		return;
	pthread_mutex_lock(&lock);
	set_locked(fd, NULL);
	pthread_mutex_unlock(&lock);
	errno = err;
}

void table_closed_range(unsigned int first, unsigned int last)
{
	for (unsigned int fd = first; fd <= last && fd < TABLE_MAX; fd++) {
		if (table[fd])
			table_closed((int)fd);
	}
}

void table_duplicated(int fd, int new_fd)
{
	struct open_file *f;

	if (new_fd < 0 || new_fd >= TABLE_MAX || fd == new_fd)
		return;
	f = table_get(fd);
	pthread_mutex_lock(&lock);
	if (f)
		f->refs++;
	set_locked(new_fd, f);
	if (f)
		f->fd = fd;
	pthread_mutex_unlock(&lock);
	table_put(f);
}

/* ---- what is opened by need ---- */

static struct mirror_fds *mirror_locked(struct open_file *f, uint32_t id)
{
	for (unsigned int i = 0; i < f->mirror_count; i++) {
		if (f->mirrors[i].id == id)
			return &f->mirrors[i];
	}
	if (f->mirror_count == LOVFS_MIRRORS_MAX)
		close_extra_locked(f);
	f->mirrors[f->mirror_count] = (struct mirror_fds){ id, -1, -1 };
	return &f->mirrors[f->mirror_count++];
}

int table_mirror_fd(struct open_file *f, uint32_t id, bool writing)
{
	struct mirror_fds *m;
	int *fd, opened;

	pthread_mutex_lock(&lock);
	m = mirror_locked(f, id);
	fd = writing ? &m->write_fd : &m->read_fd;
	if (*fd < 0)
		*fd = lovfs_open_mirror(&f->fid, id, (writing ? O_RDWR : O_RDONLY) | O_DIRECT);
	opened = *fd;
	pthread_mutex_unlock(&lock);
	return opened;
}

int table_write_fd(struct open_file *f)
{
	char path[PROC_PATH_MAX];
	int fd;

	pthread_mutex_lock(&lock);
	if (f->write_fd < 0) {
		fd = real.openat(AT_FDCWD, table_own_path(f, path),
				 O_WRONLY | O_DIRECT | O_CLOEXEC);
		f->write_fd = fd < 0 ? -errno : double_hide_fd(fd);
	}
	fd = f->write_fd;
	pthread_mutex_unlock(&lock);
	return fd;
}

int table_holder_fd(struct open_file *f)
{
	char path[PROC_PATH_MAX];
	int fd;

	if ((f->flags & O_ACCMODE) != O_RDONLY)
		return f->fd;
	pthread_mutex_lock(&lock);
	if (f->holder_fd < 0) {
		fd = real.openat(AT_FDCWD, table_own_path(f, path), O_RDWR | O_DIRECT | O_CLOEXEC);
		f->holder_fd = fd < 0 ? -errno : double_hide_fd(fd);
	}
	fd = f->holder_fd;
	pthread_mutex_unlock(&lock);
	return fd;
}

void table_close_holder(struct open_file *f)
{
	pthread_mutex_lock(&lock);
	close_holder_locked(f);
	pthread_mutex_unlock(&lock);
}

void table_close_extra(struct open_file *f)
{
	pthread_mutex_lock(&lock);
	close_extra_locked(f);
	pthread_mutex_unlock(&lock);
}

/* ---- paths ---- */

const char *table_own_path(const struct open_file *f, char buf[PROC_PATH_MAX])
{
	return double_proc_path(f->replaced ? f->path_fd : f->fd, buf);
}

const char *table_fix_path(const char *path, char buf[PROC_PATH_MAX])
{
	int fd = path && double_mount()->active ? double_proc_fd(path) : -1;
	struct open_file *f = fd >= 0 ? table_get(fd) : NULL;

	if (f && f->replaced)
		path = table_own_path(f, buf);
	table_put(f);
	return path;
}
