/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/uring.h"

#include "base/clock.h"
#include "base/sys.h"

#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)
/* How long io_uring_enter(2) may go on failing while operations are under way in our buffers. */
#define ENTER_PATIENCE_NS (10 * NS_PER_S)

struct uring {
	struct io_uring kernel;
	unsigned char *memory; /* owned: slots * slot_bytes */
	size_t slot_bytes;
	unsigned int slots;
	bool has_buffers,
		has_files; /* registered; not where RLIMIT_MEMLOCK or the kernel says no */
	/* of the open files: */
	int fds[URING_FILES];
	bool fixed_buffers, fixed_files;
	/* What the seam wants of an operation, instead of its result; 0: nothing. */
	bool injected[URING_SLOTS_MAX];
	int injected_result[URING_SLOTS_MAX];
};

static int make_buffers(struct uring *ring)
{
	struct iovec vec[URING_SLOTS_MAX];
	size_t len = ring->slots * ring->slot_bytes;
	void *memory = NULL;

	if (posix_memalign(&memory, len < HUGE_PAGE_BYTES ? URING_BUFFER_ALIGN : HUGE_PAGE_BYTES,
			   len))
		return -ENOMEM;
	ring->memory = memory;
	(void)madvise(memory, len, MADV_HUGEPAGE);
	for (unsigned int i = 0; i < ring->slots; i++)
		vec[i] = (struct iovec){ uring_buffer(ring, i), ring->slot_bytes };
	ring->has_buffers = !io_uring_register_buffers(&ring->kernel, vec, ring->slots);
	return 0;
}

int uring_new(unsigned int slots, size_t slot_bytes, struct uring **ret_ring)
{
	static const int no_files[URING_FILES] = { -1, -1 };
	size_t nothing = 0;
	struct uring *ring;
	int err = sys_hook_transfer("uring_setup", &nothing);

	if (err)
		return err;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->slots = slots;
	ring->slot_bytes = slot_bytes;
	err = io_uring_queue_init(slots, &ring->kernel, 0);
	if (err) {
		free(ring);
		return err;
	}
	err = make_buffers(ring);
	if (err) {
		uring_free(ring);
		return err;
	}
	ring->has_files = !io_uring_register_files(&ring->kernel, no_files, URING_FILES);
	*ret_ring = ring;
	return 0;
}

void uring_free(struct uring *ring)
{
	if (!ring)
		return;
	io_uring_queue_exit(&ring->kernel);
	free(ring->memory);
	free(ring);
}

static bool set_files(struct uring *ring, const int fds[URING_FILES])
{
	return io_uring_register_files_update(&ring->kernel, 0, fds, URING_FILES) == URING_FILES;
}

void uring_open(struct uring *ring, const int fds[URING_FILES], bool plain)
{
	memcpy(ring->fds, fds, sizeof(ring->fds));
	ring->fixed_buffers = ring->has_buffers && !plain;
	ring->fixed_files = ring->has_files && !plain && set_files(ring, fds);
}

void uring_close(struct uring *ring)
{
	static const int no_files[URING_FILES] = { -1, -1 };

	/* A registered file stays open in the kernel whatever its descriptor does. */
	if (ring->fixed_files && !set_files(ring, no_files))
		ring->has_files = io_uring_unregister_files(&ring->kernel) != 0;
	ring->fixed_files = false;
}

unsigned char *uring_buffer(struct uring *ring, unsigned int slot)
{
	return ring->memory + slot * ring->slot_bytes;
}

/* An entry for the slot's operation, or NULL where the seam has another end of it in mind: then one that
 * does nothing is prepared. The queue has room for one operation of each slot. */
static struct io_uring_sqe *entry(struct uring *ring, const char *call, unsigned int slot,
				  size_t *len_bytes)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->kernel);
	int err = sys_hook_transfer(call, len_bytes);

	ring->injected[slot] = err < 0 || *len_bytes == 0;
	ring->injected_result[slot] = err;
	if (!ring->injected[slot])
		return sqe;
	io_uring_prep_nop(sqe);
	io_uring_sqe_set_data64(sqe, slot);
	return NULL;
}

/* What reading and writing differ in. */
struct operation {
	const char *call; /* for the seam */
	enum uring_file file;
	int with_buffer, with_memory; /* IORING_OP_* */
};
static const struct operation reading = { "uring_read", URING_SRC, IORING_OP_READ_FIXED,
					  IORING_OP_READ };
static const struct operation writing = { "uring_write", URING_DST, IORING_OP_WRITE_FIXED,
					  IORING_OP_WRITE };

static void record(const struct operation *op, size_t len_bytes, uint64_t offset)
{
	struct sys_data_call call = { .name = op->call, .len_bytes = len_bytes };

	if (op->file == URING_SRC)
		call.src_offset = offset;
	else
		call.dst_offset = offset;
	sys_record(&call);
}

static void prepare(struct uring *ring, const struct operation *op, unsigned int slot, size_t skip,
		    size_t len_bytes, uint64_t offset)
{
	struct io_uring_sqe *sqe = entry(ring, op->call, slot, &len_bytes);
	int file = ring->fixed_files ? (int)op->file : ring->fds[op->file];

	if (!sqe)
		return;
	record(op, len_bytes, offset);
	io_uring_prep_rw(ring->fixed_buffers ? op->with_buffer : op->with_memory, sqe, file,
			 uring_buffer(ring, slot) + skip, (unsigned int)len_bytes, offset);
	if (ring->fixed_buffers)
		sqe->buf_index = (uint16_t)slot;
	if (ring->fixed_files)
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, slot);
}

void uring_read(struct uring *ring, unsigned int slot, size_t skip, size_t len_bytes,
		uint64_t offset)
{
	prepare(ring, &reading, slot, skip, len_bytes, offset);
}

void uring_write(struct uring *ring, unsigned int slot, size_t skip, size_t len_bytes,
		 uint64_t offset)
{
	prepare(ring, &writing, slot, skip, len_bytes, offset);
}

/*
 * The kernel may have our buffers as long as operations are under way, so there is no way back from
 * here before they are done. A ring that can't be entered any more is a bug, ours or the kernel's.
 */
static void enter(struct uring *ring)
{
	uint64_t began_ns = clock_now_ns();

	for (;;) {
		struct timespec nap = { .tv_nsec = NS_PER_MS };
		int n = io_uring_submit_and_wait(&ring->kernel, 1);

		if (n >= 0 || io_uring_cq_ready(&ring->kernel))
			return;
		if (n == -EINTR)
			continue;
		if (clock_now_ns() - began_ns > ENTER_PATIENCE_NS)
			abort();
		nanosleep(&nap, NULL);
	}
}

unsigned int uring_wait(struct uring *ring, struct uring_done ret_done[URING_SLOTS_MAX])
{
	struct io_uring_cqe *cqe;
	unsigned int n = 0;

	while (n == 0) {
		enter(ring);
		while (n < URING_SLOTS_MAX && !io_uring_peek_cqe(&ring->kernel, &cqe)) {
			unsigned int slot = (unsigned int)io_uring_cqe_get_data64(cqe);

			ret_done[n].slot = slot;
			ret_done[n].result =
				ring->injected[slot] ? ring->injected_result[slot] : cqe->res;
			io_uring_cqe_seen(&ring->kernel, cqe);
			n++;
		}
	}
	return n;
}
