/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes: modes, owners, set-id bits, times, permissions. */
#include "posix.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define USER 1234
#define GROUP 5678

static struct stat status(const char *name)
{
	struct stat st;

	OK(lstat(name, &st));
	return st;
}

static mode_t mode_of(const char *name)
{
	return status(name).st_mode & 07777;
}

static void make(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	OK(close((int)OK(open(name, O_RDWR | O_CREAT | O_EXCL, 0600))));
	OK(chown(name, uid, gid));
	OK(chmod(name, mode));
}

/* Runs fn as USER in a child; whether it gave 0. */
static bool as_user(int (*fn)(void))
{
	int status;
	pid_t pid = (pid_t)OK(fork());

	if (pid == 0) {
		if (setgroups(0, NULL) || setresgid(GROUP, GROUP, GROUP) ||
		    setresuid(USER, USER, USER))
			_exit(99);
		_exit(fn() ? 1 : 0);
	}
	OK(waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 99);
	return WEXITSTATUS(status) == 0;
}

static void modes(void)
{
	make("f", 0644, 0, 0);
	OK(chmod("f", 07777));
	CHECK(mode_of("f") == 07777);
	OK(chmod("f", 0));
	CHECK(mode_of("f") == 0);
	OK(mkdir("d", 0755));
	OK(chmod("d", 01777));
	CHECK(mode_of("d") == 01777);
}

static int write_f(void)
{
	int fd = open("f", O_WRONLY);

	return fd < 0 || write(fd, "x", 1) != 1;
}

static int truncate_f(void)
{
	return truncate("f", 0);
}

static int chown_f(void)
{
	return chown("f", USER, GROUP);
}

static void set_id_bits(void)
{
	make("f", 06755, USER, GROUP);
	CHECK(as_user(write_f) && mode_of("f") == 0755);
	OK(chmod("f", 06755));
	CHECK(as_user(truncate_f) && mode_of("f") == 0755);
	OK(chmod("f", 06755));
	CHECK(as_user(chown_f) && mode_of("f") == 0755);
	OK(chmod("f", 02644)); /* set-group-id without group execution is no such bit */
	CHECK(status("f").st_uid == USER && status("f").st_gid == GROUP);
	OK(chmod("f", 06755));
	OK(chown("f", 0, 0));
	CHECK(mode_of("f") == 0755);
}

static int create_in_d(void)
{
	return open("d/user", O_WRONLY | O_CREAT, 0664) < 0 || mkdir("d/dir", 0775) ||
	       symlink("x", "d/link");
}

static void owners(void)
{
	OK(mkdir("d", 0777));
	OK(chmod("d", 0777));
	CHECK(as_user(create_in_d));
	CHECK(status("d/user").st_uid == USER && status("d/user").st_gid == GROUP &&
	      mode_of("d/user") == 0644);
	CHECK(status("d/dir").st_uid == USER && mode_of("d/dir") == 0755 &&
	      status("d/link").st_uid == USER);
}

static void group_of_directory(void)
{
	OK(mkdir("d", 0777));
	OK(chown("d", 0, 4321));
	OK(chmod("d", 02777));
	CHECK(as_user(create_in_d));
	CHECK(status("d/user").st_gid == 4321 && status("d/user").st_uid == USER);
	CHECK(status("d/dir").st_gid == 4321 && (mode_of("d/dir") & S_ISGID));
}

static int read_f(void)
{
	char c;
	int fd = open("f", O_RDONLY);

	return fd < 0 || read(fd, &c, 1) != 0;
}

static int chmod_f(void)
{
	return chmod("f", 0777);
}

static int remove_d_f(void)
{
	return unlink("d/f");
}

static int touch_f_now(void)
{
	return utimensat(AT_FDCWD, "f", NULL, 0);
}

