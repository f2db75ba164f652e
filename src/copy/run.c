/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * First, in the calling thread, what takes no time: holes are punched and whatever can be shared is
 * shared. What is left, if anything, is copied for real: by the calling thread alone, or together
 * with threads made for this run where it is much.
 */
#include "copy/run.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "copy/chunks.h"
#include "io/extent_map.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define WORKERS_MAX 64
#define WORKERS_AUTO_MAX 16
/* What one worker at least should have to do, for the thread to be worth its making. */
#define WORKER_MIN_BYTES (8 * MIB)
/* The same where pieces are short: a worker has one of them under way at a time. */
#define WORKER_MIN_PIECES 4
/* What one worker has under way at once, where its pieces are long enough. */
#define WORKER_INFLIGHT_BYTES (8 * MIB)
/* The same where islands of data lie in holes. */
#define WORKER_SPARSE_BYTES (1 * MIB)
/* Long pieces are handed out in parts of this many bytes; a worker that fails waits for the parts
 * of the others. */
#define CHUNK_BYTES (32 * MIB)
#define CHUNKS_MAX 65536
/* Smaller ones are small stripes: reading ahead through the page cache is better for these. */
#define PIECE_BULK_BYTES (512 * KIB)
/* More make no difference to the number of workers. */
#define DEVICES_MAX 16

/* The devices of one side, each once. */
struct side_devices {
	dev_t seen[DEVICES_MAX];
	unsigned int count;
	uint64_t inflight_bytes; /* what keeps them all busy */
};

struct run {
	struct io_ladder *ladder;
	const struct copy_objects *objects;
	const struct copy_run_options *options;
	struct side_devices sources, destinations; /* of what is on the list of chunks */
	bool sparse;                               /* a source on it has more holes than data */
	struct chunks chunks;                      /* not changed while workers run */
	struct extent_map extents;                 /* of the sources */

	atomic_size_t next;  /* first chunk that nobody has taken */
	atomic_bool stopped; /* a worker has failed */

	pthread_mutex_t lock;
	struct io_moved moved;     /* guarded by lock */
	int err;                   /* guarded by lock: the first one */
	char text[ERROR_TEXT_MAX]; /* guarded by lock: its text, which belonged to the worker's
				      thread */
};

static void name(const struct copy_objects *objects, struct object_ref ref, bool of_dst,
		 char text[COPY_NAME_MAX])
{
	if (objects->name)
		objects->name(objects->cookie, ref, of_dst, text);
	else
		snprintf(text, COPY_NAME_MAX, "component %u stripe %u", ref.comp_idx,
			 ref.stripe_idx);
}

/* Adds to the text of err, set by who knew the cause, which objects it was about. */
static int fail_piece(const struct run *run, int err, const struct copy_piece *piece)
{
	char text[ERROR_TEXT_MAX], src[COPY_NAME_MAX], dst[COPY_NAME_MAX];

	if (err == -ECANCELED || run->options->plain_files)
		return err;
	snprintf(text, sizeof(text), "%s", error_text(err));
	name(run->objects, piece->dst, true, dst);
	if (piece->hole)
		return fail(err, "hole in %s: %s", dst, text);
	name(run->objects, piece->src, false, src);
	return fail(err, "copy from %s to %s: %s", src, dst, text);
}

static int request_of(const struct copy_objects *objects, const struct copy_run_options *options,
		      const struct copy_piece *piece, uint64_t offset, uint64_t len_bytes,
		      struct io_request *ret_req)
{
	struct io_request req = {
		.src_offset = piece->src_offset + offset,
		.dst_offset = piece->dst_offset + offset,
		.len_bytes = len_bytes,
		.no_share = options->no_share,
		.fresh = options->fresh,
		.bulk = options->bulk && piece->len_bytes >= PIECE_BULK_BYTES,
		.keep_source = options->keep_source,
		.stop = options->stop,
		.stages = options->stages,
	};
	int err = objects->dst_end(objects->cookie, piece->dst, &req.dst);

	if (!err)
		err = objects->src_end(objects->cookie, piece->src, &req.src);
	if (!err)
		*ret_req = req;
	return err;
}

