/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done to the mirrors of a file. One function for each verb of `lov mirror`; they share struct
 * mirror_options and struct mirror_result.
 *
 * "While others write": where the file system can follow a file. Where it can't, what makes mirrors or
 * brings them up is done under a lease: -EBUSY where somebody has the file open for writing, or opens it.
 *
 * `path` is on fs; symbolic links aren't followed; only the file's owner and root may. On failure there
 * is text, and the file is as it was, but for what is said below. Source of what the verbs mean: the
 * lfs-mirror-*(1) manual pages of Lustre.
 */
#ifndef LOVFS_MOVER_MIRROR_VERBS_H
#define LOVFS_MOVER_MIRROR_VERBS_H

#include "base/attr.h"
#include "base/error.h"
#include "fs/fs.h"
#include "io/bandwidth.h"

#include <stdatomic.h>
#include <stdbool.h>

struct mirror_options {
	unsigned int threads; /* copying; 1 to TRANSFER_THREADS_MAX, 0: as the file system has it */
	struct bandwidth *limit; /* borrowed; may be NULL */
	/* resync and extend, where copies can't follow a file: the directory in which sums are kept of what mirrors have
	 * (mover/sums_dir.h); borrowed; NULL: none are kept, nor used. */
	const int *sums_dir_fd;
	atomic_bool *stop; /* borrowed; may be NULL */
	/* In the caller's thread; may be NULL. */
	void (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *cookie);
	void *cookie;
};

struct mirror_result {
	uint64_t size_bytes;   /* of the file */
	uint64_t copied_bytes; /* ranges copied, over all mirrors and passes, holes included */
	uint64_t elapsed_ns;
	uint64_t held_ns; /* longest time that writers were held back */
	unsigned int passes;
	bool compared; /* what was there was read, and only what differs was copied */
	bool by_sums;  /* what was there was known by its sums, and only what differs was copied */
	/* Why it was not, and what is wrong with the record (then the mirrors are right, but the next resync will read
	 * more); "": nothing. Also on failure. */
	char sums_doubt[ERROR_TEXT_MAX], sums_trouble[ERROR_TEXT_MAX];
	unsigned int mirrors; /* how many were made, brought up or verified */
	struct fs_moved moved;
};

/*
 * extend: makes one new mirror for each of requests[] (layouts without mirrors, checked by the caller
 * against the file system), the data read once for all, while others write. All of them or none, where
 * the file system can add several in one step; otherwise some may have been added when it fails, as the
 * text then says, and ret_result->mirrors, which is set on failure, too. A mirror that has data on the MDT is stale
 * there when it has been added, and brought up at once; where that fails, as the text says, it stays and is stale.
 * -EAGAIN: writers were faster;
 * -ERANGE: more than 16 mirrors.
 */
int MUST_CHECK mirror_extend(struct fs *fs, const char *path, const struct layout *const *requests,
			     unsigned int count, const struct mirror_options *opt,
			     struct mirror_result *ret_result);

/*
 * extend -f: the file `victim` becomes a mirror, and its name is removed. Unless no_verify, both must
 * have the same size and content: -EBADMSG, text says where they differ first. -EAGAIN: one of them
 * was written meanwhile.
 */
int MUST_CHECK mirror_extend_from(struct fs *fs, const char *path, const char *victim,
				  bool no_verify, const struct mirror_options *opt,
				  struct mirror_result *ret_result);

/*
 * resync: brings stale mirrors up while others write. only_ids (may be none): these mirrors only
 * (-ENOENT, -EINVAL given twice; one that is in sync is left alone). Without them, all stale ones but
 * nosync and offline ones. force: copies them whole whatever is known of them, those marked in sync
 * too (but not the one that is read); these are stale from the beginning, and stay so on failure. source_id: the mirror to read, 0: any in sync; -EINVAL: it is
 * stale. Nothing to do is success, with result.mirrors 0. -ENODATA: the file has no mirrors. -EBUSY:
 * another resync. -EAGAIN: writers were faster; what was copied needs no copying again.
 * A mirror that can't be written (its OST is away, full or fails) doesn't keep the others from being brought up: the
 * error is the first such one's then, ret_result->mirrors (set on failure, too) says how many were, and the text
 * names all that weren't. Nothing is marked stale before what is read and what is written have been reached.
 */
