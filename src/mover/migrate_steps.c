/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a migrate that holds writers back, or a lease, from its beginning to its end; and the lists
 * of all modes. */
#include "mover/migrate_steps.h"

#include "base/error.h"
#include "base/sys.h"
#include "mover/transfer.h"
#include "mover/trouble.h"

#include <errno.h>
#include <stdio.h>

/* ---- the MDT ---- */

/* Data on the MDT is the inode's own: a swap would leave it where it is. */
static int step_mdt(struct migration *m)
{
	uint64_t wanted = layout_mdt_bytes(m->layout);

	m->by_mirror = m->done = wanted && wanted != m->mdt_bytes;
	return 0;
}

/* ---- hold writers back ---- */

static int hold_by_lock(struct migration *m)
{
	int err = subject_leave_file(m->fs, &m->file);

	return err ? err : hold_writers(m->fs, m->file.source_fd, 0, m->opt->stop, &m->hold);
}

/* The descriptor that has the lock or the lease. */
static int held_fd(const struct migration *m)
{
	return m->hold.gid ? m->file.source_fd : m->file.file_fd;
}

static int hold_by_lease(struct migration *m)
{
	int err = m->fs->ops->lease_get(m->fs, m->file.file_fd);

	if (err)
		return err;
	m->leased = true;
	return 0;
}

static int step_hold(struct migration *m)
{
	return m->mode == MIGRATE_NONBLOCK ? hold_by_lease(m) : hold_by_lock(m);
}

/* The version first: a write that was under way when the lock was taken and makes the file longer
 * after its size was read must not go unnoticed. */
static int step_version(struct migration *m)
{
	int err = m->fs->ops->data_version(m->fs, held_fd(m), m->hold.gid != 0, &m->file_version);

	if (err)
		return err;
	err = sys_fstat(held_fd(m), &m->file.st);
	if (err)
		return fail_sys(err, "cannot read its attributes");
	m->result->size_bytes = (uint64_t)m->file.st.st_size;
	return 0;
}

/* ---- copy ---- */

static int may_go_on(void *cookie)
{
	struct migration *m = cookie;

	return m->leased ? m->fs->ops->lease_check(m->fs, held_fd(m)) : 0;
}

static void forward_progress(uint64_t done_bytes, void *cookie)
{
	struct migration *m = cookie;

	migration_report_copied(m, done_bytes, m->result->size_bytes);
}

static int step_copy(struct migration *m)
{
	const struct piece_range all = { .end = m->result->size_bytes, .targets = 1 };
	struct transfer_request req = {
		.src_fd = held_fd(m),
		.target_fds = &m->victim_fd,
		.target_count = 1,
		.ranges = &all,
		.range_count = 1,
		.streams = m->fs->copying == FS_COPYING_STREAMS,
		.fresh = true,
		.memory = m->opt->memory,
		.threads = subject_threads(m->fs, m->opt->threads),
		.limit = m->opt->limit,
		.stop = m->opt->stop,
		.may_go_on = may_go_on,
		.progress = forward_progress,
		.cookie = m,
	};
	struct transfer_result here;
	int err = transfer_run(&req, &here);

	migration_note_moved(m, &here, err != 0);
	return trouble_of_copy(m->fs, &(struct trouble_side){ .fd = held_fd(m) },
			       &(struct trouble_side){ .fd = m->victim_fd }, &here, err);
}

/* ---- finish the victim ---- */

static int step_finish(struct migration *m)
{
	int err = subject_size_victim(m->fs, &m->file.st, m->victim_fd);

	if (err)
		return err;
	err = sys_fsync(m->victim_fd);
	return trouble_say(m->fs, m->victim_fd, err, "cannot make the copy durable");
}

static int step_verify(struct migration *m)
{
	return m->opt->verify ? migrate_verify(m, held_fd(m), m->file_version, m->opt->limit) : 0;
}

/* ---- swap ---- */

static int still_the_same(struct migration *m)
{
	uint64_t version;
	int err = m->fs->ops->lease_check(m->fs, held_fd(m));

	if (!err)
		err = m->fs->ops->data_version(m->fs, held_fd(m), false, &version);
	if (err)
		return err;
	return version == m->file_version ? 0 : fail(-EAGAIN, "its data changed during the copy");
}

/* Under a lease. Where another has written since, the times are the other's. */
static int set_times_of(struct migration *m, int fd, uint64_t version)
{
	const struct timespec times[2] = { m->file.st.st_atim, m->file.st.st_mtim };
	uint64_t now;
	struct stat st;
	int err = m->fs->ops->data_version(m->fs, fd, false, &now);

	if (err || now != version)
		return err;
	err = sys_fstat(fd, &st);
	if (!err && st.st_mtim.tv_sec != m->file.st.st_mtim.tv_sec)
		err = sys_utimens_fd(fd, times);
	return err ? fail_sys(err, "cannot set them again") : 0;
}

static int lost_times(int err)
{
	char why[ERROR_TEXT_MAX];

	snprintf(why, sizeof(why), "%s", error_text(err));
	return fail(err, "has its new layout, but not its times: %.400s", why);
}

/*
 * What a swap leaves without use on the MDT is cut off there, which makes the file's times new. They are set once more
 * under a lease: setting them under a group lock might wait for that very lock. Where another has the file open for
 * writing now, it has no lease, and the times are the other's.
 */
static int set_times_again(struct migration *m, int fd)
{
	uint64_t version;
	int err;

	if (!m->mdt_bytes || layout_mdt_bytes(m->layout))
		return 0;
	err = m->fs->ops->data_version(m->fs, fd, m->hold.gid != 0, &version);
	m->result->held_ns = hold_release(m->fs, m->file.source_fd, &m->hold);
	if (err)
		return lost_times(err);
	if (m->fs->ops->lease_get(m->fs, fd))
		return 0;
	err = set_times_of(m, fd, version);
	if (err)
		err = lost_times(err);
	m->fs->ops->lease_put(m->fs, fd);
	return err;
}

static int step_swap(struct migration *m)
{
	struct fs_swap req = { .file_version = m->file_version, .close_lease = m->leased };
	int fd = held_fd(m), err = m->leased ? still_the_same(m) : 0;

	if (!err)
		err = subject_seal_victim(m->fs, &m->file.st, m->victim_fd, &req.victim_version);
	if (!err)
		err = m->fs->ops->swap(m->fs, fd, m->victim_fd, &req);
	if (err)
		return err;
	m->leased = false;
	m->done = true;
	return set_times_again(m, fd);
}

/* ---- the lists ---- */

static const struct migrate_step live_steps[] = {
	{ "open the file", migrate_open },          { "choose the layout", migrate_choose_layout },
	{ "make the victim", migrate_make_victim }, { "leave the file", migrate_leave_file },
	{ "copy", migrate_copy_and_swap },          { 0 },
};

static const struct migrate_step held_steps[] = {
	{ "open the file", migrate_open },
	{ "choose the layout", migrate_choose_layout },
	{ "look at the MDT", step_mdt },
	{ "make the victim", migrate_make_victim },
	{ "hold writers back", step_hold },
	{ "look at the layout again", migrate_check_layout },
	{ "note the data version and the size", step_version },
	{ "copy", step_copy },
	{ "finish the victim", step_finish },
	{ "verify the copy", step_verify },
	{ "swap layouts", step_swap },
	{ 0 },
};

const struct migrate_step *migrate_steps_of(enum migrate_mode mode)
{
	return mode == MIGRATE_LIVE ? live_steps : held_steps;
}
