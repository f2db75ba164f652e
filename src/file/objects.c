/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors of a file's objects, one slot for each object of the layout.
 *
 * Slots are filled by whoever needs the object first, without a lock: two threads may open the same
 * object at once, then the second closes its own. They are emptied only with the file's lock held
 * exclusively, so a descriptor got under the shared lock stays good.
 */
#include "file/file_impl.h"

#include "base/error.h"
#include "base/sys.h"
#include "ost/object.h"
#include "ost/ost_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct object_slot {
	atomic_int fd; /* -1: not open. Set last: who sees it sees the others. */
	atomic_bool read_only;
	_Atomic dev_t dev;
};

struct object_table {
	uint32_t *first; /* owned: each component's first slot */
	uint32_t count;
	struct object_slot slots[];
};

static struct object_table *table_new(const struct layout *l)
{
	struct object_table *table;
	uint32_t *first = calloc(l->count + 1, sizeof(*first));
	uint32_t count = 0;

	if (!first)
		return NULL;
	for (uint32_t i = 0; i < l->count; i++) {
		first[i] = count;
		count += l->comps[i].object_count;
	}
	table = calloc(1, sizeof(*table) + count * sizeof(table->slots[0]));
	if (!table) {
		free(first);
		return NULL;
	}
	table->first = first;
	table->count = count;
	for (uint32_t i = 0; i < count; i++)
		atomic_init(&table->slots[i].fd, -1);
	return table;
}

void objects_free(struct object_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < table->count; i++) {
		if (table->slots[i].fd >= 0)
			close(table->slots[i].fd);
	}
	free(table->first);
	free(table);
}

static struct object_slot *slot_of(struct object_table *table, struct object_ref ref)
{
	return &table->slots[table->first[ref.comp_idx] + ref.stripe_idx];
}

static bool same_object(const struct layout_object *a, const struct layout_object *b)
{
	return a->ost_idx == b->ost_idx && fid_equal(a->fid, b->fid);
}

/*
 * The component of `l` with the same first object as c; -1 where there is none. Components keep
 * their objects' order when they move.
 */
static int find_twin(const struct layout *l, const struct component *c)
{
	for (uint32_t i = 0; c->object_count && i < l->count; i++) {
		if (l->comps[i].object_count &&
		    same_object(&l->comps[i].objects[0], &c->objects[0]))
			return (int)i;
	}
	return -1;
}

static void move_slot(struct object_slot *to, struct object_slot *from)
{
	to->read_only = from->read_only;
	to->dev = from->dev;
	to->fd = from->fd;
	from->fd = -1;
}

struct object_table *objects_move(const struct layout *to, const struct layout *from,
				  struct object_table *table)
{
	struct object_table *moved = table_new(to);

	if (!moved || !from || !table)
		return moved;
	for (uint32_t i = 0; i < to->count; i++) {
		const struct component *c = &to->comps[i];
		int twin = find_twin(from, c);
		uint32_t count =
			twin < 0 ? 0 : MIN_OF(c->object_count, from->comps[twin].object_count);

		for (uint32_t k = 0; k < count; k++) {
			struct object_ref src = { (uint32_t)twin, k }, dst = { i, k };

			if (same_object(&c->objects[k], &from->comps[twin].objects[k]))
				move_slot(slot_of(moved, dst), slot_of(table, src));
		}
	}
	return moved;
}

/* The file's table, made now if it has none. NULL: no memory. Called with the file's lock held. */
static struct object_table *table_get_locked(struct file *f)
{
	struct object_table *table = atomic_load(&f->objects), *expected = NULL;

	if (table)
		return table;
	table = table_new(f->layout);
	if (table && !atomic_compare_exchange_strong(&f->objects, &expected, table)) {
		objects_free(table);
		table = expected;
	}
	return table;
}

static const struct layout_object *object_of(const struct layout *l, struct object_ref ref)
{
	return &l->comps[ref.comp_idx].objects[ref.stripe_idx];
}

static int no_ost(const struct layout_object *o)
{
	return fail(-EIO, "the layout names OST %u, which this volume doesn't have", o->ost_idx);
}

static int open_object(const struct ost_set *osts, const struct layout_object *o,
		       bool *ret_read_only)
{
	struct ost *ost = ost_set_get(osts, o->ost_idx);
	int fd;

	if (!ost)
		return no_ost(o);
	fd = object_open(ost, o->fid, O_RDWR);
	*ret_read_only = fd == -EROFS;
	if (fd == -EROFS)
		fd = object_open(ost, o->fid, O_RDONLY);
	return fd;
}

static int fill_slot(const struct ost_set *osts, const struct layout_object *o,
		     struct object_slot *slot)
{
	int fd, err, none = -1;
	bool read_only = false;
	struct stat st;

	fd = open_object(osts, o, &read_only);
	if (fd < 0)
		return fd;
	err = sys_fstat(fd, &st);
	if (err) {
		close(fd);
		return fail_sys(err, "object on OST %u", o->ost_idx);
	}
	/* Another thread that opens the same object writes the same values. */
	atomic_store(&slot->read_only, read_only);
	atomic_store(&slot->dev, st.st_dev);
	if (!atomic_compare_exchange_strong(&slot->fd, &none, fd))
		close(fd);
	return 0;
}

