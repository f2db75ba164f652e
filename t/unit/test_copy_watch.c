/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is seen of a command that copies: sums that are right whatever the order of begin, progress
 * and end; the rate of the last seconds; the text of the line; and that files of many threads come
 * out as whole lines.
 */
#include "unit.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/copy_count.h"
#include "cli/copy_watch.h"
#include "cli/progress_line.h"
#include "cli/rate_meter.h"
#include "random.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the rate ---- */

static void the_rate_is_of_the_last_seconds(void **state)
{
	struct rate_meter m;
	uint64_t now = 1000 * NS_PER_S, bytes = 0;

	(void)state;
	rate_meter_init(&m, now);
	assert_int_equal(rate_meter_get(&m, now, 0), 0);
	for (int i = 0; i < 200; i++, now += NS_PER_S / 10)
		rate_meter_add(&m, now, bytes += MIB);
	assert_in_range(rate_meter_get(&m, now, bytes), 9 * MIB, 11 * MIB);
	for (int i = 0; i < 200; i++, now += NS_PER_S / 10)
		rate_meter_add(&m, now, bytes += 100 * MIB);
	assert_in_range(rate_meter_get(&m, now, bytes), 950 * MIB, 1050 * MIB);
	for (int i = 0; i < 100; i++, now += NS_PER_S / 10)
		rate_meter_add(&m, now, bytes);
	assert_int_equal(rate_meter_get(&m, now, bytes), 0);
	assert_int_equal(rate_meter_get(&m, now, 0), 0);
}

/* ---- sums ---- */

#define FILES 50

static void sums_are_right_in_any_order(void **state)
{
	struct random_source r = random_start("sums_are_right_in_any_order");
	struct copy_watch_file files[FILES];
	uint64_t sizes[FILES], done = 0, total = 0, bad = 0;
	struct progress_state s;
	struct copy_count c;

	(void)state;
	copy_count_init(&c, 0);
	for (unsigned int i = 0; i < FILES; i++) {
		sizes[i] = random_range(&r, 0, 100);
		c.expected++;
		c.expected_bytes += sizes[i];
	}
	c.all_expected = true;
	for (unsigned int i = 0; i < FILES; i++) {
		files[i] = (struct copy_watch_file){ .path = "f", .total_bytes = sizes[i] };
		copy_count_begin(&c, &files[i]);
		if (random_range(&r, 0, 2)) {
			uint64_t grown = sizes[i] * random_range(&r, 1, 3);

			copy_count_progress(&c, &files[i], 0, sizes[i]);
			copy_count_progress(&c, &files[i], random_range(&r, 0, grown), grown);
		}
		s = copy_count_state(&c, 0);
		assert_true(s.done_bytes <= s.total_bytes);
		assert_int_equal(s.total_files, FILES);
	}
	for (unsigned int n = FILES; n > 0; n--) {
		unsigned int i = (unsigned int)random_range(&r, 0, n - 1);
		struct copy_watch_file f = files[i], *at = &files[i];
		bool good = random_range(&r, 0, 3);

		if (good && f.told)
			copy_count_progress(&c, at, f.total_bytes, f.total_bytes);
		copy_count_end(&c, at, good);
		done += at->done_bytes;
		total += good ? at->total_bytes : at->done_bytes;
		bad += !good;
		if (good)
			assert_int_equal(at->done_bytes, at->total_bytes);
		/* Files are linked to one another: the last one takes this one's place. */
		if (i != n - 1) {
			files[i] = files[n - 1];
			*(files[i].prev ? &files[i].prev->next : &c.first) = &files[i];
			*(files[i].next ? &files[i].next->prev : &c.last) = &files[i];
		}
	}
	s = copy_count_state(&c, 0);
	assert_null(c.first);
	assert_int_equal(s.done_bytes, done);
	assert_int_equal(s.total_bytes, total);
	assert_int_equal(s.done_bytes, s.total_bytes);
	assert_int_equal(s.done_files, FILES);
	assert_int_equal(c.bad, bad);
}

