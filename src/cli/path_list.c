/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/path_list.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY_MAX 1000000u

int path_list_open(struct path_list *l, char **operands, const char *names_path, bool nul)
{
	*l = (struct path_list){ .operands = operands, .delimiter = nul ? '\0' : '\n' };
	if (!names_path)
		return 0;
	l->names = strcmp(names_path, "-") == 0 ? stdin : fopen(names_path, "re");
	if (!l->names)
		return fail_sys(-errno, "%s: cannot open it", names_path);
	l->line = malloc(PATH_MAX);
	return l->line ? 0 : fail(-ENOMEM, "no memory");
}

static bool stopped(const struct path_list *l)
{
	return l->stop && atomic_load_explicit(l->stop, memory_order_relaxed);
}

/* The next character; EOF at the end and on failure. A signal that isn't to stop us changes nothing. */
static int next_char(struct path_list *l)
{
	int c;

	for (;;) {
		errno = 0;
		c = getc_unlocked(l->names);
		if (c != EOF || errno != EINTR || !ferror(l->names) || stopped(l))
			return c;
		clearerr(l->names);
	}
}

static int check_end(const struct path_list *l)
{
	int err = errno ? -errno : -EIO;

	if (stopped(l))
		return fail(-ECANCELED, "interrupted");
	return ferror(l->names) ? fail_sys(err, "cannot read the names of files") : 0;
}

/* 1: a name is in the line. As path_list_next(). */
static int read_name(struct path_list *l)
{
	size_t len = 0;
	unsigned int empty = 0;
	int c, err = 0;

	while ((c = next_char(l)) != EOF && (c != l->delimiter || len == 0)) {
		if (c != l->delimiter)
			l->line[len++] = (char)c;
		if (len == PATH_MAX)
			return fail(-ENAMETOOLONG,
				    "not a list of names: one has more than %u bytes",
				    PATH_MAX - 1);
		if (len == 0 && ++empty == EMPTY_MAX)
			return fail(-EINVAL, "not a list of names: %u in a row are empty",
				    EMPTY_MAX);
		if (len == 0 && empty % 4096 == 0 && stopped(l))
			break;
	}
	if (c == EOF || len == 0)
		err = check_end(l);
	l->line[len] = '\0';
	return err ? err : len > 0;
}

int path_list_next(struct path_list *l, const char **ret_path)
{
	int got;

	if (*l->operands) {
		*ret_path = *l->operands++;
		return 1;
	}
	if (!l->names)
		return 0;
	got = read_name(l);
	if (got > 0)
		*ret_path = l->line;
	return got;
}

bool path_list_at_hand(const struct path_list *l)
{
	struct stat st;

	return *l->operands ||
	       (l->names && sys_fstat(fileno(l->names), &st) == 0 && S_ISREG(st.st_mode));
}

bool path_list_many(const struct path_list *l)
{
	return l->names || (l->operands[0] && l->operands[1]);
}

void path_list_close(struct path_list *l)
{
	if (l->names && l->names != stdin)
		fclose(l->names);
	l->names = NULL;
	free(l->line);
	l->line = NULL;
}
