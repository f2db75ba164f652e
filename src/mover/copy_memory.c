/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/copy_memory.h"

#include <assert.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE_MIN ((size_t)4096)
#define HUGE_PAGE_BYTES ((size_t)2 << 20) /* of most machines; it is only a wish */

/* At the beginning of the memory itself. */
struct copy_memory_idle {
	struct copy_memory_idle *next;
};

static size_t size_at(unsigned int idx)
{
	return SIZE_MIN << idx;
}

/* Files have any length; memory of few lengths is found again. */
static unsigned int size_idx(size_t len_bytes)
{
	unsigned int idx = 0;

	while (size_at(idx) < len_bytes)
		idx++;
	assert(idx < COPY_MEMORY_SIZES);
	return idx;
}

uint64_t copy_memory_default(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t all = pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;

	return MIN_OF(MAX_OF(all / 8, COPY_MEMORY_FILE), COPY_MEMORY_MAX);
}

void copy_memory_init(struct copy_memory *m, uint64_t max_bytes)
{
	*m = (struct copy_memory){ .max_bytes = max_bytes };
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
}

/* Wherever a mapping is, so much more has `size` bytes from a multiple of HUGE_PAGE_BYTES on. */
#define TRIMMED_BYTES (HUGE_PAGE_BYTES - SIZE_MIN)

/* Kernels before 6.7 put mappings anywhere. */
static void *trim(void *memory, size_t size)
{
	size_t before = (size_t)(-(uintptr_t)memory % HUGE_PAGE_BYTES);
	unsigned char *from = (unsigned char *)memory + before;

	if (before)
		munmap(memory, before);
	if (before < TRIMMED_BYTES)
		munmap(from + size, TRIMMED_BYTES - before);
	return from;
}

/*
 * Not of malloc(), which keeps some of what is freed: then there would be more than there may be. In huge
 * pages where the kernel has them: making small ones, and finding them one by one for direct I/O, is most
 * of what a copy takes of the processor.
 */
static void *map(size_t size)
{
	bool huge = size >= HUGE_PAGE_BYTES;
	void *memory = mmap(NULL, size + (huge ? TRIMMED_BYTES : 0), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (huge) {
		memory = trim(memory, size);
		(void)madvise(memory, size, MADV_HUGEPAGE);
	}
	return memory;
}

static struct copy_memory_idle *pop_locked(struct copy_memory *m, unsigned int idx)
{
	struct copy_memory_idle *idle = m->idle[idx];

	if (idle) {
		m->idle[idx] = idle->next;
		m->idle_bytes -= size_at(idx);
	}
	return idle;
}

/* Unmaps what is idle, until that with `used_bytes` is no more than max_bytes. */
static void shrink_locked(struct copy_memory *m, uint64_t used_bytes, uint64_t max_bytes)
{
	for (unsigned int i = COPY_MEMORY_SIZES; i-- > 0;) {
		while (m->idle[i] && used_bytes + m->idle_bytes > max_bytes)
			munmap(pop_locked(m, i), size_at(i));
	}
}

void copy_memory_release(struct copy_memory *m)
{
	shrink_locked(m, 0, 0);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
}

uint64_t copy_memory_begin(struct copy_memory *m)
{
	uint64_t share;

	pthread_mutex_lock(&m->lock);
	share = m->max_bytes / ++m->files;
	pthread_mutex_unlock(&m->lock);
	return MIN_OF(share, COPY_MEMORY_FILE);
}

void copy_memory_end(struct copy_memory *m)
{
	pthread_mutex_lock(&m->lock);
	m->files--;
	pthread_mutex_unlock(&m->lock);
}

/* Idle memory of other lengths makes room. */
static void *find_locked(struct copy_memory *m, unsigned int idx)
{
	void *memory = pop_locked(m, idx);

	if (memory)
		return memory;
	shrink_locked(m, m->used_bytes + size_at(idx), m->max_bytes);
	return map(size_at(idx));
}

static bool fits_locked(const struct copy_memory *m, size_t size)
{
	return m->used_bytes == 0 || m->used_bytes + size <= m->max_bytes;
}

void *copy_memory_take(struct copy_memory *m, size_t len_bytes)
{
	unsigned int idx = size_idx(len_bytes);
	uint64_t ticket;
	void *memory;

	pthread_mutex_lock(&m->lock);
	ticket = m->tickets++;
	while (ticket != m->served || !fits_locked(m, size_at(idx)))
		pthread_cond_wait(&m->changed, &m->lock);
	memory = find_locked(m, idx);
	if (memory)
		m->used_bytes += size_at(idx);
	m->served++;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return memory;
}

void copy_memory_give(struct copy_memory *m, void *memory, size_t len_bytes)
{
	unsigned int idx = size_idx(len_bytes);
	struct copy_memory_idle *idle = memory;

	if (!memory)
		return;
	pthread_mutex_lock(&m->lock);
	idle->next = m->idle[idx];
	m->idle[idx] = idle;
	m->used_bytes -= size_at(idx);
	m->idle_bytes += size_at(idx);
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}
