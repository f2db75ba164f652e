/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/dirpair.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void close_sides(struct dirpair *d)
{
	for (int s = 0; d->parent && s < DIRPAIR_SIDES; s++) {
		if (d->side[s].fd >= 0)
			close(d->side[s].fd);
		d->side[s].fd = -1;
	}
}

/* One block: the struct and its two names. */
static struct dirpair *allocate(const char *src_name, const char *dst_name)
{
	size_t src_size = strlen(src_name) + 1, dst_size = strlen(dst_name) + 1;
	struct dirpair *d = calloc(1, sizeof(*d) + src_size + dst_size);
	char *names = (char *)(d + 1);

	if (!d)
		return NULL;
	d->side[DIRPAIR_SRC].name = memcpy(names, src_name, src_size);
	d->side[DIRPAIR_DST].name = memcpy(names + src_size, dst_name, dst_size);
	pthread_mutex_init(&d->lock, NULL);
	atomic_init(&d->refs, 1);
	atomic_init(&d->pending, 1);
	d->users = 1;
	return d;
}

int dirpair_new(struct dirpair *parent, const char *src_name, int src_fd, const char *dst_name,
		int dst_fd, struct dirpair **ret_pair)
{
	struct dirpair *d = allocate(src_name, dst_name);
	int err;

	if (!d) {
		close(src_fd);
		close(dst_fd);
		return -ENOMEM;
	}
	d->parent = dirpair_ref(parent);
	d->depth = parent->depth + 1;
	d->side[DIRPAIR_SRC].fd = src_fd;
	d->side[DIRPAIR_DST].fd = dst_fd;
	err = sys_fstat(src_fd, &d->side[DIRPAIR_SRC].st);
	if (!err)
		err = sys_fstat(dst_fd, &d->side[DIRPAIR_DST].st);
	if (err) {
		dirpair_unref(d);
		return err;
	}
	d->top_dev = parent->parent ? parent->top_dev : d->side[DIRPAIR_SRC].st.st_dev;
	if (d->side[DIRPAIR_DST].st.st_dev == parent->side[DIRPAIR_DST].st.st_dev)
		atomic_init(&d->no_tmpfile, atomic_load(&parent->no_tmpfile));
	*ret_pair = d;
	return 0;
}

int dirpair_new_root(const char *dst_name, int dst_fd, struct dirpair **ret_pair)
{
	struct dirpair *d = allocate("", dst_name);
	int err;

	if (!d)
		return -ENOMEM;
	d->side[DIRPAIR_SRC].fd = AT_FDCWD;
	d->side[DIRPAIR_DST].fd = dst_fd;
	err = sys_fstat(dst_fd, &d->side[DIRPAIR_DST].st);
	if (err) {
		dirpair_unref(d);
		return err;
	}
	*ret_pair = d;
	return 0;
}

struct dirpair *dirpair_ref(struct dirpair *d)
{
	atomic_fetch_add(&d->refs, 1);
	return d;
}

void dirpair_unref(struct dirpair *d)
{
	while (d && atomic_fetch_sub(&d->refs, 1) == 1) {
		struct dirpair *parent = d->parent;

		close_sides(d);
		pthread_mutex_destroy(&d->lock);
		free(d);
		d = parent;
	}
}

/* ---- open while in use ---- */

static bool is_kept(const struct dirpair *d)
{
	return !d->parent ||
	       (!d->done && (d->depth <= DIRPAIR_KEPT_DEPTH || d->depth % DIRPAIR_KEPT_EACH == 0));
}

static bool use_if_open(struct dirpair *d, enum dirpair_side side)
{
	bool open;

	pthread_mutex_lock(&d->lock);
	open = d->side[side].fd != -1;
	d->users += open;
	pthread_mutex_unlock(&d->lock);
	return open;
}

void dirpair_unuse(struct dirpair *d)
{
	pthread_mutex_lock(&d->lock);
	if (--d->users == 0 && !is_kept(d))
		close_sides(d);
	pthread_mutex_unlock(&d->lock);
}

