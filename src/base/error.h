/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Error text: set once, where the cause is known; printed once, at the top.
 *
 * Functions return 0 or a negative errno. The one that knows the cause says `return fail(-EINVAL,
 * "component %u: ...")`; callers hand the number up unchanged; whoever talks to a person asks
 * error_text(). The text belongs to the calling thread and lasts until its next fail().
 *
 * Codes with one meaning in lovfs: ESTALE layout changed, EBUSY lease held or lost, EAGAIN data
 * changed during the copy, EUCLEAN malformed bytes, EBADMSG verify mismatch, ENODATA no layout,
 * EOPNOTSUPP not this way, ECANCELED stopped on request.
 */
#ifndef LOVFS_BASE_ERROR_H
#define LOVFS_BASE_ERROR_H

#include "base/attr.h"

/* Longest text kept, with its NUL; longer ones are cut. */
#define ERROR_TEXT_MAX 512

/* Sets this thread's error text for err (a negative errno) and returns err. */
int fail(int err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* As fail(), and adds ": " and the system's words for err. For failed system calls: fail_sys(-EIO,
 * "open %s", path). */
int fail_sys(int err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * The text for err (negative or positive errno): what fail() last set in this thread if it was for
 * this err, otherwise the system's words. Valid until the thread's next fail() or error_text().
 */
const char *error_text(int err);

/* Forgets this thread's text, so that an old text isn't taken for the cause of a new error. */
void error_clear(void);

#endif
