/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/migration.h"

#include "mover/moved.h"

#include <string.h>

void migration_begin(struct migration *m)
{
	migration_release(m);
	*m = (struct migration){ .fs = m->fs,
				 .path = m->path,
				 .opt = m->opt,
				 .mode = m->mode,
				 .result = m->result,
				 .file = SUBJECT_INIT,
				 .victim_fd = -1 };
}

void migration_report_copied(struct migration *m, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t to_verify = m->opt->verify ? m->result->size_bytes : 0;

	m->copied_bytes = total_bytes;
	if (m->opt->progress)
		m->opt->progress(done_bytes, total_bytes + to_verify, m->opt->cookie);
}

void migration_report_verified(struct migration *m, uint64_t done_bytes)
{
	if (m->opt->progress)
		m->opt->progress(m->copied_bytes + done_bytes,
				 m->copied_bytes + m->result->size_bytes, m->opt->cookie);
}

/* What failed has its text, and asking would cost it; its victim is given up anyway. */
void migration_note_moved(struct migration *m, const struct transfer_result *here, bool failed)
{
	struct fs_moved *moved = &m->result->moved;

	if (failed || m->fs->ops->moved(m->fs, m->victim_fd, moved))
		memset(moved, 0, sizeof(*moved));
	moved_add_here(moved, here);
}

/* In reverse order. */
void migration_close(struct migration *m)
{
	uint64_t held_ns = hold_release(m->fs, m->file.source_fd, &m->hold);

	m->result->held_ns = MAX_OF(m->result->held_ns, held_ns);
	if (m->leased)
		m->fs->ops->lease_put(m->fs, m->file.file_fd);
	m->leased = false;
	fd_cleanup(&m->victim_fd);
	m->victim_fd = -1;
	subject_close(&m->file);
}

void migration_release(struct migration *m)
{
	layout_unref(m->layout);
	m->layout = NULL;
}
