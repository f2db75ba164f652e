/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"
#include "random.h"
#include "volume/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define UUID "01234567-89ab-4cde-8f01-23456789abcd"
#define HEAD "format: 1\nfsname: demo\nuuid: " UUID "\nprivileged: true\n"
#define OSTS "osts:\n- path: /a\n- path: /b\n  no_create: true\n- path: /c\n"

static int parse(const char *text, struct conf *ret_conf)
{
	return conf_parse(text, strlen(text), ret_conf);
}

static void a_conf_is_read(void **state)
{
	static const uint32_t all[] = { 0, 1, 2 };
	const struct conf_pool *pool;
	struct conf conf;
	(void)state;

	assert_int_equal(parse("# a comment\n" HEAD OSTS
			       "pools:\n  flash: [2, 0]\n  all:\n  - 0\n  - 1\n  - 2\n",
			       &conf),
			 0);
	assert_string_equal(conf.fsname, "demo");
	assert_string_equal(conf.uuid, UUID);
	assert_true(conf.privileged);
	assert_int_equal(conf.ost_count, 3);
	assert_string_equal(conf.osts[0].path, "/a");
	assert_false(conf.osts[0].no_create);
	assert_true(conf.osts[1].no_create);
	assert_int_equal(conf.pool_count, 2);
	pool = conf_find_pool(&conf, "flash");
	assert_non_null(pool);
	assert_int_equal(pool->member_count, 2);
	assert_int_equal(pool->members[0], 0);
	assert_int_equal(pool->members[1], 2);
	assert_true(conf_pool_has(pool, 2));
	assert_false(conf_pool_has(pool, 1));
	pool = conf_find_pool(&conf, "all");
	assert_memory_equal(pool->members, all, sizeof(all));
	assert_null(conf_find_pool(&conf, "disk"));
	conf_release(&conf);
}

static void keys_come_in_any_order(void **state)
{
	struct conf conf;
	(void)state;

	assert_int_equal(parse("pools: {p: [0]}\nosts: [{no_create: false, path: /a}]\nprivileged: "
			       "false\nuuid: " UUID "\nfsname: x\nformat: 1\n",
			       &conf),
			 0);
	assert_false(conf.privileged);
	assert_int_equal(conf.pools[0].member_count, 1);
	conf_release(&conf);
}

