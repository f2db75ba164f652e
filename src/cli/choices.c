/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/choices.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/* The next pair that is decided, from *position on; false: no more. */
static bool next(struct fs *fs, uint32_t *position, struct fs_choice *ret)
{
	while (fs->ops->choice && !fs->ops->choice(fs, *position, ret)) {
		++*position;
		if (ret->kernel_bytes_per_s && ret->direct_bytes_per_s)
			return true;
	}
	return false;
}

static const char *chosen(const struct fs_choice *c)
{
	return c->kernel_bytes_per_s >= c->direct_bytes_per_s ? "kernel" : "direct";
}

static const char *device_text(uint64_t device, char buf[32])
{
	snprintf(buf, 32, "%u:%u", major((dev_t)device), minor((dev_t)device));
	return buf;
}

void choices_print(struct fs *fs)
{
	uint32_t position = 0;
	bool first = true;
	struct fs_choice c;
	char src[32], dst[32];

	for (; next(fs, &position, &c); first = false)
		printf("%s- { from: \"%s\", to: \"%s\", kernel_bytes_per_s: %" PRIu64
		       ", direct_bytes_per_s: %" PRIu64 ", chosen: %s }\n",
		       first ? "choices:\n" : "", device_text(c.src_device, src),
		       device_text(c.dst_device, dst), c.kernel_bytes_per_s, c.direct_bytes_per_s,
		       chosen(&c));
}

json_t *choices_json(struct fs *fs)
{
	json_t *list = json_array();
	uint32_t position = 0;
	struct fs_choice c;
	char src[32], dst[32];

	while (next(fs, &position, &c))
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:I, s:s}", "from",
					device_text(c.src_device, src), "to",
					device_text(c.dst_device, dst), "kernel_bytes_per_s",
					(json_int_t)c.kernel_bytes_per_s, "direct_bytes_per_s",
					(json_int_t)c.direct_bytes_per_s, "chosen", chosen(&c)));
	return list;
}
