/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OSTs on real file systems: labels, objects, an OST that goes away, and every system call failing
 * once. */
#include "unit.h"

#include "fault.h"
#include "testfs.h"

#include "base/error.h"
#include "base/rotational.h"
#include "ost/object.h"
#include "ost/object_list.h"
#include "ost/ost.h"
#include "ost/ost_format.h"
#include "ost/parent.h"

#include <pthread.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define UUID "0b5c7f7e-1111-4222-8333-444455556666"
#define OTHER_UUID "0b5c7f7e-1111-4222-8333-444455556667"

static const struct ost_label label = { .uuid = UUID, .index = 3 };
static const struct ost_parent parent = {
	.file = { .seq = 0x200000401, .oid = 5 },
	.stripe_idx = 1,
	.stripe_size = 1 << 20,
	.stripe_count = 4,
	.comp_start = 1 << 20,
	.comp_end = UINT64_MAX,
	.comp_id = 0x10002,
};

static struct testfs file_systems[5];
static size_t file_system_count;
static char plain_path[64];

/* An OST of a test's own on each file system. */
struct place {
	char path[128];
	bool privileged;
};

/* Runs a shell command that finds `path` in $OST. */
static void run_command(const char *command, const char *path)
{
	setenv("OST", path, 1);
	assert_true(testfs_run(command));
}

static struct place place_new(const struct testfs *fs)
{
	struct place p = { .privileged = geteuid() == 0 };

	assert_true(testfs_path(fs, "ost", p.path, sizeof(p.path)));
	run_command("rm -rf $OST $OST.away", p.path);
	assert_int_equal(mkdir(p.path, 0700), 0);
	return p;
}

static struct ost *ost_new(const struct place *p)
{
	struct ost *ost;

	assert_int_equal(ost_format(p->path, &label, true), 0);
	assert_int_equal(ost_open(p->path, &label, p->privileged, &ost), 0);
	assert_string_equal(ost_why(ost), "");
	assert_true(ost_active(ost));
	return ost;
}

/* Opens what should be inactive and say `why`. */
static void expect_inactive(const struct place *p, const char *why)
{
	struct ost_space space;
	struct ost *ost;
	struct fid id;

	assert_int_equal(ost_open(p->path, &label, p->privileged, &ost), 0);
	assert_false(ost_active(ost));
	assert_false(ost_may_create(ost));
	if (!strstr(ost_why(ost), why))
		fail_msg("'%s' isn't in '%s'", why, ost_why(ost));
	assert_int_equal(ost_device(ost), 0);
	assert_int_equal(object_create(ost, &parent, &id), -EIO);
	assert_non_null(strstr(error_text(-EIO), why));
	assert_int_equal(ost_get_space(ost, 0, &space), -EIO);
	assert_int_equal(ost_sync(ost), -EIO);
	ost_free(ost);
}

static int count_one(void *cookie, struct fid id)
{
	(void)id;
	++*(unsigned int *)cookie;
	return 0;
}

static void assert_parents_equal(const struct ost_parent *a, const struct ost_parent *b)
{
	assert_true(fid_equal(a->file, b->file));
	assert_int_equal(a->stripe_idx, b->stripe_idx);
	assert_int_equal(a->stripe_size, b->stripe_size);
	assert_int_equal(a->stripe_count, b->stripe_count);
	assert_int_equal(a->comp_start, b->comp_start);
	assert_int_equal(a->comp_end, b->comp_end);
	assert_int_equal(a->comp_id, b->comp_id);
}

static unsigned int objects_in(struct ost *ost)
{
	unsigned int n = 0;

	assert_int_equal(object_list_each(ost, count_one, &n), 0);
	return n;
}

static void write_file(const char *path, const char *name, const char *text, size_t len)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", path, name);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void format_makes_an_ost_once(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost_label found;

	assert_int_equal(ost_format_label(p.path, &found), -ENOENT);
	assert_int_equal(ost_format(p.path, &label, true), 0);
	assert_int_equal(ost_format_label(p.path, &found), 0);
	assert_string_equal(found.uuid, UUID);
	assert_int_equal(found.index, 3);
	assert_int_equal(ost_format(p.path, &label, true), -EEXIST);
	assert_non_null(strstr(error_text(-EEXIST), UUID));
	ost_format_undo(p.path, &(struct ost_label){ .uuid = OTHER_UUID, .index = 3 });
	assert_int_equal(ost_format_label(p.path, &found), 0);
	ost_format_undo(p.path, &label);
	assert_int_equal(rmdir(p.path), 0);
	assert_int_equal(ost_format(p.path, &label, true), -ENOENT);
	assert_int_equal(ost_format_label(p.path, &found), -ENOENT);
	assert_int_equal(mkdir(p.path, 0700), 0);
	run_command("mkdir $OST/lost+found && touch $OST/precious", p.path);
	assert_int_equal(ost_format(p.path, &label, true), -ENOTEMPTY);
	assert_non_null(strstr(error_text(-ENOTEMPTY), "precious"));
	run_command("rm $OST/precious", p.path);
	assert_int_equal(ost_format(p.path, &label, true), 0);
	run_command("test -d $OST/lost+found", p.path);
	assert_int_equal(ost_format("/dev/null", &label, true), -ENOTDIR);
}

