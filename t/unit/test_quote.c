/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Properties of what is printed of names: no control characters, the shell, YAML and JSON forms
 * give the exact bytes back, and on a terminal it is what ls shows.
 */
#include "unit.h"

#include "base/quote.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define NAME_MAX_BYTES 24
#define ROUNDS 20000

/* Bytes of which trouble is made, mostly; no NUL, as in names. */
static size_t random_name(struct random_source *r, char *name)
{
	static const char *const bits[] = { "'",
					    "\"",
					    "\\",
					    "\n",
					    "\033[31m",
					    "\x7f",
					    "\xff",
					    "\xc3\xa9",
					    "\xc2\x9b",
					    "\xe2\x80\xa8",
					    "\xf0\x9f\x98\x80",
					    "\xed\xa0\x80",
					    "\xc0\xaf",
					    " ",
					    "#",
					    "~",
					    "{",
					    "$",
					    "a",
					    "b",
					    "=",
					    "\\x41",
					    "\xef\xbb\xbf",
					    "\xe2\x82",
					    ": ",
					    "?",
					    "-" };
	size_t len = 0, want = (size_t)random_range(r, 0, NAME_MAX_BYTES);

	while (len < want) {
		const char *bit = bits[random_range(r, 0, ARRAY_SIZE(bits) - 1)];
		char byte[2] = { (char)random_range(r, 1, 255), 0 };

		if (random_range(r, 0, 3) == 0)
			bit = byte;
		if (len + strlen(bit) > want)
			break;
		memcpy(name + len, bit, strlen(bit));
		len += strlen(bit);
	}
	name[len] = '\0';
	return len;
}

/* C0, DEL, and those behind 0x7f as UTF-8. */
static bool has_controls(const struct strbuf *b)
{
	const unsigned char *s = (const unsigned char *)strbuf_text(b);

	for (size_t i = 0; i < b->len_bytes; i++) {
		if (s[i] < 0x20 || s[i] == 0x7f ||
		    (s[i] == 0xc2 && s[i + 1] >= 0x80 && s[i + 1] < 0xa0))
			return true;
	}
	return false;
}

/* What any decoder of UTF-8 thinks. */
static bool is_utf8(const char *s)
{
	mbstate_t state = { 0 };

	return mbsrtowcs(NULL, &s, 0, &state) != (size_t)-1;
}

/* ---- decoders, written from the definitions ---- */

static size_t add_code(char *to, unsigned long code)
{
	mbstate_t state = { 0 };

	return wcrtomb(to, (wchar_t)code, &state);
}

/* A scalar of YAML, with \xNN as a byte. */
static size_t decode_yaml(const char *s, char *to)
{
	static const char letters[] = "abtnvfre", codes[] = "\a\b\t\n\v\f\r\033";
	size_t n = 0;

	if (*s != '"') {
		strcpy(to, s);
		return strlen(s);
	}
	for (s++; *s != '"'; s++) {
		char digits[9] = "";
		size_t count;

		if (*s != '\\') {
			to[n++] = *s;
			continue;
		}
		s++;
		if (*s == '\\' || *s == '"') {
			to[n++] = *s;
		} else if (strchr(letters, *s)) {
			to[n++] = codes[strchr(letters, *s) - letters];
		} else {
			count = *s == 'x' ? 2 : *s == 'u' ? 4 : 8;
			assert_true(*s == 'x' || *s == 'u' || *s == 'U');
			memcpy(digits, s + 1, count);
			if (*s == 'x')
				to[n++] = (char)strtoul(digits, NULL, 16);
			else
				n += add_code(to + n, strtoul(digits, NULL, 16));
			s += count;
		}
	}
	assert_int_equal(s[1], 0);
	to[n] = '\0';
	return n;
}

static size_t decode_bytes(const char *s, char *to)
{
	size_t n = 0;

	for (; *s; s++) {
		char digits[3] = "";

		if (*s == '\\' && s[1] == 'x') {
			memcpy(digits, s + 2, 2);
			to[n++] = (char)strtoul(digits, NULL, 16);
			s += 3;
		} else {
			s += *s == '\\';
			to[n++] = *s;
		}
	}
	to[n] = '\0';
	return n;
}

