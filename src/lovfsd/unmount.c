/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/unmount.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mountinfo.h"
#include "base/say.h"
#include "base/sys.h"
#include "base/units.h"
#include "lovfs_ioctl.h"
#include "lovfsd/utab.h"
#include "volume/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_WAIT_S 60
#define WAIT_MAX_S 86400
#define TELL_AFTER_NS (2 * NS_PER_S)
#define ANSWER_TIMEOUT_MS 3000
#define KILL_TRIES 50
#define TRY_PAUSE_NS (20 * (long)NS_PER_MS)

struct unmount {
	const char *given;
	bool lazy, force;
	bool read_only; /* where unmounting fails: isn't done */
	uint64_t wait_s;
	char path[PATH_MAX]; /* the mount point, absolute */
	struct mountinfo mount;
	int lock_fd, pid_fd; /* -1: there is nobody to wait for */
	struct lock_holder holder;
};

static void pause_a_moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = TRY_PAUSE_NS }, NULL);
}

/* ---- which mount ---- */

/* The mount point's own attributes aren't asked for: whoever should answer may be dead. */
static int resolve_parent(const char *given, char path[PATH_MAX])
{
	CLEANUP_FREE char *dir_copy = strdup(given), *base_copy = strdup(given), *parent = NULL;
	const char *base;

	if (!dir_copy || !base_copy)
		return -ENOMEM;
	base = basename(base_copy);
	if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || strcmp(base, "/") == 0)
		return -EINVAL;
	parent = realpath(dirname(dir_copy), NULL);
	if (!parent)
		return -errno;
	return snprintf(path, PATH_MAX, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, base) <
			       PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

static int find_mount(struct unmount *u)
{
	int err = resolve_parent(u->given, u->path);

	if (!err)
		err = mountinfo_at(MOUNTINFO_OWN, u->path, NULL, &u->mount);
	/* By a symbolic link, or as "." */
	if (err && realpath(u->given, u->path))
		err = mountinfo_at(MOUNTINFO_OWN, u->path, NULL, &u->mount);
	else if (err && err != -ENOENT && err != -EINVAL)
		return fail_sys(err, "%s", u->given);
	if (err == -ENOENT || err == -EINVAL)
		return fail(-EINVAL, "%s: nothing is mounted there", u->given);
	if (err)
		return fail_sys(err, "%s", u->given);
	if (strcmp(u->mount.type, "fuse.lovfs") != 0)
		return fail(-EINVAL, "%s: what is mounted there is of type %s, not fuse.lovfs",
			    u->path, u->mount.type);
	return 0;
}

/* ---- who serves it ---- */

