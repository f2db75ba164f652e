/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How it is known of a layout that moves what of it lovfs hasn't: swap, merge, split. See special.h. */
#include "lovfs.h"
#include "lustre.h"
#include "special.h"
#include "special_impl.h"

#include <errno.h>
#include <stdlib.h>

/* ---- swap ---- */

static uint64_t mdt_end(const char *path, const struct kinds *k)
{
	struct layout_peek *l = layout_peek(path);
	uint64_t end = 0;

	for (unsigned int i = 0; l && i < l->count && i < k->count; i++) {
		if (k->of[i] == ON_MDT)
			end = l->comps[i].end;
	}
	free(l);
	return end;
}

int special_may_swap(const char *path, const char *victim_path)
{
	struct kinds k, v;
	uint64_t wanted;

	special_read(path, &k);
	special_read(victim_path, &v);
	wanted = mdt_end(victim_path, &v);
	return wanted && wanted != mdt_end(path, &k) ? -EOPNOTSUPP : 0;
}

void special_swapped(const char *path, const char *victim_path)
{
	const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	struct kinds k, v;

	special_read(path, &k);
	special_read(victim_path, &v);
	if (!k.count && !v.count)
		return;
	/* Each has the other's layout already, and not yet what is known of it. */
	if (mdt_end(victim_path, &k) && !mdt_end(path, &v) &&
	    real.utimensat(AT_FDCWD, path, now, 0))
		double_forbid("the times of a file can't be set");
	special_write(path, &v);
	special_write(victim_path, &k);
}

/* ---- merge and split ---- */

struct special_plan {
	struct kinds file, other;
	unsigned int file_count;
};

static struct layout_peek *peek_or_none(const char *path, struct kinds *k)
{
	struct layout_peek *l = layout_peek(path);
	unsigned int known;

	special_read(path, k);
	known = k->count;
	k->count = l ? l->count : 0;
	for (unsigned int i = known; i < k->count; i++)
		k->of[i] = 0;
	return l;
}

static struct special_plan *new_plan(void)
{
	struct special_plan *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	return p;
}

static struct special_plan *unless_ordinary(struct special_plan *p)
{
	if (special_any(&p->file) || special_any(&p->other))
		return p;
	free(p);
	return NULL;
}

struct special_plan *special_plan_merge(const char *path, const char *victim_path)
{
	struct special_plan *p = new_plan();

	free(peek_or_none(path, &p->file));
	free(peek_or_none(victim_path, &p->other));
	p->file_count = p->file.count;
	if (p->file_count + p->other.count > PEEK_COMPONENTS_MAX)
		double_forbid("too many components for the double");
	return unless_ordinary(p);
}

int special_merged(struct special_plan *p, int err, struct open_file *f, const char *path,
		   const char *victim_path)
{
	static const struct kinds none;
	struct layout_peek *l;

	if (!p || err) {
		free(p);
		return err;
	}
	for (unsigned int i = 0; i < p->other.count; i++)
		p->file.of[p->file.count++] = p->other.of[i];
	special_write(path, &p->file);
	special_write(victim_path, &none);
	l = layout_peek(path);
	if (l && p->other.of[0] == ON_MDT && p->file_count < l->count)
		err = lovfs_component_flags(f->fd, l->comps[p->file_count].id, LUSTRE_COMP_STALE,
					    0);
	free(l);
	free(p);
	return err;
}

static void check_shared(const struct layout_peek *l, const struct kinds *all, uint32_t mirror_id)
{
	bool here = false, there = false;

	for (unsigned int i = 0; i < l->count; i++) {
		if (all->of[i] != ON_MDT)
			continue;
		if (l->comps[i].id >> 16 == mirror_id)
			there = true;
		else if (!(l->comps[i].flags & LUSTRE_COMP_STALE))
			here = true;
	}
	if (here && there)
		double_forbid(
			"split of a mirror on the MDT: another mirror has its data there, too");
}

struct special_plan *special_plan_split(const char *path, uint32_t mirror_id)
{
	struct special_plan *p = new_plan();
	struct layout_peek *l;
	struct kinds all;

	l = peek_or_none(path, &all);
	for (unsigned int i = 0; l && i < l->count; i++) {
		struct kinds *to = l->comps[i].id >> 16 == mirror_id ? &p->other : &p->file;

		to->of[to->count++] = all.of[i];
	}
	if (l)
		check_shared(l, &all, mirror_id);
	free(l);
	return unless_ordinary(p);
}

void special_split(struct special_plan *p, int err, const char *path, const char *target_path)
{
	if (p && !err) {
		special_write(path, &p->file);
		special_write(target_path, &p->other);
	}
	free(p);
}