static void unformat_keeps_objects(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct fid id;

	assert_int_equal(object_create(ost, &parent, &id), 0);
	ost_free(ost);
	ost_format_undo(p.path, &label);
	run_command("test \"$(find $OST/O -type f | wc -l)\" = 1", p.path);
}

static void wrong_directories_are_inactive(const struct testfs *fs)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "label" },
		{ "lovfs-ost 1\n", "uuid" },
		{ "lovfs-ost 1\nuuid " UUID "\nindex 3", "index" },
		{ "lovfs-ost 1\nuuid " UUID "\nindex 65535\n", "index" },
		{ "lovfs-ost 1\nuuid " UUID "\nindex -1\n", "index" },
		{ "lovfs-ost 1\nuuid \nindex 3\n", "uuid" },
		{ "lovfs-ost 1\nuuid ../../etc\nindex 3\n", "uuid" },
		{ "lovfs-ost 2\nuuid " UUID "\nindex 3\n", "version" },
		{ "lovfs-ost 1\nuuid " UUID "\nindex 3\nmore\n", "more" },
		{ "lovfs-ost 1\nuuid " OTHER_UUID "\nindex 3\n", "another volume" },
		{ "lovfs-ost 1\nuuid " UUID "\nindex 4\n", "is OST 4" },
	};
	struct place p = place_new(fs);
	char big[4096];

	expect_inactive(&p, "no label");
	ost_free(ost_new(&p));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file(p.path, "label", bad[i].text, strlen(bad[i].text));
		expect_inactive(&p, bad[i].why);
	}
	write_file(p.path, "label", "lovfs-ost 1\0uuid\n", 17);
	expect_inactive(&p, "label");
	memset(big, 'x', sizeof(big));
	write_file(p.path, "label", big, sizeof(big));
	expect_inactive(&p, "label");
	run_command("rm $OST/label && mkdir $OST/label", p.path);
	expect_inactive(&p, "label");
	run_command("rm -r $OST", p.path);
	expect_inactive(&p, "No such file");
	run_command("touch $OST", p.path);
	expect_inactive(&p, "Not a directory");
	run_command("rm $OST", p.path);
}

static void bad_last_ids_are_inactive(const struct testfs *fs)
{
	static const char *const bad[] = { "",      "12",  "x\n",
					   "-5\n",  "0\n", "99999999999999999999\n",
					   "5\n6\n" };
	struct place p = place_new(fs);

	ost_free(ost_new(&p));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file(p.path, "LAST_ID", bad[i], strlen(bad[i]));
		expect_inactive(&p, "LAST_ID");
	}
	run_command("rm $OST/LAST_ID", p.path);
	expect_inactive(&p, "LAST_ID");
}

static void objects_live_and_go(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct ost_parent found, changed = parent;
	struct fid id, last = { 0 };
	struct stat st;
	int fd;

	for (int i = 0; i < 70; i++) {
		assert_int_equal(object_create(ost, &parent, &id), 0);
		assert_true(fid_compare(last, id) < 0);
		last = id;
	}
	assert_int_equal(id.seq, 0x240000400 + 3 * (uint64_t)0x40000000);
	assert_int_equal(objects_in(ost), 70);
	assert_int_equal(ost_sync(ost), 0);
	assert_int_equal(ost_sync(ost), 0);
	fd = object_open(ost, id, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "hello", 5, 0), 5);
	close(fd);
	assert_int_equal(object_stat(ost, id, &st), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(object_get_parent(ost, id, &found), 0);
	assert_parents_equal(&found, &parent);
	changed.stripe_idx = 3;
	changed.file.oid = 6;
	assert_int_equal(object_set_parent(ost, id, &changed), 0);
	assert_int_equal(object_get_parent(ost, id, &found), 0);
	assert_parents_equal(&found, &changed);
	assert_int_equal(object_destroy(ost, id), 0);
	assert_int_equal(object_destroy(ost, id), 0);
	assert_int_equal(objects_in(ost), 69);
	assert_int_equal(object_stat(ost, id, &st), -EIO);
	assert_non_null(strstr(error_text(-EIO), "missing"));
	assert_int_equal(object_open(ost, id, O_RDONLY), -EIO);
	assert_int_equal(object_get_parent(ost, id, &found), -EIO);
	assert_true(ost_active(ost));
	ost_free(ost);
	/* A new start gives out no id again. */
	assert_int_equal(ost_open(p.path, &label, p.privileged, &ost), 0);
	assert_int_equal(object_create(ost, &parent, &id), 0);
	assert_true(fid_compare(last, id) < 0);
	ost_free(ost);
}

