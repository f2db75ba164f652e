/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One case: a function that returns when all is well, in an empty working directory of its own; it
 * runs as root. */
#ifndef POSIX_H
#define POSIX_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct posix_case {
	const char *name; /* NULL ends a list */
	void (*run)(void);
};

extern const struct posix_case name_cases[], data_cases[], attr_cases[], xattr_cases[];

/* Prints the reason and ends the case. */
void posix_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* cond must hold. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			posix_fail(__FILE__, __LINE__, "%s", #cond);                               \
	} while (0)

/* call must not give -1; its value. */
long posix_ok(long value, const char *file, int line, const char *call);
#define OK(call) posix_ok(call, __FILE__, __LINE__, #call)

/* call must give -1 and this errno. */
#define FAILS(want, call)                                                                          \
	do {                                                                                       \
		if ((call) != -1)                                                                  \
			posix_fail(__FILE__, __LINE__, "%s succeeded", #call);                     \
		if (errno != (want))                                                               \
			posix_fail(__FILE__, __LINE__, "%s: %s, wanted %s", #call,                 \
				   strerror(errno), strerror(want));                               \
	} while (0)

#endif
