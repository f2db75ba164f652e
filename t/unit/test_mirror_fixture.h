/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files with mirrors, on top of test_file_fixture.h. What volume/ and a mover do about stale
 * mirrors is done here: mirrored_make_stale() and mirrored_resync().
 */
#ifndef LOVFS_UNIT_TEST_MIRROR_FIXTURE_H
#define LOVFS_UNIT_TEST_MIRROR_FIXTURE_H

#include "test_file_fixture.h"

#include "file/dirty_map.h"
#include "layout/mirror_change.h"
#include "ost/ost.h"

#include <errno.h>
#include <fcntl.h>

#define MIRRORS 3u

/* ---- layouts ---- */

static inline uint32_t component_id(uint32_t mirror_id, uint32_t number)
{
	return mirror_id << 16 | number;
}

/* Three mirrors whose components and stripes end at different places. */
static inline struct layout *mirrored_layout(void)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 6);

	assert_non_null(l);
	l->mirror_count = MIRRORS;
	l->flags = LAYOUT_STATE_RO;
	set_component(&l->comps[0], component_id(1, 1), 0, 256 * KIB, 1);
	set_component(&l->comps[1], component_id(1, 2), 256 * KIB, MIB, 2);
	set_component(&l->comps[2], component_id(1, 3), MIB, LAYOUT_EOF, 4);
	set_component(&l->comps[3], component_id(2, 4), 0, 512 * KIB, 2);
	set_component(&l->comps[4], component_id(2, 5), 512 * KIB, LAYOUT_EOF, 1);
	set_component(&l->comps[5], component_id(3, 6), 0, LAYOUT_EOF, 3);
	return l;
}

/* `count` mirrors of one component with one stripe each. */
static inline struct layout *simple_mirrors(uint32_t count)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, count);

	assert_non_null(l);
	l->mirror_count = (uint16_t)count;
	l->flags = LAYOUT_STATE_RO;
	for (uint32_t i = 0; i < count; i++)
		set_component(&l->comps[i], component_id(i + 1, i + 1), 0, LAYOUT_EOF, 1);
	return l;
}

/* ---- commits ---- */

/* Replaces the layout by a clone that fn has changed. */
static inline void commit_change(struct file *f, void (*fn)(struct layout *, void *), void *cookie)
{
	struct layout *l;

	file_commit_begin(f);
	l = layout_clone(file_commit_layout(f));
	assert_non_null(l);
	fn(l, cookie);
	l->gen++;
	file_commit_set(f, l);
	file_commit_end(f);
	layout_unref(l);
}

struct flag_change {
	uint32_t mirror_id, set, clear;
};

static inline void change_flags(struct layout *l, void *cookie)
{
	const struct flag_change *change = cookie;

	for (uint32_t i = 0; i < l->count; i++) {
		if (component_mirror_id(&l->comps[i]) == change->mirror_id)
			l->comps[i].flags = (l->comps[i].flags & ~change->clear) | change->set;
	}
}

static inline void set_mirror_flags(struct file *f, uint32_t mirror_id, uint32_t set,
				    uint32_t clear)
{
	struct flag_change change = { mirror_id, set, clear };

	commit_change(f, change_flags, &change);
}

struct instantiation {
	struct bed *bed;
	struct file *f;
	uint32_t mirror_id;
	uint64_t start, end;
};

static inline void instantiate(struct layout *l, void *cookie)
{
	struct instantiation *in = cookie;

	for (uint32_t i = 0; i < l->count; i++) {
		struct component *c = &l->comps[i];
		uint32_t id = component_mirror_id(c);

		if (id != in->mirror_id || c->start >= in->end || c->end <= in->start ||
		    component_instantiated(l, c))
			continue;
		make_objects(in->bed, in->f, c);
	}
}

/* Makes the objects of one mirror only; FILE_WHOLE: of the one that is written. */
static inline void mirrored_instantiate(struct bed *b, struct file *f, uint32_t mirror_id,
					uint64_t start, uint64_t end)
{
	struct instantiation in = { b, f, mirror_id, start, end };

	if (mirror_id == FILE_WHOLE)
		assert_int_equal(file_primary(f, &in.mirror_id), 0);
	commit_change(f, instantiate, &in);
}

static inline bool is_stale(const struct layout *l, uint32_t mirror_id)
{
	return mirror_flags(l, mirror_id) & COMP_STALE;
}

