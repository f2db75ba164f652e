/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carries a plan out: pieces go to workers, so that several devices are busy at once, each on the
 * best rung of io/io.h.
 *
 * Shared between workers: a work index, a stop flag, and sums under one lock; nothing else.
 */
#ifndef LOVFS_COPY_RUN_H
#define LOVFS_COPY_RUN_H

#include "copy/plan.h"
#include "io/io.h"

#define COPY_NAME_MAX 80

/*
 * Gives the descriptor of an object. Called from several threads at once, and again for each part
 * of a piece; the descriptor stays valid for the run. A failure ends the run.
 */
struct copy_objects {
	int (*src_end)(void *cookie, struct object_ref ref, struct io_end *ret_end);
	int (*dst_end)(void *cookie, struct object_ref ref, struct io_end *ret_end);
	/* What messages call an object of the source, or the destination. May be NULL: "component 2 stripe 0". */
	void (*name)(void *cookie, struct object_ref ref, bool of_dst, char text[COPY_NAME_MAX]);
	void *cookie;
};

struct copy_run_options {
	bool plain_files;     /* one file to another: messages name no objects */
	unsigned int workers; /* at most this many; 0 = as many as keep the devices busy */
	bool no_share;        /* physical copies only */
	bool fresh;           /* the destination range holds no data */
	bool keep_source;     /* it will soon be read again (io_request) */
	bool bulk;            /* the plan is part of a large copy; a large plan is one anyway */
	atomic_bool *stop;    /* may be NULL: set by someone to end the run with -ECANCELED */
	const struct io_stages *stages; /* may be NULL */
};

/* From here on a copy is large: it is worth direct I/O, and not worth the page cache. */
#define COPY_BULK_BYTES (8 * MIB)

/*
 * Copies all pieces. Holes and shared pieces come first, in the calling thread; threads are made
 * only for what is left, and only where that is several MiB for each. 0, or the first error, its
 * text saying which objects; then some pieces may be copied and others not. *moved is added to,
 * also on failure. A plan without pieces is done.
 */
int MUST_CHECK copy_run(struct io_ladder *ladder, const struct copy_plan *plan,
			const struct copy_objects *objects, const struct copy_run_options *options,
			struct io_moved *moved);

/*
 * Whether every piece of the plan was or will be shared, but for its ends (io_will_share(): sharing
 * has worked between its devices and offsets fit together), or is a hole: such a plan takes no time
 * to speak of, whatever its length. False for devices that nothing is known of yet: copy a little
 * first. Looks at descriptors' devices only.
 */
bool copy_run_is_shared(struct io_ladder *ladder, const struct copy_plan *plan,
			const struct copy_objects *objects);

#endif
