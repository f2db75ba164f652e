/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mover/fsyncs.h"

#include "base/sys.h"

#include <pthread.h>
#include <stdbool.h>

struct one {
	int fd, err;
	pthread_t thread;
	bool started;
};

static void *run(void *cookie)
{
	struct one *one = cookie;

	one->err = sys_fsync(one->fd);
	return NULL;
}

/* The last one by the caller itself. */
static void start(struct one *one, bool last)
{
	one->started = !last && pthread_create(&one->thread, NULL, run, one) == 0;
	if (!one->started)
		run(one);
}

int fsyncs_run(const int *fds, uint32_t which, unsigned int *ret_failed)
{
	struct one all[FSYNCS_MAX] = { { 0 } };
	int err = 0;

	for (unsigned int i = 0; i < FSYNCS_MAX; i++) {
		if (!(which & UINT32_C(1) << i))
			continue;
		all[i].fd = fds[i];
		start(&all[i], which >> i == 1);
	}
	for (unsigned int i = 0; i < FSYNCS_MAX; i++) {
		if (all[i].started)
			pthread_join(all[i].thread, NULL);
		if (all[i].err && !err) {
			err = all[i].err;
			*ret_failed = i;
		}
	}
	return err;
}
