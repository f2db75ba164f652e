/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lov/copy.h as other programs see it: linked with the shared library, which shows nothing else. */
#include "unit.h"

#include "lov/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES ((size_t)6 << 20)

struct files {
	int src, dst;
	char *data; /* BYTES, what the source has */
};

static int new_file(int flags)
{
	const char *base = getenv("TMPDIR");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/lovfs-test-XXXXXX", base ? base : "/tmp");
	fd = mkostemp(path, flags | O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static struct files files_new(void)
{
	struct files f = { new_file(0), new_file(0), malloc(BYTES) };

	assert_non_null(f.data);
	for (size_t i = 0; i < BYTES; i++)
		f.data[i] = (char)(i * 2654435761u >> 13);
	assert_int_equal(pwrite(f.src, f.data, BYTES, 0), BYTES);
	return f;
}

static void files_close(struct files *f)
{
	close(f->src);
	close(f->dst);
	free(f->data);
}

static struct lov_copier *copier_new(void)
{
	struct lov_copier *copier;

	assert_int_equal(lov_copier_new(NULL, &copier), 0);
	return copier;
}

static struct lov_copy_job job_of(const struct files *f)
{
	struct lov_copy_job job = LOV_COPY_JOB_INIT;

	job.src_fd = f->src;
	job.dst_fd = f->dst;
	return job;
}

static off_t size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

/* The destination has these bytes of the source there. */
static void assert_has(const struct files *f, size_t dst, size_t src, size_t len)
{
	char *got = malloc(len);

	assert_non_null(got);
	assert_int_equal(pread(f->dst, got, len, (off_t)dst), len);
	assert_memory_equal(got, f->data + src, len);
	free(got);
}

static uint64_t sum_of(const struct lov_copy_result *r)
{
	return r->shared_bytes + r->kernel_bytes + r->direct_bytes + r->uring_bytes +
	       r->buffered_bytes + r->hole_bytes;
}

static void a_file_is_copied_and_verified(void **state)
{
	struct lov_copier *copier = copier_new();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	struct lov_copy_result r = LOV_COPY_RESULT_INIT;

	(void)state;
	job.flags = LOV_COPY_VERIFY | LOV_COPY_SYNC;
	assert_int_equal(pwrite(f.dst, f.data, 1000, (off_t)BYTES),
			 1000); /* longer than the source */
	assert_int_equal(lov_copy_file(copier, &job, &r), 0);
	assert_int_equal(size_of(f.dst), BYTES);
	assert_has(&f, 0, 0, BYTES);
	assert_int_equal(r.copied_bytes, BYTES);
	assert_int_equal(sum_of(&r), BYTES);
	assert_int_equal(r.verified_bytes, BYTES);
	assert_false(r.source_changed);
	assert_int_equal(lov_copy_file(copier, &job, NULL), 0);
	files_close(&f);
	lov_copier_free(copier);
	lov_copier_free(NULL);
}

static void a_range_leaves_the_rest_alone(void **state)
{
	struct lov_copier *copier = copier_new();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	struct lov_copy_result r = LOV_COPY_RESULT_INIT;

	(void)state;
	assert_int_equal(pwrite(f.dst, f.data, 20000, 0), 20000);
	job.src_offset = 3001;
	job.dst_offset = 5003;
	job.len_bytes = 7007;
	assert_int_equal(lov_copy_range(copier, &job, &r), 0);
	assert_int_equal(r.copied_bytes, 7007);
	assert_int_equal(size_of(f.dst), 20000);
	assert_has(&f, 0, 0, 5003);
	assert_has(&f, 5003, 3001, 7007);
	assert_has(&f, 12010, 12010, 20000 - 12010);

	/* Past the source's end: only what it has; and the destination grows. */
	job.src_offset = BYTES - 5000;
	job.dst_offset = 30000;
	job.len_bytes = UINT64_C(1) << 40;
	assert_int_equal(lov_copy_range(copier, &job, &r), 0);
	assert_int_equal(r.copied_bytes, 5000);
	assert_int_equal(size_of(f.dst), 35000);
	assert_has(&f, 30000, BYTES - 5000, 5000);

	job.src_offset = BYTES + 1;
	assert_int_equal(lov_copy_range(copier, &job, &r), 0);
	assert_int_equal(r.copied_bytes, 0);
	assert_int_equal(size_of(f.dst), 35000);
	files_close(&f);
	lov_copier_free(copier);
}

static void assert_refused(int err, const char *text)
{
	assert_int_equal(err, -EINVAL);
	if (!strstr(lov_error_text(err), text))
		fail_msg("'%s' instead of '%s'", lov_error_text(err), text);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct lov_copier *copier = copier_new();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f), bad = job;
	int pipes[2], append = new_file(O_APPEND);

	(void)state;
	bad.flags = 0x80000000u;
	assert_refused(lov_copy_file(copier, &bad, NULL), "flags");
	bad = job;
	bad.struct_size = 0;
	assert_refused(lov_copy_file(copier, &bad, NULL), "struct_size");
	bad = job;
	bad.dst_fd = append;
	assert_refused(lov_copy_file(copier, &bad, NULL), "O_APPEND");
	bad = job;
	assert_int_equal(pipe(pipes), 0);
	bad.src_fd = pipes[0];
	assert_refused(lov_copy_file(copier, &bad, NULL), "regular file");
	bad = job;
	bad.dst_fd = f.src;
	bad.len_bytes = 5000;
	bad.dst_offset = 4999;
	assert_refused(lov_copy_range(copier, &bad, NULL), "overlap");
	assert_int_equal(size_of(f.dst), 0);
	close(append);
	close(pipes[0]);
	close(pipes[1]);
	files_close(&f);
	lov_copier_free(copier);
}

static void structs_of_other_versions(void **state)
{
	struct {
		struct lov_copy_job job;
		uint64_t newer;
	} longer = { .newer = 0 };
	struct lov_copier_options options = LOV_COPIER_OPTIONS_INIT;
	struct lov_copier *copier = copier_new(), *other;
	struct files f = files_new();
	struct lov_copy_job older = job_of(&f);

	(void)state;
	longer.job = job_of(&f);
	longer.job.struct_size = sizeof(longer);
	assert_int_equal(lov_copy_file(copier, &longer.job, NULL), 0);
	longer.newer = 1;
	assert_refused(lov_copy_file(copier, &longer.job, NULL), "newer version");
	older.struct_size = offsetof(struct lov_copy_job, interval_ms);
	older.progress = (int (*)(uint64_t, uint64_t, void *))(uintptr_t)1; /* isn't looked at */
	assert_int_equal(lov_copy_file(copier, &older, NULL), 0);
	assert_has(&f, 0, 0, BYTES);
	options.memory_bytes = 4096;
	assert_refused(lov_copier_new(&options, &other), "memory_bytes");
	options.memory_bytes = LOV_COPIER_MEMORY_MIN;
	assert_int_equal(lov_copier_new(&options, &other), 0);
	assert_int_equal(lov_copy_file(other, &longer.job, NULL), -EINVAL);
	longer.newer = 0;
	assert_int_equal(lov_copy_file(other, &longer.job, NULL), 0);
	lov_copier_free(other);
	files_close(&f);
	lov_copier_free(copier);
}

struct seen {
	unsigned int calls, stop_at;
	uint64_t last, total;
	pthread_t thread;
};

static int see(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct seen *s = cookie;

	assert_true(pthread_equal(s->thread, pthread_self()));
	assert_true(done_bytes >= s->last && done_bytes <= total_bytes);
	s->last = done_bytes;
	s->total = total_bytes;
	return ++s->calls == s->stop_at;
}

/* A limit makes the copy long enough to be seen. */
static struct lov_copier *slow_copier(void)
{
	struct lov_copier_options options = LOV_COPIER_OPTIONS_INIT;
	struct lov_copier *copier;

	options.bytes_per_s = BYTES;
	assert_int_equal(lov_copier_new(&options, &copier), 0);
	return copier;
}

static void progress_is_told_and_can_stop_it(void **state)
{
	struct lov_copier *copier = slow_copier();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	struct lov_copy_result r = LOV_COPY_RESULT_INIT;
	struct seen s = { .thread = pthread_self() };

	(void)state;
	job.flags = LOV_COPY_NO_SHARE;
	job.progress = see;
	job.interval_ms = 20;
	job.cookie = &s;
	assert_int_equal(lov_copy_file(copier, &job, &r), 0);
	assert_true(s.calls > 2);
	assert_int_equal(s.last, BYTES);
	assert_int_equal(s.total, BYTES);

	s = (struct seen){ .thread = pthread_self(), .stop_at = 3 };
	assert_int_equal(lov_copy_file(copier, &job, &r), -ECANCELED);
	assert_true(s.last < BYTES);
	/* That was for one copy only. */
	s = (struct seen){ .thread = pthread_self() };
	assert_int_equal(lov_copy_file(copier, &job, &r), 0);
	assert_has(&f, 0, 0, BYTES);
	files_close(&f);
	lov_copier_free(copier);
}

static void *stop_soon(void *arg)
{
	usleep(50000);
	lov_copier_stop(arg);
	return NULL;
}

static void a_copier_can_be_stopped_for_good(void **state)
{
	struct lov_copier *copier = slow_copier();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	pthread_t thread;

	(void)state;
	job.flags = LOV_COPY_NO_SHARE;
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, copier), 0);
	assert_int_equal(lov_copy_file(copier, &job, NULL), -ECANCELED);
	pthread_join(thread, NULL);
	assert_int_equal(lov_copy_file(copier, &job, NULL), -ECANCELED);
	files_close(&f);
	lov_copier_free(copier);
}