static void foreign_ids_are_refused(const struct testfs *fs)
{
	static const struct fid bad[] = {
		{ .seq = 0x240000400, .oid = 1 },
		{ .seq = 0x240000400 + 4 * (uint64_t)0x40000000, .oid = 1 },
		{ .seq = 0x240000400 + 3 * (uint64_t)0x40000000, .oid = 0 },
		{ .seq = 0x240000400 + 3 * (uint64_t)0x40000000, .oid = 1, .ver = 1 },
		{ .seq = 0, .oid = 0 },
	};
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(object_stat(ost, bad[i], &st), -EUCLEAN);
		assert_int_equal(object_open(ost, bad[i], O_RDONLY), -EUCLEAN);
		assert_int_equal(object_destroy(ost, bad[i]), -EUCLEAN);
	}
	ost_free(ost);
}

static void bad_parents_are_malformed(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	const char *name = p.privileged ? "trusted.fid" : "user.fid";
	uint8_t bytes[64], zero[64] = { 0 };
	struct ost_parent found;
	char path[256];
	struct fid id;
	ssize_t n;

	assert_int_equal(object_create(ost, &parent, &id), 0);
	snprintf(path, sizeof(path), "%s/O/%llx/d%u/%u", p.path, (unsigned long long)id.seq,
		 id.oid % 32, id.oid);
	n = getxattr(path, name, bytes, sizeof(bytes));
	if (n < 0) /* no trusted. ones here */
		n = getxattr(path, name = "user.fid", bytes, sizeof(bytes));
	assert_int_equal(n, 52);
	assert_int_equal(bytes[12], 1); /* the stripe index in place of the FID's version */
	for (ssize_t len = 0; len <= 64; len++) {
		assert_int_equal(setxattr(path, name, bytes, (size_t)len, 0), 0);
		assert_int_equal(object_get_parent(ost, id, &found),
				 len == 52 || len == 44 ? 0 : -EUCLEAN);
	}
	assert_int_equal(setxattr(path, name, zero, 52, 0), 0);
	assert_int_equal(object_get_parent(ost, id, &found), -EUCLEAN);
	assert_int_equal(removexattr(path, name), 0);
	assert_int_equal(object_get_parent(ost, id, &found), -ENODATA);
	ost_free(ost);
}

static void strangers_are_no_objects(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct fid id;

	assert_int_equal(object_create(ost, &parent, &id), 0); /* object 1 */
	run_command("cd $OST/O/* && mkdir d2 d33 dx && touch d1/2 d1/x d1/01 d1/+1 d1/4294967329 "
		    "stray && cd .. && mkdir ff zz",
		    p.path);
	assert_int_equal(objects_in(ost), 1);
	ost_free(ost);
}

static void an_ost_that_goes_becomes_inactive(const struct testfs *fs)
{
	static const char *const ways[] = {
		"rm -rf $OST",
		"rm -rf $OST && mkdir $OST",
		"rm -rf $OST/*",
		"rm $OST/label",
		"mv $OST $OST.away && cp -a $OST.away $OST 2>/dev/null || mkdir -p $OST",
		"sed -i 's/index 3/index 4/' $OST/label",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_new(fs);
		struct ost *ost = ost_new(&p);
		struct ost_space space;
		struct fid id;

		assert_int_equal(object_create(ost, &parent, &id), 0);
		assert_int_equal(ost_get_space(ost, 1000000, &space), 0);
		run_command(ways[i], p.path);
		assert_int_equal(ost_get_space(ost, 1000000, &space), 0);
		assert_int_equal(ost_get_space(ost, 0, &space), -EIO);
		assert_false(ost_active(ost));
		assert_string_not_equal(ost_why(ost), "");
		run_command("rm -rf $OST/O", p.path);
		assert_int_equal(object_create(ost, &parent, &id), -EIO);
		run_command("test ! -e $OST/O && test ! -e $OST/LAST_ID.new", p.path);
		ost_free(ost);
	}
}

