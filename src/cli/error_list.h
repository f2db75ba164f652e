/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --errors FILE: the names of files that failed or were not reached, in the form in which
 * --files-from reads them. FILE is replaced in one step at the end, also by an empty list where all
 * went well; so it may be the one that the names are read from. Until then the list grows beside
 * it, as FILE.XXXXXX. What isn't a regular file (a terminal, a pipe) is written to as it is; "-" is
 * standard output. Any thread may add.
 */
#ifndef LOVFS_CLI_ERROR_LIST_H
#define LOVFS_CLI_ERROR_LIST_H

#include "base/attr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct verb;

struct error_list {
	const struct verb *verb;
	const char *path; /* borrowed; NULL: there is none, and nothing happens */
	bool nul;         /* names end in NUL, not newline */
	char *temporary;  /* owned; NULL: written as it is */
	FILE *out;        /* owned */
	int fd;           /* the descriptor of out */
	pthread_mutex_t lock;
	uint64_t left_out; /* guarded by lock: names with a newline */
};

struct error_list_request {
	const char *path; /* borrowed; may be NULL */
	bool nul;
	const atomic_bool *stop; /* once it is set, a pipe that nobody reads isn't waited for */
};

/* Errors with text: FILE can't be made. -ELOOP: it is a symbolic link. */
int MUST_CHECK error_list_open(struct error_list *l, const struct verb *verb,
			       const struct error_list_request *request);

/* A name that has a newline can't be told from two where newlines end names: it is left out, and
 * error_list_close() says so. */
void error_list_add(struct error_list *l, const char *name);

/* The list is complete: puts it in its place. Says what went wrong, and returns it. Zeroed is
 * fine. */
int error_list_close(struct error_list *l);

#endif
