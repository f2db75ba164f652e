/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OSTs on real directories, layouts, and files on them, for the tests of file/. What volume/ does
 * about components that aren't instantiated is done here by bed_instantiate().
 */
#ifndef LOVFS_UNIT_TEST_FILE_FIXTURE_H
#define LOVFS_UNIT_TEST_FILE_FIXTURE_H

#include "testfs.h"
#include "unit.h"

#include "base/error.h"
#include "base/units.h"
#include "file/file.h"
#include "ost/object.h"
#include "ost/ost.h"
#include "ost/ost_format.h"
#include "ost/ost_set.h"
#include "ost/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BED_OSTS_MAX 4
#define STRIPE ((uint32_t)(64 * KIB))

struct bed {
	char path[256];
	struct ost *list[BED_OSTS_MAX];
	struct ost_set osts;
	struct io_ladder ladder;
	uint32_t next_oid;
};

void bed_open_ost(struct bed *b, uint32_t index, const char *path);

void bed_add_ost(struct bed *b, const char *path);

/*
 * `count` OSTs in directories ostN of an existing empty directory; nothing in them stays behind
 * where that is a testfs.
 */
void bed_init(struct bed *b, const char *path, uint32_t count);

void bed_release(struct bed *b);

/* ---- layouts without objects ---- */

void set_component(struct component *c, uint32_t id, uint64_t start, uint64_t end,
		   uint16_t stripes);

struct layout *plain_layout(uint16_t stripes);

/* [0, 256K) in one stripe, [256K, 1M) in 2, [1M, end) in 4. */
struct layout *pfl_layout(uint64_t end);

/* ---- files ---- */

/* A file with that layout, of which it takes the caller's reference. */
struct file *bed_file(struct bed *b, struct layout *l);

void make_objects(struct bed *b, struct file *f, struct component *c);

/*
 * Makes the objects of all components that overlap [start, end), as a commit. Whether there were
 * any to make.
 */
bool bed_instantiate(struct bed *b, struct file *f, uint64_t start, uint64_t end);

/* Frees the file and destroys its objects. */
void bed_destroy(struct bed *b, struct file *f);

/*
 * Calls an operation; where it says FILE_NOT_INSTANTIATED, instantiates [start, end) and calls it
 * again.
 */
#define INSTANTIATING(b, f, start, end, call)                                                      \
	({                                                                                         \
		ssize_t r_ = (call);                                                               \
		if (r_ == FILE_NOT_INSTANTIATED) {                                                 \
			assert_true(bed_instantiate((b), (f), (start), (end)));                    \
			r_ = (call);                                                               \
			assert_int_not_equal(r_, FILE_NOT_INSTANTIATED);                           \
		}                                                                                  \
		r_;                                                                                \
	})

uint64_t size_of(struct file *f);

/* Bytes that tell their offset and `salt`; none is 0. */
void fill_pattern(uint8_t *buf, size_t len, uint64_t offset, unsigned int salt);

void write_pattern(struct bed *b, struct file *f, uint64_t offset, size_t len, unsigned int salt);

/* The file is exactly these bytes. */
void assert_content(struct file *f, const uint8_t *expected, size_t size);

#endif