/* What is done where it isn't known which bytes of a stale mirror are out of date. AUTO: compare what is
 * large and was in sync before. Where that is known, it makes no difference. */
enum mirror_compare { MIRROR_COMPARE_AUTO, MIRROR_COMPARE, MIRROR_COMPARE_NOT };

struct mirror_resync_what {
	const uint32_t *only_ids;
	unsigned int only_count;
	bool force;
	uint32_t source_id;
	enum mirror_compare compare;
};
int MUST_CHECK mirror_resync(struct fs *fs, const char *path, const struct mirror_resync_what *what,
			     const struct mirror_options *opt, struct mirror_result *ret_result);

/*
 * verify: reads the mirrors (only_ids, at least two; none: all) and compares them with the first that is
 * in sync. 0: all are in sync and equal. -EBADMSG: one is stale or differs; each is told to `report`:
 * a stale mirror as a whole (stale true, no range), a difference as ranges of bytes, neighbours joined. One that
 * can't be read (`unreadable` says why) is left out, also in the middle; the others are compared with each other. -EIO:
 * that is all there is to be said. *ret_result is set with these two.
 * -ENODATA: the file has no mirrors. -EAGAIN: the file was written meanwhile.
 */
struct mirror_difference {
	uint32_t mirror_id, reference_id;
	bool stale;
	const char *unreadable; /* why it can't be read: the OST, and what it says; NULL: it can */
	uint64_t start, end;
};
int MUST_CHECK mirror_verify(struct fs *fs, const char *path, const uint32_t *only_ids,
			     unsigned int only_count,
			     void (*report)(const struct mirror_difference *d, void *cookie),
			     const struct mirror_options *opt, struct mirror_result *ret_result);

/*
 * split: takes mirror `id` (or, id 0, the mirrors that have components in `pool`; -EINVAL unless
 * exactly one has) out of the file. new_path: the file that gets that mirror's data, made for it with
 * the owner, mode and times of the file; -EEXIST. NULL: the data is destroyed. -EBUSY: the last
 * mirror in sync, or, unless `force`, the last one that can be read now. -ENODATA: the file has no mirrors.
 */
int MUST_CHECK mirror_split(struct fs *fs, const char *path, uint32_t id, const char *pool,
			    const char *new_path, bool force);

/* read: the bytes of mirror `id`, whatever its state, to descriptor out_fd. */
int MUST_CHECK mirror_read(struct fs *fs, const char *path, uint32_t id, int out_fd,
			   const struct mirror_options *opt, struct mirror_result *ret_result);

/*
 * write: the bytes of descriptor in_fd, to its end, become the content of mirror `id`. It is stale
 * while that is done, and afterwards, unless it has turned out to be what the file has:
 * *ret_in_sync. -EBUSY: it is the last mirror in sync.
 */
int MUST_CHECK mirror_write(struct fs *fs, const char *path, uint32_t id, int in_fd,
			    const struct mirror_options *opt, bool *ret_in_sync,
			    struct mirror_result *ret_result);

/*
 * Mirrors of the layout whose objects share a failure domain (a device): calls report for each pair,
 * with one such device's OSTs. Returns how many pairs, or a negative errno. Components without objects
 * count for nothing.
 */
int MUST_CHECK mirror_shared_domains(struct fs *fs, const struct layout *l,
				     void (*report)(uint32_t mirror_a, uint32_t mirror_b,
						    uint32_t ost_a, uint32_t ost_b, void *cookie),
				     void *cookie);

/* How many failure domains there are for new objects, in that pool ("": on all OSTs). UINT_MAX: not known. */
int MUST_CHECK mirror_count_domains(struct fs *fs, const char *pool, unsigned int *ret_count);

#endif
