/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/tally.h"

#include "cli/complain.h"

int tally_add(struct tally *t, const struct verb *verb, const char *path, int err)
{
	if (err) {
		complain(verb, path, err);
		t->bad++;
	} else {
		t->good++;
	}
	return err;
}

int tally_status(const struct tally *t)
{
	if (!t->bad)
		return STATUS_OK;
	return t->good ? STATUS_PARTLY : STATUS_FAILED;
}
