/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/mirror_warn.h"

#include "base/sys.h"
#include "cli/complain.h"
#include "layout/mirror.h"
#include "mover/mirror_verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define PAIRS_SAID 3

struct pairs {
	const struct verb *verb;
	const char *path;
	unsigned int said;
};

static void say_pair(uint32_t mirror_a, uint32_t mirror_b, uint32_t ost_a, uint32_t ost_b,
		     void *cookie)
{
	struct pairs *p = cookie;

	if (p->said++ >= PAIRS_SAID)
		return;
	if (ost_a == ost_b)
		complain_text(p->verb, p->path,
			      "warning: mirrors %" PRIu32 " and %" PRIu32
			      " are both on OST %" PRIu32,
			      mirror_a, mirror_b, ost_a);
	else
		complain_text(p->verb, p->path,
			      "warning: mirrors %" PRIu32 " and %" PRIu32
			      " are on one device, that "
			      "of OST %" PRIu32 " and OST %" PRIu32,
			      mirror_a, mirror_b, ost_a, ost_b);
}

/* Whether something was said. A check that fails is said too, and is no reason to fail. */
static bool warn_of_pairs(const struct mirror_warn *w, struct fs *fs, const char *path,
			  const struct layout *l)
{
	struct pairs p = { .verb = w->verb, .path = path };
	int pairs = mirror_shared_domains(fs, l, say_pair, &p);

	if (pairs < 0)
		complain(w->verb, path, pairs);
	else if (p.said > PAIRS_SAID)
		complain_text(w->verb, path, "warning: and %u more pairs of mirrors",
			      p.said - PAIRS_SAID);
	return pairs != 0;
}

static bool uses_pool(const struct layout *l, uint32_t mirror_id, const char *pool)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (mirror_id_at(l, i) == mirror_id && strcmp(l->comps[i].pool, pool) == 0)
			return true;
	}
	return false;
}

/* Mirrors with components in the pool; "": all. */
static unsigned int mirrors_in_pool(const struct layout *l, const char *pool)
{
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids), used = 0;

	if (!*pool)
		return count;
	for (unsigned int i = 0; i < count; i++)
		used += uses_pool(l, ids[i], pool);
	return used;
}

/* Returns whether something was said. */
static bool warn_of_count(const struct mirror_warn *w, struct fs *fs, const char *path,
			  const struct layout *l, const char *pool)
{
	unsigned int mirrors = mirrors_in_pool(l, pool), domains;
	int err;

	if (mirrors < 2)
		return false;
	err = mirror_count_domains(fs, pool, &domains);
	if (err) {
		complain(w->verb, path, err);
		return true;
	}
	if (mirrors <= domains)
		return false;
	complain_text(w->verb, path,
		      "warning: %u mirrors, but the OSTs%s%s are on %u device%s: some mirrors will "
		      "be lost together",
		      mirrors, *pool ? " of pool " : "", pool, domains, domains == 1 ? "" : "s");
	return true;
}

static bool warn_of_counts(const struct mirror_warn *w, struct fs *fs, const char *path,
			   const struct layout *l)
{
	if (warn_of_count(w, fs, path, l, ""))
		return true;
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->comps[i].pool[0] && warn_of_count(w, fs, path, l, l->comps[i].pool))
			return true;
	}
	return false;
}

void mirror_warn_new(struct mirror_warn *w, struct fs *fs, const char *path,
		     const struct layout *request)
{
	if (w->warned || request->mirror_count < 2)
		return;
	w->warned = warn_of_pairs(w, fs, path, request) || warn_of_counts(w, fs, path, request);
}

void mirror_warn_file(struct mirror_warn *w, struct fs *fs, const char *path)
{
	CLEANUP_FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	CLEANUP_LAYOUT struct layout *l = NULL;

	/* What can't be looked at isn't warned of. */
	if (fd < 0 || fs->ops->layout_get(fs, fd, &l) || l->mirror_count < 2)
		return;
	if (!warn_of_pairs(w, fs, path, l) && !component_instantiated(l, &l->comps[0]))
		(void)warn_of_counts(w, fs, path, l);
}
