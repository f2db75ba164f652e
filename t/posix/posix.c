/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: posix DIR [CASE...]
 *
 * What a program may expect of a local Linux file system, one case for each kind of operation, each
 * in a directory of its own under DIR. The same program passes on XFS, Btrfs, ext4 and tmpfs
 * themselves. Prints TAP; exit status 0 when all cases pass.
 */
#include "posix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static jmp_buf failed;

void posix_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	longjmp(failed, 1);
}

long posix_ok(long value, const char *file, int line, const char *call)
{
	if (value == -1)
		posix_fail(file, line, "%s: %s", call, strerror(errno));
	return value;
}

static bool run_case(const struct posix_case *c, const char *dir)
{
	char path[4096];
	volatile bool ok = false;

	snprintf(path, sizeof(path), "%s/%s", dir, c->name);
	umask(022);
	if (mkdir(path, 0755) || chdir(path)) {
		printf("# %s: cannot be made\n", path);
		return false;
	}
	if (setjmp(failed) == 0) {
		c->run();
		ok = true;
	}
	if (seteuid(0) || chdir("/"))
		printf("# identity or directory not restored\n");
	return ok;
}

static bool wanted(const char *name, char **names, int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return count == 0;
}

int main(int argc, char **argv)
{
	const struct posix_case *const groups[] = { name_cases, data_cases, attr_cases,
						    xattr_cases };
	int n = 0, failures = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: posix DIR [CASE...]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		for (const struct posix_case *c = groups[g]; c->name; c++) {
			bool ok;

			if (!wanted(c->name, argv + 2, argc - 2))
				continue;
			ok = run_case(c, argv[1]);
			failures += !ok;
			printf("%sok %d - %s\n", ok ? "" : "not ", ++n, c->name);
		}
	}
	printf("1..%d\n", n);
	return failures ? 1 : 0;
}
