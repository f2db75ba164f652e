/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lustre_facts FACT: one question to the kernel interface of the Lustre that the working directory,
 * an empty one, is on; see facts.h. Prints "QUESTION: ANSWER", and what was seen before where that
 * differs. Exit status 0 as seen on Lustre 2.17, 1 otherwise, 77 it can't be asked here, with the
 * reason. "lustre_facts" alone lists all, "lustre_facts --hanging" those that may leave a process
 * in the kernel for ever.
 */
#include "facts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 5000

static char answer[1024];

void fact_answer(const char *fmt, ...)
{
	size_t len = strlen(answer);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(answer + len, sizeof(answer) - len, fmt, ap);
	va_end(ap);
}

const char *fact_result(long result)
{
	static char text[32];
	const char *name = result < 0 ? strerrorname_np(errno) : NULL;

	snprintf(text, sizeof(text), "%ld", result);
	return name ? name : text;
}

void fact_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	_exit(77);
}

bool fact_is_double(void)
{
	const char *point = getenv("LUSTRE_DOUBLE");

	return point && *point;
}

/* ---- traps ---- */

static _Noreturn void fall_into(long (*fn)(void), int to)
{
	long r;

	dup2(to, STDERR_FILENO);
	r = fn();
	fprintf(stderr, "%s", fact_result(r));
	_exit(0);
}

/* Until the child has ended, and so its end of the pipe. false: it has not. */
static bool read_all(int from, char *text, size_t size)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	do {
		if (poll(&p, 1, PATIENCE_MS) != 1)
			return false;
		n = read(from, text + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	text[len] = '\0';
	return true;
}

void fact_trap(long (*fn)(void))
{
	static const char forbidden[] = "FORBIDDEN ";
	char text[512], *why;
	int ends[2], status;
	pid_t child;

	CHECK(pipe(ends) == 0 && (child = fork()) >= 0);
	if (child == 0)
		fall_into(fn, ends[1]);
	close(ends[1]);
	if (!read_all(ends[0], text, sizeof(text))) {
		/* In state D it stays; what it waits for ends with this process. */
		kill(child, SIGKILL);
		fact_answer("hangs");
		return;
	}
	CHECK(waitpid(child, &status, 0) == child);
	why = strstr(text, forbidden);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && why)
		fact_answer("aborts: %.*s", (int)strcspn(why, "\n") - (int)strlen(forbidden),
			    why + strlen(forbidden));
	else
		fact_answer("%s", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : text);
}

/* ---- files ---- */

static int create(const char *path)
{
	int fd = open(path, DIRECT_RDWR | O_CREAT | O_EXCL | O_NOCTTY | FASYNC, 0644);

	CHECK(fd >= 0);
	return fd;
}

static int reopened(int fd, const char *path)
{
	st_write_pattern(fd, FACT_LEN, 1);
	CHECK(fsync(fd) == 0 && close(fd) == 0);
	return st_open(path, DIRECT_RDWR);
}

int fact_plain(const char *path, uint16_t stripes)
{
	unsigned char bytes[32];
	int fd = create(path);

	st_make_plain(bytes, stripes, 0xffff);
	CHECK(ioctl(fd, LUSTRE_SETSTRIPE, bytes) == 0);
	return reopened(fd, path);
}

int fact_mirrored(const char *path, int mirror_fd)
{
	int fd = create(path), victim = mirror_fd < 0 ? st_composite_victim(FACT_LEN) : mirror_fd;

	CHECK(st_set_composite(fd, 1) == 0);
	fd = reopened(fd, path);
	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0);
	CHECK(st_lease(fd, 4, 4, 1, (uint32_t)victim, 0) == 1 && close(victim) == 0);
	CHECK(st_look(fd).count == 2 && fact_stale_count(fd) == 0);
	return fd;
}

int fact_stale(const char *path)
{
	int fd = fact_mirrored(path, -1);

	CHECK(st_set_flags(fd, st_look(fd).ids[1], LUSTRE_COMP_STALE) == 0);
	CHECK(fact_stale_count(fd) == 1);
	return fd;
}

unsigned int fact_stale_count(int fd)
{
	struct st_mirrors m = st_look(fd);
	unsigned int count = 0;

	for (unsigned int i = 0; i < m.count; i++)
		count += m.stale[i];
	return count;
}

/* ---- the table ---- */

static const struct fact {
	const char *name;
	void (*ask)(void);
	const char *wanted, *trap, *question;
} facts[] = {
#define FACT(...) { __VA_ARGS__ },
	FACTS(FACT)
#undef FACT
};

static bool hangs(const struct fact *f)
{
	return strcmp(f->wanted, "hangs") == 0;
}

static int list(bool hanging)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (!hanging || hangs(&facts[i]))
			puts(facts[i].name);
	}
	return 0;
}

static int run(const struct fact *f)
{
	const struct rlimit no_core = { 0, 0 };
	char wanted[256];

	setrlimit(RLIMIT_CORE, &no_core);
	snprintf(wanted, sizeof(wanted), "%s%s", f->trap && fact_is_double() ? "aborts: " : "",
		 f->trap && fact_is_double() ? f->trap : f->wanted);
	f->ask();
	printf("%s: %s", f->question, answer);
	if (strcmp(answer, wanted) == 0) {
		putchar('\n');
		return 0;
	}
	printf(" (on 2.17: %s)\n", wanted);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "--hanging") == 0))
		return list(argc == 2);
	for (size_t i = 0; argc == 2 && i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (strcmp(facts[i].name, argv[1]) == 0)
			return run(&facts[i]);
	}
	fprintf(stderr, "usage: lustre_facts [FACT | --hanging]\n");
	return 2;
}
