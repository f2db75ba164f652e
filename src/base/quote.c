/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/quote.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

/* A character at the front of some bytes. */
struct piece {
	size_t len_bytes; /* 1 or more; 1 of what is no character */
	bool valid;
	bool printable;
	uint32_t code; /* of what is valid UTF-8 */
};

/* ---- characters ---- */

static unsigned char byte_of(const char *s)
{
	return (unsigned char)*s;
}

/* How many bytes a character has that begins so, and the bits of its first one. 0: none begins so. */
static size_t utf8_length(unsigned char first, uint32_t *ret_bits)
{
	if (first < 0x80) {
		*ret_bits = first;
		return 1;
	}
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first < 0xe0) {
		*ret_bits = first & 0x1fu;
		return 2;
	}
	*ret_bits = first & (first < 0xf0 ? 0x0fu : 0x07u);
	return first < 0xf0 ? 3 : 4;
}

/* Controls, what breaks lines, and what is no character, anywhere in Unicode. */
static bool is_odd(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
	       code == 0xfeff || (code & 0xfffe) == 0xfffe;
}

static struct piece utf8_at(const char *s, size_t len_bytes)
{
	struct piece bad = { .len_bytes = 1 }, p = bad;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = utf8_length(byte_of(s), &p.code);

	if (n == 0 || n > len_bytes)
		return bad;
	for (size_t i = 1; i < n; i++) {
		if ((byte_of(s + i) & 0xc0) != 0x80)
			return bad;
		p.code = p.code << 6 | (byte_of(s + i) & 0x3fu);
	}
	if (p.code < least[n] || p.code > 0x10ffff || (p.code >= 0xd800 && p.code < 0xe000))
		return bad;
	p.len_bytes = n;
	p.valid = true;
	p.printable = !is_odd(p.code);
	return p;
}

/* As the locale has it. */
static struct piece shown_at(const char *s, size_t len_bytes)
{
	mbstate_t state = { 0 };
	wchar_t wide = 0;
	size_t n = mbrtowc(&wide, s, len_bytes, &state);

	if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
		return (struct piece){ .len_bytes = 1 };
	return (struct piece){ .len_bytes = n, .valid = true, .printable = iswprint((wint_t)wide) };
}

/* The letter of a C escape; 0: it has none. */
static char escape_letter(unsigned char c)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */

	return c >= 7 && c <= 13 ? letters[c - 7] : 0;
}

static void add_octal(struct strbuf *b, unsigned char c)
{
	if (escape_letter(c))
		strbuf_printf(b, "\\%c", escape_letter(c));
	else
		strbuf_printf(b, "\\%03o", c);
}

/* ---- the shell ---- */

struct shell_needs {
	bool quotes, single; /* some; there is a ' in it */
	bool not_double;     /* has what double quotes would not keep as it is */
};

static void look_at_ascii(struct shell_needs *needs, char c, size_t position, size_t len_bytes)
{
	bool braces = c == '{' || c == '}', first_only = c == '#' || c == '~';

	if (c == '\'') {
		needs->single = needs->quotes = true;
	} else if (braces || first_only) {
		if (braces ? len_bytes == 1 : position == 0)
			needs->quotes = true;
		else
			needs->not_double = true;
	} else if (c == ' ') {
		needs->quotes = true;
	} else if (strchr("!\"$&()*;<=>?[\\^`|", c)) {
		needs->quotes = needs->not_double = true;
	}
}

static struct shell_needs look(const char *bytes, size_t len_bytes)
{
	struct shell_needs needs = { .quotes = len_bytes == 0 };

	for (size_t i = 0; i < len_bytes;) {
		struct piece p = shown_at(bytes + i, len_bytes - i);

		if (!p.printable)
			needs.quotes = needs.not_double = true;
		else if (isascii(bytes[i]))
			look_at_ascii(&needs, bytes[i], i, len_bytes);
		i += p.len_bytes;
	}
	return needs;
}

/* Between single quotes, those opened and closed as needed: 'text'$'\n''text'. */
static void add_single_quoted(struct strbuf *b, const char *bytes, size_t len_bytes)
{
	bool escaping = false;

	strbuf_bytes(b, "'", 1);
	for (size_t i = 0; i < len_bytes;) {
		struct piece p = shown_at(bytes + i, len_bytes - i);

		if (!p.printable) {
			if (!escaping)
				strbuf_printf(b, "'$'");
			escaping = true;
			for (size_t k = 0; k < p.len_bytes; k++)
				add_octal(b, byte_of(bytes + i + k));
		} else if (bytes[i] == '\'') {
			strbuf_printf(b, "'\\''");
			escaping = false;
		} else {
			if (escaping)
				strbuf_printf(b, "''");
			escaping = false;
			strbuf_bytes(b, bytes + i, p.len_bytes);
		}
		i += p.len_bytes;
	}
	strbuf_bytes(b, "'", 1);
}

void quote_shell(struct strbuf *b, const char *bytes, size_t len_bytes)
{
	struct shell_needs needs = look(bytes, len_bytes);

	if (!needs.quotes) {
		strbuf_bytes(b, bytes, len_bytes);
	} else if (needs.single && !needs.not_double) {
		strbuf_bytes(b, "\"", 1);
		strbuf_bytes(b, bytes, len_bytes);
		strbuf_bytes(b, "\"", 1);
	} else {
		add_single_quoted(b, bytes, len_bytes);
	}
}

