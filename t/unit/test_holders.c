/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who else has a file open is named, with how. */
#include "unit.h"

#include "fs/holders.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 5

static char path[80];
static int fd;
static pid_t children[CHILDREN_MAX];
static unsigned int child_count;

static int make(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(path, sizeof(path), "%.40s/holders-XXXXXX", base ? base : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	return fd < 0 ? -1 : 0;
}

static int remove_all(void **state)
{
	(void)state;
	while (child_count) {
		kill(children[--child_count], SIGKILL);
		waitpid(children[child_count], NULL, 0);
	}
	close(fd);
	return unlink(path);
}

/* Opens the file by itself, says so, and waits. */
static void hold(int flags, int ready)
{
	close(fd);
	prctl(PR_SET_NAME, "holder");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (open(path, flags | O_CLOEXEC) < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start_holder(int flags)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		hold(flags, ready[1]);
	children[child_count++] = pid;
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* /proc/PID/fdinfo names the inode since Linux 5.14. */
static void skip_where_the_kernel_does_not_say(void)
{
	char line[128];
	bool has = false;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f))
		has |= strncmp(line, "ino:", 4) == 0;
	if (f)
		fclose(f);
	if (!has) {
		printf("skipped: /proc/PID/fdinfo has no inode number here\n");
		skip();
	}
}

static void nobody_else_is_said_to_be_elsewhere(void **state)
{
	char text[HOLDERS_TEXT_MAX];

	(void)state;
	assert_ptr_equal(holders_text(fd, text), text);
	assert_non_null(strstr(text, "no process here"));
	assert_non_null(strstr(holders_text(-1, text), "no process here"));
}

static void a_writer_is_named(void **state)
{
	char text[HOLDERS_TEXT_MAX], wanted[100];
	pid_t pid;

	(void)state;
	skip_where_the_kernel_does_not_say();
	pid = start_holder(O_RDWR);
	snprintf(wanted, sizeof(wanted), "process %d (holder) has it open for writing", (int)pid);
	assert_string_equal(holders_text(fd, text), wanted);
}

static void a_reader_is_named_as_such(void **state)
{
	char text[HOLDERS_TEXT_MAX], wanted[100];
	pid_t pid;

	(void)state;
	skip_where_the_kernel_does_not_say();
	pid = start_holder(O_RDONLY);
	snprintf(wanted, sizeof(wanted), "process %d (holder) has it open", (int)pid);
	assert_string_equal(holders_text(fd, text), wanted);
}

static void of_many_three_are_named(void **state)
{
	char text[HOLDERS_TEXT_MAX];
	unsigned int named = 0;

	(void)state;
	skip_where_the_kernel_does_not_say();
	for (int i = 0; i < CHILDREN_MAX; i++)
		start_holder(O_WRONLY);
	holders_text(fd, text);
	for (const char *at = text; (at = strstr(at, "(holder)")); at++)
		named++;
	assert_int_equal(named, 3);
	assert_string_equal(text + strlen(text) - strlen(", and others"), ", and others");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_else_is_said_to_be_elsewhere, make,
						remove_all),
		cmocka_unit_test_setup_teardown(a_writer_is_named, make, remove_all),
		cmocka_unit_test_setup_teardown(a_reader_is_named_as_such, make, remove_all),
		cmocka_unit_test_setup_teardown(of_many_three_are_named, make, remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
