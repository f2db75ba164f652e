/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resize_hammer FILE MODEL STOP: cuts FILE off and makes it longer again, at sizes of all kinds,
 * until the file STOP exists; and does the same to MODEL, which must be like FILE at the beginning
 * and is like it at the end. Prints how often.
 */
#include "racer.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE 65536
#define SIZE_MAX_BYTES (2u << 20)

/* What is written tells where it stands and when. */
static void write_at(const int fds[2], off_t at, unsigned long round)
{
	static uint64_t words[PIECE / sizeof(uint64_t)];

	for (size_t i = 0; i < PIECE / sizeof(words[0]); i++)
		words[i] = (uint64_t)round << 32 | ((uint64_t)at / sizeof(words[0]) + i);
	for (int i = 0; i < 2; i++) {
		if (pwrite(fds[i], words, PIECE, at) != PIECE)
			racer_die("write");
	}
}

static void cut(const int fds[2], off_t end)
{
	if (ftruncate(fds[0], end) || ftruncate(fds[1], end))
		racer_die("ftruncate");
}

int main(int argc, char **argv)
{
	unsigned int seed = 1;
	unsigned long round = 0;
	int fds[2];

	if (argc != 4) {
		fprintf(stderr, "usage: resize_hammer FILE MODEL STOP\n");
		return 2;
	}
	for (int i = 0; i < 2; i++)
		fds[i] = racer_open(argv[1 + i], O_RDWR);
	for (; access(argv[3], F_OK) != 0; round++) {
		off_t end = (off_t)((unsigned int)rand_r(&seed) % SIZE_MAX_BYTES);

		cut(fds, round % 4 ? end / 16 : 0);
		write_at(fds, end, round);
		if (round % 8 == 7)
			cut(fds, end + (off_t)10 * PIECE);
	}
	printf("%lu\n", round);
	return 0;
}
