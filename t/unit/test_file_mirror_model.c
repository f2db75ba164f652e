/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random changes of a file with mirrors, each compared with plain memory, while stale mirrors are
 * followed by dirty maps, resynced by steps in between, and are as the file when they are done.
 */
#include "test_mirror_fixture.h"

#include "random.h"

#include <pthread.h>

#define SIZE_MAX_BYTES (3 * MIB)
#define ROUNDS 1200

struct model {
	struct bed *bed;
	struct random_source random;
	struct file *f;
	uint8_t *bytes; /* SIZE_MAX_BYTES; zero behind size */
	uint8_t *scratch;
	uint64_t size;
	unsigned int resynced;
};

static uint64_t pick(struct model *m, uint64_t min, uint64_t max)
{
	return random_range(&m->random, min, max);
}

/* Offsets near the edges of stripes and grains, components and the end as often as anywhere. */
static uint64_t pick_offset(struct model *m)
{
	uint64_t anywhere = pick(m, 0, SIZE_MAX_BYTES - 1);

	switch (pick(m, 0, 3)) {
	case 0:
		return anywhere / STRIPE * STRIPE;
	case 1:
		return MIN_OF(m->size, SIZE_MAX_BYTES - 1);
	case 2:
		return anywhere % (m->size + 1) % SIZE_MAX_BYTES;
	}
	return anywhere;
}

static uint64_t pick_len(struct model *m, uint64_t room)
{
	static const uint64_t most[] = { 16, 4096, STRIPE, 4 * STRIPE, MIB };
	uint64_t limit = most[pick(m, 0, ARRAY_SIZE(most) - 1)];

	return pick(m, 1, MIN_OF(limit, room));
}

static void pick_range(struct model *m, uint64_t *ret_offset, uint64_t *ret_len)
{
	*ret_offset = pick_offset(m);
	*ret_len = pick_len(m, SIZE_MAX_BYTES - *ret_offset);
}

static void grow(struct model *m, uint64_t end)
{
	m->size = MAX_OF(m->size, end);
}

static void do_write(struct model *m)
{
	uint64_t offset, len;

	pick_range(m, &offset, &len);
	fill_pattern(m->scratch, len, offset, (unsigned int)random_u64(&m->random));
	mirrored_write(m->bed, m->f, FILE_WHOLE, offset, m->scratch, len);
	memcpy(m->bytes + offset, m->scratch, len);
	grow(m, offset + len);
}

static void do_truncate(struct model *m)
{
	uint64_t size = pick_offset(m), last = size ? size - 1 : 0;
	ssize_t r = file_truncate(m->f, FILE_WHOLE, size);

	/* Not CHANGING(): what must be stale reaches further than what needs objects. */
	for (int tries = 0; tries < 3 && r; tries++) {
		if (r == FILE_NOT_STALE)
			mirrored_make_stale(m->f, last, LAYOUT_EOF);
		else
			mirrored_instantiate(m->bed, m->f, FILE_WHOLE, last, last + 1);
		r = file_truncate(m->f, FILE_WHOLE, size);
	}
	assert_int_equal(r, 0);
	if (size < m->size)
		memset(m->bytes + size, 0, m->size - size);
	m->size = size;
}

static void do_fallocate(struct model *m)
{
	static const int modes[] = { 0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_ZERO_RANGE };
	int mode = modes[pick(m, 0, ARRAY_SIZE(modes) - 1)];
	uint64_t offset, len;

	pick_range(m, &offset, &len);
	assert_int_equal(CHANGING(m->bed, m->f, FILE_WHOLE, offset, offset + len,
				  file_fallocate(m->f, FILE_WHOLE, mode, offset, len)),
			 0);
	if (mode)
		memset(m->bytes + offset, 0, len);
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		grow(m, offset + len);
}

static void do_copy(struct model *m)
{
	struct file_copy c = { .src = m->f, .dst = m->f, .ladder = &m->bed->ladder };
	struct io_moved moved = { 0 };
	uint64_t expected;
	ssize_t n;

	c.src_offset = pick_offset(m);
	c.dst_offset = pick_offset(m);
	c.len_bytes = pick_len(m, SIZE_MAX_BYTES - MAX_OF(c.src_offset, c.dst_offset));
	expected = c.src_offset >= m->size ? 0 : MIN_OF(c.len_bytes, m->size - c.src_offset);
	n = CHANGING(m->bed, m->f, FILE_WHOLE, c.dst_offset, c.dst_offset + expected,
		     file_copy_range(&c, &moved));
	if (expected &&
	    MAX_OF(c.src_offset, c.dst_offset) - MIN_OF(c.src_offset, c.dst_offset) < expected) {
		assert_int_equal(n, -EINVAL);
		return;
	}
	assert_int_equal(n, expected);
	if (n == 0)
		return;
	memmove(m->bytes + c.dst_offset, m->bytes + c.src_offset, expected);
	grow(m, c.dst_offset + expected);
}

static void do_read(struct model *m)
{
	uint64_t offset, len, expected;

	pick_range(m, &offset, &len);
	expected = offset >= m->size ? 0 : MIN_OF(len, m->size - offset);
	memset(m->scratch, 0xee, len);
	assert_int_equal(file_read(m->f, FILE_WHOLE, m->scratch, len, offset), expected);
	assert_memory_equal(m->scratch, m->bytes + offset, expected);
}

/* ---- mirrors ---- */

static uint32_t pick_mirror(struct model *m)
{
	return (uint32_t)pick(m, 1, MIRRORS);
}

