/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table without locks, as processes are killed. An entry is taken by its key, and counts when it
 * has a version; what finds no room is as good as flushed.
 */
#include "unflushed.h"

#include "lovfs.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ENTRIES 256

struct entry {
	_Atomic uint64_t key;            /* of the file; 0: free */
	_Atomic uint64_t version_plus_1; /* 0: none */
};

static struct entry *entries; /* NULL: there is no log */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void map_entries(void)
{
	size_t size = ENTRIES * sizeof(*entries);
	char path[4096];
	void *p;
	int fd;

	if (!double_mount()->log)
		return;
	snprintf(path, sizeof(path), "%s.unflushed", double_mount()->log);
	fd = real.openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (real.ftruncate(fd, (off_t)size) == 0) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		entries = p == MAP_FAILED ? NULL : p;
	}
	real.close(fd);
}

static uint64_t key_of(const struct open_file *f)
{
	return (f->fid.seq << 24 ^ f->fid.seq >> 40) + ((uint64_t)f->fid.oid << 8) + f->fid.ver + 1;
}

/* NULL: there is none. */
static struct entry *find(struct open_file *f)
{
	uint64_t key = key_of(f);
	int err = errno;

	pthread_once(&once, map_entries);
	errno = err;
	for (int i = 0; entries && i < ENTRIES; i++) {
		if (entries[i].key == key)
			return &entries[i];
	}
	return NULL;
}

static struct entry *take(struct open_file *f)
{
	struct entry *e = find(f);

	for (int i = 0; !e && entries && i < ENTRIES; i++) {
		uint64_t free_key = 0;

		if (atomic_compare_exchange_strong(&entries[i].key, &free_key, key_of(f)))
			e = &entries[i];
	}
	return e;
}

void unflushed_write(struct open_file *f)
{
	struct lovfs_ioc_data_version v;
	uint64_t none = 0;
	struct entry *e;

	if (f->direct)
		return;
	e = take(f);
	if (e && !e->version_plus_1 && !lovfs_data_version(f->fd, &v))
		atomic_compare_exchange_strong(&e->version_plus_1, &none, v.version + 1);
}

void unflushed_flush(struct open_file *f)
{
	struct entry *e = find(f);

	if (!e)
		return;
	e->version_plus_1 = 0;
	e->key = 0;
}

bool unflushed_before(struct open_file *f, uint64_t *ret_version)
{
	struct entry *e = find(f);
	uint64_t v = e ? e->version_plus_1 : 0;

	if (v)
		*ret_version = v - 1;
	return v != 0;
}
