/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Free space of an OST, asked seldom: statfs(2) on a network file system is a round trip. */
#include "ost/refusal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"

#include <errno.h>

static bool get_cached(struct ost *ost, unsigned int max_age_ms, struct ost_space *ret_space)
{
	uint64_t now = clock_now_ns();
	bool fresh;

	pthread_mutex_lock(&ost->space_lock);
	fresh = ost->space_ns && now - ost->space_ns < max_age_ms * NS_PER_MS;
	if (fresh)
		*ret_space = ost->space;
	pthread_mutex_unlock(&ost->space_lock);
	return fresh;
}

static void put_cached(struct ost *ost, const struct ost_space *space)
{
	pthread_mutex_lock(&ost->space_lock);
	ost->space = *space;
	ost->space_ns = clock_now_ns();
	pthread_mutex_unlock(&ost->space_lock);
}

static uint64_t bytes_of(uint64_t blocks, uint64_t unit)
{
	uint64_t bytes;

	return __builtin_mul_overflow(blocks, unit, &bytes) ? UINT64_MAX : bytes;
}

static int ask(struct ost *ost, struct ost_space *ret_space)
{
	struct statvfs vfs;
	int err = ost_check_label(ost, 0);

	if (!err)
		err = ost_judge(ost, sys_fstatvfs(ost->top_fd, &vfs));
	if (err) {
		refusal_note(ost, (struct fid){ 0 }, err);
		return err;
	}
	refusal_look(ost, vfs.f_flag & ST_RDONLY);
	*ret_space = (struct ost_space){
		.total_bytes = bytes_of(vfs.f_blocks, vfs.f_frsize),
		.free_bytes = bytes_of(vfs.f_bfree, vfs.f_frsize),
		.avail_bytes = bytes_of(vfs.f_bavail, vfs.f_frsize),
		.total_inodes = vfs.f_files,
		.free_inodes = vfs.f_files ? vfs.f_favail : 0,
	};
	return 0;
}

int ost_get_space(struct ost *ost, unsigned int max_age_ms, struct ost_space *ret_space)
{
	struct ost_space space;
	int err = ost_check_active(ost);

	if (err)
		return err;
	if (max_age_ms && get_cached(ost, max_age_ms, ret_space))
		return 0;
	err = ask(ost, &space);
	if (err)
		return ost_active(ost) ? fail_sys(err, "OST %u (%s): free space", ost->label.index,
						  ost->path)
				       : err;
	put_cached(ost, &space);
	*ret_space = space;
	return 0;
}
