/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fs_contract NAME MOUNTPOINT FSNAME CASE: what src/fs/fs.h promises, tried on the file system of
 * the working directory, an empty one, whose ops must have that name. One CASE for each promise;
 * "fs_contract" alone lists them, and "fs_contract --where DIRECTORY" tells the other arguments.
 * Exit status 77, with the reason: it can't be tried there. The cases are the same for all file
 * systems: where these differ, fs.h says by which member.
 */
#include "cases.h"
#include "contract.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void contract_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s (errno: %s)\n", file, line, what, strerror(errno));
	exit(1);
}

void contract_needs_osts(const struct contract *c, uint32_t count)
{
	if (c->fs->ost_count == 0 || c->fs->ost_count >= count)
		return;
	printf("it needs %" PRIu32 " OSTs, and there are %" PRIu32 "\n", count, c->fs->ost_count);
	fflush(stdout);
	_exit(77);
}

/* The system's words alone are no text: somebody must have said what was tried. */
static bool has_text(int err)
{
	const char *text = error_text(err);

	return text[0] && strcmp(text, strerror(-err)) != 0;
}

void contract_want(int got, int wanted, const char *file, int line, const char *what)
{
	if (got == wanted && (got >= 0 || has_text(got)))
		return;
	fprintf(stderr, "%s:%d: %s answered %d (%s), not %d\n", file, line, what, got,
		got < 0 ? error_text(got) : "no error", wanted);
	exit(1);
}

void contract_nap(void)
{
	const struct timespec nap = { .tv_nsec = 10000000 };

	nanosleep(&nap, NULL);
}

int contract_either(int got, int a, int b, const char *file, int line, const char *what)
{
	contract_want(got, got == b ? b : a, file, line, what);
	return got;
}

static const struct contract_case {
	const char *name;
	void (*run)(struct contract *c);
} cases[] = {
#define CASE(name, function) { name, function },
	CONTRACT_CASES(CASE)
#undef CASE
};

static const struct contract_case *find_case(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, name) == 0)
			return &cases[i];
	}
	return NULL;
}

static int list_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		puts(cases[i].name);
	return 0;
}

static int run(const struct contract_case *chosen, char **args)
{
	const struct rlimit no_core = { 0, 0 };
	struct contract c = { .name = args[1], .mount = args[2], .fsname = args[3] };

	setrlimit(RLIMIT_CORE, &no_core);
	others_start(&c);
	DONE(fs_open(".", &c.fs));
	c.ops = c.fs->ops;
	CHECK(strcmp(c.ops->name, c.name) == 0);
	c.dir_fd = sys_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	CHECK(c.dir_fd >= 0);
	chosen->run(&c);
	fs_free(c.fs);
	return 0;
}

/* What the other arguments are, and how many OSTs there are (0: not known), a line each. */
static int tell_where(const char *path)
{
	struct fs *fs;
	int err = fs_open(path, &fs);

	if (err) {
		fprintf(stderr, "%s: %s\n", path, error_text(err));
		return 1;
	}
	printf("%s\n%s\n%s\n%" PRIu32 "\n", fs->ops->name, fs->mount_point, fs->fsname,
	       fs->ost_count);
	fs_free(fs);
	return 0;
}

int main(int argc, char **argv)
{
	const struct contract_case *chosen = argc == 5 ? find_case(argv[4]) : NULL;

	if (argc == 1)
		return list_cases();
	if (argc == 3 && strcmp(argv[1], "--where") == 0)
		return tell_where(argv[2]);
	if (chosen)
		return run(chosen, argv);
	fprintf(stderr, "usage: fs_contract [NAME MOUNTPOINT FSNAME CASE | --where DIRECTORY]\n");
	return 2;
}
