/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy_run on two striped files made of real objects, on one file system or across two: the bytes
 * of the destination file are those of the source, with any number of workers; faults end the run
 * with their error, and threads are only made where they are worth it.
 */
#include "unit.h"

#include "random.h"
#include "testfs.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "copy/run.h"
#include "layout/raid0.h"
#include "layout/segmap.h"

#include <pthread.h>

#define STRIPES_MAX 5
#define COMPONENTS_MAX 3

static struct testfs file_systems[4];
static size_t file_system_count;

/* A striped file whose objects lie in the directories given, in turns. */
struct striped {
	struct layout *layout;
	struct io_end ends[COMPONENTS_MAX][STRIPES_MAX];
};

static void striped_open(struct striped *s, const char *name, const struct testfs *const fs[2])
{
	for (uint32_t c = 0; c < s->layout->count; c++) {
		for (uint32_t i = 0; i < s->layout->comps[c].object_count; i++) {
			const struct testfs *on = fs[i % 2];
			char object[64];

			snprintf(object, sizeof(object), "%s.%u.%u", name, c, i);
			s->ends[c][i].dev = on->dev;
			s->ends[c][i].fd = openat(on->dirfd, object,
						  O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
			assert_true(s->ends[c][i].fd >= 0);
		}
	}
}

static void striped_close(struct striped *s)
{
	for (uint32_t c = 0; c < s->layout->count; c++)
		for (uint32_t i = 0; i < s->layout->comps[c].object_count; i++)
			close(s->ends[c][i].fd);
	layout_unref(s->layout);
}

/* Writes the bytes of the file, or reads them. What components without objects would hold becomes
 * zeros in `bytes`. */
static void striped_io(const struct striped *s, uint8_t *bytes, uint64_t len, bool write)
{
	struct segmap map = segmap_of(s->layout, 0, 0, len);
	struct segment g;

	while (segmap_next(&map, &g)) {
		const struct component *c = &s->layout->comps[g.comp_idx];
		int fd = s->ends[g.comp_idx][g.stripe_idx].fd;

		if (!write || c->object_count == 0)
			memset(bytes + g.file_offset, 0, g.len_bytes);
		if (c->object_count == 0)
			continue;
		if (write) {
			assert_int_equal(sys_pwrite_full(fd, bytes + g.file_offset, g.len_bytes,
							 g.object_offset),
					 0);
		} else {
			ssize_t n = sys_pread_full(fd, bytes + g.file_offset, g.len_bytes,
						   g.object_offset);

			assert_true(n >= 0);
		}
	}
}

static struct layout *random_layout(struct random_source *r, bool all_instantiated)
{
	uint32_t count = (uint32_t)random_range(r, 1, COMPONENTS_MAX);
	struct layout *l = layout_new(LAYOUT_COMPOSITE, count);
	uint64_t pos = 0;

	assert_non_null(l);
	for (uint32_t i = 0; i < count; i++) {
		struct component *c = &l->comps[i];

		c->id = i + 1;
		c->magic = LAYOUT_MAGIC_V1;
		c->pattern = PATTERN_RAID0;
		c->start = pos;
		c->end = i + 1 == count ? LAYOUT_EOF : pos + random_range(r, 1, 20) * 64 * KIB;
		pos = c->end;
		c->stripe_size = (uint32_t)(random_range(r, 1, 3) * 64 * KIB);
		c->stripe_count = (uint16_t)random_range(r, 1, STRIPES_MAX);
		if (all_instantiated || random_range(r, 0, 3)) {
			c->flags = COMP_INIT;
			assert_int_equal(component_set_objects(c, c->stripe_count), 0);
		}
	}
	return l;
}

static struct layout *plain_layout(uint32_t stripe_size, uint16_t stripe_count)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	assert_non_null(l);
	l->comps[0].pattern = PATTERN_RAID0;
	l->comps[0].stripe_size = stripe_size;
	l->comps[0].stripe_count = stripe_count;
	assert_int_equal(component_set_objects(&l->comps[0], stripe_count), 0);
	return l;
}

struct both {
	struct striped src, dst;
};

static int src_end(void *cookie, struct object_ref ref, struct io_end *ret_end)
{
	*ret_end = ((struct both *)cookie)->src.ends[ref.comp_idx][ref.stripe_idx];
	return 0;
}

