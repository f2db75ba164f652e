/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids of mirrors as options are told them: "2", "1,3", "-1" for all. */
#ifndef LOVFS_CLI_ID_LIST_H
#define LOVFS_CLI_ID_LIST_H

#include "cli/opt.h"
#include "layout/layout.h"

#include <stdbool.h>
#include <stdint.h>

struct id_list {
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count;
	bool all; /* "-1"; count is 0 then */
};

bool id_list_has(const struct id_list *l, uint32_t id);

/* For struct opt. struct id_list = a list without "-1"; with it, too. Each may be given once. */
int id_list_opt(void *options, const struct opt *opt, const char *arg);
int id_list_opt_or_all(void *options, const struct opt *opt, const char *arg);

/* uint32_t = one id, 1 to 65535. */
int id_list_opt_one(void *options, const struct opt *opt, const char *arg);

#endif
