/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idfile.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_MAX 24

static int store(int dirfd, const char *name, uint64_t bound)
{
	char text[NUMBER_TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", bound);

	return sys_replace_file(dirfd, name, text, (size_t)len, 0600);
}

int idfile_create(int dirfd, const char *name)
{
	struct stat st;
	int err = sys_fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (err != -ENOENT)
		return err ? err : -EEXIST;
	return store(dirfd, name, 1);
}

int idfile_init(struct idfile *ids, int dirfd, const char *name)
{
	CLEANUP_FREE char *text = NULL;
	uint64_t bound;
	size_t len;
	int err = sys_read_file(dirfd, name, NUMBER_TEXT_MAX, &text, &len);

	if (err)
		return fail_sys(err, "%s", name);
	if (len == 0 || text[len - 1] != '\n' || strlen(text) != len)
		return fail(-EUCLEAN, "%s is cut off", name);
	text[len - 1] = '\0';
	if (number_parse(text, 1, INT64_MAX, &bound) < 0)
		return fail(-EUCLEAN, "%s holds no number", name);
	*ids = (struct idfile){ .dirfd = dirfd, .name = name, .next = bound, .bound = bound };
	pthread_mutex_init(&ids->lock, NULL);
	return 0;
}

void idfile_release(struct idfile *ids)
{
	if (!ids->name)
		return;
	pthread_mutex_destroy(&ids->lock);
	ids->name = NULL;
}

static int next_locked(struct idfile *ids, uint64_t *ret_id)
{
	if (ids->next == ids->bound) {
		int err;

		if (ids->bound > INT64_MAX - IDFILE_BATCH)
			return fail(-EUCLEAN, "%s: no numbers left", ids->name);
		err = store(ids->dirfd, ids->name, ids->bound + IDFILE_BATCH);
		if (err)
			return fail_sys(err, "%s", ids->name);
		ids->bound += IDFILE_BATCH;
	}
	*ret_id = ids->next++;
	return 0;
}

int idfile_next(struct idfile *ids, uint64_t *ret_id)
{
	int err;

	pthread_mutex_lock(&ids->lock);
	err = next_locked(ids, ret_id);
	pthread_mutex_unlock(&ids->lock);
	return err;
}