/* Without anybody asking for space: the operation that hits the missing file finds out. */
static void an_operation_notices_that_the_ost_is_gone(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct stat st;
	struct fid id;

	assert_int_equal(object_create(ost, &parent, &id), 0);
	run_command("rm -rf $OST && mkdir $OST", p.path);
	assert_int_equal(object_stat(ost, id, &st), -EIO);
	assert_non_null(strstr(error_text(-EIO), "inactive"));
	assert_false(ost_active(ost));
	ost_free(ost);
	p = place_new(fs);
	ost = ost_new(&p);
	assert_int_equal(object_create(ost, &parent, &id), 0);
	run_command("rm -rf $OST && mkdir $OST", p.path);
	assert_int_equal(object_destroy(ost, id), -EIO);
	assert_int_equal(object_create(ost, &parent, &id), -EIO);
	run_command("rmdir $OST", p.path); /* nothing was made in it */
	ost_free(ost);
}

static void space_is_told(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct ost_space a, b;

	assert_int_equal(ost_get_space(ost, 0, &a), 0);
	assert_true(a.total_bytes >= a.free_bytes && a.free_bytes >= a.avail_bytes &&
		    a.avail_bytes > 0);
	assert_int_equal(ost_get_space(ost, 100000, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(ost_device(ost), fs->dev);
	ost_set_degraded(ost, true);
	assert_false(ost_may_create(ost));
	assert_true(ost_active(ost));
	ost_set_degraded(ost, false);
	assert_true(ost_may_create(ost));
	ost_free(ost);
}

/* Each call fails that would make a file, or (with a length) that would write. */
struct refuser {
	int err;
	bool writes;
};

static int refuse_hook(const char *call, size_t len_bytes UNUSED, void *cookie)
{
	const struct refuser *r = cookie;

	return strcmp(call, r->writes ? "pwrite" : "openat") == 0 ? r->err : 0;
}

/* What makes an OST refuse new objects, until a look finds that it takes them again. */
static void a_refusing_ost_is_left_out_until_it_isnt(const struct testfs *fs)
{
	static const int errs[] = { -EROFS, -EIO, -EDQUOT, -EACCES, -EPERM };
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct ost_space space;
	struct fid id;

	assert_int_equal(object_create(ost, &parent, &id), 0);
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		struct refuser r = { .err = errs[i] };

		sys_set_hook(refuse_hook, &r);
		/* Directories that are open already: another one each time. */
		assert_int_equal(object_create(ost, &parent, &id), errs[i]);
		sys_set_hook(NULL, NULL);
		assert_true(ost_active(ost));
		assert_false(ost_may_create(ost));
		assert_int_equal(ost_refusal(ost), errs[i]);
		assert_string_equal(ost_why_no_create(ost), strerrordesc_np(-errs[i]));
		assert_int_equal(ost_get_space(ost, 0, &space), 0);
		assert_true(ost_may_create(ost));
		assert_string_equal(ost_why_no_create(ost), "");
	}
	ost_free(ost);
}

/* A quota of blocks lets an object be made, and fails its first write. */
static void a_failed_write_makes_an_ost_suspect(const struct testfs *fs)
{
	struct refuser quota = { .err = -EDQUOT, .writes = true };
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct ost_space space;

	ost_suspect(ost);
	assert_true(ost_may_create(ost));
	usleep(1100000);
	sys_set_hook(refuse_hook, &quota);
	ost_suspect(ost);
	assert_int_equal(ost_refusal(ost), -EDQUOT);
	assert_int_equal(ost_get_space(ost, 0, &space), 0);
	assert_int_equal(ost_refusal(ost), -EDQUOT);
	sys_set_hook(NULL, NULL);
	assert_int_equal(ost_get_space(ost, 0, &space), 0);
	assert_int_equal(ost_refusal(ost), 0);
	ost_free(ost);
}

/* What this process lacks says nothing of the OST. */
static void lack_of_descriptors_is_not_the_osts_fault(const struct testfs *fs)
{
	struct refuser r = { .err = -EMFILE };
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct fid id;

	sys_set_hook(refuse_hook, &r);
	assert_int_equal(object_create(ost, &parent, &id), -EMFILE);
	sys_set_hook(NULL, NULL);
	assert_true(ost_may_create(ost));
	ost_free(ost);
}

static void failed_format_leaves_nothing(const struct testfs *fs)
{
	static const int errs[] = { -EIO, -ENOSPC };

	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		struct place p = place_new(fs);
		struct fault f = fault_start(errs[i]);
		unsigned int fds = open_fds();

		while (fault_next(&f)) {
			int r = ost_format(p.path, &label, true);

			fault_pause();
			assert_int_equal(open_fds(), fds);
			if (!f.hit) {
				assert_int_equal(r, 0);
			} else if (r == 0) {
				/* It may get over a trial that failed in one way. */
				assert_true(!strcmp(f.call, "setxattr"));
				ost_format_undo(p.path, &label);
			}
			if (f.hit)
				run_command("test -z \"$(ls -A $OST)\"", p.path);
		}
	}
}

