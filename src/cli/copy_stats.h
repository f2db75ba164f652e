/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of --stats, as lfs prints it: YAML documents, each a list of where a copy was at the time. */
#ifndef LOVFS_CLI_COPY_STATS_H
#define LOVFS_CLI_COPY_STATS_H

#include "base/strbuf.h"

#include <stdint.h>

/* Begins a document, with a name in a comment, as a YAML scalar. */
void copy_stats_title(struct strbuf *b, const char *name);
/* The same for all files together. */
void copy_stats_title_of_all(struct strbuf *b, uint64_t files);

/* Source and copy are read and written at the same rate: the mean since the beginning. */
void copy_stats_line(struct strbuf *b, uint64_t elapsed_ns, uint64_t done_bytes,
		     uint64_t total_bytes);

#endif
