/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layout bytes: refused, or written again the same; and what was accepted can be judged, resolved,
 * walked, printed and taken as a template, however odd it is.
 */
#include "fuzz.h"

#include "layout/codec.h"
#include "layout/print.h"
#include "layout/rules.h"
#include "layout/segmap.h"
#include "layout/template.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 200

static void write_again(const struct layout *l, const uint8_t *data, size_t len_bytes)
{
	static uint8_t buf[LAYOUT_BYTES_MAX];
	size_t len = 0;

	if (layout_encode(l, buf, sizeof(buf), &len) || len != len_bytes ||
	    memcmp(buf, data, len) != 0)
		abort();
}

static void walk(const struct layout *l, uint64_t start, uint64_t end)
{
	uint32_t mirror = l->count ? component_mirror_id(&l->comps[0]) : 0;
	struct segmap map = segmap_of(l, mirror, start, end);
	struct segment s;
	uint64_t pos = start;

	for (int i = 0; i < SEGMENTS_MAX && segmap_next(&map, &s); i++) {
		if (s.file_offset != pos || s.len_bytes == 0 || s.len_bytes > end - pos)
			abort();
		pos += s.len_bytes;
	}
}

static void print(const struct layout *l, bool is_directory)
{
	struct print_context ctx = { .path = "f", .is_directory = is_directory };
	struct print_options verbose = { .fields = PRINT_DEFAULT | PRINT_DETAIL },
			     yaml = { .yaml = true }, one = { .fields = PRINT_STRIPE_COUNT };
	CLEANUP_STRBUF struct strbuf out = { 0 };

	print_layout(&out, l, &ctx, &verbose);
	print_layout(&out, l, &ctx, &yaml);
	print_layout(&out, l, &ctx, &one);
	json_decref(print_layout_json(l, &ctx, &yaml));
}

static void judge(const struct layout *l)
{
	CLEANUP_LAYOUT struct layout *request = layout_to_request(l, true), *resolved = NULL;
	struct layout_limits limits = { .ost_count = 6 };

	if (layout_check_file(l, &limits) == 0 && layout_check_file(l, NULL) != 0)
		abort();
	if (!request || layout_resolve(request, NULL, &resolved))
		return;
	if (layout_check_request(request, &limits) == 0 &&
	    layout_check_request(resolved, &limits) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	CLEANUP_LAYOUT struct layout *l = NULL;

	if (layout_decode(data, len_bytes, &l))
		return 0;
	write_again(l, data, len_bytes);
	walk(l, 0, INT64_MAX);
	walk(l, UINT64_MAX - (1u << 20), UINT64_MAX);
	print(l, false);
	print(l, true);
	judge(l);
	return 0;
}
