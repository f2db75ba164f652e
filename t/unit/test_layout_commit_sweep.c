/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Swap, merge and split with each system call failing once, and with the daemon killed before each
 * of them. After that the volume is opened again, and each file must have its old layout or its new
 * one, its data in every mirror, one link, and every object must belong to exactly one file.
 *
 * Root stops at every call. An ordinary user, whose volume may be on a real disk, stops at every
 * fifth or so, at others each time.
 */
#include "test_layout_commit_fixture.h"

#include "fault.h"
#include "inode/inode.h"
#include "volume/handle.h"
#include "volume/inode_attr.h"
#include "volume/names.h"
#include "volume/volume.h"

#include <sys/wait.h>

#define KILLED 77

/* One to be made on file "t" and its victims, of which each has a name ("v0") or not. */
struct scene {
	const char *name;
	void (*prepare)(struct volume *vol);
	int (*run)(void);
	/* Looks at the files after the volume was opened anew. Returns whether it was made. */
	bool (*check)(struct volume *vol, struct inode *t, struct inode *v);
};

static void prepare_swap(struct volume *vol)
{
	t = make(vol, "t", 2, true, true);
	prepare_victims(vol, 1, false, true);
}

static bool check_swap(struct volume *vol, struct inode *file, struct inode *v)
{
	(void)vol;
	CHECK(file && !v);
	CHECK(content(file) == 'd');
	CHECK(stripes(file) == 1 || stripes(file) == 2);
	return stripes(file) == 1;
}

/* The file has objects without data, the victim none. */
static void prepare_empty_swap(struct volume *vol)
{
	t = make(vol, "t", 2, false, true);
	CHECK(!handle_truncate(t.h, 0));
	prepare_victims(vol, 1, false, false);
}

static bool check_empty_swap(struct volume *vol, struct inode *file, struct inode *v)
{
	(void)vol;
	CHECK(file && !v);
	CHECK(content(file) == 'e');
	return stripes(file) == 1;
}

static void prepare_merge(struct volume *vol)
{
	t = make(vol, "t", 2, false, true);
	prepare_victims(vol, 3, false, true);
}

static bool check_merge(struct volume *vol, struct inode *file, struct inode *v)
{
	CHECK(file && !v);
	CHECK(content(file) == 'd');
	CHECK(mirrors(file) == 1 || mirrors(file) == 4);
	check_mirrors(vol, file, 'd');
	return mirrors(file) == 4;
}

static bool check_named_merge(struct volume *vol, struct inode *file, struct inode *v)
{
	bool made;

	CHECK(file && v);
	made = mirrors(file) == 3;
	CHECK(made || mirrors(file) == 1);
	CHECK(content(file) == 'd');
	CHECK(content(v) == (made ? 'e' : 'd'));
	CHECK(stripes(v) == 1 && mirrors(v) == 1);
	check_mirrors(vol, file, 'd');
	return made;
}

/* The file lost its name while it is open. */
static void prepare_orphan_merge(struct volume *vol)
{
	prepare_named_merge(vol);
	CHECK(!names_unlink(inode_root(vol), "t"));
}

static bool check_orphan_merge(struct volume *vol, struct inode *file, struct inode *v)
{
	(void)vol;
	CHECK(!file && v);
	return content(v) == 'e';
}

static void prepare_split(struct volume *vol)
{
	prepare_any_split(vol, false);
}

static bool check_split(struct volume *vol, struct inode *file, struct inode *v)
{
	CHECK(file && !v);
	CHECK(content(file) == 'd');
	CHECK(mirrors(file) == 3 || mirrors(file) == 2);
	check_mirrors(vol, file, 'd');
	return mirrors(file) == 2;
}

static void prepare_named_split(struct volume *vol)
{
	prepare_any_split(vol, true);
}

