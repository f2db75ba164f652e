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

static int decode(const uint8_t *bytes, size_t len_bytes, struct som *ret_som)
{
	struct reader r = reader_of(bytes, len_bytes);
	struct som som;
	uint16_t valid;

	if (len_bytes != SOM_BYTES)
		return fail(-EUCLEAN, "size xattr has %zu bytes, not %u", len_bytes, SOM_BYTES);
	valid = le16_get(&r);
	reader_take(&r, 6); /* reserved */
	som.size_bytes = le64_get(&r);
	som.blocks = le64_get(&r);
	if (valid == SOM_UNKNOWN || valid == SOM_STALE || valid == SOM_LAZY)
		return fail(-ENODATA, "size xattr isn't up to date");
	if (valid != SOM_STRICT || som.size_bytes > INT64_MAX || som.blocks > INT64_MAX)
		return fail(-EUCLEAN, "size xattr is malformed");
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

	le16_put(&w, SOM_STRICT);
	zeros_put(&w, 6);
	le64_put(&w, som->size_bytes);
	le64_put(&w, som->blocks);
	assert(!w.bad && w.pos == SOM_BYTES);
	return ea_set(mdt, fd, SOM_EA, bytes, sizeof(bytes), 0);
}

int som_remove(struct mdt *mdt, int fd)
{
	int err = ea_remove(mdt, fd, SOM_EA);

	return err == -ENODATA ? 0 : err;
}