/* Whoever reads it looks for a mirror, not for an object: says which one it is. */
static int name_mirror(const struct layout *l, struct object_ref ref, int err)
{
	char text[ERROR_TEXT_MAX];

	if (l->mirror_count <= 1)
		return err;
	snprintf(text, sizeof(text), "%s", error_text(err));
	return fail(err, "mirror %u: %.480s", mirror_id_at(l, ref.comp_idx), text);
}

static int get_slot_locked(struct file *f, struct object_ref ref, struct object_slot **ret_slot)
{
	struct object_table *table = table_get_locked(f);
	struct object_slot *slot;
	int err = 0;

	if (!table)
		return -ENOMEM;
	slot = slot_of(table, ref);
	if (atomic_load(&slot->fd) < 0)
		err = fill_slot(f->osts, object_of(f->layout, ref), slot);
	if (err)
		return name_mirror(f->layout, ref, err);
	*ret_slot = slot;
	return 0;
}

int objects_end(const struct access *a, struct object_ref ref, bool for_write,
		struct io_end *ret_end)
{
	struct object_slot *slot;
	int err = get_slot_locked(a->f, ref, &slot);

	if (err)
		return err;
	if (for_write && atomic_load(&slot->read_only))
		return objects_fail(a->layout, ref, -EROFS, "write");
	ret_end->fd = atomic_load(&slot->fd);
	ret_end->dev = atomic_load(&slot->dev);
	return 0;
}

int objects_fd_locked(struct file *f, struct object_ref ref)
{
	struct object_slot *slot;
	int err = get_slot_locked(f, ref, &slot);

	return err ? err : atomic_load(&slot->fd);
}

int objects_check_writable_locked(struct file *f, struct object_ref ref)
{
	struct object_slot *slot;
	int err = get_slot_locked(f, ref, &slot);

	if (!err && atomic_load(&slot->read_only))
		err = objects_fail(f->layout, ref, -EROFS, "write");
	return err;
}

struct ost *objects_ost(const struct file *f, struct object_ref ref)
{
	return ost_set_get(f->osts, object_of(f->layout, ref)->ost_idx);
}

int objects_open_direct(struct file *f, struct object_ref ref)
{
	const struct layout_object *o = object_of(f->layout, ref);
	struct ost *ost = ost_set_get(f->osts, o->ost_idx);

	return ost ? object_open(ost, o->fid, O_RDONLY | O_DIRECT) : no_ost(o);
}

/* The object's descriptor if it is open, otherwise -1. */
static int peek(struct object_table *table, struct object_ref ref)
{
	return table ? atomic_load(&slot_of(table, ref)->fd) : -1;
}

int objects_stat(const struct ost_set *osts, const struct layout *l, struct object_table *table,
		 struct object_ref ref, struct stat *ret_st)
{
	const struct layout_object *o = object_of(l, ref);
	struct ost *ost = ost_set_get(osts, o->ost_idx);
	int fd = peek(table, ref), err;

	if (fd >= 0) {
		err = sys_fstat(fd, ret_st);
		return err ? objects_fail(l, ref, err, "stat") : 0;
	}
	return ost ? object_stat(ost, o->fid, ret_st) : no_ost(o);
}

void objects_name(const struct layout *l, struct object_ref ref, char *ret_text, size_t size)
{
	uint32_t id = l->comps[ref.comp_idx].id;
	char mirror[24] = "";

	if (l->mirror_count > 1)
		snprintf(mirror, sizeof(mirror), "mirror %u ", mirror_id_at(l, ref.comp_idx));
	snprintf(ret_text, size, "%scomponent %u stripe %u on OST %u", mirror, id, ref.stripe_idx,
		 object_of(l, ref)->ost_idx);
}

int objects_fail(const struct layout *l, struct object_ref ref, int err, const char *what)
{
	char name[96];

	objects_name(l, ref, name, sizeof(name));
	return fail_sys(err, "%s, %s", what, name);
}

struct object_walk objects_walk(const struct access *a, uint64_t start, uint64_t end)
{
	return (struct object_walk){ .a = a, .start = start, .end = end };
}

bool objects_next(struct object_walk *walk, struct object_part *ret_part)
{
	const struct layout *l = walk->a->layout;
	struct object_ref *next = &walk->next;

	for (; next->comp_idx < l->count; next->comp_idx++, next->stripe_idx = 0) {
		const struct component *c = &l->comps[next->comp_idx];
		uint64_t start = MAX_OF(walk->start, c->start), end = MIN_OF(walk->end, c->end);

		if (start >= end || !access_has_objects(walk->a, c))
			continue;
		while (next->stripe_idx < c->stripe_count) {
			uint32_t k = next->stripe_idx++;
			uint64_t from = object_share(c, k, start), to = object_share(c, k, end);

			if (from == to)
				continue;
			*ret_part = (struct object_part){ { next->comp_idx, k }, from, to - from };
			return true;
		}
	}
	return false;
}
