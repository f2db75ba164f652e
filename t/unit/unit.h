/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmocka with what it wants included before it. Every unit test starts from here. */
#ifndef LOVFS_UNIT_UNIT_H
#define LOVFS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's fail() is in the way of base/error.h; tests say fail_msg(), which must not lead to that
 * one. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
	do {                                                                                       \
		print_error(__VA_ARGS__);                                                          \
		print_error("\n");                                                                 \
		_fail(__FILE__, __LINE__);                                                         \
	} while (0)

#endif
