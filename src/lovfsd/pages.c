/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/pages.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "inode/cached_pages.h"
#include "inode/inode.h"
#include "inode/inode_number.h"
#include "lovfsd/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Who waits for an answer waits no longer than this for pages to be dropped. */
#define ANSWER_NS NS_PER_S
/* How often that is looked at, while there is something to drop. */
#define LOOK_MS 250
/* How long the end waits for what is under way. */
#define STOP_MS 5000

/* Ranges dropped without any page having come, after which it's all pages that are dropped. */
#define QUIET_MIN 16u
#define QUIET_DOUBLINGS 6u

struct page_drop {
	struct page_drop *next; /* guarded by pages.lock */
	struct page_drop_message message;
	struct inode *inode; /* a reference */
	fuse_req_t req;      /* NULL: answered, or nothing to answer */
	ssize_t n;
	const char *what;
	uint64_t filled; /* cached_pages.filled at the beginning, where all pages are dropped */
	uint64_t since_ns;
	bool sent; /* guarded by pages.lock: the message is in the pipe */
};

/* ---- which range ---- */

/*
 * As long as nobody reads through the page cache a file needs no dropping, but that is known only once all
 * its pages have been dropped. That costs those who find theirs in the page cache and so don't ask us: it
 * is tried after a number of drops between which no page came, each time after a larger number.
 */
static void choose_range_locked(struct page_drop *d)
{
	struct cached_pages *c = inode_cached_pages(d->inode);

	d->filled = atomic_load(&c->filled);
	c->quiet = d->filled == c->seen ? c->quiet + 1 : 0;
	c->seen = d->filled;
	if (c->quiet < QUIET_MIN << c->tries)
		return;
	c->quiet = 0;
	c->tries = MIN_OF(c->tries + 1, QUIET_DOUBLINGS);
	d->message.offset = 0;
	d->message.len_bytes = 0;
}

static bool drops_all(const struct page_drop *d)
{
	return d->message.len_bytes == 0;
}

/* ---- one drop ---- */

static void answer(struct page_drop *d)
{
	if (!d->req)
		return;
	if (d->n < 0)
		reply_err(d->req, (int)d->n, d->inode, d->what);
	else
		fuse_reply_write(d->req, (size_t)d->n);
	d->req = NULL;
}

/* It is in no list any more. */
static void finish(struct page_drop *d)
{
	answer(d);
	inode_forget(d->inode, 1);
	free(d);
}

/* A pipe that is full is no error: the thread tries again. */
static void send_locked(struct pages *p, struct page_drop *d)
{
	ssize_t n;

	do {
		n = write(p->requests[1], &d->message, sizeof(d->message));
	} while (n < 0 && errno == EINTR);
	d->sent = n == (ssize_t)sizeof(d->message);
}

static void wake(struct pages *p)
{
	const uint64_t one = 1;

	if (write(p->wake_fd, &one, sizeof(one)) < 0)
		errno = 0; /* it was woken often enough */
}

static void add(struct pages *p, struct page_drop *d)
{
	bool to_wake;

	pthread_mutex_lock(&p->lock);
	if (!drops_all(d))
		choose_range_locked(d);
	d->message.id = p->next_id++;
	*p->last = d;
	p->last = &d->next;
	send_locked(p, d);
	to_wake = !p->watched;
	p->watched = true;
	pthread_mutex_unlock(&p->lock);
	if (to_wake)
		wake(p);
}

static struct page_drop *new_drop(struct inode *inode, uint64_t offset, uint64_t len_bytes)
{
	struct page_drop *d = malloc(sizeof(*d));

	if (!d)
		return NULL;
	*d = (struct page_drop){ .message = { .ino = inode_number(inode),
					      .offset = (int64_t)offset,
					      .len_bytes = (int64_t)len_bytes },
				 .inode = inode,
				 .filled = atomic_load(&inode_cached_pages(inode)->filled),
				 .since_ns = clock_now_ns() };
	inode_ref(inode);
	return d;
}

/* ---- for the operations ---- */

void pages_note(struct inode *inode, const struct fuse_file_info *fi)
{
	if (!pages_bypassed(fi))
		cached_pages_come(inode_cached_pages(inode));
}

void pages_reply(struct pages *p, fuse_req_t req, struct inode *inode, uint64_t offset,
		 uint64_t len_bytes, ssize_t n, const char *what)
{
	struct page_drop at_once = { .req = req, .n = n, .inode = inode, .what = what };
	struct page_drop *d;

	if (len_bytes == 0 || !cached_pages_any(inode_cached_pages(inode))) {
		answer(&at_once);
		return;
	}
	d = new_drop(inode, offset, len_bytes);
	if (!d) {
		at_once.n = -ENOMEM; /* done or not, nobody may believe it */
		answer(&at_once);
		return;
	}
	d->req = req;
	d->n = n;
	d->what = what;
	add(p, d);
}

void pages_reply_first(struct pages *p, fuse_req_t req, struct inode *inode, uint64_t offset,
		       uint64_t len_bytes, ssize_t n, const char *what)
{
	struct page_drop at_once = { .req = req, .n = n, .inode = inode, .what = what };
	/* Made before, since nothing keeps the inode after the answer. */
	struct page_drop *d = len_bytes ? new_drop(inode, offset, len_bytes) : NULL;

	answer(&at_once);
	if (d)
		add(p, d);
	else if (len_bytes)
		log_error("no memory to drop a file's pages");
}

