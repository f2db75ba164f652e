/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names: making, linking, renaming, removing, listing. */
#include "posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void put(const char *name, const char *text)
{
	int fd = (int)OK(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	OK(close(fd));
}

static bool holds(const char *name, const char *text)
{
	char buf[100] = "";
	int fd = open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

static struct stat status(const char *name)
{
	struct stat st;

	OK(lstat(name, &st));
	return st;
}

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	CHECK(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void create(void)
{
	char longest[NAME_MAX + 2];
	int fd = (int)OK(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));

	OK(close(fd));
	FAILS(EEXIST, open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
	FAILS(ENOENT, open("b", O_RDWR));
	FAILS(ENOTDIR, open("a/b", O_RDWR));
	CHECK(status("a").st_mode == (S_IFREG | 0640) && status("a").st_size == 0 &&
	      status("a").st_nlink == 1);
	memset(longest, 'n', sizeof(longest));
	longest[NAME_MAX] = '\0';
	put(longest, "x");
	CHECK(holds(longest, "x"));
	longest[NAME_MAX] = 'n';
	longest[NAME_MAX + 1] = '\0';
	FAILS(ENAMETOOLONG, open(longest, O_RDWR | O_CREAT, 0644));
	umask(077);
	put("masked", "x");
	CHECK(status("masked").st_mode == (S_IFREG | 0600));
	put("odd \n\t\xff name", "x");
	CHECK(holds("odd \n\t\xff name", "x"));
}

static void truncate_on_open(void)
{
	put("a", "hello");
	OK(close((int)OK(open("a", O_WRONLY | O_TRUNC))));
	CHECK(status("a").st_size == 0 && holds("a", ""));
}

static void directories(void)
{
	OK(mkdir("d", 0755));
	FAILS(EEXIST, mkdir("d", 0755));
	OK(mkdir("d/e", 0700));
	CHECK(status("d").st_mode == (S_IFDIR | 0755));
	FAILS(ENOTEMPTY, rmdir("d"));
	FAILS(EISDIR, unlink("d/e"));
	FAILS(EISDIR, open("d", O_RDWR));
	OK(rmdir("d/e"));
	OK(rmdir("d"));
	FAILS(ENOENT, rmdir("d"));
	put("f", "x");
	FAILS(ENOTDIR, rmdir("f"));
}

static void listing(void)
{
	char name[300];
	bool seen[2000] = { false };
	struct dirent *e;
	long middle = 0;
	int n = 0;
	DIR *d;

	OK(mkdir("d", 0755));
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		put(name, "");
	}
	d = opendir("d");
	CHECK(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		CHECK(atoi(e->d_name) < 2000 && !seen[atoi(e->d_name)]);
		seen[atoi(e->d_name)] = true;
		CHECK(e->d_type == DT_REG);
		snprintf(name, sizeof(name), "d/%s", e->d_name);
		CHECK(status(name).st_ino == e->d_ino);
		if (n == 1000)
			middle = telldir(d);
	}
	CHECK(n == 2000);
	seekdir(d, middle);
	for (n = 0; (e = readdir(d));)
		n += e->d_name[0] != '.';
	CHECK(n >= 998 && n <= 1000);
	rewinddir(d);
	for (n = 0; (e = readdir(d));)
		n += e->d_name[0] != '.';
	CHECK(n == 2000);
	closedir(d);
}

static void hard_links(void)
{
	put("a", "one");
	OK(link("a", "b"));
	CHECK(status("a").st_nlink == 2 && status("a").st_ino == status("b").st_ino);
	FAILS(EEXIST, link("a", "b"));
	put("b", "two");
	CHECK(holds("a", "two"));
	OK(unlink("a"));
	CHECK(status("b").st_nlink == 1 && holds("b", "two"));
	OK(mkdir("d", 0755));
	FAILS(EPERM, link("d", "e"));
}

static void symbolic_links(void)
{
	char target[PATH_MAX], buf[PATH_MAX];
	ssize_t n;

	OK(symlink("nowhere", "l"));
	CHECK(S_ISLNK(status("l").st_mode) && status("l").st_size == 7);
	n = OK(readlink("l", buf, sizeof(buf)));
	CHECK(n == 7 && memcmp(buf, "nowhere", 7) == 0);
	FAILS(ENOENT, open("l", O_RDONLY));
	FAILS(ELOOP, open("l", O_RDONLY | O_NOFOLLOW));
	FAILS(EEXIST, symlink("x", "l"));
	put("nowhere", "here");
	CHECK(holds("l", "here"));
	memset(target, 't', sizeof(target));
	target[1000] = '\0';
	OK(symlink(target, "long"));
	CHECK(OK(readlink("long", buf, sizeof(buf))) == 1000);
	OK(lchown("l", 12, 34));
	CHECK(status("l").st_uid == 12 && status("nowhere").st_uid == 0);
	OK(link("l", "l2"));
	CHECK(S_ISLNK(status("l2").st_mode));
	OK(unlink("l"));
	CHECK(holds("nowhere", "here"));
}

static void special_files(void)
{
	OK(mkfifo("fifo", 0600));
	OK(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	OK(mknod("sock", S_IFSOCK | 0600, 0));
	OK(mknod("file", S_IFREG | 0600, 0));
	CHECK(S_ISFIFO(status("fifo").st_mode) && S_ISSOCK(status("sock").st_mode));
	CHECK(S_ISCHR(status("null").st_mode) && status("null").st_rdev == makedev(1, 3));
	put("file", "data");
	CHECK(holds("file", "data"));
	int r = (int)OK(open("fifo", O_RDONLY | O_NONBLOCK)),
	    w = (int)OK(open("fifo", O_WRONLY | O_NONBLOCK));
	char c;

	CHECK(write(w, "x", 1) == 1 && read(r, &c, 1) == 1 && c == 'x');
	OK(close(r));
	OK(close(w));
}

static void renames(void)
{
	put("a", "a");
	put("b", "b");
	OK(rename("a", "c"));
	CHECK(holds("c", "a") && access("a", F_OK) == -1);
	OK(rename("c", "b"));
	CHECK(holds("b", "a") && entries(".") == 1);
	put("a", "new");
	FAILS(EEXIST, renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	CHECK(holds("a", "new") && holds("b", "a"));
	OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE));
	CHECK(holds("a", "a") && holds("b", "new"));
	OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "x", RENAME_NOREPLACE));
	FAILS(ENOENT, renameat2(AT_FDCWD, "x", AT_FDCWD, "y", RENAME_EXCHANGE));
	OK(mkdir("d", 0755));
	OK(mkdir("e", 0755));
	OK(rename("b", "d/b"));
	CHECK(rename("e", "d") == -1 && (errno == ENOTEMPTY || errno == EEXIST));
	FAILS(EISDIR, rename("x", "d"));
	FAILS(ENOTDIR, rename("d", "x"));
	FAILS(EINVAL, rename("d", "d/sub"));
	OK(rename("d", "e"));
	CHECK(holds("e/b", "new"));
	OK(link("x", "y"));
	OK(rename("x", "y"));
	CHECK(holds("x", "a") && holds("y", "a")); /* two names of one file: nothing happens */
	OK(mkdir("d", 0755));
	OK(renameat2(AT_FDCWD, "e", AT_FDCWD, "x", RENAME_EXCHANGE));
	CHECK(holds("x/b", "new") && holds("e", "a"));
}

