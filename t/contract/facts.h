/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lustre_facts asks a Lustre client's kernel interface, past everything of src/. A fact is a
 * question and the answer that was seen: of a client and servers of Lustre 2.17 with Linux 6.1.
 *
 * A fact's function works in an empty directory, which is the working directory, and says what it
 * saw by fact_answer(). What it needs and isn't there it says by fact_skip().
 */
#ifndef FACTS_H
#define FACTS_H

#include "selftest.h"

#include <stdint.h>

#define FACT_LEN 300000

/* Adds to the answer. */
void fact_answer(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What a call returned: its value, or the name of errno. Until the next call. */
const char *fact_result(long result);
_Noreturn void fact_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether this is the double and no Lustre. */
bool fact_is_double(void);
/*
 * What is never to be done: fn in a process of its own. Answers "hangs" after 5 seconds, or
 * "aborts: WHY" of the double's, or else what fn returned.
 */
void fact_trap(long (*fn)(void));

/*
 * A new file f with a plain layout of so many stripes and FACT_LEN bytes of pattern 1, durable. A
 * direct descriptor.
 */
int fact_plain(const char *path, uint16_t stripes);
/*
 * The same with a composite one, to which mirror 2 was added. mirror_fd: its victim, which is
 * closed. -1: one is made.
 */
int fact_mirrored(const char *path, int mirror_fd);
/* A mirrored one of which mirror 2 is stale. */
int fact_stale(const char *path);
/* How many of its mirrors are stale. */
unsigned int fact_stale_count(int fd);

/* clang-format off */
#define FACTS(FACT)                                                                                \
	/* facts_leases.c */                                                                       \
	FACT("lease-none", fact_lease_none, "ENOLCK", NULL,                                        \
	     "giving up a lease that isn't there")                                                 \
	FACT("lease-lost", fact_lease_lost, "0, unlock 0", NULL,                                   \
	     "asking for a lease that was lost, and giving it up")                                 \
	FACT("lease-read-only", fact_lease_read_only, "read 0 (held 1), write EPERM", NULL,        \
	     "leases on a descriptor that is open for reading alone")                              \
	FACT("lease-bytes", fact_lease_bytes, "12 bytes 0", NULL,                                  \
	     "bytes that are read of a request for a lease")                                       \
	FACT("lock-read-only", fact_lock_read_only, "0", NULL,                                     \
	     "a group lock on a descriptor that is open for reading alone")                        \
	FACT("lock-signal", fact_lock_signal, "waits on, then 0", NULL,                            \
	     "a signal while another's group lock is waited for")                                  \
	FACT("lock-mirrors", fact_lock_mirrors, "1 stale, generation + 1", NULL,                   \
	     "a group lock on a file with two mirrors, and its end, without a write")              \
	FACT("lock-read", fact_lock_read, "hangs",                                                 \
	     "I/O by a second descriptor under the group lock",                                    \
	     "reading by a second descriptor under one's own group lock")                          \
	FACT("lock-version", fact_lock_version, "hangs", "flush under the group lock",             \
	     "a data version that flushes under one's own group lock")                             \
	/* facts_files.c */                                                                        \
	FACT("layout-again", fact_layout_again, "0, 1 stripe as before", NULL,                     \
	     "setting the xattr of a layout on a file that has one")                               \
	FACT("default-ost", fact_default_ost, "xattr 0xffff, ioctl 1", NULL,                       \
	     "the first OST of a directory's default")                                             \
	FACT("ids-created", fact_ids_created, "0x10001 0x20002", NULL,                             \
	     "component ids of a file made with two mirrors")                                      \
	FACT("times", fact_times, "0 ns, 0 ns", NULL,                                              \
	     "times that were set with a fraction of a second")                                    \
	FACT("copy-unseen", fact_copy_unseen, "0, after fstat 4096", NULL,                         \
	     "copy_file_range of a file that nobody has stat'ed since caches were dropped")        \
	FACT("swap-unflushed", fact_swap_unflushed, "0", NULL,                                     \
	     "a swap that checks the data version, with a write that another has not flushed")     \
	FACT("swap-archived", fact_swap_archived, "EPERM", NULL,                                   \
	     "a swap of a file that HSM has archived")                                             \
	FACT("user-xattr", fact_user_xattr, "EOPNOTSUPP", NULL,                                    \
	     "an xattr user.* without the mount option user_xattr")                                \
	/* facts_mirrors.c */                                                                      \
	FACT("merge-plain", fact_merge_plain, "EINVAL, 1 mirror", NULL,                            \
	     "merging a victim with a plain layout")                                               \
	FACT("merge-nothing", fact_merge_nothing, "1, 1 mirror", NULL,                             \
	     "merging a victim without a layout")                                                  \
	FACT("merge-ids", fact_merge_ids, "mirror 2 is 0x20001", NULL,                             \
	     "the component id of what was merged")                                                \
	FACT("split-read-lease", fact_split_read_lease, "1, 1 mirror", NULL,                       \
	     "a split under a read lease")                                                         \
	FACT("split-over", fact_split_over, "1, the target has the mirror", NULL,                  \
	     "a split under a read lease into a file that has a layout")                           \
	FACT("split-missing", fact_split_missing, "EINVAL", NULL,                                  \
	     "a split of a mirror that isn't there")                                               \
	FACT("flags-last", fact_flags_last, "EUCLEAN, 1 stale", NULL,                              \
	     "making the last mirror stale that is in sync")                                       \
	/* facts_bound.c */                                                                        \
	FACT("bind-missing", fact_bind_missing, "0, reading fails", NULL,                          \
	     "binding to mirror 70000")                                                            \
	FACT("bind-sizes", fact_bind_sizes, "size and end of the file, data at 0 and 65536", NULL, \
	     "fstat, SEEK_END and SEEK_DATA of a descriptor that is bound")                        \
	FACT("bind-write", fact_bind_write, "4096, 0 stale",                                       \
	     "write to mirror without resync lease",                                               \
	     "writing to a mirror in sync without a lease")                                        \
	/* facts_resync.c */                                                                       \
	FACT("resync-bytes", fact_resync_bytes, "20 bytes EFAULT, 24 bytes 0", NULL,               \
	     "bytes that are read of a request to begin a resync")                                 \
	FACT("resync-mirror", fact_resync_mirror, "0", NULL,                                       \
	     "beginning a resync with an id that no mirror has")                                   \
	FACT("resync-wrong-id", fact_resync_wrong_id, "EINVAL, 1 stale", NULL,                     \
	     "ending a resync with an id that no component has")                                   \
	FACT("resync-no-id", fact_resync_no_id, "2, 1 stale", NULL,                                \
	     "ending a resync with no id")                                                         \
	FACT("resync-unwritten", fact_resync_unwritten, "2, 0 stale", NULL,                        \
	     "ending a resync of which nothing was written")                                       \
	FACT("resync-twice", fact_resync_twice, "EBUSY, the first holds 0 and ends with 0, 1 stale", NULL, \
	     "a second resync while one is on")                                                    \
	FACT("resync-opened", fact_resync_opened, "holds 0, writes 4096", NULL,                    \
	     "a bound write after another has opened the file for writing")                        \
	FACT("resync-written", fact_resync_written, "holds 0, writes ESTALE", NULL,                \
	     "a bound write after another has written")
/* clang-format on */

#define FACT_DECLARE(name, function, wanted, trap, question) void function(void);
FACTS(FACT_DECLARE)
#undef FACT_DECLARE

#endif
