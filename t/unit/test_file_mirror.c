/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files with mirrors: which is read and written, what must be stale and what is marked before a
 * change, one mirror as a file, copies between mirrors.
 */
#include "test_mirror_fixture.h"

#include "base/sys.h"
#include "ost/ost.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define SIZE (2 * MIB + 12345)

static struct bed bed;
static uint8_t expected[4 * MIB];

/* A file with three mirrors in sync that has SIZE bytes of expected[]. */
static struct file *synced_file(struct bed *b)
{
	struct file *f = bed_file(b, mirrored_layout());

	fill_pattern(expected, SIZE, 0, 1);
	mirrored_write(b, f, FILE_WHOLE, 0, expected, SIZE);
	mirrored_resync_all(b, f);
	return f;
}

/* ---- which mirror ---- */

#define TURN (64 * MIB)
#define TURNS 12

/* A file whose mirrors, although none is stale, tell their ids where turns begin and end. */
static struct file *telltale_file(uint32_t mirrors)
{
	struct file *f = bed_file(&bed, simple_mirrors(mirrors));

	for (uint32_t id = 1; id <= mirrors; id++) {
		uint8_t byte = (uint8_t)id;

		mirrored_instantiate(&bed, f, id, 0, LAYOUT_EOF);
		set_mirror_flags(f, id, COMP_STALE, 0);
		for (uint64_t at = 0; at < TURNS * TURN; at += TURN) {
			assert_int_equal(file_write(f, id, &byte, 1, at), 1);
			assert_int_equal(file_write(f, id, &byte, 1, at + TURN - 1), 1);
		}
		set_mirror_flags(f, id, 0, COMP_STALE);
	}
	return f;
}

static uint32_t primary_of(struct file *f)
{
	uint32_t id;

	assert_int_equal(file_primary(f, &id), 0);
	return id;
}

static uint32_t mirror_read(struct file *f, uint64_t offset)
{
	uint8_t byte = 0;

	assert_int_equal(file_read(f, FILE_WHOLE, &byte, 1, offset), 1);
	return byte;
}

/* Which mirrors are read in all turns, bit 1 << id; each as often as the others. */
static unsigned int mirrors_read(struct file *f)
{
	unsigned int seen = 0, times[MIRRORS + 1] = { 0 }, most = 0;

	for (uint64_t at = 0; at < TURNS * TURN; at += TURN) {
		uint32_t id = mirror_read(f, at);

		assert_in_range(id, 1, MIRRORS);
		/* All of a turn goes to one. */
		assert_int_equal(mirror_read(f, at + TURN - 1), id);
		seen |= 1u << id;
		times[id]++;
		most = MAX_OF(most, times[id]);
	}
	assert_int_equal(most * (unsigned int)__builtin_popcount(seen), TURNS);
	return seen;
}

