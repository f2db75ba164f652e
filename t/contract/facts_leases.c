/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases and group locks. */
#include "facts.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define GID 7

void fact_lease_none(void)
{
	fact_answer("%s", fact_result(st_lease(fact_plain("f", 1), 4, 0, 0, 0, 0)));
}

void fact_lease_lost(void)
{
	int fd = fact_plain("f", 1);

	CHECK(st_lease(fd, 1, 0, 0, 0, 0) == 0 && st_other(st_open_for_writing, "f") == 0);
	fact_answer("%s", fact_result(st_lease_held(fd)));
	fact_answer(", unlock %s", fact_result(st_lease(fd, 4, 0, 0, 0, 0)));
}

void fact_lease_read_only(void)
{
	int fd;

	close(fact_plain("f", 1));
	fd = st_open("f", O_RDONLY | O_DIRECT);
	fact_answer("read %s", fact_result(st_lease(fd, 1, 0, 0, 0, 0)));
	fact_answer(" (held %s)", fact_result(st_lease_held(fd)));
	st_lease(fd, 4, 0, 0, 0, 0);
	fact_answer(", write %s", fact_result(st_lease(fd, 2, 0, 0, 0, 0)));
}

/* What comes after these can't be read. */
void fact_lease_bytes(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint32_t lease[3] = { 1, 0, 0 };
	int fd = fact_plain("f", 1);

	CHECK(p != MAP_FAILED && mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	memcpy(p + PAGE - sizeof(lease), lease, sizeof(lease));
	fact_answer("12 bytes %s",
		    fact_result(ioctl(fd, LUSTRE_SET_LEASE, p + PAGE - sizeof(lease))));
}

void fact_lock_read_only(void)
{
	int fd;

	close(fact_plain("f", 1));
	fd = st_open("f", O_RDONLY | O_DIRECT);
	fact_answer("%s", fact_result(st_group_lock(fd, GID)));
	st_group_unlock(fd, GID);
}

/* ---- signals ---- */

static void on_alarm(int sig)
{
	(void)sig;
}

/* 0: it was waited for to the end. 1: EINTR, 2: another error. */
static void lock_with_alarms(const char *path)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval often = { .it_value.tv_usec = 100000,
					 .it_interval.tv_usec = 100000 };
	int fd = st_open(path, DIRECT_RDWR), err;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	err = st_group_lock(fd, GID + 1) ? errno : 0;
	_exit(err == 0 ? 0 : err == EINTR ? 1 : 2);
}

void fact_lock_signal(void)
{
	static const char *const ends[] = { "0", "EINTR", "an error" };
	int fd = fact_plain("f", 1), status;
	bool waits = true;
	pid_t locker;

	CHECK(st_group_lock(fd, GID) == 0);
	locker = st_start(lock_with_alarms, "f");
	for (int i = 0; i < 4 && waits; i++)
		waits = st_is_running(locker);
	CHECK(st_group_unlock(fd, GID) == 0);
	if (!waits) {
		fact_answer("ends the wait");
		return;
	}
	status = st_wait(locker);
	fact_answer("waits on, then %s", status < 3 ? ends[status] : "a signal");
}

/* ---- mirrors ---- */

void fact_lock_mirrors(void)
{
	int fd = fact_mirrored("m", -1);
	uint32_t gen = st_look(fd).gen;

	CHECK(st_group_lock(fd, GID) == 0 && st_group_unlock(fd, GID) == 0);
	fact_answer("%u stale, generation + %u", fact_stale_count(fd), st_look(fd).gen - gen);
}

/* ---- traps ---- */

static long read_by_second(void)
{
	int fd = fact_plain("f", 1), second = st_open("f", DIRECT_RDWR);

	CHECK(st_group_lock(fd, GID) == 0);
	return pread(second, st_buffer(PAGE), PAGE, 0);
}

void fact_lock_read(void)
{
	fact_trap(read_by_second);
}

static long version_by_itself(void)
{
	int fd = fact_plain("f", 1);
	uint64_t version;

	CHECK(st_group_lock(fd, GID) == 0);
	return st_data_version(fd, 1, &version);
}

void fact_lock_version(void)
{
	fact_trap(version_by_itself);
}
