/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * volume.conf: what a volume consists of. YAML in the MDT directory, made by mkfs.lovfs; an
 * administrator may edit pools, paths and no_create while the volume isn't mounted.
 *
 *   format: 1
 *   fsname: NAME
 *   uuid: UUID
 *   privileged: true
 *   osts:
 *   - path: /srv/disk0/ost
 *   - path: /srv/disk1/ost
 *     no_create: true
 *   pools:
 *     flash: [0, 1]
 */
#ifndef LOVFS_VOLUME_CONF_H
#define LOVFS_VOLUME_CONF_H

#include "base/attr.h"
#include "ost/ost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_FSNAME_MAX 8 /* characters, as Lustre: letters, digits, '-' and '_' */
#define CONF_POOL_NAME_MAX 15
#define CONF_OSTS_MAX 1024u

struct conf_ost {
	char *path; /* owned, absolute */
	bool no_create;
};

struct conf_pool {
	char name[CONF_POOL_NAME_MAX + 1];
	uint32_t *members; /* owned: OST indices, ascending, without duplicates */
	uint32_t member_count;
};

struct conf {
	char fsname[CONF_FSNAME_MAX + 1];
	char uuid[OST_UUID_MAX];
	bool privileged;
	struct conf_ost *osts;
	uint32_t ost_count;
	struct conf_pool *pools;
	uint32_t pool_count;
};

/* Reads and checks the text of a volume.conf. -EUCLEAN with text naming line and key;
 * -EPROTONOSUPPORT a newer format. */
int MUST_CHECK conf_parse(const char *text, size_t len_bytes, struct conf *ret_conf);

/* The text. The caller frees *ret_text. */
int MUST_CHECK conf_format(const struct conf *conf, char **ret_text);

/* Frees what it owns; a zeroed one is fine. */
void conf_release(struct conf *conf);

/* Adds to a conf being made; the strings are copied. -EINVAL (bad name, "which" in the text),
 * -EEXIST, -ENOMEM. */
int MUST_CHECK conf_set_fsname(struct conf *conf, const char *fsname);
int MUST_CHECK conf_add_ost(struct conf *conf, const char *absolute_path);
/* spec: "NAME=0,2,4-6"; the OSTs must have been added. */
int MUST_CHECK conf_add_pool(struct conf *conf, const char *spec);

const struct conf_pool *conf_find_pool(const struct conf *conf, const char *name);
bool conf_pool_has(const struct conf_pool *pool, uint32_t ost_index);

#endif