static void test_choice(void **state)
{
	struct file *f = telltale_file(MIRRORS);
	uint32_t id;

	(void)state;
	assert_int_equal(mirrors_read(f), 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(primary_of(f), 1);
	set_mirror_flags(f, 2, COMP_PREFER_READ, 0);
	set_mirror_flags(f, 3, COMP_PREFER_WRITE, 0);
	assert_int_equal(mirrors_read(f), 1 << 2);
	assert_int_equal(primary_of(f), 3);
	set_mirror_flags(f, 1, COMP_PREFER_READ, 0);
	assert_int_equal(mirrors_read(f), 1 << 1 | 1 << 2);
	/* What is stale or offline isn't read, however much it is preferred. */
	set_mirror_flags(f, 1, COMP_STALE, 0);
	set_mirror_flags(f, 3, COMP_OFFLINE, 0);
	assert_int_equal(mirrors_read(f), 1 << 2);
	assert_int_equal(primary_of(f), 2);
	set_mirror_flags(f, 2, COMP_STALE, 0);
	assert_int_equal(file_primary(f, &id), -EIO);
	assert_int_equal(file_read(f, FILE_WHOLE, &id, 1, 0), -EIO);
	assert_int_equal(file_write(f, FILE_WHOLE, &id, 1, 0), -EIO);
	assert_string_equal(error_text(-EIO), "none of the file's 3 mirrors can be used");
	assert_int_equal(file_sync(f, FILE_WHOLE, false), -EIO);
	assert_int_equal(file_failovers(f), 0);
	file_free(f);
}

/* A mirror with an OST that is inactive comes last, but comes. */
static void test_choice_inactive(void **state)
{
	struct file *f = telltale_file(2);
	struct layout *l = file_layout(f);
	uint32_t lost = l->comps[0].objects[0].ost_idx;
	struct ost *good = bed.list[lost];
	char c;

	(void)state;
	assert_int_not_equal(l->comps[1].objects[0].ost_idx, lost);
	layout_unref(l);
	set_mirror_flags(f, 1, COMP_PREFER_READ | COMP_PREFER_WRITE, 0);
	assert_int_equal(mirrors_read(f), 1 << 1);
	assert_int_equal(primary_of(f), 1);
	bed_open_ost(&bed, lost, "/nonexistent");
	assert_int_equal(mirrors_read(f), 1 << 2);
	assert_int_equal(primary_of(f), 2);
	assert_int_equal(file_failovers(f), 0);
	set_mirror_flags(f, 2, COMP_STALE, 0);
	assert_int_equal(primary_of(f), 1);
	file_close_objects(f);
	assert_int_equal(file_read(f, FILE_WHOLE, &c, 1, 0), -EIO);
	ost_free(bed.list[lost]);
	bed.list[lost] = good;
	file_free(f);
}

/* Leaves one of several mirrors. */
static void drop_others(struct layout *l, void *cookie)
{
	const uint32_t *kept = cookie;
	struct component *c = &l->comps[*kept - 1];
	struct component first = l->comps[0];

	l->comps[0] = *c;
	*c = first;
	for (uint32_t i = 1; i < l->count; i++)
		free(l->comps[i].objects);
	l->count = 1;
	l->mirror_count = 1;
	l->flags = LAYOUT_STATE_NONE;
}

static void test_one_left(void **state)
{
	struct file *f = telltale_file(MIRRORS);
	uint32_t kept = 2, id;
	uint8_t byte = 0;

	(void)state;
	commit_change(f, drop_others, &kept);
	assert_int_equal(file_primary(f, &id), 0);
	assert_int_equal(id, FILE_WHOLE);
	assert_int_equal(mirrors_read(f), 1 << 2);
	assert_int_equal(file_read(f, 2, &byte, 1, 0), 1);
	assert_int_equal(byte, 2);
	assert_int_equal(file_read(f, 1, &byte, 1, 0), -ENOENT);
	assert_int_equal(file_write(f, 2, &byte, 1, 0), -EROFS);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 0), 1);
	assert_int_equal(mirror_read(f, 0), 'x');
	file_free(f);
}

/* ---- before a change ---- */

static ssize_t change_write(struct file *f)
{
	return file_write(f, FILE_WHOLE, "new", 3, 5);
}

static ssize_t change_cut(struct file *f)
{
	return file_truncate(f, FILE_WHOLE, MIB);
}

static ssize_t change_grow(struct file *f)
{
	return file_truncate(f, FILE_WHOLE, SIZE + 1);
}

static ssize_t change_punch(struct file *f)
{
	return file_fallocate(f, FILE_WHOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, MIB);
}

static ssize_t change_zero(struct file *f)
{
	return file_fallocate(f, FILE_WHOLE, FALLOC_FL_ZERO_RANGE, 0, MIB);
}

static ssize_t change_allocate(struct file *f)
{
	return file_fallocate(f, FILE_WHOLE, 0, 0, MIB);
}

static ssize_t change_copy(struct file *f)
{
	struct file_copy c = {
		.src = f, .dst = f, .len_bytes = MIB, .dst_offset = MIB, .ladder = &bed.ladder
	};
	struct io_moved moved = { 0 };

	return file_copy_range(&c, &moved);
}

static ssize_t (*const changes[])(struct file *) = {
	change_write, change_cut,      change_grow, change_punch,
	change_zero,  change_allocate, change_copy,
};

static void assert_all_mirrors(struct file *f)
{
	for (uint32_t id = 1; id <= MIRRORS; id++)
		assert_mirror_content(f, id, expected, SIZE);
}

static void follow(struct file *f, uint32_t key, struct dirty_map *map)
{
	file_commit_begin(f);
	assert_int_equal(file_commit_follow(f, key, map), 0);
	file_commit_end(f);
}