/* Before a write: the others become stale, and a map follows for each that does. */
static inline void mirrored_make_stale(struct file *f, uint64_t start, uint64_t end)
{
	const struct layout *old;
	struct layout *l;
	uint32_t primary;

	assert_int_equal(file_primary(f, &primary), 0);
	file_commit_begin(f);
	old = file_commit_layout(f);
	assert_int_equal(mirror_change_stale_others(old, primary, start, end, &l), 0);
	for (uint32_t id = 1; id <= MIRRORS; id++) {
		struct dirty_map *map;

		if (is_stale(old, id) || !is_stale(l, id))
			continue;
		assert_int_equal(dirty_map_new(false, &map), 0);
		assert_int_equal(file_commit_follow(f, id, map), 0);
	}
	file_commit_set(f, l);
	file_commit_end(f);
	layout_unref(l);
}

/*
 * Calls an operation that changes [start, end) of the mirror, or of the file, until it needs
 * neither objects nor stale mirrors any more. Where disks rotate, a mirror without objects is better than
 * the same one with them, and each in turn is chosen for the write.
 */
#define CHANGING(b, f, mirror_id, start, end, call)                                                \
	({                                                                                         \
		ssize_t r_ = (call);                                                               \
		for (int tries_ = 0; tries_ < 2 * (int)MIRRORS &&                                  \
				     (r_ == FILE_NOT_INSTANTIATED || r_ == FILE_NOT_STALE);        \
		     tries_++) {                                                                   \
			if (r_ == FILE_NOT_STALE)                                                  \
				mirrored_make_stale((f), (start), (end));                          \
			else                                                                       \
				mirrored_instantiate((b), (f), (mirror_id), (start), (end));       \
			r_ = (call);                                                               \
		}                                                                                  \
		r_;                                                                                \
	})

static inline void mirrored_write(struct bed *b, struct file *f, uint32_t mirror_id,
				  uint64_t offset, const uint8_t *buf, size_t len)
{
	assert_int_equal(CHANGING(b, f, mirror_id, offset, offset + len,
				  file_write(f, mirror_id, buf, len, offset)),
			 len);
}

/* ---- resync ---- */

static inline void resync_truncate(struct bed *b, struct file *f, uint32_t mirror_id, uint64_t size)
{
	uint64_t last = size ? size - 1 : 0;

	assert_int_equal(
		CHANGING(b, f, mirror_id, last, last + 1, file_truncate(f, mirror_id, size)), 0);
}

static inline void resync_range(struct bed *b, struct file *f, uint32_t mirror_id,
				const struct dirty_range *range)
{
	struct file_copy c = {
		.src = f, .dst = f, .dst_mirror_id = mirror_id, .ladder = &b->ladder
	};

	if (range->tail)
		resync_truncate(b, f, mirror_id, range->start);
	for (uint64_t at = range->start; at < range->end;) {
		struct io_moved moved = { 0 };
		ssize_t n;

		c.src_offset = c.dst_offset = at;
		c.len_bytes = range->end - at;
		n = CHANGING(b, f, mirror_id, at, range->end, file_copy_range(&c, &moved));
		assert_true(n >= 0);
		assert_int_equal(moved.bytes[IO_SHARE] + moved.bytes[IO_KERNEL], 0);
		if (n == 0)
			break;
		at += (uint64_t)n;
	}
}

/* One range, of at most max_bytes, from `from` on. False: there was none. */
static inline bool resync_step(struct bed *b, struct file *f, uint32_t mirror_id,
			       uint64_t max_bytes)
{
	struct dirty_map *map = file_follower(f, mirror_id);
	struct dirty_range range;
	struct file_attr attr;
	bool taken;

	assert_non_null(map);
	file_commit_begin(f); /* no change is under way, and the size is that of this moment */
	assert_int_equal(file_stat_layout(&b->osts, file_commit_layout(f), &attr), 0);
	taken = dirty_map_take(map, 0, max_bytes, attr.size_bytes, &range);
	file_commit_end(f);
	if (!taken)
		return false;
	resync_range(b, f, mirror_id, &range);
	assert_int_equal(dirty_map_copied(map, &range), 0);
	return true;
}

