/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/migrate_steps.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "layout/template.h"
#include "mover/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- open the file ---- */

/* The directory of the path, and what the file is called in it. */
static int open_directory(struct migration *m, const char **ret_name)
{
	const char *slash = strrchr(m->path, '/');
	char dir[PATH_MAX] = ".";

	if (slash) {
		size_t len = slash == m->path ? 1 : (size_t)(slash - m->path);

		if (len >= sizeof(dir))
			return fail_sys(-ENAMETOOLONG, "cannot open its directory");
		memcpy(dir, m->path, len);
		dir[len] = '\0';
	}
	m->dir_fd = sys_openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	if (m->dir_fd < 0)
		return fail_sys(m->dir_fd, "cannot open its directory");
	*ret_name = slash ? slash + 1 : m->path;
	return 0;
}

static int check_kind(const struct migration *m, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return fail(-EISDIR, "is a directory; name the files in it");
	if (S_ISLNK(st->st_mode))
		return fail(-ELOOP, "is a symbolic link; name the file that it points to");
	if (!S_ISREG(st->st_mode))
		return fail(-EINVAL, "is not a regular file");
	if (st->st_dev != m->fs->dev)
		return fail(-EXDEV, "is not on the file system %s", m->fs->mount_point);
	if (geteuid() != 0 && geteuid() != st->st_uid)
		return fail(-EPERM, "belongs to user %u; only its owner and root may migrate it",
			    st->st_uid);
	return 0;
}

/* Writing to the file, or closing it, would wait for the lock that we hold on it. */
static int check_own_streams(const struct migration *m, const struct stat *st)
{
	struct stat own;

	for (int fd = 0; fd <= 2 && m->opt->mode == MIGRATE_BLOCK; fd++) {
		int err = sys_fstat(fd, &own);

		if (err == -EBADF)
			continue;
		if (err)
			return fail_sys(err, "cannot look at standard input, output and error");
		if (own.st_dev == st->st_dev && own.st_ino == st->st_ino)
			return fail(-EBUSY, "is standard %s of this command",
				    fd == 0   ? "input"
				    : fd == 1 ? "output"
					      : "error");
	}
	return 0;
}

static int explain_open(int err)
{
	if (err == -ETXTBSY)
		return fail(err, "is a program that is running now");
	return fail_sys(err, "cannot open it for reading and writing");
}

static int step_open(struct migration *m)
{
	const char *name;
	struct stat st;
	int err = open_directory(m, &name);

	if (err)
		return err;
	/* "dir/" and the like name a directory, and get its answer. */
	err = sys_fstatat(m->dir_fd, *name ? name : ".", &st, AT_SYMLINK_NOFOLLOW);
	if (err)
		return fail_sys(err, "cannot migrate it");
	err = check_kind(m, &st);
	if (err)
		return err;
	m->file_fd = sys_openat(m->dir_fd, name, O_RDWR | O_NOFOLLOW | O_NOATIME | O_NOCTTY, 0);
	if (m->file_fd < 0)
		return explain_open(m->file_fd);
	err = sys_fstat(m->file_fd, &m->st);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	err = check_kind(m, &m->st);
	return err ? err : check_own_streams(m, &m->st);
}

/* ---- choose the layout ---- */

/* lfs_migrate(1): the square root of the size in GiB, and one; no more than there are OSTs. */
static uint16_t stripes_for(uint64_t size_bytes, uint32_t ost_count)
{
	uint64_t gib = size_bytes / GIB;
	uint32_t count = 0;

	while ((uint64_t)(count + 1) * (count + 1) <= gib)
		count++;
	return (uint16_t)MIN_OF(count + 1, MAX_OF(ost_count, 1));
}

/* Stripe size and pool stay those of the first component. */
static int auto_layout(const struct migration *m, const struct layout *now,
		       struct layout **ret_layout)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (!l)
		return -ENOMEM;
	l->comps[0].stripe_size = now->comps[0].stripe_size;
	l->comps[0].stripe_count = stripes_for((uint64_t)m->st.st_size, m->fs->ost_count);
	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	memcpy(l->comps[0].pool, now->comps[0].pool, sizeof(l->comps[0].pool));
	l->comps[0].magic = l->comps[0].pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	*ret_layout = l;
	return 0;
}

