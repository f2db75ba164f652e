/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/retry.h"

#include "base/clock.h"
#include "base/error.h"
#include "cli/complain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#define PAUSE_FIRST_MS 1000u
#define PAUSE_MAX_MS 30000u
#define NAP_NS (50 * NS_PER_MS)

/*
 * Somebody was in the way; a server was away, or the client was thrown out by one; an OST was full, which
 * the objects of a copy that was given up also make it for some seconds.
 */
static bool may_pass(int err)
{
	switch (err) {
	case -EBUSY:
	case -EAGAIN:
	case -ESTALE:
	case -ENOSPC:
	case -EIO:
	case -ESHUTDOWN:
	case -ENOTCONN:
	case -ETIMEDOUT:
	case -ECONNRESET:
		return true;
	default:
		return false;
	}
}

static bool stopped(const struct retry *r)
{
	return r->stop && atomic_load(r->stop);
}

static bool is_final(const struct retry *r)
{
	return r->final && *r->final;
}

static void wait_for(const struct retry *r, unsigned int pause_ms)
{
	const struct timespec nap = { .tv_nsec = (long)NAP_NS };
	uint64_t until = clock_now_ns() + pause_ms * NS_PER_MS;

	while (!stopped(r) && clock_now_ns() < until)
		nanosleep(&nap, NULL);
}

/* From the half of it to all of it. Without random numbers all of it is as good as any. */
static unsigned int shortened(unsigned int pause_ms)
{
	unsigned int r;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return pause_ms;
	return pause_ms - r % (pause_ms / 2 + 1);
}

int retry_run(const struct retry *r)
{
	char why[ERROR_TEXT_MAX];
	unsigned int longest_ms = PAUSE_FIRST_MS;
	int err = r->attempt(r->cookie);

	for (unsigned int i = 0; i < r->times && may_pass(err) && !stopped(r) && !is_final(r);
	     i++) {
		unsigned int pause_ms = shortened(longest_ms);

		snprintf(why, sizeof(why), "%s", error_text(err));
		complain_text(r->verb, r->path, "%s; trying again in %u.%u s (%u of %u)", why,
			      pause_ms / 1000, pause_ms / 100 % 10, i + 1, r->times);
		wait_for(r, pause_ms);
		if (stopped(r))
			return fail(err, "%s", why);
		longest_ms = MIN_OF(2 * longest_ms, PAUSE_MAX_MS);
		err = r->attempt(r->cookie);
	}
	return err;
}