/* The stale mirror gets what it lacks and is in sync. */
static inline void mirrored_resync(struct bed *b, struct file *f, uint32_t mirror_id)
{
	struct layout *l;

	while (resync_step(b, f, mirror_id, MIB))
		;
	resync_truncate(b, f, mirror_id, size_of(f));
	file_commit_begin(f);
	assert_int_equal(mirror_change_synced(file_commit_layout(f), &mirror_id, 1, &l), 0);
	file_commit_set(f, l);
	assert_int_equal(file_commit_follow(f, mirror_id, NULL), 0);
	file_commit_end(f);
	layout_unref(l);
}

static inline void mirrored_resync_all(struct bed *b, struct file *f)
{
	for (uint32_t id = 1; id <= MIRRORS; id++) {
		if (file_follower(f, id))
			mirrored_resync(b, f, id);
	}
}

/* One mirror is exactly these bytes. */
static inline void assert_mirror_content(struct file *f, uint32_t mirror_id,
					 const uint8_t *expected, size_t size)
{
	uint8_t *buf = malloc(size + 4096);
	struct file_attr attr;

	assert_non_null(buf);
	assert_int_equal(file_stat(f, mirror_id, &attr), 0);
	assert_true(attr.complete);
	assert_int_equal(attr.size_bytes, size);
	assert_int_equal(file_read(f, mirror_id, buf, size + 4096, 0), size);
	for (size_t i = 0; i < size; i++) {
		if (buf[i] != expected[i])
			fail_msg("mirror %u: byte %zu of %zu is 0x%02x instead of 0x%02x",
				 mirror_id, i, size, buf[i], expected[i]);
	}
	free(buf);
}

/* ---- objects that are missing ---- */

#define OBJECT_PATH_MAX 400

static inline void object_path(const struct bed *b, const struct layout_object *o,
			       char path[OBJECT_PATH_MAX])
{
	snprintf(path, OBJECT_PATH_MAX, "%s/O/%jx/d%u/%u", ost_path(b->list[o->ost_idx]),
		 (uintmax_t)o->fid.seq, o->fid.oid % 32, o->fid.oid);
}

/* Takes an object away, or puts it back. */
static inline void hide_object(const struct bed *b, const struct layout_object *o, bool hide)
{
	char path[OBJECT_PATH_MAX], hidden[OBJECT_PATH_MAX + 8];

	object_path(b, o, path);
	snprintf(hidden, sizeof(hidden), "%s.hidden", path);
	assert_int_equal(hide ? rename(path, hidden) : rename(hidden, path), 0);
}

/* The same for all objects of a mirror. The file's objects are closed. */
static inline void hide_mirror(const struct bed *b, struct file *f, uint32_t mirror_id, bool hide)
{
	struct layout *l = file_layout(f);

	file_close_objects(f);
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint32_t k = 0; component_mirror_id(c) == mirror_id && k < c->object_count;
		     k++)
			hide_object(b, &c->objects[k], hide);
	}
	layout_unref(l);
}

/* ---- a bed on as many file systems as there are OSTs ---- */

struct mirror_bed {
	struct bed bed;
	char plain[64]; /* directory to be removed; "" none */
};

static inline int mirror_bed_setup(struct mirror_bed *b)
{
	static const char *const types[BED_OSTS_MAX] = { "tmpfs", "xfs", "ext4", "btrfs" };
	struct testfs fs;
	char path[100];

	if (!testfs_enter()) {
		if (!testfs_make_plain_xattrs(&fs, b->plain))
			return -1;
		close(fs.dirfd);
		bed_init(&b->bed, b->plain, BED_OSTS_MAX);
		return 0;
	}
	bed_init(&b->bed, TESTFS_BASE, 0);
	for (unsigned int i = 0; i < BED_OSTS_MAX; i++) {
		/* One that can't be made is replaced by another directory on tmpfs. */
		bool made = testfs_make(&fs, types[i], types[i], 1024);

		if (made)
			close(fs.dirfd);
		snprintf(path, sizeof(path), TESTFS_BASE "/%s/ost%u", made ? types[i] : "tmpfs", i);
		if (mkdir(path, 0755))
			return -1;
		bed_add_ost(&b->bed, path);
	}
	return 0;
}

static inline void mirror_bed_teardown(struct mirror_bed *b)
{
	bed_release(&b->bed);
	if (b->plain[0])
		testfs_remove_plain(b->plain);
}

#endif
