/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first steps of a migrate, in all modes: from a path to a victim that has the new layout. */
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "layout/template.h"
#include "mover/migrate_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int migrate_open(struct migration *m)
{
	/* Where there are leases, not for writing before it is sure that the file can be moved. */
	m->writable = fs_can_follow(m->fs);
	return subject_open(m->fs, m->path, m->writable ? O_RDWR : O_RDONLY, "migrate", &m->file);
}

/* ---- choose the layout ---- */

/* lfs_migrate(1): the square root of the size in GiB, and one; no more than there are OSTs (0: not known). */
static uint16_t stripes_for(uint64_t size_bytes, uint32_t ost_count)
{
	uint64_t gib = size_bytes / GIB;
	uint32_t count = 0;

	while ((uint64_t)(count + 1) * (count + 1) <= gib)
		count++;
	return (uint16_t)MIN_OF(count + 1, ost_count ? ost_count : LAYOUT_STRIPE_COUNT_MAX);
}

/* The first that is in objects: of one on the MDT the stripe size is its length. */
static const struct component *first_with_data(const struct layout *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (component_has_data(&l->comps[i]))
			return &l->comps[i];
	}
	return &l->comps[0];
}

/* Stripe size and pool stay those of the first component with objects. */
static int auto_layout(const struct migration *m, const struct layout *now,
		       struct layout **ret_layout)
{
	const struct component *model = first_with_data(now);
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (!l)
		return -ENOMEM;
	if (!component_on_mdt(model))
		l->comps[0].stripe_size = model->stripe_size;
	l->comps[0].stripe_count = stripes_for((uint64_t)m->file.st.st_size, m->fs->ost_count);
	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	memcpy(l->comps[0].pool, model->pool, sizeof(l->comps[0].pool));
	l->comps[0].magic = l->comps[0].pool[0] ? LAYOUT_MAGIC_V3 : LAYOUT_MAGIC_V1;
	*ret_layout = l;
	return 0;
}

/* Everything left to the file system. */
static int default_layout(struct layout **ret_layout)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	if (!l)
		return fail(-ENOMEM, "no memory");
	l->comps[0].offset_or_gen = LAYOUT_OFFSET_ANY;
	*ret_layout = l;
	return 0;
}

/* What the directory says; where it says nothing, the root of the file system; at last the file system itself. */
static int directory_layout(const struct migration *m, struct layout **ret_layout)
{
	int err = m->fs->ops->layout_get(m->fs, m->file.dir_fd, ret_layout);
	CLEANUP_FD int root = -1;

	if (err != -ENODATA)
		return err;
	root = sys_openat(AT_FDCWD, m->fs->mount_point, O_PATH | O_DIRECTORY, 0);
	if (root < 0)
		return fail_sys(root, "cannot open %s", m->fs->mount_point);
	err = m->fs->ops->layout_get(m->fs, root, ret_layout);
	return err == -ENODATA ? default_layout(ret_layout) : err;
}

static int restripe_layout(struct migration *m)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err = directory_layout(m, &l);

	if (err)
		return err;
	m->layout = layout_to_request(l, false);
	return m->layout ? 0 : -ENOMEM;
}

static int choose_layout(struct migration *m, const struct layout *now)
{
	switch (m->opt->layout) {
	case MIGRATE_LAYOUT_AUTO:
		return auto_layout(m, now, &m->layout);
	case MIGRATE_LAYOUT_RESTRIPE:
		return restripe_layout(m);
	case MIGRATE_LAYOUT_GIVEN:
		break;
	}
	m->layout = m->opt->request ? layout_ref(m->opt->request) : layout_to_request(now, false);
	return m->layout ? 0 : -ENOMEM;
}

static bool is_released(const struct layout *now)
{
	for (uint32_t i = 0; i < now->count; i++) {
		if (now->comps[i].pattern & (uint32_t)PATTERN_F_RELEASED)
			return true;
	}
	return false;
}

/* Whether all of its data is here, and in one mirror. */
static int check_movable(const struct layout *now)
{
	if (is_released(now))
		return fail(-EOPNOTSUPP,
			    "is released: its data is in the archive. Restore it first "
			    "(lfs hsm_restore)");
	if (now->kind == LAYOUT_COMPOSITE && now->mirror_count > 1)
		return fail(-EOPNOTSUPP,
			    "has %u mirrors, and a migrate would leave one: make a new mirror (lov "
			    "mirror extend) and remove an old one (lov mirror delete)",
			    now->mirror_count);
	if (now->kind == LAYOUT_FOREIGN)
		return fail(-EOPNOTSUPP, "has a foreign layout: its data is not here");
	return 0;
}

int migrate_choose_layout(struct migration *m)
{
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = m->fs->ops->layout_get(m->fs, m->file.file_fd, &now);

	if (err == -ENODATA) {
		/* Nothing was ever written. */
		m->layout = layout_ref(m->opt->request);
		m->done = !m->layout;
		return 0;
	}
	if (!err)
		err = check_movable(now);
	if (!err)
		err = choose_layout(m, now);
	if (!err)
		m->mdt_bytes = layout_mdt_bytes(now);
	if (!err && m->layout->mirror_count > 1)
		return fail(
			-EOPNOTSUPP,
			"a migrate makes no mirrors, and the layout has %u: use lov mirror extend",
			m->layout->mirror_count);
	return err;
}

/*
 * Once nobody changes it any more. Whoever added a mirror since it was looked at first would lose it by the
 * swap: the victim gets all of the old layout.
 */
int migrate_check_layout(struct migration *m)
{
	int fd = m->file.source_fd >= 0 ? m->file.source_fd : m->file.file_fd;
	CLEANUP_LAYOUT struct layout *now = NULL;
	int err = m->fs->ops->layout_get(m->fs, fd, &now);

	if (err == -ENODATA)
		return 0;
	return err ? err : check_movable(now);
}

/* ---- make the victim ---- */

int migrate_make_victim(struct migration *m)
{
	int err = m->writable ? 0 : subject_open_for_writing(m->fs, &m->file);

	if (err)
		return err;
	return subject_make_victim(m->fs, &m->file, m->layout, &m->victim_fd);
}
