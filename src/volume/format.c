/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/format.h"

#include "base/error.h"
#include "base/sys.h"
#include "mdt/mdt_format.h"
#include "ost/object_dir.h"
#include "ost/ost.h"
#include "ost/ost_format.h"
#include "volume/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CONF_NAME "volume.conf"
#define MDT_PLACE (-1)

/* One of the directories that a volume is to be made of. */
struct place {
	const char *path; /* borrowed: as it was given */
	int ost_index;    /* MDT_PLACE: the MDT */
	char *real;       /* owned: absolute, without links */
	dev_t dev;
	ino_t ino;
};

struct places {
	struct place *list;
	uint32_t count;
};

static void places_release(struct places *p)
{
	for (uint32_t i = 0; p->list && i < p->count; i++)
		free(p->list[i].real);
	free(p->list);
}

/* "the MDT", "OST 3". Returns buf. */
static const char *place_name(const struct place *p, char buf[32])
{
	if (p->ost_index == MDT_PLACE)
		snprintf(buf, 32, "the MDT");
	else
		snprintf(buf, 32, "OST %d", p->ost_index);
	return buf;
}

static int open_place(const struct place *p)
{
	int fd = sys_openat(AT_FDCWD, p->path, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		return fail(fd, "%s: no such directory", p->path);
	if (fd == -ENOTDIR)
		return fail(fd, "%s is not a directory", p->path);
	return fd < 0 ? fail_sys(fd, "%s", p->path) : fd;
}

/* Finds out where it really is. */
static int place_find(struct place *p)
{
	CLEANUP_FD int fd = open_place(p);
	char name[FD_PATH_MAX], real[PATH_MAX];
	struct stat st;
	ssize_t len;
	int err;

	if (fd < 0)
		return fd;
	err = sys_fstat(fd, &st);
	if (err)
		return fail_sys(err, "%s", p->path);
	len = sys_readlinkat(AT_FDCWD, fd_path(fd, name), real, sizeof(real));
	if (len < 0)
		return fail_sys((int)len, "%s: find its absolute path", p->path);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->real = strdup(real);
	return p->real ? 0 : -ENOMEM;
}

/* The MDT comes first. */
static int places_find(struct places *p, const char *mdt_path, const struct conf *conf)
{
	int err;

	p->list = calloc((size_t)conf->ost_count + 1, sizeof(*p->list));
	if (!p->list)
		return -ENOMEM;
	p->count = conf->ost_count + 1;
	p->list[0] = (struct place){ .path = mdt_path, .ost_index = MDT_PLACE };
	for (uint32_t i = 0; i < conf->ost_count; i++)
		p->list[i + 1] = (struct place){ .path = conf->osts[i].path, .ost_index = (int)i };
	err = 0;
	for (uint32_t i = 0; i < p->count && !err; i++)
		err = place_find(&p->list[i]);
	return err;
}

/* Both are absolute and without links. */
static bool is_inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return true;
	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static int check_pair(const struct place *a, const struct place *b)
{
	char a_name[32], b_name[32];

	place_name(a, a_name);
	place_name(b, b_name);
	if (a->dev == b->dev && a->ino == b->ino)
		return fail(-EINVAL, "%s (%s) and %s (%s) are the same directory", a->path, a_name,
			    b->path, b_name);
	if (is_inside(a->real, b->real))
		return fail(-EINVAL, "%s (%s) lies inside %s (%s)", a->path, a_name, b->path,
			    b_name);
	if (is_inside(b->real, a->real))
		return fail(-EINVAL, "%s (%s) lies inside %s (%s)", b->path, b_name, a->path,
			    a_name);
	return 0;
}

static int check_apart(const struct places *p)
{
	int err = 0;

	for (uint32_t i = 0; i < p->count && !err; i++) {
		for (uint32_t j = i + 1; j < p->count && !err; j++)
			err = check_pair(&p->list[i], &p->list[j]);
	}
	return err;
}

/* What another volume, or an earlier try, left there is said by its name. */
static int check_no_volume(const struct place *p, int fd)
{
	struct ost_label label;
	struct stat st;
	int err = sys_fstatat(fd, CONF_NAME, &st, AT_SYMLINK_NOFOLLOW);

	if (!err)
		return fail(-EEXIST, "%s is the MDT of a volume", p->path);
	if (err != -ENOENT)
		return fail_sys(err, "%s/" CONF_NAME, p->path);
	err = ost_format_label(p->path, &label);
	if (!err)
		return fail(-EEXIST, "%s is OST %u of volume %s", p->path, label.index, label.uuid);
	if (err == -EUCLEAN)
		return fail(-EEXIST, "%s has a file 'label' already, a malformed one", p->path);
	return err == -ENOENT ? 0 : err;
}

static int check_empty(const struct place *p, int fd)
{
	int list_fd = sys_reopen(fd, O_RDONLY | O_DIRECTORY), err = 0;
	struct dirent *entry;
	DIR *dir;

	if (list_fd < 0)
		return fail_sys(list_fd, "%s", p->path);
	dir = fdopendir(list_fd);
	if (!dir) {
		fd_cleanup(&list_fd);
		return -ENOMEM;
	}
	errno = 0;
	while (!err && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    strcmp(name, "lost+found") != 0)
			err = fail(-ENOTEMPTY, "%s is not empty: it holds '%s'", p->path, name);
	}
	if (!err && errno)
		err = fail_sys(-errno, "list %s", p->path);
	closedir(dir);
	return err;
}