static void replaced_while_open(void)
{
	char buf[8];
	int fd;

	put("a", "old");
	put("b", "new");
	fd = (int)OK(open("a", O_RDWR));
	OK(rename("b", "a"));
	CHECK(pread(fd, buf, 8, 0) == 3 && memcmp(buf, "old", 3) == 0);
	CHECK(pwrite(fd, "ol2", 3, 0) == 3 && pread(fd, buf, 8, 0) == 3 &&
	      memcmp(buf, "ol2", 3) == 0);
	CHECK(holds("a", "new"));
	OK(close(fd));
}

static void unlinked_while_open(void)
{
	char buf[8];
	struct stat st;
	int fd = (int)OK(open("a", O_RDWR | O_CREAT, 0644));

	CHECK(write(fd, "data", 4) == 4);
	OK(unlink("a"));
	FAILS(ENOENT, open("a", O_RDONLY));
	OK(fstat(fd, &st));
	CHECK(st.st_nlink == 0 && st.st_size == 4);
	CHECK(pwrite(fd, "more", 4, 1000000) == 4);
	CHECK(pread(fd, buf, 8, 0) == 8 && memcmp(buf, "data\0\0\0\0", 8) == 0);
	OK(ftruncate(fd, 2));
	OK(fchmod(fd, 0600));
	OK(fsync(fd));
	put("a", "another");
	CHECK(pread(fd, buf, 8, 0) == 2 && holds("a", "another"));
	OK(close(fd));
}

static void removed_directory(void)
{
	int fd;

	OK(mkdir("d", 0755));
	fd = (int)OK(open("d", O_RDONLY | O_DIRECTORY));
	OK(rmdir("d"));
	FAILS(ENOENT, openat(fd, "x", O_RDWR | O_CREAT, 0644));
	OK(close(fd));
}

static void no_name_of_ours(void)
{
	/* A program that takes such names must find them free, and never see ours. */
	OK(mkdir("PENDING", 0755));
	OK(mkdir("ROOT", 0755));
	put("label", "x");
	put("volume.conf", "x");
	CHECK(entries(".") == 4);
}

const struct posix_case name_cases[] = {
	{ "create", create },
	{ "truncate_on_open", truncate_on_open },
	{ "directories", directories },
	{ "listing", listing },
	{ "hard_links", hard_links },
	{ "symbolic_links", symbolic_links },
	{ "special_files", special_files },
	{ "renames", renames },
	{ "replaced_while_open", replaced_while_open },
	{ "unlinked_while_open", unlinked_while_open },
	{ "removed_directory", removed_directory },
	{ "no_name_of_ours", no_name_of_ours },
	{ NULL, NULL },
};
