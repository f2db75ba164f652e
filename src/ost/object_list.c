/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/object_list.h"

/* Walking over all objects of an OST. What doesn't have the name of an object is none, and is
 * passed over. */
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "ost/ost_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_TEXT_MAX 32

struct walk {
	const struct ost *ost;
	uint64_t seq;  /* of the directory being read */
	uint32_t slot; /* same */
	int (*fn)(void *cookie, struct fid id);
	void *cookie;
};

/* Calls fn for each entry of the directory dirfd/name until it returns non-zero. */
static int for_each_entry(struct walk *walk, int dirfd, const char *name,
			  int (*fn)(struct walk *walk, int fd, const char *name))
{
	int fd = sys_openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), r = 0;
	DIR *dir;

	if (fd < 0)
		return fail_sys(fd, "OST %u: list %s", walk->ost->label.index, name);
	dir = fdopendir(fd);
	if (!dir) {
		fd_cleanup(&fd);
		return fail(-ENOMEM, "OST %u: no memory", walk->ost->label.index);
	}
	while (!r) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = errno ? fail_sys(-errno, "OST %u: list %s", walk->ost->label.index,
					     name)
				  : 0;
			break;
		}
		r = fn(walk, fd, entry->d_name);
	}
	closedir(dir);
	return r;
}

static int visit_object(struct walk *walk, int fd, const char *name)
{
	struct fid id = { .seq = walk->seq };
	char again[NAME_TEXT_MAX];
	uint64_t oid;

	(void)fd;
	if (number_parse(name, 1, UINT32_MAX, &oid) < 0 || oid % OST_DIRS != walk->slot)
		return 0;
	snprintf(again, sizeof(again), "%" PRIu64, oid);
	if (strcmp(again, name) != 0)
		return 0;
	id.oid = (uint32_t)oid;
	return walk->fn(walk->cookie, id);
}

static int visit_slot(struct walk *walk, int fd, const char *name)
{
	uint64_t slot;

	if (name[0] != 'd' || number_parse(name + 1, 0, OST_DIRS - 1, &slot) < 0)
		return 0;
	walk->slot = (uint32_t)slot;
	return for_each_entry(walk, fd, name, visit_object);
}

static int visit_seq(struct walk *walk, int fd, const char *name)
{
	uint64_t first = OST_SEQ_BASE + (uint64_t)walk->ost->label.index * OST_SEQ_STEP;
	char again[NAME_TEXT_MAX];

	walk->seq = strtoull(name, NULL, 16);
	snprintf(again, sizeof(again), "%" PRIx64, walk->seq);
	if (strcmp(again, name) != 0 || walk->seq < first || walk->seq - first >= OST_SEQ_STEP)
		return 0;
	return for_each_entry(walk, fd, name, visit_slot);
}

int object_list_each(struct ost *ost, int (*fn)(void *cookie, struct fid id), void *cookie)
{
	struct walk walk = { .ost = ost, .fn = fn, .cookie = cookie };
	int err = ost_check_label(ost, 0);

	return err ? err : for_each_entry(&walk, ost->top_fd, OST_FILES_DIR, visit_seq);
}