static int dst_end(void *cookie, struct object_ref ref, struct io_end *ret_end)
{
	*ret_end = ((struct both *)cookie)->dst.ends[ref.comp_idx][ref.stripe_idx];
	return 0;
}

static struct copy_objects objects_of(struct both *b)
{
	return (struct copy_objects){ .src_end = src_end, .dst_end = dst_end, .cookie = b };
}

static uint64_t moved_sum(const struct io_moved *m)
{
	uint64_t sum = m->hole_bytes;

	for (int i = 0; i < IO_RUNGS; i++)
		sum += m->bytes[i];
	return sum;
}

static void fill(struct random_source *r, uint8_t *bytes, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(1 + (random_u64(r) & 0x7f));
}

static void random_runs(void **state)
{
	struct random_source r = random_start("random_runs");
	const uint64_t room = 4 * MIB;
	CLEANUP_FREE uint8_t *src_bytes = malloc(room), *dst_bytes = malloc(room),
			     *got = malloc(room);
	struct io_ladder ladder;

	(void)state;
	assert_non_null(src_bytes);
	assert_non_null(dst_bytes);
	assert_non_null(got);
	io_ladder_init(&ladder, 0);
	for (int i = 0; i < 80; i++) {
		const struct testfs *fs[2] = {
			&file_systems[random_range(&r, 0, file_system_count - 1)],
			&file_systems[random_range(&r, 0, file_system_count - 1)]
		};
		struct both b = { .src = { .layout = random_layout(&r, false) },
				  .dst = { .layout = random_layout(&r, true) } };
		struct copy_side src = { .layout = b.src.layout,
					 .offset = random_range(&r, 0, MIB) };
		struct copy_side dst = { .layout = b.dst.layout,
					 .offset = random_range(&r, 0, MIB) };
		struct copy_run_options options = { .workers = (unsigned int)random_range(&r, 0, 4),
						    .no_share = !random_range(&r, 0, 3) };
		struct copy_objects objects = objects_of(&b);
		struct io_moved moved = { .hole_bytes = 0 };
		uint64_t len = random_range(&r, 0, 2 * MIB);
		struct copy_plan plan;

		if (random_range(&r, 0, 1))
			dst.offset = src.offset % 65536;
		striped_open(&b.src, "source", fs);
		striped_open(&b.dst, "destination", fs);
		fill(&r, src_bytes, room);
		fill(&r, dst_bytes, room);
		striped_io(&b.src, src_bytes, room, true);
		striped_io(&b.dst, dst_bytes, room, true);

		assert_int_equal(copy_plan_make(&src, &dst, len, &plan), 0);
		assert_int_equal(copy_run(&ladder, &plan, &objects, &options, &moved), 0);
		assert_int_equal(moved_sum(&moved), len);
		memcpy(dst_bytes + dst.offset, src_bytes + src.offset, len);
		striped_io(&b.dst, got, room, false);
		assert_memory_equal(got, dst_bytes, room);
		copy_plan_release(&plan);
		striped_close(&b.src);
		striped_close(&b.dst);
	}
	io_ladder_release(&ladder);
}

/* ---- large enough for threads ---- */

#define LARGE (64 * MIB)

struct large {
	struct both both;
	struct copy_plan plan;
	struct copy_objects objects;
	struct io_ladder ladder;
	uint8_t *bytes, *got;
};

static void large_init(struct large *l, uint16_t src_stripes, uint16_t dst_stripes)
{
	const struct testfs *src_on[2] = { &file_systems[0], &file_systems[0] };
	const struct testfs *dst_on[2] = { &file_systems[0], &file_systems[file_system_count - 1] };
	struct random_source r = { .state = 21 };

	l->both.src.layout = plain_layout(MIB, src_stripes);
	l->both.dst.layout = plain_layout(MIB, dst_stripes);
	striped_open(&l->both.src, "source", src_on);
	striped_open(&l->both.dst, "destination", dst_on);
	l->bytes = malloc(LARGE);
	l->got = malloc(LARGE);
	assert_non_null(l->bytes);
	assert_non_null(l->got);
	for (uint64_t i = 0; i + 8 <= LARGE; i += 8) {
		uint64_t v = random_u64(&r);

		memcpy(l->bytes + i, &v, 8);
	}
	striped_io(&l->both.src, l->bytes, LARGE, true);
	assert_int_equal(copy_plan_make(&(struct copy_side){ .layout = l->both.src.layout },
					&(struct copy_side){ .layout = l->both.dst.layout }, LARGE,
					&l->plan),
			 0);
	l->objects = objects_of(&l->both);
	io_ladder_init(&l->ladder, 0);
}