static struct dirty_map *clean_map(void)
{
	struct dirty_map *map;

	assert_int_equal(dirty_map_new(false, &map), 0);
	return map;
}

/*
 * While a mirror isn't stale where a change reaches, nothing is done: neither to data nor to maps.
 */
static void test_not_stale(void **state)
{
	struct file *f = synced_file(&bed);

	(void)state;
	follow(f, FILE_WHOLE, clean_map());
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		assert_int_equal(changes[i](f), FILE_NOT_STALE);
		assert_true(dirty_map_is_clean(file_follower(f, FILE_WHOLE)));
		assert_all_mirrors(f);
	}
	/* One of two is not enough. */
	set_mirror_flags(f, 3, COMP_STALE, 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		assert_int_equal(changes[i](f), FILE_NOT_STALE);
	set_mirror_flags(f, 2, COMP_STALE, 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		assert_true(changes[i](f) >= 0);
	assert_false(dirty_map_is_clean(file_follower(f, FILE_WHOLE)));
	file_free(f);
}

/* Staleness goes by components: mirror 1 ends one at 256 KiB, mirror 2 at 512 KiB. */
static void test_stale_components(void **state)
{
	struct file *f = synced_file(&bed);
	struct layout *l;

	(void)state;
	set_mirror_flags(f, 3, COMP_STALE, 0);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 0), FILE_NOT_STALE);
	mirrored_make_stale(f, 0, 1);
	l = file_layout(f);
	assert_true(l->comps[3].flags & COMP_STALE);
	assert_false(l->comps[4].flags & COMP_STALE);
	layout_unref(l);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 0), 1);
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 255 * KIB), 1);
	/* In mirror 1's next component, which reaches into mirror 2's next one. */
	assert_int_equal(file_write(f, FILE_WHOLE, "x", 1, 256 * KIB), FILE_NOT_STALE);
	/* And the file's size is every later component's matter. */
	assert_int_equal(file_truncate(f, FILE_WHOLE, 1), FILE_NOT_STALE);
	file_free(f);
}

/* Of a copy that reaches further than what is stale nothing is done, also not its first windows. */
static void test_stale_for_all_windows(void **state)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 4);
	struct file *src = bed_file(&bed, plain_layout(2)), *f;
	struct file_copy c = { .src = src, .len_bytes = 9 * MIB, .ladder = &bed.ladder };
	struct io_moved moved = { 0 };

	(void)state;
	assert_non_null(l);
	l->mirror_count = 2;
	for (uint32_t i = 0; i < 4; i++)
		set_component(&l->comps[i], component_id(i / 2 + 1, i + 1), i % 2 ? 8 * MIB : 0,
			      i % 2 ? LAYOUT_EOF : 8 * MIB, 1);
	c.dst = f = bed_file(&bed, l);
	write_pattern(&bed, src, 0, 9 * MIB, 1);
	assert_true(bed_instantiate(&bed, f, 0, LAYOUT_EOF));
	mirrored_make_stale(f, 0, 1);
	assert_int_equal(file_copy_range(&c, &moved), FILE_NOT_STALE);
	assert_int_equal(size_of(f), 0);
	c.len_bytes = 8 * MIB;
	assert_int_equal(file_copy_range(&c, &moved), 8 * MIB);
	file_free(f);
	file_free(src);
}

static uint64_t dirty_bytes(struct file *f, uint32_t key)
{
	assert_non_null(file_follower(f, key));
	return dirty_map_dirty_bytes(file_follower(f, key), 16 * MIB);
}

static void assert_dirty(struct file *f, uint64_t bytes)
{
	assert_int_equal(dirty_bytes(f, 2), bytes);
	assert_int_equal(dirty_bytes(f, 3), bytes);
}