static void totals_grow_with_what_is_found(void **state)
{
	struct copy_watch_file f = { .path = "f", .total_bytes = 100 };
	struct copy_count c;

	(void)state;
	copy_count_init(&c, 0);
	copy_count_begin(&c, &f);
	assert_int_equal(copy_count_state(&c, 0).total_bytes, 100);
	assert_false(copy_count_state(&c, 0).total_known);
	c.expected = 1;
	c.expected_bytes = 100;
	assert_int_equal(copy_count_state(&c, 0).total_bytes, 100);
	c.expected = 2;
	c.expected_bytes = 250;
	assert_int_equal(copy_count_state(&c, 0).total_bytes, 250);
	assert_int_equal(copy_count_state(&c, 0).total_files, 2);
}

/* ---- the line ---- */

static void the_line_says_what_is_known(void **state)
{
	struct progress_state s = { .name = "dir/file",
				    .done_bytes = MIB,
				    .total_bytes = 4 * MIB,
				    .total_files = 1,
				    .total_known = true,
				    .rate_bytes = MIB };
	char buf[PROGRESS_TEXT_MAX];
	uint64_t left;

	(void)state;
	assert_string_equal(progress_line_text(buf, 80, &s),
			    "dir/file  25% 1.0M/4.0M 1.0M/s 0:03 left");
	assert_string_equal(progress_line_text(buf, 38, &s),
			    "...le  25% 1.0M/4.0M 1.0M/s 0:03 left");
	s.total_files = 300;
	s.done_files = 7;
	assert_string_equal(progress_line_text(buf, 80, &s),
			    "dir/file 7/300 files  25% 1.0M/4.0M 1.0M/s 0:03 left");
	s.rate_bytes = 0;
	assert_false(progress_line_seconds_left(&s, &left));
	assert_string_equal(progress_line_text(buf, 80, &s),
			    "dir/file 7/300 files  25% 1.0M/4.0M 0/s -:-- left");
	s.total_known = false;
	s.rate_bytes = MIB;
	assert_string_equal(progress_line_text(buf, 80, &s), "dir/file 7 files 1.0M 1.0M/s");
	s.name = "a\nb\033[2J";
	assert_null(strpbrk(progress_line_text(buf, 80, &s), "\n\033"));
}

/* ---- all of it ---- */

#define THREADS 8
#define FILES_EACH 40

static struct copy_watch *watch;

static void *copy_files(void *arg)
{
	unsigned int thread = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < FILES_EACH; i++) {
		struct copy_watch_file f;
		char path[32];

		snprintf(path, sizeof(path), "file-%u-%u", thread, i);
		copy_watch_begin(watch, &f, path, 1000);
		copy_watch_progress(500, 1000, &f);
		usleep(500);
		copy_watch_progress(1000, 1000, &f);
		copy_watch_end(&f, i ? 0 : -EIO, i ? NULL : "broken", NULL);
	}
	return NULL;
}

static void look(struct copy_watch *w, void *cookie)
{
	(void)cookie;
	copy_watch_expect(w, THREADS * FILES_EACH, 1000 * THREADS * FILES_EACH);
	copy_watch_expect_no_more(w);
}

/* Standard output of what run() prints. The caller's. */
static char *output_of(void (*run)(void))
{
	char path[] = "/tmp/watch-XXXXXX";
	int fd = mkstemp(path), saved = dup(STDOUT_FILENO);
	char *text;
	off_t len;

	assert_true(fd >= 0);
	unlink(path);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	run();
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	len = lseek(fd, 0, SEEK_END);
	text = calloc(1, (size_t)len + 1);
	assert_int_equal(pread(fd, text, (size_t)len, 0), len);
	close(fd);
	return text;
}

static struct copy_watch_options options;

