/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others do to a file meanwhile, by descriptors of its own inode that the table doesn't know. */
#include "fault.h"

#include "layout_peek.h"
#include "lovfs.h"
#include "lustre.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20000
#define NAP_MS 10

static int open_own(const struct open_file *f, int flags)
{
	char path[PROC_PATH_MAX];
	int fd;

	if (!f || !f->regular) {
		double_log("fault: there is no file for it");
		return -1;
	}
	fd = real.openat(AT_FDCWD, table_own_path(f, path), flags | O_CLOEXEC);
	if (fd < 0)
		double_log("fault: can't open the file: %s", strerrorname_np(errno));
	return fd;
}

void fault_deed_lose_lease(struct open_file *f)
{
	int fd = open_own(f, O_WRONLY);

	if (fd >= 0)
		real.close(fd);
}

/* Only system calls: other threads may have held locks of libc. Without the descriptors of the program, which
 * would keep its locks and leases. */
static noreturn void write_and_exit(int fd)
{
	char byte;

	if (syscall(SYS_dup3, fd, 3, 0) != 3 && fd != 3)
		_exit(1);
	syscall(SYS_close_range, 4, ~0u, 0);
	syscall(SYS_close_range, 0, 2, 0);
	if (syscall(SYS_pread64, 3, &byte, 1, 0) != 1)
		byte = 0;
	byte = (char)~byte;
	_exit(syscall(SYS_pwrite64, 3, &byte, 1, 0) == 1 ? 0 : 1);
}

void fault_deed_write_file(struct open_file *f)
{
	int fd = open_own(f, O_RDWR), status;
	pid_t child;

	if (fd < 0)
		return;
	child = fork();
	if (child == 0)
		write_and_exit(fd);
	real.close(fd);
	if (child < 0)
		return;
	if (f->gid)
		double_log("fault: the writer waits for the end of the group lock");
	else if (waitpid(child, &status, 0) != child || status)
		double_log("fault: the file wasn't written");
}

/* ---- layouts ---- */

static void turn_flag_over(int fd, const struct peek_component *c)
{
	uint32_t flag = LUSTRE_COMP_PREFER_READ;
	int err = c->flags & flag ? lovfs_component_flags(fd, c->id, 0, flag)
				  : lovfs_component_flags(fd, c->id, flag, 0);

	if (err)
		double_log("fault: the layout didn't change: %s", strerrorname_np(-err));
}

static bool copy_all(int fd, int victim)
{
	off64_t in = 0, out = 0;
	ssize_t n;

	do
		n = real.copy_file_range(fd, &in, victim, &out, 1 << 30, 0);
	while (n > 0);
	return n == 0;
}

static void move_to_victim(int fd)
{
	struct lovfs_ioc_data_version v;
	int victim = lovfs_open_victim();
	int err = victim < 0 ? victim : 0;

	if (!err && !copy_all(fd, victim))
		err = -EIO;
	if (!err)
		err = lovfs_data_version(fd, &v);
	if (!err)
		err = lovfs_swap(fd, victim, 0, v.version);
	if (victim >= 0)
		real.close(victim);
	if (err)
		double_log("fault: the layout didn't change: %s", strerrorname_np(-err));
}

void fault_deed_change_layout(struct open_file *f)
{
	char path[PROC_PATH_MAX];
	struct layout_peek *l;
	int fd;

	if (f && f->gid) {
		double_log("fault: the layout can't change under a group lock");
		return;
	}
	l = f ? layout_peek(table_own_path(f, path)) : NULL;
	/* The owner may turn a flag over without a lease being lost by that. */
	fd = open_own(f, l && l->mirror_count > 1 ? O_RDONLY : O_RDWR);
	if (fd >= 0 && l && l->mirror_count > 1)
		turn_flag_over(fd, &l->comps[0]);
	else if (fd >= 0)
		move_to_victim(fd);
	if (fd >= 0)
		real.close(fd);
	free(l);
}

/* ---- waiting ---- */

void fault_deed_wait(void)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };
	char path[4096];
	int fd;

	if (!double_mount()->log)
		return;
	snprintf(path, sizeof(path), "%s.waiting", double_mount()->log);
	fd = real.openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	real.close(fd);
	for (int ms = 0; ms < WAIT_MS && access(path, F_OK) == 0; ms += NAP_MS)
		nanosleep(&nap, NULL);
}
