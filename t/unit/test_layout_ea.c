/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts of all sizes in the inode or beside it, malformed ones, and every system call of a
 * replacement failing once. */
#include "test_mdt_fixture.h"

#include "layout/codec.h"
#include "mdt/layout_ea.h"
#include "mdt/lma.h"
#include "mdt/mdt.h"
#include "mdt/mdt_create.h"
#include "mdt/mdt_names.h"
#include "mdt/pending.h"

#include <pthread.h>
#include <sys/xattr.h>

/* Plain layouts have 32 bytes and 24 for each object; one xattr holds 2729 stripes, Lustre's limit
 * is 2000. */
static const uint16_t counts[] = { 1, 4, 40, 41, 42, 160, 170, 500, 670, 700, 2000 };

static const char *ea_name(bool privileged)
{
	return privileged ? "trusted.lov" : "user.lov";
}

static void expect_layout(const struct place *p, int fd, const struct layout *l)
{
	struct layout *found;

	assert_int_equal(layout_ea_get(p->mdt, fd, &found), 0);
	assert_true(layout_equal(found, l));
	layout_unref(found);
}

static void all_sizes_are_kept(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *found;
	bool beside = false;
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	assert_int_equal(layout_ea_get(p.mdt, fd, &found), -ENODATA);
	/* From each size to each other one. */
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(counts); j++) {
			struct layout *a = fixture_layout(counts[i], 1),
				      *b = fixture_layout(counts[j], 5000);

			assert_int_equal(layout_ea_set(p.mdt, fd, a), 0);
			expect_layout(&p, fd, a);
			assert_true(entries_in(&p, "LAYOUT") <= 1);
			beside = beside || entries_in(&p, "LAYOUT");
			assert_int_equal(layout_ea_set(p.mdt, fd, b), 0);
			expect_layout(&p, fd, b);
			assert_true(entries_in(&p, "LAYOUT") <= 1);
			layout_unref(a);
			layout_unref(b);
		}
	}
	assert_int_equal(layout_ea_remove(p.mdt, fd), 0);
	assert_int_equal(entries_in(&p, "LAYOUT"), 0);
	assert_int_equal(layout_ea_get(p.mdt, fd, &found), -ENODATA);
	assert_int_equal(layout_ea_remove(p.mdt, fd), 0);
	if (!strcmp(fs->name, "ext4"))
		assert_true(beside); /* otherwise this test tests nothing */
	close(fd);
	place_release(&p);
}

/* Whoever removes the inode removes what lies beside. */
static void nothing_stays_beside(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *l = fixture_layout(2000, 1);
	int root = mdt_root_fd(p.mdt), fd;
	struct fid fid;

	assert_int_equal(mdt_create(p.mdt, root, "f", 0644, &fixture_self, l, &fd), 0);
	assert_int_equal(mdt_names_link(p.mdt, fd, root, "g"), 0);
	close(fd);
	assert_int_equal(mdt_names_unlink(p.mdt, root, "f", &fid), 0);
	fd = open_in(&p, "g");
	expect_layout(&p, fd, l);
	/* As after a crash in the middle of a rename: in PENDING and with a name. */
	assert_int_equal(lma_get_fid(p.mdt, fd, &fid), 0);
	place_run(&p, "ln $MDT/ROOT/g $MDT/PENDING/$(ls $MDT/LAYOUT 2>/dev/null | sed "
		      "'s/\\.[0-9]*$//;q' | grep . || echo none)");
	if (pending_remove(p.mdt, fid) == -ENOENT)
		place_run(&p, "rm $MDT/PENDING/none");
	expect_layout(&p, fd, l);
	assert_int_equal(mdt_names_unlink(p.mdt, root, "g", &fid), 0);
	expect_layout(&p, fd, l);
	assert_int_equal(pending_remove(p.mdt, fid), 0);
	close(fd);
	assert_int_equal(entries_in(&p, "LAYOUT"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			mdt_create_dir(p.mdt, root, i ? "e" : "d", 0755, &fixture_self, &fd), 0);
		assert_int_equal(layout_ea_set(p.mdt, fd, l), 0);
		close(fd);
	}
	assert_int_equal(rename_in(&p, "d", "e", 0, &fid), 0);
	assert_true(entries_in(&p, "LAYOUT") <= 1);
	assert_int_equal(mdt_names_rmdir(p.mdt, root, "e"), 0);
	assert_int_equal(entries_in(&p, "LAYOUT"), 0);
	layout_unref(l);
	place_release(&p);
}

