/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A test double of Lustre's kernel interface: a library for LD_PRELOAD that makes a mounted lovfs volume look
 * like the mount of a Lustre client. What can be done with files and layouts is done by lovfs; what
 * Lustre does differently, asks for differently or gets wrong is here. It believes nothing of the
 * program: what would lose data on Lustre ends it by abort().
 *
 * Environment
 *   LUSTRE_DOUBLE        mount point of lovfs; unset: all calls go through as they are
 *   LUSTRE_DOUBLE_LOG    file to which a line is appended for each ioctl of Lustre, what is forbidden, and faults
 *   LUSTRE_DOUBLE_SYS    directory that stands for "/" in paths below /sys/fs/lustre, /proc/fs/lustre and
 *                        /sys/kernel/debug/lustre; unset: there are none of these
 *   LUSTRE_DOUBLE_NOUSER_XATTR  set: as mounted with nouser_xattr; otherwise with user_xattr
 *   LUSTRE_DOUBLE_FAULT  CALL:N:WHAT[,...]: at the n-th call of that kind WHAT happens; see fault.h
 *
 * Files
 *   real.c          libc's functions
 *   table.c         open files of the mount, by descriptor
 *   lovfs.c         what is asked of lovfs, by its ioctls
 *   layout_peek.c   what must be known of a layout's bytes
 *   calls_open.c    open, close, dup;  calls_io.c  reading and writing;  calls_copy.c  the kernel's copies
 *   calls_attr.c    stat, statfs, handles, modes, times;  calls_xattr.c  the layout xattr, flags
 *   calls_text.c    mountinfo, /sys and /proc
 *   ioctl.c         which ioctl is which;  ioctl_layout.c  layouts, swap;  ioctl_lease.c  leases, resync, merge, split;
 *   ioctl_lock.c    group locks;  locked.c  those of this process
 *   seen.c          sizes that the client knows;  unflushed.c  writes that the servers don't know of
 *   fault.c, fault_deed.c  faults
 *
 * What is like Lustre is described at each function: "2.17" there means that a client and servers
 * of Lustre 2.17 (Linux 6.1, ldiskfs) were seen to do so. t/contract/facts.h has the questions and
 * the answers. What isn't like Lustre:
 *   - A regular file that existed and is opened with O_DIRECT is read through lovfs's second inode of it
 *     (.lovfs/mirror/FID/0), as whoever holds a group lock of lovfs may not use the first.
 *     Unbound writes to such a descriptor go through one that is opened for it, which breaks the file's
 *     lease, even the descriptor's own, and waits for the file's group lock, even the descriptor's own.
 *   - What a data version says of the layout, and the layout's generation, don't change with a component's flags.
 *   - Leases and group locks of a descriptor that is open for reading are those of another one that is opened for writing:
 *     the file must allow that. A buffered one can't be read under its own group lock.
 *   - A mirror that is the last one in sync can't be split off (EINVAL).
 *   - A lease that is asked for gets 200 ms in which descriptors closed just now go: FUSE tells of a close later.
 *   - What goes through an io_uring can't be seen: setting one up fails with ENOSYS, and "io_uring refused" is
 *     logged once. Direct I/O with registered buffers goes wrong on Lustre, so it is better not tried.
 *   - mountinfo is changed for who reads it by fopen().
 *   - Objects of a file that isn't mirrored are made when it is created, by a write. Files whose default
 *     layout is mirrored have them only in the eyes of the process that made them.
 *   - A descriptor that came through exec() isn't bound, and holds nothing that is known here.
 */
#include "double.h"

#include "lovfs_ioctl.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static struct the_mount mount;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_mount(const char *point)
{
	struct lovfs_ioc_info info;
	struct stat st;
	int fd = real.openat(AT_FDCWD, point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && real.fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 &&
	    real.ioctl(fd, LOVFS_IOC_INFO, &info) == 0) {
		mount.dev = st.st_dev;
		snprintf(mount.fsname, sizeof(mount.fsname), "%.15s", info.fsname);
		mount.root_fd = double_hide_fd(fd);
		mount.active = mount.root_fd >= 0;
		return;
	}
	if (fd >= 0)
		real.close(fd);
	double_log("%s is no lovfs mount: all calls go through", point);
}

static void begin(void)
{
	const char *point = getenv("LUSTRE_DOUBLE");
	int err = errno;

	real_init();
	mount.root_fd = -1;
	mount.log = getenv("LUSTRE_DOUBLE_LOG");
	mount.tree = getenv("LUSTRE_DOUBLE_SYS");
	mount.born_s =
		getenv("LUSTRE_DOUBLE_BORN") ? atol(getenv("LUSTRE_DOUBLE_BORN")) : 1234567890;
	mount.user_xattrs = !getenv("LUSTRE_DOUBLE_NOUSER_XATTR");
	if (point && *point)
		find_mount(point);
	errno = err;
}

const struct the_mount *double_mount(void)
{
	pthread_once(&once, begin);
	return &mount;
}

long double_answer(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* ---- the log ---- */

static void log_text(const char *text, size_t len)
{
	int fd;

	if (!mount.log)
		return;
	fd = real.openat(AT_FDCWD, mount.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	(void)!real.write(fd, text, len);
	real.close(fd);
}

__attribute__((format(printf, 3, 0))) static int make_line(char *line, size_t size, const char *fmt,
							   va_list ap)
{
	int len = vsnprintf(line, size - 1, fmt, ap);

	len = len < 0 ? 0 : len > (int)size - 2 ? (int)size - 2 : len;
	line[len++] = '\n';
	line[len] = '\0';
	return len;
}

void double_log(const char *fmt, ...)
{
	char line[512];
	int err = errno, len;
	va_list ap;

	va_start(ap, fmt);
	len = make_line(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_text(line, (size_t)len);
	errno = err;
}

void double_forbid(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = snprintf(line, sizeof(line), "FORBIDDEN ");
	len += make_line(line + len, sizeof(line) - (size_t)len, fmt, ap);
	va_end(ap);
	log_text(line, (size_t)len);
	fprintf(stderr, "lustre_double: %s", line);
	abort();
}

const char *double_result_text(long result, char *buf)
{
	const char *name = result < 0 ? strerrorname_np((int)-result) : NULL;

	if (name)
		snprintf(buf, 32, "%s", name);
	else
		snprintf(buf, 32, "%ld", result);
	return buf;
}

/* ---- descriptors and paths ---- */

int double_hide_fd(int fd)
{
	int hidden = real.fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FD_MIN);
	int err = errno;

	real.close(fd);
	return hidden < 0 ? -err : hidden;
}

const char *double_proc_path(int fd, char buf[PROC_PATH_MAX])
{
	snprintf(buf, PROC_PATH_MAX, "/proc/self/fd/%d", fd);
	return buf;
}

int double_proc_fd(const char *path)
{
	static const char prefix[] = "/proc/self/fd/";
	char *end;
	long n;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return -1;
	path += sizeof(prefix) - 1;
	n = strtol(path, &end, 10);
	return *end || end == path || n < 0 || n > 1 << 24 ? -1 : (int)n;
}

bool double_is_ours(int fd, struct identity *ret_id)
{
	struct statx st;

	if (!double_mount()->active || fd < 0 ||
	    real.statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &st))
		return false;
	*ret_id = (struct identity){ .dev = makedev(st.stx_dev_major, st.stx_dev_minor),
				     .ino = st.stx_ino,
				     .mode = st.stx_mode & S_IFMT };
	return ret_id->dev == mount.dev;
}
