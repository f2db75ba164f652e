/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and FIDs on real file systems, and every system call failing once. */
#include "test_mdt_fixture.h"

#include "mdt/creator.h"
#include "mdt/ea.h"
#include "mdt/layout_ea.h"
#include "mdt/lma.h"
#include "mdt/mdt.h"
#include "mdt/mdt_create.h"
#include "mdt/mdt_format.h"
#include "mdt/mdt_names.h"
#include "mdt/numbers.h"
#include "mdt/pending.h"
#include "mdt/swap_intent.h"

#include <linux/fs.h>
#include <pthread.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static void format_makes_an_mdt_once(const struct testfs *fs, bool privileged)
{
	struct place p = place_empty(fs, privileged);
	struct mdt *mdt;
	struct stat st;
	struct fid fid;

	assert_int_equal(mdt_open(p.path, privileged, &mdt), -ENOENT);
	assert_non_null(strstr(error_text(-ENOENT), "ROOT"));
	place_run(&p, "touch $MDT/precious");
	assert_int_equal(mdt_format(p.path, privileged), -ENOTEMPTY);
	assert_non_null(strstr(error_text(-ENOTEMPTY), "precious"));
	place_run(&p, "rm $MDT/precious && mkdir $MDT/lost+found && touch $MDT/volume.conf");
	umask(077);
	assert_int_equal(mdt_format(p.path, privileged), 0);
	umask(022);
	assert_int_equal(mdt_format(p.path, privileged), -ENOTEMPTY);
	assert_int_equal(mdt_open(p.path, privileged, &p.mdt), 0);
	assert_int_equal(lma_get_fid(p.mdt, mdt_root_fd(p.mdt), &fid), 0);
	assert_true(fid_equal(fid, (struct fid){ .seq = 0x200000007, .oid = 1 }));
	assert_int_equal(fstat(mdt_root_fd(p.mdt), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(entries_in(&p, "PENDING"), 0);
	make_file(&p, "x");
	place_release(&p);
	mdt_format_undo(p.path);
	place_run(&p, "test -e $MDT/ROOT/x && test -d $MDT/PENDING && rm $MDT/ROOT/x");
	mdt_format_undo(p.path);
	place_run(&p, "test \"$(ls $MDT | tr '\\n' ' ')\" = 'lost+found volume.conf '");
	assert_int_equal(mdt_format("/nonexistent", privileged), -ENOENT);
	assert_int_equal(mdt_format("/dev/null", privileged), -ENOTDIR);
}

static void failed_format_leaves_nothing(const struct testfs *fs, bool privileged)
{
	struct place p = place_empty(fs, privileged);
	struct fault f = fault_start(-EIO);
	unsigned int fds = open_fds();

	while (fault_next(&f)) {
		int r = mdt_format(p.path, privileged);

		fault_pause();
		assert_int_equal(open_fds(), fds);
		if (r == 0 && f.hit)
			mdt_format_undo(p.path);
		if (f.hit)
			place_run(&p, "test -z \"$(ls -A $MDT)\"");
		else
			assert_int_equal(r, 0);
	}
}

static void bad_last_fids_are_refused(const struct testfs *fs, bool privileged)
{
	static const char *const commands[] = {
		": >$MDT/LAST_FID",
		"printf 12 >$MDT/LAST_FID",
		"echo x >$MDT/LAST_FID",
		"echo 0 >$MDT/LAST_FID",
	};
	struct place p = place_new(fs, privileged);
	unsigned int fds;

	place_release(&p);
	fds = open_fds();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		place_run(&p, commands[i]);
		assert_int_equal(mdt_open(p.path, privileged, &p.mdt), -EUCLEAN);
		assert_non_null(strstr(error_text(-EUCLEAN), "LAST_FID"));
	}
	assert_int_equal(open_fds(), fds);
}

static void fids_stay_and_are_never_reused(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fid a, b, c;
	int fd;

	make_file(&p, "a");
	place_run(&p, "touch $MDT/ROOT/by-hand && mkdir $MDT/ROOT/dir && ln -s nowhere "
		      "$MDT/ROOT/link && mkfifo $MDT/ROOT/fifo");
	fd = open_in(&p, "a");
	assert_int_equal(lma_get_fid(p.mdt, fd, &a), 0);
	assert_int_equal(lma_get_fid(p.mdt, fd, &b), 0);
	assert_true(fid_equal(a, b));
	assert_int_equal(a.seq, 0x200000401);
	close(fd);
	fd = open_in(&p, "by-hand");
	assert_int_equal(lma_get_fid(p.mdt, fd, &b), 0);
	assert_true(fid_compare(a, b) < 0);
	close(fd);
	fd = open_in(&p, "dir");
	assert_int_equal(lma_get_fid(p.mdt, fd, &c), 0);
	assert_true(fid_compare(b, c) < 0);
	close(fd);
	fd = open_in(&p, "link");
	assert_int_equal(lma_get_fid(p.mdt, fd, &c), -EOPNOTSUPP);
	close(fd);
	fd = open_in(&p, "fifo");
	assert_int_equal(lma_get_fid(p.mdt, fd, &c), -EOPNOTSUPP);
	assert_int_equal(mdt_fsync(p.mdt, fd), 0);
	close(fd);
	place_release(&p);
	assert_int_equal(mdt_open(p.path, privileged, &p.mdt), 0);
	fd = open_in(&p, "by-hand");
	assert_int_equal(lma_get_fid(p.mdt, fd, &c), 0);
	assert_true(fid_equal(b, c));
	close(fd);
	assert_int_equal(lma_new_fid(p.mdt, &c), 0);
	assert_true(fid_compare(b, c) < 0);
	place_release(&p);
}

static void malformed_fids_are_reported(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	const char *name = privileged ? "trusted.lma" : "user.lma";
	uint8_t good[40] = { 0 }, bytes[40] = { 0 };
	struct fid fid, orphan;
	char path[256];
	int fd;

	make_file(&p, "a");
	snprintf(path, sizeof(path), "%s/ROOT/a", p.path);
	assert_int_equal(getxattr(path, name, good, sizeof(good)), 24);
	fd = open_in(&p, "a");
	for (size_t len = 0; len <= sizeof(good); len++) {
		assert_int_equal(setxattr(path, name, good, len, 0), 0);
		assert_int_equal(lma_get_fid(p.mdt, fd, &fid), len == 24 ? 0 : -EUCLEAN);
	}
	assert_int_equal(setxattr(path, name, bytes, 24, 0), 0); /* no FID */
	assert_int_equal(lma_get_fid(p.mdt, fd, &fid), -EUCLEAN);
	assert_int_equal(mdt_names_unlink(p.mdt, mdt_root_fd(p.mdt), "a", &orphan), -EUCLEAN);
	assert_true(exists(&p, "a"));
	memcpy(bytes, good, 24);
	bytes[4] = 1; /* an unknown feature */
	assert_int_equal(setxattr(path, name, bytes, 24, 0), 0);
	assert_int_equal(lma_get_fid(p.mdt, fd, &fid), -EUCLEAN);
	close(fd);
	place_release(&p);
}

static void names_are_checked(const struct testfs *fs, bool privileged)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "a/" };
	struct place p = place_new(fs, privileged);
	int root = mdt_root_fd(p.mdt), fd = -1;
	char longest[257];
	struct fid fid;

	make_file(&p, "a");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(mdt_create(p.mdt, root, bad[i], 0644, &fixture_self, NULL, &fd),
				 -EINVAL);
		assert_int_equal(mdt_create_dir(p.mdt, root, bad[i], 0755, &fixture_self, &fd),
				 -EINVAL);
		assert_int_equal(
			mdt_create_node(p.mdt, root, bad[i], S_IFIFO | 0644, 0, &fixture_self, &fd),
			-EINVAL);
		assert_int_equal(mdt_create_symlink(p.mdt, "x", root, bad[i], &fixture_self, &fd),
				 -EINVAL);
		assert_int_equal(mdt_names_lookup(p.mdt, root, bad[i], &fd), -EINVAL);
		assert_int_equal(mdt_names_unlink(p.mdt, root, bad[i], &fid), -EINVAL);
		assert_int_equal(mdt_names_rmdir(p.mdt, root, bad[i]), -EINVAL);
		assert_int_equal(rename_in(&p, "a", bad[i], 0, &fid), -EINVAL);
		assert_int_equal(rename_in(&p, bad[i], "b", 0, &fid), -EINVAL);
	}
	assert_int_equal(mdt_create_node(p.mdt, root, "n", S_IFREG | 0644, 0, &fixture_self, &fd),
			 -EINVAL);
	memset(longest, 'n', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(mdt_create(p.mdt, root, longest, 0644, &fixture_self, NULL, &fd),
			 -ENAMETOOLONG);
	assert_int_equal(mdt_names_lookup(p.mdt, root, longest, &fd), -ENAMETOOLONG);
	assert_int_equal(fd, -1);
	longest[255] = '\0';
	make_file(&p, longest);
	assert_true(exists(&p, longest));
	place_release(&p);
}

