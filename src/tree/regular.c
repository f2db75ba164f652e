/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/regular.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "tree/linked.h"
#include "tree/metadata.h"
#include "tree/outcome.h"
#include "tree/publish.h"
#include "tree/tree_impl.h"

#include <errno.h>
#include <fcntl.h>

/* Not this one's business. */
#define OTHER 1

/* Smaller files are read in a way that takes no notice of O_NONBLOCK. */
#define BLOCKING_MIN_BYTES MIB

/* A file under way. */
struct regular {
	struct tree *t;
	struct dirpair *d;
	const struct batch_entry *e;
	struct tree_file file;
	bool begun, made;
	int unkept; /* what metadata_copy() says; its text is the thread's last */
};

/*
 * A FIFO that has come in the file's place would keep us waiting without O_NONBLOCK; a lease of
 * somebody's on the file is waited for without it. OTHER: nothing that has data.
 */
static int open_source(struct regular *r)
{
	const struct dirpair *d = r->d;
	/* Only what the caller named is followed. */
	int flags = O_RDONLY | O_NOCTTY | (d->parent || r->t->options.recursive ? O_NOFOLLOW : 0);
	int fd = sys_openat(dirpair_src(d), r->e->src_name, flags | O_NONBLOCK, 0);

	if (fd == -EAGAIN)
		fd = sys_openat(dirpair_src(d), r->e->src_name, flags, 0);
	/* ELOOP a symbolic link, ENXIO a socket or device. */
	if (fd == -ELOOP || fd == -ENXIO)
		return OTHER;
	if (fd < 0)
		return fail_sys(fd, "cannot be opened");
	r->file.src_fd = fd;
	return 0;
}

static int look(struct regular *r)
{
	struct stat *st = &r->file.src_st;
	int err = sys_fstat(r->file.src_fd, st);

	if (err)
		return fail_sys(err, "cannot be examined");
	if (!S_ISREG(st->st_mode))
		return OTHER;
	if ((uint64_t)st->st_size < BLOCKING_MIN_BYTES)
		return 0;
	err = sys_set_blocking(r->file.src_fd);
	return err ? fail_sys(err, "cannot be read") : 0;
}

/* ---- attributes ---- */

static int copy_attributes(const struct regular *r)
{
	struct stat dst_st;
	struct metadata_request m = {
		.src_fd = r->file.src_fd,
		.dst_fd = r->file.dst_fd,
		.may_have_acl = r->d->default_acl,
		.src_st = &r->file.src_st,
		.dst_st = &dst_st,
	};
	int err = sys_fstat(r->file.dst_fd, &dst_st);

	return err ? fail_sys(err, "its copy cannot be examined") : metadata_copy(&m);
}

/* Who can still read and write the file that is replaced can do so with the copy. */
static int keep_attributes(const struct regular *r)
{
	CLEANUP_FD int fd = -1;
	struct stat old_st, dst_st;
	struct metadata_request m = {
		.dst_fd = r->file.dst_fd,
		.by_path = true,
		.data_differs = true,
		.may_have_acl = r->d->default_acl,
		.src_st = &old_st,
		.dst_st = &dst_st,
	};
	int err;

	fd = sys_openat(dirpair_dst(r->d), r->e->dst_name, O_PATH | O_NOFOLLOW, 0);
	err = fd < 0 ? fd : sys_fstat(fd, &old_st);
	if (!err)
		err = sys_fstat(r->file.dst_fd, &dst_st);
	if (err)
		return fail_sys(err, "what it replaces cannot be examined");
	if (!S_ISREG(old_st.st_mode))
		return 0;
	m.src_fd = fd;
	return metadata_copy(&m);
}

static int give_attributes(struct regular *r, enum target target)
{
	if (r->t->options.preserve)
		return copy_attributes(r);
	return target == TARGET_REPLACE ? keep_attributes(r) : 0;
}

/* ---- the copy ---- */

static int fill(struct regular *r, enum target target)
{
	const struct tree_options *o = &r->t->options;
	int err;

	r->begun = true;
	err = o->copy_data(o->cookie, &r->file);
	if (err)
		return err;
	r->unkept = give_attributes(r, target);
	err = o->sync ? sys_fsync(r->file.dst_fd) : 0;
	return err ? fail_sys(err, "its copy cannot be made durable") : 0;
}

/* Data, attributes, name. */
static int make(struct regular *r, enum target target)
{
	CLEANUP_NEWFILE struct newfile f = { .fd = -1 };
	bool given = r->t->options.preserve || target == TARGET_REPLACE;
	int err;

	if (tree_stopped(r->t))
		return -ECANCELED;
	err = newfile_open(r->d, r->e->dst_name, r->file.src_st.st_mode & 0777, given, &f);
	if (err)
		return err;
	r->file.dst_fd = f.fd;
	err = fill(r, target);
	if (!err)
		err = newfile_publish(&f, r->e->dst_name, target);
	r->file.dst_fd = -1;
	return err;
}

/* As a link to a copy of the same file, where there is one. */
static int link_or_make(struct regular *r)
{
	struct linked linked;
	enum target target;
	int err = target_check(r->d, r->e->dst_name, &r->file.src_st, r->t->options.no_clobber,
			       &target);

	if (err || target == TARGET_KEEP)
		return err;
	err = linked_begin(r->t, r->d, r->e, &r->file.src_st, target, &linked);
	if (!err && !linked.made)
		err = make(r, target);
	r->made = !err;
	linked_end(r->t, &linked, r->d, r->e->dst_name, !err);
	return err;
}

bool regular_copy(struct tree *t, struct dirpair *d, const struct batch_entry *e)
{
	CLEANUP_STRBUF struct strbuf path = { 0 };
	struct regular r = { .t = t, .d = d, .e = e, .file = { .src_fd = -1, .dst_fd = -1 } };
	int err = open_source(&r);

	if (!err)
		err = look(&r);
	if (!err) {
		dirpair_path(d, DIRPAIR_SRC, e->src_name, &path);
		r.file.src_path = strbuf_text(&path);
		err = link_or_make(&r);
	}
	fd_cleanup(&r.file.src_fd);
	if (err == OTHER)
		return false;
	outcome_tell(t, d, e->src_name, e->dst_name, r.begun ? &r.file : NULL, r.made,
		     err ? err : r.unkept);
	return true;
}
