/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* io_seek(): right where the kernel's answer is, and where XFS or a server reports data as a hole. */
#include "unit.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/find_data.h"
#include "random.h"
#include "testfs.h"

#include <errno.h>
#include <fcntl.h>

static struct testfs file_systems[4];
static size_t fs_count;

static int new_file(const struct testfs *fs)
{
	int fd = openat(fs->dirfd, "file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void fill(int fd, uint64_t offset, size_t len)
{
	char *buf = malloc(len);

	assert_non_null(buf);
	memset(buf, 'd', len);
	assert_int_equal(sys_pwrite_full(fd, buf, len, offset), 0);
	free(buf);
}

/* SEEK_DATA says that there is none, as if all were a hole. */
static int lie(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, "seek") == 0 ? -ENXIO : 0;
}

static bool believed(const struct testfs *fs)
{
	return strcmp(fs->name, "xfs") != 0;
}

static void a_wrong_hole_is_not_believed_on_xfs(void **state)
{
	(void)state;
	for (size_t f = 0; f < fs_count; f++) {
		int fd = new_file(&file_systems[f]), err;
		uint64_t at = 0;

		fill(fd, 3 * MIB, 100000);
		assert_int_equal(ftruncate(fd, 20 * MIB), 0);
		assert_int_equal(sys_fsync(fd), 0);
		sys_set_hook(lie, NULL);
		err = io_seek(fd, 0, SEEK_DATA, &at);
		sys_set_hook(NULL, NULL);
		if (believed(&file_systems[f])) {
			assert_int_equal(err, -ENXIO);
		} else {
			assert_int_equal(err, 0);
			assert_int_equal(at, 3 * MIB);
		}
		close(fd);
	}
}

/* Where extents can't be asked for either, the bytes are looked at. */
static int lie_twice(const char *call, size_t len_bytes, void *cookie)
{
	if (strcmp(call, "fiemap") == 0)
		return -EOPNOTSUPP;
	return lie(call, len_bytes, cookie);
}

static void without_extents_the_bytes_decide(void **state)
{
	(void)state;
	for (size_t f = 0; f < fs_count; f++) {
		int fd, err;
		uint64_t at = 0;

		if (believed(&file_systems[f]))
			continue;
		fd = new_file(&file_systems[f]);
		fill(fd, 3 * MIB + 5, 10);
		assert_int_equal(ftruncate(fd, 5 * MIB), 0);
		sys_set_hook(lie_twice, NULL);
		err = io_seek(fd, 0, SEEK_DATA, &at);
		sys_set_hook(NULL, NULL);
		assert_int_equal(err, 0);
		assert_int_equal(at, 3 * MIB);
		close(fd);
	}
}

static void the_same_as_the_kernels_where_that_is_right(void **state)
{
	struct random_source r = random_start("find_data");

	(void)state;
	for (size_t f = 0; f < fs_count; f++) {
		int fd = new_file(&file_systems[f]);

		for (int i = 0; i < 12; i++)
			fill(fd, random_range(&r, 0, 4 * MIB - 1),
			     (size_t)random_range(&r, 1, 70000));
		assert_int_equal(ftruncate(fd, 5 * MIB), 0);
		assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * MIB + 512 * KIB, 65536), 0);
		assert_int_equal(sys_fsync(fd), 0);
		for (int i = 0; i < 300; i++) {
			uint64_t from = random_range(&r, 0, 5 * MIB + 1000), want = 0, got = 0;
			int whence = i % 2 ? SEEK_DATA : SEEK_HOLE;
			int want_err = sys_seek(fd, from, whence, &want);

			assert_int_equal(io_seek(fd, from, whence, &got), want_err);
			assert_int_equal(got, want);
		}
		close(fd);
	}
}

static int set_up(void **state)
{
	static const char *const types[] = { "tmpfs", "ext4", "xfs", "btrfs" };

	(void)state;
	if (!testfs_enter())
		return 0;
	for (size_t i = 0; i < 4; i++)
		fs_count += testfs_make(&file_systems[fs_count], types[i], types[i], 400);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_hole_is_not_believed_on_xfs),
		cmocka_unit_test(without_extents_the_bytes_decide),
		cmocka_unit_test(the_same_as_the_kernels_where_that_is_right),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