/* What the directory says; where it says nothing, what the root of the file system says. */
static int directory_layout(const struct migration *m, struct layout **ret_layout)
{
	int err = m->fs->ops->layout_get(m->fs, m->dir_fd, ret_layout);
	CLEANUP_FD int root = -1;

	if (err != -ENODATA)
		return err;
	root = sys_openat(AT_FDCWD, m->fs->mount_point, O_PATH | O_DIRECTORY, 0);
	if (root < 0)
		return fail_sys(root, "cannot open %s", m->fs->mount_point);
	return m->fs->ops->layout_get(m->fs, root, ret_layout);
}

static int choose_layout(struct migration *m, const struct layout *now)
{
	switch (m->opt->layout) {
	case MIGRATE_LAYOUT_AUTO:
		return auto_layout(m, now, &m->layout);
	case MIGRATE_LAYOUT_RESTRIPE:
		return directory_layout(m, &m->layout);
	case MIGRATE_LAYOUT_GIVEN:
		break;
	}
	m->layout = m->opt->request ? layout_ref(m->opt->request) : layout_to_request(now, false);
	return m->layout ? 0 : -ENOMEM;
}

static int step_layout(struct migration *m)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = m->fs->ops->layout_get(m->fs, m->file_fd, &now);

	if (err == -ENODATA) {
		/* Nothing was ever written. */
		m->layout = layout_ref(m->opt->request);
		m->done = !m->layout;
		return 0;
	}
	if (err)
		return err;
	if (now->kind == LAYOUT_COMPOSITE && now->mirror_count > 1)
		return fail(-EOPNOTSUPP, "has %u mirrors; a migrate would drop all but one",
			    now->mirror_count);
	if (now->kind == LAYOUT_FOREIGN)
		return fail(-EOPNOTSUPP, "has a foreign layout: its data is not here");
	return choose_layout(m, now);
}

/* ---- make the victim ---- */

static int step_victim(struct migration *m)
{
	int err = m->fs->ops->victim_open(m->fs, m->dir_fd, m->file_fd, m->layout, &m->victim_fd);

	if (err || geteuid() != 0)
		return err;
	/* The swap wants both of one owner; and the space is his. */
	err = sys_chown_fd(m->victim_fd, m->st.st_uid, m->st.st_gid);
	return err ? fail_sys(err, "cannot give the temporary file to user %u", m->st.st_uid) : 0;
}

/* ---- hold writers back ---- */

static int hold_by_lock(struct migration *m)
{
	int fd, err = sys_fsync(m->file_fd);

	/* Before the lock, not under it: writers that wait have the inode's lock, which fsync and
	 * close take too. What is dirtied later changes the data version. */
	if (err)
		return fail_sys(err, "cannot write out its dirty pages");
	do {
		if (getrandom(&m->gid, sizeof(m->gid), 0) != sizeof(m->gid))
			return fail_sys(-errno, "cannot get a random number");
	} while (m->gid == 0);
	err = m->fs->ops->open_source(m->fs, m->file_fd, &fd);
	if (err)
		return err;
	fd_cleanup(&m->file_fd);
	m->file_fd = fd;
	err = m->fs->ops->group_lock(m->fs, m->file_fd, m->gid);
	m->locked = !err;
	return err;
}

static int hold_by_lease(struct migration *m)
{
	int err = m->fs->ops->lease_get(m->fs, m->file_fd);

	if (err)
		return err;
	m->leased = true;
	return 0;
}

static int step_hold(struct migration *m)
{
	return m->opt->mode == MIGRATE_NONBLOCK ? hold_by_lease(m) : hold_by_lock(m);
}

/* The version first: a write that was under way when the lock was taken and makes the file longer
 * after its size was read must not go unnoticed. */
