/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layouts of real Lustre files: NAME.hex must decode and encode to the same bytes, and print as
 * NAME.txt and NAME.yaml. The first argument is the folder with them.
 */
#include "golden.h"

#include "base/error.h"
#include "base/strbuf.h"
#include "base/sys.h"
#include "layout/codec.h"
#include "layout/options.h"
#include "layout/print.h"
#include "layout/rules.h"
#include "layout/template.h"
#include "layout/xattrdump.h"
#include "layout/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void bytes_stay_the_same(const struct fixture *f)
{
	uint8_t buf[LAYOUT_BYTES_MAX];
	size_t len = 0;

	assert_int_equal(layout_encoded_len(f->layout), f->value.len_bytes);
	assert_int_equal(layout_encode(f->layout, buf, sizeof(buf), &len), 0);
	assert_int_equal(len, f->value.len_bytes);
	assert_memory_equal(buf, f->value.bytes, len);
}

static void text_is_that_of_lfs(const struct fixture *f)
{
	struct print_options verbose = { .fields = PRINT_DEFAULT | PRINT_DETAIL },
			     yaml = { .yaml = true };
	CLEANUP_STRBUF struct strbuf out = { 0 };

	print_layout(&out, f->layout, &f->ctx, &verbose);
	assert_string_equal(strbuf_text(&out), f->text);
	strbuf_release(&out);
	print_layout(&out, f->layout, &f->ctx, &yaml);
	assert_string_equal(strbuf_text(&out), f->yaml);
}

/* What a directory leaves to the file system is a number in its YAML. */
static void show_defaults(const struct fixture *f, struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (f->ctx.is_directory && l->comps[i].stripe_size == 0)
			l->comps[i].stripe_size = f->ctx.default_stripe_size;
	}
}

/* Reading the YAML gives the request that the layout itself gives. */
static void yaml_is_read_back(const struct fixture *f)
{
	CLEANUP_LAYOUT struct layout *back = NULL, *template = NULL;
	struct layout_limits none = { 0 };
	int err;

	if (f->layout->kind == LAYOUT_FOREIGN)
		return;
	err = layout_from_yaml(f->yaml, strlen(f->yaml), false, &back);
	if (err)
		fail_msg("%s: %s", f->name, error_text(err));
	template = layout_to_request(f->layout, false);
	assert_non_null(template);
	err = layout_check_request(template, &none);
	show_defaults(f, template);
	if (!layout_equal(back, template))
		fail_msg("%s: the YAML asks for something else than the layout", f->name);
	if (err && err != -EOPNOTSUPP)
		fail_msg("%s: %s", f->name, error_text(err));
}

/* --- NAME.cmd: how the file was made
 * ------------------------------------------------------------------------------ */

#define WORDS_MAX 64

