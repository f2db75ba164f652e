/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files with mirrors, on top of test_file_fixture.h. What volume/ and a mover do about stale
 * mirrors is done here: mirrored_make_stale() and mirrored_resync().
 */
#ifndef LOVFS_UNIT_TEST_MIRROR_FIXTURE_H
#define LOVFS_UNIT_TEST_MIRROR_FIXTURE_H

#include "test_file_fixture.h"

#include "file/dirty_map.h"
#include "layout/mirror_change.h"
#include "ost/ost.h"

#include <errno.h>
#include <fcntl.h>

#define MIRRORS 3u

/* ---- layouts ---- */

uint32_t component_id(uint32_t mirror_id, uint32_t number);

/* Three mirrors whose components and stripes end at different places. */
struct layout *mirrored_layout(void);

/* `count` mirrors of one component with one stripe each. */
struct layout *simple_mirrors(uint32_t count);

/* ---- commits ---- */

/* Replaces the layout by a clone that fn has changed. */
void commit_change(struct file *f, void (*fn)(struct layout *, void *), void *cookie);

struct flag_change {
	uint32_t mirror_id, set, clear;
};

void set_mirror_flags(struct file *f, uint32_t mirror_id, uint32_t set, uint32_t clear);

struct instantiation {
	struct bed *bed;
	struct file *f;
	uint32_t mirror_id;
	uint64_t start, end;
};

/* Makes the objects of one mirror only; FILE_WHOLE: of the one that is written. */
void mirrored_instantiate(struct bed *b, struct file *f, uint32_t mirror_id, uint64_t start,
			  uint64_t end);

/* Before a write: the others become stale, and a map follows for each that does. */
void mirrored_make_stale(struct file *f, uint64_t start, uint64_t end);

/*
 * Calls an operation that changes [start, end) of the mirror, or of the file, until it needs
 * neither objects nor stale mirrors any more. Where disks rotate, a mirror without objects is
 * better than the same one with them, and each in turn is chosen for the write.
 */
#define CHANGING(b, f, mirror_id, start, end, call)                                                \
	({                                                                                         \
		ssize_t r_ = (call);                                                               \
		for (int tries_ = 0; tries_ < 2 * (int)MIRRORS &&                                  \
				     (r_ == FILE_NOT_INSTANTIATED || r_ == FILE_NOT_STALE);        \
		     tries_++) {                                                                   \
			if (r_ == FILE_NOT_STALE)                                                  \
				mirrored_make_stale((f), (start), (end));                          \
			else                                                                       \
				mirrored_instantiate((b), (f), (mirror_id), (start), (end));       \
			r_ = (call);                                                               \
		}                                                                                  \
		r_;                                                                                \
	})

void mirrored_write(struct bed *b, struct file *f, uint32_t mirror_id, uint64_t offset,
		    const uint8_t *buf, size_t len);

/* ---- resync ---- */

void resync_range(struct bed *b, struct file *f, uint32_t mirror_id,
		  const struct dirty_range *range);

/* One range, of at most max_bytes, from `from` on. False: there was none. */
bool resync_step(struct bed *b, struct file *f, uint32_t mirror_id, uint64_t max_bytes);

/* The stale mirror gets what it lacks and is in sync. */
void mirrored_resync(struct bed *b, struct file *f, uint32_t mirror_id);

void mirrored_resync_all(struct bed *b, struct file *f);

/* One mirror is exactly these bytes. */
void assert_mirror_content(struct file *f, uint32_t mirror_id, const uint8_t *expected,
			   size_t size);

/* ---- objects that are missing ---- */

#define OBJECT_PATH_MAX 400

void object_path(const struct bed *b, const struct layout_object *o, char path[OBJECT_PATH_MAX]);

/* Takes an object away, or puts it back. */
void hide_object(const struct bed *b, const struct layout_object *o, bool hide);

/* The same for all objects of a mirror. The file's objects are closed. */
void hide_mirror(const struct bed *b, struct file *f, uint32_t mirror_id, bool hide);

/* ---- a bed on as many file systems as there are OSTs ---- */

struct mirror_bed {
	struct bed bed;
	char plain[64]; /* directory to be removed; "" none */
};

int mirror_bed_setup(struct mirror_bed *b);

void mirror_bed_teardown(struct mirror_bed *b);

#endif
