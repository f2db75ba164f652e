/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files given to setstripe -y: refused, or a request that can be judged and resolved. */
#include "fuzz.h"

#include "layout/rules.h"
#include "layout/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	for (int same_osts = 0; same_osts < 2; same_osts++) {
		CLEANUP_LAYOUT struct layout *l = NULL, *resolved = NULL;
		int err = layout_from_yaml((const char *)data, len_bytes, same_osts, &l);

		if (!err)
			err = layout_check_request(l, NULL);
		if (l)
			err = layout_resolve(l, NULL, &resolved);
		(void)err; /* either is fine */
	}
	return 0;
}