static void test_marks(void **state)
{
	struct file *f = synced_file(&bed), *src = bed_file(&bed, plain_layout(2));
	struct file_copy c = { .src = src, .dst = f, .len_bytes = 16 * MIB, .ladder = &bed.ladder };
	struct io_moved moved = { 0 };

	(void)state;
	mirrored_make_stale(f, 0, LAYOUT_EOF);
	assert_null(file_follower(f, 1));
	follow(f, 1, clean_map()); /* of the mirror that is written: nothing is marked in it */
	assert_dirty(f, 0);
	assert_int_equal(file_write(f, FILE_WHOLE, expected, 2, 2 * DIRTY_GRAIN_BYTES - 1), 2);
	assert_dirty(f, 2 * DIRTY_GRAIN_BYTES);
	assert_int_equal(
		file_fallocate(f, FILE_WHOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB, 10),
		0);
	assert_dirty(f, 3 * DIRTY_GRAIN_BYTES);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, 0, MIB + DIRTY_GRAIN_BYTES, 10), 0);
	assert_dirty(f, 4 * DIRTY_GRAIN_BYTES);
	/* To grow changes nothing that a copy has, but it isn't like the file any more. */
	assert_int_equal(file_truncate(f, FILE_WHOLE, 3 * MIB), 0);
	assert_dirty(f, 5 * DIRTY_GRAIN_BYTES);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 3 * MIB), 0);
	assert_dirty(f, 5 * DIRTY_GRAIN_BYTES);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 3 * MIB - 1), 0);
	assert_dirty(f, 16 * MIB - 3 * MIB + 5 * DIRTY_GRAIN_BYTES);
	/* Of a copy what it reaches, which is the source's size. */
	follow(f, 2, clean_map());
	follow(f, 3, clean_map());
	write_pattern(&bed, src, 0, 6 * MIB, 5);
	assert_int_equal(file_copy_range(&c, &moved), 6 * MIB);
	assert_dirty(f, 6 * MIB);
	assert_true(dirty_map_is_clean(file_follower(f, 1)));
	follow(f, 2, NULL);
	assert_null(file_follower(f, 2));
	assert_int_equal(file_write(f, FILE_WHOLE, expected, 1, 8 * MIB), 1);
	assert_int_equal(dirty_bytes(f, 3), 6 * MIB + DIRTY_GRAIN_BYTES);
	file_free(f);
	file_free(src);
}

#define DATA_BYTES 12345

/* Fails what is written to the map's file, not the data. */
static int fail_marks(const char *call, size_t len_bytes, void *cookie)
{
	(void)cookie;
	return !strcmp(call, "pwrite") && len_bytes != DATA_BYTES ? -EIO : 0;
}

/* A file without mirrors is followed as well, by a copy that isn't part of it. What can't be marked
 * isn't changed. */
