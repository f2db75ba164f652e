/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the cases of fs_contract share. A check that fails says so and ends the program.
 *
 * A case works in an empty directory of the mount, and knows of the file system only what src/fs/fs.h says. What
 * others do is done by processes of their own, with plain system calls.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "base/error.h"
#include "base/sys.h"
#include "fs/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

struct contract;

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			contract_failed(__FILE__, __LINE__, #cond);                                \
	} while (0)
/* A call of fs.h that must answer so; errors must come with text. */
#define WANT(call, answer)                                                                         \
	do {                                                                                       \
		error_clear();                                                                     \
		contract_want((call), (answer), __FILE__, __LINE__, #call);                        \
	} while (0)
#define DONE(call) WANT(call, 0)
/* The call's answer, once those who have closed the file just now are gone: that may take a moment. */
#define SOON(call)                                                                                 \
	({                                                                                         \
		int answer_ = (call);                                                              \
                                                                                                   \
		for (int i_ = 0; answer_ == -EBUSY && i_ < 200; i_++) {                            \
			contract_nap();                                                            \
			answer_ = (call);                                                          \
		}                                                                                  \
		answer_;                                                                           \
	})
/* Either of the two, which is returned. */
#define EITHER(call, a, b)                                                                         \
	(error_clear(), contract_either((call), (a), (b), __FILE__, __LINE__, #call))

/* Ends the program with 77 where it is known that there are fewer OSTs. */
void contract_needs_osts(const struct contract *c, uint32_t count);
_Noreturn void contract_failed(const char *file, int line, const char *what);
void contract_want(int got, int wanted, const char *file, int line, const char *what);
void contract_nap(void);
int contract_either(int got, int a, int b, const char *file, int line, const char *what);

/* ---- others ---- */

enum deed {
	OPEN_TO_READ = 'r',
	OPEN_TO_WRITE = 'w',
	CLOSE = 'c',              /* what it opened */
	WRITE = 'W',              /* opens it, changes its first byte, closes it */
	TRUNCATE = 'T',           /* to half of FILE_LEN */
	STORE = 'S',              /* into a mapping, which stays, and is not written out */
	SYNC = 's',               /* fsync(2) of it */
	GROUP_LOCK = 'g',         /* as a client of fs.h, by another number; kept */
	GROUP_LOCK_BRIEFLY = 'b', /* the same, with a signal after a second */
};

struct other {
	int pid, to, from;
};

/* ---- the case's ---- */

struct contract {
	struct fs *fs;
	const struct fs_ops *ops;
	const char *name;  /* what ops->name must be */
	const char *mount; /* mount point */
	const char *fsname;
	int dir_fd;                  /* the directory of the case, which is the working directory */
	struct other writer, second; /* idle so far */
};

/* Tells another what to do with the file, and waits until it's done. */
void other_do(struct other *o, enum deed deed, const char *path);
/* The same without waiting; whether it's done after half a second; waits for it. It answers 0 or an errno. */
void other_begin(struct other *o, enum deed deed, const char *path);
bool other_is_done(struct other *o);
int other_wait(struct other *o);
/* In main(), before anything is open. */
void others_start(struct contract *c);

/* ---- files, of a pattern that its number tells ---- */

#define FILE_LEN 300000 /* no multiple of a page */

/* The request of options as for lov setstripe: "c2", "S1M", "E1M", "N", "o1,3". */
struct layout *layout_of(const char *const *options);
#define LAYOUT(...) layout_of((const char *const[]){ __VA_ARGS__, NULL })

/* A new file with the layout, which is released, and FILE_LEN bytes of the pattern. */
void make_file(struct contract *c, const char *path, struct layout *l, int seed);
/* As make_file, of two mirrors in sync with ids 1 and 2. */
void make_mirrored(struct contract *c, const char *path, int seed);
/* A victim with the layout, which is released, FILE_LEN bytes of the pattern, and durable. */
int make_victim(struct contract *c, int src_fd, struct layout *l, int seed);

/* For reading and writing, as data is copied. */
int open_rw(struct contract *c, const char *path);
/* By open_source(), with the file's own descriptor closed. */
int open_held(struct contract *c, const char *path);
void write_pattern(int fd, int seed);
bool has_pattern(int fd, int seed);
bool file_has_pattern(const char *path, int seed);
/* As the pattern but for the first byte, which WRITE changes. */
bool has_changed_pattern(int fd, int seed);

/* Of the file by that name; released by the caller. */
struct layout *layout_at(struct contract *c, const char *path);
unsigned int mirrors_at(struct contract *c, const char *path);
/* Its only stale mirror; 0: none. */
uint32_t stale_mirror_at(struct contract *c, const char *path);
bool mirror_has_pattern(struct contract *c, const char *path, uint32_t id, int seed);
uint64_t version_of(struct contract *c, int fd, bool held);

#endif