static void malformed_layouts_are_reported(const struct testfs *fs, bool privileged)
{
	static const char *const references[] = {
		"lovfs-layout ",   "lovfs-layout x",
		"lovfs-layout 0",  "lovfs-layout 7",
		"lovfs-layout -1", "lovfs-layout 1 ",
		"lovfs-layout",    "lovfs-layout 99999999999999999999999"
	};
	struct place p = place_new(fs, privileged);
	struct layout *l = fixture_layout(4, 1), *found;
	uint8_t bytes[512];
	char path[256];
	size_t len;
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	snprintf(path, sizeof(path), "%s/ROOT/f", p.path);
	assert_int_equal(layout_encode(l, bytes, sizeof(bytes), &len), 0);
	for (size_t i = 0; i < len; i++) {
		if (i == 32) /* the header alone is a layout that has no objects yet */
			continue;
		assert_int_equal(setxattr(path, ea_name(privileged), bytes, i, 0), 0);
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), -EUCLEAN);
	}
	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		assert_int_equal(setxattr(path, ea_name(privileged), references[i],
					  strlen(references[i]), 0),
				 0);
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), -EUCLEAN);
	}
	/* A broken one can be replaced, and removed. */
	assert_int_equal(layout_ea_set(p.mdt, fd, l), 0);
	expect_layout(&p, fd, l);
	assert_int_equal(setxattr(path, ea_name(privileged), "x", 1, 0), 0);
	assert_int_equal(layout_ea_remove(p.mdt, fd), 0);
	assert_int_equal(layout_ea_get(p.mdt, fd, &found), -ENODATA);
	layout_unref(l);
	close(fd);
	place_release(&p);
}

static void cut_off_files_are_reported(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *l = fixture_layout(2000, 1), *found;
	int fd;

	assert_int_equal(mdt_create(p.mdt, mdt_root_fd(p.mdt), "f", 0644, &fixture_self, l, &fd),
			 0);
	if (entries_in(&p, "LAYOUT")) {
		place_run(&p, "truncate -s 9999 $MDT/LAYOUT/*");
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), -EUCLEAN);
		place_run(&p, "truncate -s 99999 $MDT/LAYOUT/*");
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), -EUCLEAN);
		place_run(&p, "rm $MDT/LAYOUT/*");
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), -EUCLEAN);
		assert_non_null(strstr(error_text(-EUCLEAN), "missing"));
		assert_int_equal(layout_ea_set(p.mdt, fd, l), 0);
		expect_layout(&p, fd, l);
	}
	layout_unref(l);
	close(fd);
	place_release(&p);
}

/* Old layout or new, never another, and no file that nobody refers to; whatever the sizes. */
static void failed_set_changes_nothing(const struct testfs *fs, bool privileged)
{
	static const int errs[] = { -EIO, -ENOSPC };
	static const uint16_t sizes[][2] = { { 4, 5 }, { 4, 2000 }, { 2000, 4 }, { 2000, 1999 } };
	struct place p = place_new(fs, privileged);
	int fd;

	make_file(&p, "f");
	fd = open_in(&p, "f");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		struct layout *a = fixture_layout(sizes[i / 2][0], 1),
			      *b = fixture_layout(sizes[i / 2][1], 5000);
		struct fault f = fault_start(errs[i % 2]);
		unsigned int fds = open_fds();

		do {
			int r;

			assert_int_equal(layout_ea_set(p.mdt, fd, a), 0);
			if (!fault_next(&f))
				break;
			r = layout_ea_set(p.mdt, fd, b);
			fault_pause();
			expect_layout(&p, fd, r ? a : b);
			assert_true(r == 0 || (f.hit && r == f.err));
			assert_int_equal(open_fds(), fds);
			/* A file that couldn't be removed may be left over: never more than one. */
			assert_true(entries_in(&p, "LAYOUT") <= 2);
			place_run(&p, "rm -f $MDT/LAYOUT/*");
			assert_int_equal(layout_ea_remove(p.mdt, fd), 0);
		} while (true);
		layout_unref(a);
		layout_unref(b);
	}
	close(fd);
	place_release(&p);
}