/*
 * A word of bash: '...', $'...', "..." without what is special in it, and characters by themselves.
 */
static size_t decode_shell(const char *s, char *to)
{
	static const char letters[] = "abtnvfr";
	size_t n = 0;

	while (*s) {
		bool escapes = *s == '$' && s[1] == '\'';
		char quote;

		s += escapes;
		quote = *s == '\'' || *s == '"' ? *s++ : 0;
		if (!quote) {
			s += *s == '\\';
			to[n++] = *s++;
			continue;
		}
		while (*s != quote) {
			if (escapes && *s == '\\' && strchr(letters, s[1])) {
				to[n++] = (char)(7 + (strchr(letters, s[1]) - letters));
				s += 2;
			} else if (escapes && *s == '\\') {
				char digits[4] = { s[1], s[2], s[3], 0 };

				to[n++] = (char)strtoul(digits, NULL, 8);
				s += 4;
			} else {
				to[n++] = *s++;
			}
		}
		s++;
	}
	to[n] = '\0';
	return n;
}

/* ---- properties ---- */

static void round_trips(const char *locale)
{
	struct random_source r = random_start("quote");
	char name[NAME_MAX_BYTES + 1], back[16 * NAME_MAX_BYTES];

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = random_name(&r, name);
		struct strbuf yaml = { 0 }, bytes = { 0 }, utf8 = { 0 }, shell = { 0 };

		quote_yaml(&yaml, name, len);
		quote_bytes(&bytes, name, len);
		assert_int_equal(quote_utf8(&utf8, name, len), !is_utf8(name));
		assert_true(is_utf8(strbuf_text(&yaml)) && is_utf8(strbuf_text(&bytes)) &&
			    is_utf8(strbuf_text(&utf8)));
		assert_int_equal(decode_yaml(strbuf_text(&yaml), back), len);
		assert_string_equal(back, name);
		assert_false(has_controls(&yaml));
		assert_int_equal(decode_bytes(strbuf_text(&bytes), back), len);
		assert_string_equal(back, name);
		setlocale(LC_CTYPE, locale);
		quote_shell(&shell, name, len);
		setlocale(LC_CTYPE, "C.UTF-8");
		assert_int_equal(decode_shell(strbuf_text(&shell), back), len);
		assert_string_equal(back, name);
		assert_false(has_controls(&shell));
		strbuf_release(&yaml);
		strbuf_release(&bytes);
		strbuf_release(&utf8);
		strbuf_release(&shell);
	}
}

static void exact_bytes_come_back(void **state)
{
	(void)state;
	round_trips("C.UTF-8");
	round_trips("C");
}

static void messages_have_no_controls(void **state)
{
	struct random_source r = random_start("quote messages");
	char name[NAME_MAX_BYTES + 1];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = random_name(&r, name);
		bool terminal = i % 2;
		struct strbuf b = { 0 }, lines = { 0 };

		setlocale(LC_CTYPE, i % 4 < 2 ? "C.UTF-8" : "C");
		quote_message(&b, name, len, terminal);
		assert_false(has_controls(&b));
		for (size_t k = 0; terminal && i % 4 >= 2 && k < b.len_bytes; k++)
			assert_true((unsigned char)b.text[k] < 0x7f);
		quote_lines(&lines, "a\tb\n\033c\n", 7, terminal);
		assert_string_equal(strbuf_text(&lines), "a\tb\n\\033c\n");
		strbuf_release(&b);
		strbuf_release(&lines);
	}
	setlocale(LC_CTYPE, "C.UTF-8");
}

