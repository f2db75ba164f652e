/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files without mirrors, directories, copies and swaps. */
#include "facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- layouts ---- */

void fact_layout_again(void)
{
	unsigned char bytes[32];
	int fd = fact_plain("f", 1);
	unsigned int stripes;

	st_make_plain(bytes, 2, 0xffff);
	fact_answer("%s", fact_result(fsetxattr(fd, "lustre.lov", bytes, sizeof(bytes), 0)));
	stripes = st_stripes(fd);
	fact_answer(", %u stripe%s", stripes, stripes == 1 ? " as before" : "s");
}

void fact_default_ost(void)
{
	static unsigned char by_ioctl[65536], by_xattr[65536];
	unsigned char bytes[32];
	int dir;

	CHECK(mkdir("d", 0755) == 0);
	dir = st_open("d", O_RDONLY | O_DIRECTORY);
	st_make_plain(bytes, 1, 1);
	if (ioctl(dir, LUSTRE_SETSTRIPE, bytes))
		fact_skip("a default on OST 1 can't be set (%s): it needs two OSTs",
			  strerror(errno));
	CHECK(fgetxattr(dir, "lustre.lov", by_xattr, sizeof(by_xattr)) >= 32);
	CHECK(ioctl(dir, LUSTRE_GETSTRIPE, by_ioctl) == 0);
	fact_answer("xattr 0x%x, ioctl %u", by_xattr[30] + 256u * by_xattr[31],
		    by_ioctl[30] + 256u * by_ioctl[31]);
}

void fact_ids_created(void)
{
	int fd = open("m", DIRECT_RDWR | O_CREAT | O_EXCL | O_NOCTTY | FASYNC, 0644);
	struct st_mirrors m;

	CHECK(fd >= 0);
	if (st_set_composite(fd, 2))
		fact_skip("a file can't be made with two mirrors: %s", strerror(errno));
	m = st_look(fd);
	for (unsigned int i = 0; i < m.count; i++)
		fact_answer("%s0x%x", i ? " " : "", m.ids[i]);
}

/* ---- what isn't of layouts ---- */

void fact_times(void)
{
	const struct timespec times[2] = { { 1000000000, 123456789 }, { 1000000120, 987654321 } };
	int fd = fact_plain("f", 1);
	struct stat st;

	CHECK(futimens(fd, times) == 0 && fsync(fd) == 0 && stat("f", &st) == 0);
	CHECK(st.st_mtim.tv_sec == 1000000120);
	fact_answer("%ld ns, %ld ns", st.st_atim.tv_nsec, st.st_mtim.tv_nsec);
}

void fact_user_xattr(void)
{
	int fd = fact_plain("f", 1);
	int r = fsetxattr(fd, "user.lov_contract", "x", 1, 0);

	if (r == 0)
		fact_skip("it is mounted with user_xattr");
	fact_answer("%s", fact_result(r));
}

/* ---- copy_file_range ---- */

static void make_source(const char *path)
{
	close(fact_plain(path, 1));
}

/* The double takes each program for one that begins with dropped caches. */
static void drop_caches(void)
{
	int fd = fact_is_double() ? -2 : open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd == -2)
		return;
	if (fd < 0)
		fact_skip("caches can't be dropped: %s", strerror(errno));
	sync();
	CHECK(write(fd, "3", 1) == 1);
	close(fd);
}

void fact_copy_unseen(void)
{
	int in, out = open("copy", O_RDWR | O_CREAT | O_EXCL, 0644);
	struct stat st;

	CHECK(out >= 0 && st_other(make_source, "f") == 0);
	drop_caches();
	in = st_open("f", O_RDONLY);
	fact_answer("%s", fact_result(copy_file_range(in, NULL, out, NULL, PAGE, 0)));
	CHECK(lseek(in, 0, SEEK_SET) == 0 && fstat(in, &st) == 0);
	fact_answer(", after fstat %s", fact_result(copy_file_range(in, NULL, out, NULL, PAGE, 0)));
}

/* ---- swaps ---- */

/* Of FACT_LEN bytes, two stripes where there are two OSTs. */
static int filled_victim(void)
{
	unsigned char bytes[32];
	int victim = st_victim(O_NOCTTY | FASYNC);

	st_make_plain(bytes, 1, 0xffff);
	CHECK(ioctl(victim, LUSTRE_SETSTRIPE, bytes) == 0);
	st_write_pattern(victim, FACT_LEN, 2);
	CHECK(fsync(victim) == 0);
	return victim;
}

static uint64_t flushed_version(int fd)
{
	uint64_t version;

	CHECK(st_data_version(fd, 1, &version) == 0);
	return version;
}

void fact_swap_unflushed(void)
{
	int fd = fact_plain("f", 1), victim = filled_victim();
	uint64_t version = flushed_version(fd);

	flushed_version(victim);
	CHECK(st_other(st_write_byte, "f") == 0);
	fact_answer("%s", fact_result(st_swap(fd, victim, 1, version)));
}

/* struct hsm_attrs: compat, flags (exists, archived), archive, version. */
static void archive_in_double(int fd)
{
	static const unsigned char hsm[24] = { [4] = 0x9 };

	CHECK(fsetxattr(fd, "trusted.hsm", hsm, sizeof(hsm), 0) == 0);
}

void fact_swap_archived(void)
{
	int fd = fact_plain("f", 1), victim = filled_victim();

	if (geteuid())
		fact_skip("it needs root");
	if (fact_is_double())
		archive_in_double(fd);
	else if (system("lfs hsm_set --exists --archived f >/dev/null 2>&1"))
		fact_skip("lfs hsm_set fails, or there is no lfs");
	fact_answer("%s", fact_result(st_swap(fd, victim, 1, flushed_version(fd))));
}
