/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seen.h"

#include <stddef.h>

#define SEEN_MAX 8192

static _Atomic uint64_t seen[SEEN_MAX];

/* Its slot, or an empty one; NULL: there is none, all are taken. */
static _Atomic uint64_t *slot_of(uint64_t ino)
{
	for (size_t i = 0; i < SEEN_MAX; i++) {
		_Atomic uint64_t *slot = &seen[(ino * 0x9e3779b97f4a7c15u + i) % SEEN_MAX];

		if (*slot == ino || *slot == 0)
			return slot;
	}
	return NULL;
}

void seen_note(ino_t ino)
{
	_Atomic uint64_t *slot = slot_of(ino);
	uint64_t none = 0;

	if (slot && *slot == 0)
		atomic_compare_exchange_strong(slot, &none, ino);
}

static ino_t own_ino(const struct open_file *f)
{
	char path[PROC_PATH_MAX];
	struct stat st;

	return real.fstatat(AT_FDCWD, table_own_path(f, path), &st, 0) ? 0 : st.st_ino;
}

void seen_note_file(struct open_file *f)
{
	if (!atomic_exchange(&f->seen, true))
		seen_note(own_ino(f));
}

/* Of more than fit all are taken for seen. */
bool seen_file(struct open_file *f)
{
	ino_t ino = f->seen ? 0 : own_ino(f);
	_Atomic uint64_t *slot = ino ? slot_of(ino) : NULL;

	return !slot || *slot == ino;
}
