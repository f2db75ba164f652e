/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for libFuzzer where there is none: gives every file named, and every file of a
 * directory named, to the target once. Arguments that start with "-" are libFuzzer's and ignored.
 */
#include "base/error.h"
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX (16u << 20)

static int replay_file(int dirfd, const char *name)
{
	CLEANUP_FREE char *data = NULL;
	CLEANUP_FREE uint8_t *exact = NULL;
	size_t len;
	int err = sys_read_file(dirfd, name, INPUT_MAX, &data, &len);

	if (err)
		return err;
	/* No byte more than the input, so that a tool that watches memory sees a read past its end.
	 */
	exact = malloc(len ? len : 1);
	if (!exact)
		return -ENOMEM;
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	return 0;
}

static int replay_directory(const char *path, unsigned int *count)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		err = replay_file(dirfd(dir), entry->d_name);
		++*count;
	}
	closedir(dir);
	return err;
}

int main(int argc, char **argv)
{
	unsigned int count = 0;

	for (int i = 1; i < argc; i++) {
		int err;

		if (argv[i][0] == '-')
			continue;
		err = replay_directory(argv[i], &count);
		if (err == -ENOTDIR) {
			err = replay_file(AT_FDCWD, argv[i]);
			count++;
		}
		if (err) {
			fprintf(stderr, "%s: %s: %s\n", argv[0], argv[i], error_text(err));
			return 1;
		}
	}
	printf("%u inputs\n", count);
	return count == 0;
}
