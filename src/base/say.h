/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of the programs on standard error: each is one line, whatever names are in it (base/quote.h). */
#ifndef LOVFS_BASE_SAY_H
#define LOVFS_BASE_SAY_H

#include "base/attr.h"

#include <stdbool.h>

/* Prints the text and a newline. */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Whether standard error is a terminal. */
bool say_to_terminal(void);

#endif
