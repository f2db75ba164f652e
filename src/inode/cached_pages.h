/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the kernel may hold pages of an inode in its page cache, told from what it asks for: each page
 * comes with a read or a write of ours. For whoever has to have pages dropped (lovfsd/pages.h); one in
 * each struct inode, zeroed at first: no pages.
 *
 * Sound because a page is in the page cache before the kernel asks us about it, and because we count
 * before we do what is asked: what is read before some change has been counted when the change is done.
 */
#ifndef LOVFS_INODE_CACHED_PAGES_H
#define LOVFS_INODE_CACHED_PAGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cached_pages {
	_Atomic uint64_t filled; /* how often pages may have come */
	_Atomic uint64_t
		emptied; /* that number when the kernel was asked to drop all, and then had none */
	/* Guarded by the lock of struct pages; see choose_range_locked() in pages.c. */
	uint64_t seen;
	unsigned int quiet, tries;
};

/* Before a read or write is done by which pages come, or are there. */
static inline void cached_pages_come(struct cached_pages *c)
{
	atomic_fetch_add(&c->filled, 1);
}

static inline bool cached_pages_any(struct cached_pages *c)
{
	return atomic_load(&c->filled) != atomic_load(&c->emptied);
}

/* The kernel was asked to drop all pages when cached_pages.filled was `filled`, and has done so. */
static inline void cached_pages_gone(struct cached_pages *c, uint64_t filled)
{
	/* Whatever came meanwhile was counted, and keeps the two numbers different. */
	atomic_store(&c->emptied, filled);
}

#endif
