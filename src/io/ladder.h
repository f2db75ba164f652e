/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of the ladder: which rungs have worked and which are refused between two devices. For
 * the inside of io/. */
#ifndef LOVFS_IO_LADDER_H
#define LOVFS_IO_LADDER_H

#include "io/io.h"

/* What became of a range on a rung, beside real errors, which are negative. */
enum rung_outcome {
	RUNG_DONE = 0,
	RUNG_LEFT = 1,    /* not this way for this range or these files */
	RUNG_REFUSED = 2, /* not this way for these devices */
};

/* What a system call's failure means for a rung: RUNG_LEFT, RUNG_REFUSED, or err itself, which then
 * ends the copy. */
int io_ladder_judge(enum io_rung rung, int err);

bool io_ladder_refused(struct io_ladder *ladder, const struct io_request *req, enum io_rung rung);
bool io_ladder_worked(struct io_ladder *ladder, const struct io_request *req, enum io_rung rung);

/* Keeps the outcome of a rung, RUNG_DONE or RUNG_REFUSED; anything else is not kept. */
void io_ladder_note(struct io_ladder *ladder, const struct io_request *req, enum io_rung rung,
		    int outcome);

/* The contest of the pair (io/contest.h). */
enum contest_way io_ladder_contest_next(struct io_ladder *ladder, const struct io_request *req,
					bool *ret_timed);
/* A timed piece: of len_bytes, or 0: it came to nothing. */
void io_ladder_contest_end(struct io_ladder *ladder, const struct io_request *req,
			   enum contest_way way, uint64_t len_bytes, uint64_t took_ns);

/* What ranges shared between the devices are aligned to, 0 where nobody has said so. */
uint32_t io_ladder_block(struct io_ladder *ladder, const struct io_request *req);
void io_ladder_note_block(struct io_ladder *ladder, const struct io_request *req,
			  uint32_t block_bytes);

#endif
