/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "testfs.h"

bool testfs_entered; /* testfs_enter() has succeeded: what is mounted goes with this process */

bool testfs_run(const char *command)
{
	return system(command) == 0;
}

int testfs_open(struct testfs *fs, const char *path)
{
	struct stat st;

	fs->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs->dirfd >= 0 && !fstat(fs->dirfd, &st))
		fs->dev = st.st_dev;
	return fs->dirfd;
}

bool testfs_path(const struct testfs *fs, const char *name, char *buf, size_t size)
{
	char link[64], base[96];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fs->dirfd);
	n = readlink(link, base, sizeof(base) - 1);
	if (n <= 0)
		return false;
	base[n] = '\0';
	return (size_t)snprintf(buf, size, "%s/%s", base, name) < size;
}

bool testfs_is_root(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	return geteuid() == 0 && !syscall(SYS_capget, &header, data) &&
	       data[0].effective & 1u << CAP_SYS_ADMIN;
}

bool testfs_enter(void)
{
	if (geteuid() != 0) {
		printf("not root: no file systems of our own, only a plain directory is tested\n");
		return false;
	}
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("testfs", TESTFS_BASE, "tmpfs", 0, "size=4g")) {
		printf("no mount namespace (%s): only a plain directory is tested\n",
		       strerror(errno));
		return false;
	}
	testfs_entered = true;
	return true;
}

bool testfs_make(struct testfs *fs, const char *type, const char *label, unsigned int size_mib)
{
	char path[64], command[1024];

	*fs = (struct testfs){ .name = type, .dirfd = -1 };
	fs->shares = !strcmp(type, "xfs") || !strcmp(type, "btrfs");
	fs->physical = strcmp(type, "tmpfs") != 0;
	snprintf(path, sizeof(path), TESTFS_BASE "/%s", label);
	mkdir(path, 0755);
	if (!fs->physical)
		return testfs_open(fs, path) >= 0;
	snprintf(command, sizeof(command),
		 "truncate -s %uM %s.img && mkfs.%s %s %s.img >%s.log 2>&1 && mount -o loop %s.img "
		 "%s >>%s.log 2>&1 && "
		 "rm %s.img",
		 size_mib, path, type, !strcmp(type, "xfs") ? "-q -m reflink=1" : "-q", path, path,
		 path, path, path, path);
	if (!testfs_run(command)) {
		printf("%s: skipped, can't make or mount an image:\n", type);
		fflush(stdout);
		snprintf(command, sizeof(command), "cat %s.log", path);
		(void)!testfs_run(command);
		return false;
	}
	return testfs_open(fs, path) >= 0;
}

bool testfs_make_plain(struct testfs *fs, char path[64])
{
	const char *base = getenv("TMPDIR");

	*fs = (struct testfs){ .name = "plain directory", .dirfd = -1 };
	snprintf(path, 64, "%.40s/lovfs-test-XXXXXX", base ? base : "/tmp");
	return mkdtemp(path) && testfs_open(fs, path) >= 0;
}

void testfs_remove_plain(const char *path)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	(void)!testfs_run(command);
}

_Noreturn void testfs_skip(const char *reason)
{
	printf("SKIP: %s\n", reason);
	exit(77);
}

bool testfs_make_plain_memory(struct testfs *fs, char path[64])
{
	if (access("/dev/shm", W_OK) || setenv("TMPDIR", "/dev/shm", 1))
		testfs_skip("no mount namespace, and no /dev/shm to write to instead");
	return testfs_make_plain(fs, path);
}

bool testfs_make_plain_xattrs(struct testfs *fs, char path[64])
{
	const uid_t nobody = 65534;

	if (geteuid() == 0 && !testfs_is_root()) {
		printf("root without CAP_SYS_ADMIN: going on as user %u\n", nobody);
		if (setgroups(0, NULL) || setresgid(nobody, nobody, nobody) ||
		    setresuid(nobody, nobody, nobody))
			testfs_skip("root may neither set trusted. xattrs nor become another user");
	}
	if (!testfs_make_plain(fs, path))
		testfs_skip("no directory can be made in TMPDIR");
	if (fsetxattr(fs->dirfd, "user.lovfs", "", 0, 0) ||
	    (geteuid() == 0 && fsetxattr(fs->dirfd, "trusted.lovfs", "", 0, 0))) {
		testfs_remove_plain(path);
		testfs_skip("the file system of TMPDIR has no xattrs that we may set");
	}
	return true;
}