/* Texts that aren't taken, and what the message must say. */
static const struct {
	const char *text, *says;
	int err; /* 0 = -EUCLEAN */
} bad_confs[] = {
	{ "", "empty", 0 },
	{ "# nothing\n", "empty", 0 },
	{ "- a\n", "line 1: the file is not a list", 0 },
	{ "text\n", "line 1: the file is not a list", 0 },
	{ "format: 1\n", "there is no 'fsname'", 0 },
	{ HEAD, "there is no 'osts'", 0 },
	{ OSTS, "there is no 'format'", 0 },
	{ HEAD OSTS "colour: red\n", "line 10: unknown key 'colour'", 0 },
	{ HEAD OSTS "\"osts\\0\": []\n", "line 10: unknown key", 0 },
	{ HEAD OSTS "[a, b]: c\n", "line 10: unknown key", 0 },
	{ HEAD "fsname: again\n" OSTS, "line 5: 'fsname' is given twice", 0 },
	{ HEAD OSTS "pools: {}\npools: {}\n", "line 11: 'pools' is given twice", 0 },
	{ HEAD OSTS "---\n" HEAD, "line 11: a second document", 0 },
	{ HEAD "osts:\n- path: \"/a\n", "line ", 0 },
	{ HEAD "osts:\n\t- path: /a\n", "line 6:", 0 },
	{ HEAD "osts: *there\n", "line 5: found undefined alias", 0 },
	{ HEAD "osts:\n- path: /\xff\n", "byte ", 0 },

	{ "format: 2\nfuture: yes\n", "line 1: the volume has format 2", -EPROTONOSUPPORT },
	{ "future: yes\nformat: 17\n", "line 2: the volume has format 17", -EPROTONOSUPPORT },
	{ "format: 0\n", "line 1: format", 0 },
	{ "format: one\n", "line 1: format", 0 },
	{ "format: [1]\n", "line 1: format", 0 },
	{ "format: 1.0\n", "line 1: format", 0 },
	{ "format: 18446744073709551617\n", "line 1: format", 0 },

	{ "format: 1\nfsname: ninechars\nuuid: " UUID "\nprivileged: true\n" OSTS,
	  "line 2: file system name 'ninechars'", 0 },
	{ "format: 1\nfsname: a/b\nuuid: " UUID "\nprivileged: true\n" OSTS,
	  "line 2: file system name 'a/b'", 0 },
	{ "format: 1\nfsname:\nuuid: " UUID "\nprivileged: true\n" OSTS,
	  "line 2: file system name ''", 0 },
	{ "format: 1\nfsname: [a]\nuuid: " UUID "\nprivileged: true\n" OSTS,
	  "line 2: file system name ''", 0 },
	{ "format: 1\nfsname: a\nuuid: 0123\nprivileged: true\n" OSTS, "line 3: uuid '0123'", 0 },
	{ "format: 1\nfsname: a\nuuid: 01234567-89ab-4cde-8f01-23456789abcg\nprivileged: "
	  "true\n" OSTS,
	  "line 3: uuid", 0 },
	{ "format: 1\nfsname: a\nuuid: " UUID "\nprivileged: yes\n" OSTS, "line 4: privileged", 0 },

	{ HEAD "osts: []\n", "line 5: there are no OSTs", 0 },
	{ HEAD "osts: {}\n", "line 5: osts is not a list", 0 },
	{ HEAD "osts:\n", "line 5: osts is not a list", 0 },
	{ HEAD "osts:\n- /a\n", "line 6: OST is not a list", 0 },
	{ HEAD "osts:\n- no_create: true\n", "line 6: OST: there is no 'path'", 0 },
	{ HEAD "osts:\n- path: /a\n  speed: 1\n", "line 7: unknown key 'speed'", 0 },
	{ HEAD "osts:\n- path: /a\n  no_create: 1\n", "line 7: no_create", 0 },
	{ HEAD "osts:\n- path: a\n", "line 6: OST path 'a': it is not absolute", 0 },
	{ HEAD "osts:\n- path: [/a]\n", "line 6: path is not a path", 0 },
	{ HEAD "osts:\n- path: \"/a\\0\"\n", "line 6: path is not a path", 0 },
	{ HEAD "osts:\n- path: \"/a\\nb\"\n", "control characters", 0 },
	{ HEAD "osts:\n- path: /a\n- path: /a\n", "line 7: OST path '/a' is given twice", 0 },

	{ HEAD OSTS "pools: [a]\n", "line 10: pools is not a list", 0 },
	{ HEAD OSTS "pools:\n  p: 1\n", "line 11: pool 'p' is not a list", 0 },
	{ HEAD OSTS "pools:\n  p: []\n", "line 11: pool 'p' has no OSTs", 0 },
	{ HEAD OSTS "pools:\n  p: [3]\n", "line 11: pool 'p': there is no OST 3", 0 },
	{ HEAD OSTS "pools:\n  p: [0, 1, 0]\n", "line 11: pool 'p': OST 0 is given twice", 0 },
	{ HEAD OSTS "pools:\n  p: [-1]\n", "line 11: pool 'p': '-1'", 0 },
	{ HEAD OSTS "pools:\n  p: [[0]]\n", "line 11: pool 'p': ''", 0 },
	{ HEAD OSTS "pools:\n  p: [99999999999999999999]\n", "line 11: pool 'p'", 0 },
	{ HEAD OSTS "pools:\n  p: [0]\n  p: [1]\n", "line 12: pool 'p' is given twice", 0 },
	{ HEAD OSTS "pools:\n  sixteencharacter: [0]\n", "line 11: pool name 'sixteencharacter'",
	  0 },
	{ HEAD OSTS "pools:\n  a.b: [0]\n", "line 11: pool name 'a.b'", 0 },
	{ HEAD OSTS "pools:\n  [a]: [0]\n", "line 11: a pool has no name", 0 },
};

static void bad_confs_are_refused(void **state)
{
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_confs); i++) {
		struct conf conf = { .ost_count = 42 };
		int want = bad_confs[i].err ? bad_confs[i].err : -EUCLEAN;
		int err = parse(bad_confs[i].text, &conf);

		if (err != want)
			fail_msg("%d instead of %d for: %s", err, want, bad_confs[i].text);
		if (!strstr(error_text(err), bad_confs[i].says))
			fail_msg("'%s' lacks '%s'", error_text(err), bad_confs[i].says);
		assert_int_equal(conf.ost_count, 42);
	}
}

/* Whatever is cut off or changed: an error or a conf, and the sanitizers have nothing to say. */
static void damaged_confs_do_no_harm(void **state)
{
	static const char good[] = HEAD OSTS "pools:\n  flash: [0, 2]\n";
	struct random_source random = random_start("damaged_confs_do_no_harm");
	char text[sizeof(good)];
	(void)state;

	for (size_t i = 0; i < 20000; i++) {
		size_t len = i < sizeof(good) ? i : sizeof(good) - 1;
		struct conf conf = { 0 };

		memcpy(text, good, sizeof(good));
		for (uint64_t n = random_range(&random, 0, 3); i >= sizeof(good) && n > 0; n--)
			text[random_range(&random, 0, len - 1)] =
				(char)random_range(&random, 0, 255);
		if (conf_parse(text, len, &conf) == 0)
			assert_in_range(conf.ost_count, 1, 3);
		conf_release(&conf);
	}
}