void pages_drop_all(struct pages *p, struct inode *inode)
{
	struct page_drop *d;

	if (!cached_pages_any(inode_cached_pages(inode)))
		return;
	d = new_drop(inode, 0, 0);
	if (d)
		add(p, d);
	else
		log_error("no memory to drop a file's pages");
}

/* ---- the thread ---- */

static struct page_drop *take(struct pages *p, uint64_t id)
{
	struct page_drop **at = &p->first, *d;

	pthread_mutex_lock(&p->lock);
	while (*at && (*at)->message.id != id)
		at = &(*at)->next;
	d = *at;
	if (d) {
		*at = d->next;
		if (!*at)
			p->last = at;
	}
	pthread_mutex_unlock(&p->lock);
	return d;
}

static void read_answers(struct pages *p)
{
	uint64_t ids[64];
	ssize_t n = read(p->answers[0], ids, sizeof(ids));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(ids[0]); i++) {
		struct page_drop *d = take(p, ids[i]);

		if (!d)
			continue; /* of a process that has ended since: done twice */
		if (drops_all(d))
			cached_pages_gone(inode_cached_pages(d->inode), d->filled);
		finish(d);
	}
}

/* Answers what waits for too long, and sends what the pipe had no room for. The thread alone answers and
 * removes, so what is in the list stays while the lock isn't held. */
static void look(struct pages *p, bool all_again)
{
	uint64_t late_ns = clock_now_ns() - ANSWER_NS;
	struct page_drop *d;

	pthread_mutex_lock(&p->lock);
	for (d = p->first; d; d = d->next) {
		if (!d->sent || all_again)
			send_locked(p, d);
		if (!d->req || d->since_ns > late_ns)
			continue;
		pthread_mutex_unlock(&p->lock);
		answer(d);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
}

static void finish_all(struct pages *p)
{
	while (p->first) {
		struct page_drop *d = p->first;

		p->first = d->next;
		finish(d);
	}
	p->last = &p->first;
}

static bool start(struct pages *p)
{
	int err = page_dropper_start(&p->dropper, p->requests[0], p->answers[1],
				     fuse_session_fd(p->fuse));

	if (err)
		log_error("%s: pages of files may be out of date after direct writes",
			  error_text(err));
	return !err;
}

/* Somebody killed it. */
static void start_again(struct pages *p)
{
	log_warning("the process that drops pages has ended: starting another");
	page_dropper_reap(&p->dropper);
	if (start(p))
		look(p, true);
}

/* Waits for something to do. While there is something in the list it looks every now and then. */
static void wait_for_work(struct pages *p, struct pollfd fds[3])
{
	int n, timeout_ms;

	pthread_mutex_lock(&p->lock);
	timeout_ms = p->watched ? LOOK_MS : -1;
	pthread_mutex_unlock(&p->lock);
	n = poll(fds, 3, timeout_ms);
	pthread_mutex_lock(&p->lock);
	if (n == 0 && !p->first)
		p->watched = false;
	pthread_mutex_unlock(&p->lock);
}

static bool is_stopping(struct pages *p)
{
	bool stopping;

	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return stopping;
}

static void *run(void *cookie)
{
	struct pages *p = cookie;

	while (!is_stopping(p)) {
		struct pollfd fds[] = { { .fd = p->answers[0], .events = POLLIN },
					{ .fd = p->wake_fd, .events = POLLIN },
					{ .fd = p->dropper.pidfd, .events = POLLIN } };
		uint64_t times;

		wait_for_work(p, fds);
		if (fds[1].revents & POLLIN && read(p->wake_fd, &times, sizeof(times)) < 0)
			errno = 0;
		if (fds[0].revents & POLLIN)
			read_answers(p);
		if (fds[2].revents & POLLIN)
			start_again(p);
		look(p, false);
	}
	return NULL;
}

/* ---- beginning and end ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct pages *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->requests[i]);
		close_fd(&p->answers[i]);
	}
	close_fd(&p->wake_fd);
	pthread_mutex_destroy(&p->lock);
}

static int open_pipes(struct pages *p)
{
	if (pipe2(p->requests, O_CLOEXEC) || pipe2(p->answers, O_CLOEXEC))
		return fail_sys(-errno, "pipe");
	if (fcntl(p->requests[1], F_SETFL, O_NONBLOCK))
		return fail_sys(-errno, "pipe");
	p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return p->wake_fd < 0 ? fail_sys(-errno, "eventfd") : 0;
}

static void end_dropper(struct pages *p)
{
	struct pollfd ended = { .fd = p->dropper.pidfd, .events = POLLIN };

	close_fd(&p->requests[1]);
	if (poll(&ended, 1, STOP_MS) == 1)
		page_dropper_reap(&p->dropper);
	else
		log_warning("dropping pages before the end takes too long");
}

int pages_init(struct pages *p, struct fuse_session *fuse)
{
	int err;

	*p = (struct pages){ .fuse = fuse,
			     .requests = { -1, -1 },
			     .answers = { -1, -1 },
			     .wake_fd = -1,
			     .dropper.pidfd = -1 };
	p->last = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	err = open_pipes(p);
	if (!err)
		err = page_dropper_start(&p->dropper, p->requests[0], p->answers[1],
					 fuse_session_fd(fuse));
	if (!err && (err = -pthread_create(&p->thread, NULL, run, p))) {
		end_dropper(p);
		err = fail_sys(err, "start a thread");
	}
	if (err)
		close_all(p);
	return err;
}

void pages_release(struct pages *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_mutex_unlock(&p->lock);
	wake(p);
	pthread_join(p->thread, NULL);
	end_dropper(p);
	finish_all(p);
	close_all(p);
}
