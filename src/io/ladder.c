/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/ladder.h"

#include <errno.h>

/* An eighth for reading and writing without io_uring, which needs little. */
void io_ladder_init(struct io_ladder *ladder, uint64_t memory_bytes)
{
	uint64_t bytes = memory_bytes ? memory_bytes : IO_MEMORY_DEFAULT;
	uint64_t for_buffers = MAX_OF(bytes / 8, BUFFER_BYTES);

	*ladder = (struct io_ladder){ .used = 0 };
	pthread_mutex_init(&ladder->lock, NULL);
	buffers_init(&ladder->buffers, for_buffers);
	rings_init(&ladder->rings, bytes - MIN_OF(bytes, for_buffers));
}

void io_ladder_release(struct io_ladder *ladder)
{
	rings_release(&ladder->rings);
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
	ladder->pairs[i].contest = (struct contest){ 0 };
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

enum contest_way io_ladder_contest_next(struct io_ladder *ladder, const struct io_request *req,
					bool *ret_timed)
{
	enum contest_way way;

	pthread_mutex_lock(&ladder->lock);
	way = contest_next(&ladder->pairs[add_locked(ladder, req)].contest, ret_timed);
	pthread_mutex_unlock(&ladder->lock);
	return way;
}

void io_ladder_contest_end(struct io_ladder *ladder, const struct io_request *req,
			   enum contest_way way, uint64_t len_bytes, uint64_t took_ns)
{
	int i;

	pthread_mutex_lock(&ladder->lock);
	i = find_locked(ladder, req);
	/* The pair may have been forgotten, and have come again. */
	if (i >= 0 && ladder->pairs[i].contest.begun[way] > ladder->pairs[i].contest.tried[way]) {
		if (len_bytes)
			contest_note(&ladder->pairs[i].contest, way, len_bytes, took_ns);
		else
			contest_cancel(&ladder->pairs[i].contest, way);
	}
	pthread_mutex_unlock(&ladder->lock);
}

int io_choice_at(struct io_ladder *ladder, unsigned int position, struct io_choice *ret_choice)
{
	int err = -ENODEV;

	pthread_mutex_lock(&ladder->lock);
	if (position < ladder->used) {
		*ret_choice = (struct io_choice){
			.src = ladder->pairs[position].src,
			.dst = ladder->pairs[position].dst,
			.contest = ladder->pairs[position].contest,
		};
		err = 0;
	}
	pthread_mutex_unlock(&ladder->lock);
	return err;
}

static bool find_device(struct io_ladder *ladder, dev_t dev, struct io_device *ret)
{
	bool found = false;

	pthread_mutex_lock(&ladder->lock);
	for (unsigned int i = 0; i < ladder->device_count && !found; i++) {
		found = ladder->devices[i].dev == dev;
		if (found)
			*ret = ladder->devices[i].device;
	}
	pthread_mutex_unlock(&ladder->lock);
	return found;
}

struct io_device io_device_of(struct io_ladder *ladder, const struct io_end *end)
{
	struct io_device device;

	if (find_device(ladder, end->dev, &device))
		return device;
	device = device_look(end->fd, end->dev);
	pthread_mutex_lock(&ladder->lock);
	if (ladder->device_count < IO_LADDER_DEVICES) {
		ladder->devices[ladder->device_count].dev = end->dev;
		ladder->devices[ladder->device_count].device = device;
		ladder->device_count++;
	}
	pthread_mutex_unlock(&ladder->lock);
	return device;
}

bool io_may_share(struct io_ladder *ladder, dev_t device)
{
	const struct io_request within = { .src.dev = device, .dst.dev = device };

	return !io_ladder_refused(ladder, &within, IO_SHARE);
}
