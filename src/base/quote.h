/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names and other bytes from outside in what is printed: no control character of theirs reaches a terminal, and where a
 * program reads it, the exact bytes can be had back. What goes where:
 *
 *   text on a terminal     names as `ls --quoting-style=shell-escape` shows them: quote_shell()
 *   text elsewhere         names as they are, byte for byte, for scripts
 *   messages               one line each, whatever the names in them: quote_message()
 *   YAML                   quote_yaml()
 *   JSON                   quote_utf8(), and quote_bytes() in a second member where that replaced something
 *
 * All add to a buffer. What is printable is what LC_CTYPE says, where a terminal is meant; otherwise texts are UTF-8
 * whatever the locale. Any thread may call.
 */
#ifndef LOVFS_BASE_QUOTE_H
#define LOVFS_BASE_QUOTE_H

#include "base/attr.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* As a word of the shell, only quoted where it must be: plain, 'a b', "it's", 'a'$'\n''b', ''$'\377'. */
void quote_shell(struct strbuf *b, const char *bytes, size_t len_bytes);

/*
 * A line of text without its control characters: they become \n, \t, \033. On a terminal all that isn't printable does,
 * "\377" too; in a file or log the rest stays as it is. What is escaped can't be told from what was written like that.
 */
void quote_message(struct strbuf *b, const char *text, size_t len_bytes, bool terminal);

/* The same for text of several lines, in which newlines and tabs are the writer's own. */
void quote_lines(struct strbuf *b, const char *text, size_t len_bytes, bool terminal);

/*
 * A YAML scalar: plain where that can't be taken for anything but this text, otherwise in double quotes with the escapes
 * of YAML. A byte that isn't of UTF-8 is "\xff"; characters that would need it are written as \u0080, so that \x80 to
 * \xff are always bytes.
 */
void quote_yaml(struct strbuf *b, const char *bytes, size_t len_bytes);

/* The text as UTF-8: each byte that isn't of it becomes U+FFFD. True: there was one. */
bool quote_utf8(struct strbuf *b, const char *bytes, size_t len_bytes);

/* The exact bytes as UTF-8: a byte that isn't of it is \xff (always two digits), a backslash is \\. */
void quote_bytes(struct strbuf *b, const char *bytes, size_t len_bytes);

/* JSON as a library writes it, without the control characters that JSON lets through: DEL, and those behind 0x7f. */
void quote_json(struct strbuf *b, const char *json, size_t len_bytes);

#endif