static int touch_f_then(void)
{
	const struct timespec then[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	return utimensat(AT_FDCWD, "f", then, 0);
}

static void permissions(void)
{
	make("f", 0600, 0, 0);
	CHECK(!as_user(read_f) && !as_user(write_f) && !as_user(truncate_f) && !as_user(chmod_f) &&
	      !as_user(chown_f));
	OK(chmod("f", 0644));
	CHECK(as_user(read_f) && !as_user(write_f) && !as_user(touch_f_now));
	OK(chmod("f", 0666));
	CHECK(as_user(touch_f_now) && !as_user(touch_f_then) && as_user(truncate_f) &&
	      !as_user(chmod_f));
	OK(mkdir("d", 0755));
	make("d/f", 0666, USER, GROUP);
	CHECK(!as_user(remove_d_f));
	OK(chmod("d", 01777));
	OK(chown("d/f", 0, 0));
	CHECK(!as_user(remove_d_f)); /* sticky */
	OK(chown("d/f", USER, GROUP));
	CHECK(as_user(remove_d_f));
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static void set_times(void)
{
	const struct timespec t[2] = { { .tv_sec = 1000000000, .tv_nsec = 123456789 },
				       { .tv_sec = 1100000000, .tv_nsec = 987654321 } };
	const struct timespec omit[2] = { { .tv_nsec = UTIME_OMIT },
					  { .tv_sec = 5, .tv_nsec = 7 } };
	int fd = (int)OK(open("f", O_RDWR | O_CREAT, 0644));
	struct stat st;

	CHECK(write(fd, "data", 4) == 4);
	OK(futimens(fd, t));
	OK(fstat(fd, &st));
	CHECK(same_time(st.st_atim, t[0]) && same_time(st.st_mtim, t[1]));
	OK(utimensat(AT_FDCWD, "f", omit, 0));
	OK(fstat(fd, &st));
	CHECK(same_time(st.st_atim, t[0]) && same_time(st.st_mtim, omit[1]));
	OK(close(fd));
	OK(stat("f", &st));
	CHECK(same_time(st.st_mtim, omit[1]) && st.st_ctim.tv_sec > 1700000000);
	OK(symlink("f", "l"));
	OK(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	CHECK(same_time(status("l").st_mtim, t[1]) && same_time(status("f").st_mtim, omit[1]));
	OK(mkdir("d", 0755));
	OK(utimensat(AT_FDCWD, "d", t, 0));
	CHECK(same_time(status("d").st_mtim, t[1]));
}

static void pause_a_bit(void)
{
	const struct timespec t = { .tv_nsec = 30000000 };

	nanosleep(&t, NULL);
}

static void times_follow(void)
{
	int fd = (int)OK(open("f", O_RDWR | O_CREAT, 0644));
	struct stat a, b;

	CHECK(write(fd, "data", 4) == 4);
	OK(fstat(fd, &a));
	pause_a_bit();
	CHECK(pwrite(fd, "more", 4, 0) == 4);
	OK(fstat(fd, &b));
	CHECK(before(a.st_mtim, b.st_mtim) && before(a.st_ctim, b.st_ctim));
	pause_a_bit();
	OK(fchmod(fd, 0600));
	OK(fstat(fd, &a));
	CHECK(same_time(a.st_mtim, b.st_mtim) && before(b.st_ctim, a.st_ctim));
	pause_a_bit();
	OK(ftruncate(fd, 1));
	OK(fstat(fd, &b));
	CHECK(before(a.st_mtim, b.st_mtim));
	pause_a_bit();
	OK(ftruncate(fd, 1000));
	OK(fstat(fd, &a));
	CHECK(before(b.st_mtim, a.st_mtim));
	OK(mkdir("d", 0755));
	b = status("d");
	pause_a_bit();
	OK(rename("f", "d/f"));
	CHECK(before(b.st_mtim, status("d").st_mtim) &&
	      same_time(status("d/f").st_mtim, a.st_mtim));
	OK(close(fd));
	/* What is said after the last close stays. */
	a = status("d/f");
	pause_a_bit();
	b = status("d/f");
	CHECK(same_time(a.st_ctim, b.st_ctim) && same_time(a.st_mtim, b.st_mtim));
}

static void time_from_the_future(void)
{
	const struct timespec t[2] = { { .tv_sec = 4000000000 }, { .tv_sec = 4000000000 } };
	int fd = (int)OK(open("f", O_RDWR | O_CREAT, 0644));
	struct stat st;

	CHECK(write(fd, "data", 4) == 4);
	OK(futimens(fd, t));
	OK(fstat(fd, &st));
	CHECK(st.st_mtim.tv_sec == 4000000000);
	CHECK(write(fd, "more", 4) == 4);
	OK(fstat(fd, &st));
	CHECK(st.st_mtim.tv_sec < 4000000000);
	OK(futimens(fd, t));
	OK(ftruncate(fd, 3));
	OK(fstat(fd, &st));
	CHECK(st.st_mtim.tv_sec < 4000000000);
	OK(close(fd));
}

static void space(void)
{
	struct statvfs st;
	struct stat a;
	int fd = (int)OK(open("f", O_RDWR | O_CREAT, 0644));
	char buf[65536] = { 1 };

	OK(statvfs(".", &st));
	CHECK(st.f_blocks > 0 && st.f_bfree <= st.f_blocks && st.f_bavail <= st.f_bfree &&
	      st.f_namemax == 255);
	CHECK(write(fd, buf, sizeof(buf)) == sizeof(buf));
	OK(fsync(fd));
	OK(fstat(fd, &a));
	CHECK(a.st_blocks >= 65536 / 512 && a.st_blocks < 4096);
	OK(close(fd));
}

const struct posix_case attr_cases[] = {
	{ "modes", modes },
	{ "set_id_bits", set_id_bits },
	{ "owners", owners },
	{ "group_of_directory", group_of_directory },
	{ "permissions", permissions },
	{ "set_times", set_times },
	{ "times_follow", times_follow },
	{ "time_from_the_future", time_from_the_future },
	{ "space", space },
	{ NULL, NULL },
};
