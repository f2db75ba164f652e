/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/ost_impl.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "ost/label.h"
#include "base/rotational.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static PRINTF_LIKE(2, 3) void become_inactive(struct ost *ost, const char *fmt, ...)
{
	va_list ap;
	bool first;

	pthread_mutex_lock(&ost->state_lock);
	first = atomic_load(&ost->active);
	if (first) {
		va_start(ap, fmt);
		vsnprintf(ost->why, sizeof(ost->why), fmt, ap);
		va_end(ap);
		atomic_store(&ost->active, false);
	}
	pthread_mutex_unlock(&ost->state_lock);
	if (first)
		log_error("OST %u is inactive: %s: %s", ost->label.index, ost->path, ost->why);
}

/* Whether dirfd has our label; says in the error text why not. -ENOENT none, -EUCLEAN malformed,
 * -ENODEV another's. */
static int compare_label(const struct ost *ost, int dirfd)
{
	struct ost_label found;
	int err = label_read(dirfd, &found);

	if (err == -ENOENT)
		return fail(err, "has no label: not mounted?");
	if (err == -EUCLEAN)
		return err;
	if (err)
		return fail_sys(err, "read label");
	if (strcmp(found.uuid, ost->label.uuid) != 0)
		return fail(-ENODEV, "belongs to another volume, with uuid %s", found.uuid);
	if (found.index != ost->label.index)
		return fail(-ENODEV, "is OST %u", found.index);
	return 0;
}

static int open_top(const char *path, struct stat *ret_st)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	int err;

	if (fd < 0)
		return fail_sys(fd, "open directory");
	err = sys_fstat(fd, ret_st);
	return err ? fail_sys(err, "stat directory") : fd_steal(&fd);
}

/*
 * The parent xattr is trusted. on a privileged volume where the file system has those; NFS and SMB
 * have only user. ones, which do as well: nobody else gets into O. Reading one that isn't there
 * tells the difference.
 */
static int choose_xattr(struct ost *ost)
{
	ssize_t n = -EOPNOTSUPP;

	if (ost->privileged)
		n = sys_getxattr_fd(ost->top_fd, ost->parent_xattr = "trusted.fid", NULL, 0);
	if (n == -EOPNOTSUPP)
		n = sys_getxattr_fd(ost->top_fd, ost->parent_xattr = "user.fid", NULL, 0);
	if (n == -EOPNOTSUPP)
		return fail(-EOPNOTSUPP, "the file system has no extended attributes");
	return n < 0 && n != -ENODATA ? fail_sys((int)n, "read xattr") : 0;
}

static int open_checked(struct ost *ost)
{
	struct stat st;
	int fd = open_top(ost->path, &st), err;

	if (fd < 0)
		return fd;
	ost->top_fd = fd;
	ost->ino = st.st_ino;
	err = compare_label(ost, fd);
	if (!err)
		err = choose_xattr(ost);
	if (!err)
		err = idfile_init(&ost->ids, fd, OST_LAST_ID);
	if (!err) {
		ost->device = st.st_dev;
		ost->rotational = rotational_device(ROTATIONAL_SYSFS, st.st_dev);
		atomic_store(&ost->checked_ns, clock_now_ns());
	}
	return err;
}

int ost_open(const char *path, const struct ost_label *expected, bool privileged,
	     struct ost **ret_ost)
{
	struct ost *ost = calloc(1, sizeof(*ost));
	int err;

	if (ost)
		ost->path = strdup(path);
	if (!ost || !ost->path) {
		free(ost);
		return fail(-ENOMEM, "OST %u: no memory", expected->index);
	}
	ost->label = *expected;
	ost->privileged = privileged;
	ost->top_fd = -1;
	for (size_t i = 0; i < OST_DIRS; i++)
		atomic_init(&ost->dir_fds[i], -1);
	pthread_mutex_init(&ost->state_lock, NULL);
	pthread_mutex_init(&ost->sync_lock, NULL);
	pthread_mutex_init(&ost->space_lock, NULL);
	atomic_store(&ost->active, true);
	err = open_checked(ost);
	if (err)
		become_inactive(ost, "%s", error_text(err));
	*ret_ost = ost;
	return 0;
}

void ost_free(struct ost *ost)
{
	if (!ost)
		return;
	idfile_release(&ost->ids);
	for (size_t i = 0; i < OST_DIRS; i++) {
		int fd = atomic_load(&ost->dir_fds[i]);

		fd_cleanup(&fd);
	}
	fd_cleanup(&ost->top_fd);
	pthread_mutex_destroy(&ost->space_lock);
	pthread_mutex_destroy(&ost->sync_lock);
	pthread_mutex_destroy(&ost->state_lock);
	free(ost->path);
	free(ost);
}

uint32_t ost_index(const struct ost *ost)
{
	return ost->label.index;
}

const char *ost_path(const struct ost *ost)
{
	return ost->path;
}

bool ost_active(const struct ost *ost)
{
	return atomic_load(&ost->active);
}

const char *ost_why(const struct ost *ost)
{
	return ost_active(ost) ? "" : ost->why;
}

void ost_set_degraded(struct ost *ost, bool no_create)
{
	atomic_store(&ost->no_create, no_create);
}

dev_t ost_device(const struct ost *ost)
{
	return ost_active(ost) ? ost->device : 0;
}

bool ost_rotational(const struct ost *ost)
{
	return ost->rotational;
}

int ost_check_active(struct ost *ost)
{
	if (ost_active(ost))
		return 0;
	return fail(-EIO, "OST %u is inactive: %s: %s", ost->label.index, ost->path, ost->why);
}

static int look_again(const struct ost *ost)
{
	CLEANUP_FD int fd = -1;
	struct stat st;

	fd = open_top(ost->path, &st);
	if (fd < 0)
		return fd;
	if (st.st_dev != ost->device || st.st_ino != ost->ino)
		return fail(-ENODEV, "is another directory than when the volume was opened");
	return compare_label(ost, fd);
}

/*
 * Whether what look_again() met proves that this is no longer our directory. Other errors (no
 * memory, a server that doesn't answer) fail the operation, but the OST isn't given up for them.
 */
static bool is_gone(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ESTALE || err == -ENODEV ||
	       err == -EUCLEAN;
}

int ost_check_label(struct ost *ost, unsigned int max_age_ms)
{
	uint64_t now = clock_now_ns();
	int err = ost_check_active(ost);

	if (err)
		return err;
	if (max_age_ms && now - atomic_load(&ost->checked_ns) < max_age_ms * NS_PER_MS)
		return 0;
	err = look_again(ost);
	if (is_gone(err))
		become_inactive(ost, "%s", error_text(err));
	else if (err)
		return fail_sys(err, "OST %u (%s): check label", ost->label.index, ost->path);
	else
		atomic_store(&ost->checked_ns, now);
	return ost_check_active(ost);
}

int ost_judge(struct ost *ost, int err)
{
	int gone;

	if (err != -ENOENT && err != -ENOTDIR && err != -ESTALE)
		return err;
	gone = ost_check_label(ost, 0);
	return gone ? gone : err;
}

int ost_open_files(struct ost *ost)
{
	int err = ost_check_active(ost);

	return err ? err
		   : sys_openat(ost->top_fd, OST_FILES_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}
