/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/tree.h"

#include "base/error.h"
#include "base/pool.h"
#include "base/sys.h"
#include "tree/finish.h"
#include "tree/metadata.h"
#include "tree/outcome.h"
#include "tree/regular.h"
#include "tree/special.h"
#include "tree/tree_impl.h"
#include "tree/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Batches that wait, for each thread: directories and descriptors are open for each. */
#define ROOM_PER_THREAD 2

/* ---- the threads ---- */

static void copy_entry(struct tree *t, struct dirpair *d, const struct batch_entry *e)
{
	bool maybe_regular = e->type == DT_REG || e->type == DT_UNKNOWN;

	error_clear();
	if (!maybe_regular || !regular_copy(t, d, e))
		special_copy(t, d, e);
}

static void work(void *arg)
{
	struct tree *t = arg;
	struct batch *b;

	while ((b = batches_get(t->queue))) {
		const struct batch_entry *e;
		struct dirpair *d = b->dir;

		while ((e = batch_take(b))) {
			if (!tree_stopped(t))
				copy_entry(t, d, e);
		}
		if (!batches_leave(t->queue, b))
			continue;
		batch_free(b);
		dirpair_unuse(d);
		finish_drop(t, d);
		batches_done(t->queue);
	}
}

/* ---- what the caller names ---- */

static int is_below(int dirfd, const struct stat *st)
{
	CLEANUP_FD int fd = sys_openat(dirfd, ".", O_PATH | O_DIRECTORY, 0);
	struct stat here, above;
	int err = fd < 0 ? fd : sys_fstat(fd, &here);

	while (!err) {
		int up;

		if (same_file(&here, st))
			return fail(-EINVAL, "a directory cannot be copied into itself");
		up = sys_openat(fd, "..", O_PATH | O_DIRECTORY, 0);
		/* The walk will see it as well, later. */
		if (up == -EACCES)
			return 0;
		if (up < 0)
			return fail_sys(up, "the way up from the destination cannot be seen");
		fd_cleanup(&fd);
		fd = up;
		err = sys_fstat(fd, &above);
		if (!err && same_file(&above, &here))
			return 0;
		here = above;
	}
	return fail_sys(err, "the way up from the destination cannot be seen");
}

static int copy_directory(struct tree *t, const char *src_path, const char *dst_name,
			  const struct stat *st)
{
	int err;

	if (!t->options.recursive)
		return fail(-EISDIR, "is a directory; -r copies it");
	err = is_below(dirpair_dst(t->root), st);
	if (!err)
		walk_directory(t, src_path, dst_name);
	return err;
}

/* A batch of one. */
static int copy_other(struct tree *t, const char *src_path, const char *dst_name,
		      const struct stat *st)
{
	size_t src_size = strlen(src_path) + 1, dst_size = strlen(dst_name) + 1;
	char *names = malloc(src_size + dst_size);
	struct batch *b;

	if (!names)
		return -ENOMEM;
	memcpy(names, src_path, src_size);
	memcpy(names + src_size, dst_name, dst_size);
	b = batch_new(t->root, names, 1);
	if (!b)
		return -ENOMEM;
	b->entries[b->count++] = (struct batch_entry){
		.src_name = names,
		.dst_name = names + src_size,
		.ino = st->st_ino,
		.type = (unsigned char)IFTODT(st->st_mode),
	};
	/* The root is always open, and never finished. */
	if (dirpair_use(t->root, 0)) {
		batch_free(b);
		return -EBADF;
	}
	batches_add(t->queue, b);
	return 0;
}

void tree_copy(struct tree *t, const char *src_path, const char *dst_name)
{
	struct stat st;
	int err;

	if (tree_stopped(t))
		return;
	error_clear();
	err = sys_fstatat(AT_FDCWD, src_path, &st, t->options.recursive ? AT_SYMLINK_NOFOLLOW : 0);
	if (err)
		fail_sys(err, "cannot be examined");
	else if (S_ISDIR(st.st_mode))
		err = copy_directory(t, src_path, dst_name, &st);
	else
		err = copy_other(t, src_path, dst_name, &st);
	if (err)
		outcome_error(t, t->root, src_path, dst_name, err);
}

/* ---- the whole ---- */

static void release(struct tree *t)
{
	hardlinks_free(t->links);
	batches_free(t->queue);
	dirpair_unref(t->root);
	free(t);
}

int tree_new(const struct tree_options *options, int dst_dirfd, const char *dst_path,
	     struct tree **ret_tree)
{
	struct tree *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->options = *options;
	err = dirpair_new_root(dst_path, dst_dirfd, &t->root);
	if (!err)
		err = hardlinks_new(&t->links);
	if (!err)
		err = batches_new(options->threads * ROOM_PER_THREAD, &t->queue);
	if (!err)
		err = pool_new(options->threads, &t->pool);
	if (err) {
		release(t);
		return err;
	}
	t->root->default_acl = metadata_has_default_acl(dst_dirfd);
	for (unsigned int i = 0; i < options->threads; i++)
		pool_add(t->pool, work, t);
	*ret_tree = t;
	return 0;
}

struct tree_counts tree_free(struct tree *t)
{
	struct tree_counts counts;
	int err;

	batches_end(t->queue);
	pool_free(t->pool);
	if (t->options.sync && !tree_stopped(t)) {
		err = sys_fsync(dirpair_dst(t->root));
		if (err) {
			fail_sys(err, "the destination cannot be made durable");
			outcome_error(t, t->root, NULL, NULL, err);
		}
	}
	counts = (struct tree_counts){ t->made, t->failed };
	release(t);
	return counts;
}
