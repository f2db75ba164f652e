/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/stop_signal.h"

#include "base/attr.h"
#include "cli/stoppable_stream.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static atomic_bool stop;
static volatile sig_atomic_t caught;
/* constant once signals are caught */
static void (*also_call)(void *cookie);
static void *also_cookie;

static void on_signal(int number)
{
	caught = number;
	if (!atomic_exchange(&stop, true) && also_call)
		also_call(also_cookie);
}

atomic_bool *stop_signal_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal }, old;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		/* nohup, or a shell's background job, has decided otherwise. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	stoppable_stream_use(&stop);
	return &stop;
}

atomic_bool *stop_signal_catch_and(void (*also)(void *cookie), void *cookie)
{
	also_call = also;
	also_cookie = cookie;
	return stop_signal_catch();
}

void stop_signal_die(void)
{
	if (!caught)
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
