/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inodes made for somebody else look as if that somebody had made them: compared with what a child
 * process with those ids really makes, in directories of all kinds; from several threads at once;
 * and the thread is itself again afterwards. As root only.
 */
#include "mdt/creator.h"
#include "mdt/mdt.h"
#include "mdt/mdt_create.h"
#include "test_mdt_fixture.h"

#include <linux/capability.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct caller {
	uid_t uid;
	gid_t gid;
	mode_t umask;
};

static const struct caller callers[] = { { 0, 0, 022 },       { 0, 7, 0 },     { 1000, 1000, 022 },
					 { 1000, 1000, 077 }, { 1001, 50, 0 }, { 1000, 0, 027 },
					 { 65534, 65534, 0 } };
static const mode_t modes[] = { 0666, 0777, 0444, 0, 02755, 02644, 06777, 01777, 07777 };
static const char *const directories[] = { "plain", "setgid", "acl", "setgid-acl", "setgid-root" };

/* struct posix_acl_xattr_header and its entries: u32 version 2; u16 tag, u16 permission, u32 id
 * each. */
static void set_default_acl(const char *path)
{
	static const uint8_t acl[] = {
		2,    0, 0, 0,                         /* version */
		1,    0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* user::rwx */
		2,    0, 6, 0, 0xe9, 0x03, 0,    0,    /* user:1001:rw- */
		4,    0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* group::r-x */
		0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* mask::rwx */
		0x20, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, /* other::--x */
	};

	assert_int_equal(setxattr(path, "system.posix_acl_default", acl, sizeof(acl), 0), 0);
}

static void make_directories(const struct place *p)
{
	bool acls = strcmp(p->fs->name, "plain directory") != 0;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		bool root_group = strstr(directories[i], "root") != NULL;
		char path[256];

		snprintf(path, sizeof(path), "%s/ROOT/%s", p->path, directories[i]);
		assert_int_equal(mkdir(path, 0777), 0);
		assert_int_equal(chown(path, 0, root_group ? 0 : 50), 0);
		assert_int_equal(chmod(path, strstr(directories[i], "setgid") ? 02777 : 0777), 0);
		if (acls && strstr(directories[i], "acl"))
			set_default_acl(path);
	}
}

enum kind { KIND_FILE, KIND_DIR, KIND_FIFO, KIND_LINK, KINDS };

static int make_really(int dirfd, enum kind kind, mode_t mode)
{
	switch (kind) {
	case KIND_FILE:
		return openat(dirfd, "theirs", O_WRONLY | O_CREAT | O_EXCL, mode) < 0;
	case KIND_DIR:
		return mkdirat(dirfd, "theirs", mode);
	case KIND_FIFO:
		return mknodat(dirfd, "theirs", S_IFIFO | mode, 0);
	default:
		return symlinkat("target", dirfd, "theirs");
	}
}

