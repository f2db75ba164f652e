/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's pages of a file after a change that goes past them: has them dropped before the change is
 * answered.
 *
 * The kernel drops the pages of a range before an asynchronous direct write (libaio, io_uring, and any
 * direct write that it cuts in several requests), but not after it: who reads through the page cache in
 * between brings the old data back, for good. Of a change that fails, or is done in part, the kernel drops
 * nothing at all of what wasn't done, where something may have been done.
 *
 * Dropping waits for locked pages: those of reads, which wait for the daemon's workers; so no worker may
 * wait for it. It is done by another process (page_dropper.h), and a thread here answers. It may also wait for
 * what waits for the very answer: a group lock's holder for its own write, that for the page of a write
 * which the lock holds back. So the answer comes after a second in any case, and the pages go when they
 * can.
 *
 * Which writes are direct: the kernel gives the owner of locks with those, and with no others
 * (FUSE_WRITE_LOCKOWNER; the same for reads). O_DIRECT isn't it: it may be set and taken away while the file
 * is open, and a direct write that comes back short goes on through the page cache, its page locked.
 */
#ifndef LOVFS_LOVFSD_PAGES_H
#define LOVFS_LOVFSD_PAGES_H

#include "base/attr.h"
#include "lovfsd/page_dropper.h"

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct inode;
struct page_drop; /* opaque */

struct pages {
	struct fuse_session *fuse; /* borrowed */
	struct page_dropper dropper;
	int requests[2], answers[2]; /* pipes, owned: [0] to read, [1] to write */
	int wake_fd;                 /* owned: an eventfd */
	pthread_t thread;
	pthread_mutex_t lock;
	/* guarded by lock, below */
	struct page_drop *first, **last;
	uint64_t next_id;
	bool watched; /* the thread looks at the list soon by itself */
	bool stopping;
};

/* Before requests are served; the mount is there. */
int MUST_CHECK pages_init(struct pages *p, struct fuse_session *fuse);
/* After the last one, before the file system is unmounted. What is left is answered. */
void pages_release(struct pages *p);

/* Whether the kernel reads or writes this past its pages. */
static inline bool pages_bypassed(const struct fuse_file_info *fi)
{
	return !fi->writepage && fi->lock_owner != 0;
}

/* A read or write of the inode is to be done: where it isn't a direct one, pages come by it. */
void pages_note(struct inode *inode, const struct fuse_file_info *fi);

/*
 * A change of [offset, offset + len_bytes) has been done, or has failed: answers with n, as a write is
 * answered, or with the error that n is. Where the kernel may have pages of the inode, they are dropped
 * before. Doesn't wait. `what`, a constant: the operation, for the log.
 */
void pages_reply(struct pages *p, fuse_req_t req, struct inode *inode, uint64_t offset,
		 uint64_t len_bytes, ssize_t n, const char *what);

/*
 * The same for a write through the page cache that has waited: the kernel changes pages before it asks for the write, and
 * doesn't look at them when it is done; if they were dropped and read again meanwhile, they are old for good. Answered at
 * once, since the kernel may keep the last page locked until then; the pages go soon after.
 */
void pages_reply_first(struct pages *p, fuse_req_t req, struct inode *inode, uint64_t offset,
		       uint64_t len_bytes, ssize_t n, const char *what);

/* All pages of an inode whose data has become other data. Doesn't wait: they go soon. */
void pages_drop_all(struct pages *p, struct inode *inode);

#endif