static void names_and_osts_are_checked(void **state)
{
	struct conf conf = { 0 };
	char path[5000] = "/";
	(void)state;

	assert_int_equal(conf_set_fsname(&conf, "Eight-_8"), 0);
	assert_string_equal(conf.fsname, "Eight-_8");
	assert_int_equal(conf_set_fsname(&conf, ""), -EINVAL);
	assert_int_equal(conf_set_fsname(&conf, "nine-nine"), -EINVAL);
	assert_non_null(strstr(error_text(-EINVAL), "nine-nine"));
	assert_int_equal(conf_set_fsname(&conf, "a b"), -EINVAL);
	assert_int_equal(conf_set_fsname(&conf, "-"), -EINVAL);
	assert_string_equal(conf.fsname, "Eight-_8");

	assert_int_equal(conf_add_ost(&conf, "/a"), 0);
	assert_int_equal(conf_add_ost(&conf, "/a"), -EEXIST);
	assert_int_equal(conf_add_ost(&conf, "b"), -EINVAL);
	assert_int_equal(conf_add_ost(&conf, ""), -EINVAL);
	assert_int_equal(conf_add_ost(&conf, "/new\nline"), -EINVAL);
	assert_int_equal(conf_add_ost(&conf, "/latin\xe9"), -EINVAL);
	assert_int_equal(conf_add_ost(&conf, "/long\xc0\xaf"), -EINVAL);
	assert_int_equal(conf_add_ost(&conf, "/half\xed\xa0\x80"), -EINVAL);
	assert_int_equal(conf_add_ost(&conf, "/cut\xe2\x82"), -EINVAL);
	memset(path + 1, 'a', sizeof(path) - 2);
	assert_int_equal(conf_add_ost(&conf, path), -EINVAL);
	assert_int_equal(conf.ost_count, 1);
	conf_release(&conf);
}

static void there_are_at_most_so_many_osts(void **state)
{
	struct conf conf = { 0 };
	char path[32];
	(void)state;

	for (uint32_t i = 0; i < CONF_OSTS_MAX; i++) {
		snprintf(path, sizeof(path), "/ost/%u", i);
		assert_int_equal(conf_add_ost(&conf, path), 0);
	}
	assert_int_equal(conf_add_ost(&conf, "/more"), -EINVAL);
	assert_int_equal(conf_add_pool(&conf, "all=0-1023"), 0);
	assert_int_equal(conf.pools[0].member_count, CONF_OSTS_MAX);
	assert_int_equal(conf_add_pool(&conf, "more=0-1024"), -EINVAL);
	conf_release(&conf);
}

