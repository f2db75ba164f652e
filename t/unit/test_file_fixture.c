/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_file_fixture.h"

static const struct ost_label bed_label = { .uuid = "01234567-89ab-cdef-0123-456789abcdef" };

void bed_open_ost(struct bed *b, uint32_t index, const char *path)
{
	struct ost_label label = bed_label;

	label.index = index;
	assert_int_equal(ost_open(path, &label, geteuid() == 0, &b->list[index]), 0);
}

void bed_add_ost(struct bed *b, const char *path)
{
	struct ost_label label = bed_label;

	label.index = b->osts.count;
	if (ost_format(path, &label, true))
		fail_msg("%s", error_text(0));
	bed_open_ost(b, b->osts.count++, path);
	assert_true(ost_active(b->list[label.index]));
}

void bed_init(struct bed *b, const char *path, uint32_t count)
{
	memset(b, 0, sizeof(*b));
	snprintf(b->path, sizeof(b->path), "%s", path);
	b->osts.osts = b->list;
	b->next_oid = 1;
	io_ladder_init(&b->ladder, 0);
	for (uint32_t i = 0; i < count; i++) {
		char dir[300];

		snprintf(dir, sizeof(dir), "%s/ost%u", path, i);
		assert_int_equal(mkdir(dir, 0755), 0);
		bed_add_ost(b, dir);
	}
}

void bed_release(struct bed *b)
{
	for (uint32_t i = 0; i < b->osts.count; i++)
		ost_free(b->list[i]);
	io_ladder_release(&b->ladder);
}

void set_component(struct component *c, uint32_t id, uint64_t start, uint64_t end, uint16_t stripes)
{
	c->id = id;
	c->start = start;
	c->end = end;
	c->magic = LAYOUT_MAGIC_V1;
	c->pattern = PATTERN_RAID0 | (stripes > BED_OSTS_MAX ? PATTERN_OVERSTRIPED : 0);
	c->stripe_size = STRIPE;
	c->stripe_count = stripes;
}

struct layout *plain_layout(uint16_t stripes)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	assert_non_null(l);
	set_component(&l->comps[0], 0, 0, LAYOUT_EOF, stripes);
	return l;
}

struct layout *pfl_layout(uint64_t end)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 3);

	assert_non_null(l);
	set_component(&l->comps[0], 1, 0, 256 * KIB, 1);
	set_component(&l->comps[1], 2, 256 * KIB, MIB, 2);
	set_component(&l->comps[2], 3, MIB, end, 4);
	return l;
}

struct file *bed_file(struct bed *b, struct layout *l)
{
	struct fid fid = { 0x200000401, b->next_oid++, 0 };
	struct file *f;

	assert_int_equal(file_new(fid, &b->osts, l, 7, &f), 0);
	layout_unref(l);
	return f;
}

void make_objects(struct bed *b, struct file *f, struct component *c)
{
	/* Mirrors begin on different OSTs. */
	uint32_t first = file_fid(f).oid + component_mirror_id(c);

	assert_int_equal(component_set_objects(c, c->stripe_count), 0);
	for (uint32_t k = 0; k < c->stripe_count; k++) {
		struct ost_parent parent = { file_fid(f), k,      c->stripe_size, c->stripe_count,
					     c->start,    c->end, c->id };

		c->objects[k].ost_idx = (first + k) % b->osts.count;
		assert_int_equal(
			object_create(b->list[c->objects[k].ost_idx], &parent, &c->objects[k].fid),
			0);
	}
	c->flags |= COMP_INIT;
}

bool bed_instantiate(struct bed *b, struct file *f, uint64_t start, uint64_t end)
{
	struct layout *l;
	bool made = false;

	file_commit_begin(f);
	l = layout_clone(file_commit_layout(f));
	for (uint32_t i = 0; i < l->count; i++) {
		struct component *c = &l->comps[i];

		if (c->start < end && c->end > start && component_has_data(c) &&
		    !component_instantiated(l, c)) {
			make_objects(b, f, c);
			made = true;
		}
	}
	file_commit_set(f, l);
	file_commit_end(f);
	layout_unref(l);
	return made;
}

void bed_destroy(struct bed *b, struct file *f)
{
	struct layout *l = file_layout(f);

	file_free(f);
	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint32_t k = 0; k < c->object_count; k++)
			assert_int_equal(
				object_destroy(b->list[c->objects[k].ost_idx], c->objects[k].fid),
				0);
	}
	layout_unref(l);
}

uint64_t size_of(struct file *f)
{
	struct file_attr attr;

	assert_int_equal(file_stat(f, FILE_WHOLE, &attr), 0);
	assert_true(attr.complete);
	return attr.size_bytes;
}

void fill_pattern(uint8_t *buf, size_t len, uint64_t offset, unsigned int salt)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t v = (offset + i) * 0x9e3779b97f4a7c15u + salt * 0x632be59bd9b4e019u;

		buf[i] = (uint8_t)(v >> 56) | 1;
	}
}

void write_pattern(struct bed *b, struct file *f, uint64_t offset, size_t len, unsigned int salt)
{
	uint8_t *buf = malloc(len);

	assert_non_null(buf);
	fill_pattern(buf, len, offset, salt);
	assert_int_equal(INSTANTIATING(b, f, offset, offset + len,
				       file_write(f, FILE_WHOLE, buf, len, offset)),
			 len);
	free(buf);
}

void assert_content(struct file *f, const uint8_t *expected, size_t size)
{
	uint8_t *buf = malloc(size + 4096);

	assert_non_null(buf);
	assert_int_equal(size_of(f), size);
	assert_int_equal(file_read(f, FILE_WHOLE, buf, size + 4096, 0), size);
	for (size_t i = 0; i < size; i++) {
		if (buf[i] != expected[i])
			fail_msg("byte %zu of %zu is 0x%02x instead of 0x%02x", i, size, buf[i],
				 expected[i]);
	}
	free(buf);
}