static bool check_named_split(struct volume *vol, struct inode *file, struct inode *v)
{
	bool made;

	CHECK(file && v);
	made = mirrors(file) == 2;
	CHECK(made || mirrors(file) == 3);
	CHECK(content(file) == 'd');
	CHECK(content(v) == (made ? 'd' : 'e'));
	CHECK(mirrors(v) == 1);
	check_mirrors(vol, file, 'd');
	return made;
}

/* A mirror that is stale: a write came before. What it has is older. */
static void prepare_stale_split(struct volume *vol)
{
	prepare_any_split(vol, false);
	CHECK(handle_write(t.h, data, 1, 0) == 1);
}

static bool check_stale_split(struct volume *vol, struct inode *file, struct inode *v)
{
	(void)vol;
	CHECK(file && !v);
	CHECK(content(file) == 'd');
	CHECK(mirrors(file) == 3 || mirrors(file) == 2);
	CHECK(entries("DIRTY") >= mirrors(file) - 1);
	return mirrors(file) == 2;
}

static const struct scene scenes[] = {
	{ "swap", prepare_swap, swap_first, check_swap },
	{ "swap of empty files", prepare_empty_swap, swap_first, check_empty_swap },
	{ "merge", prepare_merge, merge_all, check_merge },
	{ "merge of a named file", prepare_named_merge, merge_all, check_named_merge },
	{ "merge into an open file without a name", prepare_orphan_merge, merge_all,
	  check_orphan_merge },
	{ "split", prepare_split, split_second, check_split },
	{ "split into a named file", prepare_named_split, split_second, check_named_split },
	{ "split of a stale mirror", prepare_stale_split, split_second, check_stale_split },
};

/* ---- one attempt ---- */

/* The n-th call, counted from the begin of the commit on. */
struct stop {
	unsigned int at, seen;
	int err;  /* 0: the process ends */
	bool all; /* this one and all that follow fail */
	bool hit;
};

static int stop_hook(const char *call, size_t len_bytes, void *cookie)
{
	struct stop *s = cookie;
	unsigned int n = __atomic_add_fetch(&s->seen, 1, __ATOMIC_RELAXED);

	(void)call;
	(void)len_bytes;
	if (s->all ? n < s->at : n != s->at)
		return 0;
	s->hit = true;
	if (s->err == 0)
		_exit(KILLED);
	return s->err;
}

/*
 * What users see right after the commit, or its failure, in the same volume. An intent that could
 * not be removed is one link more until the next mount.
 */
static void check_now(const struct scene *s, int err, bool all)
{
	bool settled = run_here("! ls $BASE/mdt/PENDING | grep -q swap");

	/* Where only one call failed, taking it back didn't, too. */
	CHECK(err == 0 || (err < 0 && (settled || all)));
	if (s->prepare != prepare_empty_swap)
		CHECK(content(t.inode) == 'd');
	if (s->prepare != prepare_orphan_merge && settled)
		check_links(t.inode);
}

/*
 * Data that moves has the times that it had, whatever comes of it. Before 1970: no object's are
 * older.
 */
static const struct timespec long_ago = { .tv_sec = -12345, .tv_nsec = 67890 };

static void set_time(struct inode *inode)
{
	const struct attr_change attr = { .times = { { .tv_nsec = UTIME_OMIT }, long_ago } };

	CHECK(!inode_attr_set(inode, &attr));
}

static void check_time(struct inode *inode)
{
	struct stat st;

	CHECK(!inode_attr_get(inode, &st));
	CHECK(st.st_mtim.tv_sec == long_ago.tv_sec && st.st_mtim.tv_nsec == long_ago.tv_nsec);
}

/* The commit and the end of the volume, stopped or failed somewhere. */
static void attempt(const struct scene *s, struct stop *stop)
{
	struct volume *vol = open_volume();
	int err;

	s->prepare(vol);
	volume_drain(vol);
	set_time(t.inode);
	sys_set_hook(stop_hook, stop);
	err = s->run();
	if (stop->err) {
		sys_set_hook(NULL, NULL);
		check_now(s, err, stop->all);
	} else {
		CHECK(err == 0);
	}
	drop_all();
	volume_drain(vol);
	volume_close(vol);
	sys_set_hook(NULL, NULL);
}