static bool asked_to_stop(const struct copy_run_options *options)
{
	return options->stop && atomic_load_explicit(options->stop, memory_order_relaxed);
}

static void count_hole(struct run *run, uint64_t len_bytes)
{
	const struct io_stages *stages = run->options->stages;

	run->moved.hole_bytes += len_bytes;
	if (stages && stages->done_bytes)
		atomic_fetch_add_explicit(stages->done_bytes, len_bytes, memory_order_relaxed);
}

static int punch_piece(struct run *run, const struct copy_piece *piece)
{
	struct io_end dst;
	int err = 0;

	if (!run->options->fresh) {
		err = run->objects->dst_end(run->objects->cookie, piece->dst, &dst);
		if (!err)
			err = io_punch(dst.fd, piece->dst_offset, piece->len_bytes,
				       run->options->stop);
	}
	if (!err)
		count_hole(run, piece->len_bytes);
	return err;
}

static int leave(struct run *run, const struct copy_piece *piece, dev_t dst_dev, uint64_t from,
		 uint64_t to)
{
	struct chunk chunk = {
		.piece = piece, .offset = from, .len_bytes = to - from, .dst_dev = dst_dev
	};

	return from < to ? chunks_add(&run->chunks, &chunk) : 0;
}

static int note_sparse(struct run *run, const struct io_end *src)
{
	struct stat st;
	int err = sys_fstat(src->fd, &st);

	if (err)
		return fail_sys(err, "size of the source");
	run->sparse = run->sparse || st.st_blocks * 512 < st.st_size / 2;
	return 0;
}

static void note_device(struct run *run, struct side_devices *side, const struct io_end *end)
{
	struct io_device device;

	for (unsigned int i = 0; i < side->count; i++) {
		if (side->seen[i] == end->dev)
			return;
	}
	if (side->count == DEVICES_MAX)
		return;
	side->seen[side->count++] = end->dev;
	device = io_device_of(run->ladder, end);
	side->inflight_bytes += device_inflight_bytes(&device);
}

/* Shares what can be of the piece and puts the rest on the list. */
static int share_piece(struct run *run, const struct copy_piece *piece)
{
	uint64_t from = 0, shared = 0;
	struct io_request req;
	int err = request_of(run->objects, run->options, piece, 0, piece->len_bytes, &req);

	if (!err && !req.no_share)
		err = io_share(run->ladder, &req, &run->moved, &from, &shared);
	if (!err)
		err = leave(run, piece, req.dst.dev, 0, shared ? from : 0);
	if (!err)
		err = leave(run, piece, req.dst.dev, shared ? from + shared : 0, piece->len_bytes);
	if (!err && shared < piece->len_bytes) {
		note_device(run, &run->sources, &req.src);
		note_device(run, &run->destinations, &req.dst);
		err = note_sparse(run, &req.src);
	}
	return err;
}

/* No worker is there yet: no lock. */
static int take_the_quick(struct run *run, const struct copy_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct copy_piece *piece = &plan->pieces[i];
		int err;

		if (asked_to_stop(run->options))
			return -ECANCELED;
		err = piece->hole ? punch_piece(run, piece) : share_piece(run, piece);
		if (err)
			return fail_piece(run, err, piece);
	}
	return 0;
}

static int copy_chunk(struct run *run, const struct chunk *chunk, struct io_moved *moved)
{
	struct io_request req = { .extents = NULL };
	uint64_t done;
	int err = request_of(run->objects, run->options, chunk->piece, chunk->offset,
			     chunk->len_bytes, &req);

	req.extents = &run->extents;
	if (!err)
		err = io_copy(run->ladder, &req, moved, &done);
	return err ? fail_piece(run, err, chunk->piece) : 0;
}

