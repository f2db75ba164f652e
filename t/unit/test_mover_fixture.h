/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file system of ordinary files for the movers: struct fs_ops with what a daemon knows of a file
 * that is followed. The file is "file" in a directory of its own, mirror N is "mirrorN" beside it
 * (mirror 1 is the file itself), victims have no names. A test may write to the file at each call.
 */
#ifndef LOVFS_UNIT_TEST_MOVER_FIXTURE_H
#define LOVFS_UNIT_TEST_MOVER_FIXTURE_H

#include "unit.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "fs/fs.h"
#include "layout/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRAIN ((uint64_t)65536)
#define GRAINS 2048u /* the largest file: 128 MiB */
#define FAKE_IDS 6   /* 0: victims; 2 to 5: mirrors */

struct fake_map {
	bool followed;
	bool dirty[GRAINS], taken[GRAINS];
	uint64_t tail, taken_tail; /* grain; GRAINS: none */
};

struct fake_state {
	struct fs fs;
	char dir[64], path[80];
	int file_fd; /* the writer's */
	struct layout *layout;
	struct fake_map maps[FAKE_IDS];
	uint64_t version;
	bool following, held;
	struct fs_follow begin;
	unsigned int copied; /* ranges reported */
	unsigned int commits, held_times;
	uint32_t synced[FAKE_IDS];
	unsigned int synced_count;
	int merged; /* victims */
	uint32_t split_id;
	uint32_t unreadable, unwritable; /* bits of mirrors that can't be reached */
	char calls[16384];               /* names, each with a blank after it */

	/* the n-th call fails; or calls of that name do, `times` of them */
	unsigned int count, fail_at;
	const char *failing;
	int failure;
	unsigned int times;
	bool hit;

	void (*at_call)(const char *call); /* NULL: nobody writes */
};

extern struct fake_state fake;

/* ---- the writer ---- */

void fake_write(uint64_t offset, uint64_t len, int byte);

uint64_t fake_size(void);

void fake_truncate(uint64_t size);

/* ---- calls ---- */

int fake_note(const char *call);

unsigned int calls_of(const char *call);

int fake_layout_get(struct fs *fs, int fd, struct layout **ret);

int fake_fid_get(struct fs *fs, int fd, struct fid *ret);

int fake_victim_open(struct fs *fs, int dirfd, int src_fd, const struct layout *l, int *ret_fd);

int fake_data_version(struct fs *fs, int fd, bool held, uint64_t *ret);

int fake_group_lock(struct fs *fs, int fd, uint32_t gid);

int fake_group_unlock(struct fs *fs, int fd, uint32_t gid);

int fake_open_source(struct fs *fs, int fd, int *ret_fd);

int fake_moved(struct fs *fs, int fd, struct fs_moved *ret);

/* ---- following ---- */

int fake_follow_begin(struct fs *fs, int fd, const struct fs_follow *req);

uint64_t grains_of(uint64_t bytes);

uint64_t fake_dirty_bytes(const struct fake_map *m);

int fake_follow_next(struct fs *fs, int fd, uint32_t mirror_id, uint64_t from, uint64_t max_bytes,
		     struct fs_changes *ret);

void fake_follow_end(struct fs *fs, int fd);

bool fake_map_clean(const struct fake_map *m);

/* ---- mirrors ---- */

int open_mirror(uint32_t id, int flags);

int fake_mirrors_synced(struct fs *fs, int fd, const uint32_t *ids, unsigned int count);

int fake_split(struct fs *fs, int fd, uint32_t mirror_id, int target_fd, bool force);

/* Mirrors that can't be reached: bit n is mirror n. */
int fake_mirror_check(struct fs *fs, int fd, uint32_t mirror_id, bool write);

int fake_swap(struct fs *fs, int fd, int victim_fd, const struct fs_swap *req);

/* OSTs 0 and 1 are on one device, 2 and 3 on devices of their own; 3 is inactive. */
int fake_target(struct fs *fs, uint32_t index, struct fs_target *ret);

int fake_pool(struct fs *fs, uint32_t position, struct fs_pool *ret);

extern const struct fs_ops fake_ops;

/* ---- setting up ---- */

int fake_make(void **state);

int fake_remove(void **state);

/* A new empty file with empty mirrors, all in sync. Nothing fails, nobody writes. */
int fixture_reset(void **state);

/* Whether the two have the same bytes. */
bool same_bytes(int a, int b);

bool mirror_is_like_file(uint32_t id);

#endif