/* As the caller would, in a child process that is the caller. */
static void make_theirs(int dirfd, enum kind kind, mode_t mode, const struct caller *c)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (setgroups(0, NULL) || setresgid(c->gid, c->gid, c->gid) ||
		    setresuid(c->uid, c->uid, c->uid))
			_exit(98);
		umask(c->umask);
		_exit(make_really(dirfd, kind, mode) ? 99 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void make_ours(struct mdt *mdt, int dirfd, enum kind kind, mode_t mode,
		      const struct caller *c)
{
	const struct mdt_creator who = { .uid = c->uid, .gid = c->gid, .umask = c->umask };
	int fd = -1, err = 0;

	switch (kind) {
	case KIND_FILE:
		err = mdt_create(mdt, dirfd, "ours", mode, &who, NULL, &fd);
		break;
	case KIND_DIR:
		err = mdt_create_dir(mdt, dirfd, "ours", mode, &who, &fd);
		break;
	case KIND_FIFO:
		err = mdt_create_node(mdt, dirfd, "ours", S_IFIFO | mode, 0, &who, &fd);
		break;
	default:
		err = mdt_create_symlink(mdt, "target", dirfd, "ours", &who, &fd);
	}
	assert_int_equal(err, 0);
	close(fd);
}

static ssize_t get_acl(int dirfd, const char *name, const char *acl, uint8_t *buf, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return lgetxattr(path, acl, buf, size);
}

static void compare(int dirfd, const char *what)
{
	static const char *const acls[] = { "system.posix_acl_access", "system.posix_acl_default" };
	struct stat theirs, ours;

	assert_int_equal(fstatat(dirfd, "theirs", &theirs, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(dirfd, "ours", &ours, AT_SYMLINK_NOFOLLOW), 0);
	if (theirs.st_mode != ours.st_mode || theirs.st_uid != ours.st_uid ||
	    theirs.st_gid != ours.st_gid)
		fail_msg("%s: theirs 0%o %u:%u, ours 0%o %u:%u", what, theirs.st_mode,
			 theirs.st_uid, theirs.st_gid, ours.st_mode, ours.st_uid, ours.st_gid);
	for (size_t i = 0; i < ARRAY_SIZE(acls); i++) {
		uint8_t a[256], b[256];
		ssize_t n = get_acl(dirfd, "theirs", acls[i], a, sizeof(a));

		assert_int_equal(get_acl(dirfd, "ours", acls[i], b, sizeof(b)), n);
		if (n > 0)
			assert_memory_equal(a, b, n);
	}
}

static void inodes_look_like_the_callers_own(const struct testfs *fs)
{
	struct place p = place_new(fs, true);

	make_directories(&p);
	for (size_t d = 0; d < ARRAY_SIZE(directories); d++) {
		int dirfd = open_in(&p, directories[d]);

		for (size_t i = 0; i < ARRAY_SIZE(callers) * ARRAY_SIZE(modes) * KINDS; i++) {
			const struct caller *c = &callers[i % ARRAY_SIZE(callers)];
			mode_t mode = modes[i / ARRAY_SIZE(callers) % ARRAY_SIZE(modes)];
			enum kind kind = i / ARRAY_SIZE(callers) / ARRAY_SIZE(modes);
			char what[128];

			snprintf(what, sizeof(what),
				 "%s %s, mode 0%o, kind %d, caller %u:%u umask 0%o", fs->name,
				 directories[d], mode, kind, c->uid, c->gid, c->umask);
			make_theirs(dirfd, kind, mode, c);
			make_ours(p.mdt, dirfd, kind, mode, c);
			compare(dirfd, what);
			unlinkat(dirfd, "theirs", kind == KIND_DIR ? AT_REMOVEDIR : 0);
			unlinkat(dirfd, "ours", kind == KIND_DIR ? AT_REMOVEDIR : 0);
		}
		close(dirfd);
	}
	place_release(&p);
}

/* The mount's kernel has checked the caller's permission; the daemon's directories don't stop it
 * twice. */
static void closed_directories_are_passed(const struct testfs *fs)
{
	const struct mdt_creator who = { .uid = 1000, .gid = 1000 };
	struct place p = place_new(fs, true);
	int root = mdt_root_fd(p.mdt), dirfd, fd;
	struct stat st;

	assert_int_equal(mdt_create_dir(p.mdt, root, "d", 0700, &(struct mdt_creator){ 0 }, &dirfd),
			 0);
	assert_int_equal(mdt_create(p.mdt, dirfd, "f", 0600, &who, NULL, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 1000);
	close(fd);
	assert_int_equal(
		mdt_create_node(p.mdt, dirfd, "null", S_IFCHR | 0600, makedev(1, 3), &who, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_rdev, makedev(1, 3));
	assert_int_equal(st.st_uid, 1000);
	close(fd);
	close(dirfd);
	place_release(&p);
}

/* An unprivileged volume's inodes are the process's own, also where that is root. */
static void unprivileged_volumes_switch_nothing(const struct testfs *fs)
{
	const struct mdt_creator who = { .uid = 1000, .gid = 1000, .umask = 027 };
	struct place p = place_new(fs, false);
	struct stat st;
	int fd;

	assert_int_equal(mdt_create(p.mdt, mdt_root_fd(p.mdt), "f", 0666, &who, NULL, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	close(fd);
	place_release(&p);
}

struct worker {
	const struct place *p;
	struct caller caller;
	unsigned int number;
	unsigned int wrong;
	pthread_t thread;
};

struct self {
	struct __user_cap_data_struct caps[2];
	uid_t fsuid;
	gid_t fsgid;
	mode_t umask;
};

static struct self look_at_self(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct self s;

	memset(&s, 0, sizeof(s));
	syscall(SYS_capget, &header, s.caps);
	s.fsuid = (uid_t)syscall(SYS_setfsuid, -1);
	s.fsgid = (gid_t)syscall(SYS_setfsgid, -1);
	s.umask = umask(0);
	umask(s.umask);
	return s;
}

static void *work(void *cookie)
{
	struct worker *w = cookie;
	const struct mdt_creator who = { .uid = w->caller.uid,
					 .gid = w->caller.gid,
					 .umask = w->caller.umask };
	struct self before = look_at_self(), after;

	for (int i = 0; i < 200; i++) {
		char name[32];
		struct stat st;
		int fd = -1;

		snprintf(name, sizeof(name), "%u-%d", w->number, i);
		if (mdt_create(w->p->mdt, mdt_root_fd(w->p->mdt), name, 0777, &who, NULL, &fd) ||
		    fstat(fd, &st) || st.st_uid != who.uid || st.st_gid != who.gid ||
		    (st.st_mode & 0777) != (0777 & ~who.umask))
			w->wrong++;
		fd_cleanup(&fd);
	}
	after = look_at_self();
	w->wrong += memcmp(&before, &after, sizeof(before)) != 0;
	return NULL;
}

static void threads_dont_mix(const struct testfs *fs)
{
	struct place p = place_new(fs, true);
	struct worker workers[8];
	struct self before = look_at_self(), after;

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i] = (struct worker){
			.p = &p,
			.number = i,
			.caller = { .uid = i ? 1000 + i : 0, .gid = 2000 + i, .umask = i * 9 }
		};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
	}
	after = look_at_self();
	assert_memory_equal(&before, &after, sizeof(before));
	place_release(&p);
}

static void impossible_ids_are_refused(const struct testfs *fs)
{
	static const struct mdt_creator bad[] = { { .uid = (uid_t)-1, .gid = 1 },
						  { .uid = 1, .gid = (gid_t)-1 } };
	struct place p = place_new(fs, true);
	struct self before = look_at_self(), after;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int fd = -1;

		assert_int_equal(
			mdt_create(p.mdt, mdt_root_fd(p.mdt), "f", 0666, &bad[i], NULL, &fd),
			-EPERM);
		assert_int_equal(fd, -1);
	}
	assert_false(exists(&p, "f"));
	after = look_at_self();
	assert_memory_equal(&before, &after, sizeof(before));
	place_release(&p);
}

#define ROOT_ON_EACH(test)                                                                         \
	static void test##_on_each(void **state)                                                   \
	{                                                                                          \
		(void)state;                                                                       \
		for (size_t i = 0; i < fixture_fs_count; i++)                                      \
			test(&fixture_fs[i]);                                                      \
	}

ROOT_ON_EACH(inodes_look_like_the_callers_own)
ROOT_ON_EACH(closed_directories_are_passed)
ROOT_ON_EACH(unprivileged_volumes_switch_nothing)
ROOT_ON_EACH(threads_dont_mix)
ROOT_ON_EACH(impossible_ids_are_refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inodes_look_like_the_callers_own_on_each),
		cmocka_unit_test(closed_directories_are_passed_on_each),
		cmocka_unit_test(unprivileged_volumes_switch_nothing_on_each),
		cmocka_unit_test(threads_dont_mix_on_each),
		cmocka_unit_test(impossible_ids_are_refused_on_each),
	};

	if (!testfs_is_root())
		testfs_skip("only root with CAP_SYS_ADMIN can be somebody else");
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