/* Opens the volume and closes it. */
static void recover(const struct scene *s, struct stop *stop)
{
	struct volume *vol;
	(void)s;

	sys_set_hook(stop_hook, stop);
	vol = open_volume();
	volume_drain(vol);
	volume_close(vol);
}

static int child_status(pid_t pid)
{
	int status = 0;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

/* Whether the commit was made. */
static bool check_after(const struct scene *s, bool map_may_stay)
{
	struct volume *vol = open_volume();
	struct inode *files[2];
	bool made;

	volume_drain(vol);
	files[0] = look(inode_root(vol), "t");
	files[1] = look(inode_root(vol), "v0");
	CHECK(entries("PENDING") == 0);
	made = s->check(vol, files[0], files[1]);
	if (files[0])
		check_time(files[0]);
	check_objects(vol, files, 2);
	for (int i = 0; i < 2; i++) {
		if (!files[i])
			continue;
		check_links(files[i]);
		inode_forget(files[i], 1);
	}
	clean(vol, map_may_stay);
	volume_close(vol);
	return made;
}

/* In a child process. Whether it was killed. */
static bool killed(void (*run)(const struct scene *s, struct stop *stop), const struct scene *s,
		   struct stop *stop)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		run(s, stop);
		_exit(0);
	}
	status = child_status(pid);
	assert_true(status == KILLED || status == 0);
	return status == KILLED;
}

/* In some rounds the recovery is killed, too. */
static bool killed_at(const struct scene *s, unsigned int at, struct random_source *r)
{
	struct stop stop = { .at = at };
	bool hit = killed(attempt, s, &stop);

	if (hit && random_range(r, 0, 1)) {
		stop.at = (unsigned int)random_range(r, 1, 150);
		snprintf(context + strlen(context), sizeof(context) - strlen(context),
			 ", recovery killed at %u", stop.at);
		(void)!killed(recover, s, &stop);
	}
	return hit;
}

static bool failed_at(const struct scene *s, unsigned int at, bool all)
{
	struct stop stop = { .at = at, .err = -EIO, .all = all };
	unsigned int fds = open_fds();

	attempt(s, &stop);
	CHECK(open_fds() == fds);
	return stop.hit;
}

enum way { KILL, FAIL_ONE, FAIL_ALL };

/* Stops at every call in turn, until there are no more; where there is no file system of our own,
 * at some. */
static void sweep(const struct scene *s, enum way way, struct random_source *r)
{
	static const char *const ways[] = { "killed", "failing", "and all that follow failing" };
	unsigned int made = 0, rounds = 0, at = 1;
	bool hit = true;

	for (; hit; at += namespace ? 1 : (unsigned int)random_range(r, 1, 9)) {
		snprintf(context, sizeof(context), "%s, call %u %s", s->name, at, ways[way]);
		hit = way == KILL ? killed_at(s, at, r) : failed_at(s, at, way == FAIL_ALL);
		made += check_after(s, way != KILL);
		rounds++;
	}
	printf("%s: made in %u of %u\n", s->name, made, rounds);
	/* Some before the commit, some after it. */
	assert_true(made > 0 && made < rounds);
}

static void sweep_all(const char *name, enum way way)
{
	struct random_source r = random_start(name);

	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		sweep(&scenes[i], way, &r);
}

static void killed_at_every_call(void **state)
{
	(void)state;
	sweep_all("killed_at_every_call", KILL);
}

static void every_call_failing(void **state)
{
	(void)state;
	sweep_all("every_call_failing", FAIL_ONE);
}

static void every_call_failing_for_good(void **state)
{
	(void)state;
	sweep_all("every_call_failing_for_good", FAIL_ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_every_call),
		cmocka_unit_test(every_call_failing),
		cmocka_unit_test(every_call_failing_for_good),
	};

	return cmocka_run_group_tests(tests, make_volume, remove_volume);
}
