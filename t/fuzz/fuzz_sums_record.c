/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records of sums: refused, or written again the same, and judged.
 *
 * The input is the record without its checksum, which is put there, so that what is behind it is
 * reached.
 */
#include "fuzz.h"

#include "base/attr.h"
#include "base/cursor.h"
#include "mover/sums_record.h"

#include <stdlib.h>
#include <string.h>

#define CRC_BYTES 8

static void write_again(const struct sums_record *r, const uint8_t *data, size_t len)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	size_t again_len;

	if (sums_record_encode(r, &bytes, &again_len))
		abort();
	if (again_len != len || memcmp(bytes, data, len) != 0)
		abort();
}

/* Just after it was made the mirrors aren't stale, so it is of no use. */
static void judge(const struct sums_record *r)
{
	if (sums_record_refusal(r->layout, r->ids, r->count))
		abort();
	for (unsigned int i = 0; i < r->count; i++) {
		if (!sums_record_doubt(r, r->file, r->fsname, r->layout, r->ids[i]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	CLEANUP_FREE uint8_t *bytes = calloc(1, len_bytes + CRC_BYTES);
	struct writer w = writer_of(bytes, len_bytes + CRC_BYTES);
	struct sums_record r;

	if (!bytes)
		return 0;
	bytes_put(&w, data, len_bytes);
	le64_put(&w, grain_sums_crc64(0, bytes, len_bytes));
	if (sums_record_decode(bytes, len_bytes + CRC_BYTES, &r))
		return 0;
	write_again(&r, bytes, len_bytes + CRC_BYTES);
	judge(&r);
	sums_record_release(&r);
	return 0;
}
