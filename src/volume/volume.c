/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/volume.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/units.h"
#include "commit/reaper.h"
#include "commit/recover.h"
#include "inode/access_time.h"
#include "inode/inode.h"
#include "inode/link_gate.h"
#include "inode/volume_state.h"
#include "mdt/dirty_file.h"
#include "mdt/mdt.h"
#include "volume/conf.h"
#include "volume/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CONF_MAX_BYTES (16 * MIB)
#define DEFAULT_STRIPE_SIZE ((uint32_t)MIB)
/* How old the free space may be that statfs(2) tells. */
#define STATFS_AGE_MS 1000

/* ---- opening ---- */

static int read_conf(struct volume *vol, int dirfd)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int err = sys_read_file(dirfd, "volume.conf", CONF_MAX_BYTES, &text, &len);

	if (err == -ENOENT)
		return fail(err, "%s is not a volume: it has no volume.conf", vol->mdt_path);
	if (err)
		return fail_sys(err, "%s/volume.conf", vol->mdt_path);
	return conf_parse(text, len, vol->conf);
}

static int open_osts(struct volume *vol)
{
	vol->osts.osts = calloc(vol->conf->ost_count, sizeof(struct ost *));
	if (!vol->osts.osts)
		return fail(-ENOMEM, "no memory for %" PRIu32 " OSTs", vol->conf->ost_count);
	for (uint32_t i = 0; i < vol->conf->ost_count; i++) {
		struct ost_label label = { .index = i };
		struct ost **ost = &vol->osts.osts[i];
		int err;

		memcpy(label.uuid, vol->conf->uuid, sizeof(label.uuid));
		err = ost_open(vol->conf->osts[i].path, &label, vol->conf->privileged, ost);
		if (err)
			return err;
		vol->osts.count++;
		ost_set_degraded(*ost, vol->conf->osts[i].no_create);
		if (!ost_active(*ost))
			log_warning("OST %" PRIu32 " is inactive: %s", i, ost_why(*ost));
	}
	return 0;
}

static uint32_t pool_size(const char *pool, void *cookie)
{
	const struct conf_pool *p = conf_find_pool(cookie, pool);

	return p ? p->member_count : 0;
}

static bool pool_has(const char *pool, uint32_t ost_idx, void *cookie)
{
	const struct conf_pool *p = conf_find_pool(cookie, pool);

	return p && conf_pool_has(p, ost_idx);
}

static void set_limits(struct volume *vol)
{
	vol->limits = (struct layout_limits){
		.ost_count = vol->osts.count,
		.pool_size = pool_size,
		.pool_has = pool_has,
		.cookie = vol->conf,
	};
}

static int make_default_layout(struct volume *vol)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (!l)
		return fail(-ENOMEM, "no memory for a layout");
	l->comps[0].stripe_size = DEFAULT_STRIPE_SIZE;
	l->comps[0].stripe_count = 1;
	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	vol->default_layout = l;
	return 0;
}

/* Numbers that differ between mounts: who remembers a data version of an earlier one finds it
 * changed. */
static int make_random(struct volume *vol)
{
	uint64_t random[3];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return fail(-EIO, "no random numbers");
	vol->first_version = random[0] >> 16 << 15 | 1;
	vol->alloc.random = random[1] | 1;
	vol->next_apart =
		random[2] >> 2; /* without the highest bit for as long as anybody counts */
	return 0;
}

static int open_mdt(struct volume *vol)
{
	CLEANUP_FD int dirfd = sys_openat(AT_FDCWD, vol->mdt_path, O_RDONLY | O_DIRECTORY, 0);
	int err;

	if (dirfd < 0)
		return fail_sys(dirfd, "%s", vol->mdt_path);
	err = read_conf(vol, dirfd);
	if (!err)
		err = lock_file_take(dirfd, vol->mdt_path, &vol->lock_fd);
	if (!err && vol->conf->privileged && geteuid() != 0)
		err = fail(-EPERM, "%s: a volume made by root can be served by root only",
			   vol->mdt_path);
	if (!err)
		err = mdt_open(vol->mdt_path, vol->conf->privileged, &vol->mdt);
	if (!err)
		vol->access_rule = access_time_rule_of(vol->mdt);
	return err;
}