static int step_version(struct migration *m)
{
	int err = m->fs->ops->data_version(m->fs, m->file_fd, &m->file_version);

	if (err)
		return err;
	err = sys_fstat(m->file_fd, &m->st);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	m->result->size_bytes = (uint64_t)m->st.st_size;
	return 0;
}

/* ---- copy ---- */

static int may_go_on(void *cookie)
{
	struct migration *m = cookie;

	return m->leased ? m->fs->ops->lease_check(m->fs, m->file_fd) : 0;
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	struct migration *m = cookie;

	if (m->opt->progress)
		m->opt->progress(done_bytes, m->result->size_bytes, m->opt->cookie);
}

static int step_copy(struct migration *m)
{
	struct transfer_request req = {
		.src_fd = m->file_fd,
		.dst_fd = m->victim_fd,
		.len_bytes = m->result->size_bytes,
		.threads = m->opt->threads,
		.limit = m->opt->limit,
		.stop = m->opt->stop,
		.may_go_on = may_go_on,
		.progress = forward_progress,
		.cookie = m,
	};
	struct fs_moved *moved = &m->result->moved;
	uint64_t user_bytes = 0;
	int err = transfer_run(&req, &user_bytes);

	if (m->fs->ops->moved(m->fs, m->victim_fd, moved))
		memset(moved, 0, sizeof(*moved));
	moved->user_bytes += user_bytes;
	return err;
}

/* ---- finish the victim ---- */

/* A hole at the end of the file leaves the victim short. */
static int set_size(const struct migration *m)
{
	struct stat st;
	int err = sys_fstat(m->victim_fd, &st);

	if (!err && st.st_size != m->st.st_size)
		err = sys_ftruncate(m->victim_fd, (uint64_t)m->st.st_size);
	return err ? fail_sys(err, "cannot set the size of the copy") : 0;
}

static int step_finish(struct migration *m)
{
	const struct timespec times[2] = { m->st.st_atim, m->st.st_mtim };
	int err = set_size(m);

	if (err)
		return err;
	err = sys_fsync(m->victim_fd);
	if (err)
		return fail_sys(err, "cannot make the copy durable");
	err = sys_utimens_fd(m->victim_fd, times);
	return err ? fail_sys(err, "cannot set the times of the copy") : 0;
}

/* ---- swap ---- */

static int still_the_same(struct migration *m)
{
	uint64_t version;
	int err = m->fs->ops->lease_check(m->fs, m->file_fd);

	if (!err)
		err = m->fs->ops->data_version(m->fs, m->file_fd, &version);
	if (err)
		return err;
	return version == m->file_version ? 0 : fail(-EAGAIN, "its data changed during the copy");
}

static int step_swap(struct migration *m)
{
	struct fs_swap req = { .file_version = m->file_version, .close_lease = m->leased };
	int err = m->leased ? still_the_same(m) : 0;

	if (!err)
		err = m->fs->ops->data_version(m->fs, m->victim_fd, &req.victim_version);
	if (!err)
		err = m->fs->ops->swap(m->fs, m->file_fd, m->victim_fd, &req);
	if (err)
		return err;
	m->leased = false;
	m->done = true;
	return 0;
}

const struct migrate_step migrate_steps[] = {
	{ "open the file", step_open },
	{ "choose the layout", step_layout },
	{ "make the victim", step_victim },
	{ "hold writers back", step_hold },
	{ "note the data version and the size", step_version },
	{ "copy", step_copy },
	{ "finish the victim", step_finish },
	{ "swap layouts", step_swap },
};

const unsigned int migrate_steps_count = ARRAY_SIZE(migrate_steps);

/* In reverse order. */
void migrate_steps_undo(struct migration *m)
{
	if (m->locked)
		(void)!m->fs->ops->group_unlock(m->fs, m->file_fd, m->gid);
	if (m->leased)
		m->fs->ops->lease_put(m->fs, m->file_fd);
	fd_cleanup(&m->victim_fd);
	fd_cleanup(&m->file_fd);
	fd_cleanup(&m->dir_fd);
	layout_unref(m->layout);
}
