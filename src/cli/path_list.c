/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/path_list.h"

#include "base/error.h"
#include "base/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int path_list_open(struct path_list *l, char **operands, const char *names_path, bool nul)
{
	*l = (struct path_list){ .operands = operands, .delimiter = nul ? '\0' : '\n' };
	if (!names_path)
		return 0;
	l->names = strcmp(names_path, "-") == 0 ? stdin : fopen(names_path, "re");
	return l->names ? 0 : fail_sys(-errno, "%s: cannot open it", names_path);
}

int path_list_next(struct path_list *l, const char **ret_path)
{
	ssize_t len;

	if (*l->operands) {
		*ret_path = *l->operands++;
		return 1;
	}
	while (l->names) {
		errno = 0;
		len = getdelim(&l->line, &l->cap_bytes, l->delimiter, l->names);
		if (len < 0)
			return ferror(l->names) ? fail_sys(errno ? -errno : -EIO,
							   "cannot read the names of files")
						: 0;
		if (len && l->line[len - 1] == l->delimiter)
			l->line[--len] = '\0';
		if (len) {
			*ret_path = l->line;
			return 1;
		}
	}
	return 0;
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