/* Also where somebody watches: nothing is begun any more. */
static void a_stopped_copier_begins_nothing(void **state)
{
	struct lov_copier *copier = copier_new();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	struct seen s = { .thread = pthread_self() };
	struct lov_copy_result r = LOV_COPY_RESULT_INIT;

	(void)state;
	job.progress = see;
	job.cookie = &s;
	lov_copier_stop(copier);
	assert_int_equal(lov_copy_file(copier, &job, &r), -ECANCELED);
	assert_int_equal(r.copied_bytes, 0);
	assert_int_equal(size_of(f.dst), 0);
	assert_int_equal(s.calls, 0);
	files_close(&f);
	lov_copier_free(copier);
}

/* And not as often as it is looked at whether to stop. */
static void progress_is_told_as_often_as_asked(void **state)
{
	struct lov_copier *copier = slow_copier();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	struct seen s = { .thread = pthread_self() };

	(void)state;
	job.flags = LOV_COPY_NO_SHARE;
	job.progress = see;
	job.interval_ms = 60000;
	job.cookie = &s;
	assert_int_equal(lov_copy_file(copier, &job, NULL), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.last, BYTES);
	files_close(&f);
	lov_copier_free(copier);
}

/* What the source hasn't is no part of the total. */
static void progress_ends_with_the_source(void **state)
{
	static const size_t offsets[] = { 0, BYTES - 100, BYTES, BYTES + 5 };
	struct lov_copier *copier = copier_new();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct seen s = { .thread = pthread_self() };
		uint64_t want = offsets[i] < BYTES ? BYTES - offsets[i] : 0;
		struct lov_copy_result r = LOV_COPY_RESULT_INIT;

		job.progress = see;
		job.cookie = &s;
		job.src_offset = offsets[i];
		job.len_bytes = INT64_MAX / 2;
		assert_int_equal(lov_copy_range(copier, &job, &r), 0);
		assert_int_equal(r.copied_bytes, want);
		assert_int_equal(sum_of(&r), want);
		assert_int_equal(s.total, want);
		assert_int_equal(s.last, want);
	}
	files_close(&f);
	lov_copier_free(copier);
}

