/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/flags.h"

#include "base/error.h"
#include "layout/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct name {
	uint32_t bits;
	const char *text;
};

/* In the order in which they are written; a name of several bits before those of one. */
static const struct name comp_names[] = {
	{ COMP_INIT, "init" },
	{ COMP_STALE, "stale" },
	{ COMP_PREFER_READ | COMP_PREFER_WRITE, "prefer" },
	{ COMP_PREFER_READ, "prefrd" },
	{ COMP_PREFER_WRITE, "prefwr" },
	{ COMP_OFFLINE, "offline" },
	{ COMP_NOSYNC, "nosync" },
	{ COMP_EXTENSION, "extension" },
	{ COMP_PARITY, "parity" },
	{ 0x100, "compress" },
	{ 0x200, "partial" },
	{ 0x400, "nocompr" },
};

static const struct name pattern_names[] = {
	{ PATTERN_RAID0, "raid0" },
	{ 0x2, "raid1" },
	{ 0x4, "parity" },
	{ PATTERN_MDT, "mdt" },
	{ PATTERN_OVERSTRIPED, "overstriped" },
	{ PATTERN_FOREIGN, "foreign" },
	{ 0x800, "compress" },
	{ PATTERN_F_HOLE, "hole" },
	{ (uint32_t)PATTERN_F_RELEASED, "released" },
};

static const char *write_names(const struct name *names, size_t count, uint32_t bits,
			       char buf[FLAGS_TEXT_MAX])
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if ((bits & names[i].bits) != names[i].bits)
			continue;
		len += (size_t)snprintf(buf + len, FLAGS_TEXT_MAX - len, "%s%s", len ? "," : "",
					names[i].text);
		bits &= ~names[i].bits;
	}
	if (bits)
		snprintf(buf + len, FLAGS_TEXT_MAX - len, "%s0x%" PRIx32, len ? "," : "", bits);
	else if (!len)
		snprintf(buf, FLAGS_TEXT_MAX, "0");
	return buf;
}

/* The bits of a word of len characters, 0 where it is none. */
static uint32_t bits_of(const struct name *names, size_t count, const char *word, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i].text) == len && strncmp(names[i].text, word, len) == 0)
			return names[i].bits;
	}
	return 0;
}

const char *flags_text(uint32_t comp_flags, char buf[FLAGS_TEXT_MAX])
{
	return write_names(comp_names, ARRAY_SIZE(comp_names), comp_flags, buf);
}

int flags_parse(const char *text, uint32_t *ret_set, uint32_t *ret_clear)
{
	uint32_t set = 0, clear = 0, bits;

	for (const char *word = text;; word++) {
		bool negated = *word == '^';
		size_t len;

		word += negated;
		len = strcspn(word, ",");
		bits = bits_of(comp_names, ARRAY_SIZE(comp_names), word, len);
		if (!bits && !(len == 1 && *word == '0' && !negated))
			return fail(-EINVAL, "'%.*s' is not a component flag",
				    (int)MIN_OF(len, (size_t)64), word);
		if (negated)
			clear |= bits;
		else
			set |= bits;
		word += len;
		if (*word == '\0')
			break;
	}
	if (set & clear)
		return fail(-EINVAL, "'%s' sets and clears the same flag", text);
	*ret_set = set;
	*ret_clear = clear;
	return 0;
}

const char *flags_state_text(uint16_t file_flags)
{
	static const char *const states[] = { "0", "ro", "wp", "sp" };

	return states[file_flags & LAYOUT_STATE_SP];
}

const char *flags_pattern_text(uint32_t pattern, char buf[FLAGS_TEXT_MAX])
{
	if (!pattern)
		return ""; /* nothing was said: lfs prints nothing */
	return write_names(pattern_names, ARRAY_SIZE(pattern_names), pattern, buf);
}

int flags_pattern_parse(const char *text, uint32_t *ret_pattern)
{
	uint32_t pattern = 0, bits;

	for (const char *word = text;; word++) {
		size_t len = strcspn(word, ",");

		bits = bits_of(pattern_names, ARRAY_SIZE(pattern_names), word, len);
		if (!bits)
			return fail(-EINVAL, "'%.*s' is not a layout pattern",
				    (int)MIN_OF(len, (size_t)64), word);
		pattern |= bits;
		word += len;
		if (*word == '\0')
			break;
	}
	*ret_pattern = pattern;
	return 0;
}
