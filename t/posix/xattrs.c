/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes and ACLs. */
#include "posix.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool listed(const char *path, const char *name)
{
	char list[4096];
	ssize_t n = OK(listxattr(path, list, sizeof(list)));

	for (char *p = list; p < list + n; p += strlen(p) + 1) {
		if (strcmp(p, name) == 0)
			return true;
	}
	return false;
}

static void users(void)
{
	char buf[512], *big = malloc(300);

	memset(big, 'b', 300);
	OK(close((int)OK(open("f", O_RDWR | O_CREAT, 0644))));
	OK(mkdir("d", 0755));
	FAILS(ENODATA, getxattr("f", "user.a", buf, sizeof(buf)));
	OK(setxattr("f", "user.a", "one", 3, XATTR_CREATE));
	FAILS(EEXIST, setxattr("f", "user.a", "one", 3, XATTR_CREATE));
	FAILS(ENODATA, setxattr("f", "user.b", "one", 3, XATTR_REPLACE));
	OK(setxattr("f", "user.a", big, 300, XATTR_REPLACE));
	CHECK(getxattr("f", "user.a", NULL, 0) == 300 &&
	      getxattr("f", "user.a", buf, sizeof(buf)) == 300);
	FAILS(ERANGE, getxattr("f", "user.a", buf, 10));
	CHECK(listed("f", "user.a"));
	OK(setxattr("f", "user.empty", "", 0, 0));
	CHECK(getxattr("f", "user.empty", buf, sizeof(buf)) == 0);
	OK(removexattr("f", "user.a"));
	FAILS(ENODATA, removexattr("f", "user.a"));
	CHECK(!listed("f", "user.a"));
	OK(setxattr("d", "user.d", "x", 1, 0));
	CHECK(listed("d", "user.d"));
	OK(setxattr("f", "trusted.mine", "x", 1, 0));
	CHECK(listed("f", "trusted.mine"));
	free(big);
}

/* On lovfs only: what is lovfs's own can't be seen or touched. */
static void reserved(void)
{
	static const char *const names[] = { "trusted.lma", "trusted.som", "trusted.fid" };
	char buf[4096];
	int fd = (int)OK(open("f", O_RDWR | O_CREAT, 0644));

	if (getenv("POSIX_RAW"))
		return;
	CHECK(write(fd, "x", 1) == 1);
	OK(close(fd));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK(!listed("f", names[i]));
		FAILS(ENODATA, getxattr("f", names[i], buf, sizeof(buf)));
		FAILS(EPERM, setxattr("f", names[i], "x", 1, 0));
		FAILS(EPERM, removexattr("f", names[i]));
	}
	CHECK(getxattr("f", "lustre.lov", buf, sizeof(buf)) >= 32 && !listed("f", "trusted.lov"));
	CHECK(setxattr("f", "lustre.lov", "x", 1, 0) == -1 &&
	      setxattr("f", "trusted.lov", "x", 1, 0) == -1);
	CHECK(setxattr("f", "lustre.other", "x", 1, 0) == -1);
}

/* POSIX ACLs as the kernel has them in xattrs: version 2, then tag, permissions, id. */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[5];
};

static struct acl acl_for_user(uint32_t uid, uint16_t perm)
{
	return (struct acl){ 2,
			     { { 0x01, 6, -1u },
			       { 0x02, perm, uid },
			       { 0x04, 4, -1u },
			       { 0x10, 7, -1u },
			       { 0x20, 0, -1u } } };
}

static bool user_reads(const char *name)
{
	bool ok;

	OK(seteuid(4321));
	ok = access(name, F_OK) == 0 && ({
		     int fd = open(name, O_RDONLY);
		     if (fd >= 0)
			     close(fd);
		     fd >= 0;
	     });
	OK(seteuid(0));
	return ok;
}

static void acls(void)
{
	struct acl acl = acl_for_user(4321, 4), got;
	struct stat st;

	OK(close((int)OK(open("f", O_RDWR | O_CREAT, 0600))));
	CHECK(!user_reads("f"));
	OK(setxattr("f", "system.posix_acl_access", &acl, sizeof(acl), 0));
	CHECK(user_reads("f"));
	OK(stat("f", &st));
	CHECK((st.st_mode & 0777) == 0670);
	CHECK(getxattr("f", "system.posix_acl_access", &got, sizeof(got)) == sizeof(got));
	CHECK(memcmp(&acl, &got, sizeof(acl)) == 0);
	OK(chmod("f", 0600));
	CHECK(!user_reads("f")); /* the mask is empty */
	OK(removexattr("f", "system.posix_acl_access"));

	OK(mkdir("d", 0755));
	OK(setxattr("d", "system.posix_acl_default", &acl, sizeof(acl), 0));
	umask(077); /* says nothing where there is a default ACL */
	OK(close((int)OK(open("d/f", O_RDWR | O_CREAT, 0660))));
	CHECK(user_reads("d/f"));
	OK(mkdir("d/e", 0770));
	CHECK(getxattr("d/e", "system.posix_acl_default", &got, sizeof(got)) == sizeof(got));
	OK(removexattr("d", "system.posix_acl_default"));
	OK(close((int)OK(open("d/g", O_RDWR | O_CREAT, 0660))));
	CHECK(!user_reads("d/g"));
}

const struct posix_case xattr_cases[] = {
	{ "user_xattrs", users },
	{ "reserved_xattrs", reserved },
	{ "acls", acls },
	{ NULL, NULL },
};
