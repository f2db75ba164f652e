/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Streams to pipes and terminals: each byte arrives once and in order where somebody reads,
 * however slowly; where nobody does, a flag ends it; and the descriptor's flags, which other
 * programs share, stay what they are.
 */
#include "unit.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/stoppable_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define LINES 30000

struct place {
	int reader, writer, kept; /* writer belongs to the stream; kept: the same, for its flags */
};

static struct place new_pipe(void)
{
	struct place p;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	p.reader = fds[0];
	p.writer = fds[1];
	p.kept = dup(p.writer);
	return p;
}

/* reader: of the terminal's other side. */
static struct place new_terminal(void)
{
	struct termios raw;
	struct place p;

	p.reader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(p.reader >= 0);
	assert_int_equal(grantpt(p.reader) | unlockpt(p.reader), 0);
	p.writer = open(ptsname(p.reader), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(p.writer >= 0);
	assert_int_equal(tcgetattr(p.writer, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(p.writer, TCSANOW, &raw), 0);
	p.kept = dup(p.writer);
	return p;
}

static struct place new_socket(void)
{
	struct place p;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	p.reader = fds[0];
	p.writer = fds[1];
	p.kept = dup(p.writer);
	return p;
}

static struct place (*const places[])(void) = { new_pipe, new_terminal, new_socket };

static void close_place(struct place *p)
{
	close(p->kept);
	if (p->reader >= 0)
		close(p->reader);
}

/* ---- somebody reads ---- */

static char got[LINES * 8 + 1];

static void *read_slowly(void *cookie)
{
	const struct place *p = cookie;
	size_t done = 0;

	while (done < sizeof(got) - 1) {
		ssize_t n = read(p->reader, got + done, 3000);

		if (n <= 0)
			break;
		done += (size_t)n;
		usleep(500);
	}
	got[done] = '\0';
	return NULL;
}

static void whatever_is_read_slowly_arrives_once_and_in_order(void **state)
{
	static char expected[sizeof(got)];

	(void)state;
	for (int i = 0; i < LINES; i++)
		snprintf(expected + 8 * (size_t)i, 9, "%07d\n", i);
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		atomic_bool stop = false;
		struct place p = places[i]();
		FILE *f = stoppable_stream_new(p.writer, &stop);
		pthread_t thread;

		assert_non_null(f);
		assert_int_equal(pthread_create(&thread, NULL, read_slowly, &p), 0);
		for (int k = 0; k < LINES; k++)
			assert_int_equal(fprintf(f, "%07d\n", k), 8);
		assert_int_equal(fclose(f), 0);
		pthread_join(thread, NULL);
		assert_string_equal(got, expected);
		close_place(&p);
	}
}

/* ---- nobody reads ---- */

static void *stop_soon(void *cookie)
{
	atomic_bool *stop = cookie;

	usleep(100000);
	atomic_store(stop, true);
	return NULL;
}

static void without_a_reader_it_ends_once_it_is_to_stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		atomic_bool stop = false;
		struct place p = places[i]();
		FILE *f = stoppable_stream_new(p.writer, &stop);
		uint64_t begin = clock_now_ns(), once;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
		/* More than fits, and more than a buffer. */
		assert_true(fwrite(got, 1, sizeof(got), f) <= sizeof(got));
		while (!ferror(f))
			fputs("full\n", f);
		pthread_join(thread, NULL);
		/* The time to wait is over for what follows, too. */
		once = clock_now_ns();
		assert_true(once - begin >= (100 + STOPPABLE_GRACE_MS) * NS_PER_MS);
		for (unsigned int k = 0; k < LINES; k++)
			fprintf(f, "%07u\n", k);
		fclose(f);
		assert_true(clock_now_ns() - once < 10 * NS_PER_S);
		close_place(&p);
	}
}

static void a_reader_that_is_gone_is_an_error(void **state)
{
	atomic_bool stop = false;
	struct place p = new_pipe();
	FILE *f = stoppable_stream_new(p.writer, &stop);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(p.reader);
	p.reader = -1;
	fputs("to nobody\n", f);
	assert_int_equal(fflush(f), EOF);
	assert_int_equal(errno, EPIPE);
	fclose(f);
	close_place(&p);
}

/* ---- other programs ---- */

static void the_flags_of_the_descriptor_stay(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		atomic_bool stop = true;
		struct place p = places[i]();
		int before = fcntl(p.kept, F_GETFL), kept = p.kept;
		FILE *f = stoppable_stream_new(p.writer, &stop);

		assert_int_equal(fcntl(kept, F_GETFL), before);
		/* Full, so that it had to wait. */
		while (!ferror(f))
			fputs("full\n", f);
		assert_int_equal(fcntl(kept, F_GETFL), before);
		fclose(f);
		assert_int_equal(fcntl(kept, F_GETFL), before);
		close_place(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_read_slowly_arrives_once_and_in_order),
		cmocka_unit_test(without_a_reader_it_ends_once_it_is_to_stop),
		cmocka_unit_test(a_reader_that_is_gone_is_an_error),
		cmocka_unit_test(the_flags_of_the_descriptor_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
