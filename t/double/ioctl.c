/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ioctl is which, and the small ones. Lovfs's own aren't there for the program: it would go round what is to
 * be tested.
 */
#include "fault.h"
#include "ioctl_impl.h"
#include "lovfs.h"
#include "lustre.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- others ---- */

/*
 * Whether there is such a mirror, or can be, is found at the first I/O (2.17: 0 for mirror 70000).
 */
static int set_mirror(struct open_file *f, unsigned long id)
{
	if (!f->regular || !f->direct)
		return -EINVAL;
	f->bound = (unsigned int)id;
	return 0;
}

static int get_mdt_index(int32_t *index)
{
	*index = 0;
	return 0;
}

static int get_fid(struct open_file *f, struct lustre_fid *ret_fid)
{
	*ret_fid = (struct lustre_fid){ f->fid.seq, f->fid.oid, f->fid.ver };
	return 0;
}

/* ---- which is which ---- */

#define NO_FAULT FAULT_CALLS

static const struct ioctl_kind {
	unsigned long request;
	const char *name;
	enum fault_call fault;
} kinds[] = {
	{ LUSTRE_SETSTRIPE, "LOV_SETSTRIPE", NO_FAULT }, /* counted as SETXATTR */
	{ LUSTRE_GETSTRIPE, "LOV_GETSTRIPE", NO_FAULT }, /* counted as GETXATTR */
	{ LUSTRE_GROUP_LOCK, "GROUP_LOCK", FAULT_GROUP_LOCK },
	{ LUSTRE_GROUP_UNLOCK, "GROUP_UNLOCK", NO_FAULT },
	{ LUSTRE_GET_MDTIDX, "GET_MDTIDX", NO_FAULT },
	{ LUSTRE_FLR_SET_MIRROR, "FLR_SET_MIRROR", FAULT_FLR_SET_MIRROR },
	{ LUSTRE_PATH2FID, "PATH2FID", NO_FAULT },
	{ LUSTRE_DATA_VERSION, "DATA_VERSION", FAULT_DATA_VERSION },
	{ LUSTRE_SWAP_LAYOUTS, "SWAP_LAYOUTS", FAULT_SWAP },
	{ LUSTRE_SET_LEASE, "SET_LEASE", FAULT_SET_LEASE },
	{ LUSTRE_GET_LEASE, "GET_LEASE", FAULT_GET_LEASE },
};

static const struct ioctl_kind *find_kind(unsigned long request)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].request == request)
			return &kinds[i];
	}
	return NULL;
}

static int answer(struct open_file *f, unsigned long request, void *arg)
{
	switch (request) {
	case LUSTRE_SETSTRIPE:
		return ioctl_setstripe(f, arg);
	case LUSTRE_GETSTRIPE:
		return ioctl_getstripe(f, arg);
	case LUSTRE_GROUP_LOCK:
		return ioctl_group_lock(f, (unsigned long)arg);
	case LUSTRE_GROUP_UNLOCK:
		return ioctl_group_unlock(f, (unsigned long)arg);
	case LUSTRE_GET_MDTIDX:
		return get_mdt_index(arg);
	case LUSTRE_FLR_SET_MIRROR:
		return set_mirror(f, (unsigned long)arg);
	case LUSTRE_PATH2FID:
		return get_fid(f, arg);
	case LUSTRE_DATA_VERSION:
		return ioctl_data_version(f, arg);
	case LUSTRE_SWAP_LAYOUTS:
		return ioctl_swap(f, arg);
	case LUSTRE_SET_LEASE:
		return ioctl_set_lease(f, arg);
	case LUSTRE_GET_LEASE:
		return ioctl_get_lease(f);
	}
	return -ENOTTY;
}

/* ---- the log ---- */

static void describe_lease(const struct lustre_lease *l, char *text, size_t size)
{
	int len = snprintf(text, size, " mode=%u flags=%u count=%u", l->mode, l->flags, l->count);

	for (uint32_t i = 0; i < l->count && i < 8; i++)
		len += snprintf(text + len, size - (size_t)len, "%s%u",
				i ? "," : " ids=", l->ids[i]);
}

static void describe(unsigned long request, const void *arg, char *text, size_t size)
{
	const struct lustre_data_version *v = arg;
	const struct lustre_swap *swap = arg;

	*text = '\0';
	switch (request) {
	case LUSTRE_GROUP_LOCK:
	case LUSTRE_GROUP_UNLOCK:
	case LUSTRE_FLR_SET_MIRROR:
		snprintf(text, size, " %lu", (unsigned long)arg);
		break;
	case LUSTRE_DATA_VERSION:
		snprintf(text, size, " flags=%u", v->flags);
		break;
	case LUSTRE_SWAP_LAYOUTS:
		snprintf(text, size, " flags=%llu", (unsigned long long)swap->flags);
		break;
	case LUSTRE_SET_LEASE:
		describe_lease(arg, text, size);
		break;
	}
}

/* Before and after: the struct may be an answer too. */
static int answer_logged(struct open_file *f, const struct ioctl_kind *kind, void *arg)
{
	char args[256], result[32];
	struct fault_effect e = { 0 };
	int r;

	describe(kind->request, arg, args, sizeof(args));
	if (kind->fault != NO_FAULT)
		e = fault_enter(kind->fault, f);
	r = e.err ? e.err : answer(f, kind->request, arg);
	double_log("ioctl %s%s = %s", kind->name, args, double_result_text(r, result));
	return r;
}

static int dispatch(struct open_file *f, int fd, unsigned long request, void *arg)
{
	const struct ioctl_kind *kind = find_kind(request & 0xffffffffu);

	if (kind)
		return answer_logged(f, kind, arg);
	if (_IOC_TYPE(request) == LUSTRE_IOC_TYPE) {
		double_log("ioctl 0x%lx = ENOTTY", request & 0xffffffffu);
		return -ENOTTY;
	}
	if (_IOC_TYPE(request) == LOVFS_IOC_TYPE) {
		double_log("lovfs ioctl %u = ENOTTY", (unsigned int)_IOC_NR(request));
		return -ENOTTY;
	}
	return real.ioctl(fd, request, arg) < 0 ? -errno : 0;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	struct open_file *f;
	va_list ap;
	void *arg;
	int r;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	f = double_mount()->active ? table_get(fd) : NULL;
	if (!f)
		return real.ioctl(fd, request, arg);
	r = dispatch(f, fd, request, arg);
	table_put(f);
	return (int)double_answer(r);
}
