/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/user_xattr.h"

#include "base/attr.h"

#include <string.h>

static const char *const last_names[] = { "lov", "lma", "som", "fid", "link" };

/* What follows `prefix` in name, or NULL. */
static const char *after(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 ? name + len : NULL;
}

bool user_xattr_reserved(const char *name, bool privileged)
{
	const char *last = after(name, "lustre.");

	if (last)
		return strcmp(last, "lov") != 0;
	last = after(name, privileged ? "trusted." : "user.");
	for (size_t i = 0; last && i < ARRAY_SIZE(last_names); i++)
		if (strcmp(last, last_names[i]) == 0)
			return true;
	return false;
}

size_t user_xattr_filter(char *list, size_t len_bytes, bool privileged)
{
	size_t kept = 0;

	for (size_t at = 0; at < len_bytes;) {
		size_t n = strnlen(list + at, len_bytes - at) + 1;

		if (n > len_bytes - at) /* not a name: it doesn't end */
			break;
		if (!user_xattr_reserved(list + at, privileged)) {
			memmove(list + kept, list + at, n);
			kept += n;
		}
		at += n;
	}
	return kept;
}
