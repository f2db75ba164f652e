/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many files of a command: each is worked on once, by one thread or by several; what fails is
 * counted and listed, the others go on; and after a stop those that weren't reached are listed too.
 */
#include "unit.h"

#include "base/error.h"
#include "cli/error_list.h"
#include "cli/file_jobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sched.h>
#include <unistd.h>

#define FILES 200

static const struct verb verb = { .name = "test" };
static char dir[64], names[96], list[96];
static char *no_operands[] = { NULL };

static atomic_bool stop;
static atomic_uint seen[FILES], stop_after;

static int make_dir(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%.40s/jobs-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(names, sizeof(names), "%s/names", dir);
	snprintf(list, sizeof(list), "%s/list", dir);
	/* What is complained of is wanted here. */
	return freopen("/dev/null", "w", stderr) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(names);
	unlink(list);
	return rmdir(dir);
}

static int reset(void **state)
{
	(void)state;
	atomic_store(&stop, false);
	atomic_store(&stop_after, FILES + 1);
	memset(seen, 0, sizeof(seen));
	unlink(list);
	return 0;
}

static void write_names(void)
{
	FILE *f = fopen(names, "we");

	assert_non_null(f);
	for (unsigned int i = 0; i < FILES; i++)
		fprintf(f, "file %u\n", i);
	fclose(f);
}

static unsigned int number_of(const char *path)
{
	unsigned int i;

	assert_int_equal(sscanf(path, "file %u", &i), 1);
	assert_in_range(i, 0, FILES - 1);
	return i;
}

/* Every fifth file fails. */
static int one(void *cookie, const char *path, uint64_t position)
{
	unsigned int i = number_of(path);

	(void)cookie;
	assert_int_equal(i, position);
	sched_yield();
	atomic_fetch_add(&seen[i], 1);
	if (i >= atomic_load(&stop_after))
		atomic_store(&stop, true);
	return i % 5 ? 0 : fail(-EIO, "made to fail");
}

static int open_list(struct error_list *l, const char *path, bool nul)
{
	return error_list_open(l, &verb, &(struct error_list_request){ path, nul, &stop });
}

static int run(unsigned int jobs, bool nul)
{
	struct file_jobs req = {
		.verb = &verb, .names_path = names, .jobs = jobs, .stop = &stop, .one = one
	};
	struct path_list paths;
	struct error_list errors;
	int status;

	assert_int_equal(path_list_open(&paths, no_operands, names, false), 0);
	assert_int_equal(open_list(&errors, list, nul), 0);
	req.errors = &errors;
	status = file_jobs_run(&req, &paths);
	assert_int_equal(error_list_close(&errors), 0);
	path_list_close(&paths);
	return status;
}

/* Which files the list names; each once. */
static unsigned int read_list(bool listed[FILES], bool nul)
{
	struct path_list paths;
	const char *path;
	unsigned int n = 0;

	memset(listed, 0, FILES * sizeof(*listed));
	assert_int_equal(path_list_open(&paths, no_operands, list, nul), 0);
	for (; path_list_next(&paths, &path) > 0; n++) {
		unsigned int i = number_of(path);

		assert_false(listed[i]);
		listed[i] = true;
	}
	path_list_close(&paths);
	return n;
}

static void every_file_is_tried_and_failures_are_listed(void **state)
{
	static const unsigned int jobs[] = { 1, 2, 16 };
	bool listed[FILES];

	(void)state;
	write_names();
	for (size_t j = 0; j < ARRAY_SIZE(jobs); j++) {
		reset(NULL);
		assert_int_equal(run(jobs[j], j == 1), STATUS_PARTLY);
		assert_int_equal(read_list(listed, j == 1), FILES / 5);
		for (unsigned int i = 0; i < FILES; i++) {
			assert_int_equal(atomic_load(&seen[i]), 1);
			assert_int_equal(listed[i], i % 5 == 0);
		}
	}
}

static void after_a_stop_the_rest_is_listed(void **state)
{
	static const unsigned int jobs[] = { 1, 7 };
	bool listed[FILES];

	(void)state;
	write_names();
	for (size_t j = 0; j < ARRAY_SIZE(jobs); j++) {
		unsigned int tried = 0;

		reset(NULL);
		atomic_store(&stop_after, FILES / 2);
		run(jobs[j], false);
		read_list(listed, false);
		for (unsigned int i = 0; i < FILES; i++) {
			tried += atomic_load(&seen[i]);
			assert_int_equal(listed[i], !atomic_load(&seen[i]) || i % 5 == 0);
		}
		assert_in_range(tried, FILES / 2, FILES - 1);
	}
}

/* ---- the list alone ---- */

static unsigned int entries(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void a_list_is_empty_where_all_went_well_and_replaces_the_old_one(void **state)
{
	struct error_list errors;
	struct stat st;
	FILE *old = fopen(list, "we");

	(void)state;
	fputs("old\n", old);
	fclose(old);
	assert_int_equal(open_list(&errors, list, false), 0);
	assert_int_equal(stat(list, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(error_list_close(&errors), 0);
	assert_int_equal(stat(list, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(open_list(&errors, NULL, false), 0);
	error_list_add(&errors, "x");
	assert_int_equal(error_list_close(&errors), 0);
}

static void a_name_with_a_newline_is_listed_with_nul_only(void **state)
{
	static const char odd[] = "a\nb";
	struct error_list errors;
	char got[16];
	int fd;

	(void)state;
	assert_int_equal(open_list(&errors, list, false), 0);
	error_list_add(&errors, odd);
	error_list_add(&errors, "c");
	assert_int_equal(error_list_close(&errors), 0);
	fd = open(list, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, sizeof(got)), 2);
	assert_memory_equal(got, "c\n", 2);
	close(fd);
	assert_int_equal(open_list(&errors, list, true), 0);
	error_list_add(&errors, odd);
	assert_int_equal(error_list_close(&errors), 0);
	fd = open(list, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, sizeof(got)), sizeof(odd));
	assert_memory_equal(got, odd, sizeof(odd));
	close(fd);
}

static void a_list_that_cannot_be_made_is_an_error_at_once(void **state)
{
	struct error_list errors;
	unsigned int before = entries();
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/none/list", dir);
	assert_int_equal(open_list(&errors, path, false), -ENOENT);
	assert_int_equal(open_list(&errors, dir, false), -EISDIR);
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("target", path), 0);
	assert_int_equal(open_list(&errors, path, false), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_list(&errors, "/dev/full", false), 0);
	error_list_add(&errors, "x");
	assert_true(error_list_close(&errors) < 0);
	assert_int_equal(access("/dev/full", F_OK), 0);
	assert_int_equal(entries(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_file_is_tried_and_failures_are_listed, reset),
		cmocka_unit_test_setup(after_a_stop_the_rest_is_listed, reset),
		cmocka_unit_test_setup(a_list_is_empty_where_all_went_well_and_replaces_the_old_one,
				       reset),
		cmocka_unit_test_setup(a_name_with_a_newline_is_listed_with_nul_only, reset),
		cmocka_unit_test_setup(a_list_that_cannot_be_made_is_an_error_at_once, reset),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