/* A part of what a mirror lacks, while the file goes on changing. */
static void do_resync_step(struct model *m)
{
	uint32_t id = pick_mirror(m);
	struct dirty_map *map = file_follower(m->f, id);

	if (!map)
		return;
	(void)!resync_step(m->bed, m->f, id, 2ul * DIRTY_GRAIN_BYTES);
	if (pick(m, 0, 3) == 0)
		assert_int_equal(dirty_map_mark_all(map), 0); /* as after a crash */
}

static void do_resync(struct model *m)
{
	uint32_t id = pick_mirror(m);

	if (!file_follower(m->f, id))
		return;
	mirrored_resync(m->bed, m->f, id);
	assert_mirror_content(m->f, id, m->bytes, m->size);
	m->resynced++;
}

/* Where writes go changes, among those that are in sync. */
static void do_prefer(struct model *m)
{
	for (uint32_t id = 1; id <= MIRRORS; id++)
		set_mirror_flags(m->f, id, 0, COMP_PREFER_WRITE);
	set_mirror_flags(m->f, pick_mirror(m), COMP_PREFER_WRITE, 0);
}

static void do_close(struct model *m)
{
	file_close_objects(m->f);
}

static void check_usable(struct model *m)
{
	struct layout *l = file_layout(m->f);

	for (uint32_t id = 1; id <= MIRRORS; id++) {
		if (mirror_usable(l, id))
			assert_mirror_content(m->f, id, m->bytes, m->size);
	}
	layout_unref(l);
}

static void do_one(struct model *m)
{
	static void (*const ops[])(struct model *) = {
		do_write,  do_write,       do_write,  do_truncate,    do_fallocate,
		do_copy,   do_copy,        do_read,   do_resync_step, do_resync_step,
		do_resync, do_resync_step, do_prefer, do_close,       check_usable,
	};

	ops[pick(m, 0, ARRAY_SIZE(ops) - 1)](m);
	assert_int_equal(size_of(m->f), m->size);
}

static struct mirror_bed mirror_bed;

static void test_model(void **state)
{
	struct model m = { .bed = &mirror_bed.bed, .random = random_start("mirror model") };

	(void)state;
	m.f = bed_file(m.bed, mirrored_layout());
	m.bytes = calloc(1, SIZE_MAX_BYTES);
	m.scratch = calloc(1, SIZE_MAX_BYTES);
	assert_non_null(m.bytes);
	assert_non_null(m.scratch);
	for (int i = 0; i < ROUNDS; i++)
		do_one(&m);
	assert_true(m.resynced > ROUNDS / 100);
	mirrored_resync_all(m.bed, m.f);
	for (uint32_t id = 1; id <= MIRRORS; id++)
		assert_mirror_content(m.f, id, m.bytes, m.size);
	assert_content(m.f, m.bytes, m.size);
	assert_int_equal(file_failovers(m.f), 0);
	file_free(m.f);
	free(m.bytes);
	free(m.scratch);
}

/* ---- resync while others write ---- */

#define WRITERS 2
#define CHANGES 400

struct writer {
	pthread_t thread;
	struct file *f;
	struct random_source random;
	uint8_t buf[4 * STRIPE];
	ssize_t err; /* the first */
};

static atomic_uint writers_left;

static ssize_t change_anything(struct writer *w)
{
	uint64_t offset = random_range(&w->random, 0, SIZE_MAX_BYTES - 1);
	uint64_t len = random_range(&w->random, 1, sizeof(w->buf));

	switch (random_range(&w->random, 0, 9)) {
	case 0:
		return file_truncate(w->f, FILE_WHOLE, offset);
	case 1:
		return file_fallocate(w->f, FILE_WHOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				      offset, len);
	}
	fill_pattern(w->buf, len, offset, (unsigned int)random_u64(&w->random));
	return file_write(w->f, FILE_WHOLE, w->buf, len, offset);
}

static void *write_all(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < CHANGES && w->err >= 0; i++)
		w->err = change_anything(w);
	atomic_fetch_sub(&writers_left, 1);
	return NULL;
}

static void assert_mirrors_equal(struct file *f)
{
	uint64_t size = size_of(f);
	uint8_t *bytes = malloc(size + 1);

	assert_non_null(bytes);
	assert_int_equal(file_read(f, FILE_WHOLE, bytes, size + 1, 0), size);
	for (uint32_t id = 1; id <= MIRRORS; id++)
		assert_mirror_content(f, id, bytes, size);
	free(bytes);
}

static void test_threads(void **state)
{
	static struct writer writers[WRITERS];
	struct random_source random = random_start("mirror threads");
	struct bed *b = &mirror_bed.bed;
	struct file *f = bed_file(b, mirrored_layout());

	(void)state;
	assert_true(bed_instantiate(b, f, 0, LAYOUT_EOF));
	mirrored_make_stale(f, 0, LAYOUT_EOF);
	atomic_store(&writers_left, WRITERS);
	for (unsigned int i = 0; i < WRITERS; i++) {
		writers[i].f = f;
		writers[i].random.state = random_u64(&random);
		assert_int_equal(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]),
				 0);
	}
	while (atomic_load(&writers_left)) {
		(void)!resync_step(b, f, 2, MIB);
		(void)!resync_step(b, f, 3, MIB);
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		assert_true(writers[i].err >= 0);
	}
	mirrored_resync_all(b, f);
	assert_mirrors_equal(f);
	file_free(f);
}

static int setup(void **state)
{
	(void)state;
	return mirror_bed_setup(&mirror_bed);
}

static int teardown(void **state)
{
	(void)state;
	mirror_bed_teardown(&mirror_bed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
