/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One range of bytes from one descriptor to another, by the best means that the two file systems
 * offer. Knows no layout.
 *
 * The means are rungs of a ladder, best first; each range starts on the best one that hasn't been
 * refused for its pair of devices:
 *
 *   share   FICLONERANGE: the files share extents (unaligned ends are split off and go further down)
 *   kernel  copy_file_range(2): copied by an NFS or SMB server, or inside the kernel
 *   uring   io_uring: reads and writes in flight together, with direct I/O where both files can
 *   rw      pread and pwrite through a buffer
 *
 * The uring rung is for what is large (`bulk`) and not in the page cache; there the first pieces go
 * both its way and the kernel's, and the faster of the two is kept for the pair of devices. What is in
 * the page cache is best copied from there.
 *
 * A rung is left only on the errors that mean "not this way": EXDEV, EOPNOTSUPP, ENOSYS, EINVAL,
 * ETXTBSY, EPERM, ENOTTY; ENOENT and EBADF for the kernel rung. Anything else (EIO, ENOSPC, EDQUOT,
 * EFBIG, EINTR ...) ends the copy.
 */
#ifndef LOVFS_IO_IO_H
#define LOVFS_IO_IO_H

#include "base/attr.h"
#include "io/bandwidth.h"
#include "io/buffers.h"
#include "io/contest.h"
#include "io/device.h"
#include "io/rings.h"
#include "io/sums.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum io_rung { IO_SHARE, IO_KERNEL, IO_URING, IO_RW, IO_RUNGS };

/* How bytes moved. Summed by copy/run.h over pieces and threads. */
struct io_moved {
	uint64_t bytes[IO_RUNGS]; /* by rung */
	uint64_t hole_bytes;      /* holes of the source, kept as holes */
	uint64_t direct_bytes;    /* of bytes[IO_URING]: written by direct I/O */
};

/* What goes on beside a copy: one for all of its threads. All may be NULL. */
struct io_stages {
	struct bandwidth *limit;
	/* Checksums of what is copied, by its offset in the destination file. Leaves out the kernel
	 * rung, which shows nobody the bytes; what is shared has no checksums. */
	struct sums *sums;
	_Atomic uint64_t *done_bytes; /* counts what has arrived, holes included, as it does */
};

/*
 * What has been refused between which devices, remembered so that it isn't asked again. One for
 * each volume or command, shared by its threads. A refusal with EINVAL (an unaligned range),
 * ETXTBSY or EPERM (one file's matter), ENOENT or EBADF is not remembered.
 */
#define IO_LADDER_PAIRS 64
#define IO_LADDER_DEVICES 64
struct io_ladder {
	pthread_mutex_t lock;
	/* guarded by lock: pairs seen; when full, the oldest is forgotten */
	struct {
		dev_t src, dst;
		unsigned int refused; /* bit per rung */
		unsigned int worked;  /* bit per rung */
		uint32_t block_bytes; /* what shared ranges are aligned to; 0 = not asked yet */
		struct contest contest;
	} pairs[IO_LADDER_PAIRS];
	unsigned int used, oldest;
	/* guarded by lock: devices seen; when full, others are looked at each time */
	struct {
		dev_t dev;
		struct io_device device;
	} devices[IO_LADDER_DEVICES];
	unsigned int device_count;
	/* have locks of their own: */
	struct buffers buffers;
	struct rings rings;
};

/* What all copies of a ladder may take for their buffers. */
#define IO_MEMORY_DEFAULT (64 * MIB)
#define IO_MEMORY_MIN (512 * KIB)

/* memory_bytes: IO_MEMORY_MIN or more; 0: IO_MEMORY_DEFAULT. */
void io_ladder_init(struct io_ladder *ladder, uint64_t memory_bytes);
void io_ladder_release(struct io_ladder *ladder);

/* One end of a copy. */
struct io_end {
	int fd; /* borrowed; readable (source) or readable and writable (destination), no O_APPEND
		 */
	dev_t dev; /* st_dev of fd */
};

struct extent_map;
struct io_request {
	struct io_end src, dst;
	uint64_t src_offset, dst_offset, len_bytes;
	bool no_share;    /* physical copy wanted: leaves out share and kernel rungs (the kernel may
			  share on its own) */
	bool fresh;       /* no data in the destination's range: holes needn't be punched into it */
	bool bulk;        /* part of a large copy */
	bool keep_source; /* it will soon be read again: it shall be in the page cache then */
	atomic_bool *stop; /* may be NULL; looked at between steps: -ECANCELED */
	/* What others have found out of where the source has data; for a source that is copied by several
	 * threads. NULL: asked anew. */
	struct extent_map *extents;
	const struct io_stages *stages; /* may be NULL */
};

/*
 * Copies [src_offset, src_offset + len_bytes) to dst_offset. The source may be shorter than that:
 * what is missing counts as a hole. Holes of the source become holes of the destination (punched
 * where it has data, left out where not). The destination's size is not extended for a hole at the
 * end, except that shared extents bring the source's size with them; it never ends up past what the
 * source's size asks for: the caller sets sizes. Fills *moved in addition to what is there.
 *
 * 0 when the whole range is as the source; otherwise a negative errno with its text (fail()), and
 * *ret_done bytes from the front are. -ENOSPC and other real errors leave a part copied. A source
 * that ends early while being read is treated as a hole from there. -EINVAL without a rung tried:
 * the ranges overlap in one file, or run past INT64_MAX.
 */
int MUST_CHECK io_copy(struct io_ladder *ladder, const struct io_request *req,
		       struct io_moved *moved, uint64_t *ret_done_bytes);

/*
 * The share rung alone, for callers that plan the rest: shares what can be of the range, in the
 * middle or all of it, and says which part that is. 0 with *ret_len_bytes 0: not this way. On
 * failure too, what *ret_… name is shared. Otherwise as io_copy().
 */
int MUST_CHECK io_share(struct io_ladder *ladder, const struct io_request *req,
			struct io_moved *moved, uint64_t *ret_from_bytes, uint64_t *ret_len_bytes);

/*
 * Whether the range would be shared, but for unaligned ends: sharing has worked between these
 * devices and the offsets fit together. Looks at no descriptor; false where nothing is known yet.
 */
bool io_will_share(struct io_ladder *ladder, const struct io_request *req);

/*
 * Makes a range read as zeros and frees its blocks: punches a hole; writes zeros over data where
 * the file system can't. Keeps the size. The range may reach past the end of the file and past what
 * the file system allows. -ECANCELED soon after *stop (may be NULL) became true: some of it is done.
 */
int MUST_CHECK io_punch(int fd, uint64_t offset, uint64_t len_bytes, const atomic_bool *stop);

/* What is known of the device of an end. */
struct io_device io_device_of(struct io_ladder *ladder, const struct io_end *end);

/*
 * How the choice between the kernel's copy and io_uring stands, by pairs of devices: of number `position`,
 * from 0. -ENODEV: no more pairs. It may not be decided (io/contest.h).
 */
struct io_choice {
	dev_t src, dst;
	struct contest contest;
};
int MUST_CHECK io_choice_at(struct io_ladder *ladder, unsigned int position,
			    struct io_choice *ret_choice);

/* Whether files on one device can share extents, as far as is known: no refusal is remembered. */
bool io_may_share(struct io_ladder *ladder, dev_t device);

static inline void io_moved_add(struct io_moved *sum, const struct io_moved *m)
{
	for (int i = 0; i < IO_RUNGS; i++)
		sum->bytes[i] += m->bytes[i];
	sum->hole_bytes += m->hole_bytes;
	sum->direct_bytes += m->direct_bytes;
}

#endif