void dirpair_done(struct dirpair *d)
{
	pthread_mutex_lock(&d->lock);
	d->done = true;
	if (!d->users)
		close_sides(d);
	pthread_mutex_unlock(&d->lock);
}

static int open_in(int dirfd, const struct dirside *wanted, int *ret_fd)
{
	CLEANUP_FD int fd = sys_openat(dirfd, wanted->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct stat st;
	int err;

	if (fd < 0)
		return fail_sys(fd, "the directory cannot be opened again");
	err = sys_fstat(fd, &st);
	if (err)
		return fail_sys(err, "the directory cannot be examined again");
	if (!same_file(&st, &wanted->st))
		return fail(-ESTALE, "the directory was moved or replaced meanwhile");
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* From dirfd down through chain[n - 1] ... chain[0]. */
static int open_down(int dirfd, struct dirpair *const *chain, size_t n, enum dirpair_side side,
		     int *ret_fd)
{
	CLEANUP_FD int fd = -1;

	while (n-- > 0) {
		int next = -1;
		int err = open_in(fd >= 0 ? fd : dirfd, &chain[n]->side[side], &next);

		if (err)
			return err;
		fd_cleanup(&fd);
		fd = next;
	}
	*ret_fd = fd_steal(&fd);
	return 0;
}

static int reopen(struct dirpair *d, enum dirpair_side side, int *ret_fd)
{
	CLEANUP_FREE struct dirpair **chain = calloc(d->depth, sizeof(struct dirpair *));
	struct dirpair *above = d;
	size_t n = 0;
	int err;

	if (!chain)
		return -ENOMEM;
	do {
		chain[n++] = above;
		above = above->parent;
	} while (!use_if_open(above, side));
	err = open_down(above->side[side].fd, chain, n, side, ret_fd);
	dirpair_unuse(above);
	return err;
}

/* The caller is a user. */
static int open_side(struct dirpair *d, enum dirpair_side side)
{
	bool open;
	int fd = -1, err;

	pthread_mutex_lock(&d->lock);
	open = d->side[side].fd != -1;
	pthread_mutex_unlock(&d->lock);
	if (open)
		return 0;
	err = reopen(d, side, &fd);
	if (err)
		return err;
	pthread_mutex_lock(&d->lock);
	/* Another user may have been faster. */
	if (d->side[side].fd == -1)
		d->side[side].fd = fd_steal(&fd);
	pthread_mutex_unlock(&d->lock);
	fd_cleanup(&fd);
	return 0;
}

int dirpair_use(struct dirpair *d, unsigned int sides)
{
	int err = 0;

	pthread_mutex_lock(&d->lock);
	d->users++;
	pthread_mutex_unlock(&d->lock);
	for (int s = 0; s < DIRPAIR_SIDES && !err; s++) {
		if (sides & 1U << s)
			err = open_side(d, (enum dirpair_side)s);
	}
	if (err)
		dirpair_unuse(d);
	return err;
}

/* ---- where it is ---- */

bool dirpair_is_inside(const struct dirpair *d, enum dirpair_side side, const struct stat *st)
{
	for (; d->parent; d = d->parent) {
		if (same_file(&d->side[side].st, st))
			return true;
	}
	return false;
}

static void append_name(struct strbuf *path, const char *name)
{
	if (path->len_bytes && path->text[path->len_bytes - 1] != '/')
		strbuf_bytes(path, "/", 1);
	strbuf_bytes(path, name, strlen(name));
}

void dirpair_path(const struct dirpair *d, enum dirpair_side side, const char *name,
		  struct strbuf *path)
{
	CLEANUP_FREE const struct dirpair **chain = calloc(d->depth + 1, sizeof(*chain));
	size_t n = 0;

	if (!chain) {
		path->err = -ENOMEM;
		return;
	}
	for (; d; d = d->parent)
		chain[n++] = d;
	while (n-- > 0)
		append_name(path, chain[n]->side[side].name);
	if (name)
		append_name(path, name);
}
