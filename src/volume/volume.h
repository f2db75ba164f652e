/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A volume in service: MDT, OSTs, pools, and the inodes in use. One process at a time serves a
 * volume: `lock` in the MDT directory is held with flock(2).
 */
#ifndef LOVFS_VOLUME_VOLUME_H
#define LOVFS_VOLUME_VOLUME_H

#include "base/attr.h"
#include "io/io.h"
#include "layout/layout.h"
#include "layout/rules.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/statvfs.h>

struct conf;
struct ost;
struct volume; /* opaque */
struct volume_moved;

/*
 * Opens the volume in directory mdt_path: takes its lock, reads volume.conf, opens the OSTs
 * (inactive ones are logged, not an error) and recovers what a crash left. -EBUSY: already served
 * (text says by which process). -EINPROGRESS: the process that served it is closing it just now,
 * and it is worth trying again. -ENOENT: not a volume.
 *
 * memory_bytes: for the buffers of all copies together (io_ladder_init()); 0: the usual.
 */
int MUST_CHECK volume_open(const char *mdt_path, uint64_t memory_bytes, struct volume **ret_volume);

/* The volume can be used at mount_path (absolute): for who wants to open it meanwhile. */
void volume_mounted(struct volume *vol, const char *mount_path);

/* Destroys what is still to be destroyed, syncs and gives the lock back. All handles and inodes
 * must have been released. NULL is fine. */
void volume_close(struct volume *vol);

/* How bytes are copied between devices, by pairs: io_choice_at(). */
int MUST_CHECK volume_choice(struct volume *vol, unsigned int position,
			     struct io_choice *ret_choice);

const struct conf *volume_conf(const struct volume *vol);

/* Sum of active OSTs, each device once; bfree and friends in units of f_frsize; files from the MDT.
 */
int MUST_CHECK volume_statvfs(struct volume *vol, struct statvfs *ret_st);

/* One OST by index; NULL when there is none. */
struct ost *volume_ost(struct volume *vol, uint32_t index);

/* Space and inodes of the MDT's file system, and its device. */
int MUST_CHECK volume_mdt_statvfs(struct volume *vol, struct statvfs *ret_st, dev_t *ret_dev);
const char *volume_mdt_path(const struct volume *vol);

/* What layouts are checked against. Borrowed; constant. */
const struct layout_limits *volume_limits(struct volume *vol);

/* Of all inodes, since the volume was opened. */
void volume_get_moved(struct volume *vol, struct volume_moved *ret_moved);

/* Waits until objects of removed files are destroyed. */
void volume_drain(struct volume *vol);

#endif
