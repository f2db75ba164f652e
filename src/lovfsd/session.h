/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One mounted volume as the FUSE operations see it: what they share, and what they all begin with.
 *
 * FUSE's inode numbers are inode_number()s, which outlive their inodes where inode_number_lasts()
 * says so. FUSE's file handles are addresses of struct open_file, and for directories of a struct
 * that only dir_ops.c knows.
 */
#ifndef LOVFS_LOVFSD_SESSION_H
#define LOVFS_LOVFSD_SESSION_H

#include "base/attr.h"
#include "lovfsd/failures.h"
#include "lovfsd/held.h"
#include "lovfsd/known_inodes.h"
#include "lovfsd/open_files.h"
#include "volume/volume.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Longest read and write of one request. */
#define SESSION_IO_MAX (1u << 20)

/* A thread that copies or waits for a slow OST serves nobody else; requests that wait for a lock
 * are held without one. */
#define SESSION_THREADS_MAX 64

struct pages;
struct prune;

struct session {
	struct volume *volume;     /* borrowed */
	struct fuse_session *fuse; /* owned by serve.c; set before requests come */
	bool sync, dirsync;        /* mount options, see durable.h; constant */
	struct known_inodes known;
	struct open_files files;
	struct held_list held;
	struct failures failures;
	struct pages *pages;      /* owned by serve.c; there while requests are served */
	struct prune *prune;      /* the same */
	pthread_key_t buffer_key; /* see session_buffer() */
	bool nodiratime;          /* listing a directory doesn't set its time of access */
	void (*ready)(
		void *cookie); /* called once, when the kernel has taken the mount; may be NULL */
	void *ready_cookie;
};

int MUST_CHECK session_init(struct session *s, struct volume *vol);
/* Gives up whatever the kernel still held. No request is being served any more. */
void session_release(struct session *s);

/* The session of a request; forgets the thread's error text. The first thing that an operation
 * does. */
struct session *session_begin(fuse_req_t req);

/* The inode that a request is about: all but looking up "." name one that the kernel knows. */
struct inode *session_inode(struct session *s, fuse_ino_t ino);

/*
 * The calling thread's buffer, page aligned, at least len_bytes; kept for its next call, which may
 * move it. NULL: no memory. For answers of any size without an allocation for each.
 */
void *session_buffer(struct session *s, size_t len_bytes);

#endif
