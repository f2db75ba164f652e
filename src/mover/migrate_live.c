/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a migrate during which writers go on: the victim follows the file until it takes its
 * place. */
#include "base/error.h"
#include "base/sys.h"
#include "mover/follow.h"
#include "mover/migrate_steps.h"

#include <errno.h>

int migrate_leave_file(struct migration *m)
{
	m->result->size_bytes = (uint64_t)m->file.st.st_size;
	return subject_leave_file(m->fs, &m->file);
}

static int swap(struct migration *m, uint64_t file_version)
{
	struct fs_swap req = { .file_version = file_version };
	int err = sys_fstat(m->file.source_fd, &m->file.st);

	if (err)
		return fail_sys(err, "cannot read its attributes");
	m->result->size_bytes = (uint64_t)m->file.st.st_size;
	err = subject_seal_victim(m->fs, &m->file.st, m->victim_fd, &req.victim_version);
	return err ? err : m->fs->ops->swap(m->fs, m->file.source_fd, m->victim_fd, &req);
}

/* Nobody is to wait for a limit while he is held back. */
static int verify(struct migration *m, uint64_t file_version)
{
	m->result->step = "verify the copy";
	return migrate_verify(m, m->file.source_fd, file_version, NULL);
}

static int commit(void *cookie, uint64_t file_version)
{
	struct migration *m = cookie;
	const char *step = m->result->step;
	int err = m->opt->verify ? verify(m, file_version) : 0;

	if (!err)
		err = migrate_check_layout(m);
	if (!err) {
		m->result->step = "swap layouts";
		err = swap(m, file_version);
	}
	if (err == -EAGAIN) /* is tried again */
		m->result->step = step;
	return err;
}

static void forward_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct migration *m = cookie;

	migration_report_copied(m, done_bytes, total_bytes);
}

int migrate_copy_and_swap(struct migration *m)
{
	const struct follow_copy copy = { .fd = m->victim_fd };
	struct follow_job job = {
		.fs = m->fs,
		.source_fd = m->file.source_fd,
		.read_fd = m->file.source_fd,
		.copies = &copy,
		.count = 1,
		.begin = { .victim_fds = &m->victim_fd, .victim_count = 1 },
		.threads = subject_threads(m->fs, m->opt->threads),
		.limit = m->opt->limit,
		.stop = m->opt->stop,
		.commit = commit,
		.progress = forward_progress,
		.cookie = m,
	};
	struct follow_result followed = { 0 };
	int err = follow_run(&job, &followed);

	migration_note_moved(m,
			     &(struct transfer_result){ .user_bytes = followed.user_bytes,
							.hole_bytes = followed.hole_bytes },
			     err != 0);
	m->result->passes = followed.passes;
	m->result->held_ns = followed.held_ns;
	m->done = !err;
	return err;
}