static void large_release(struct large *l)
{
	io_ladder_release(&l->ladder);
	copy_plan_release(&l->plan);
	striped_close(&l->both.src);
	striped_close(&l->both.dst);
	free(l->bytes);
	free(l->got);
}

/* Which threads made system calls, and which call is to fail. Called by all workers at once. */
struct watch {
	pthread_mutex_t lock;
	pthread_t threads[64]; /* guarded by lock */
	unsigned int count;    /* guarded by lock */
	const char *only;
	atomic_uint until; /* calls of `only` before the one that fails; UINT_MAX: none */
	int result;
	atomic_bool *stop; /* set instead */
};

static int watch_call(const char *call, size_t len_bytes, void *cookie)
{
	struct watch *w = cookie;
	unsigned int i = 0;

	(void)len_bytes;
	pthread_mutex_lock(&w->lock);
	while (i < w->count && !pthread_equal(w->threads[i], pthread_self()))
		i++;
	if (i == w->count && i < ARRAY_SIZE(w->threads))
		w->threads[w->count++] = pthread_self();
	pthread_mutex_unlock(&w->lock);
	if (!w->only || strcmp(w->only, call) || atomic_fetch_sub(&w->until, 1) != 0)
		return 0;
	if (w->stop)
		atomic_store(w->stop, true);
	return w->result;
}

static int watched_run(struct large *l, struct watch *w, const struct copy_run_options *options,
		       struct io_moved *moved)
{
	int err;

	pthread_mutex_init(&w->lock, NULL);
	sys_set_hook(watch_call, w);
	err = copy_run(&l->ladder, &l->plan, &l->objects, options, moved);
	sys_set_hook(NULL, NULL);
	pthread_mutex_destroy(&w->lock);
	return err;
}

static void workers_share_the_work(void **state)
{
	static const uint16_t geometries[][2] = {
		{ 1, 1 }, { 1, 4 }, { 4, 1 }, { 4, 4 }, { 3, 2 }
	};

	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
		struct large l;

		large_init(&l, geometries[g][0], geometries[g][1]);
		for (unsigned int workers = 0; workers <= 4; workers++) {
			struct copy_run_options options = { .workers = workers, .no_share = true };
			struct io_moved moved = { .hole_bytes = 0 };
			struct watch w = { .count = 0 };

			assert_int_equal(watched_run(&l, &w, &options, &moved), 0);
			assert_int_equal(moved.bytes[IO_RW], LARGE);
			if (workers > 0)
				assert_in_range(w.count, 1, workers);
			striped_io(&l.both.dst, l.got, LARGE, false);
			assert_memory_equal(l.got, l.bytes, LARGE);
		}
		large_release(&l);
	}
}

