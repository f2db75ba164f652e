/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Merges, splits and flags. */
#include "facts.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of plain layouts 1. */
static void answer_mirrors(int fd)
{
	unsigned int count = st_look(fd).count;

	count = count ? count : 1;
	fact_answer(", %u mirror%s", count, count == 1 ? "" : "s");
}

/* ---- merges ---- */

static long merge(int fd, int victim)
{
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	return st_lease(fd, 4, 4, 1, (uint32_t)victim, 0);
}

void fact_merge_plain(void)
{
	int fd = fact_plain("f", 1), victim = st_victim(O_NOCTTY | FASYNC);
	unsigned char bytes[32];

	st_make_plain(bytes, 1, 0xffff);
	CHECK(ioctl(victim, LUSTRE_SETSTRIPE, bytes) == 0);
	fact_answer("%s", fact_result(merge(fd, victim)));
	answer_mirrors(fd);
}

void fact_merge_nothing(void)
{
	int fd = fact_plain("f", 1), victim = st_victim(O_NOCTTY | FASYNC);

	fact_answer("%s", fact_result(merge(fd, victim)));
	answer_mirrors(fd);
}

void fact_merge_ids(void)
{
	fact_answer("mirror 2 is 0x%x", st_look(fact_mirrored("m", -1)).ids[1]);
}

/* ---- splits ---- */

static long split(int fd, int target, uint32_t mirror_id)
{
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	return st_lease(fd, 4, 8, 2, (uint32_t)target, mirror_id);
}

void fact_split_read_lease(void)
{
	int fd = fact_mirrored("m", -1), target = st_victim(O_NOCTTY | FASYNC);

	fact_answer("%s", fact_result(split(fd, target, 2)));
	answer_mirrors(fd);
}

/* The target has a plain layout and another pattern, the mirror a composite one. */
void fact_split_over(void)
{
	int fd = fact_mirrored("m", -1), target = fact_plain("t", 1);
	unsigned char *bytes = calloc(1, 65536);

	CHECK(bytes);
	st_write_pattern(target, FACT_LEN, 2);
	CHECK(fsync(target) == 0);
	fact_answer("%s", fact_result(split(fd, target, 2)));
	close(target);
	target = st_open("t", DIRECT_RDWR);
	fact_answer(", the target has %s", st_look(target).count == 0            ? "what it had"
					   : st_has_pattern(target, FACT_LEN, 1) ? "the mirror"
										 : "other data");
	free(bytes);
}

void fact_split_missing(void)
{
	int fd = fact_mirrored("m", -1), target = st_victim(O_NOCTTY | FASYNC);

	fact_answer("%s", fact_result(split(fd, target, 9)));
}

/* ---- flags ---- */

void fact_flags_last(void)
{
	int fd = fact_stale("m");

	fact_answer("%s", fact_result(st_set_flags(fd, st_look(fd).ids[0], LUSTRE_COMP_STALE)));
	fact_answer(", %u stale", fact_stale_count(fd));
}