static void test_marks_fail(void **state)
{
	struct file *f = bed_file(&bed, plain_layout(2));
	struct dirty_map_id id = { file_fid(f), FILE_WHOLE, 1 };
	int fd = open(bed.path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct dirty_map *map;
	uint8_t byte;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(dirty_map_create(fd, &id, false, &map), 0);
	write_pattern(&bed, f, 0, DATA_BYTES, 1);
	fill_pattern(expected, 1, 0, 1);
	follow(f, FILE_WHOLE, map);
	sys_set_hook(fail_marks, NULL);
	memset(expected + 1, 'x', DATA_BYTES);
	assert_int_equal(file_write(f, FILE_WHOLE, expected + 1, DATA_BYTES, 0), -EIO);
	assert_int_equal(file_truncate(f, FILE_WHOLE, 0), -EIO);
	assert_int_equal(file_fallocate(f, FILE_WHOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					0, DATA_BYTES),
			 -EIO);
	sys_set_hook(NULL, NULL);
	assert_int_equal(size_of(f), DATA_BYTES);
	assert_int_equal(file_read(f, FILE_WHOLE, &byte, 1, 0), 1);
	assert_int_equal(byte, expected[0]);
	assert_int_equal(file_write(f, FILE_WHOLE, expected + 1, DATA_BYTES, 0), DATA_BYTES);
	assert_true(dirty_map_dirty_bytes(map, DATA_BYTES) > 0);
	file_free(f);
}

/* What has no objects matters where it is written. */
static void test_instantiation(void **state)
{
	struct file *f = bed_file(&bed, mirrored_layout());
	struct layout *l;

	(void)state;
	set_mirror_flags(f, 2, COMP_STALE, 0);
	set_mirror_flags(f, 3, COMP_STALE, 0);
	assert_int_equal(file_write(f, FILE_WHOLE, "abc", 3, 0), FILE_NOT_INSTANTIATED);
	mirrored_instantiate(&bed, f, FILE_WHOLE, 0, 3);
	assert_int_equal(file_write(f, FILE_WHOLE, "abc", 3, 0), 3);
	l = file_layout(f);
	assert_true(component_instantiated(l, &l->comps[0]));
	assert_false(component_instantiated(l, &l->comps[3]));
	assert_false(component_instantiated(l, &l->comps[5]));
	layout_unref(l);
	assert_int_equal(file_write(f, 3, "abc", 3, 0), FILE_NOT_INSTANTIATED);
	mirrored_instantiate(&bed, f, 3, 0, 3);
	assert_int_equal(file_write(f, 3, "abc", 3, 0), 3);
	assert_int_equal(file_write(f, 2, "abc", 3, 0), FILE_NOT_INSTANTIATED);
	file_free(f);
}

/* ---- one mirror as a file ---- */

static void test_one_mirror(void **state)
{
	struct file *f = synced_file(&bed);
	struct file_attr attr, alone;
	uint64_t version, at;
	char buf[4];

	(void)state;
	assert_int_equal(file_write(f, 2, "x", 1, 0), -EROFS);
	assert_int_equal(file_truncate(f, 2, 0), -EROFS);
	assert_int_equal(file_write(f, 4, "x", 1, 0), -ENOENT);
	assert_int_equal(file_read(f, 4, buf, 1, 0), -ENOENT);
	assert_int_equal(file_stat(f, 4, &attr), -ENOENT);
	assert_int_equal(file_sync(f, 4, true), -ENOENT);
	assert_string_equal(error_text(-ENOENT), "the file has no mirror 4");

	mirrored_make_stale(f, 0, LAYOUT_EOF);
	version = file_data_version(f);
	assert_int_equal(file_write(f, 2, "two", 3, 0), 3);
	assert_int_equal(file_truncate(f, 2, MIB), 0);
	assert_int_equal(
		file_fallocate(f, 2, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB / 2, MIB / 2),
		0);
	assert_int_equal(file_sync(f, 2, false), 0);
	assert_int_equal(file_data_version(f), version);
	assert_true(dirty_map_is_clean(file_follower(f, 2)));
	assert_true(dirty_map_is_clean(file_follower(f, 3)));

	/* It has changed, the file and the others have not. */
	assert_int_equal(file_read(f, 2, buf, 3, 0), 3);
	assert_memory_equal(buf, "two", 3);
	assert_int_equal(file_seek(f, 2, MIB / 2, SEEK_DATA, &at), -ENXIO);
	assert_int_equal(file_stat(f, 2, &alone), 0);
	assert_int_equal(alone.size_bytes, MIB);
	assert_content(f, expected, SIZE);
	assert_mirror_content(f, 1, expected, SIZE);
	assert_mirror_content(f, 3, expected, SIZE);
	assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
	assert_true(attr.blocks >= alone.blocks + 2 * SIZE / 512);
	file_free(f);
}

/* ---- copies between mirrors ---- */

static void test_copy_between(void **state)
{
	struct file *f = synced_file(&bed);
	struct file_copy c = { .src = f,
			       .dst = f,
			       .dst_mirror_id = 2,
			       .len_bytes = UINT32_MAX,
			       .ladder = &bed.ladder };
	struct io_moved moved = { 0 };
	uint64_t version;

	(void)state;
	assert_int_equal(file_copy_range(&c, &moved), -EROFS);
	mirrored_make_stale(f, 0, LAYOUT_EOF);
	memset(expected, 'x', MIB);
	assert_int_equal(file_write(f, FILE_WHOLE, expected, MIB, 0), MIB);
	version = file_data_version(f);
	assert_int_equal(file_copy_range(&c, &moved), SIZE);
	assert_mirror_content(f, 2, expected, SIZE);
	/* From one stale mirror to the other: its own size counts. */
	assert_int_equal(file_truncate(f, 2, SIZE - 1), 0);
	c.src_mirror_id = 2;
	c.dst_mirror_id = 3;
	assert_int_equal(file_copy_range(&c, &moved), SIZE - 1);
	assert_int_equal(file_truncate(f, 3, SIZE - 1), 0);
	assert_mirror_content(f, 3, expected, SIZE - 1);
	assert_int_equal(moved.bytes[IO_RW], 2 * SIZE - 1);
	/* Within one mirror, ranges must not overlap. */
	c.dst_mirror_id = 2;
	c.dst_offset = 1;
	assert_int_equal(file_copy_range(&c, &moved), -EINVAL);
	c.dst_offset = SIZE - 1;
	assert_int_equal(file_copy_range(&c, &moved), SIZE - 1);
	assert_int_equal(file_data_version(f), version);
	assert_content(f, expected, SIZE);
	file_free(f);
}

/* Bytes of the object that lie in extents shared with another file. */
static uint64_t shared_bytes(const struct bed *b, const struct layout_object *o)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 256 * sizeof(struct fiemap_extent)];
	} u = { .map = { .fm_length = FIEMAP_MAX_OFFSET,
			 .fm_flags = FIEMAP_FLAG_SYNC,
			 .fm_extent_count = 256 } };
	char path[OBJECT_PATH_MAX];
	uint64_t sum = 0;
	int fd;

	object_path(b, o, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, FS_IOC_FIEMAP, &u.map), 0);
	close(fd);
	for (unsigned int i = 0; i < u.map.fm_mapped_extents; i++) {
		if (u.map.fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED)
			sum += u.map.fm_extents[i].fe_length;
	}
	return sum;
}

