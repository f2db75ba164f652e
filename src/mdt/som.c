/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/som.h"

#include "base/cursor.h"
#include "base/error.h"
#include "mdt/ea.h"

#include <assert.h>
#include <errno.h>

#define SOM_EA "som"
#define SOM_BYTES 24

/* enum lustre_som_flags */
enum { SOM_UNKNOWN = 0, SOM_STRICT = 1, SOM_STALE = 2, SOM_LAZY = 4 };

/* The field for times has 6 bytes. */
#define SINCE_MIN 2
#define SINCE_MAX ((UINT64_C(1) << 48) - 1)
#define SINCE_PER_S 256
#define SINCE_NS (1000000000 / SINCE_PER_S)

static void decode_times(uint64_t field, struct som *som)
{
	som->times = SOM_TIMES_SINCE;
	if (field < SINCE_MIN)
		som->times = field ? SOM_TIMES_INODE : SOM_TIMES_OBJECTS;
	else
		som->since = (struct timespec){ .tv_sec = (time_t)(field / SINCE_PER_S),
						.tv_nsec = (long)(field % SINCE_PER_S) * SINCE_NS };
}

/* A clock that is set to long ago says "long ago". */
static uint64_t encode_times(const struct som *som)
{
	uint64_t field;

	if (som->times != SOM_TIMES_SINCE)
		return som->times == SOM_TIMES_INODE;
	if (som->since.tv_sec <= 0)
		return SINCE_MIN;
	if ((uint64_t)som->since.tv_sec > SINCE_MAX / SINCE_PER_S)
		return SINCE_MAX;
	field = (uint64_t)som->since.tv_sec * SINCE_PER_S +
		MIN_OF((uint64_t)som->since.tv_nsec / SINCE_NS, SINCE_PER_S - 1);
	return MIN_OF(field, SINCE_MAX);
}

static int decode(const uint8_t *bytes, size_t len_bytes, struct som *ret_som)
{
	struct reader r = reader_of(bytes, len_bytes);
	struct som som = { 0 };
	uint16_t valid;
	uint64_t times;

	if (len_bytes != SOM_BYTES)
		return fail(-EUCLEAN, "size xattr has %zu bytes, not %u", len_bytes, SOM_BYTES);
	valid = le16_get(&r);
	times = le16_get(&r);
	times |= (uint64_t)le32_get(&r) << 16;
	som.size_bytes = le64_get(&r);
	som.blocks = le64_get(&r);
	if (valid == SOM_UNKNOWN)
		return fail(-ENODATA, "size xattr says nothing");
	if ((valid != SOM_STRICT && valid != SOM_STALE && valid != SOM_LAZY) ||
	    som.size_bytes > INT64_MAX || som.blocks > INT64_MAX)
		return fail(-EUCLEAN, "size xattr is malformed");
	som.exact = valid == SOM_STRICT;
	decode_times(times, &som);
	*ret_som = som;
	return 0;
}

int som_get(struct mdt *mdt, int fd, struct som *ret_som)
{
	uint8_t bytes[SOM_BYTES + 1]; /* one more, so that one too long is seen as such */
	ssize_t n = ea_get(mdt, fd, SOM_EA, bytes, sizeof(bytes));

	if (n == -ERANGE)
		return fail(-EUCLEAN, "size xattr is too long");
	return n < 0 ? (int)n : decode(bytes, (size_t)n, ret_som);
}

int som_set(struct mdt *mdt, int fd, const struct som *som)
{
	uint8_t bytes[SOM_BYTES];
	struct writer w = writer_of(bytes, sizeof(bytes));
	uint64_t times = encode_times(som);

	le16_put(&w, som->exact ? SOM_STRICT : SOM_STALE);
	le16_put(&w, (uint16_t)times);
	le32_put(&w, (uint32_t)(times >> 16));
	le64_put(&w, som->size_bytes);
	le64_put(&w, som->blocks);
	assert(!w.bad && w.pos == SOM_BYTES);
	return ea_set(mdt, fd, SOM_EA, bytes, sizeof(bytes), 0);
}