/* Before anything looks at a map of what is out of date, recovery included. */
static int begin_use(struct volume *vol)
{
	unsigned int removed;
	int err = dirty_file_begin_use(vol->mdt, &removed);

	vol->in_use = !err;
	return err;
}

static int open_all(struct volume *vol)
{
	int err = open_mdt(vol);

	if (!err)
		err = open_osts(vol);
	if (!err)
		set_limits(vol);
	if (!err)
		err = make_default_layout(vol);
	if (!err)
		err = make_random(vol);
	if (!err)
		err = begin_use(vol);
	if (!err)
		err = inode_table_init(vol);
	if (!err)
		err = reaper_start(vol, &vol->reaper);
	return err ? err : recover_volume(vol);
}

static void init(struct volume *vol, uint64_t memory_bytes)
{
	link_gate_init(&vol->link_gate);
	pthread_mutex_init(&vol->table_lock, NULL);
	pthread_mutex_init(&vol->alloc_lock, NULL);
	pthread_mutex_init(&vol->moved_lock, NULL);
	io_ladder_init(&vol->ladder, memory_bytes);
	vol->lock_fd = -1;
}

/* The daemon changes its working directory: paths are kept absolute. */
static int take_arguments(struct volume *vol, const char *mdt_path)
{
	vol->conf = calloc(1, sizeof(*vol->conf));
	if (!vol->conf)
		return fail(-ENOMEM, "no memory for a volume");
	vol->mdt_path = realpath(mdt_path, NULL);
	return vol->mdt_path ? 0 : fail_sys(-errno, "%s", mdt_path);
}

int volume_open(const char *mdt_path, uint64_t memory_bytes, struct volume **ret_volume)
{
	struct volume *vol = calloc(1, sizeof(*vol));
	int err;

	if (!vol)
		return fail(-ENOMEM, "no memory for a volume");
	init(vol, memory_bytes);
	err = take_arguments(vol, mdt_path);
	if (!err)
		err = open_all(vol);
	if (err) {
		volume_close(vol);
		return err;
	}
	*ret_volume = vol;
	return 0;
}

/* ---- closing ---- */

/* All data on the OST's file system. */
static int sync_data(struct ost *ost)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, ost_path(ost), O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : sys_syncfs(fd);
}

/* For whoever waits meanwhile. */
static void say_syncing(const struct volume *vol, uint32_t ost_idx)
{
	char doing[PATH_MAX];

	snprintf(doing, sizeof(doing), "writing out OST %" PRIu32 " (%s)", ost_idx,
		 ost_path(vol->osts.osts[ost_idx]));
	lock_file_ending(vol->lock_fd, doing);
}

/*
 * Where a map says of a stale mirror that a range of it is right, that range is durable on the mirror, but
 * it may not be on the mirror it was copied from: nobody asked for that. Before the maps may be
 * trusted after a power loss, it must be. Where there is no map, programs' fsync(2) is enough.
 */
static bool sync_osts(struct volume *vol)
{
	bool maps = dirty_file_any(vol->mdt), synced = true;

	for (uint32_t i = 0; i < vol->osts.count; i++) {
		struct ost *ost = vol->osts.osts[i];

		say_syncing(vol, i);
		if (ost_active(ost) && (ost_sync(ost) || (maps && sync_data(ost)))) {
			log_warning("OST %" PRIu32 ": not synced", i);
			synced = false;
		}
		synced &= !maps || ost_active(ost);
	}
	return synced;
}

/* A volume that can't be synced as a whole stays marked as in use: maps are trusted as long as the machine
 * stays up, not after it went down. */
static void end_use(struct volume *vol)
{
	bool synced = sync_osts(vol);
	int err;

	lock_file_ending(vol->lock_fd, "writing out the MDT");
	err = synced ? dirty_file_end_use(vol->mdt) : mdt_sync(vol->mdt);

	if (err)
		log_warning("%s: not synced", vol->mdt_path);
	else if (!synced)
		log_info("stale mirrors are copied as a whole if the machine goes down now");
}

