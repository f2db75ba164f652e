/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "base/sys.h"
#include "mdt/mdt.h"
#include "ost/ost_format.h"
#include "testfs.h"
#include "volume/format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OSTS 3
#define PATH_LEN 160

/* A directory with `mdt` and `ost0` to `ost2` in it, all empty. */
struct site {
	char base[64];
	char mdt[PATH_LEN];
	char ost[OSTS][PATH_LEN];
};

static void at_base(const struct site *s, char path[PATH_LEN], const char *name)
{
	snprintf(path, PATH_LEN, "%s/%s", s->base, name);
}

static int site_setup(void **state)
{
	struct site *s = calloc(1, sizeof(*s));
	struct testfs fs;
	char name[16];

	if (!s || !testfs_make_plain_xattrs(&fs, s->base))
		return -1;
	close(fs.dirfd);
	at_base(s, s->mdt, "mdt");
	if (chmod(s->base, 0755) || mkdir(s->mdt, 0755))
		return -1;
	for (int i = 0; i < OSTS; i++) {
		snprintf(name, sizeof(name), "ost%d", i);
		at_base(s, s->ost[i], name);
		if (mkdir(s->ost[i], 0755))
			return -1;
	}
	*state = s;
	return 0;
}

static int site_teardown(void **state)
{
	struct site *s = *state;

	testfs_remove_plain(s->base);
	free(s);
	return 0;
}

/* How many entries a directory has, -1 where there is no such directory. */
static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = -2; /* . and .. */

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void assert_untouched(const struct site *s)
{
	assert_int_equal(entries(s->mdt), 0);
	for (int i = 0; i < OSTS; i++)
		assert_int_equal(entries(s->ost[i]), 0);
}

static void make_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_LEN + 32];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Formats the MDT and the given OSTs, up to a NULL. */
static int format(const struct site *s, struct conf *conf, bool unprivileged,
		  const char *const osts[])
{
	*conf = (struct conf){ 0 };
	assert_int_equal(conf_set_fsname(conf, "demo"), 0);
	for (; *osts; osts++)
		assert_int_equal(conf_add_ost(conf, *osts), 0);
	assert_int_equal(conf_add_pool(conf, "flash=0"), 0);
	return format_volume(s->mdt, conf, unprivileged);
}

static int format_all(const struct site *s, struct conf *conf, bool unprivileged)
{
	const char *osts[OSTS + 1] = { s->ost[0], s->ost[1], s->ost[2] };

	return format(s, conf, unprivileged, osts);
}

/* Not every file system that tests may run on can hold a volume: then that's said. */
static void format_or_skip(const struct site *s, struct conf *conf, bool unprivileged)
{
	int err = format_all(s, conf, unprivileged);

	if (err == -EOPNOTSUPP) {
		printf("skipped: %s\n", error_text(err));
		conf_release(conf);
		skip();
	}
	if (err)
		fail_msg("%s", error_text(err));
}

static void assert_whole(const struct site *s, const struct conf *conf)
{
	int fd = open(s->mdt, O_RDONLY | O_DIRECTORY);
	struct ost_label label;
	char path[PATH_LEN];
	struct conf read;
	struct mdt *mdt;
	size_t len;
	char *text;

	assert_int_equal(sys_read_file(fd, "volume.conf", 65536, &text, &len), 0);
	close(fd);
	assert_int_equal(conf_parse(text, len, &read), 0);
	free(text);
	assert_string_equal(read.uuid, conf->uuid);
	assert_int_equal(read.privileged, conf->privileged);
	assert_int_equal(read.ost_count, OSTS);
	for (uint32_t i = 0; i < OSTS; i++) {
		assert_int_equal(ost_format_label(read.osts[i].path, &label), 0);
		assert_int_equal(label.index, i);
		assert_string_equal(label.uuid, conf->uuid);
	}
	conf_release(&read);
	assert_int_equal(mdt_open(s->mdt, conf->privileged, &mdt), 0);
	mdt_free(mdt);
	at_base(s, path, "mdt/PENDING");
	assert_int_equal(entries(path), 0);
	at_base(s, path, "mdt/ROOT");
	assert_int_equal(entries(path), 0);
}

