/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Before the swap: the copy is read back and compared with the file. Writers are held back, or a lease
 * is held; a store into a mapping may still come, and is told from a bad copy by the data version.
 */
#include "base/error.h"
#include "mover/compare.h"
#include "mover/migrate_steps.h"
#include "mover/trouble.h"

#include <errno.h>
#include <inttypes.h>

struct verify {
	struct migration *m;
	bool differs;
	uint64_t start, end; /* the first range that does */
};

/* One is enough: it ends the comparison. */
static int note_difference(unsigned int index UNUSED, unsigned int reference UNUSED, uint64_t start,
			   uint64_t end, void *cookie)
{
	struct verify *v = cookie;

	v->differs = true;
	v->start = start;
	v->end = end;
	return -EBADMSG;
}

static void report(uint64_t done_bytes, uint64_t total_bytes UNUSED, void *cookie)
{
	const struct verify *v = cookie;

	migration_report_verified(v->m, done_bytes);
}

static int explain(const struct verify *v, int source_fd, uint64_t file_version)
{
	uint64_t version;
	int err = v->m->fs->ops->data_version(v->m->fs, source_fd, !v->m->leased, &version);

	if (err)
		return err;
	if (version != file_version)
		return fail(-EAGAIN, "its data changed during the copy");
	return fail(-EBADMSG,
		    "bytes [%" PRIu64 ", %" PRIu64 ") of the copy differ when it is read back",
		    v->start, v->end);
}

int migrate_verify(struct migration *m, int source_fd, uint64_t file_version,
		   struct bandwidth *limit)
{
	const int fds[] = { source_fd, m->victim_fd };
	struct verify v = { .m = m };
	const struct compare_request req = {
		.fds = fds,
		.count = ARRAY_SIZE(fds),
		.limit = limit,
		.memory = m->opt->memory,
		.stop = m->opt->stop,
		.differs = note_difference,
		.progress = report,
		.cookie = &v,
	};
	uint64_t compared;
	int err = m->fs->ops->drop_cache(m->fs, m->victim_fd);

	if (!err)
		err = compare_run(&req, &compared);
	if (v.differs)
		return explain(&v, source_fd, file_version);
	if (err && err != -ECANCELED)
		err = trouble_of_copy(m->fs, &(struct trouble_side){ .fd = source_fd },
				      &(struct trouble_side){ .fd = m->victim_fd },
				      &(struct transfer_result){ 0 }, err);
	m->result->verified = !err;
	return err;
}