static uint64_t shared_bytes_of(const struct bed *b, struct file *f)
{
	struct layout *l = file_layout(f);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		for (uint32_t k = 0; k < l->comps[i].object_count; k++)
			sum += shared_bytes(b, &l->comps[i].objects[k]);
	}
	layout_unref(l);
	return sum;
}

/* Where files share extents, mirrors of one don't. */
static void check_physical(struct bed *b)
{
	struct file *f = synced_file(b), *other = bed_file(b, mirrored_layout());
	struct file_copy c = { .src = f, .dst = f, .ladder = &b->ladder, .len_bytes = MIB };
	struct io_moved moved = { 0 };

	assert_int_equal(shared_bytes_of(b, f), 0);
	mirrored_make_stale(f, 0, LAYOUT_EOF);
	c.dst_mirror_id = 2;
	assert_int_equal(file_copy_range(&c, &moved), MIB);
	assert_int_equal(file_sync(f, FILE_WHOLE, false), 0);
	assert_int_equal(shared_bytes_of(b, f), 0);
	/* Another file does share: so it could have been seen. */
	c.dst = other;
	c.dst_mirror_id = FILE_WHOLE;
	assert_int_equal(CHANGING(b, other, FILE_WHOLE, 0, MIB, file_copy_range(&c, &moved)), MIB);
	assert_int_equal(file_sync(other, FILE_WHOLE, false), 0);
	assert_true(moved.bytes[IO_SHARE] > 0);
	assert_true(shared_bytes_of(b, other) > 0);
	file_free(f);
	file_free(other);
}

static void test_physical(void **state)
{
	static const char *const types[] = { "xfs", "btrfs" };

	(void)state;
	if (!testfs_entered) {
		printf("no file systems of our own that share extents\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct testfs fs;
		struct bed sharing;
		char path[64];

		if (!testfs_make(&fs, types[i], types[i], 512))
			continue;
		close(fs.dirfd);
		snprintf(path, sizeof(path), TESTFS_BASE "/%s", types[i]);
		bed_init(&sharing, path, 1);
		check_physical(&sharing);
		bed_release(&sharing);
	}
}

/* ---- all ---- */

static char plain_path[64];

static int setup(void **state)
{
	struct testfs fs;

	(void)state;
	if (testfs_enter()) {
		snprintf(plain_path, sizeof(plain_path), TESTFS_BASE "/bed");
		if (mkdir(plain_path, 0755))
			return -1;
	} else {
		if (!testfs_make_plain_xattrs(&fs, plain_path))
			return -1;
		close(fs.dirfd);
	}
	bed_init(&bed, plain_path, BED_OSTS_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bed_release(&bed);
	testfs_remove_plain(plain_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_choice_inactive),
		cmocka_unit_test(test_one_left),
		cmocka_unit_test(test_not_stale),
		cmocka_unit_test(test_stale_components),
		cmocka_unit_test(test_stale_for_all_windows),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_marks_fail),
		cmocka_unit_test(test_instantiation),
		cmocka_unit_test(test_one_mirror),
		cmocka_unit_test(test_copy_between),
		cmocka_unit_test(test_physical),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
