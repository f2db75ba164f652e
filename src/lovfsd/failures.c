/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/failures.h"

#include "base/clock.h"

#include <stdio.h>

void failures_init(struct failures *f)
{
	*f = (struct failures){ 0 };
	pthread_mutex_init(&f->lock, NULL);
}

void failures_release(struct failures *f)
{
	pthread_mutex_destroy(&f->lock);
}

static bool is_of(const struct failure *k, struct fid fid, int err)
{
	return k->err == err && fid_equal(k->fid, fid);
}

void failures_note(struct failures *f, struct fid fid, int err, const char *text)
{
	struct failure *place = &f->kept[0];

	pthread_mutex_lock(&f->lock);
	for (unsigned int i = 0; i < FAILURES_KEPT && !is_of(place, fid, err); i++) {
		if (is_of(&f->kept[i], fid, err) || f->kept[i].at_ns < place->at_ns)
			place = &f->kept[i];
	}
	place->fid = fid;
	place->err = err;
	place->at_ns = clock_now_ns();
	snprintf(place->text, sizeof(place->text), "%s", text);
	pthread_mutex_unlock(&f->lock);
}

void failures_find(struct failures *f, struct fid fid, int err, char *ret_text, size_t size)
{
	uint64_t now = clock_now_ns();

	*ret_text = '\0';
	pthread_mutex_lock(&f->lock);
	for (unsigned int i = 0; err && i < FAILURES_KEPT; i++) {
		const struct failure *k = &f->kept[i];

		if (is_of(k, fid, err) && now - k->at_ns < FAILURES_AGE_S * NS_PER_S)
			snprintf(ret_text, size, "%s", k->text);
	}
	pthread_mutex_unlock(&f->lock);
}