/* ---- messages ---- */

/* A control character of ASCII or, in two bytes, of Latin-1. */
static bool is_control(const struct piece *p)
{
	return p->valid && (p->code < 0x20 || (p->code >= 0x7f && p->code < 0xa0));
}

static void add_safe(struct strbuf *b, const char *text, size_t len_bytes, bool terminal,
		     const char *kept)
{
	for (size_t i = 0; i < len_bytes;) {
		struct piece p = terminal ? shown_at(text + i, len_bytes - i)
					  : utf8_at(text + i, len_bytes - i);
		bool escaped = terminal ? !p.printable : is_control(&p);

		if (!escaped || (text[i] && strchr(kept, text[i]))) {
			strbuf_bytes(b, text + i, p.len_bytes);
		} else {
			for (size_t k = 0; k < p.len_bytes; k++)
				add_octal(b, byte_of(text + i + k));
		}
		i += p.len_bytes;
	}
}

void quote_message(struct strbuf *b, const char *text, size_t len_bytes, bool terminal)
{
	add_safe(b, text, len_bytes, terminal, "");
}

void quote_lines(struct strbuf *b, const char *text, size_t len_bytes, bool terminal)
{
	add_safe(b, text, len_bytes, terminal, "\n\t");
}

/* ---- YAML ---- */

/* Words that a reader of YAML takes for something else; numbers, .inf and .nan begin otherwise. */
static bool means_something(const char *bytes, size_t len_bytes)
{
	static const char *const words[] = { "true", "false", "yes", "no",  "y",
					     "n",    "on",    "off", "null" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len_bytes && strncasecmp(words[i], bytes, len_bytes) == 0)
			return true;
	}
	return false;
}

/* Begins like a name, has nothing that means something to YAML, and isn't a word or a number that does. */
static bool is_plain(const char *bytes, size_t len_bytes)
{
	bool path = false;

	if (len_bytes == 0)
		return false;
	for (size_t i = 0; i < len_bytes;) {
		struct piece p = utf8_at(bytes + i, len_bytes - i);
		char c = bytes[i];

		if (!p.printable ||
		    (isascii(c) && !isalnum((unsigned char)c) && !strchr("/._+-", c)))
			return false;
		path = path || c == '/';
		i += p.len_bytes;
	}
	if (path)
		return bytes[0] != '-' && bytes[0] != '.';
	return isalpha((unsigned char)bytes[0]) && !means_something(bytes, len_bytes);
}

static void add_yaml_escape(struct strbuf *b, const struct piece *p, unsigned char c)
{
	if (!p->valid)
		strbuf_printf(b, "\\x%02x", c);
	else if (p->code == 0x1b)
		strbuf_printf(b, "\\e");
	else if (p->code < 0x80 && escape_letter(c))
		strbuf_printf(b, "\\%c", escape_letter(c));
	else if (p->code < 0x80)
		strbuf_printf(b, "\\x%02x", c);
	else if (p->code < 0x10000)
		strbuf_printf(b, "\\u%04x", p->code);
	else
		strbuf_printf(b, "\\U%08x", p->code);
}

void quote_yaml(struct strbuf *b, const char *bytes, size_t len_bytes)
{
	if (is_plain(bytes, len_bytes)) {
		strbuf_bytes(b, bytes, len_bytes);
		return;
	}
	strbuf_bytes(b, "\"", 1);
	for (size_t i = 0; i < len_bytes;) {
		struct piece p = utf8_at(bytes + i, len_bytes - i);

		if (!p.printable)
			add_yaml_escape(b, &p, byte_of(bytes + i));
		else if (bytes[i] == '"' || bytes[i] == '\\')
			strbuf_printf(b, "\\%c", bytes[i]);
		else
			strbuf_bytes(b, bytes + i, p.len_bytes);
		i += p.len_bytes;
	}
	strbuf_bytes(b, "\"", 1);
}

/* ---- JSON ---- */

bool quote_utf8(struct strbuf *b, const char *bytes, size_t len_bytes)
{
	bool replaced = false;

	for (size_t i = 0; i < len_bytes;) {
		struct piece p = utf8_at(bytes + i, len_bytes - i);

		if (p.valid)
			strbuf_bytes(b, bytes + i, p.len_bytes);
		else
			strbuf_printf(b, "\xef\xbf\xbd");
		replaced = replaced || !p.valid;
		i += p.len_bytes;
	}
	return replaced;
}

void quote_bytes(struct strbuf *b, const char *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes;) {
		struct piece p = utf8_at(bytes + i, len_bytes - i);

		if (!p.valid)
			strbuf_printf(b, "\\x%02x", byte_of(bytes + i));
		else if (bytes[i] == '\\')
			strbuf_printf(b, "\\\\");
		else
			strbuf_bytes(b, bytes + i, p.len_bytes);
		i += p.len_bytes;
	}
}

void quote_json(struct strbuf *b, const char *json, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes;) {
		struct piece p = utf8_at(json + i, len_bytes - i);

		/* Below that are the newlines between members: in strings the library has escaped them. */
		if (p.valid && p.code >= 0x7f && p.code < 0xa0)
			strbuf_printf(b, "\\u%04x", p.code);
		else
			strbuf_bytes(b, json + i, p.len_bytes);
		i += p.len_bytes;
	}
}