static void every_kind_is_made(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *l = fixture_layout(2, 7), *found;
	int root = mdt_root_fd(p.mdt), fd, fd2;
	char target[16];
	struct stat st;
	struct fid fid;

	assert_int_equal(mdt_create(p.mdt, root, "f", 0664, &fixture_self, l, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_uid, privileged ? FIXTURE_USER : geteuid());
	assert_int_equal(layout_ea_get(p.mdt, fd, &found), 0);
	assert_true(layout_equal(l, found));
	layout_unref(found);
	assert_int_equal(mdt_create(p.mdt, root, "f", 0664, &fixture_self, l, &fd2), -EEXIST);
	assert_int_equal(mdt_names_link(p.mdt, fd, root, "f2"), 0);
	assert_int_equal(mdt_names_link(p.mdt, fd, root, "f2"), -EEXIST);
	close(fd);
	assert_int_equal(mdt_create_dir(p.mdt, root, "d", 0777, &fixture_self, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(mdt_create(p.mdt, fd, "inside", 0600, &fixture_self, NULL, &fd2), 0);
	assert_int_equal(layout_ea_get(p.mdt, fd2, &found), -ENODATA);
	close(fd2);
	assert_int_equal(mdt_names_rmdir(p.mdt, root, "d"), -ENOTEMPTY);
	assert_int_equal(mdt_names_unlink(p.mdt, root, "d", &fid), -EISDIR);
	assert_int_equal(mdt_names_unlink(p.mdt, fd, "inside", &fid), 0);
	assert_int_equal(mdt_names_rmdir(p.mdt, root, "d"), 0);
	assert_int_equal(mdt_create(p.mdt, fd, "late", 0600, &fixture_self, NULL, &fd2), -ENOENT);
	close(fd);
	assert_int_equal(mdt_names_rmdir(p.mdt, root, "f"), -ENOTDIR);
	assert_int_equal(mdt_create_symlink(p.mdt, "nowhere", root, "l", &fixture_self, &fd), 0);
	assert_int_equal(readlinkat(fd, "", target, sizeof(target)), 7);
	close(fd);
	assert_int_equal(mdt_create_node(p.mdt, root, "p", S_IFIFO | 0666, 0, &fixture_self, &fd),
			 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFIFO | 0644);
	close(fd);
	if (geteuid() == 0) {
		assert_int_equal(mdt_create_node(p.mdt, root, "c", S_IFCHR | 0600, makedev(1, 3),
						 &fixture_self, &fd),
				 0);
		close(fd);
	}
	assert_int_equal(mdt_names_unlink(p.mdt, root, "l", &fid), 0);
	assert_true(fid_is_zero(fid));
	layout_unref(l);
	place_release(&p);
}

static int collect_one(void *cookie, struct fid fid)
{
	*(struct fid *)cookie = fid;
	return 7;
}

static void last_unlink_goes_through_pending(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	int root = mdt_root_fd(p.mdt), fd, fd2;
	struct fid fid, orphan, listed = { 0 };
	struct stat a, b;

	make_file(&p, "a");
	fd = open_in(&p, "a");
	assert_int_equal(lma_get_fid(p.mdt, fd, &fid), 0);
	assert_int_equal(mdt_names_link(p.mdt, fd, root, "b"), 0);
	assert_int_equal(mdt_names_unlink(p.mdt, root, "a", &orphan), 0);
	assert_true(fid_is_zero(orphan));
	assert_int_equal(entries_in(&p, "PENDING"), 0);
	assert_int_equal(mdt_names_unlink(p.mdt, root, "b", &orphan), 0);
	assert_true(fid_equal(orphan, fid));
	assert_int_equal(entries_in(&p, "PENDING"), 1);
	assert_int_equal(pending_open(p.mdt, fid, &fd2), 0);
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(fstat(fd2, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	close(fd2);
	place_run(&p, "touch $MDT/PENDING/stranger $MDT/PENDING/0x1:0x1 $MDT/PENDING/0x01:0x1:0x0");
	assert_int_equal(pending_for_each(p.mdt, collect_one, &listed), 7);
	assert_true(fid_equal(listed, fid));
	assert_int_equal(pending_remove(p.mdt, fid), 0);
	assert_int_equal(pending_remove(p.mdt, fid), -ENOENT);
	assert_int_equal(pending_open(p.mdt, fid, &fd2), -ENOENT);
	assert_int_equal(pending_for_each(p.mdt, collect_one, &listed), 0);
	assert_int_equal(mdt_names_unlink(p.mdt, root, "b", &orphan), -ENOENT);
	close(fd);
	place_release(&p);
}

static void victims_are_pending_from_the_start(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct layout *l = fixture_layout(3, 1), *found;
	struct fid fid, again;
	struct stat st;
	int fd;

	assert_int_equal(
		mdt_create_pending(p.mdt, mdt_pending_fd(p.mdt), 0600, &fixture_self, l, &fid, &fd),
		0);
	assert_int_equal(lma_get_fid(p.mdt, fd, &again), 0);
	assert_true(fid_equal(fid, again));
	assert_int_equal(layout_ea_get(p.mdt, fd, &found), 0);
	assert_true(layout_equal(l, found));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, privileged ? FIXTURE_USER : geteuid());
	layout_unref(found);
	layout_unref(l);
	close(fd);
	assert_int_equal(pending_open(p.mdt, fid, &fd), 0);
	close(fd);
	assert_int_equal(pending_remove(p.mdt, fid), 0);
	place_release(&p);
}

static struct fid fid_of(const struct place *p, const char *name)
{
	int fd = open_in(p, name);
	struct fid fid;

	assert_int_equal(lma_get_fid(p->mdt, fd, &fid), 0);
	close(fd);
	return fid;
}

static void renames_keep_what_they_replace(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	int root = mdt_root_fd(p.mdt), fd;
	struct fid a, b, orphan;

	make_file(&p, "a");
	make_file(&p, "b");
	a = fid_of(&p, "a");
	b = fid_of(&p, "b");
	assert_int_equal(rename_in(&p, "a", "b", RENAME_NOREPLACE, &orphan), -EEXIST);
	for (unsigned int flags = RENAME_NOREPLACE; flags <= 15; flags++) {
		bool exchange_too = flags & RENAME_EXCHANGE && flags != RENAME_EXCHANGE;

		if (flags & 8 || exchange_too)
			assert_int_equal(rename_in(&p, "a", "b", flags, &orphan), -EINVAL);
	}
	assert_int_equal(rename_in(&p, "a", "b", RENAME_EXCHANGE, &orphan), 0);
	assert_true(fid_is_zero(orphan));
	assert_true(fid_equal(fid_of(&p, "a"), b));
	assert_int_equal(rename_in(&p, "a", "c", RENAME_NOREPLACE, &orphan), 0);
	assert_int_equal(rename_in(&p, "c", "c", 0, &orphan), 0); /* itself */
	assert_true(fid_is_zero(orphan));
	assert_int_equal(entries_in(&p, "PENDING"), 0);
	/* c is inode b, b is inode a. */
	assert_int_equal(rename_in(&p, "c", "b", 0, &orphan), 0);
	assert_true(fid_equal(orphan, a));
	assert_true(fid_equal(fid_of(&p, "b"), b));
	assert_int_equal(pending_open(p.mdt, a, &fd), 0);
	close(fd);
	assert_int_equal(pending_remove(p.mdt, a), 0);
	/* Over one of two names; and onto another name of the same inode, which does nothing. */
	make_file(&p, "d");
	fd = open_in(&p, "b");
	assert_int_equal(mdt_names_link(p.mdt, fd, root, "b2"), 0);
	close(fd);
	assert_int_equal(rename_in(&p, "b", "b2", 0, &orphan), 0);
	assert_true(fid_is_zero(orphan) && exists(&p, "b") && exists(&p, "b2"));
	assert_int_equal(rename_in(&p, "d", "b2", 0, &orphan), 0);
	assert_true(fid_is_zero(orphan));
	assert_int_equal(entries_in(&p, "PENDING"), 0);
	place_release(&p);
}

static uint64_t number_of(const struct place *p, const char *path)
{
	struct stat st;

	assert_int_equal(sys_fstatat(mdt_dirfd(p->mdt), path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static int find(const struct place *p, uint64_t number)
{
	int fd, err = numbers_find(p->mdt, number, &fd);

	if (err)
		return err;
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

/* What is in ROOT is found, nothing else, and what isn't found is left as it is. */
static void numbers_find_what_is_in_root(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	uint64_t file, dir;
	struct fid orphan;
	char bytes[1];
	int fd;

	if (!numbers_can_find(p.mdt)) {
		place_release(&p);
		return;
	}
	make_file(&p, "file");
	place_run(&p, "mkdir -p $MDT/ROOT/a/b $MDT/outside && ln -s x $MDT/ROOT/a/link && "
		      "touch $MDT/outside/file");
	file = number_of(&p, "ROOT/file");
	dir = number_of(&p, "ROOT/a/b");
	assert_int_equal(find(&p, file), 0);
	assert_int_equal(find(&p, dir), 0);
	assert_int_equal(find(&p, number_of(&p, "ROOT/a/link")), 0);
	assert_int_equal(find(&p, number_of(&p, "ROOT")), 0);
	assert_int_equal(find(&p, number_of(&p, ".")), -ESTALE);
	assert_int_equal(find(&p, number_of(&p, "PENDING")), -ESTALE);
	assert_int_equal(find(&p, number_of(&p, "outside")), -ESTALE);
	assert_int_equal(find(&p, number_of(&p, "outside/file")), -ESTALE);
	assert_int_equal(find(&p, 1u << 30), -ESTALE);
	assert_int_equal(find(&p, UINT64_MAX >> 1), -ESTALE);
	fd = sys_openat(mdt_dirfd(p.mdt), "outside/file", O_PATH, 0);
	assert_int_equal(sys_listxattr_fd(fd, bytes, 0), 0);
	close(fd);
	/* In PENDING it is removed, also while something holds the inode. */
	fd = open_in(&p, "file");
	assert_int_equal(mdt_names_unlink(p.mdt, mdt_root_fd(p.mdt), "file", &orphan), 0);
	assert_int_equal(find(&p, file), -ESTALE);
	assert_int_equal(numbers_check_found(p.mdt, fd), -ESTALE);
	assert_int_equal(pending_remove(p.mdt, orphan), 0);
	assert_int_equal(find(&p, file), -ESTALE);
	close(fd);
	place_run(&p, "rm -r $MDT/outside $MDT/ROOT/a/b");
	assert_int_equal(find(&p, dir), -ESTALE);
	place_release(&p);
}

static void parents_end_at_root(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	uint64_t root = number_of(&p, "ROOT");
	int fd, up, outside;
	struct stat st;

	place_run(&p, "mkdir -p $MDT/ROOT/a/b $MDT/outside/c");
	fd = sys_openat(mdt_dirfd(p.mdt), "ROOT/a/b", O_PATH, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(numbers_find_parent(p.mdt, fd, &up), 0);
		close(fd);
		fd = up;
		assert_int_equal(sys_fstat(fd, &st), 0);
		assert_int_equal(st.st_ino == root, i > 0);
	}
	close(fd);
	outside = sys_openat(mdt_dirfd(p.mdt), "outside/c", O_PATH, 0);
	assert_int_equal(numbers_find_parent(p.mdt, outside, &up), -ESTALE);
	close(outside);
	place_run(&p, "rm -r $MDT/outside");
	place_release(&p);
}

/* The same for an inode each time, another one for another inode and for another volume. */
static void generations_are_kept(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	uint32_t a, b, again;
	int fd;

	if (numbers_known(p.mdt)) {
		make_file(&p, "a");
		make_file(&p, "b");
		fd = open_in(&p, "a");
		assert_int_equal(numbers_generation(p.mdt, fd, &a), 0);
		close(fd);
		fd = open_in(&p, "b");
		assert_int_equal(numbers_generation(p.mdt, fd, &b), 0);
		close(fd);
		mdt_free(p.mdt);
		assert_int_equal(mdt_open(p.path, privileged, &p.mdt), 0);
		fd = open_in(&p, "a");
		assert_int_equal(numbers_generation(p.mdt, fd, &again), 0);
		assert_int_equal(a, again);
		assert_int_not_equal(a, b);
		mdt_free(p.mdt);
		place_run(&p, "rm $MDT/HANDLE_KEY");
		assert_int_equal(mdt_open(p.path, privileged, &p.mdt), 0);
		assert_int_equal(numbers_generation(p.mdt, fd, &again), 0);
		assert_int_not_equal(a, again);
		close(fd);
	}
	place_release(&p);
}

/*
 * What is replaced goes to PENDING however it is replaced; what is left under the old name is a
 * whiteout.
 */
static void whiteouts_are_left(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	int root = mdt_root_fd(p.mdt);
	struct fid b, orphan;
	struct stat st;

	make_file(&p, "a");
	make_file(&p, "b");
	b = fid_of(&p, "b");
	assert_int_equal(rename_in(&p, "a", "b", RENAME_WHITEOUT, &orphan), 0);
	assert_true(fid_equal(orphan, b));
	assert_int_equal(entries_in(&p, "PENDING"), 1);
	assert_int_equal(sys_fstatat(root, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	assert_int_equal(rename_in(&p, "b", "a", RENAME_WHITEOUT | RENAME_NOREPLACE, &orphan),
			 -EEXIST);
	assert_int_equal(rename_in(&p, "b", "a", 0, &orphan), 0);
	assert_true(fid_is_zero(orphan));
	place_release(&p);
}

static void impossible_renames_leave_nothing(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fid orphan = { .oid = 42 };
	int err;

	make_file(&p, "file");
	place_run(&p, "mkdir -p $MDT/ROOT/dir/sub $MDT/ROOT/empty && ln -s x $MDT/ROOT/link");
	assert_int_equal(rename_in(&p, "none", "file", 0, &orphan), -ENOENT);
	assert_int_equal(rename_in(&p, "dir", "file", 0, &orphan), -ENOTDIR);
	assert_int_equal(rename_in(&p, "file", "dir", 0, &orphan), -EISDIR);
	err = rename_in(&p, "empty", "dir", 0, &orphan);
	assert_true(err == -ENOTEMPTY || err == -EEXIST);
	assert_int_equal(orphan.oid, 42);
	assert_int_equal(entries_in(&p, "PENDING"), 0);
	assert_int_equal(rename_in(&p, "dir", "empty", 0, &orphan), 0);
	assert_true(fid_is_zero(orphan));
	assert_int_equal(rename_in(&p, "link", "file", 0, &orphan), 0);
	assert_false(fid_is_zero(orphan));
	assert_int_equal(entries_in(&p, "PENDING"), 1);
	place_release(&p);
}

static void other_file_systems_inside_are_refused(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	int fd;

	place_run(&p, "mkdir $MDT/ROOT/m $MDT/ROOT/n");
	if (geteuid() == 0) {
		place_run(&p, "mount -t tmpfs none $MDT/ROOT/m");
		assert_int_equal(mdt_names_lookup(p.mdt, mdt_root_fd(p.mdt), "m", &fd), -EXDEV);
		place_run(&p, "umount $MDT/ROOT/m");
	}
	fd = open_in(&p, "n");
	close(fd);
	place_release(&p);
}

/* Without root, a file's own mode must not keep the daemon from its xattrs; and is what it was
 * afterwards. */
static void modes_do_not_lock_us_out(const struct testfs *fs, bool privileged)
{
	static const mode_t modes[] = { 0, 0200, 0400, 0444, 01555, 06555 };
	struct place p = place_new(fs, privileged);
	const struct mdt_creator who = { .uid = geteuid(), .gid = getegid() };
	struct layout *l = fixture_layout(1, 1), *l2 = fixture_layout(2, 8), *found;
	int root = mdt_root_fd(p.mdt), fd;
	struct fid a, b;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(mdt_create(p.mdt, root, "f", modes[i], &who, l, &fd), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(lma_get_fid(p.mdt, fd, &a), 0);
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), 0);
		layout_unref(found);
		assert_int_equal(layout_ea_set(p.mdt, fd, l2), 0);
		assert_int_equal(layout_ea_get(p.mdt, fd, &found), 0);
		assert_true(layout_equal(found, l2));
		layout_unref(found);
		assert_int_equal(mdt_fsync(p.mdt, fd), 0);
		assert_int_equal(layout_ea_remove(p.mdt, fd), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(mdt_names_unlink(p.mdt, root, "f", &b), 0);
		assert_true(fid_equal(a, b));
		close(fd);
		assert_int_equal(pending_remove(p.mdt, a), 0);
		assert_int_equal(mdt_create_dir(p.mdt, root, "d", modes[i], &who, &fd), 0);
		assert_int_equal(lma_get_fid(p.mdt, fd, &a), 0);
		assert_int_equal(ea_chmod(p.mdt, fd, 0), 0);
		assert_int_equal(lma_get_fid(p.mdt, fd, &b), 0);
		assert_true(fid_equal(a, b));
		assert_int_equal(layout_ea_set(p.mdt, fd, l), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0);
		close(fd);
		assert_int_equal(mdt_names_rmdir(p.mdt, root, "d"), 0);
	}
	layout_unref(l);
	layout_unref(l2);
	place_release(&p);
}

/* One operation that makes `name` in ROOT, or a pending file. */
enum making { MAKE_FILE, MAKE_DIR, MAKE_FIFO, MAKE_LINK, MAKE_PENDING, MAKINGS };

static int make_one(const struct place *p, enum making kind, const struct layout *l, int *ret_fd)
{
	int root = mdt_root_fd(p->mdt);
	struct fid fid;

	switch (kind) {
	case MAKE_FILE:
		return mdt_create(p->mdt, root, "new", 0644, &fixture_self, l, ret_fd);
	case MAKE_DIR:
		return mdt_create_dir(p->mdt, root, "new", 0755, &fixture_self, ret_fd);
	case MAKE_FIFO:
		return mdt_create_node(p->mdt, root, "new", S_IFIFO | 0644, 0, &fixture_self,
				       ret_fd);
	case MAKE_LINK:
		return mdt_create_symlink(p->mdt, "target", root, "new", &fixture_self, ret_fd);
	default:
		return mdt_create_pending(p->mdt, mdt_pending_fd(p->mdt), 0600, &fixture_self, l,
					  &fid, ret_fd);
	}
}

static void failed_making_leaves_nothing(const struct testfs *fs, bool privileged)
{
	static const int errs[] = { -EIO, -ENOSPC };
	struct place p = place_new(fs, privileged);
	struct layout *l = fixture_layout(200, 1); /* beside the xattr on ext4 */
	unsigned int fds = open_fds();

	for (int i = 0; i < MAKINGS * 2; i++) {
		struct fault f = fault_start(errs[i % 2]);

		while (fault_next(&f)) {
			int fd = -1, r = make_one(&p, i / 2, l, &fd);

			fault_pause();
			if (r == 0) { /* with ENOSPC for an xattr the layout may have gone beside */
				close(fd);
				place_run(&p, "rm -rf $MDT/ROOT/* $MDT/PENDING/* $MDT/LAYOUT/*");
			} else {
				assert_true(f.hit && r == f.err && fd == -1);
			}
			assert_int_equal(entries_in(&p, "ROOT"), 0);
			assert_int_equal(entries_in(&p, "PENDING"), 0);
			assert_int_equal(entries_in(&p, "LAYOUT"), 0);
			assert_int_equal(open_fds(), fds);
		}
	}
	layout_unref(l);
	place_release(&p);
}

static void failed_unlink_changes_nothing(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fault f = fault_start(-EIO);
	unsigned int fds = open_fds();

	make_file(&p, "a");
	while (fault_next(&f)) {
		struct fid orphan = { 0 };
		int r = mdt_names_unlink(p.mdt, mdt_root_fd(p.mdt), "a", &orphan);

		fault_pause();
		assert_int_equal(open_fds(), fds);
		assert_int_equal(r, f.hit ? -EIO : 0);
		assert_int_equal(exists(&p, "a"), f.hit);
		assert_int_equal(entries_in(&p, "PENDING"), !f.hit);
		assert_int_equal(fid_is_zero(orphan), f.hit);
	}
	place_release(&p);
}

static void failed_rename_changes_nothing(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fault f = fault_start(-EIO);
	unsigned int fds = open_fds();
	struct fid a, b;

	make_file(&p, "a");
	make_file(&p, "b");
	a = fid_of(&p, "a");
	b = fid_of(&p, "b");
	while (fault_next(&f)) {
		struct fid orphan = { 0 };
		int r = rename_in(&p, "a", "b", 0, &orphan);

		fault_pause();
		assert_int_equal(open_fds(), fds);
		assert_int_equal(r, f.hit ? -EIO : 0);
		assert_int_equal(exists(&p, "a"), f.hit);
		assert_int_equal(entries_in(&p, "PENDING"), !f.hit);
		assert_true(fid_equal(fid_of(&p, "b"), f.hit ? b : a));
		assert_true(fid_equal(orphan, f.hit ? (struct fid){ 0 } : b));
	}
	place_release(&p);
}

static struct fid give_fid(struct place *p, int fd)
{
	struct fid fid;

	assert_int_equal(lma_get_fid(p->mdt, fd, &fid), 0);
	return fid;
}

static nlink_t links(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_nlink;
}

/* Of one victim that has a name and one that hasn't. */
static void an_intent_is_whole_or_not_there(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);
	struct fault f = fault_start(-EIO);
	struct layout *leave = fixture_layout(3, 40), *got;
	const struct mdt_creator who = { .uid = geteuid(), .gid = getegid(), .umask = 022 };
	struct swap_victim victims[2] = { { .leave = leave }, { .leave = leave } };
	unsigned int fds;
	struct fid orphan;
	int file_fd, fd;

	make_file(&p, "t");
	make_file(&p, "v");
	file_fd = open_in(&p, "t");
	victims[0].fd = open_in(&p, "v");
	victims[0].fid = give_fid(&p, victims[0].fd);
	assert_int_equal(mdt_create_pending(p.mdt, mdt_pending_fd(p.mdt), 0600, &who, NULL,
					    &victims[1].fid, &victims[1].fd),
			 0);
	fds = open_fds();
	while (fault_next(&f)) {
		int r = swap_intent_make(p.mdt, file_fd, victims, 2);

		fault_pause();
		assert_int_equal(r, f.hit ? -EIO : 0);
		assert_int_equal(open_fds(), fds);
		assert_int_equal(links(file_fd), f.hit ? 1 : 3);
		assert_int_equal(entries_in(&p, "PENDING"), f.hit ? 1 : 4);
		assert_int_equal(links(victims[0].fd), f.hit ? 1 : 2);
	}
	assert_int_equal(swap_intent_make(p.mdt, file_fd, victims, 1), -EBUSY);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(swap_intent_open(p.mdt, victims[i].fid, &fd), 0);
		close(fd);
		assert_int_equal(swap_intent_leave(victims[i].fd, &got), 0);
		assert_true(layout_equal(got, leave));
		layout_unref(got);
		assert_int_equal(swap_intent_remove(p.mdt, victims[i].fid, victims[i].fd, &orphan),
				 0);
		assert_true(fid_is_zero(orphan));
		assert_int_equal(swap_intent_open(p.mdt, victims[i].fid, &fd), -ENOENT);
	}
	assert_int_equal(swap_intent_leave(victims[0].fd, &got), 0);
	assert_null(got);
	assert_int_equal(links(file_fd), 1);
	assert_int_equal(links(victims[0].fd), 1);
	assert_int_equal(entries_in(&p, "PENDING"), 1);
	/* A file that loses its name meanwhile is in PENDING afterwards. */
	assert_int_equal(swap_intent_make(p.mdt, file_fd, victims, 2), 0);
	place_run(&p, "rm $MDT/ROOT/t");
	assert_int_equal(swap_intent_remove(p.mdt, victims[1].fid, -1, &orphan), 0);
	assert_true(fid_is_zero(orphan));
	assert_int_equal(swap_intent_remove(p.mdt, victims[0].fid, victims[0].fd, &orphan), 0);
	assert_true(fid_equal(orphan, give_fid(&p, file_fd)));
	assert_int_equal(pending_open(p.mdt, orphan, &fd), 0);
	close(fd);
	for (int i = 0; i < 2; i++)
		close(victims[i].fd);
	close(file_fd);
	layout_unref(leave);
	place_release(&p);
}

struct asker {
	const struct place *p;
	int fd;
	struct fid fid;
	int err;
};

static void *ask_fid(void *cookie)
{
	struct asker *a = cookie;

	a->err = lma_get_fid(a->p->mdt, a->fd, &a->fid);
	return NULL;
}

static void threads_agree_on_a_new_fid(const struct testfs *fs, bool privileged)
{
	struct place p = place_new(fs, privileged);

	for (int round = 0; round < 20; round++) {
		struct asker askers[8];
		pthread_t threads[8];
		int fd;

		place_run(&p, "rm -f $MDT/ROOT/x && touch $MDT/ROOT/x && chmod 0 $MDT/ROOT/x");
		fd = open_in(&p, "x");
		for (int i = 0; i < 8; i++) {
			askers[i] = (struct asker){ .p = &p, .fd = fd };
			assert_int_equal(pthread_create(&threads[i], NULL, ask_fid, &askers[i]), 0);
		}
		for (int i = 0; i < 8; i++) {
			pthread_join(threads[i], NULL);
			assert_int_equal(askers[i].err, 0);
			assert_true(fid_equal(askers[i].fid, askers[0].fid));
		}
		close(fd);
	}
	place_release(&p);
}

ON_EACH(format_makes_an_mdt_once)
ON_EACH(failed_format_leaves_nothing)
ON_EACH(bad_last_fids_are_refused)
ON_EACH(fids_stay_and_are_never_reused)
ON_EACH(malformed_fids_are_reported)
ON_EACH(names_are_checked)
ON_EACH(every_kind_is_made)
ON_EACH(last_unlink_goes_through_pending)
ON_EACH(victims_are_pending_from_the_start)
ON_EACH(renames_keep_what_they_replace)
ON_EACH(whiteouts_are_left)
ON_EACH(generations_are_kept)
ON_EACH(parents_end_at_root)
ON_EACH(numbers_find_what_is_in_root)
ON_EACH(impossible_renames_leave_nothing)
ON_EACH(other_file_systems_inside_are_refused)
ON_EACH(modes_do_not_lock_us_out)
ON_EACH(failed_making_leaves_nothing)
ON_EACH(failed_unlink_changes_nothing)
ON_EACH(failed_rename_changes_nothing)
ON_EACH(an_intent_is_whole_or_not_there)
ON_EACH(threads_agree_on_a_new_fid)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_makes_an_mdt_once_on_each),
		cmocka_unit_test(failed_format_leaves_nothing_on_each),
		cmocka_unit_test(bad_last_fids_are_refused_on_each),
		cmocka_unit_test(fids_stay_and_are_never_reused_on_each),
		cmocka_unit_test(malformed_fids_are_reported_on_each),
		cmocka_unit_test(names_are_checked_on_each),
		cmocka_unit_test(every_kind_is_made_on_each),
		cmocka_unit_test(last_unlink_goes_through_pending_on_each),
		cmocka_unit_test(victims_are_pending_from_the_start_on_each),
		cmocka_unit_test(renames_keep_what_they_replace_on_each),
		cmocka_unit_test(whiteouts_are_left_on_each),
		cmocka_unit_test(generations_are_kept_on_each),
		cmocka_unit_test(parents_end_at_root_on_each),
		cmocka_unit_test(numbers_find_what_is_in_root_on_each),
		cmocka_unit_test(impossible_renames_leave_nothing_on_each),
		cmocka_unit_test(other_file_systems_inside_are_refused_on_each),
		cmocka_unit_test(modes_do_not_lock_us_out_on_each),
		cmocka_unit_test(failed_making_leaves_nothing_on_each),
		cmocka_unit_test(failed_unlink_changes_nothing_on_each),
		cmocka_unit_test(failed_rename_changes_nothing_on_each),
		cmocka_unit_test(an_intent_is_whole_or_not_there_on_each),
		cmocka_unit_test(threads_agree_on_a_new_fid_on_each),
	};

	return FIXTURE_MAIN(tests);
}