static void *work(void *arg)
{
	struct run *run = arg;
	struct io_moved moved = { .hole_bytes = 0 };
	int err = 0;

	while (!err && !atomic_load_explicit(&run->stopped, memory_order_relaxed)) {
		size_t i = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);

		if (i >= run->chunks.count)
			break;
		err = asked_to_stop(run->options) ? -ECANCELED
						  : copy_chunk(run, &run->chunks.list[i], &moved);
	}
	if (err)
		atomic_store_explicit(&run->stopped, true, memory_order_relaxed);
	pthread_mutex_lock(&run->lock);
	io_moved_add(&run->moved, &moved);
	if (err && !run->err) {
		run->err = err;
		snprintf(run->text, sizeof(run->text), "%s", error_text(err));
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

/* As many as have enough under way to keep the busier side's devices busy, if there is enough to do. */
static unsigned int workers_for(const struct run *run)
{
	uint64_t mean = run->chunks.len_bytes / MAX_OF(run->chunks.count, (size_t)1);
	uint64_t each = MIN_OF(MAX_OF(mean, 64 * KIB),
			       run->sparse ? WORKER_SPARSE_BYTES : WORKER_INFLIGHT_BYTES);
	uint64_t inflight = MAX_OF(run->sources.inflight_bytes, run->destinations.inflight_bytes);
	uint64_t wanted = run->options->workers, worth;

	if (wanted == 0)
		wanted = MIN_OF((inflight + each - 1) / each, WORKERS_AUTO_MAX);
	worth = MIN_OF(run->chunks.len_bytes / WORKER_MIN_BYTES,
		       mean < WORKER_MIN_BYTES ? run->chunks.count / WORKER_MIN_PIECES
					       : UINT64_MAX);
	return (unsigned int)MAX_OF(MIN_OF(MIN_OF(wanted, WORKERS_MAX), worth), 1);
}

/* The calling thread and count - 1 others; fewer where threads can't be made. */
static void work_together(struct run *run, unsigned int count)
{
	pthread_t threads[WORKERS_MAX];
	unsigned int made = 0;
	sigset_t all, before;

	/* Signals are for the threads that expect them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (made + 1 < count && !pthread_create(&threads[made], NULL, work, run))
		made++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(run);
	while (made > 0)
		pthread_join(threads[--made], NULL);
}

/* Not more parts than can be kept in memory and put in order at once, however long a sparse file is. */
static uint64_t chunk_bytes_for(uint64_t len_bytes)
{
	uint64_t step = CHUNK_BYTES;

	while (len_bytes / step > CHUNKS_MAX)
		step *= 2;
	return step;
}

static int copy_the_rest(struct run *run)
{
	unsigned int workers = workers_for(run);
	int err;

	if (run->chunks.count == 0)
		return 0;
	if (workers > 1) {
		err = chunks_spread(&run->chunks, chunk_bytes_for(run->chunks.len_bytes));
		if (err)
			return err;
	}
	work_together(run, workers);
	return run->err ? fail(run->err, "%s", run->text) : 0;
}

int copy_run(struct io_ladder *ladder, const struct copy_plan *plan,
	     const struct copy_objects *objects, const struct copy_run_options *options,
	     struct io_moved *moved)
{
	struct copy_run_options own = *options;
	struct run run = { .ladder = ladder, .objects = objects, .options = &own };
	int err;

	own.bulk |= plan->len_bytes >= COPY_BULK_BYTES;
	pthread_mutex_init(&run.lock, NULL);
	extent_map_init(&run.extents);
	err = take_the_quick(&run, plan);
	if (!err)
		err = copy_the_rest(&run);
	io_moved_add(moved, &run.moved);
	chunks_release(&run.chunks);
	extent_map_release(&run.extents);
	pthread_mutex_destroy(&run.lock);
	return err;
}

bool copy_run_is_shared(struct io_ladder *ladder, const struct copy_plan *plan,
			const struct copy_objects *objects)
{
	const struct copy_run_options options = { .workers = 1 };

	for (size_t i = 0; i < plan->count; i++) {
		const struct copy_piece *piece = &plan->pieces[i];
		struct io_request req;

		if (piece->hole)
			continue;
		if (request_of(objects, &options, piece, 0, piece->len_bytes, &req) ||
		    !io_will_share(ladder, &req))
			return false;
	}
	return true;
}
