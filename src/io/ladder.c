/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/ladder.h"

#include <errno.h>

void io_ladder_init(struct io_ladder *ladder)
{
	*ladder = (struct io_ladder){ .used = 0 };
	pthread_mutex_init(&ladder->lock, NULL);
	buffers_init(&ladder->buffers);
}

void io_ladder_release(struct io_ladder *ladder)
{
	buffers_release(&ladder->buffers);
	pthread_mutex_destroy(&ladder->lock);
}

int io_ladder_judge(enum io_rung rung, int err)
{
	switch (err) {
	case -EXDEV:
	case -EOPNOTSUPP:
	case -ENOSYS:
	case -ENOTTY:
		return RUNG_REFUSED;
	case -EINVAL:
	case -ETXTBSY:
	case -EPERM:
		return RUNG_LEFT;
	case -ENOENT: /* SMB */
	case -EBADF:  /* some FUSE mounts */
		return rung == IO_KERNEL ? RUNG_LEFT : err;
	default:
		return err;
	}
}

/* Index of the pair of req's devices, or -1. */
static int find_locked(const struct io_ladder *ladder, const struct io_request *req)
{
	for (unsigned int i = 0; i < ladder->used; i++)
		if (ladder->pairs[i].src == req->src.dev && ladder->pairs[i].dst == req->dst.dev)
			return (int)i;
	return -1;
}

/* As find_locked(), and adds the pair where it is new. */
static int add_locked(struct io_ladder *ladder, const struct io_request *req)
{
	int i = find_locked(ladder, req);

	if (i >= 0)
		return i;
	if (ladder->used < IO_LADDER_PAIRS) {
		i = (int)ladder->used++;
	} else {
		i = (int)ladder->oldest;
		ladder->oldest = (ladder->oldest + 1) % IO_LADDER_PAIRS;
	}
	ladder->pairs[i].src = req->src.dev;
	ladder->pairs[i].dst = req->dst.dev;
	ladder->pairs[i].refused = 0;
	ladder->pairs[i].worked = 0;
	ladder->pairs[i].block_bytes = 0;
	return i;
}

bool io_ladder_refused(struct io_ladder *ladder, const struct io_request *req, enum io_rung rung)
{
	bool refused;
	int i;

	pthread_mutex_lock(&ladder->lock);
	i = find_locked(ladder, req);
	refused = i >= 0 && ladder->pairs[i].refused & 1u << rung;
	pthread_mutex_unlock(&ladder->lock);
	return refused;
}

bool io_ladder_worked(struct io_ladder *ladder, const struct io_request *req, enum io_rung rung)
{
	bool worked;
	int i;

	pthread_mutex_lock(&ladder->lock);
	i = find_locked(ladder, req);
	worked = i >= 0 && ladder->pairs[i].worked & 1u << rung;
	pthread_mutex_unlock(&ladder->lock);
	return worked;
}

void io_ladder_note(struct io_ladder *ladder, const struct io_request *req, enum io_rung rung,
		    int outcome)
{
	int i;

	if (outcome != RUNG_DONE && outcome != RUNG_REFUSED)
		return;
	pthread_mutex_lock(&ladder->lock);
	i = add_locked(ladder, req);
	if (outcome == RUNG_DONE) {
		ladder->pairs[i].worked |= 1u << rung;
	} else {
		ladder->pairs[i].refused |= 1u << rung;
		ladder->pairs[i].worked &= ~(1u << rung);
	}
	pthread_mutex_unlock(&ladder->lock);
}

uint32_t io_ladder_block(struct io_ladder *ladder, const struct io_request *req)
{
	uint32_t block_bytes;
	int i;

	pthread_mutex_lock(&ladder->lock);
	i = find_locked(ladder, req);
	block_bytes = i >= 0 ? ladder->pairs[i].block_bytes : 0;
	pthread_mutex_unlock(&ladder->lock);
	return block_bytes;
}

void io_ladder_note_block(struct io_ladder *ladder, const struct io_request *req,
			  uint32_t block_bytes)
{
	pthread_mutex_lock(&ladder->lock);
	ladder->pairs[add_locked(ladder, req)].block_bytes = block_bytes;
	pthread_mutex_unlock(&ladder->lock);
}

bool io_may_share(struct io_ladder *ladder, dev_t device)
{
	const struct io_request within = { .src.dev = device, .dst.dev = device };

	return !io_ladder_refused(ladder, &within, IO_SHARE);
}
