/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of dirty maps: when they are kept, when they go, and every system call failing once. */
#include "test_mdt_fixture.h"

#include "mdt/dirty_file.h"
#include "mdt/mdt.h"

#define OTHER_BOOT "boot_id 00000000-0000-4000-8000-000000000000"

static const struct fid a = { .seq = 0x200000401, .oid = 5 };
static const struct fid b = { .seq = 0x200000401, .oid = 6 };

static void make_map(const struct place *p, struct fid fid, uint32_t mirror_id)
{
	int fd = dirty_file_create(p->mdt, fid, mirror_id);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "map", 3), 3);
	close(fd);
}

/* The length of a map, -1 where there is none. */
static int map_bytes(const struct place *p, struct fid fid, uint32_t mirror_id)
{
	int fd = dirty_file_open(p->mdt, fid, mirror_id);
	struct stat st;

	if (fd < 0) {
		assert_int_equal(fd, -ENOENT);
		return -1;
	}
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	return (int)st.st_size;
}

/* Ends the use without saying so, as a daemon that is killed. */
static void die(struct place *p)
{
	place_release(p);
	assert_int_equal(mdt_open(p->path, p->privileged, &p->mdt), 0);
}

static unsigned int begin_use(const struct place *p)
{
	unsigned int removed = 99;

	assert_int_equal(dirty_file_begin_use(p->mdt, &removed), 0);
	return removed;
}

static void assert_in_use(const struct place *p)
{
	place_run(p, "test \"$(cat $MDT/MOUNTED)\" = "
		     "\"boot_id $(cat /proc/sys/kernel/random/boot_id)\"");
}

static void maps_outlive_a_clean_end(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);

	assert_int_equal(begin_use(&p), 0);
	assert_in_use(&p);
	make_map(&p, a, 2);
	assert_int_equal(dirty_file_end_use(p.mdt), 0);
	place_run(&p, "test ! -e $MDT/MOUNTED");
	die(&p);
	assert_int_equal(begin_use(&p), 0);
	assert_in_use(&p);
	assert_int_equal(map_bytes(&p, a, 2), 3);
	place_release(&p);
}

static void maps_outlive_a_killed_daemon(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);

	assert_int_equal(begin_use(&p), 0);
	make_map(&p, a, 2);
	die(&p);
	assert_int_equal(begin_use(&p), 0);
	assert_in_use(&p);
	assert_int_equal(map_bytes(&p, a, 2), 3);
	place_release(&p);
}

/* Whatever MOUNTED says, if it isn't the boot of now. */
static void maps_of_another_boot_go(const struct testfs *fs, bool privileged)
{
	static const char *const commands[] = {
		"echo " OTHER_BOOT " >$MDT/MOUNTED",
		": >$MDT/MOUNTED",
		"printf \"boot_id $(cat /proc/sys/kernel/random/boot_id)\" >$MDT/MOUNTED",
		"echo boot_id $(cat /proc/sys/kernel/random/boot_id) more >$MDT/MOUNTED",
		"head -c 5000 /dev/zero >$MDT/MOUNTED",
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct place p = place_new(fs, privileged);

		assert_int_equal(begin_use(&p), 0);
		make_map(&p, a, 2);
		make_map(&p, a, 3);
		make_map(&p, b, 65535);
		place_run(&p, commands[i]);
		die(&p);
		assert_true(dirty_file_any(p.mdt));
		assert_int_equal(begin_use(&p), 3);
		assert_in_use(&p);
		assert_false(dirty_file_any(p.mdt));
		assert_int_equal(entries_in(&p, "DIRTY"), 0);
		place_release(&p);
	}
}

static void older_volumes_get_the_directory(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);

	place_run(&p, "rmdir $MDT/DIRTY");
	die(&p);
	assert_int_equal(begin_use(&p), 0);
	make_map(&p, a, 1);
	place_run(&p, "test \"$(stat -c %a $MDT/DIRTY)\" = 700 && "
		      "test -e $MDT/DIRTY/0x200000401:0x5:0x0.1");
	place_release(&p);
}

static struct layout *mirrored(void)
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, 2);

	assert_non_null(l);
	l->mirror_count = 2;
	l->comps[0].id = 2 << 16 | 1;
	l->comps[1].id = 7 << 16 | 2;
	return l;
}

