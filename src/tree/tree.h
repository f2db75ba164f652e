/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies trees of names with their attributes; several files at a time. How the data of a file is
 * copied is the caller's business.
 *
 * What is made: directories, regular files, symbolic links (as such), FIFOs, sockets, devices, and
 * names of one file as names of one file. Existing directories are merged into. Another existing
 * name is replaced, in one step and only by a copy that is complete; but no directory by something
 * else or the other way round, and no special file by a regular one.
 *
 * A regular file gets its name in the destination when its data and attributes are complete. Killed
 * before that, it leaves nothing where the file system knows O_TMPFILE, otherwise a file
 * ".NAME.lovXXXXXX". A directory gets its mode, owner and times when all below it is done; until
 * then only its owner may enter it. With `preserve` an existing directory of the caller's own gets them
 * as well; where its mode doesn't let the owner read, write and enter it, that is lifted until
 * then, and stays so after a stop.
 *
 * What fails is reported and the rest goes on. One thread calls the functions here; the callbacks
 * are called from several.
 */
#ifndef LOVFS_TREE_TREE_H
#define LOVFS_TREE_TREE_H

#include "base/attr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define TREE_THREADS_MAX 256

/* A regular file while its data is copied. */
struct tree_file {
	int src_fd,
		dst_fd; /* borrowed, for copy_data(); dst_fd is a new, empty file, open O_RDWR */
	struct stat src_st;
	const char *src_path;
	void *data; /* the caller's: NULL before copy_data(), then as that leaves it */
};

/* What became of one name. Paths are for messages. */
struct tree_name {
	const char *src_path, *dst_path;
	/* made: it is in the destination now, also where err says which of its attributes isn't kept. */
	bool made;
	int err;                /* has its text; -ECANCELED: was only stopped */
	struct tree_file *file; /* copy_data() was called with this; NULL: it was not */
};

struct tree_options {
	/* Directories, and what isn't a regular file. Without it these are refused, and a symbolic
	 * link that is named stands for its file. */
	bool recursive;
	/*
	 * Mode, owner, times and extended attributes, ACLs among them. What the file system or the
	 * caller's privileges don't allow is left out: silently for owners where the caller isn't
	 * root and for extended attributes but ACLs, and reported otherwise. Without it: the mode
	 * as the umask or the directory's default ACL leaves it.
	 */
	bool preserve;
	bool one_file_system; /* a directory where another begins is made, and stays empty */
	bool no_clobber;      /* existing names but directories are left alone, silently */
	bool sync;            /* all is durable when tree_free() returns */
	unsigned int threads; /* files at a time: 1 to TREE_THREADS_MAX */
	atomic_bool *stop;    /* may be NULL; when it is set nothing more is begun */

	void *cookie;
	/* Makes dst_fd as long as src_fd and equal to it. 0 or a negative errno with text; -ECANCELED when
	 * stopped. */
	int (*copy_data)(void *cookie, struct tree_file *file);
	/*
	 * Called for each name that is made, or is not because of an error; in the thread that has called
	 * copy_data(), if that was called. A directory is made first, and may have its error later.
	 */
	void (*done)(void *cookie, const struct tree_name *name);
};

struct tree_counts {
	uint64_t made;   /* names */
	uint64_t failed; /* names with errors; not those that were only stopped */
};

struct tree;

/* Copies go into the directory dst_dirfd, borrowed, which messages call dst_path ("": none). */
int MUST_CHECK tree_new(const struct tree_options *options, int dst_dirfd, const char *dst_path,
			struct tree **ret_tree);

/*
 * Copies src_path to the name dst_name in the destination. Returns when all of it has been found,
 * not when it has been copied. Sources that share files (hard links) belong in one tree. The
 * strings are copied.
 */
void tree_copy(struct tree *t, const char *src_path, const char *dst_name);

/* Waits until all is done. */
struct tree_counts tree_free(struct tree *t);

#endif
