/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fault.h"

#include "layout_peek.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_MAX 32
#define EVERY 0
#define STRIPE_BYTES_MIN 65536

static const char *const call_names[FAULT_CALLS] = {
	[FAULT_GET_LEASE] = "GET_LEASE",
	[FAULT_SET_LEASE] = "SET_LEASE",
	[FAULT_GROUP_LOCK] = "GROUP_LOCK",
	[FAULT_DATA_VERSION] = "DATA_VERSION",
	[FAULT_SWAP] = "SWAP",
	[FAULT_FLR_SET_MIRROR] = "FLR_SET_MIRROR",
	[FAULT_GETXATTR] = "GETXATTR",
	[FAULT_SETXATTR] = "SETXATTR",
	[FAULT_VOLATILE] = "VOLATILE",
	[FAULT_PREAD] = "pread",
	[FAULT_PWRITE] = "pwrite",
	[FAULT_FTRUNCATE] = "ftruncate",
	[FAULT_FSYNC] = "fsync",
};

static const int errors[] = { EIO,    ENOSPC, EUCLEAN, ESTALE,    EBUSY,   ESHUTDOWN,
			      EAGAIN, EACCES, EINTR,   ETIMEDOUT, ENODATA, EINVAL,
			      EPERM,  EEXIST, ENOMEM,  EROFS,     EDQUOT,  ENOTTY };

struct fault {
	enum fault_call call;
	int ost;
	unsigned int n; /* EVERY */
	char what[24];
	unsigned int met;
};

static struct fault faults[FAULTS_MAX];
static unsigned int fault_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards faults[].met */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static noreturn void bad_spec(const char *spec)
{
	fprintf(stderr, "lustre_double: LUSTRE_DOUBLE_FAULT: '%s' isn't CALL:N:WHAT\n", spec);
	abort();
}

static bool find_call(const char *name, struct fault *f)
{
	if (sscanf(name, "pwrite-ost%d", &f->ost) == 1) {
		f->call = FAULT_PWRITE_OST;
		return true;
	}
	for (unsigned int i = 0; i < FAULT_CALLS; i++) {
		if (call_names[i] && strcmp(call_names[i], name) == 0) {
			f->call = (enum fault_call)i;
			return true;
		}
	}
	return false;
}

static int find_error(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(strerrorname_np(errors[i]), name) == 0)
			return -errors[i];
	}
	return 0;
}

static bool is_known(const char *what)
{
	static const char *const known[] = { "lose-lease", "write-file", "change-layout",
					     "wait",       "short",      "flip" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i], what) == 0)
			return true;
	}
	return find_error(what) != 0;
}

static void parse(const char *spec, struct fault *f)
{
	char call[24], n[12];

	if (sscanf(spec, "%23[^:]:%11[^:]:%23s", call, n, f->what) != 3 || !find_call(call, f) ||
	    !is_known(f->what))
		bad_spec(spec);
	f->n = strcmp(n, "*") == 0 ? EVERY : (unsigned int)strtoul(n, NULL, 10);
	if (f->n == EVERY && n[0] != '*')
		bad_spec(spec);
}

static void begin(void)
{
	const char *env = getenv("LUSTRE_DOUBLE_FAULT");
	char *all = env ? strdup(env) : NULL, *save = NULL;

	for (char *s = all ? strtok_r(all, ",", &save) : NULL; s; s = strtok_r(NULL, ",", &save)) {
		if (fault_count == FAULTS_MAX)
			bad_spec(s);
		parse(s, &faults[fault_count++]);
	}
	free(all);
}

/* ---- meeting them ---- */

/* Counts the call: its number where the fault happens at it, otherwise 0. */
static unsigned int due(struct fault *f)
{
	unsigned int met;

	pthread_mutex_lock(&lock);
	met = ++f->met;
	pthread_mutex_unlock(&lock);
	return met == f->n || f->n == EVERY ? met : 0;
}

static int is_held(struct open_file *f, void *cookie)
{
	struct open_file **held = cookie;

	if (!f->lease && !f->gid)
		return 0;
	*held = f;
	return 1;
}

/* The descriptor that holds something stays open meanwhile: it's the program that is in this call. */
static struct open_file *file_meant(struct open_file *f)
{
	struct open_file *held = NULL;

	return table_each(is_held, &held) ? held : f;
}

static void happen(const struct fault *fault, unsigned int met, struct open_file *f,
		   struct fault_effect *e)
{
	const char *what = fault->what;

	if (fault->call == FAULT_PWRITE_OST)
		double_log("fault pwrite-ost%d:%u:%s", fault->ost, met, what);
	else
		double_log("fault %s:%u:%s", call_names[fault->call], met, what);
	if (strcmp(what, "lose-lease") == 0)
		fault_deed_lose_lease(file_meant(f));
	else if (strcmp(what, "write-file") == 0)
		fault_deed_write_file(file_meant(f));
	else if (strcmp(what, "change-layout") == 0)
		fault_deed_change_layout(file_meant(f));
	else if (strcmp(what, "wait") == 0)
		fault_deed_wait();
	else if (strcmp(what, "short") == 0)
		e->shorten = true;
	else if (strcmp(what, "flip") == 0)
		e->flip = true;
	else
		e->err = find_error(what);
}

struct fault_effect fault_enter(enum fault_call call, struct open_file *f)
{
	struct fault_effect e = { 0 };

	pthread_once(&once, begin);
	for (unsigned int i = 0; i < fault_count; i++) {
		unsigned int met = faults[i].call == call ? due(&faults[i]) : 0;

		if (met)
			happen(&faults[i], met, f, &e);
	}
	return e;
}

/* How far from `offset` the OST's next stripe begins; `len`: not within that. */
static size_t distance(const struct layout_peek *l, const struct open_file *f, uint64_t offset,
		       size_t len, int ost)
{
	size_t step = STRIPE_BYTES_MIN - offset % STRIPE_BYTES_MIN;

	if (layout_peek_ost(l, f->bound, offset) == ost)
		return 0;
	for (; step < len; step += STRIPE_BYTES_MIN) {
		if (layout_peek_ost(l, f->bound, offset + step) == ost)
			return step;
	}
	return len;
}

static void meet_ost(struct fault *fault, struct open_file *f, uint64_t offset, size_t len,
		     struct fault_effect *e)
{
	char path[PROC_PATH_MAX];
	struct layout_peek *l = layout_peek(table_own_path(f, path));
	size_t ahead = l ? distance(l, f, offset, len, fault->ost) : len;
	unsigned int met = ahead == 0 ? due(fault) : 0;

	free(l);
	if (met)
		happen(fault, met, f, e);
	else if (ahead && ahead < len && (fault->n == EVERY || fault->met < fault->n))
		e->len_max = ahead;
}

struct fault_effect fault_enter_write(struct open_file *f, uint64_t offset, size_t len)
{
	struct fault_effect e = fault_enter(FAULT_PWRITE, f);

	for (unsigned int i = 0; i < fault_count; i++) {
		if (faults[i].call == FAULT_PWRITE_OST)
			meet_ost(&faults[i], f, offset, len, &e);
	}
	return e;
}
