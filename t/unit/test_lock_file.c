/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who reads the lock file while it changes always learns who holds the lock. */
#include "unit.h"

#include "base/clock.h"
#include "base/error.h"
#include "volume/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRESS_NS (500 * NS_PER_MS)
#define LONG_PATH                                                                                  \
	"/a/mount/point/that/is/long/enough/to/make/one/line/much/longer/than/the/one/that/"       \
	"comes/after/it"

static char dir[] = "/tmp/lovfs-lock.XXXXXX";
static int dirfd_;

static int setup(void **state UNUSED)
{
	if (!mkdtemp(dir))
		return -1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0;
}

static int teardown(void **state UNUSED)
{
	unlinkat(dirfd_, "lock", 0);
	close(dirfd_);
	return rmdir(dir);
}

/* In a child: takes the lock, says by a byte that it has it, and does `work` until it is killed. */
static pid_t hold(void (*work)(int fd))
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (lock_file_take(dirfd_, dir, &fd) || write(ready[1], "", 1) != 1)
			_exit(1);
		work(fd);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void talk(int fd)
{
	for (;;) {
		lock_file_mounted(fd, LONG_PATH);
		lock_file_ending(fd, "short");
	}
}

static void wait_(int fd UNUSED)
{
	for (;;)
		pause();
}

/* Nothing is mounted there, so whichever line is read, the holder is on its way out. */
static void a_line_that_changes_is_read_whole(void **state UNUSED)
{
	pid_t pid = hold(talk);
	uint64_t until = clock_now_ns() + STRESS_NS;
	char who[64];
	int fd, err;

	snprintf(who, sizeof(who), "process %ld ", (long)pid);
	while (clock_now_ns() < until) {
		err = lock_file_take(dirfd_, dir, &fd);
		if (err != -EINPROGRESS || !strstr(error_text(err), who))
			fail_msg("%d: %s", err, error_text(err));
		if (!strstr(error_text(err), LONG_PATH) &&
		    !strstr(error_text(err), "volume: short"))
			fail_msg("torn: %s", error_text(err));
	}
	end(pid);
}

static void the_holder_is_named(void **state UNUSED)
{
	struct lock_holder holder;
	pid_t pid = hold(wait_);
	char who[64];
	int fd, lock_fd, err = lock_file_take(dirfd_, dir, &fd);

	snprintf(who, sizeof(who), "by process %ld", (long)pid);
	assert_int_equal(err, -EBUSY);
	assert_non_null(strstr(error_text(err), who));
	lock_fd = openat(dirfd_, "lock", O_RDONLY | O_CLOEXEC);
	assert_true(lock_fd >= 0);
	assert_int_equal(lock_file_holder(lock_fd, &holder), 0);
	assert_int_equal(holder.pid, pid);
	assert_string_equal(holder.state, "starting");
	end(pid);
	assert_int_equal(lock_file_holder(lock_fd, &holder), -ENOENT);
	close(lock_fd);
	assert_int_equal(lock_file_take(dirfd_, dir, &fd), 0);
	close(fd);
}

/* The line of a process that is gone says nothing of who holds the lock now; nor does an empty one,
 * or half of one. */
static void a_line_that_cant_be_believed_is_read_again(void **state UNUSED)
{
	static const char *const lines[] = { "", "\n", "12", "2000000000 mounted /x\n", "x y\n" };
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		pid_t pid = hold(wait_), changer;
		int lock_fd = openat(dirfd_, "lock", O_RDWR | O_CLOEXEC), err;
		char line[64];

		snprintf(line, sizeof(line), "%ld ending soon\n", (long)pid);
		assert_int_equal(ftruncate(lock_fd, 0), 0);
		assert_int_equal(pwrite(lock_fd, lines[i], strlen(lines[i]), 0), strlen(lines[i]));
		changer = fork();
		if (changer == 0) {
			usleep(100000);
			_exit(pwrite(lock_fd, line, strlen(line), 0) < 0);
		}
		err = lock_file_take(dirfd_, dir, &fd);
		assert_int_equal(err, -EINPROGRESS);
		assert_non_null(strstr(error_text(err), "closing the volume: soon"));
		assert_int_equal(waitpid(changer, NULL, 0), changer);
		end(pid);
		close(lock_fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_holder_is_named),
		cmocka_unit_test(a_line_that_changes_is_read_whole),
		cmocka_unit_test(a_line_that_cant_be_believed_is_read_again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
