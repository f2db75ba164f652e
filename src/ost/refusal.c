/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/refusal.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "ost/object_dir.h"
#include "ost/ost.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define PROBE_NAME ".lovfs-probe"
#define PROBE_BYTES 4096

bool ost_is_to_blame(int err)
{
	switch (err) {
	case 0:
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
	case -EINTR:
	case -ECANCELED:
		return false;
	}
	return true;
}

int ost_refusal(const struct ost *ost)
{
	return atomic_load(&ost->refused);
}

bool ost_may_create(const struct ost *ost)
{
	return ost_active(ost) && !atomic_load(&ost->no_create) && !ost_refusal(ost);
}

const char *ost_why_no_create(const struct ost *ost)
{
	int refused = ost_refusal(ost);

	if (!ost_active(ost))
		return ost_why(ost);
	if (atomic_load(&ost->no_create))
		return "volume.conf says so (no_create)";
	return refused ? strerrordesc_np(-refused) : "";
}

static void set(struct ost *ost, int err)
{
	int before = atomic_exchange(&ost->refused, err);

	if (err && err != before)
		log_warning("OST %u (%s) takes no new objects: %s", ost->label.index, ost->path,
			    strerrordesc_np(-err));
	else if (!err && before)
		log_warning("OST %u (%s) takes new objects again", ost->label.index, ost->path);
}

/* What an error says about objects to come. */
static int refusal_of(int err)
{
	if (err == -ENOSPC || !ost_is_to_blame(err))
		return 0;
	/* Its directories are gone, or lead elsewhere: not what a caller should take for its own. */
	if (err == -ENOENT || err == -ENOTDIR || err == -ESTALE || err == -ELOOP || err == -EEXIST)
		return -EIO;
	return err;
}

void refusal_note(struct ost *ost, struct fid id, int err)
{
	int refused = refusal_of(err);

	if (!refused || !ost_active(ost))
		return;
	pthread_mutex_lock(&ost->state_lock);
	ost->refused_id = id;
	pthread_mutex_unlock(&ost->state_lock);
	set(ost, refused);
}

static int open_probe(int dirfd)
{
	int fd = sys_openat(dirfd, ".", O_TMPFILE | O_WRONLY, 0600);

	if (fd != -EOPNOTSUPP && fd != -EISDIR)
		return fd;
	/* Network file systems have no files without a name. */
	(void)!sys_unlinkat(dirfd, PROBE_NAME, 0);
	fd = sys_openat(dirfd, PROBE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)!sys_unlinkat(dirfd, PROBE_NAME, 0);
	return fd;
}

static int probe_dir(int dirfd)
{
	static const char data[PROBE_BYTES];
	CLEANUP_FD int fd = open_probe(dirfd);

	return fd < 0 ? fd : sys_pwrite_full(fd, data, sizeof(data), 0);
}

void refusal_probe(struct ost *ost)
{
	refusal_note(ost, (struct fid){ 0 }, probe_dir(ost->top_fd));
}

/* Where an id couldn't be had, it was the directory of LAST_ID that refused. */
static int probe(struct ost *ost)
{
	CLEANUP_OBJECT_DIR struct object_dir dir = OBJECT_DIR_NONE;
	struct fid id;
	int err;

	pthread_mutex_lock(&ost->state_lock);
	id = ost->refused_id;
	pthread_mutex_unlock(&ost->state_lock);
	if (fid_is_zero(id))
		return probe_dir(ost->top_fd);
	err = object_dir_get(ost, id, true, &dir);
	return err ? err : probe_dir(dir.fd);
}

void refusal_look(struct ost *ost, bool read_only)
{
	if (read_only)
		set(ost, -EROFS);
	else if (ost_refusal(ost))
		set(ost, refusal_of(probe(ost)));
}