struct reading {
	const struct place *p;
	int fd;
	const struct layout *a, *b;
	atomic_bool stop;
	unsigned int wrong;
	atomic_uint seen;
};

static void *read_layouts(void *cookie)
{
	struct reading *r = cookie;

	while (!atomic_load(&r->stop)) {
		struct layout *found = NULL;

		if (layout_ea_get(r->p->mdt, r->fd, &found) ||
		    !(layout_equal(found, r->a) || layout_equal(found, r->b)))
			r->wrong++;
		layout_unref(found);
		atomic_fetch_add(&r->seen, 1);
	}
	return NULL;
}

static void readers_see_one_or_the_other(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *a = fixture_layout(2000, 1), *b = fixture_layout(1999, 9000);
	struct reading reading = { .p = &p, .a = a, .b = b };
	pthread_t thread;

	assert_int_equal(
		mdt_create(p.mdt, mdt_root_fd(p.mdt), "f", 0644, &fixture_self, a, &reading.fd), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_layouts, &reading), 0);
	/* The reader may take a while to come. */
	for (int i = 0; i < 100 || (atomic_load(&reading.seen) == 0 && i < 100000); i++)
		assert_int_equal(layout_ea_set(p.mdt, reading.fd, i % 2 ? a : b), 0);
	atomic_store(&reading.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(reading.wrong, 0);
	assert_true(atomic_load(&reading.seen) > 0);
	close(reading.fd);
	layout_unref(a);
	layout_unref(b);
	place_release(&p);
}

/* With no space at all the error is ENOSPC and the old layout stays. */
static void a_full_disk_is_reported(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *a = fixture_layout(4, 1), *b = fixture_layout(2000, 1);
	int fd, r;

	if (geteuid() == 0 && strcmp(fs->name, "ext4") == 0) {
		make_file(&p, "f");
		fd = open_in(&p, "f");
		assert_int_equal(layout_ea_set(p.mdt, fd, a), 0);
		place_run(&p, "dd if=/dev/zero of=$MDT/fill bs=1M 2>/dev/null; dd if=/dev/zero "
			      "of=$MDT/fill2 bs=1k 2>/dev/null; sync -f $MDT");
		r = layout_ea_set(p.mdt, fd, b);
		place_run(&p, "rm $MDT/fill $MDT/fill2");
		assert_int_equal(r, -ENOSPC);
		expect_layout(&p, fd, a);
		assert_int_equal(entries_in(&p, "LAYOUT"), 0);
		close(fd);
	}
	layout_unref(a);
	layout_unref(b);
	place_release(&p);
}

ON_EACH(all_sizes_are_kept)
ON_EACH(nothing_stays_beside)
ON_EACH(malformed_layouts_are_reported)
ON_EACH(cut_off_files_are_reported)
ON_EACH(failed_set_changes_nothing)
ON_EACH(readers_see_one_or_the_other)
ON_EACH(a_full_disk_is_reported)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sizes_are_kept_on_each),
		cmocka_unit_test(nothing_stays_beside_on_each),
		cmocka_unit_test(malformed_layouts_are_reported_on_each),
		cmocka_unit_test(cut_off_files_are_reported_on_each),
		cmocka_unit_test(failed_set_changes_nothing_on_each),
		cmocka_unit_test(readers_see_one_or_the_other_on_each),
		cmocka_unit_test(a_full_disk_is_reported_on_each),
	};

	return FIXTURE_MAIN(tests);
}