/* A newer program's result: its own fields are 0; nothing after it is touched. */
static void a_result_of_a_newer_version(void **state)
{
	struct {
		struct lov_copy_result r;
		uint64_t newer, after;
	} longer;
	struct lov_copier *copier = copier_new();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);

	(void)state;
	memset(&longer, 0xff, sizeof(longer));
	longer.r.struct_size = sizeof(longer) - sizeof(longer.after);
	assert_int_equal(lov_copy_file(copier, &job, &longer.r), 0);
	assert_int_equal(longer.r.struct_size, sizeof(longer) - sizeof(longer.after));
	assert_int_equal(longer.r.copied_bytes, BYTES);
	assert_int_equal(sum_of(&longer.r), BYTES);
	assert_int_equal(longer.newer, 0);
	assert_int_equal(longer.after, UINT64_MAX);
	files_close(&f);
	lov_copier_free(copier);
}

/* A struct_size that no version ever had is a struct that nobody has initialised. */
static void sizes_that_cannot_be(void **state)
{
	const size_t sizes[] = { 0, sizeof(struct lov_copy_result) - 1, SIZE_MAX / 2 };
	struct lov_copier_options options = LOV_COPIER_OPTIONS_INIT;
	struct lov_copier *copier = copier_new(), *other;
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);

	(void)state;
	job.struct_size = SIZE_MAX / 2;
	assert_refused(lov_copy_file(copier, &job, NULL), "struct_size");
	/* Without descriptors it would be standard input. */
	job.struct_size = sizeof(size_t);
	assert_refused(lov_copy_file(copier, &job, NULL), "struct_size");
	options.struct_size = SIZE_MAX / 2;
	assert_refused(lov_copier_new(&options, &other), "struct_size");
	/* Nothing is written to a result that isn't initialised, and nothing is copied. */
	job = job_of(&f);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct lov_copy_result r = { .struct_size = sizes[i], .copied_bytes = 7 };

		assert_refused(lov_copy_file(copier, &job, &r), "struct_size");
		assert_int_equal(r.copied_bytes, 7);
		assert_int_equal(size_of(f.dst), 0);
	}
	files_close(&f);
	lov_copier_free(copier);
}