/* Every call of creating an object fails once, with and without directories to be made: no object,
 * or a whole one. */
static void failed_create_leaves_no_object(const struct testfs *fs)
{
	static const int errs[] = { -EIO, -ENOSPC, -EMFILE };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(errs); i++) {
		struct place p = place_new(fs);
		struct fault f = fault_start(errs[i / 2]);
		unsigned int fds = open_fds();
		struct ost *ost = ost_new(&p);
		unsigned int made = 0;
		struct fid id;

		for (int n = 0; i % 2 && n < 32; n++, made++)
			assert_int_equal(object_create(ost, &parent, &id), 0);
		while (fault_next(&f)) {
			int r;

			if (i % 2 == 0) { /* from the very beginning */
				fault_pause();
				ost_free(ost);
				run_command("rm -rf $OST/O/* && echo 1 >$OST/LAST_ID", p.path);
				assert_int_equal(ost_open(p.path, &label, p.privileged, &ost), 0);
				made = 0;
				sys_set_hook(fault_hook, &f);
			}
			id = (struct fid){ 0 };
			r = object_create(ost, &parent, &id);
			fault_pause();
			assert_true(ost_active(ost));
			if (r == 0)
				made++;
			else
				assert_true(f.hit && r == f.err && fid_is_zero(id));
			assert_int_equal(objects_in(ost), made);
		}
		ost_free(ost);
		assert_int_equal(open_fds(), fds);
	}
}

#define THREADS 8
#define EACH 200

struct maker {
	struct ost *ost;
	pthread_t thread;
	struct fid ids[EACH];
};

static void *make_objects(void *cookie)
{
	struct maker *m = cookie;

	for (size_t i = 0; i < EACH; i++) {
		if (object_create(m->ost, &parent, &m->ids[i]) || (i % 50 == 0 && ost_sync(m->ost)))
			return cookie;
	}
	return NULL;
}

