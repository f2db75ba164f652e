/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * getstripe.cases: what lfs getstripe prints with which options, of the layouts beside it.
 * README.md says where that is from. lov's own options are parsed, and every byte is compared.
 *
 *   $ -d -c plain4      options and fixtures, as on a command line; what is printed follows
 *   & NAME BYTES        another directory and its default, in hexadecimal; without BYTES: none
 */
#include "golden.h"

#include "cli/getstripe_args.h"
#include "cli/opt_parse.h"
#include "cli/show_layout.h"
#include "cli/verb.h"

#define WORDS_MAX 32
#define DIRECTORIES_MAX 16

/* Set by "&". */
struct directory {
	char name[32];
	struct layout *layout; /* owned; NULL: it has no default */
};

struct cases {
	struct directory directories[DIRECTORIES_MAX];
	unsigned int directory_count, done;
};

/* ---- directories ---- */

static void add_directory(struct cases *c, char *line)
{
	struct directory *d = &c->directories[c->directory_count++];
	char *name = strtok(line, " "), *hex = strtok(NULL, " ");
	struct xattrdump dump;
	struct xattrdump_value value;
	char text[1024];

	assert_true(c->directory_count < DIRECTORIES_MAX);
	snprintf(d->name, sizeof(d->name), "%s", name);
	if (!hex)
		return;
	snprintf(text, sizeof(text), "0x%s\n", hex);
	dump = xattrdump_of(text, strlen(text));
	assert_int_equal(xattrdump_next(&dump, &value), 1);
	assert_int_equal(layout_decode(value.bytes, value.len_bytes, &d->layout), 0);
	xattrdump_value_release(&value);
}

static const struct directory *find_directory(const struct cases *c, const char *name)
{
	for (unsigned int i = 0; i < c->directory_count; i++) {
		if (strcmp(c->directories[i].name, name) == 0)
			return &c->directories[i];
	}
	return NULL;
}

static void print_directory(struct strbuf *out, const struct directory *d,
			    const struct print_options *opt)
{
	CLEANUP_LAYOUT struct layout *none = show_layout_no_default();
	struct print_context ctx = { .path = d->name,
				     .is_directory = true,
				     .is_default = !d->layout,
				     .default_stripe_size = 4 << 20,
				     .default_stripe_count = 1 };

	assert_non_null(none);
	print_layout(out, d->layout ? d->layout : none, &ctx, opt);
}

/* ---- one case ---- */

static void print_one(const struct cases *c, struct strbuf *out, const char *name,
		      const struct print_options *opt)
{
	const struct directory *d = find_directory(c, name);
	struct fixture f;

	if (d) {
		print_directory(out, d, opt);
		return;
	}
	fixture_load(&f, name);
	f.ctx.path = name;
	print_layout(out, f.layout, &f.ctx, opt);
	fixture_release(&f);
}

static void print_all(const struct cases *c, struct strbuf *out, char *command)
{
	static char verb[] = "getstripe";
	char *words[WORDS_MAX + 1] = { verb };
	struct getstripe_args args = { 0 };
	int count = 1, operand = 0;

	for (char *w = strtok(command, " "); w && count < WORDS_MAX; w = strtok(NULL, " "))
		words[count++] = w;
	assert_int_equal(opt_parse(&verb_getstripe, count, words, &args, &operand), OPT_GO_ON);
	getstripe_args_finish(&args);
	for (int i = operand; i < count; i++)
		print_one(c, out, words[i], &args.print);
}

static void check_case(struct cases *c, const char *command, const char *expected)
{
	CLEANUP_STRBUF struct strbuf out = { 0 };
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", command);
	print_all(c, &out, copy);
	if (strcmp(strbuf_text(&out), expected) != 0)
		fail_msg("lov getstripe %s\nprints:\n%s\nlfs prints:\n%s", command,
			 strbuf_text(&out), expected);
	c->done++;
}

/* ---- the file ---- */

/* The end of what begins at `at`: the next line with a mark, or the end. */
static char *end_of_text(char *at)
{
	while (*at && strncmp(at, "$ ", 2) != 0 && strncmp(at, "& ", 2) != 0) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return at;
}

static void check_all_cases(void **state)
{
	char *text = slurp("getstripe", ".cases"), *at = text;
	struct cases c = { .done = 0 };
	(void)state;

	while (*at) {
		char mark = *at, *line = at + 2, *expected = line + strcspn(line, "\n") + 1;
		char *end = end_of_text(expected), kept = *end;

		assert_true(mark == '$' || mark == '&');
		expected[-1] = '\0';
		*end = '\0';
		if (mark == '$')
			check_case(&c, line, expected);
		else
			add_directory(&c, line);
		*end = kept;
		at = end;
	}
	assert_int_equal(c.done, CASES);
	for (unsigned int i = 0; i < c.directory_count; i++)
		layout_unref(c.directories[i].layout);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(check_all_cases) };

	if (argc > 1)
		folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
