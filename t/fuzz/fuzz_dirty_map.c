/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file of a dirty map: refused, or all of it can be taken, copied and marked, and what is left
 * in the file can be read again.
 *
 * The input is the file without the zeros between the header's fields and the bits.
 */
#include "fuzz.h"

#include "base/attr.h"
#include "base/cursor.h"
#include "file/dirty_map.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIELDS_BYTES 56
#define HEADER_BYTES 4096
#define TAKES_MAX 1000
#define SIZE_BYTES (UINT64_C(1) << 40)

static int file_of(const uint8_t *data, size_t len_bytes)
{
	int fd = memfd_create("map", MFD_CLOEXEC);
	size_t head = MIN_OF(len_bytes, FIELDS_BYTES), bits = len_bytes - head;

	if (fd < 0 || pwrite(fd, data, head, 0) != (ssize_t)head)
		abort();
	if (head == FIELDS_BYTES && ftruncate(fd, HEADER_BYTES))
		abort();
	if (pwrite(fd, data + head, bits, HEADER_BYTES) != (ssize_t)bits)
		abort();
	return fd;
}

/* The map that the header says it is. */
static struct dirty_map_id id_of(const uint8_t *data, size_t len_bytes)
{
	struct reader r = reader_of(data, len_bytes);
	struct dirty_map_id id;

	le64_get(&r); /* magic */
	id.file.seq = le64_get(&r);
	id.file.oid = le32_get(&r);
	id.file.ver = le32_get(&r);
	id.mirror_id = le32_get(&r);
	id.generation = le32_get(&r);
	return id;
}

/* Copies what is dirty, from the front, and marks a part of it again. */
static void copy_all(struct dirty_map *map)
{
	struct dirty_range r;
	uint64_t from = 0;

	for (int i = 0; i < TAKES_MAX; i++) {
		if (!dirty_map_take(map, from, 100 * DIRTY_GRAIN_BYTES, SIZE_BYTES, &r))
			break;
		if (r.end > SIZE_BYTES || r.start > r.end || (!r.tail && r.end <= from))
			abort();
		from = r.end;
		if (i % 3 == 0 && dirty_map_mark(map, r.start, r.start + 1))
			abort();
		if (i % 5 && dirty_map_copied(map, &r))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct dirty_map_id id = id_of(data, len_bytes);
	struct dirty_map *map, *again;
	CLEANUP_FD int fd = file_of(data, len_bytes);
	uint64_t left;

	if (dirty_map_load(dup(fd), &id, &map))
		return 0;
	if (dirty_map_dirty_bytes(map, SIZE_BYTES) > SIZE_BYTES)
		abort();
	copy_all(map);
	dirty_map_give_back(map);
	if (dirty_map_mark(map, 5 * SIZE_BYTES / 7, 5 * SIZE_BYTES / 7 + 9))
		abort();
	left = dirty_map_dirty_bytes(map, SIZE_BYTES);
	dirty_map_free(map);
	if (dirty_map_load(dup(fd), &id, &again))
		abort();
	if (dirty_map_dirty_bytes(again, SIZE_BYTES) != left)
		abort();
	dirty_map_free(again);
	return 0;
}