static void pools_are_added(void **state)
{
	static const uint32_t members[] = { 0, 2, 4, 5, 6 };
	static const char *const bad[] = {
		"p",     "p=",    "=0",    "p=0,",    "p=,0",
		"p=8",   "p=0-8", "p=2-1", "p=0,0",   "p=0-2,1",
		"p=x",   "p=0-",  "p=-1",  "p=0-1-2", "sixteencharacter=0",
		"p q=0",
	};
	struct conf conf = { 0 };
	(void)state;

	for (int i = 0; i < 8; i++)
		assert_int_equal(conf_add_ost(&conf, (const char *[]){ "/0", "/1", "/2", "/3", "/4",
								       "/5", "/6", "/7" }[i]),
				 0);
	assert_int_equal(conf_add_pool(&conf, "flash=4-6,0,2"), 0);
	assert_int_equal(conf.pools[0].member_count, ARRAY_SIZE(members));
	assert_memory_equal(conf.pools[0].members, members, sizeof(members));
	assert_int_equal(conf_add_pool(&conf, "flash=1"), -EEXIST);
	assert_int_equal(conf_add_pool(&conf, "fifteencharacte=7"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (conf_add_pool(&conf, bad[i]) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	}
	assert_int_equal(conf.pool_count, 2);
	conf_release(&conf);
}

static void the_text_is_as_the_header_shows_it(void **state)
{
	struct conf conf = { .uuid = UUID, .privileged = true };
	CLEANUP_FREE char *text = NULL;
	(void)state;

	assert_int_equal(conf_set_fsname(&conf, "demo"), 0);
	assert_int_equal(conf_add_ost(&conf, "/srv/disk0/ost"), 0);
	assert_int_equal(conf_add_ost(&conf, "/srv/my \"disk\": #1"), 0);
	conf.osts[1].no_create = true;
	assert_int_equal(conf_add_pool(&conf, "flash=0,1"), 0);
	assert_int_equal(conf_format(&conf, &text), 0);
	assert_string_equal(text, HEAD
			    "osts:\n- path: /srv/disk0/ost\n- path: \"/srv/my \\\"disk\\\": #1\"\n"
			    "  no_create: true\npools:\n  flash: [0, 1]\n");
	conf_release(&conf);
}

static void confs_are_equal(const struct conf *a, const struct conf *b)
{
	assert_string_equal(a->fsname, b->fsname);
	assert_string_equal(a->uuid, b->uuid);
	assert_int_equal(a->privileged, b->privileged);
	assert_int_equal(a->ost_count, b->ost_count);
	assert_int_equal(a->pool_count, b->pool_count);
	for (uint32_t i = 0; i < a->ost_count; i++) {
		assert_string_equal(a->osts[i].path, b->osts[i].path);
		assert_int_equal(a->osts[i].no_create, b->osts[i].no_create);
	}
	for (uint32_t i = 0; i < a->pool_count; i++) {
		assert_string_equal(a->pools[i].name, b->pools[i].name);
		assert_int_equal(a->pools[i].member_count, b->pools[i].member_count);
		assert_memory_equal(a->pools[i].members, b->pools[i].members,
				    a->pools[i].member_count * sizeof(uint32_t));
	}
}

/* Paths of all that is allowed, in any mixture; names of what YAML would rather read as something
 * else. */
static void random_path(struct random_source *r, char *path, size_t size)
{
	static const char *const parts[] = { "a",
					     "/",
					     " ",
					     ": ",
					     " #",
					     "\"",
					     "\\",
					     "'",
					     "- ",
					     "[",
					     "{",
					     "&",
					     "*",
					     "!",
					     "%",
					     "@",
					     "~",
					     "\xc3\xa9",
					     "\xe2\x82\xac",
					     "\xf0\x9f\x98\x80",
					     "\\n",
					     "$",
					     "0x",
					     "`",
					     "|",
					     ">",
					     ",",
					     "?",
					     "=" };

	snprintf(path, size, "/");
	for (uint64_t n = random_range(r, 0, 30); n > 0; n--)
		strncat(path, parts[random_range(r, 0, ARRAY_SIZE(parts) - 1)],
			size - strlen(path) - 1);
}

static void random_conf(struct random_source *r, struct conf *conf)
{
	static const char *const names[] = { "null", "true", "123", "0x1", "no",
					     "_",    "1-2",  "a",   "Z9_-" };
	char text[256];

	memcpy(conf->uuid, UUID, sizeof(UUID));
	conf->privileged = random_range(r, 0, 1);
	assert_int_equal(conf_set_fsname(conf, names[random_range(r, 0, ARRAY_SIZE(names) - 1)]),
			 0);
	for (uint64_t n = random_range(r, 1, 20); n > 0 || conf->ost_count == 0; n--) {
		random_path(r, text, sizeof(text));
		if (conf_add_ost(conf, text) == 0)
			conf->osts[conf->ost_count - 1].no_create = random_range(r, 0, 1);
	}
	for (uint64_t n = random_range(r, 0, 5); n > 0; n--) {
		snprintf(text, sizeof(text), "%s=%u-%u",
			 names[random_range(r, 0, ARRAY_SIZE(names) - 1)],
			 (unsigned int)random_range(r, 0, conf->ost_count - 1),
			 conf->ost_count - 1);
		(void)!conf_add_pool(conf, text);
	}
}

static void what_is_written_is_read(void **state)
{
	struct random_source random = random_start("what_is_written_is_read");
	(void)state;

	for (int i = 0; i < 3000; i++) {
		struct conf conf = { 0 }, again;
		char *text;
		int err;

		random_conf(&random, &conf);
		assert_int_equal(conf_format(&conf, &text), 0);
		err = parse(text, &again);
		if (err)
			fail_msg("%s\n%s", error_text(err), text);
		confs_are_equal(&conf, &again);
		conf_release(&conf);
		conf_release(&again);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conf_is_read),
		cmocka_unit_test(keys_come_in_any_order),
		cmocka_unit_test(bad_confs_are_refused),
		cmocka_unit_test(damaged_confs_do_no_harm),
		cmocka_unit_test(names_and_osts_are_checked),
		cmocka_unit_test(there_are_at_most_so_many_osts),
		cmocka_unit_test(pools_are_added),
		cmocka_unit_test(the_text_is_as_the_header_shows_it),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
