/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Read leases. */
#include "cases.h"
#include "contract.h"

#include <unistd.h>

void case_lease_refused(struct contract *c)
{
	int fd, mine;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	other_do(&c->writer, OPEN_TO_WRITE, "f");
	WANT(c->ops->lease_get(c->fs, fd), -EBUSY);
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	other_do(&c->writer, CLOSE, "f");
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	c->ops->lease_put(c->fs, fd);
	/* By this process it's the same. */
	mine = open_rw(c, "f");
	WANT(c->ops->lease_get(c->fs, fd), -EBUSY);
	close(mine);
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	close(fd);
}

void case_lease_kept(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	other_do(&c->writer, OPEN_TO_READ, "f");
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	DONE(c->ops->lease_check(c->fs, fd));
	other_do(&c->second, OPEN_TO_READ, "f");
	CHECK(file_has_pattern("f", 1) && has_pattern(fd, 1));
	DONE(c->ops->lease_check(c->fs, fd));
	version_of(c, fd, false);
	DONE(c->ops->lease_check(c->fs, fd));
	c->ops->lease_put(c->fs, fd);
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
}

void case_lease_lost(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	other_do(&c->writer, OPEN_TO_WRITE, "f");
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	other_do(&c->writer, CLOSE, "f");
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	c->ops->lease_put(c->fs, fd);
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	DONE(c->ops->lease_check(c->fs, fd));
}

void case_lease_truncated(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	other_do(&c->writer, TRUNCATE, "f");
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
}

void case_lease_none(struct contract *c)
{
	CLEANUP_FD int fd = -1;

	make_file(c, "f", LAYOUT("c1"), 1);
	fd = open_rw(c, "f");
	c->ops->lease_put(c->fs, fd);
	WANT(c->ops->lease_check(c->fs, fd), -EBUSY);
	DONE(SOON(c->ops->lease_get(c->fs, fd)));
	c->ops->lease_put(c->fs, fd);
	c->ops->lease_put(c->fs, fd);
	CHECK(has_pattern(fd, 1));
}
