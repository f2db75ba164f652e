/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "layout/mirror.h"
#include "mover/mirror_verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- of a layout ---- */

struct domains {
	struct fs *fs;
	const struct layout *l;
	uint64_t *devices; /* owned; of OST i, asked when it is met first */
	bool *known;       /* owned */
};

/* A device, or another number for each OST that can't be asked: nothing is known of it but that it is
 * itself. */
static uint64_t device_of(struct domains *d, uint32_t ost_idx)
{
	struct fs_target t;

	if (ost_idx >= d->fs->ost_count)
		return UINT64_MAX - ost_idx;
	if (!d->known[ost_idx]) {
		bool ok = !d->fs->ops->target(d->fs, ost_idx, &t) && !t.inactive;

		d->devices[ost_idx] = ok ? t.device : UINT64_MAX - ost_idx;
		d->known[ost_idx] = true;
	}
	return d->devices[ost_idx];
}

/* Whether an object of component a is on the same device as one of b. */
static bool components_share(struct domains *d, const struct component *a,
			     const struct component *b, uint32_t *ret_a, uint32_t *ret_b)
{
	for (uint32_t i = 0; i < a->object_count; i++) {
		uint64_t device = device_of(d, a->objects[i].ost_idx);

		for (uint32_t k = 0; k < b->object_count; k++) {
			if (device_of(d, b->objects[k].ost_idx) != device)
				continue;
			*ret_a = a->objects[i].ost_idx;
			*ret_b = b->objects[k].ost_idx;
			return true;
		}
	}
	return false;
}

static bool mirrors_share(struct domains *d, uint32_t id_a, uint32_t id_b, uint32_t *ret_a,
			  uint32_t *ret_b)
{
	const struct layout *l = d->l;

	for (uint32_t i = 0; i < l->count; i++) {
		for (uint32_t k = 0; k < l->count && mirror_id_at(l, i) == id_a; k++) {
			if (mirror_id_at(l, k) == id_b &&
			    components_share(d, &l->comps[i], &l->comps[k], ret_a, ret_b))
				return true;
		}
	}
	return false;
}

int mirror_shared_domains(struct fs *fs, const struct layout *l,
			  void (*report)(uint32_t mirror_a, uint32_t mirror_b, uint32_t ost_a,
					 uint32_t ost_b, void *cookie),
			  void *cookie)
{
	CLEANUP_FREE uint64_t *devices = calloc(fs->ost_count + 1, sizeof(*devices));
	CLEANUP_FREE bool *known = calloc(fs->ost_count + 1, sizeof(*known));
	struct domains d = { .fs = fs, .l = l, .devices = devices, .known = known };
	uint32_t ids[LAYOUT_MIRRORS_MAX], ost_a, ost_b;
	unsigned int count = mirror_ids(l, ids);
	int pairs = 0;

	if (!devices || !known)
		return fail(-ENOMEM, "no memory");
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int k = i + 1; k < count; k++) {
			if (!mirrors_share(&d, ids[i], ids[k], &ost_a, &ost_b))
				continue;
			pairs++;
			if (report)
				report(ids[i], ids[k], ost_a, ost_b, cookie);
		}
	}
	return pairs;
}

/* ---- of the volume ---- */

static int find_pool(struct fs *fs, const char *name, struct fs_pool *ret_pool)
{
	for (uint32_t i = 0; i < fs->pool_count; i++) {
		int err = fs->ops->pool(fs, i, ret_pool);

		if (err)
			return err;
		if (strcmp(ret_pool->name, name) == 0)
			return 0;
	}
	return fail(-ENOENT, "there is no OST pool %s", name);
}

static bool contains(const uint64_t *values, unsigned int count, uint64_t value)
{
	for (unsigned int i = 0; i < count; i++) {
		if (values[i] == value)
			return true;
	}
	return false;
}

/* With a pool: members[0] to [n - 1]; without, OST 0 to n - 1. */
static int count_devices(struct fs *fs, const uint32_t *members, uint32_t n, uint64_t *devices,
			 unsigned int *ret_count)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct fs_target t;
		int err = fs->ops->target(fs, members ? members[i] : i, &t);

		if (err == -ENODEV) /* numbers may be left out */
			continue;
		if (err)
			return err;
		if (!t.inactive && !t.no_create && !contains(devices, count, t.device))
			devices[count++] = t.device;
	}
	*ret_count = count;
	return 0;
}

int mirror_count_domains(struct fs *fs, const char *pool, unsigned int *ret_count)
{
	CLEANUP_FREE struct fs_pool *members = calloc(1, sizeof(*members));
	CLEANUP_FREE uint64_t *devices = NULL;
	uint32_t n = fs->ost_count;
	int err;

	if (n == 0 || (pool[0] && !fs->pools_known)) {
		*ret_count = UINT_MAX;
		return 0;
	}
	if (!members)
		return fail(-ENOMEM, "no memory");
	if (pool[0]) {
		err = find_pool(fs, pool, members);
		if (err)
			return err;
		n = members->member_count;
	}
	devices = calloc(n + 1, sizeof(*devices));
	if (!devices)
		return fail(-ENOMEM, "no memory");
	return count_devices(fs, pool[0] ? members->members : NULL, n, devices, ret_count);
}