static void threads_get_different_objects(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost = ost_new(&p);
	struct maker *makers = calloc(THREADS, sizeof(*makers));
	unsigned int fds = open_fds();

	assert_non_null(makers);
	for (size_t i = 0; i < THREADS; i++) {
		makers[i].ost = ost;
		assert_int_equal(pthread_create(&makers[i].thread, NULL, make_objects, &makers[i]),
				 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *r;

		pthread_join(makers[i].thread, &r);
		assert_null(r);
	}
	assert_int_equal(objects_in(ost), THREADS * EACH);
	assert_int_equal(open_fds(), fds + 32);
	for (size_t i = 0; i < THREADS; i++)
		for (size_t j = 0; j < EACH; j++)
			assert_int_equal(object_destroy(ost, makers[i].ids[j]), 0);
	assert_int_equal(objects_in(ost), 0);
	free(makers);
	ost_free(ost);
}

/*
 * A sysfs with a disk that rotates (8:0, partition 8:1), one that doesn't (8:16, partition 8:17)
 * and a device that says nothing (8:32).
 */
static void rotating_devices_are_known(const struct testfs *fs)
{
	struct place p = place_new(fs);
	struct ost *ost;

	run_command(
		"mkdir -p $OST/sys/dev/block $OST/sys/devices/sda/queue $OST/sys/devices/sda/sda1 "
		"$OST/sys/devices/sdb/queue $OST/sys/devices/sdb/sdb1 $OST/sys/devices/sdc && "
		"echo 1 >$OST/sys/devices/sda/queue/rotational && "
		"echo 0 >$OST/sys/devices/sdb/queue/rotational && cd $OST/sys/dev/block && "
		"ln -s ../../devices/sda 8:0 && ln -s ../../devices/sda/sda1 8:1 && "
		"ln -s ../../devices/sdb 8:16 && ln -s ../../devices/sdb/sdb1 8:17 && "
		"ln -s ../../devices/sdc 8:32 && ln -s ../../devices/sda 0:50",
		p.path);
	strcat(p.path, "/sys");
	assert_true(rotational_device(p.path, makedev(8, 0)));
	assert_true(rotational_device(p.path, makedev(8, 1)));
	assert_false(rotational_device(p.path, makedev(8, 16)));
	assert_false(rotational_device(p.path, makedev(8, 17)));
	assert_false(rotational_device(p.path, makedev(8, 32)));
	assert_false(rotational_device(p.path, makedev(9, 0)));
	assert_false(rotational_device(p.path, makedev(0, 50)));
	p = place_new(fs);
	ost = ost_new(&p);
	assert_true(ost_rotational(ost) == rotational_device(ROTATIONAL_SYSFS, ost_device(ost)));
	ost_free(ost);
}

static void on_each(void (*test)(const struct testfs *fs))
{
	for (size_t i = 0; i < file_system_count; i++)
		test(&file_systems[i]);
}

#define ON_EACH(test)                                                                              \
	static void test##_on_each(void **state)                                                   \
	{                                                                                          \
		(void)state;                                                                       \
		on_each(test);                                                                     \
	}

ON_EACH(format_makes_an_ost_once)
ON_EACH(unformat_keeps_objects)
ON_EACH(wrong_directories_are_inactive)
ON_EACH(bad_last_ids_are_inactive)
ON_EACH(objects_live_and_go)
ON_EACH(foreign_ids_are_refused)
ON_EACH(bad_parents_are_malformed)
ON_EACH(strangers_are_no_objects)
ON_EACH(an_ost_that_goes_becomes_inactive)
ON_EACH(an_operation_notices_that_the_ost_is_gone)
ON_EACH(space_is_told)
ON_EACH(a_refusing_ost_is_left_out_until_it_isnt)
ON_EACH(a_failed_write_makes_an_ost_suspect)
ON_EACH(lack_of_descriptors_is_not_the_osts_fault)
ON_EACH(failed_format_leaves_nothing)
ON_EACH(failed_create_leaves_no_object)
ON_EACH(threads_get_different_objects)
ON_EACH(rotating_devices_are_known)

static int make_file_systems(void **state)
{
	static const char *const types[] = { "tmpfs", "ext4", "xfs", "btrfs" };
	(void)state;

	if (!testfs_enter()) {
		file_system_count = 1;
		return testfs_make_plain_xattrs(&file_systems[0], plain_path) ? 0 : -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		file_system_count +=
			testfs_make(&file_systems[file_system_count], types[i], types[i], 320);
	return 0;
}

static int remove_plain(void **state)
{
	(void)state;
	if (plain_path[0])
		testfs_remove_plain(plain_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_makes_an_ost_once_on_each),
		cmocka_unit_test(unformat_keeps_objects_on_each),
		cmocka_unit_test(wrong_directories_are_inactive_on_each),
		cmocka_unit_test(bad_last_ids_are_inactive_on_each),
		cmocka_unit_test(objects_live_and_go_on_each),
		cmocka_unit_test(foreign_ids_are_refused_on_each),
		cmocka_unit_test(bad_parents_are_malformed_on_each),
		cmocka_unit_test(strangers_are_no_objects_on_each),
		cmocka_unit_test(an_ost_that_goes_becomes_inactive_on_each),
		cmocka_unit_test(an_operation_notices_that_the_ost_is_gone_on_each),
		cmocka_unit_test(space_is_told_on_each),
		cmocka_unit_test(a_refusing_ost_is_left_out_until_it_isnt_on_each),
		cmocka_unit_test(a_failed_write_makes_an_ost_suspect_on_each),
		cmocka_unit_test(lack_of_descriptors_is_not_the_osts_fault_on_each),
		cmocka_unit_test(failed_format_leaves_nothing_on_each),
		cmocka_unit_test(failed_create_leaves_no_object_on_each),
		cmocka_unit_test(threads_get_different_objects_on_each),
		cmocka_unit_test(rotating_devices_are_known_on_each),
	};

	return cmocka_run_group_tests(tests, make_file_systems, remove_plain);
}
