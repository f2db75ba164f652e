/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/error_list.h"

#include "base/error.h"
#include "base/quote.h"
#include "base/sys.h"
#include "cli/complain.h"
#include "cli/stoppable_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a program makes is as readable as its creator wishes; mkstemp(3) doesn't ask. */
static int widen(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return sys_chmod_fd(fd, 0666 & ~mask);
}

static int make_beside(struct error_list *l, int *ret_fd)
{
	CLEANUP_FREE char *name = NULL;
	CLEANUP_FD int fd = -1;
	int err;

	if (asprintf(&name, "%s.XXXXXX", l->path) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = widen(fd);
	if (err) {
		unlink(name);
		return err;
	}
	l->temporary = PTR_STEAL(name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

static int open_out(struct error_list *l, int *ret_fd)
{
	struct stat st;
	int err, fd;

	if (strcmp(l->path, "-") == 0) {
		fd = sys_dup(STDOUT_FILENO);
	} else {
		err = sys_fstatat(AT_FDCWD, l->path, &st, AT_SYMLINK_NOFOLLOW);
		if (err == -ENOENT || (!err && S_ISREG(st.st_mode)))
			return make_beside(l, ret_fd);
		if (err)
			return err;
		/* A link would be replaced, /dev/stdout for one. */
		fd = sys_openat(AT_FDCWD, l->path, O_WRONLY | O_NOCTTY | O_NOFOLLOW, 0);
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static void forget(struct error_list *l)
{
	if (l->temporary)
		unlink(l->temporary);
	free(l->temporary);
	l->temporary = NULL;
	l->path = NULL;
}

int error_list_open(struct error_list *l, const struct verb *verb,
		    const struct error_list_request *request)
{
	const char *path = request->path;
	int err;

	*l = (struct error_list){ .verb = verb, .path = path, .nul = request->nul, .fd = -1 };
	pthread_mutex_init(&l->lock, NULL);
	if (!path)
		return 0;
	err = open_out(l, &l->fd);
	if (!err) {
		l->out = stoppable_stream_new(l->fd, request->stop);
		err = l->out ? 0 : -ENOMEM;
		if (err)
			fd_cleanup(&l->fd);
	}
	if (!err)
		return 0;
	forget(l);
	return fail_sys(err, "%s: cannot make it", path);
}

/* Exactly, for whoever reads it; on a terminal as it may be seen there. */
static void add_name(const struct error_list *l, const char *name)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	if (isatty(l->fd) == 1) {
		quote_shell(&b, name, strlen(name));
		name = strbuf_text(&b);
	}
	fputs(name, l->out);
}

void error_list_add(struct error_list *l, const char *name)
{
	if (!l->path)
		return;
	pthread_mutex_lock(&l->lock);
	if (!l->nul && strchr(name, '\n')) {
		l->left_out++;
	} else {
		/* An error stays noted in the stream. */
		add_name(l, name);
		fputc(l->nul ? '\0' : '\n', l->out);
	}
	pthread_mutex_unlock(&l->lock);
}

/* Durable before it takes the place of an older list. */
static int put_in_place(struct error_list *l)
{
	int err = fflush(l->out) || ferror(l->out) ? -EIO : 0;

	if (!err && l->temporary)
		err = sys_fsync(l->fd);
	if (fclose(l->out) && !err)
		err = errno ? -errno : -EIO;
	if (!err && l->temporary)
		err = sys_renameat2(AT_FDCWD, l->temporary, AT_FDCWD, l->path, 0);
	if (!err) {
		free(l->temporary);
		l->temporary = NULL;
	}
	return err;
}

int error_list_close(struct error_list *l)
{
	const char *path = l->path;
	int err;

	if (!path)
		return 0;
	if (l->left_out)
		complain_text(l->verb, path,
			      "%" PRIu64 " name%s with a newline left out: use --null", l->left_out,
			      l->left_out == 1 ? "" : "s");
	err = put_in_place(l);
	if (err)
		complain(l->verb, path, fail_sys(err, "cannot write it"));
	forget(l);
	pthread_mutex_destroy(&l->lock);
	return err;
}
