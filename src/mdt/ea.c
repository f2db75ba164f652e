/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdt/ea.h"

#include "base/log.h"
#include "base/sys.h"
#include "mdt/mdt_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EA_NAME_MAX 32

enum ea_verb { EA_GET, EA_SET, EA_REMOVE };

struct ea_call {
	enum ea_verb verb;
	int fd;
	char name[EA_NAME_MAX];
	void *buf;
	const void *value;
	size_t size;
	int flags;
};

static ssize_t call_once(const struct ea_call *c)
{
	switch (c->verb) {
	case EA_GET:
		return sys_getxattr_fd(c->fd, c->name, c->buf, c->size);
	case EA_SET:
		return sys_setxattr_fd(c->fd, c->name, c->value, c->size, c->flags);
	default:
		return sys_removexattr_fd(c->fd, c->name);
	}
}

/* Takes back the permission that was added, unless someone else changed the mode meanwhile. */
static void withdraw(int fd, mode_t added)
{
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (!err && (st.st_mode & added) == added)
		err = sys_chmod_fd(fd, st.st_mode & 07777 & ~added);
	if (err)
		log_error("a file's owner keeps permission 0%o it didn't have: %s", added,
			  strerrordesc_np(-err));
}

static ssize_t call_with_permission_locked(const struct ea_call *c)
{
	struct stat st;
	mode_t added;
	ssize_t r = sys_fstat(c->fd, &st);

	if (r < 0)
		return r;
	added = (S_IRUSR | S_IWUSR) & ~st.st_mode;
	if (!added || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return -EACCES;
	r = sys_chmod_fd(c->fd, (st.st_mode & 07777) | added);
	if (r < 0)
		return r;
	r = call_once(c);
	withdraw(c->fd, added);
	return r;
}

static ssize_t call(struct mdt *mdt, struct ea_call *c, const char *last_name)
{
	ssize_t r;

	snprintf(c->name, sizeof(c->name), "%s.%s", mdt->privileged ? "trusted" : "user",
		 last_name);
	r = call_once(c);
	if (r != -EACCES || mdt->privileged)
		return r;
	pthread_mutex_lock(&mdt->mode_lock);
	r = call_with_permission_locked(c);
	pthread_mutex_unlock(&mdt->mode_lock);
	return r;
}

ssize_t ea_get(struct mdt *mdt, int fd, const char *last_name, void *buf, size_t size)
{
	return call(mdt, &(struct ea_call){ .verb = EA_GET, .fd = fd, .buf = buf, .size = size },
		    last_name);
}

int ea_set(struct mdt *mdt, int fd, const char *last_name, const void *value, size_t len_bytes,
	   int flags)
{
	struct ea_call c = {
		.verb = EA_SET, .fd = fd, .value = value, .size = len_bytes, .flags = flags
	};

	return (int)call(mdt, &c, last_name);
}

int ea_remove(struct mdt *mdt, int fd, const char *last_name)
{
	return (int)call(mdt, &(struct ea_call){ .verb = EA_REMOVE, .fd = fd }, last_name);
}

int ea_chmod(struct mdt *mdt, int fd, mode_t mode)
{
	int err;

	if (mdt->privileged)
		return sys_chmod_fd(fd, mode);
	pthread_mutex_lock(&mdt->mode_lock);
	err = sys_chmod_fd(fd, mode);
	pthread_mutex_unlock(&mdt->mode_lock);
	return err;
}
