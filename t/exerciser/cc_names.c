/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads create, link, rename, exchange and unlink names in one directory. Afterwards the number
 * of names is what the successes say, each inode's link count is its number of names, each file has
 * its content, and the directory can be emptied and removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exerciser/cc_cmds.h"
#include "exerciser/xrand.h"

#define NAMES 40u

struct storm {
	struct cc_run *run;
	int dir_fd;
	bool replace;        /* renames may replace, so names can't be counted */
	atomic_long balance; /* names made less names removed */
	atomic_ulong nr_done;
	atomic_uint next_content; /* each created file has a number of its own in it */
};

struct storm_thread {
	struct storm *storm;
	struct xrand rnd;
};

/* A failure that a race explains. */
static bool expected(int err)
{
	return err == ENOENT || err == EEXIST;
}

static void storm_create(struct storm *s, const char *name)
{
	int fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	char text[32];
	int len;

	if (fd < 0) {
		if (!expected(errno))
			cc_run_fail_errno(s->run, "create");
		return;
	}
	atomic_fetch_add(&s->balance, 1);
	len = snprintf(text, sizeof(text), "content %08u\n", atomic_fetch_add(&s->next_content, 1));
	if (write(fd, text, (size_t)len) != len)
		cc_run_fail_errno(s->run, "write");
	close(fd);
}

static void storm_link(struct storm *s, const char *from, const char *to)
{
	if (linkat(s->dir_fd, from, s->dir_fd, to, 0) == 0)
		atomic_fetch_add(&s->balance, 1);
	else if (!expected(errno))
		cc_run_fail_errno(s->run, "link");
}

static void storm_unlink(struct storm *s, const char *name)
{
	if (unlinkat(s->dir_fd, name, 0) == 0)
		atomic_fetch_sub(&s->balance, 1);
	else if (!expected(errno))
		cc_run_fail_errno(s->run, "unlink");
}

static void storm_rename(struct storm *s, const char *from, const char *to, unsigned int flags)
{
	if (renameat2(s->dir_fd, from, s->dir_fd, to, flags) < 0 && !expected(errno))
		cc_run_fail_errno(s->run, flags == 0 ? "rename" : "renameat2");
}

static void storm_read(struct storm *s, const char *name)
{
	int fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n;

	if (fd < 0) {
		if (!expected(errno))
			cc_run_fail_errno(s->run, "open");
		return;
	}
	n = pread(fd, text, sizeof(text), 0);
	/* Empty when its creator hasn't written yet. */
	if (n != 0 && (n != 17 || memcmp(text, "content ", 8) != 0))
		cc_run_fail(s->run, "%s: wrong content (%zd bytes)", name, n);
	close(fd);
}

static void *storm_loop(void *cookie)
{
	struct storm_thread *t = cookie;
	struct storm *s = t->storm;
	char a[16], b[16];

	while (!atomic_load(&s->run->stop)) {
		uint64_t kind = xrand_below(&t->rnd, 100);

		snprintf(a, sizeof(a), "n%u", (unsigned int)xrand_below(&t->rnd, NAMES));
		snprintf(b, sizeof(b), "n%u", (unsigned int)xrand_below(&t->rnd, NAMES));
		if (kind < 25)
			storm_create(s, a);
		else if (kind < 40)
			storm_link(s, a, b);
		else if (kind < 60)
			storm_unlink(s, a);
		else if (kind < 75)
			storm_rename(s, a, b, s->replace ? 0 : RENAME_NOREPLACE);
		else if (kind < 80)
			storm_rename(s, a, b, RENAME_EXCHANGE);
		else
			storm_read(s, a);
		atomic_fetch_add(&s->nr_done, 1);
	}
	return NULL;
}

/* ---- afterwards ---- */

struct found {
	char name[16];
	struct stat st;
};

static int check_file(struct storm *s, const struct found *all, unsigned int nr, unsigned int at)
{
	unsigned long names = 0;

	for (unsigned int i = 0; i < nr; i++) {
		names += all[i].st.st_ino == all[at].st.st_ino;
		if (i != at && strcmp(all[i].name, all[at].name) == 0)
			return cc_run_fail(s->run, "%s is listed twice", all[at].name);
	}
	if (all[at].st.st_nlink != names)
		return cc_run_fail(s->run, "%s: %lu links, %lu names", all[at].name,
				   (unsigned long)all[at].st.st_nlink, names);
	if (all[at].st.st_size != 17)
		return cc_run_fail(s->run, "%s: size %lld", all[at].name,
				   (long long)all[at].st.st_size);
	storm_read(s, all[at].name);
	return 0;
}

static int list(struct storm *s, DIR *dir, struct found *all, unsigned int *ret_nr)
{
	struct dirent *e;
	unsigned int nr = 0;

	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (nr == NAMES)
			return cc_run_fail(s->run, "more names listed than were ever made");
		snprintf(all[nr].name, sizeof(all[nr].name), "%.15s", e->d_name);
		if (fstatat(s->dir_fd, e->d_name, &all[nr].st, AT_SYMLINK_NOFOLLOW) < 0)
			return cc_run_fail(s->run, "%s is listed, and isn't there", e->d_name);
		if (e->d_ino != all[nr].st.st_ino)
			return cc_run_fail(s->run, "%s: another inode number in the listing",
					   e->d_name);
		nr++;
	}
	*ret_nr = nr;
	return 0;
}

static int check_and_empty(struct storm *s)
{
	struct found all[NAMES];
	unsigned int nr = 0;
	DIR *dir = fdopendir(dup(s->dir_fd));
	int rc;

	if (!dir)
		return cc_run_fail_errno(s->run, "opendir");
	rewinddir(dir);
	rc = list(s, dir, all, &nr);
	closedir(dir);
	if (rc == 0 && !s->replace && nr != atomic_load(&s->balance))
		rc = cc_run_fail(s->run, "%u names, but %ld were made and not removed", nr,
				 atomic_load(&s->balance));
	for (unsigned int i = 0; rc == 0 && i < nr; i++)
		rc = check_file(s, all, nr, i);
	for (unsigned int i = 0; rc == 0 && i < nr; i++)
		storm_unlink(s, all[i].name);
	return rc;
}

static void run_threads(struct storm *s)
{
	unsigned int nr = s->run->opts->threads, started = 0;
	struct storm_thread work[nr];
	pthread_t threads[nr];

	for (; started < nr; started++) {
		work[started].storm = s;
		xrand_init(&work[started].rnd, s->run->opts->seed + started);
		if (cc_run_thread(s->run, &threads[started], storm_loop, &work[started]))
			break;
	}
	cc_run_wait(s->run);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

int cc_names_storm(struct cc_run *run)
{
	char path[CC_PATH_MAX];
	unsigned long nr_done = 0;

	cc_run_path(run, "storm", path);
	for (int replace = 0; replace < 2 && !atomic_load(&run->failed); replace++) {
		struct storm s = { .run = run, .replace = replace == 1 };

		if (mkdir(path, 0755) < 0)
			return cc_run_fail_errno(run, path), 1;
		s.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s.dir_fd < 0)
			return cc_run_fail_errno(run, path), 1;
		atomic_store(&run->stop, false);
		run_threads(&s);
		if (!atomic_load(&run->failed))
			check_and_empty(&s);
		close(s.dir_fd);
		if (!atomic_load(&run->failed) && rmdir(path) < 0)
			cc_run_fail_errno(run, "rmdir of the emptied directory");
		nr_done += atomic_load(&s.nr_done);
	}
	return cc_run_verdict(run, "%lu operations on names", nr_done);
}
