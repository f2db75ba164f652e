/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/creator.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The C library's setfsuid and setgroups may act on all threads, and it has no capset: the raw
 * calls act on one. Ids as the 64-bit ABIs pass them.
 */
static uid_t set_fsuid(uid_t uid)
{
	return (uid_t)syscall(SYS_setfsuid, uid);
}

static gid_t set_fsgid(gid_t gid)
{
	return (gid_t)syscall(SYS_setfsgid, gid);
}

#define CAP_WORDS _LINUX_CAPABILITY_U32S_3

struct caps {
	struct __user_cap_data_struct word[CAP_WORDS];
};

static int get_caps(struct caps *ret_caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, ret_caps->word) ? -errno : 0;
}

static int set_caps(const struct caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &header, caps->word) ? -errno : 0;
}

/* Those that setfsuid(2) takes away from who stops being root, and those of them that are kept. All
 * are in word 0. */
#define FS_CAPS                                                                                    \
	(1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | \
	 1u << CAP_FSETID | 1u << CAP_LINUX_IMMUTABLE | 1u << CAP_MKNOD)
#define KEPT_CAPS (1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_MKNOD)

/* What the thread has when it isn't anybody else; set by prepare(). */
static _Thread_local struct {
	bool alone;     /* has a umask of its own */
	bool groupless; /* has no supplementary groups */
	struct caps caps;
} self;

static int make_alone(void)
{
	if (self.alone)
		return 0;
	if (unshare(CLONE_FS))
		return fail_sys(-errno, "unshare umask");
	self.alone = true;
	return 0;
}

static int prepare_switch(void)
{
	int err;

	if (self.groupless)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL))
		return fail_sys(-errno, "drop supplementary groups");
	err = get_caps(&self.caps);
	if (err)
		return fail_sys(err, "read capabilities");
	self.groupless = true;
	return 0;
}

/* Leaving user id 0 took FS_CAPS away from the thread's effective set; puts back those that are
 * kept. */
static int keep_caps(void)
{
	struct caps caps = self.caps;

	caps.word[0].effective &= ~FS_CAPS | KEPT_CAPS;
	return set_caps(&caps);
}

static void switch_back(const struct creator_saved *saved)
{
	int err;

	set_fsuid(saved->uid);
	set_fsgid(saved->gid);
	err = set_caps(&self.caps);
	assert(!err); /* never more than was there */
	(void)err;
}

/* setfsuid(2) doesn't say whether it worked; asking with -1 changes nothing and tells. */
static int switch_to(const struct mdt_creator *who, struct creator_saved *saved)
{
	int err = 0;

	saved->gid = set_fsgid(who->gid);
	saved->uid = set_fsuid(who->uid);
	if (set_fsgid((gid_t)-1) != who->gid || set_fsuid((uid_t)-1) != who->uid)
		err = -EPERM;
	if (!err && who->uid != 0)
		err = keep_caps();
	if (!err)
		return 0;
	switch_back(saved);
	return fail_sys(err, "become user %u, group %u", who->uid, who->gid);
}

int creator_enter(const struct mdt_creator *who, bool privileged, struct creator_saved *ret_saved)
{
	struct creator_saved saved = { .switched = privileged && geteuid() == 0 };
	int err = make_alone();

	if (!err && saved.switched)
		err = prepare_switch();
	if (!err && saved.switched)
		err = switch_to(who, &saved);
	if (err)
		return err;
	saved.umask = umask(who->umask & 0777);
	*ret_saved = saved;
	return 0;
}

void creator_leave(const struct creator_saved *saved)
{
	umask(saved->umask);
	if (saved->switched)
		switch_back(saved);
}