/* What failed says what it did: the parts add up also then. */
static void a_failure_is_accounted_for(void **state)
{
	struct lov_copier *copier = slow_copier();
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);
	struct seen s = { .thread = pthread_self(), .stop_at = 5 };
	struct lov_copy_result r = LOV_COPY_RESULT_INIT;

	(void)state;
	job.flags = LOV_COPY_NO_SHARE;
	job.progress = see;
	job.interval_ms = 50;
	job.cookie = &s;
	assert_int_equal(lov_copy_file(copier, &job, &r), -ECANCELED);
	assert_true(r.copied_bytes > 0 && r.copied_bytes < BYTES);
	assert_int_equal(sum_of(&r), r.copied_bytes);
	assert_int_equal(r.verified_bytes, 0);
	assert_true(r.elapsed_ns > 0);
	files_close(&f);
	lov_copier_free(copier);
}

static void *copy_one(void *arg)
{
	struct files f = files_new();
	struct lov_copy_job job = job_of(&f);

	job.flags = LOV_COPY_VERIFY;
	assert_int_equal(lov_copy_file(arg, &job, NULL), 0);
	assert_has(&f, 0, 0, BYTES);
	files_close(&f);
	return NULL;
}

static void several_threads_share_a_copier(void **state)
{
	struct lov_copier *copier = copier_new();
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, copy_one, copier), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	lov_copier_free(copier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_copied_and_verified),
		cmocka_unit_test(a_range_leaves_the_rest_alone),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(structs_of_other_versions),
		cmocka_unit_test(progress_is_told_and_can_stop_it),
		cmocka_unit_test(a_copier_can_be_stopped_for_good),
		cmocka_unit_test(a_stopped_copier_begins_nothing),
		cmocka_unit_test(progress_is_told_as_often_as_asked),
		cmocka_unit_test(progress_ends_with_the_source),
		cmocka_unit_test(a_result_of_a_newer_version),
		cmocka_unit_test(sizes_that_cannot_be),
		cmocka_unit_test(a_failure_is_accounted_for),
		cmocka_unit_test(several_threads_share_a_copier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