static void run_threads(void)
{
	pthread_t threads[THREADS];

	assert_int_equal(copy_watch_new(&options, &watch), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, copy_files, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	copy_watch_free(watch);
}

static uint64_t number(const json_t *j, const char *key)
{
	assert_true(json_is_integer(json_object_get(j, key)));
	return (uint64_t)json_integer_value(json_object_get(j, key));
}

struct tallied {
	unsigned int begins, ends, errors, dones;
	uint64_t bytes;
};

static void count_event(const json_t *j, struct tallied *t)
{
	const char *event = json_string_value(json_object_get(j, "event"));
	const json_t *all = json_object_get(j, "all");

	assert_true(number(all, "bytes_done") <= number(all, "bytes_total"));
	assert_true(number(all, "files_done") <= number(all, "files_total"));
	if (strcmp(event, "begin") == 0) {
		t->begins++;
	} else if (strcmp(event, "end") == 0) {
		t->ends++;
		t->errors += json_object_get(j, "error") != NULL;
		t->bytes += number(j, "bytes_done");
		assert_int_equal(number(all, "files_done"), t->ends);
	} else if (strcmp(event, "done") == 0) {
		t->dones++;
		assert_int_equal(number(all, "files_done"), t->ends);
		assert_int_equal(number(all, "files_failed"), t->errors);
		assert_int_equal(number(all, "files_total"), t->ends);
		assert_int_equal(number(all, "bytes_done"), t->bytes);
		assert_int_equal(number(all, "bytes_total"), t->bytes);
	} else {
		assert_string_equal(event, "progress");
	}
}

static void events_of_many_threads_are_whole_and_in_order(void **state)
{
	char *text, *line, *rest;
	struct tallied t = { 0 };

	(void)state;
	options = (struct copy_watch_options){ .verb = "test",
					       .events = true,
					       .several = true,
					       .every_ns = 20 * NS_PER_MS,
					       .look_ahead = look };
	text = output_of(run_threads);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *j = json_loads(line, 0, NULL);

		assert_non_null(j);
		count_event(j, &t);
		json_decref(j);
	}
	assert_int_equal(t.begins, THREADS * FILES_EACH);
	assert_int_equal(t.ends, THREADS * FILES_EACH);
	assert_int_equal(t.errors, THREADS);
	assert_int_equal(t.dones, 1);
	free(text);
}

static void stats_of_several_files_are_documents_of_one_file_each(void **state)
{
	char *text, *line, *rest;
	unsigned int documents = 0, lines = 0;
	bool titled = false;

	(void)state;
	options = (struct copy_watch_options){
		.verb = "test", .stats = true, .several = true, .every_ns = NS_PER_S
	};
	text = output_of(run_threads);
	assert_non_null(strstr(text, "--- # file-0-0\n- {"));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "--- # ", 6) == 0) {
			assert_false(titled);
			titled = true;
			documents++;
			continue;
		}
		assert_int_equal(strncmp(line, "- { seconds: ", 13), 0);
		assert_non_null(strstr(line, "pct: 100 }"));
		titled = false;
		lines++;
	}
	assert_int_equal(documents, THREADS * FILES_EACH + 1);
	assert_int_equal(lines, documents);
	free(text);
}

static void run_and_ask(void)
{
	struct copy_watch_file f;

	assert_int_equal(copy_watch_new(&options, &watch), 0);
	copy_watch_begin(watch, &f, "the file", 1000);
	copy_watch_progress(250, 1000, &f);
	for (int i = 0; i < 3; i++) {
		kill(getpid(), SIGUSR1);
		usleep(250000);
	}
	copy_watch_end(&f, 0, NULL, NULL);
	copy_watch_free(watch);
}

static void a_signal_gets_a_line(void **state)
{
	char path[] = "/tmp/watch-XXXXXX", text[512] = "";
	int fd = mkstemp(path), saved = dup(STDERR_FILENO);
	unsigned int lines = 0;

	(void)state;
	unlink(path);
	options = (struct copy_watch_options){ .verb = "test" };
	dup2(fd, STDERR_FILENO);
	run_and_ask();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	close(fd);
	assert_int_equal(strncmp(text, "lov test: 'the file' 250 ", 25), 0);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_is_of_the_last_seconds),
		cmocka_unit_test(sums_are_right_in_any_order),
		cmocka_unit_test(totals_grow_with_what_is_found),
		cmocka_unit_test(the_line_says_what_is_known),
		cmocka_unit_test(events_of_many_threads_are_whole_and_in_order),
		cmocka_unit_test(stats_of_several_files_are_documents_of_one_file_each),
		cmocka_unit_test(a_signal_gets_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
