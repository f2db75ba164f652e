/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/slurp.h"

#include "base/error.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* stdin isn't ours to close. */
static void slurp_close(FILE **f)
{
	if (*f && *f != stdin)
		fclose(*f);
}

int slurp(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len_bytes)
{
	CLEANUP(slurp_close) FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	CLEANUP_FREE char *data = NULL;
	size_t len = 0, cap = 0;

	if (!f)
		return fail_sys(-errno, "cannot open it");
	while (!feof(f)) {
		if (len + 1 >= cap) {
			char *more = realloc(data, cap = cap ? 2 * cap : 16 * KIB);

			if (!more)
				return -ENOMEM;
			data = more;
		}
		len += fread(data + len, 1, cap - len - 1, f);
		if (ferror(f))
			return fail_sys(-errno, "cannot read it");
		if (len > max_bytes)
			return fail(-EFBIG, "is too large");
	}
	data[len] = '\0';
	*ret_data = PTR_STEAL(data);
	*ret_len_bytes = len;
	return 0;
}
