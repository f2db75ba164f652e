/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io_seek(): right where the kernel's answer is, and where XFS or a server reports data as a hole.
 */
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
		err = io_seek(fd, 0, SEEK_DATA, NULL, &at);
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

/* Where extents can't be asked for either, what is said is believed, and nothing is read. */
static struct {
	_Atomic unsigned int fiemaps, reads;
	unsigned int stop_after; /* fiemaps and reads; 0: never */
	bool no_extents;
	atomic_bool stop;
} seen;

static int lie_and_count(const char *call, size_t len_bytes, void *cookie)
{
	bool fiemap = strcmp(call, "fiemap") == 0, read = strcmp(call, "pread") == 0;

	seen.fiemaps += fiemap;
	seen.reads += read;
	if (seen.stop_after && seen.fiemaps + seen.reads == seen.stop_after)
		atomic_store(&seen.stop, true);
	if (fiemap && seen.no_extents)
		return -EOPNOTSUPP;
	return lie(call, len_bytes, cookie);
}

static int lied_to(int fd, enum find_data_check check, uint64_t *ret_at)
{
	int err;

	seen.fiemaps = seen.reads = 0;
	atomic_store(&seen.stop, false);
	sys_set_hook(lie_and_count, NULL);
	err = find_data_seek(fd, check, 0, SEEK_DATA, &seen.stop, ret_at);
	sys_set_hook(NULL, NULL);
	return err;
}

static void without_extents_it_is_believed(void **state)
{
	(void)state;
	seen.no_extents = true;
	for (size_t f = 0; f < fs_count; f++) {
		int fd = new_file(&file_systems[f]);
		uint64_t at = 0;

		fill(fd, 3 * MIB + 5, 10);
		assert_int_equal(ftruncate(fd, 5 * MIB), 0);
		assert_int_equal(lied_to(fd, FIND_DATA_EXTENTS, &at), -ENXIO);
		assert_int_equal(seen.fiemaps, 1);
		assert_int_equal(seen.reads, 0);
		close(fd);
	}
	seen.no_extents = false;
}

/* Of what a server says to be a hole, both ends are looked at, however long it is. */
static void the_ends_of_a_servers_hole_are_read(void **state)
{
	static const struct {
		uint64_t data;
		bool found;
	} cases[] = { { 0, true },
		      { MIB - 1, true },
		      { 10 * GIB - MIB, true },
		      { 10 * GIB - 1, true },
		      { 5 * GIB, false } };

	(void)state;
	for (size_t f = 0; f < fs_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			int fd = new_file(&file_systems[f]);
			uint64_t at = 0;

			fill(fd, cases[i].data, 1);
			assert_int_equal(ftruncate(fd, (off_t)(10 * GIB)), 0);
			assert_int_equal(lied_to(fd, FIND_DATA_ENDS, &at),
					 cases[i].found ? 0 : -ENXIO);
			if (cases[i].found)
				assert_int_equal(at, cases[i].data / 4096 * 4096);
			assert_true(seen.reads <= 2 * MIB / (64 * KIB) + 2);
			assert_int_equal(seen.fiemaps, 0);
			close(fd);
		}
	}
}

/* A hole full of blocks that were given in advance takes many calls. */
static void a_search_stops_when_it_is_asked_to(void **state)
{
	(void)state;
	for (size_t f = 0; f < fs_count; f++) {
		int fd;
		uint64_t at = 0;

		if (strcmp(file_systems[f].name, "tmpfs") == 0)
			continue;
		fd = new_file(&file_systems[f]);
		for (off_t i = 0; i < 200; i++)
			assert_int_equal(fallocate(fd, 0, i * 65536, 4096), 0);
		assert_int_equal(fsync(fd), 0);
		seen.stop_after = 0;
		assert_int_equal(lied_to(fd, FIND_DATA_EXTENTS, &at), -ENXIO);
		assert_true(seen.fiemaps >= 5);
		seen.stop_after = 2;
		assert_int_equal(lied_to(fd, FIND_DATA_EXTENTS, &at), -ECANCELED);
		assert_int_equal(seen.fiemaps, 2);
		assert_int_equal(lied_to(fd, FIND_DATA_ENDS, &at), -ECANCELED);
		assert_int_equal(seen.reads, 2);
		seen.stop_after = 0;
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

			assert_int_equal(io_seek(fd, from, whence, NULL, &got), want_err);
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
		cmocka_unit_test(without_extents_it_is_believed),
		cmocka_unit_test(the_ends_of_a_servers_hole_are_read),
		cmocka_unit_test(a_search_stops_when_it_is_asked_to),
		cmocka_unit_test(the_same_as_the_kernels_where_that_is_right),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
