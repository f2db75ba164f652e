/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For the tests of file handles.
 *
 *   by_handle save PATH FILE       writes PATH's handle to FILE: its type, then its bytes
 *   by_handle cat MOUNT FILE       opens what the handle in FILE means on the file system at MOUNT,
 *                                  and prints it
 *   by_handle path MOUNT FILE      prints its path
 *   by_handle hold MOUNT FILE      opens it, says so, waits for a line on standard input, then
 *                                  prints it
 *   by_handle forge FILE NUMBER    makes the handle one of that inode, its generation as it was
 *   by_handle guess MOUNT FILE     tries the handle with each of its bits the other way, and with
 *                                  each number up to GUESSES_MAX; prints how many of those that
 *                                  aren't the handle could be opened
 *   by_handle many MOUNT DIR       keeps the handles of all files in DIR, has the kernel forget the
 *                                  files, opens each by its handle and compares what is in it with
 *                                  its name
 *   by_handle tmpfile DIR TEXT NAME   writes TEXT to a file without a name in DIR, has the kernel
 *                                     forget what it can, then gives it the name; NAME "":
 *                                     waits for a line on standard input instead
 *
 * Exit status 0; 1 with "by_handle: ERRNAME" on standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#define HANDLE_MAX 128
#define FILES_MAX 20000
#define GUESSES_MAX 5000

union any_handle {
	struct file_handle handle;
	unsigned char room[sizeof(struct file_handle) + HANDLE_MAX];
};

static void die(void)
{
	fprintf(stderr, "by_handle: %s\n", strerrorname_np(errno));
	exit(1);
}

static void get_handle(int dirfd, const char *name, union any_handle *ret)
{
	int mount_id;

	memset(ret, 0, sizeof(*ret));
	ret->handle.handle_bytes = HANDLE_MAX;
	if (name_to_handle_at(dirfd, name, &ret->handle, &mount_id, 0))
		die();
}

static void store(const char *path, const union any_handle *h)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(&h->handle.handle_type, sizeof(int), 1, f) != 1 ||
	    fwrite(h->handle.f_handle, h->handle.handle_bytes, 1, f) != 1 || fclose(f))
		die();
}

static void load(const char *path, union any_handle *ret)
{
	FILE *f = fopen(path, "r");

	memset(ret, 0, sizeof(*ret));
	if (!f || fread(&ret->handle.handle_type, sizeof(int), 1, f) != 1)
		die();
	ret->handle.handle_bytes = (unsigned int)fread(ret->handle.f_handle, 1, HANDLE_MAX, f);
	fclose(f);
}

static int open_handle(const char *mount, union any_handle *h, int flags)
{
	int mount_fd = open(mount, O_RDONLY | O_DIRECTORY);
	int fd = mount_fd < 0 ? -1 : open_by_handle_at(mount_fd, &h->handle, flags);

	if (fd < 0)
		die();
	close(mount_fd);
	return fd;
}

static void print_all(int fd)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	if (n < 0)
		die();
}

static void print_path(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	if (n < 0)
		die();
	printf("%.*s\n", (int)n, path);
}

static void wait_for_line(void)
{
	int c;

	puts("ready");
	fflush(stdout);
	while ((c = getchar()) != '\n' && c != EOF)
		;
}

/* FUSE's handle: the number's high and low half, then the generation. */
/* The kernel's FUSE has it in two halves, the higher one first. */
static void set_number(union any_handle *h, uint64_t number)
{
	uint32_t halves[2] = { (uint32_t)(number >> 32), (uint32_t)number };

	memcpy(h->handle.f_handle, halves, sizeof(halves));
}

static void forge(const char *path, uint64_t number)
{
	union any_handle h;

	load(path, &h);
	set_number(&h, number);
	store(path, &h);
}

/* Any error but ESTALE ends it. */
static unsigned int try_one(int mount_fd, union any_handle *h, const union any_handle *real)
{
	int fd;

	if (memcmp(h, real, sizeof(*h)) == 0)
		return 0;
	fd = open_by_handle_at(mount_fd, &h->handle, O_PATH);
	if (fd < 0 && errno != ESTALE)
		die();
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void guess(const char *mount, const char *path)
{
	int mount_fd = open(mount, O_RDONLY | O_DIRECTORY);
	union any_handle real, h;
	unsigned int opened = 0;

	if (mount_fd < 0)
		die();
	load(path, &real);
	for (unsigned int bit = 0; bit < 8 * real.handle.handle_bytes; bit++) {
		h = real;
		h.handle.f_handle[bit / 8] ^= (unsigned char)(1u << bit % 8);
		opened += try_one(mount_fd, &h, &real);
	}
	for (uint64_t number = 0; number <= GUESSES_MAX; number++) {
		h = real;
		set_number(&h, number);
		opened += try_one(mount_fd, &h, &real);
	}
	close(mount_fd);
	printf("%u\n", opened);
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0 || write(fd, "2", 1) != 1 || write(fd, "2", 1) != 1)
		die();
	close(fd);
}

static void check_content(const char *mount, union any_handle *h, const char *name)
{
	char buf[256] = "";
	int fd = open_handle(mount, h, O_RDONLY);

	if (read(fd, buf, sizeof(buf) - 1) < 0)
		die();
	if (strcmp(buf, name) != 0) {
		fprintf(stderr, "by_handle: '%s' in the file '%s'\n", buf, name);
		exit(1);
	}
	close(fd);
}

static void many(const char *mount, const char *dir)
{
	union any_handle *handles = calloc(FILES_MAX, sizeof(*handles));
	char **names = calloc(FILES_MAX, sizeof(*names));
	DIR *stream = opendir(dir);
	struct dirent *entry;
	size_t count = 0;

	if (!handles || !names || !stream)
		die();
	while ((entry = readdir(stream)) && count < FILES_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		get_handle(dirfd(stream), entry->d_name, &handles[count]);
		names[count++] = strdup(entry->d_name);
	}
	closedir(stream);
	drop_caches();
	for (size_t i = 0; i < count; i++)
		check_content(mount, &handles[i], names[i]);
	printf("%zu\n", count);
}

static void tmpfile_in(const char *dir, const char *text, const char *name)
{
	int fd = open(dir, O_TMPFILE | O_RDWR, 0666);
	char path[64];

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die();
	if (geteuid() == 0)
		drop_caches();
	if (!*name) {
		wait_for_line();
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
		die();
}

int main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[1] : "";
	union any_handle h;

	if (strcmp(what, "save") == 0) {
		get_handle(AT_FDCWD, argv[2], &h);
		store(argv[3], &h);
	} else if (strcmp(what, "forge") == 0) {
		forge(argv[2], strtoull(argv[3], NULL, 0));
	} else if (strcmp(what, "guess") == 0) {
		guess(argv[2], argv[3]);
	} else if (strcmp(what, "many") == 0) {
		many(argv[2], argv[3]);
	} else if (strcmp(what, "tmpfile") == 0 && argc > 4) {
		tmpfile_in(argv[2], argv[3], argv[4]);
	} else if (strcmp(what, "cat") == 0) {
		load(argv[3], &h);
		print_all(open_handle(argv[2], &h, O_RDONLY));
	} else if (strcmp(what, "path") == 0) {
		load(argv[3], &h);
		print_path(open_handle(argv[2], &h, O_PATH));
	} else if (strcmp(what, "hold") == 0) {
		int fd;

		load(argv[3], &h);
		fd = open_handle(argv[2], &h, O_RDONLY);
		wait_for_line();
		print_all(fd);
	} else {
		fprintf(stderr, "by_handle: see its source\n");
		return 2;
	}
	return 0;
}
