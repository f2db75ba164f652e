/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of the exerciser: the files with their models, the generator, the history, and the ways
 * to check and to fail. Single-threaded.
 *
 * An operation returns 0, or -1 after it has reported a failure through ex_fail*(). Every write
 * carries the operation's number in its bytes (stamp.h), so a failure can say which operation wrote
 * what was found.
 */
#ifndef EXERCISER_EX_H
#define EXERCISER_EX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exerciser/ex_model.h"
#include "exerciser/xrand.h"

#define EX_IO_MAX (2u << 20) /* the longest single transfer */
#define EX_ALIGN 4096u       /* what O_DIRECT gets */
#define EX_HISTORY 50u       /* operations printed on a failure */
#define EX_PATH_MAX 4200

struct ex_opts {
	const char *dir;
	uint64_t ops;
	uint64_t seed;
	uint64_t max_size;   /* bytes, a multiple of EX_ALIGN */
	unsigned int files;  /* at most STAMP_FILES_MAX */
	const char *hook;    /* shell command, gets the path of a file */
	uint64_t hook_every; /* operations between two hooks */
	bool hook_closed;    /* the hook runs with its file closed */
	const char *remount; /* shell command, runs with all files closed */
	uint64_t remounts;   /* how often */
	uint64_t inject;     /* from this operation on keep one wrong byte in a model; 0 never */
	const char *models;  /* directory for what the files must hold at the end; NULL: nowhere */
	bool seek_synced;    /* fsync before every SEEK_DATA and SEEK_HOLE */
	bool verbose;
};

struct ex_file {
	unsigned int idx;
	int fd;         /* O_RDWR */
	char name[32];  /* the present name in dir */
	bool map_dirty; /* stored through a mapping and not synced since */
	struct ex_model model;
};

struct ex_entry {
	char text[240];
};

struct ex {
	const struct ex_opts *opts;
	struct xrand rnd;
	uint64_t op_no;
	struct ex_file files[8];
	unsigned char *buf; /* EX_IO_MAX bytes and one page, page aligned */
	struct ex_entry history[EX_HISTORY];
	uint64_t nr_history;
};

/* Allocates, opens or creates the files f0, f1 … in dir and loads what they hold into the models.
 */
int ex_open(struct ex *x, const struct ex_opts *opts);
void ex_close(struct ex *x);

/* Opens the file by its present name; close if it is open. */
int ex_file_open(struct ex *x, struct ex_file *f);
void ex_file_close(struct ex_file *f);

/* Writes DIR/NAME to ret_path, which has EX_PATH_MAX bytes. */
void ex_path(const struct ex *x, const char *name, char *ret_path);

/* Starts an entry in the history; ex_note() adds to the last one. */
void ex_begin(struct ex *x, const struct ex_file *f, const char *what);
void ex_note(struct ex *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Report and return -1; ex_fail_errno() takes the reason from errno. */
int ex_fail(struct ex *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int ex_fail_errno(struct ex *x, const char *call);

/*
 * Checks what a transfer returned: it must be want, nothing less (a local file system gives short
 * counts for regular files only at the end of the file).
 */
int ex_want_count(struct ex *x, const char *call, int64_t got, uint64_t want);

/* Compares bytes that were read at off with the model; [off, off + len) lies inside the capacity.
 */
int ex_compare(struct ex *x, const struct ex_file *f, const void *found, uint64_t off,
	       uint64_t len);

/* Compares the sizes that fstat gives with the model. */
int ex_check_size(struct ex *x, const struct ex_file *f);

/* Reads and compares a whole file through fd. */
int ex_check_all(struct ex *x, const struct ex_file *f, int fd);

/* Fills x->buf with new content for [off, off + len) of f. */
void ex_new_data(struct ex *x, const struct ex_file *f, uint64_t off, uint64_t len);

/* A file other than f, or f itself when there is only one. */
struct ex_file *ex_other_file(struct ex *x, const struct ex_file *f);

#endif
