/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cp_place.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <string.h>

/* ---- names ---- */

static size_t length_without_slashes(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

/* "." for what has none of its own: "/", "..", ".". */
static char *last_name(const char *path)
{
	size_t end = length_without_slashes(path), start = end;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start == end || (end - start == 2 && memcmp(path + start, "..", 2) == 0))
		return strdup(".");
	return strndup(path + start, end - start);
}

static int open_directory(struct cp_place *p, const char *path)
{
	int fd = sys_openat(AT_FDCWD, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);

	/* What can be written and not read is enough. */
	if (fd == -EACCES)
		fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return fail_sys(fd, "the directory cannot be opened");
	p->dirfd = fd;
	p->path = strdup(path);
	return p->path ? 0 : -ENOMEM;
}

/* The copy is called `path`. */
static int open_parent(struct cp_place *p, const char *path)
{
	CLEANUP_FREE char *parent = NULL;
	size_t end = length_without_slashes(path);

	p->name = last_name(path);
	if (!p->name)
		return -ENOMEM;
	/* The place itself: "..", "/". */
	if (strcmp(p->name, ".") == 0)
		return open_directory(p, path);
	end -= strlen(p->name);
	while (end > 1 && path[end - 1] == '/')
		end--;
	parent = strndup(path, end);
	return parent ? open_directory(p, parent) : -ENOMEM;
}

/* ---- one source, one copy ---- */

/* As cp(1) writes through a symbolic link to a file, the file gets the copy. */
static char *resolved(const struct cp_args *a, const char *src_path, const char *path)
{
	struct stat src, dst, followed;
	bool link = !sys_fstatat(AT_FDCWD, path, &dst, AT_SYMLINK_NOFOLLOW) &&
		    S_ISLNK(dst.st_mode) && !sys_fstatat(AT_FDCWD, path, &followed, 0) &&
		    S_ISREG(followed.st_mode);

	if (!link ||
	    sys_fstatat(AT_FDCWD, src_path, &src, a->recursive ? AT_SYMLINK_NOFOLLOW : 0) ||
	    !S_ISREG(src.st_mode))
		return NULL;
	return realpath(path, NULL);
}

static int open_single(const struct cp_args *a, struct cp_place *p, const char *src_path,
		       const char *path)
{
	CLEANUP_FREE char *target = resolved(a, src_path, path);
	struct stat src;

	if (path[length_without_slashes(path)] == '/' &&
	    !(sys_fstatat(AT_FDCWD, src_path, &src, 0) == 0 && S_ISDIR(src.st_mode)))
		return fail(-ENOTDIR, "is not a directory");
	return open_parent(p, target ? target : path);
}

/* ---- the whole ---- */

static bool is_directory(const char *path)
{
	struct stat st;

	return sys_fstatat(AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static int open_last(const struct cp_args *a, char **operands, struct cp_place *p)
{
	const char *last = operands[p->operands];

	if (!*last)
		return fail(-ENOENT, "an empty name");
	if (!a->no_target_directory && is_directory(last))
		return open_directory(p, last);
	if (p->operands > 1)
		return fail(-ENOTDIR, "is not a directory");
	return open_single(a, p, operands[0], last);
}

int cp_place_open(const struct cp_args *a, char **operands, struct cp_place *ret_place,
		  const char **ret_about)
{
	CLEANUP_CP_PLACE struct cp_place p = { .dirfd = -1 };
	int err;

	while (operands[p.operands])
		p.operands++;
	*ret_about = a->target_directory;
	if (!a->target_directory)
		*ret_about = operands[--p.operands];
	err = a->target_directory ? open_directory(&p, a->target_directory)
				  : open_last(a, operands, &p);
	if (err)
		return err;
	*ret_place = p;
	p = (struct cp_place){ .dirfd = -1 };
	return 0;
}

void cp_place_close(struct cp_place *p)
{
	fd_cleanup(&p->dirfd);
	tdestroy(p->taken, free);
	free(p->path);
	free(p->name);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int cp_place_name(struct cp_place *p, const char *src_path, const char **ret_name)
{
	CLEANUP_FREE char *name = NULL;
	char **found;

	if (p->name) {
		*ret_name = p->name;
		return 0;
	}
	name = last_name(src_path);
	found = name ? tsearch(name, &p->taken, compare) : NULL;
	if (!found)
		return -ENOMEM;
	if (*found != name)
		return fail(-EEXIST, "an operand before it has the same name in the destination");
	*ret_name = PTR_STEAL(name);
	return 0;
}
