/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resize_hammer FILE STOP: cuts FILE off and makes it longer again, at sizes of all kinds, until the file STOP exists.
 * What it writes tells where it stands and when, so that old data in a wrong place is seen by a comparison. Prints how often.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536
#define SIZE_MAX_BYTES (2u << 20)

static int die(const char *what)
{
	fprintf(stderr, "resize_hammer: %s: %s\n", what, strerror(errno));
	return 1;
}

static int extend(int fd, off_t at, unsigned long round)
{
	static uint64_t words[PIECE / sizeof(uint64_t)];

	for (size_t i = 0; i < PIECE / sizeof(words[0]); i++)
		words[i] = (uint64_t)round << 32 | ((uint64_t)at / sizeof(words[0]) + i);
	return pwrite(fd, words, PIECE, at) == PIECE ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned int seed = 1;
	unsigned long round = 0;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: resize_hammer FILE STOP\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return die(argv[1]);
	for (; access(argv[2], F_OK) != 0; round++) {
		off_t end = (off_t)((unsigned int)rand_r(&seed) % SIZE_MAX_BYTES);

		if (ftruncate(fd, round % 4 ? end / 16 : 0))
			return die("ftruncate");
		if (extend(fd, end, round))
			return die("write");
		if (round % 8 == 7 && ftruncate(fd, end + 10 * PIECE))
			return die("ftruncate");
	}
	printf("%lu\n", round);
	return 0;
}
