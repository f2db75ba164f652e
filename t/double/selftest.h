/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the cases of double_selftest share. All of it ends the program where something isn't as it must be. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "lustre.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			selftest_failed(__FILE__, __LINE__, #cond);                                \
	} while (0)
/* A call that must fail so. */
#define FAILS(expr, err) CHECK((errno = 0, (expr) == -1) && errno == (err))

#define PAGE 4096
#define DIRECT_RDWR (O_RDWR | O_DIRECT | O_CLOEXEC)

_Noreturn void selftest_failed(const char *file, int line, const char *what);

/* The ioctls. */
int st_group_lock(int fd, unsigned long gid);
int st_group_unlock(int fd, unsigned long gid);
int st_data_version(int fd, uint32_t flags, uint64_t *ret_version);
int st_swap(int fd, int victim, uint64_t flags, uint64_t dv1);
int st_lease(int fd, uint32_t mode, uint32_t flags, uint32_t count, uint32_t a, uint32_t b);
int st_lease_held(int fd);
int st_bind(int fd, unsigned long mirror_id);

/* Aligned memory, to be freed. */
char *st_buffer(size_t len);
int st_open(const char *path, int flags);
int st_victim(int delayed);
/* A pattern of len bytes, from the front; reads and compares it. */
void st_write_pattern(int fd, size_t len, int seed);
bool st_has_pattern(int fd, size_t len, int seed);

/* Another process: its exit status, or 128 and the signal that ended it. */
pid_t st_start(void (*fn)(const char *path), const char *path);
int st_wait(pid_t pid);
int st_other(void (*fn)(const char *path), const char *path);
bool st_is_running(pid_t pid);

/* A layout of components that each are a mirror, at most 16. */
struct st_mirrors {
	unsigned int count, state;
	uint32_t gen;
	uint32_t ids[16]; /* of components */
	bool stale[16];
};
/* count 0: the layout is plain. */
struct st_mirrors st_look(int fd);
/* Of two: the position of the one that is stale, 2 for none. */
unsigned int st_stale_one(const struct st_mirrors *m);
/* Of a plain layout. */
unsigned int st_stripes(int fd);
/* A plain layout as a request. first_ost 0xffff: any. */
void st_make_plain(unsigned char bytes[32], uint16_t stripes, uint16_t first_ost);
/*
 * Sets a layout of up to four mirrors of one component and one stripe, by the xattr: what that
 * returns.
 */
int st_set_composite(int fd, unsigned int mirrors);
/* Sets flags of one component, or clears them (LUSTRE_COMP_NEGATE): what the xattr returns. */
int st_set_flags(int fd, uint32_t component_id, uint32_t flags);
/* A victim with such a layout, len bytes of pattern 1, durable. */
int st_composite_victim(size_t len);

/* What others do with a file. */
void st_open_for_writing(const char *path);
void st_write_byte(const char *path);

/* The cases, with the arguments of the command line behind the name. */
void case_looks(char **args);
void case_direct(char **args);
void case_objects(char **args);
void case_group_lock(char **args);
void case_lease(char **args);
void case_versions(char **args);
void case_migrate(char **args);
void case_migrate_live(char **args);
void case_merge(char **args);
void case_split(char **args);
void case_resync(char **args);
void case_resync_lost(char **args);
void case_resync_parts(char **args);
void case_binding(char **args);
void case_forbidden(char **args);
void case_copies(char **args);
void case_dup(char **args);
void case_calls(char **args);
void case_parameters(char **args);

#endif