static void close_osts(struct volume *vol)
{
	for (uint32_t i = 0; i < vol->osts.count; i++)
		ost_free(vol->osts.osts[i]);
	free(vol->osts.osts);
}

void volume_mounted(struct volume *vol, const char *mount_path)
{
	lock_file_mounted(vol->lock_fd, mount_path);
}

void volume_close(struct volume *vol)
{
	if (!vol)
		return;
	/* Syncing may take long: who wants to open the volume next had better wait. */
	if (vol->lock_fd >= 0)
		lock_file_ending(vol->lock_fd, "giving back the space of removed files");
	reaper_stop(vol->reaper);
	inode_table_release(vol);
	if (vol->in_use)
		end_use(vol);
	close_osts(vol);
	mdt_free(vol->mdt);
	fd_cleanup(&vol->lock_fd);
	layout_unref(vol->default_layout);
	if (vol->conf)
		conf_release(vol->conf);
	free(vol->conf);
	io_ladder_release(&vol->ladder);
	pthread_mutex_destroy(&vol->moved_lock);
	pthread_mutex_destroy(&vol->alloc_lock);
	pthread_mutex_destroy(&vol->table_lock);
	link_gate_release(&vol->link_gate);
	free(vol->mdt_path);
	free(vol);
}

void volume_drain(struct volume *vol)
{
	reaper_drain(vol->reaper);
}

/* ---- asking ---- */

const struct conf *volume_conf(const struct volume *vol)
{
	return vol->conf;
}

const char *volume_mdt_path(const struct volume *vol)
{
	return vol->mdt_path;
}

struct ost *volume_ost(struct volume *vol, uint32_t index)
{
	return ost_set_get(&vol->osts, index);
}

const struct layout_limits *volume_limits(struct volume *vol)
{
	return &vol->limits;
}

int volume_choice(struct volume *vol, unsigned int position, struct io_choice *ret_choice)
{
	return io_choice_at(&vol->ladder, position, ret_choice);
}

void volume_get_moved(struct volume *vol, struct volume_moved *ret_moved)
{
	pthread_mutex_lock(&vol->moved_lock);
	*ret_moved = vol->moved;
	pthread_mutex_unlock(&vol->moved_lock);
}

int volume_mdt_statvfs(struct volume *vol, struct statvfs *ret_st, dev_t *ret_dev)
{
	struct stat st;
	int err = sys_fstat(mdt_dirfd(vol->mdt), &st);

	if (!err)
		err = sys_fstatvfs(mdt_dirfd(vol->mdt), ret_st);
	if (!err)
		*ret_dev = st.st_dev;
	return err;
}

/* Whether an OST before index i is on the same device: then its space has been counted. */
static bool device_counted(const struct volume *vol, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++) {
		if (ost_active(vol->osts.osts[k]) &&
		    ost_device(vol->osts.osts[k]) == ost_device(vol->osts.osts[i]))
			return true;
	}
	return false;
}

int volume_statvfs(struct volume *vol, struct statvfs *ret_st)
{
	struct ost_space sum = { 0 }, space;
	struct statvfs st;
	int err = sys_fstatvfs(mdt_dirfd(vol->mdt), &st);

	if (err)
		return err;
	reaper_drain(vol->reaper);
	for (uint32_t i = 0; i < vol->osts.count; i++) {
		if (!ost_active(vol->osts.osts[i]) || device_counted(vol, i) ||
		    ost_get_space(vol->osts.osts[i], STATFS_AGE_MS, &space))
			continue;
		sum.total_bytes += space.total_bytes;
		sum.free_bytes += space.free_bytes;
		sum.avail_bytes += space.avail_bytes;
	}
	/* Files are the MDT's, bytes the OSTs'. */
	st.f_bsize = DEFAULT_STRIPE_SIZE;
	st.f_frsize = 4096;
	st.f_blocks = sum.total_bytes / st.f_frsize;
	st.f_bfree = sum.free_bytes / st.f_frsize;
	st.f_bavail = sum.avail_bytes / st.f_frsize;
	st.f_namemax = 255;
	*ret_st = st;
	return 0;
}
