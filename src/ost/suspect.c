/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An OST whose objects can't be written may take no new ones, either. */
#include "base/clock.h"
#include "base/log.h"
#include "ost/refusal.h"

#define SUSPECT_PAUSE_NS NS_PER_S

static bool asked_lately(struct ost *ost)
{
	uint64_t now = clock_now_ns(), last = atomic_load(&ost->suspected_ns);

	return (last && now - last < SUSPECT_PAUSE_NS) ||
	       !atomic_compare_exchange_strong(&ost->suspected_ns, &last, now);
}

void ost_suspect(struct ost *ost)
{
	struct ost_space space;
	int err;

	if (!ost_active(ost) || ost_refusal(ost) || asked_lately(ost))
		return;
	refusal_probe(ost);
	err = ost_get_space(ost, 0, &space);
	if (err)
		log_debug("OST %u: free space not known", ost->label.index);
}
