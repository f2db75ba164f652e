/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/parent.h"

#include "base/cursor.h"
#include "base/error.h"

#include <assert.h>
#include <errno.h>

void parent_encode(const struct ost_parent *parent, uint8_t ret_bytes[PARENT_BYTES])
{
	struct writer w = writer_of(ret_bytes, PARENT_BYTES);

	le64_put(&w, parent->file.seq);
	le32_put(&w, parent->file.oid);
	le32_put(&w, parent->stripe_idx);
	le32_put(&w, parent->stripe_size);
	le32_put(&w, parent->stripe_count);
	le64_put(&w, parent->comp_start);
	le64_put(&w, parent->comp_end);
	le32_put(&w, parent->comp_id);
	le32_put(&w, 0); /* layout version */
	le32_put(&w, 0); /* range */
	assert(!w.bad && w.pos == PARENT_BYTES);
}

int parent_decode(const void *bytes, size_t len_bytes, struct ost_parent *ret_parent)
{
	struct reader r = reader_of(bytes, len_bytes);
	struct ost_parent p = { 0 };

	if (len_bytes != PARENT_BYTES && len_bytes != PARENT_BYTES_210)
		return fail(-EUCLEAN, "parent xattr has %zu bytes, not %u", len_bytes,
			    PARENT_BYTES);
	p.file.seq = le64_get(&r);
	p.file.oid = le32_get(&r);
	p.stripe_idx = le32_get(&r);
	p.stripe_size = le32_get(&r);
	p.stripe_count = le32_get(&r);
	p.comp_start = le64_get(&r);
	p.comp_end = le64_get(&r);
	p.comp_id = le32_get(&r);
	if (fid_is_zero(p.file))
		return fail(-EUCLEAN, "parent xattr names no file");
	if (p.comp_start >= p.comp_end)
		return fail(-EUCLEAN, "parent xattr has an empty component");
	if (p.stripe_idx >= p.stripe_count)
		return fail(-EUCLEAN, "parent xattr has stripe %u of %u", p.stripe_idx,
			    p.stripe_count);
	*ret_parent = p;
	return 0;
}
