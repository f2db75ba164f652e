/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of the source and the one that it is copied to, by descriptors that are open while
 * somebody uses them.
 *
 * Between uses those near the top stay open, and of the others every DIRPAIR_KEPT_EACH-th. The rest
 * is opened again by name from the nearest one that is open, and must be the same directory still.
 * So a tree may be deeper than there are descriptors, and its paths longer than PATH_MAX.
 */
#ifndef LOVFS_TREE_DIRPAIR_H
#define LOVFS_TREE_DIRPAIR_H

#include "base/attr.h"
#include "base/strbuf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#define DIRPAIR_KEPT_DEPTH 16
#define DIRPAIR_KEPT_EACH 64

enum dirpair_side { DIRPAIR_SRC, DIRPAIR_DST, DIRPAIR_SIDES };

struct dirside {
	const char *name; /* owned: in its parent */
	int fd;           /* stable while the pair is in use; -1: closed */
	struct stat st;   /* constant: when it was first opened */
};

struct dirpair {
	struct dirpair *parent; /* owns a reference; NULL: the root */
	struct dirside side[DIRPAIR_SIDES];
	unsigned int depth; /* 0: the root */
	bool fresh;         /* we made the destination: nothing is in it but what we put there */
	bool default_acl;   /* of the destination: what is made in it inherits an ACL */
	atomic_bool no_tmpfile; /* O_TMPFILE was refused in the destination */
	dev_t top_dev;          /* of the source that this began with */

	/* The walk, batches of names, and directories below: its attributes wait for them. */
	atomic_uint pending;
	atomic_uint refs;

	pthread_mutex_t lock;
	/* guarded by lock: */
	unsigned int users;
	bool done; /* nothing is kept open any more */
};

/* src_fd and dst_fd are taken, also on failure; one user and one reference are the caller's. The
 * names are copied. */
int MUST_CHECK dirpair_new(struct dirpair *parent, const char *src_name, int src_fd,
			   const char *dst_name, int dst_fd, struct dirpair **ret_pair);

/* The pair whose descriptors are AT_FDCWD and dst_fd, borrowed. It is always open. dst_name is what
 * paths begin with; may be "". */
int MUST_CHECK dirpair_new_root(const char *dst_name, int dst_fd, struct dirpair **ret_pair);

struct dirpair *dirpair_ref(struct dirpair *d);
/* Releases those above it as well that nobody refers to any more. NULL is fine. */
void dirpair_unref(struct dirpair *d);

/* Opens what is closed of the sides asked for (1 << DIRPAIR_SRC | ...). -ESTALE: another directory
 * is there now. Any thread. */
#define DIRPAIR_BOTH (1U << DIRPAIR_SRC | 1U << DIRPAIR_DST)
int MUST_CHECK dirpair_use(struct dirpair *d, unsigned int sides);
void dirpair_unuse(struct dirpair *d);

/* No descriptor is kept beyond the last use from now on. */
void dirpair_done(struct dirpair *d);

/* Whether st is one of those directories that d is in, on that side, or d itself. */
bool dirpair_is_inside(const struct dirpair *d, enum dirpair_side side, const struct stat *st);

/* Writes the path of `name` in it, or of itself where name is NULL. */
void dirpair_path(const struct dirpair *d, enum dirpair_side side, const char *name,
		  struct strbuf *path);

static inline int dirpair_src(const struct dirpair *d)
{
	return d->side[DIRPAIR_SRC].fd;
}

static inline int dirpair_dst(const struct dirpair *d)
{
	return d->side[DIRPAIR_DST].fd;
}

static inline bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

#endif
