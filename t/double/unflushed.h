/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files with writes that are in the page cache of a client and not at the servers: buffered ones,
 * until somebody makes the client flush them. Till then a data version that doesn't flush is that
 * of before, and so a swap that compares it succeeds (2.17: 0, swapped).
 *
 * All processes of the double know of them, by the file $LUSTRE_DOUBLE_LOG.unflushed; without a log
 * there are none. Of writes by libc itself, as fwrite(3) does them, and into mappings nothing is
 * known: these count at once.
 */
#ifndef UNFLUSHED_H
#define UNFLUSHED_H

#include "table.h"

/* Before a buffered write. */
void unflushed_write(struct open_file *f);
/* They are at the servers from now on. */
void unflushed_flush(struct open_file *f);
/* lovfs's data version before the first of them. false: there are none. */
bool unflushed_before(struct open_file *f, uint64_t *ret_version);

#endif
