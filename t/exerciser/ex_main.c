/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * exerciser: random operations on a few files of any file system, checked against a model.
 * Exit: 0 all as expected, 1 a difference or an error, 2 usage.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exerciser/ex.h"
#include "exerciser/ex_ops.h"
#include "exerciser/ex_opts.h"
#include "exerciser/xspawn.h"

/* Only for the SIGBUS handler, which has no other way to the history. */
static struct ex *running;

static void on_sigbus(int sig)
{
	(void)sig;
	ex_fail(running, "SIGBUS: a mapped page could not be read or written");
	_exit(1);
}

/* ---- hooks ---- */

static int run_command(struct ex *x, const char *cmd, const char *arg)
{
	char number[32];
	int rc;

	snprintf(number, sizeof(number), "%llu", (unsigned long long)x->op_no);
	setenv("EXERCISER_OP", number, 1);
	rc = xspawn_shell(cmd, arg);
	if (rc < 0)
		return ex_fail(x, "%s: %s", cmd, strerror(-rc));
	return rc > 0 ? ex_fail(x, "%s: exit status %d", cmd, rc) : 0;
}

static int run_hook(struct ex *x)
{
	struct ex_file *f = &x->files[xrand_below(&x->rnd, x->opts->files)];
	char path[EX_PATH_MAX];

	ex_begin(x, f, "hook");
	ex_path(x, f->name, path);
	if (x->opts->hook_closed)
		ex_file_close(f);
	if (run_command(x, x->opts->hook, path))
		return -1;
	if (x->opts->hook_closed && ex_file_open(x, f))
		return -1;
	return ex_check_all(x, f, f->fd);
}

static int remount(struct ex *x)
{
	for (unsigned int i = 0; i < x->opts->files; i++)
		ex_file_close(&x->files[i]);
	ex_begin(x, &x->files[0], "remount");
	if (run_command(x, x->opts->remount, NULL))
		return -1;
	for (unsigned int i = 0; i < x->opts->files; i++) {
		struct ex_file *f = &x->files[i];

		if (ex_file_open(x, f) || ex_check_all(x, f, f->fd))
			return -1;
	}
	return 0;
}

static bool remount_due(const struct ex *x)
{
	uint64_t every = x->opts->ops / (x->opts->remounts + 1) + 1;

	return x->opts->remount && x->op_no % every == 0;
}

/* ---- the wrong byte of the self-test ---- */

struct injected {
	unsigned char *byte;
	unsigned char value;
};

/* Keeps one wrong byte in a model: a new one whenever an operation has overwritten the last. */
static void inject(struct ex *x, struct injected *inj)
{
	struct ex_file *f = &x->files[xrand_below(&x->rnd, x->opts->files)];

	if (inj->byte && *inj->byte == inj->value)
		return;
	inj->byte = NULL;
	if (f->model.size == 0)
		return;
	inj->byte = &f->model.bytes[xrand_below(&x->rnd, f->model.size)];
	*inj->byte ^= 0x40;
	inj->value = *inj->byte;
}

/* ---- the run ---- */

static int run_ops(struct ex *x)
{
	struct injected inj = { NULL, 0 };

	for (x->op_no = 1; x->op_no <= x->opts->ops; x->op_no++) {
		if (ex_ops_run_one(x))
			return -1;
		if (x->opts->inject && x->op_no >= x->opts->inject)
			inject(x, &inj);
		if (x->opts->hook && x->op_no % x->opts->hook_every == 0 && run_hook(x))
			return -1;
		if (remount_due(x) && remount(x))
			return -1;
	}
	return 0;
}

/* Everything once more through a fresh descriptor, from the cache and without it. */
static int final_check(struct ex *x, struct ex_file *f)
{
	char path[EX_PATH_MAX];
	int fd, rc;

	ex_begin(x, f, "final compare");
	ex_path(x, f->name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ex_fail_errno(x, path);
	rc = ex_check_all(x, f, fd);
	if (rc == 0) {
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		rc = ex_check_all(x, f, fd);
	}
	close(fd);
	return rc;
}

/* For whoever wants to compare by other ways than reading the file. */
static int write_model(struct ex *x, const struct ex_file *f)
{
	char path[EX_PATH_MAX];
	uint64_t off = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", x->opts->models, f->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while (fd >= 0 && n >= 0 && off < f->model.size) {
		n = write(fd, f->model.bytes + off, f->model.size - off);
		off += n > 0 ? (uint64_t)n : 0;
	}
	if (fd < 0 || n < 0 || close(fd) < 0)
		return ex_fail_errno(x, path);
	return 0;
}

static int run(struct ex *x, const struct ex_opts *opts)
{
	if (ex_open(x, opts) || run_ops(x) || ex_name_restore(x))
		return -1;
	for (unsigned int i = 0; i < opts->files; i++) {
		ex_file_close(&x->files[i]);
		if (ex_file_open(x, &x->files[i]) || final_check(x, &x->files[i]))
			return -1;
		if (opts->models && write_model(x, &x->files[i]))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct ex_opts opts;
	static struct ex x;
	int rc;

	rc = ex_opts_parse(argc, argv, &opts);
	if (rc != 0)
		return rc < 0 ? 2 : 0;
	running = &x;
	signal(SIGBUS, on_sigbus);
	printf("exerciser: %llu operations on %u files in %s, --seed %llu\n",
	       (unsigned long long)opts.ops, opts.files, opts.dir, (unsigned long long)opts.seed);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	rc = run(&x, &opts);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ex_close(&x);
	if (rc != 0)
		return 1;
	printf("exerciser: ok, %.1f s\n",
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
