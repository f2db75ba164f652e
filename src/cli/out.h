/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What goes to standard output and has bytes from outside in it (base/quote.h). Names in text are quoted as ls quotes
 * them where it is a terminal, and are what they are where it isn't, for scripts.
 */
#ifndef LOVFS_CLI_OUT_H
#define LOVFS_CLI_OUT_H

#include "base/attr.h"
#include "base/strbuf.h"

#include <stddef.h>

/* The name as it is printed in text. Valid as long as b is; what was in b is replaced. */
const char *out_name(struct strbuf *b, const char *name);
/* A text that may have names in it, in a line. */
const char *out_text(struct strbuf *b, const char *text);
/* As a value in YAML. */
const char *out_yaml(struct strbuf *b, const char *name);

/* Prints lines whose names are quoted already; on a terminal other bytes of them are escaped. */
void out_lines(const char *text, size_t len_bytes);

#endif
