/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mirror and which components an operation works on, and whether it may. */
#include "file/file_impl.h"

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "layout/mirror_change.h"

#include <errno.h>

/* Stands for the layout of a file that has none yet. */
static const struct layout no_layout = { .kind = LAYOUT_COMPOSITE, .mirror_count = 1 };

/*
 * How far a read goes with one mirror before it is the turn of the next that is as good: long enough
 * for the read-ahead of the devices to get going. (In turns of 4 MiB two mirrors read slower than
 * one.)
 */
#define TURN_BYTES (64 * MIB)

static int choose_one(struct access *a)
{
	int err = mirror_choice_check_exists(a->layout, a->asked_id);

	if (err)
		return err;
	/* A mirror in sync that is written alone would differ from the file without being stale. */
	if (a->kind == ACCESS_CHANGE && !(mirror_flags(a->layout, a->asked_id) & COMP_STALE))
		return fail(-EROFS, "mirror %u isn't stale: it is written with the file only",
			    a->asked_id);
	a->mirror_id = a->asked_id;
	return 0;
}

static int choose_usable(struct access *a)
{
	const struct layout *l = a->layout;
	uint64_t turn = a->offset / TURN_BYTES + a->f->fid.oid;

	a->order = a->kind == ACCESS_READ ? mirror_choice_for_read(a->f->osts, l, turn)
					  : mirror_choice_for_write(a->f->osts, l);
	if (a->order.count == 0)
		return fail(-EIO, "none of the file's %u mirrors can be used", l->mirror_count);
	a->mirror_id = a->order.ids[0];
	return 0;
}

static int choose_mirror(struct access *a)
{
	const struct layout *l = a->layout;

	if (l->kind == LAYOUT_FOREIGN)
		return fail(-EOPNOTSUPP, "the file has a foreign layout: its data is elsewhere");
	if (a->asked_id != FILE_WHOLE)
		return choose_one(a);
	if (l->mirror_count > 1)
		return choose_usable(a);
	a->mirror_id = l->count ? component_mirror_id(&l->comps[0]) : 0;
	return 0;
}

int access_begin_locked(struct access *a)
{
	a->layout = a->f->layout ? a->f->layout : &no_layout;
	return choose_mirror(a);
}

int access_begin(struct access *a)
{
	int err;

	file_lock_shared(a->f);
	err = access_begin_locked(a);
	if (err)
		file_unlock_shared(a->f);
	return err;
}

void access_end(struct access *a)
{
	/*
	 * At the end and while still holding commits off: who compares versions during a commit
	 * sees every change before it. A stale mirror is no part of the file's data.
	 */
	if (a->kind == ACCESS_CHANGE && a->asked_id == FILE_WHOLE)
		file_touch(a->f);
	file_unlock_shared(a->f);
}

int file_primary(struct file *f, uint32_t *ret_mirror_id)
{
	struct access a = { .f = f, .kind = ACCESS_CHANGE, .asked_id = FILE_WHOLE };
	int err;

	file_lock_shared(f);
	err = access_begin_locked(&a);
	if (!err)
		*ret_mirror_id = a.layout->mirror_count > 1 ? a.mirror_id : FILE_WHOLE;
	file_unlock_shared(f);
	return err;
}

/* ---- reads that failed ---- */

/*
 * Whether an error may be one mirror's own: not one of the request, of memory, or of where the
 * bytes go to.
 */
static bool is_of_mirror(int err)
{
	switch (err) {
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
	case -EINTR:
	case -ECANCELED:
	case -EINVAL:
	case -EOPNOTSUPP:
	case -EFBIG:
	case -ENXIO: /* nothing more in the file */
	case -ENODATA:
	case -EROFS:
	case -ENOSPC:
	case -EDQUOT:
	case FILE_NOT_INSTANTIATED:
	case FILE_NOT_STALE:
		return false;
	}
	return true;
}

static void count_failover(const struct access *a, uint32_t failed_id, int err)
{
	uint64_t count = atomic_fetch_add(&a->f->failovers, 1) + 1;
	char text[FID_TEXT_MAX];

	/* A broken disk fails every read: the log is told at 1, 2, 4, 8 ... */
	if (count & (count - 1))
		return;
	log_warning("%s: mirror %u failed, mirror %u is read instead (%ju so far): %s",
		    fid_text(a->f->fid, text), failed_id, a->mirror_id, (uintmax_t)count,
		    error_text(err));
}

bool access_fail_over(struct access *a, int err)
{
	uint32_t failed_id = a->mirror_id;

	if (a->tried + 1 >= a->order.count || !is_of_mirror(err))
		return false;
	a->mirror_id = a->order.ids[++a->tried];
	count_failover(a, failed_id, err);
	return true;
}

uint64_t file_failovers(const struct file *f)
{
	return atomic_load(&f->failovers);
}

/* ---- changes ---- */

int access_check_stale(const struct access *a, uint64_t start, uint64_t end)
{
	if (a->asked_id != FILE_WHOLE || a->layout->mirror_count <= 1)
		return 0;
	return mirror_change_needed(a->layout, a->mirror_id, start, end) ? FILE_NOT_STALE : 0;
}

int access_change(const struct access *a, uint64_t start, uint64_t end)
{
	int err = access_check_stale(a, start, end);

	if (err || a->asked_id != FILE_WHOLE)
		return err;
	return followers_mark_locked(a->f, a->mirror_id, start, end);
}

/* ---- which components ---- */

bool access_has_component(const struct access *a, const struct component *c)
{
	return component_is_of(a->layout, c, a->mirror_id);
}

bool access_has_objects(const struct access *a, const struct component *c)
{
	return access_has_component(a, c) && component_has_objects(a->layout, c);
}

static int no_data(const struct component *c)
{
	return fail(-EOPNOTSUPP,
		    "component %u can't be read or written here (pattern 0x%x, flags 0x%x)", c->id,
		    c->pattern, c->flags);
}

static int not_covered(uint64_t offset)
{
	return fail(-ENODATA, "no component of the layout covers offset %ju", (uintmax_t)offset);
}

int access_check_covered(const struct access *a, uint64_t start, uint64_t end,
			 uint64_t *ret_covered)
{
	uint64_t pos = start;

	if (a->layout->count == 0)
		return FILE_NOT_INSTANTIATED;
	while (pos < end) {
		int idx = layout_find(a->layout, a->mirror_id, pos);
		const struct component *c;

		if (idx < 0)
			break;
		c = &a->layout->comps[idx];
		if (!component_has_data(c))
			return no_data(c);
		if (!component_instantiated(a->layout, c))
			return FILE_NOT_INSTANTIATED;
		if (!component_has_objects(a->layout, c))
			return fail(-EUCLEAN, "component %u: %u stripes of %u bytes but %u objects",
				    c->id, c->stripe_count, c->stripe_size, c->object_count);
		pos = MIN_OF(end, c->end);
	}
	if (pos == start)
		return not_covered(start);
	*ret_covered = pos;
	return 0;
}

int access_check_range(const struct access *a, uint64_t start, uint64_t end)
{
	uint64_t covered;
	int err = access_check_covered(a, start, end, &covered);

	if (!err && covered < end)
		err = not_covered(covered);
	return err;
}

int access_check_kinds(const struct access *a, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < a->layout->count; i++) {
		const struct component *c = &a->layout->comps[i];

		if (access_has_component(a, c) && c->start < end && c->end > start &&
		    !component_has_data(c))
			return no_data(c);
	}
	return 0;
}
