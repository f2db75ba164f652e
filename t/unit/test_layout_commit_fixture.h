/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A volume, a file "t" and victims in it, for tests of swap, merge and split; and what must be true
 * of the volume afterwards.
 */
#ifndef LOVFS_UNIT_TEST_LAYOUT_COMMIT_FIXTURE_H
#define LOVFS_UNIT_TEST_LAYOUT_COMMIT_FIXTURE_H

#include "unit.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "commit/merge.h"
#include "commit/split.h"
#include "commit/swap.h"
#include "inode/inode.h"
#include "layout/codec.h"
#include "layout/mirror.h"
#include "lovfs_ioctl.h"
#include "mdt/creator.h"
#include "ost/object_list.h"
#include "ost/ost.h"
#include "random.h"
#include "testfs.h"
#include "volume/conf.h"
#include "volume/format.h"
#include "volume/handle.h"
#include "volume/inode_attr.h"
#include "volume/layout_attr.h"
#include "volume/names.h"
#include "volume/volume.h"

#include <dirent.h>

#define OSTS 5
#define PATH_LEN 160
#define DATA_BYTES (200u << 10)
#define KIB64 65536u
#define VICTIMS_MAX 3

extern char base[64], mdt_path[PATH_LEN];
extern bool namespace; /* with file systems of our own */
extern uint8_t data[DATA_BYTES];

/* In a child process, too, where cmocka has no say. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #cond, context);   \
			_exit(98);                                                                 \
		}                                                                                  \
	} while (0)

extern char context[128];

/* ---- a volume ---- */

bool run_here(const char *command);

/* In `base`. */
int format_here(void);

int make_volume(void **state);

int remove_volume(void **state);

struct volume *open_volume(void);

unsigned int entries(const char *name);

/* ---- files ---- */

struct one {
	struct inode *inode;
	struct handle *h;
	struct fid fid;
};

void fill(struct one *f, bool filled);

struct one make(struct volume *vol, const char *name, uint16_t stripes, bool composite,
		bool filled);

uint64_t version(const struct one *f);

void drop(struct one *f);

struct layout *layout_of(struct inode *inode);

/* 'd': all of the data, 'e': nothing, '?': anything else. */
char content(struct inode *inode);

struct inode *look(struct inode *parent, const char *name);

/* Every mirror has what the file has. */
void check_mirrors(struct volume *vol, struct inode *inode, char want);

/* ---- what must be true of a volume ---- */

#define OBJECTS_MAX 512

struct objects {
	struct fid named[OBJECTS_MAX], there[OBJECTS_MAX];
	size_t named_count, there_count;
};

/* Objects on the OSTs are those that the files name, each once. */
void check_objects(struct volume *vol, struct inode *const *files, size_t count);

void check_links(struct inode *inode);

/* ---- a file and its victims ---- */

extern struct one t, victims[VICTIMS_MAX];

void prepare_victims(struct volume *vol, unsigned int count, bool first_named, bool filled);

int merge_all(void);

int swap_first(void);

int split_by(uint32_t mirror_id, struct fid target, uid_t uid);

int split_second(void);

unsigned int mirrors(struct inode *inode);

uint16_t stripes(struct inode *inode);

void prepare_named_merge(struct volume *vol);

void prepare_any_split(struct volume *vol, bool named);

void drop_all(void);

/*
 * Removes the files; nothing may be left. (But for the dirty map of a mirror that has left its
 * file, where removing just that failed: it is never looked at again.)
 */
void clean(struct volume *vol, bool map_may_stay);

struct volume *begin(void);

void end(struct volume *vol);

#endif