/* Makes the directories of a volume empty again. */
static void wipe(const struct site *s)
{
	char command[256];

	snprintf(command, sizeof(command), "find '%s' -mindepth 2 -delete", s->base);
	assert_int_equal(system(command), 0);
	assert_untouched(s);
}

static void a_volume_is_made(void **state)
{
	const struct site *s = *state;
	char first[OST_UUID_MAX];
	struct conf conf;

	format_or_skip(s, &conf, false);
	assert_whole(s, &conf);
	assert_int_equal(conf.privileged, geteuid() == 0);
	assert_int_equal(conf.uuid[14], '4');
	assert_non_null(strchr("89ab", conf.uuid[19]));
	memcpy(first, conf.uuid, sizeof(first));
	conf_release(&conf);
	wipe(s);
	format_or_skip(s, &conf, true);
	assert_whole(s, &conf);
	assert_false(conf.privileged);
	assert_string_not_equal(conf.uuid, first);
	conf_release(&conf);
}

static void lost_and_found_may_be_there(void **state)
{
	const struct site *s = *state;
	char path[PATH_LEN];
	struct conf conf;

	at_base(s, path, "mdt/lost+found");
	assert_int_equal(mkdir(path, 0700), 0);
	at_base(s, path, "ost1/lost+found");
	assert_int_equal(mkdir(path, 0700), 0);
	format_or_skip(s, &conf, true);
	assert_whole(s, &conf);
	conf_release(&conf);
}

/* Formatting fails with that error, a message that says all of the words up to a NULL, and no OST
 * is touched. */
static void assert_refused(const struct site *s, const char *const osts[], int want, ...)
{
	struct conf conf;
	int err = format(s, &conf, true, osts);
	const char *word;
	va_list words;

	conf_release(&conf);
	if (err != want)
		fail_msg("%d instead of %d: %s", err, want, err ? error_text(err) : "formatted");
	va_start(words, want);
	while ((word = va_arg(words, const char *))) {
		if (!strstr(error_text(err), word))
			fail_msg("'%s' lacks '%s'", error_text(err), word);
	}
	va_end(words);
	assert_int_equal(entries(s->ost[0]), 0);
}

static void what_is_no_directory_is_refused(void **state)
{
	const struct site *s = *state;
	char path[PATH_LEN];

	at_base(s, path, "gone");
	assert_refused(s, (const char *[]){ s->ost[0], path, NULL }, -ENOENT, path,
		       "no such directory", NULL);
	make_file(s->base, "file", "");
	at_base(s, path, "file");
	assert_refused(s, (const char *[]){ s->ost[0], path, NULL }, -ENOTDIR, path,
		       "not a directory", NULL);
	assert_untouched(s);
	assert_int_equal(rmdir(s->mdt), 0);
	assert_refused(s, (const char *[]){ s->ost[0], NULL }, -ENOENT, s->mdt, "no such directory",
		       NULL);
}

static void used_directories_are_refused(void **state)
{
	const struct site *s = *state;
	const char *osts[] = { s->ost[0], s->ost[1], NULL };

	make_file(s->ost[1], "notes", "mine");
	assert_refused(s, osts, -ENOTEMPTY, s->ost[1], "not empty", "'notes'", NULL);
	assert_int_equal(entries(s->ost[1]), 1);
	assert_int_equal(entries(s->mdt), 0);
	make_file(s->ost[1], "label", "mine");
	assert_refused(s, osts, -EEXIST, s->ost[1], "label", NULL);
	osts[1] = s->ost[2];
	make_file(s->mdt, "ROOT", "");
	assert_refused(s, osts, -ENOTEMPTY, s->mdt, "not empty", "'ROOT'", NULL);
	assert_int_equal(entries(s->ost[2]), 0);
}

