/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All cases: names for the command line, and functions. */
#ifndef CASES_H
#define CASES_H

struct contract;

/* clang-format off */
#define CONTRACT_CASES(CASE)                                                                       \
	/* opening.c */                                                                            \
	CASE("open", case_open)                                                                    \
	CASE("open-foreign", case_open_foreign)                                                    \
	CASE("limits", case_limits)                                                                \
	CASE("ways", case_ways)                                                                    \
	/* layouts.c */                                                                            \
	CASE("layout-plain", case_layout_plain)                                                    \
	CASE("layout-composite", case_layout_composite)                                            \
	CASE("layout-exists", case_layout_exists)                                                  \
	CASE("layout-default", case_layout_default)                                                \
	CASE("layout-first-ost", case_layout_first_ost)                                            \
	CASE("layout-osts", case_layout_osts)                                                      \
	/* victims.c */                                                                            \
	CASE("fid", case_fid)                                                                      \
	CASE("victim", case_victim)                                                                \
	CASE("victim-later", case_victim_later)                                                    \
	CASE("copying", case_copying)                                                              \
	/* versions.c */                                                                           \
	CASE("version", case_version)                                                              \
	CASE("version-dirty", case_version_dirty)                                                  \
	CASE("version-source", case_version_source)                                                \
	CASE("drop-cache", case_drop_cache)                                                        \
	/* leases.c */                                                                             \
	CASE("lease-refused", case_lease_refused)                                                  \
	CASE("lease-kept", case_lease_kept)                                                        \
	CASE("lease-lost", case_lease_lost)                                                        \
	CASE("lease-truncated", case_lease_truncated)                                              \
	CASE("lease-none", case_lease_none)                                                        \
	/* locks.c */                                                                              \
	CASE("lock", case_lock)                                                                    \
	CASE("lock-source", case_lock_source)                                                      \
	CASE("lock-second", case_lock_second)                                                      \
	CASE("lock-signal", case_lock_signal)                                                      \
	CASE("lock-closed", case_lock_closed)                                                      \
	/* swap.c */                                                                               \
	CASE("swap", case_swap)                                                                    \
	CASE("swap-written", case_swap_written)                                                    \
	CASE("swap-lease", case_swap_lease)                                                        \
	CASE("swap-lease-lost", case_swap_lease_lost)                                              \
	/* mirrors.c */                                                                            \
	CASE("mirror-open", case_mirror_open)                                                      \
	CASE("merge", case_merge)                                                                  \
	CASE("merge-many", case_merge_many)                                                        \
	CASE("merge-named", case_merge_named)                                                      \
	CASE("merge-written", case_merge_written)                                                  \
	CASE("merge-lease-lost", case_merge_lease_lost)                                            \
	/* split.c */                                                                              \
	CASE("split-delete", case_split_delete)                                                    \
	CASE("split-file", case_split_file)                                                        \
	CASE("split-last", case_split_last)                                                        \
	CASE("split-reader", case_split_reader)                                                    \
	/* flags.c */                                                                              \
	CASE("flags-prefer", case_flags_prefer)                                                    \
	CASE("flags-component", case_flags_component)                                              \
	CASE("flags-stale", case_flags_stale)                                                      \
	CASE("flags-last", case_flags_last)                                                        \
	CASE("flags-wrong", case_flags_wrong)                                                      \
	/* resync.c */                                                                             \
	CASE("resync-refused", case_resync_refused)                                                \
	CASE("resync", case_resync)                                                                \
	CASE("resync-lost", case_resync_lost)                                                      \
	CASE("resync-put", case_resync_put)                                                        \
	/* follow.c */                                                                             \
	CASE("follow", case_follow)                                                                \
	CASE("follow-written", case_follow_written)                                                \
	CASE("follow-ended", case_follow_ended)                                                    \
	CASE("follow-victims", case_follow_victims)                                                \
	CASE("follow-from", case_follow_from)                                                  \
	/* targets.c */                                                                            \
	CASE("targets", case_targets)                                                              \
	CASE("pools", case_pools)                                                                  \
	CASE("moved", case_moved)
/* clang-format on */

#define CONTRACT_DECLARE(name, function) void function(struct contract *c);
CONTRACT_CASES(CONTRACT_DECLARE)
#undef CONTRACT_DECLARE

#endif
