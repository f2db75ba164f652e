/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/sums.h"

#include "base/error.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <limits.h>

void sums_init(struct sums *s)
{
	*s = (struct sums){ .count = 0 };
	pthread_mutex_init(&s->lock, NULL);
}

void sums_release(struct sums *s)
{
	free(s->list);
	pthread_mutex_destroy(&s->lock);
}

uint32_t sums_crc32c(uint32_t crc, const void *bytes, size_t len_bytes)
{
	unsigned char *at =
		(unsigned char *)(uintptr_t)bytes; /* ISA-L knows no const, and only reads */

	crc = ~crc;
	while (len_bytes > 0) {
		int n = (int)MIN_OF(len_bytes, (size_t)INT_MAX);

		crc = crc32_iscsi(at, n, crc);
		at += n;
		len_bytes -= (size_t)n;
	}
	return ~crc;
}

int sums_add(struct sums *s, uint64_t offset, const void *bytes, uint32_t len_bytes)
{
	struct sum sum = { offset, len_bytes, sums_crc32c(0, bytes, len_bytes) };
	int err = 0;

	pthread_mutex_lock(&s->lock);
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct sum *grown = reallocarray(s->list, room, sizeof(*grown));

		if (grown) {
			s->list = grown;
			s->room = room;
		}
	}
	if (s->count < s->room)
		s->list[s->count++] = sum;
	else
		err = -ENOMEM;
	pthread_mutex_unlock(&s->lock);
	return err ? fail(err, "checksums: out of memory") : 0;
}

static int by_offset(const void *va, const void *vb)
{
	const struct sum *a = va, *b = vb;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

void sums_settle(struct sums *s)
{
	size_t kept = 0;

	if (s->count)
		qsort(s->list, s->count, sizeof(*s->list), by_offset);
	/*
	 * Two parts overlap where a rung gave up behind bytes that had passed it: what was written is
	 * what the rung below read. Which of the two that was is not known any more, so neither stays;
	 * who verifies reads the source again there.
	 */
	for (size_t i = 0; i < s->count;) {
		uint64_t end = s->list[i].offset + s->list[i].len_bytes;
		size_t next = i + 1;

		while (next < s->count && s->list[next].offset < end) {
			end = MAX_OF(end, s->list[next].offset + s->list[next].len_bytes);
			next++;
		}
		if (next == i + 1)
			s->list[kept++] = s->list[i];
		i = next;
	}
	s->count = kept;
}