/* Cuts the first command in two words and more, in place. */
static int split(char *cmd, char **words)
{
	int count = 0;

	cmd[strcspn(cmd, ";|\n")] = '\0';
	for (char *word = strtok(cmd, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
		words[count++] = word;
	return count;
}

static void add_options(struct layout_options *o, int count, char **words)
{
	struct option longs[32] = { 0 };
	int got, err;

	for (size_t i = 0; layout_option_names[i].name; i++)
		longs[i] = (struct option){
			.name = layout_option_names[i].name,
			.val = layout_option_names[i].option,
			.has_arg = layout_option_names[i].value == LAYOUT_OPTION_OPTIONAL
					   ? optional_argument
					   : required_argument,
		};
	optind = 0;
	while ((got = getopt_long(count, words, "c:C:S:i:o:p:L:E:z:N::", longs, NULL)) != -1) {
		assert_int_not_equal(got, '?');
		err = layout_options_add(o, (enum layout_option)got, optarg);
		if (err)
			fail_msg("%s", error_text(err));
	}
}

/* What was asked for, with the file system's defaults: one stripe of 4 MiB. */
static struct layout *asked_for(const char *cmd)
{
	CLEANUP_LAYOUT struct layout *defaults = layout_new(LAYOUT_PLAIN, 1), *request = NULL;
	struct layout *l = NULL;
	struct layout_options o;
	char *copy = strdup(cmd), *words[WORDS_MAX];
	int count = split(copy, words), skip = 2;

	layout_options_init(&o);
	if (count > skip && strcmp(words[1], "mirror") == 0)
		skip++;
	if (count > skip && strcmp(words[0], "lfs") == 0)
		add_options(&o, count - skip + 1, words + skip - 1);
	assert_int_equal(layout_options_finish(&o, &request), 0);
	defaults->comps[0].stripe_size = 4 << 20;
	defaults->comps[0].stripe_count = 1;
	assert_int_equal(layout_resolve(request, defaults, &l), 0);
	free(copy);
	return l;
}

/* What a request says, of the file that was made. */
static void assert_same_request(const char *name, struct layout *got, struct layout *made)
{
	assert_int_equal(got->count, made->count);
	/* A request has no state; a new file's mirrors are all in sync. */
	assert_int_equal(got->flags, made->mirror_count > 1 ? LAYOUT_STATE_RO : LAYOUT_STATE_NONE);
	got->flags = made->flags;
	for (uint32_t i = 0; i < made->count; i++) {
		struct component *a = &got->comps[i], *b = &made->comps[i];

		/* The template has no numbers, and nosync came later. */
		a->id &= ~0xffffu;
		b->flags &= ~(uint32_t)COMP_NOSYNC;
		/* A live Lustre says -1 for all but requests. */
		a->offset_or_gen = b->offset_or_gen;
	}
	if (!layout_equal(got, made))
		fail_msg("%s: its command asks for another layout", name);
}

static void options_ask_for_it(const struct fixture *f)
{
	CLEANUP_LAYOUT struct layout *got = NULL, *made = NULL;
	char *cmd;

	/* The directory's command isn't there, and nothing sets foreign layouts. */
	if (f->ctx.is_directory || f->layout->kind == LAYOUT_FOREIGN)
		return;
	cmd = slurp(f->name, ".cmd");
	got = asked_for(cmd);
	made = layout_to_request(f->layout, false);
	assert_same_request(f->name, got, made);
	free(cmd);
}

/*
 * A real file either obeys our rules or uses what we say we don't do. What it asks for can be asked
 * for on Lustre.
 */
static void rules_know_it(const struct fixture *f)
{
	CLEANUP_LAYOUT struct layout *request = NULL;
	struct layout_limits limits = { .ost_count = 6 };
	int err = f->ctx.is_directory ? layout_check_request(f->layout, &limits)
				      : layout_check_file(f->layout, &limits);
	bool unsupported = f->layout->kind == LAYOUT_FOREIGN || strcmp(f->name, "sel") == 0 ||
			   strcmp(f->name, "dom") == 0 || strcmp(f->name, "hsm_released") == 0;

	if (err != (unsupported ? -EOPNOTSUPP : 0))
		fail_msg("%s: %s", f->name, error_text(err));
	request = layout_to_request(f->layout, false);
	limits.special_components = true;
	err = layout_check_request(request, &limits);
	if (err != (f->layout->kind == LAYOUT_FOREIGN ? -EOPNOTSUPP : 0))
		fail_msg("%s on Lustre: %s", f->name, error_text(err));
}

static void check_all_fixtures(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	int count = 0;
	(void)state;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		size_t len = strlen(e->d_name);
		struct fixture f;

		if (len < 5 || strcmp(e->d_name + len - 4, ".hex") != 0)
			continue;
		e->d_name[len - 4] = '\0';
		printf("%s\n", e->d_name);
		fixture_load(&f, e->d_name);
		bytes_stay_the_same(&f);
		text_is_that_of_lfs(&f);
		yaml_is_read_back(&f);
		options_ask_for_it(&f);
		rules_know_it(&f);
		fixture_release(&f);
		count++;
	}
	closedir(dir);
	assert_int_equal(count, FIXTURES);
}

/* Accepted bytes are those that are written again. */
static void refused_or_the_same(const uint8_t *bytes, size_t len)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	uint8_t buf[LAYOUT_BYTES_MAX];
	size_t out = 0;

	if (layout_decode(bytes, len, &l)) {
		assert_null(l);
		return;
	}
	assert_int_equal(layout_encode(l, buf, sizeof(buf), &out), 0);
	assert_int_equal(out, len);
	assert_memory_equal(buf, bytes, len);
}

/* Exactly as long as it says, so that a sanitizer sees a read beyond. */
static void refused_or_the_same_copy(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	refused_or_the_same(copy, len);
	free(copy);
}

static void damage(const struct fixture *f)
{
	size_t len = f->value.len_bytes;

	for (size_t cut = 0; cut < len; cut++)
		refused_or_the_same_copy(f->value.bytes, cut);
	for (size_t bit = 0; bit < len * 8; bit++) {
		f->value.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused_or_the_same_copy(f->value.bytes, len);
		f->value.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void damaged_fixtures_are_refused_or_kept(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	(void)state;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		size_t len = strlen(e->d_name);
		struct fixture f;

		if (len < 5 || strcmp(e->d_name + len - 4, ".hex") != 0)
			continue;
		e->d_name[len - 4] = '\0';
		fixture_load(&f, e->d_name);
		damage(&f);
		fixture_release(&f);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_all_fixtures),
		cmocka_unit_test(damaged_fixtures_are_refused_or_kept),
	};

	if (argc > 1)
		folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