static int check_writable(const struct place *p, int fd)
{
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	return fail_sys(-errno, "%s can't be written", p->path);
}

static int check_unused(const struct place *p)
{
	CLEANUP_FD int fd = open_place(p);
	int err;

	if (fd < 0)
		return fd;
	err = check_no_volume(p, fd);
	if (!err)
		err = check_empty(p, fd);
	if (!err)
		err = check_writable(p, fd);
	return err;
}

static int check_places(const char *mdt_path, const struct conf *conf)
{
	CLEANUP(places_release) struct places p = { 0 };
	int err = places_find(&p, mdt_path, conf);

	if (!err)
		err = check_apart(&p);
	for (uint32_t i = 0; i < p.count && !err; i++)
		err = check_unused(&p.list[i]);
	return err;
}

/* Version 4 of RFC 9562: random but for six bits. */
static int make_uuid(char ret_text[OST_UUID_MAX])
{
	unsigned char b[16];
	ssize_t n;

	do
		n = getrandom(b, sizeof(b), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(b))
		return fail_sys(n < 0 ? -errno : -EIO, "random numbers for the volume's uuid");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret_text, OST_UUID_MAX,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return 0;
}

static struct ost_label label_of(const struct conf *conf, uint32_t index)
{
	struct ost_label label = { .index = index };

	memcpy(label.uuid, conf->uuid, sizeof(label.uuid));
	return label;
}

static int write_conf(const char *mdt_path, const char *text)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, mdt_path, O_RDONLY | O_DIRECTORY, 0);
	int err = fd < 0 ? fd : sys_replace_file(fd, CONF_NAME, text, strlen(text), 0644);

	if (!err)
		return 0;
	if (fd >= 0) {
		(void)!sys_unlinkat(fd, CONF_NAME, 0);
		(void)!sys_unlinkat(fd, CONF_NAME ".new", 0);
	}
	return fail_sys(err, "write %s/" CONF_NAME, mdt_path);
}

/* ret_made counts up, also when it fails. */
static int make_osts(const struct conf *conf, uint32_t *ret_made)
{
	int err = 0;

	for (*ret_made = 0; *ret_made < conf->ost_count && !err; *ret_made += err ? 0 : 1) {
		struct ost_label label = label_of(conf, *ret_made);

		err = ost_format(conf->osts[*ret_made].path, &label, conf->privileged);
	}
	return err;
}

/* Taking back may fail and say so; what is told is why it had to be. */
static int take_back(const char *mdt_path, const struct conf *conf, uint32_t made, int err)
{
	char text[ERROR_TEXT_MAX];

	snprintf(text, sizeof(text), "%s", error_text(err));
	while (made > 0) {
		struct ost_label label = label_of(conf, --made);

		ost_format_undo(conf->osts[made].path, &label);
	}
	mdt_format_undo(mdt_path);
	return fail(err, "%s", text);
}

static int make_volume(const char *mdt_path, const struct conf *conf, const char *conf_text)
{
	uint32_t made;
	int err = mdt_format(mdt_path, conf->privileged);

	if (err)
		return err;
	err = make_osts(conf, &made);
	if (!err)
		err = write_conf(mdt_path, conf_text);
	return err ? take_back(mdt_path, conf, made, err) : 0;
}

int format_volume(const char *mdt_path, struct conf *conf, bool unprivileged)
{
	CLEANUP_FREE char *conf_text = NULL;
	int err;

	if (!conf->fsname[0])
		return fail(-EINVAL, "a volume needs a file system name");
	if (!conf->ost_count)
		return fail(-EINVAL, "a volume needs at least one OST");
	err = check_places(mdt_path, conf);
	if (!err)
		err = make_uuid(conf->uuid);
	if (err)
		return err;
	conf->privileged = geteuid() == 0 && !unprivileged;
	err = conf_format(conf, &conf_text);
	return err ? err : make_volume(mdt_path, conf, conf_text);
}
