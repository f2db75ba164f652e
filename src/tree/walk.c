/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/walk.h"

#include "base/error.h"
#include "base/strbuf.h"
#include "base/sys.h"
#include "tree/finish.h"
#include "tree/metadata.h"
#include "tree/outcome.h"
#include "tree/tree_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Of names read at a time: what one batch holds. */
#define DENTS_BYTES 32768

/* Shortest record of getdents64(2), with a name of one byte: so many fit. */
#define DENTS_MAX (DENTS_BYTES / 24)

/* A directory on the way from the top to where the walk is. */
struct level {
	struct level *up;
	struct dirpair *dir; /* the walk is one of those that it waits for */
	bool in_use;
	struct strbuf below; /* names of its directories, each with its NUL */
	size_t next;         /* of them; below.len_bytes: all are done */
};

struct walk {
	struct tree *t;
	struct level *level;       /* owned: where it is; NULL: at its end */
	const struct dirpair *top; /* borrowed of the first level */
};

/* ---- names ---- */

static int compare_inodes(const void *a, const void *b)
{
	const struct batch_entry *left = a, *right = b;

	return left->ino < right->ino ? -1 : left->ino > right->ino;
}

static bool is_directory(const struct dirpair *d, const struct dirent64 *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	/* Errors are met again, and told, by who copies it. */
	return sys_fstatat(dirpair_src(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static void sort_out(struct level *l, struct batch *b, size_t len_bytes)
{
	for (size_t at = 0; at < len_bytes;) {
		const struct dirent64 *e = (const void *)((char *)b->buffer + at);

		at += e->d_reclen;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (is_directory(l->dir, e))
			strbuf_bytes(&l->below, e->d_name, strlen(e->d_name) + 1);
		else
			b->entries[b->count++] = (struct batch_entry){
				.src_name = e->d_name,
				.dst_name = e->d_name,
				.ino = e->d_ino,
				.type = e->d_type,
			};
	}
}

static void hand_out(struct tree *t, struct level *l, struct batch *b)
{
	/* In this order the inodes are read from the disk. */
	qsort(b->entries, b->count, sizeof(b->entries[0]), compare_inodes);
	finish_expect(l->dir);
	/* It is open: nothing can fail. */
	if (dirpair_use(l->dir, 0)) {
		batch_free(b);
		return;
	}
	batches_add(t->queue, b);
}

/* One system call's worth of names. *ret_more: there may be others. */
static int read_names(struct tree *t, struct level *l, bool *ret_more)
{
	CLEANUP_FREE void *buffer = malloc(DENTS_BYTES);
	struct batch *b;
	ssize_t n;

	*ret_more = false;
	if (!buffer)
		return -ENOMEM;
	n = sys_getdents(dirpair_src(l->dir), buffer, DENTS_BYTES);
	if (n <= 0)
		return n < 0 ? fail_sys((int)n, "its names cannot be read") : 0;
	b = batch_new(l->dir, PTR_STEAL(buffer), DENTS_MAX);
	if (!b)
		return -ENOMEM;
	sort_out(l, b, (size_t)n);
	if (b->count)
		hand_out(t, l, b);
	else
		batch_free(b);
	*ret_more = true;
	return 0;
}

static void read_directory(struct tree *t, struct level *l)
{
	bool more = true;
	int err = 0;

	while (more && !err && !tree_stopped(t))
		err = read_names(t, l, &more);
	if (!err)
		err = l->below.err;
	if (err)
		outcome_error(t, l->dir, NULL, NULL, err);
}

/* ---- directories ---- */

static int open_source(const struct dirpair *d, const char *name, int *ret_fd)
{
	int fd = sys_openat(dirpair_src(d), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd == -ENOTDIR || fd == -ELOOP)
		return fail(fd, "it was replaced by another while it was to be copied");
	if (fd < 0)
		return fail_sys(fd, "the directory cannot be opened");
	*ret_fd = fd;
	return 0;
}

/*
 * An existing directory gets its mode at the end, like one that is made; until then its owner may
 * write and enter it. The source itself isn't touched. What fails here, the copying says.
 */
static void open_to_owner(const struct dirpair *parent, const char *dst_name, int src_fd)
{
	CLEANUP_FD int fd =
		sys_openat(dirpair_dst(parent), dst_name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	struct stat st, src_st;

	if (fd < 0 || sys_fstat(fd, &st) || sys_fstat(src_fd, &src_st))
		return;
	if (st.st_uid != geteuid() || (st.st_mode & S_IRWXU) == S_IRWXU || same_file(&st, &src_st))
		return;
	(void)!sys_chmod_fd(fd, (st.st_mode & 07777) | S_IRWXU);
}

/* Only we may enter it until it has its owner and mode. *fresh: it was made here, also when this fails
 * after that, or has before. */
static int open_destination(const struct dirpair *d, const char *name, bool *fresh, int *ret_fd)
{
	int err = sys_mkdirat(dirpair_dst(d), name, S_IRWXU), fd;

	if (err && err != -EEXIST)
		return fail_sys(err, "its copy cannot be made");
	*fresh = *fresh || !err;
	fd = sys_openat(dirpair_dst(d), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOTDIR || fd == -ELOOP)
		return fail(-ENOTDIR,
			    "something that is no directory has its name in the destination");
	if (fd < 0)
		return fail_sys(fd, "its copy cannot be opened");
	*ret_fd = fd;
	return 0;
}

static int check_pair(const struct walk *w, const struct dirpair *parent, int src_fd)
{
	const struct dirpair *root = w->t->root;
	struct stat st;
	int err = sys_fstat(src_fd, &st);

	if (err)
		return fail_sys(err, "the directory cannot be examined");
	if (same_file(&st, &root->side[DIRPAIR_DST].st) ||
	    (w->top && same_file(&st, &w->top->side[DIRPAIR_DST].st)))
		return fail(-EINVAL, "a directory cannot be copied into itself");
	if (dirpair_is_inside(parent, DIRPAIR_SRC, &st))
		return fail(-ELOOP, "is one of the directories that it is in: a mount leads back");
	return 0;
}

static int make_pair(struct walk *w, struct dirpair *parent, const char *src_name,
		     const char *dst_name, bool *fresh, struct dirpair **ret_dir)
{
	CLEANUP_FD int src_fd = -1;
	int dst_fd = -1, err = open_source(parent, src_name, &src_fd);
	struct dirpair *d;

	if (!err)
		err = check_pair(w, parent, src_fd);
	if (!err && w->t->options.preserve && !parent->fresh)
		open_to_owner(parent, dst_name, src_fd);
	if (!err)
		err = open_destination(parent, dst_name, fresh, &dst_fd);
	if (!err)
		err = dirpair_new(parent, src_name, fd_steal(&src_fd), dst_name, dst_fd, &d);
	if (err)
		return err;
	d->fresh = *fresh;
	if (same_file(&d->side[DIRPAIR_SRC].st, &d->side[DIRPAIR_DST].st)) {
		dirpair_unref(d);
		return fail(-EINVAL, "source and destination are the same directory");
	}
	d->default_acl = metadata_has_default_acl(dirpair_dst(d));
	finish_expect(parent);
	if (*fresh)
		outcome_made(w->t, parent, src_name, dst_name);
	*ret_dir = d;
	return 0;
}

/* Descriptors come back when what was handed out is done. */
static bool waits_for_descriptors(struct walk *w, int err)
{
	if (err != -EMFILE && err != -ENFILE)
		return false;
	batches_wait_idle(w->t->queue);
	return true;
}

/* ---- the way through them ---- */

/* One level down. */
static void descend(struct walk *w, struct dirpair *parent, const char *src_name,
		    const char *dst_name)
{
	struct level *l = calloc(1, sizeof(*l));
	bool fresh = false;
	int err = l ? make_pair(w, parent, src_name, dst_name, &fresh, &l->dir) : -ENOMEM;

	if (l && waits_for_descriptors(w, err))
		err = make_pair(w, parent, src_name, dst_name, &fresh, &l->dir);
	if (err) {
		free(l);
		outcome_error(w->t, parent, src_name, dst_name, err);
		return;
	}
	l->up = w->level;
	l->in_use = true;
	w->level = l;
	if (!w->top)
		w->top = l->dir;
	/* With one_file_system a mount point is made, and what is mounted stays out. */
	if (!w->t->options.one_file_system ||
	    l->dir->side[DIRPAIR_SRC].st.st_dev == l->dir->top_dev)
		read_directory(w->t, l);
}

static void ascend(struct walk *w)
{
	struct level *l = w->level;

	w->level = l->up;
	if (l->in_use)
		dirpair_unuse(l->dir);
	finish_drop(w->t, l->dir);
	strbuf_release(&l->below);
	free(l);
}

/* The directory of the level, open; or it is told why not, and the level has no more names. */
static bool reenter(struct walk *w, struct level *l)
{
	int err = l->in_use ? 0 : dirpair_use(l->dir, DIRPAIR_BOTH);

	if (waits_for_descriptors(w, err))
		err = dirpair_use(l->dir, DIRPAIR_BOTH);
	l->in_use = !err;
	if (err) {
		l->next = l->below.len_bytes;
		outcome_error(w->t, l->dir, NULL, NULL, err);
	}
	return !err;
}

void walk_directory(struct tree *t, const char *src_path, const char *dst_name)
{
	struct walk w = { .t = t };

	descend(&w, t->root, src_path, dst_name);
	while (w.level) {
		struct level *l = w.level;

		error_clear();
		if (l->next >= l->below.len_bytes || tree_stopped(t)) {
			ascend(&w);
		} else if (reenter(&w, l)) {
			const char *name = l->below.text + l->next;

			l->next += strlen(name) + 1;
			descend(&w, l->dir, name, name);
			if (w.level != l) {
				/* It isn't needed before all below this one is done. */
				dirpair_unuse(l->dir);
				l->in_use = false;
			}
		}
	}
}