static void a_fault_ends_the_run(void **state)
{
	static const struct {
		const char *call;
		int result, want;
	} cases[] = {
		{ "pwrite", -ENOSPC, -ENOSPC },
		{ "pread", -EIO, -EIO },
		{ "pwrite", SYS_HOOK_ZERO, -EIO },
		{ "fstatat", -ESTALE, -ESTALE },
		{ "seek", -EIO, -EIO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (unsigned int at = 0; at < 60; at = 3 * at + 1) {
			struct copy_run_options options = { .workers = 3, .no_share = true };
			struct watch w = { .only = cases[i].call, .result = cases[i].result };
			struct io_moved moved = { .hole_bytes = 0 };
			struct large l;
			int err;

			large_init(&l, 2, 2);
			atomic_store(&w.until, at);
			error_clear();
			err = watched_run(&l, &w, &options, &moved);
			if (atomic_load(&w.until) < 1000) {
				/* There weren't as many calls. */
				assert_int_equal(err, 0);
			} else {
				assert_int_equal(err, cases[i].want);
				assert_non_null(strstr(error_text(err), "component 0 stripe"));
				assert_true(moved_sum(&moved) < LARGE);
			}
			large_release(&l);
		}
	}
}

static void stopping(void **state)
{
	(void)state;
	for (unsigned int workers = 1; workers <= 3; workers++) {
		atomic_bool stop = false;
		struct copy_run_options options = { .workers = workers,
						    .no_share = true,
						    .stop = &stop };
		struct watch w = { .only = "pwrite", .stop = &stop };
		struct io_moved moved = { .hole_bytes = 0 };
		struct large l;

		large_init(&l, 2, 2);
		atomic_store(&w.until, 5);
		assert_int_equal(watched_run(&l, &w, &options, &moved), -ECANCELED);
		assert_true(moved_sum(&moved) < 10 * MIB);
		large_release(&l);
	}
}

/* What can be shared is shared at once, by the calling thread, one call for each object; and it is
 * known afterwards. */
static void sharing_makes_no_threads(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_system_count; i++) {
		const struct testfs *on[2] = { &file_systems[i], &file_systems[i] };
		struct copy_run_options options = { .workers = 4 };
		struct watch w = { .count = 0 };
		struct io_moved moved = { .hole_bytes = 0 };
		struct random_source r = { .state = 5 };
		CLEANUP_FREE uint8_t *bytes = malloc(32 * MIB), *got = malloc(32 * MIB);
		struct large l = { .bytes = NULL };

		if (!file_systems[i].shares)
			continue;
		assert_non_null(bytes);
		assert_non_null(got);
		l.both.src.layout = plain_layout(MIB, 4);
		l.both.dst.layout = plain_layout(MIB, 4);
		striped_open(&l.both.src, "source", on);
		striped_open(&l.both.dst, "destination", on);
		fill(&r, bytes, 32 * MIB);
		striped_io(&l.both.src, bytes, 32 * MIB - 77, true);
		l.objects = objects_of(&l.both);
		io_ladder_init(&l.ladder, 0);
		assert_int_equal(copy_plan_make(&(struct copy_side){ .layout = l.both.src.layout },
						&(struct copy_side){ .layout = l.both.dst.layout },
						32 * MIB - 77, &l.plan),
				 0);
		assert_int_equal(l.plan.count, 4);
		assert_false(copy_run_is_shared(&l.ladder, &l.plan, &l.objects));
		assert_int_equal(watched_run(&l, &w, &options, &moved), 0);
		assert_int_equal(w.count, 1);
		assert_int_equal(moved.bytes[IO_SHARE], 32 * MIB - 77);
		assert_true(copy_run_is_shared(&l.ladder, &l.plan, &l.objects));
		striped_io(&l.both.dst, got, 32 * MIB - 77, false);
		assert_memory_equal(got, bytes, 32 * MIB - 77);
		large_release(&l);
	}
}

static void an_empty_plan_is_done(void **state)
{
	struct copy_plan plan = { .count = 0 };
	struct both b = { .src = { .layout = NULL } };
	struct copy_objects objects = objects_of(&b);
	struct copy_run_options options = { .workers = 0 };
	struct io_moved moved = { .hole_bytes = 0 };
	struct io_ladder ladder;

	(void)state;
	io_ladder_init(&ladder, 0);
	assert_int_equal(copy_run(&ladder, &plan, &objects, &options, &moved), 0);
	assert_int_equal(moved_sum(&moved), 0);
	io_ladder_release(&ladder);
}

int main(void)
{
	static const char *const types[] = { "tmpfs", "xfs", "btrfs" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_runs),
		cmocka_unit_test(workers_share_the_work),
		cmocka_unit_test(a_fault_ends_the_run),
		cmocka_unit_test(stopping),
		cmocka_unit_test(sharing_makes_no_threads),
		cmocka_unit_test(an_empty_plan_is_done),
	};
	char plain[64] = "";
	int failed;

	if (testfs_enter()) {
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			file_system_count += testfs_make(&file_systems[file_system_count], types[i],
							 types[i], 600);
		/* A second tmpfs is a second device. */
		if (!mkdir(TESTFS_BASE "/other", 0755) &&
		    !mount("t", TESTFS_BASE "/other", "tmpfs", 0, NULL) &&
		    testfs_open(&file_systems[file_system_count], TESTFS_BASE "/other") >= 0)
			file_systems[file_system_count++].name = "tmpfs";
	} else {
		file_system_count += testfs_make_plain_memory(&file_systems[0], plain);
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (plain[0])
		testfs_remove_plain(plain);
	return failed;
}
