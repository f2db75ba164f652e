/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether all results were written: a full disk shows up at the last flush or the close. */
#ifndef LOVFS_CLI_STDOUT_CHECK_H
#define LOVFS_CLI_STDOUT_CHECK_H

#include "base/attr.h"

/* Flushes and closes standard output. A negative errno with text where something could not be
 * written. Once, at the end. */
int MUST_CHECK stdout_check(void);

#endif