static void as_it_reads(void **state)
{
	static const struct {
		const char *name, *shell, *yaml, *bytes;
	} cases[] = {
		{ "/mnt/lov", "/mnt/lov", "/mnt/lov", "/mnt/lov" },
		{ "a b", "'a b'", "\"a b\"", "a b" },
		{ "it's", "\"it's\"", "\"it's\"", "it's" },
		{ "a\nb", "'a'$'\\n''b'", "\"a\\nb\"", "a\nb" },
		{ "\xff", "''$'\\377'", "\"\\xff\"", "\\xff" },
		{ "\xc3\xbf", "\xc3\xbf", "\"\xc3\xbf\"", "\xc3\xbf" },
		{ "\xc2\x9b", "''$'\\302\\233'", "\"\\u009b\"", "\xc2\x9b" },
		{ "\033[1m", "''$'\\033''[1m'", "\"\\e[1m\"", "\033[1m" },
		{ "true", "true", "\"true\"", "true" },
		{ "\\xff", "'\\xff'", "\"\\\\xff\"", "\\\\xff" },
		{ "", "''", "\"\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf shell = { 0 }, yaml = { 0 }, bytes = { 0 };
		size_t len = strlen(cases[i].name);

		quote_shell(&shell, cases[i].name, len);
		quote_yaml(&yaml, cases[i].name, len);
		quote_bytes(&bytes, cases[i].name, len);
		assert_string_equal(strbuf_text(&shell), cases[i].shell);
		assert_string_equal(strbuf_text(&yaml), cases[i].yaml);
		assert_string_equal(strbuf_text(&bytes), cases[i].bytes);
		strbuf_release(&shell);
		strbuf_release(&yaml);
		strbuf_release(&bytes);
	}
}

static void json_lets_none_through(void **state)
{
	struct strbuf b = { 0 };
	const char json[] = "{\n \"a\": \"\x7f\xc2\x9b\xc3\xa9\"\n}";

	(void)state;
	quote_json(&b, json, strlen(json));
	assert_string_equal(strbuf_text(&b), "{\n \"a\": \"\\u007f\\u009b\xc3\xa9\"\n}");
	strbuf_release(&b);
}

/* ---- ls ---- */

static void said_by_ls(const char *dir, const char *locale, char *to, size_t size)
{
	char command[200];
	FILE *ls;
	size_t n;

	snprintf(command, sizeof(command), "LC_ALL=%s ls -1 --quoting-style=shell-escape %s",
		 locale, dir);
	ls = popen(command, "re");
	assert_non_null(ls);
	n = fread(to, 1, size - 1, ls);
	assert_true(n > 0);
	assert_int_equal(pclose(ls), 0);
	to[n - 1] = '\0';
}

static void as_ls_shows_it(void **state)
{
	struct random_source r = random_start("quote ls");
	char dir[] = "/tmp/lovfs-quote.XXXXXX", name[NAME_MAX_BYTES + 2], want[4096];

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 300; i++) {
		const char *locale = i % 3 ? "C.UTF-8" : "C";
		struct strbuf got = { 0 };
		int dirfd, fd;

		random_name(&r, name);
		for (char *slash = name; *slash; slash++)
			*slash = (char)(*slash == '/' ? '|' : *slash);
		if (!*name || *name == '.')
			continue;
		/*
		 * ls of coreutils 9 forgets to open $' where there is a ' and the last byte is
		 * escaped.
		 */
		if (strchr(name, '\''))
			strcpy(strchr(name, '\''), "'e");
		dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd = openat(dirfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		close(fd);
		said_by_ls(dir, locale, want, sizeof(want));
		assert_int_equal(unlinkat(dirfd, name, 0), 0);
		close(dirfd);
		setlocale(LC_CTYPE, locale);
		quote_shell(&got, name, strlen(name));
		setlocale(LC_CTYPE, "C.UTF-8");
		assert_string_equal(strbuf_text(&got), want);
		strbuf_release(&got);
	}
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_bytes_come_back),
		cmocka_unit_test(messages_have_no_controls),
		cmocka_unit_test(as_it_reads),
		cmocka_unit_test(json_lets_none_through),
		cmocka_unit_test(as_ls_shows_it),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
