/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that should be dumps of getfattr: each layout in it goes through the decoder. */
#include "fuzz.h"

#include "layout/codec.h"
#include "layout/xattrdump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct xattrdump dump = xattrdump_of(data, len_bytes);
	struct xattrdump_value value;

	while (xattrdump_next(&dump, &value) == 1) {
		CLEANUP_LAYOUT struct layout *l = NULL;
		int err = layout_decode(value.bytes, value.len_bytes, &l);

		(void)err; /* either is fine */
		xattrdump_value_release(&value);
	}
	return 0;
}
