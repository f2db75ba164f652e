/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fault.h"

int fault_hook(const char *call, size_t len_bytes, void *cookie)
{
	struct fault *f = cookie;

	(void)len_bytes;
	if (++f->seen != f->at)
		return 0;
	f->hit = true;
	snprintf(f->call, sizeof(f->call), "%s", call);
	return f->err;
}

struct fault fault_start(int err)
{
	return (struct fault){ .err = err };
}

bool fault_next(struct fault *f)
{
	if (f->at && !f->hit) {
		sys_set_hook(NULL, NULL);
		return false;
	}
	f->at++;
	f->seen = 0;
	f->hit = false;
	sys_set_hook(fault_hook, f);
	return true;
}

void fault_pause(void)
{
	sys_set_hook(NULL, NULL);
}

unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
