/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * append_race FILE SECONDS: processes append records to FILE while another empties it by open(2)
 * with O_TRUNC again and again, as programs and a rotation of their log do. FILE must always be
 * records one after the other: no holes, none written over another. Prints "truncations N bad M";
 * exit status 1 if it wasn't so.
 */
#include "racer.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define APPENDERS 4
#define RECORD_MAX 200

static char seen[4 << 20];

/* A record is a letter many times in angle brackets. */
static _Noreturn void append(const char *path, int number, time_t end)
{
	int fd = racer_open(path, O_WRONLY | O_APPEND);
	unsigned int seed = (unsigned int)number;
	char record[RECORD_MAX + 2];

	while (time(NULL) < end) {
		size_t len = 1 + (size_t)rand_r(&seed) % RECORD_MAX;

		record[0] = '<';
		memset(record + 1, 'a' + number, len);
		record[len + 1] = '>';
		if (write(fd, record, len + 2) != (ssize_t)len + 2)
			racer_die("append");
	}
	_exit(0);
}

static bool is_good(const char *text, ssize_t len)
{
	char within = 0; /* the letter; '<' before it is known */

	for (ssize_t i = 0; i < len; i++) {
		if (!within && text[i] == '<')
			within = '<';
		else if (within == '<' && text[i] >= 'a' && text[i] < 'a' + APPENDERS)
			within = text[i];
		else if (within && within != '<' && text[i] == '>')
			within = 0;
		else if (!within || text[i] != within)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long times = 0, bad = 0;
	unsigned int seed = 1;
	time_t end;

	if (argc != 3) {
		fprintf(stderr, "usage: append_race FILE SECONDS\n");
		return 2;
	}
	end = time(NULL) + atol(argv[2]);
	close(racer_open(argv[1], O_RDWR | O_CREAT));
	for (int i = 0; i < APPENDERS; i++) {
		if (fork() == 0)
			append(argv[1], i, end);
	}
	for (; time(NULL) < end; times++) {
		int fd = racer_open(argv[1], O_RDWR | O_TRUNC);

		usleep(1000 + (unsigned int)rand_r(&seed) % 3000);
		bad += !is_good(seen, pread(fd, seen, sizeof(seen), 0));
		close(fd);
	}
	while (wait(NULL) > 0)
		;
	printf("truncations %lu bad %lu\n", times, bad);
	return bad ? 1 : 0;
}
