/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of one mirror on their way out of it or into it: what mirror_read.c and mirror_write.c have in
 * common. One thread. */
#ifndef LOVFS_MOVER_MIRROR_BYTES_H
#define LOVFS_MOVER_MIRROR_BYTES_H

#include "base/attr.h"
#include "base/units.h"
#include "mover/mirror_verbs.h"
#include "mover/subject.h"

#define MIRROR_BYTES_BUFFER (4 * MIB)

struct mirror_bytes {
	struct fs *fs;
	const struct mirror_options *opt;
	uint32_t id;
	struct subject file;
	struct layout *layout; /* owned: as it was at the beginning */
	int mirror_fd;         /* owned; -1: not open */
	uint8_t *buf;          /* owned; MIRROR_BYTES_BUFFER, for direct I/O */
	size_t filled;         /* bytes of buf that are the first to be written */
	uint64_t done_bytes, total_bytes, ticked_ns;
	struct mirror_result result;
};

/* *b has fs, opt and id; the rest is set here. Opens the file and sees that it has the mirror. -ENOENT,
 * -ENODATA no mirrors. mirror_bytes_end() also on failure. */
int MUST_CHECK mirror_bytes_begin(struct mirror_bytes *b, const char *path, int flags,
				  const char *verb);
void mirror_bytes_end(struct mirror_bytes *b);

/*
 * Waits until the other end, which may be a pipe or a terminal, gives or takes something: events are those of poll(2).
 * -ECANCELED.
 */
int MUST_CHECK mirror_bytes_wait(const struct mirror_bytes *b, int fd, short events);

/* So many more are done: keeps the limit, reports. -ECANCELED. */
int MUST_CHECK mirror_bytes_count(struct mirror_bytes *b, size_t len);
void mirror_bytes_report(struct mirror_bytes *b, bool last);

#endif
