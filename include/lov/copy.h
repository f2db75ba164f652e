/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lov/copy.h: copies between files of any file systems, by the best means that these offer: shared
 * extents, a server's copy, a copy in the kernel, overlapped direct I/O, reading and writing. Holes stay
 * holes. No lovfs volume is needed. Link with -llov (pkg-config lov); see lov_copy(3).
 *
 *	struct lov_copier *copier;
 *	struct lov_copy_job job = LOV_COPY_JOB_INIT;
 *	struct lov_copy_result result = LOV_COPY_RESULT_INIT;
 *	int err = lov_copier_new(NULL, &copier);
 *
 *	job.src_fd = src;
 *	job.dst_fd = dst;
 *	if (!err)
 *		err = lov_copy_file(copier, &job, &result);
 *	if (err)
 *		fprintf(stderr, "%s\n", lov_error_text(err));
 *	lov_copier_free(copier);
 *
 * Functions return 0 or a negative errno. A copier may be used by several threads at once.
 */
#ifndef LOV_COPY_H
#define LOV_COPY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What copies have in common: buffers, what has been found out about devices, one limit for all of
 * them. Make one, and use it for everything.
 */
struct lov_copier;

/* Least memory_bytes. */
#define LOV_COPIER_MEMORY_MIN (512u * 1024)

struct lov_copier_options {
	size_t struct_size; /* sizeof(struct lov_copier_options), as LOV_COPIER_OPTIONS_INIT sets it */
	uint64_t memory_bytes; /* for buffers: LOV_COPIER_MEMORY_MIN or more; 0: 64 MiB */
	uint64_t
		bytes_per_s; /* limit of all copies together; 0: none. What is shared is not counted */
	unsigned int
		workers; /* threads of one copy, at most; 0: as many as keep the devices busy */
	unsigned int reserved; /* 0 */
};
#define LOV_COPIER_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(struct lov_copier_options), 0, 0, 0, 0                                      \
	}

/* options may be NULL. -EINVAL: too little memory, or unknown fields that aren't 0. -ENOMEM. The copier is
 * the caller's: lov_copier_free(). */
int lov_copier_new(const struct lov_copier_options *options, struct lov_copier **ret_copier);

/* No copy is under way. NULL is fine. */
void lov_copier_free(struct lov_copier *copier);

/* Every copy under way ends soon with -ECANCELED, and every later one at once. Any thread; also in a
 * signal handler. */
void lov_copier_stop(struct lov_copier *copier);

/* flags of a job */
#define LOV_COPY_NO_SHARE 0x1u /* a physical copy: no shared extents */
#define LOV_COPY_VERIFY 0x2u   /* read back from the device and compare; -EBADMSG */
#define LOV_COPY_SYNC 0x4u     /* durable when the function returns, as by fsync(2) */

struct lov_copy_job {
	size_t struct_size; /* sizeof(struct lov_copy_job), as LOV_COPY_JOB_INIT sets it */
	/* Descriptors of regular files, borrowed; their file offsets are neither used nor changed. */
	int src_fd; /* open for reading */
	int dst_fd; /* open for reading and writing, without O_APPEND */
	/* In bytes. Not for lov_copy_file(). */
	uint64_t src_offset, dst_offset, len_bytes;
	unsigned int flags; /* LOV_COPY_* */
	/*
	 * Milliseconds between two calls of progress(); 0: 100. progress() may be NULL; it is called in the
	 * caller's thread, now and then and once at the end. done_bytes counts holes and what is shared.
	 * Anything but 0 ends the copy with -ECANCELED.
	 */
	unsigned int interval_ms;
	int (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *cookie);
	void *cookie;
};
#define LOV_COPY_JOB_INIT                                                                          \
	{                                                                                          \
		sizeof(struct lov_copy_job), -1, -1, 0, 0, 0, 0, 0, 0, 0                           \
	}

/* How the bytes moved. Filled as far as it is known also on failure. */
struct lov_copy_result {
	size_t struct_size; /* sizeof(struct lov_copy_result), as LOV_COPY_RESULT_INIT sets it */
	uint64_t
		copied_bytes; /* of the source that the destination has now: the sum of the following */
	uint64_t shared_bytes;   /* by shared extents */
	uint64_t kernel_bytes;   /* by copy_file_range(2): in the kernel, or by a server */
	uint64_t direct_bytes;   /* by overlapped direct I/O */
	uint64_t uring_bytes;    /* by overlapped I/O through the page cache */
	uint64_t buffered_bytes; /* by read(2) and write(2) */
	uint64_t hole_bytes;     /* holes, kept as holes */
	uint64_t verified_bytes; /* read back, and right */
	uint64_t elapsed_ns;
	int source_changed;    /* 1: somebody wrote to the source, or cut it off, meanwhile */
	unsigned int reserved; /* 0 */
};
#define LOV_COPY_RESULT_INIT                                                                       \
	{                                                                                          \
		sizeof(struct lov_copy_result), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                    \
	}

/*
 * Copies a range. The source may end before src_offset + len_bytes: what is missing is left out. The
 * destination grows as needed and otherwise keeps its size.
 *
 * On failure parts of the range may be copied, in no order. -EINVAL: overlapping ranges of one
 * file, not a regular file, O_APPEND, unknown flags, or a struct_size that isn't set. -EBADMSG:
 * verified, and it differs. -EAGAIN: can't be verified, since the source changed. -ECANCELED.
 * -EFBIG, -ENOSPC, -EDQUOT, -EIO and others as the file systems say. ret_result may be NULL;
 * otherwise its struct_size says what of it is filled, and fields that the library doesn't know
 * become 0.
 */
int lov_copy_range(struct lov_copier *copier, const struct lov_copy_job *job,
		   struct lov_copy_result *ret_result);

/*
 * Copies all of the source into all of the destination, which gets the source's size and loses what it had.
 * Of a source that grows meanwhile, as much as it had at the beginning. Otherwise as lov_copy_range().
 */
int lov_copy_file(struct lov_copier *copier, const struct lov_copy_job *job,
		  struct lov_copy_result *ret_result);

/*
 * What was measured to choose between the kernel's copy and overlapped direct I/O from one device (st_dev
 * of its files) to another: bytes a second of each. 1: measured, 0: there was nothing to choose, or too
 * little was copied.
 */
int lov_copier_choice(struct lov_copier *copier, uint64_t src_dev, uint64_t dst_dev,
		      uint64_t *ret_kernel_bytes_per_s, uint64_t *ret_direct_bytes_per_s);

/* The text for an error of the functions above, in this thread: what failed, and where. Valid until the
 * next of them is called. */
const char *lov_error_text(int err);

#ifdef __cplusplus
}
#endif

#endif