static void each_mirror_has_its_map(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *l = mirrored(), *plain = fixture_layout(1, 9);
	int fd;

	assert_false(dirty_file_any(p.mdt));
	assert_int_equal(map_bytes(&p, a, 2), -1);
	make_map(&p, a, 2);
	make_map(&p, a, 7);
	make_map(&p, a, 9);
	make_map(&p, b, 2);
	/* A new one is another inode: who has the old one open writes there. */
	fd = dirty_file_open(p.mdt, a, 2);
	assert_true(fd >= 0);
	close(dirty_file_create(p.mdt, a, 2));
	assert_int_equal(write(fd, "more than before", 16), 16);
	close(fd);
	assert_int_equal(map_bytes(&p, a, 2), 0);
	assert_int_equal(dirty_file_remove_all(p.mdt, a, plain), 0);
	assert_int_equal(entries_in(&p, "DIRTY"), 4);
	assert_int_equal(dirty_file_remove_all(p.mdt, a, l), 0);
	assert_int_equal(map_bytes(&p, a, 2), -1);
	assert_int_equal(map_bytes(&p, a, 7), -1);
	assert_int_equal(map_bytes(&p, a, 9), 3);
	assert_int_equal(map_bytes(&p, b, 2), 3);
	assert_int_equal(dirty_file_remove_all(p.mdt, a, l), 0);
	assert_int_equal(dirty_file_remove(p.mdt, a, 9), 0);
	assert_int_equal(dirty_file_remove(p.mdt, a, 9), 0);
	assert_int_equal(map_bytes(&p, a, 9), -1);
	layout_unref(plain);
	layout_unref(l);
	place_release(&p);
}

/*
 * Maps that can't be trusted are gone before MOUNTED says that they can; what fails is tried again.
 */
static void a_failed_begin_trusts_nothing(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fault f = fault_start(-EIO);
	unsigned int fds = open_fds();

	while (fault_next(&f)) {
		unsigned int removed = 99;
		int r;

		sys_set_hook(NULL, NULL);
		make_map(&p, a, 2);
		place_run(&p, "echo " OTHER_BOOT " >$MDT/MOUNTED");
		sys_set_hook(fault_hook, &f);
		r = dirty_file_begin_use(p.mdt, &removed);
		fault_pause();
		assert_int_equal(r, f.hit ? -EIO : 0);
		assert_int_equal(removed, f.hit ? 99 : 1);
		assert_int_equal(open_fds(), fds);
		if (map_bytes(&p, a, 2) >= 0)
			place_run(&p, "grep -q '" OTHER_BOOT "' $MDT/MOUNTED");
		if (!f.hit)
			assert_in_use(&p);
	}
	place_release(&p);
}

static void a_failed_end_is_safe(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fault f = fault_start(-EIO);

	while (fault_next(&f)) {
		int r;

		sys_set_hook(NULL, NULL);
		begin_use(&p);
		sys_set_hook(fault_hook, &f);
		r = dirty_file_end_use(p.mdt);
		fault_pause();
		assert_int_equal(r, f.hit ? -EIO : 0);
		if (f.hit && strcmp(f.call, "fsync") != 0)
			assert_in_use(&p);
	}
	place_run(&p, "test ! -e $MDT/MOUNTED");
	assert_int_equal(dirty_file_end_use(p.mdt), -ENOENT);
	place_release(&p);
}

static void failed_making_leaves_no_map(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fault f = fault_start(-EIO);
	unsigned int fds = open_fds();

	while (fault_next(&f)) {
		int fd = dirty_file_create(p.mdt, a, 2);

		fault_pause();
		assert_true(f.hit ? fd == -EIO : fd >= 0);
		if (fd >= 0)
			close(fd);
		assert_int_equal(map_bytes(&p, a, 2), f.hit ? -1 : 0);
		assert_int_equal(open_fds(), fds);
	}
	place_release(&p);
}

ON_EACH(maps_outlive_a_clean_end)
ON_EACH(maps_outlive_a_killed_daemon)
ON_EACH(maps_of_another_boot_go)
ON_EACH(older_volumes_get_the_directory)
ON_EACH(each_mirror_has_its_map)
ON_EACH(a_failed_begin_trusts_nothing)
ON_EACH(a_failed_end_is_safe)
ON_EACH(failed_making_leaves_no_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_outlive_a_clean_end_on_each),
		cmocka_unit_test(maps_outlive_a_killed_daemon_on_each),
		cmocka_unit_test(maps_of_another_boot_go_on_each),
		cmocka_unit_test(older_volumes_get_the_directory_on_each),
		cmocka_unit_test(each_mirror_has_its_map_on_each),
		cmocka_unit_test(a_failed_begin_trusts_nothing_on_each),
		cmocka_unit_test(a_failed_end_is_safe_on_each),
		cmocka_unit_test(failed_making_leaves_no_map_on_each),
	};

	return FIXTURE_MAIN(tests);
}