/* In a process of its own, which ends here. It may wait forever for one that doesn't answer. */
static _Noreturn void ask(const struct unmount *u, uid_t uid, gid_t gid, int answer_fd)
{
	struct lovfs_ioc_target target = { .index = LOVFS_TARGET_MDT };
	int fd, err;

	/* Whose mount it is: others, root too, may not look into it. */
	if (geteuid() == 0 && uid != 0 && (setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
		_exit(errno);
	fd = sys_openat(AT_FDCWD, u->path, O_RDONLY | O_DIRECTORY, 0);
	err = fd < 0 ? fd : sys_ioctl(fd, LOVFS_IOC_TARGET, &target);
	if (!err && write(answer_fd, target.path, sizeof(target.path)) != sizeof(target.path))
		err = -EIO;
	_exit(-err);
}

static unsigned int option_number(const char *list, const char *name)
{
	const char *at = strstr(list, name);

	return at ? (unsigned int)strtoul(at + strlen(name), NULL, 10) : 0;
}

/* Ends the process that asks, which keeps the mount busy otherwise. Returns its word. */
static int end_asking(pid_t pid, bool answered)
{
	int status = 0;

	if (!answered)
		kill(pid, SIGKILL);
	/* It can't be killed where its question has been read, but isn't answered. */
	for (int i = 0; i < KILL_TRIES || answered; i++) {
		if (waitpid(pid, &status, answered ? 0 : WNOHANG) == pid)
			return WIFEXITED(status) ? -WEXITSTATUS(status) : -ETIMEDOUT;
		pause_a_moment();
	}
	return -ETIMEDOUT;
}

/* The MDT's directory. */
static int ask_mdt(const struct unmount *u, char mdt[PATH_MAX])
{
	uid_t uid = option_number(u->mount.super_options, "user_id=");
	gid_t gid = option_number(u->mount.super_options, "group_id=");
	CLEANUP_FD int answer = -1;
	struct pollfd p = { .events = POLLIN };
	char path[sizeof(((struct lovfs_ioc_target *)0)->path)];
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	answer = ends[0];
	pid = fork();
	if (pid == 0)
		ask(u, uid, gid, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return -EAGAIN;
	p.fd = answer;
	err = end_asking(pid, poll(&p, 1, ANSWER_TIMEOUT_MS) == 1);
	if (!err && read(answer, path, sizeof(path)) != sizeof(path))
		err = -EIO;
	/* A path that fills the field may have been cut. */
	if (!err && strnlen(path, sizeof(path)) >= sizeof(path) - 1)
		err = -ENAMETOOLONG;
	if (!err)
		snprintf(mdt, PATH_MAX, "%.*s", (int)sizeof(path), path);
	return err;
}

/* The process is remembered by a descriptor: its number may be another's later. */
static int find_holder(struct unmount *u)
{
	char mdt[PATH_MAX], path[PATH_MAX + 8];
	int err = ask_mdt(u, mdt);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/lock", mdt);
	u->lock_fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	if (u->lock_fd < 0)
		return u->lock_fd;
	err = lock_file_holder(u->lock_fd, &u->holder);
	if (err) {
		fd_cleanup(&u->lock_fd);
		u->lock_fd = -1;
		return err;
	}
	u->pid_fd = (int)syscall(SYS_pidfd_open, (pid_t)u->holder.pid, 0);
	return 0;
}

/* ---- unmounting ---- */

static int run(const char *const argv[], const char *mount_path)
{
	pid_t pid;
	int status,
		err = posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ);

	if (err)
		return fail_sys(-err, "start %s", argv[0]);
	if (waitpid(pid, &status, 0) != pid)
		return fail_sys(-errno, "wait for %s", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fail(-EPERM, "%s: %s has not unmounted it", mount_path, argv[0]);
}

static int run_fusermount(const struct unmount *u)
{
	const char *const argv[] = { "fusermount3", u->lazy ? "-uz" : "-u", "--", u->path, NULL };

	return run(argv, u->path);
}

/* umount(8) forgets what mount(8) noted of the mount (utab.h), without unmounting (--fake). */
static void forget_note(const struct unmount *u)
{
	const char *const argv[] = { "umount", "-i", "--fake", "--no-canonicalize", u->path, NULL };

	if (access(UTAB_HELPER, X_OK) == 0 && run(argv, u->path))
		error_clear();
}

/* silent: who serves it hasn't answered. */
static int unmount(const struct unmount *u, bool silent)
{
	int flags = UMOUNT_NOFOLLOW | (u->lazy ? MNT_DETACH : 0) | (u->force ? MNT_FORCE : 0);

	if (geteuid() && u->force)
		return fail(-EPERM, "-f: only root can unmount by force");
	if (geteuid())
		return run_fusermount(u);
	if (umount2(u->path, flags) == 0) {
		forget_note(u);
		return 0;
	}
	if (errno == EBUSY && silent)
		return fail(-EBUSY,
			    "%s is still mounted: it is in use, and who serves it doesn't answer; "
			    "-l unmounts it all the same",
			    u->path);
	if (errno == EBUSY)
		return fail(-EBUSY, "%s is in use, and still mounted; 'fuser -vm' shows by whom",
			    u->path);
	return fail_sys(-errno, "%s", u->path);
}

/* ---- waiting ---- */

static bool is_served(struct unmount *u)
{
	struct lock_holder now;
	int err = lock_file_holder(u->lock_fd, &now);

	if (err == 0 && now.pid == u->holder.pid)
		u->holder = now;
	/* By another process now: somebody has mounted the volume again. */
	return err == -EAGAIN || (err == 0 && now.pid == u->holder.pid);
}

static bool has_ended(const struct unmount *u)
{
	struct pollfd p = { .fd = u->pid_fd, .events = POLLIN };

	return u->pid_fd < 0 || poll(&p, 1, 0) == 1;
}

static const char *what_it_does(const struct unmount *u)
{
	return strcmp(u->holder.state, "ending") == 0 && u->holder.text[0]
		       ? u->holder.text
		       : "requests are still under way, or it is mounted in another mount "
			 "namespace";
}

/* The lock is given up when everything is closed but the lock file itself; the end of the process
 * closes that. */
static int wait_until_closed(struct unmount *u)
{
	uint64_t start = clock_now_ns(), spent;
	bool told = false;

	while (is_served(u) || !has_ended(u)) {
		spent = clock_now_ns() - start;
		if (spent >= u->wait_s * NS_PER_S)
			return fail(-ETIMEDOUT,
				    "%s is unmounted, but process %ld hasn't closed the volume "
				    "after %u s: %s",
				    u->path, u->holder.pid, (unsigned int)u->wait_s,
				    what_it_does(u));
		if (!told && spent >= TELL_AFTER_NS) {
			say("lovfs -u: waiting for process %ld: %s", u->holder.pid,
			    what_it_does(u));
			told = true;
		}
		pause_a_moment();
	}
	return 0;
}

/* Here by a bind mount, or in the mount namespace of whoever serves it. */
static bool is_mounted_elsewhere(struct unmount *u)
{
	const dev_t dev = u->mount.dev;
	char file[64];

	if (mountinfo_of_device(MOUNTINFO_OWN, dev, &u->mount) == 0) {
		say("lovfs -u: the volume is still mounted on %s", u->mount.point);
		return true;
	}
	snprintf(file, sizeof(file), "/proc/%ld/mountinfo", u->holder.pid);
	if (u->lock_fd < 0 || mountinfo_of_device(file, dev, &u->mount))
		return false;
	say("lovfs -u: the volume is still mounted on %s in the mount namespace of process %ld",
	    u->mount.point, u->holder.pid);
	return true;
}

static int unmount_and_wait(struct unmount *u)
{
	int unknown = u->lazy ? 0 : find_holder(u);
	int err = unmount(u, unknown == -ETIMEDOUT);

	if (err || u->lazy || is_mounted_elsewhere(u))
		return err;
	/* Whoever served it is dead already. */
	if (unknown == -ENOTCONN || unknown == -ECONNABORTED || unknown == -ENOENT)
		return 0;
	if (unknown)
		return fail_sys(unknown,
				"%s is unmounted, but who served it can't be found and waited for",
				u->path);
	return wait_until_closed(u);
}

/* ---- the command line ---- */

static int usage(const char *what, const char *which)
{
	say("lovfs -u: %s%s", which, what);
	fputs("usage: lovfs -u [-lf] [-w SECONDS] MOUNT_POINT\n", stderr);
	return 2;
}

/* -n, -v, -N and -t are what umount(8) may add. */
static int parse(int argc, char **argv, struct unmount *u)
{
	int c;

	optind = 1;
	opterr = 0;
	while ((c = getopt(argc, argv, "lfw:nvrN:t:")) != -1) {
		if (c == 'l')
			u->lazy = true;
		else if (c == 'f')
			u->force = true;
		else if (c == 'r')
			u->read_only = true;
		else if (c == 'w' && number_parse(optarg, 0, WAIT_MAX_S, &u->wait_s))
			return usage(": a number of seconds, up to 86400, is needed", optarg);
		else if (c == 'N')
			return usage("-N: another mount namespace isn't supported", "");
		else if (c == '?')
			return usage(": unknown option, or its argument is missing",
				     argv[optind - 1]);
	}
	if (optind == argc)
		return usage("a mount point is needed", "");
	if (optind + 1 < argc)
		return usage(": one argument too many", argv[optind + 1]);
	u->given = argv[optind];
	return 0;
}

int unmount_main(int argc, char **argv)
{
	struct unmount u = { .wait_s = DEFAULT_WAIT_S, .lock_fd = -1, .pid_fd = -1 };
	int status = parse(argc, argv, &u), err;

	if (status)
		return status;
	err = find_mount(&u);
	if (!err)
		err = unmount_and_wait(&u);
	fd_cleanup(&u.lock_fd);
	fd_cleanup(&u.pid_fd);
	if (err)
		say("lovfs -u: %s", error_text(err));
	if (err == -EBUSY && u.read_only)
		say("lovfs -u: -r isn't done; 'mount -o remount,ro' makes a mount read-only");
	return err ? 1 : 0;
}
