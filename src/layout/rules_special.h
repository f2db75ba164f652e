/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of components that Lustre has and lovfs hasn't: on the MDT, and self-extending. Part of rules.c. */
#ifndef LOVFS_LAYOUT_RULES_SPECIAL_H
#define LOVFS_LAYOUT_RULES_SPECIAL_H

#include "layout/layout.h"

/* On the MDT, or the part into which the component before it grows. */
bool rules_special_is(const struct component *c);

/* -EOPNOTSUPP: lovfs has no such component. Text; who: "component 2". */
int MUST_CHECK rules_special_refuse(const struct component *c, const char *who);

/* Whether the component `idx` is self-extending: such a one may be empty. */
bool rules_special_grows(const struct layout *l, uint32_t idx);

/* Whether component `idx` may stand where it does: on the MDT only the first of a mirror, an extension only after what
 * it extends. `bad`, with text. */
int MUST_CHECK rules_special_check(const struct layout *l, uint32_t idx, int bad, const char *who);

#endif
