/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/stop_signal.h"

#include "base/attr.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static atomic_bool stop;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
	atomic_store(&stop, true);
}

atomic_bool *stop_signal_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal }, old;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		/* nohup, or a shell's background job, has decided otherwise. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	return &stop;
}

void stop_signal_die(void)
{
	if (!caught)
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
