/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree/special.h"

#include "base/error.h"
#include "base/sys.h"
#include "tree/linked.h"
#include "tree/metadata.h"
#include "tree/outcome.h"
#include "tree/publish.h"
#include "tree/tree_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

/* The source, and with which attributes a copy comes into being. */
struct special {
	struct tree *t;
	const struct dirpair *d;
	int fd; /* O_PATH */
	struct stat st;
	const char *text; /* of a symbolic link */
	int unkept;       /* as of metadata_copy() */
};

static int copy_attributes(const struct special *s, int dirfd, const char *name)
{
	CLEANUP_FD int fd = sys_openat(dirfd, name, O_PATH | O_NOFOLLOW, 0);
	struct stat dst_st;
	struct metadata_request r = {
		.src_fd = s->fd,
		.dst_fd = fd,
		.by_path = true,
		.may_have_acl = s->d->default_acl && !S_ISLNK(s->st.st_mode),
		.src_st = &s->st,
		.dst_st = &dst_st,
	};
	int err = fd < 0 ? fd : sys_fstat(fd, &dst_st);

	if (err)
		return fail_sys(err, "its copy cannot be examined");
	/* Who may write to the directory could have put another file there, to have it given away. */
	if ((dst_st.st_mode & S_IFMT) != (s->st.st_mode & S_IFMT) || dst_st.st_nlink != 1)
		return fail(-ESTALE, "its copy was replaced by another meanwhile");
	return metadata_copy(&r);
}

static int make(void *cookie, int dirfd, const char *name)
{
	struct special *s = cookie;
	int err;

	if (s->text)
		err = sys_symlinkat(s->text, dirfd, name);
	else
		err = sys_mknodat(dirfd, name, (s->st.st_mode & S_IFMT) | (s->st.st_mode & S_IRWXU),
				  s->st.st_rdev);
	if (!err && s->t->options.preserve)
		s->unkept = copy_attributes(s, dirfd, name);
	return err;
}

static int link_or_make(struct special *s, struct dirpair *d, const struct batch_entry *e,
			bool *ret_made)
{
	struct linked linked;
	enum target target;
	int err = target_check(d, e->dst_name, &s->st, s->t->options.no_clobber, &target);

	if (err || target == TARGET_KEEP)
		return err;
	err = linked_begin(s->t, d, e, &s->st, target, &linked);
	if (!err && !linked.made)
		err = publish_made(d, e->dst_name, target, make, s);
	*ret_made = !err;
	linked_end(s->t, &linked, d, e->dst_name, !err);
	return err ? err : s->unkept;
}

static int copy(struct tree *t, struct dirpair *d, const struct batch_entry *e, bool *ret_made)
{
	CLEANUP_FD int fd = -1;
	struct special s = { .t = t, .d = d };
	char text[PATH_MAX];
	ssize_t n;
	int err;

	if (!t->options.recursive)
		return fail(-EINVAL, "is not a regular file; -r copies it as what it is");
	fd = sys_openat(dirpair_src(d), e->src_name, O_PATH | O_NOFOLLOW, 0);
	err = fd < 0 ? fd : sys_fstat(fd, &s.st);
	if (err)
		return fail_sys(err, "cannot be examined");
	if (S_ISREG(s.st.st_mode) || S_ISDIR(s.st.st_mode))
		return fail(-EINVAL, "it was replaced by another while it was to be copied");
	s.fd = fd;
	if (S_ISLNK(s.st.st_mode)) {
		n = sys_readlinkat(fd, "", text, sizeof(text));
		if (n < 0)
			return fail_sys((int)n, "cannot be read");
		s.text = text;
	}
	return link_or_make(&s, d, e, ret_made);
}

void special_copy(struct tree *t, struct dirpair *d, const struct batch_entry *e)
{
	bool made = false;
	int err = copy(t, d, e, &made);

	outcome_tell(t, d, e->src_name, e->dst_name, NULL, made, err);
}