static void other_volumes_are_left_alone(void **state)
{
	const struct site *s = *state;
	const char *osts[] = { s->ost[0], NULL, NULL };
	struct site other = *s;
	char path[PATH_LEN], says[PATH_LEN * 2];
	struct conf conf;
	int err;

	at_base(s, other.mdt, "mdt2");
	assert_int_equal(mkdir(other.mdt, 0755), 0);
	err = format(&other, &conf, true, (const char *[]){ s->ost[1], s->ost[2], NULL });
	if (err == -EOPNOTSUPP) {
		printf("skipped: %s\n", error_text(err));
		conf_release(&conf);
		skip();
	}
	assert_int_equal(err, 0);
	snprintf(says, sizeof(says), "%s is OST 1 of volume %s", s->ost[2], conf.uuid);
	conf_release(&conf);
	osts[1] = s->ost[2];
	assert_refused(s, osts, -EEXIST, says, NULL);
	snprintf(says, sizeof(says), "%s is the MDT of a volume", other.mdt);
	osts[1] = other.mdt;
	assert_refused(s, osts, -EEXIST, says, NULL);
	osts[1] = NULL;
	assert_refused(&other, osts, -EEXIST, says, NULL);
	at_base(s, path, "mdt2/ROOT");
	assert_int_equal(entries(path), 0);
	assert_int_equal(entries(s->mdt), 0);
}

static void the_same_directory_twice_is_refused(void **state)
{
	const struct site *s = *state;
	const char *osts[] = { s->ost[0], s->ost[1], NULL, NULL };
	char path[PATH_LEN];

	at_base(s, path, "link");
	assert_int_equal(symlink("ost1", path), 0);
	osts[2] = path;
	assert_refused(s, osts, -EINVAL, s->ost[1], path, "OST 1", "OST 2", "same directory", NULL);
	osts[2] = s->mdt;
	assert_refused(s, osts, -EINVAL, s->mdt, "the MDT", "OST 2", "same directory", NULL);
	assert_untouched(s);
}

static void directories_inside_one_another_are_refused(void **state)
{
	const struct site *s = *state;
	const char *osts[] = { s->ost[0], NULL, NULL, NULL };
	char path[PATH_LEN];

	at_base(s, path, "mdt/ost");
	assert_int_equal(mkdir(path, 0755), 0);
	osts[1] = path;
	assert_refused(s, osts, -EINVAL, path, s->mdt, "OST 1", "lies inside", NULL);
	assert_int_equal(rmdir(path), 0);
	at_base(s, path, "ost1/../ost1/deep");
	assert_int_equal(mkdir(path, 0755), 0);
	osts[2] = s->ost[1];
	assert_refused(s, osts, -EINVAL, path, s->ost[1], "lies inside", NULL);
	osts[1] = s->base;
	osts[2] = NULL;
	assert_refused(s, osts, -EINVAL, s->base, "lies inside", NULL);
	osts[1] = "/";
	assert_refused(s, osts, -EINVAL, "lies inside / (OST 1)", NULL);
}

/* "ost1" and "ost10" begin alike, and are beside one another. */
static void names_may_begin_alike(void **state)
{
	const struct site *s = *state;
	char path[PATH_LEN];
	struct conf conf;
	int err;

	at_base(s, path, "ost10");
	assert_int_equal(mkdir(path, 0755), 0);
	err = format(s, &conf, true, (const char *[]){ s->ost[1], path, NULL });
	conf_release(&conf);
	if (err && err != -EOPNOTSUPP)
		fail_msg("%s", error_text(err));
}

static void an_incomplete_conf_is_refused(void **state)
{
	const struct site *s = *state;
	struct conf conf = { 0 };

	assert_int_equal(conf_set_fsname(&conf, "demo"), 0);
	assert_int_equal(format_volume(s->mdt, &conf, true), -EINVAL);
	conf.fsname[0] = '\0';
	assert_int_equal(conf_add_ost(&conf, s->ost[0]), 0);
	assert_int_equal(format_volume(s->mdt, &conf, true), -EINVAL);
	conf_release(&conf);
	assert_untouched(s);
}

static void what_cant_be_written_is_refused(void **state)
{
	const struct site *s = *state;
	const char *osts[] = { s->ost[0], s->ost[1], NULL };
	uid_t me = geteuid(), user = me ? me : 65534;

	assert_int_equal(chown(s->mdt, user, (gid_t)-1), 0);
	assert_int_equal(chown(s->ost[0], user, (gid_t)-1), 0);
	assert_int_equal(chown(s->ost[1], user, (gid_t)-1), 0);
	assert_int_equal(chmod(s->ost[1], 0555), 0);
	assert_int_equal(seteuid(user), 0);
	assert_refused(s, osts, -EACCES, s->ost[1], "can't be written", NULL);
	assert_int_equal(seteuid(me), 0);
	assert_untouched(s);
}

