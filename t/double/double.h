/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the double share: the mount, the log, paths. See double.c for what it is. */
#ifndef DOUBLE_H
#define DOUBLE_H

#include "real.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* Everything is hidden but the functions that are interposed: the program may have the same names. */
#define EXPORT __attribute__((visibility("default")))

#define DIRECT_BYTES 4096 /* offsets, lengths and addresses of direct I/O are multiples of it */
#define PROC_PATH_MAX 64
#define HIDDEN_FD_MIN                                                                              \
	400 /* the double's own descriptors; a program with more has them in between */

struct the_mount {
	bool active; /* LUSTRE_DOUBLE is set, and is a lovfs mount */
	dev_t dev;
	int root_fd;
	char fsname[16];
	const char *log;  /* NULL: none */
	long born_s;      /* when all files were made: LUSTRE_DOUBLE_BORN, in seconds since 1970 */
	bool user_xattrs; /* mounted with user_xattr */
	const char *tree; /* what stands for /; NULL: no /sys/fs/lustre */
};

/* Set once, by the first interposed call. */
const struct the_mount *double_mount(void);

/* Sets errno and returns -1 for a negative errno, otherwise returns it. */
long double_answer(long result);

/* One line, in one write. */
void double_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What must never be done on Lustre: for those that lose data. */
noreturn void double_forbid(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* How an answer is written in the log: a number, or the name of the errno. buf: 32 bytes. */
const char *double_result_text(long result, char *buf);

/* Moves a descriptor of the double's own out of the program's way; closes fd. -errno on failure. */
int double_hide_fd(int fd);

const char *double_proc_path(int fd, char buf[PROC_PATH_MAX]);

/* The number in "/proc/self/fd/NUMBER"; -1: it's another path. */
int double_proc_fd(const char *path);

/* What a descriptor is of. */
struct identity {
	dev_t dev;
	ino_t ino;
	mode_t mode; /* the file's type */
};

/* Whether the descriptor is of the mount. The daemon isn't asked. */
bool double_is_ours(int fd, struct identity *ret_id);

#endif