/* Fails the call `fail_at`, counting from 0; with a positive err all calls transfer less. */
struct fault {
	unsigned int calls, fail_at;
	int err;
	char call[32]; /* the one that failed */
};

static int inject(const char *call, size_t len_bytes, void *cookie)
{
	struct fault *f = cookie;
	(void)len_bytes;

	if (f->err > 0)
		return f->err;
	if (f->calls++ != f->fail_at)
		return 0;
	snprintf(f->call, sizeof(f->call), "%s", call);
	return f->err;
}

static int format_with(const struct site *s, struct conf *conf, bool unprivileged,
		       struct fault *fault)
{
	int err;

	error_clear();
	sys_set_hook(inject, fault);
	err = format_all(s, conf, unprivileged);
	sys_set_hook(NULL, NULL);
	return err;
}

/*
 * Either it fails for the reason there was and nothing is left, or it didn't need that call and the
 * volume is whole. Where only trying tells whether a file system has something, EOPNOTSUPP can be
 * what an error is taken for.
 */
static void check_fault(const struct site *s, const struct fault *f, int err,
			const struct conf *conf)
{
	if (!err) {
		assert_whole(s, conf);
		wipe(s);
		return;
	}
	if (err != f->err && err != -EOPNOTSUPP)
		fail_msg("call %u (%s): %d, %s", f->fail_at, f->call, err, error_text(err));
	if (!strstr(error_text(err), s->base))
		fail_msg("call %u (%s): '%s' names no directory", f->fail_at, f->call,
			 error_text(err));
	assert_untouched(s);
}

static unsigned int sweep(const struct site *s, int err, bool unprivileged)
{
	struct fault f;
	unsigned int i = 0;

	do {
		struct conf conf;

		f = (struct fault){ .fail_at = i++, .err = err };
		check_fault(s, &f, format_with(s, &conf, unprivileged, &f), &conf);
		conf_release(&conf);
	} while (f.calls > f.fail_at);
	return i;
}

static void every_call_may_fail(void **state)
{
	static const int errs[] = { -EIO, -ENOSPC };
	const struct site *s = *state;
	struct conf conf;

	format_or_skip(s, &conf, true);
	conf_release(&conf);
	wipe(s);
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		unsigned int calls = sweep(s, errs[i], false) + sweep(s, errs[i], true);

		printf("%u calls failed with %s\n", calls - 2, strerror(-errs[i]));
		assert_in_range(calls, 50, 5000);
	}
	format_or_skip(s, &conf, false);
	assert_whole(s, &conf);
	conf_release(&conf);
}

static void short_writes_are_finished(void **state)
{
	const struct site *s = *state;
	struct fault none = { .err = SYS_HOOK_ZERO }, less = { .err = SYS_HOOK_SHORT };
	struct conf conf;
	int err;

	format_or_skip(s, &conf, true);
	conf_release(&conf);
	wipe(s);
	err = format_with(s, &conf, true, &less);
	if (err)
		fail_msg("%s", error_text(err));
	assert_whole(s, &conf);
	conf_release(&conf);
	wipe(s);
	assert_int_equal(format_with(s, &conf, true, &none), -EIO);
	conf_release(&conf);
	assert_untouched(s);
}

int main(void)
{
#define SITE_TEST(test) cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {
		SITE_TEST(a_volume_is_made),
		SITE_TEST(lost_and_found_may_be_there),
		SITE_TEST(what_is_no_directory_is_refused),
		SITE_TEST(used_directories_are_refused),
		SITE_TEST(other_volumes_are_left_alone),
		SITE_TEST(the_same_directory_twice_is_refused),
		SITE_TEST(directories_inside_one_another_are_refused),
		SITE_TEST(names_may_begin_alike),
		SITE_TEST(an_incomplete_conf_is_refused),
		SITE_TEST(what_cant_be_written_is_refused),
		SITE_TEST(every_call_may_fail),
		SITE_TEST(short_writes_are_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
