/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/device.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/rotational.h"
#include "base/sys.h"
#include "base/units.h"
#include "io/magic.h"

/* A fast network moves this much in a microsecond: 10 GbE. */
#define NETWORK_BYTES_PER_US 1250
#define ASK_TIMES 3

/* The shortest of some: the others met other traffic. statfs(2) isn't answered from a cache by NFS, SMB
 * or FUSE. */
static uint64_t round_trip(int fd)
{
	uint64_t best = UINT64_MAX;
	struct statfs st;

	for (int i = 0; i < ASK_TIMES; i++) {
		uint64_t began_ns = clock_now_ns();

		if (sys_fstatfs(fd, &st))
			break;
		best = MIN_OF(best, clock_now_ns() - began_ns);
	}
	return best == UINT64_MAX ? 0 : best;
}

struct io_device device_look(int fd, dev_t dev)
{
	struct io_device d = { .kind = IO_DEVICE_FLASH };
	struct statfs st;

	if (sys_fstatfs(fd, &st))
		return d;
	switch ((uint32_t)st.f_type) {
	case MAGIC_TMPFS:
	case MAGIC_RAMFS:
		d.kind = IO_DEVICE_MEMORY;
		break;
	case MAGIC_LUSTRE:
		d.plain_buffers = true;
		/* fallthrough */
	case MAGIC_NFS:
	case MAGIC_CIFS:
	case MAGIC_SMB2:
	case MAGIC_FUSE:
		d.kind = IO_DEVICE_NETWORK;
		d.round_trip_ns = round_trip(fd);
		break;
	case MAGIC_EXT4:
		/* Not XFS: it never again trims what it allocates ahead of a file that was preallocated. */
		d.preallocate = true;
		/* fallthrough */
	default:
		if (rotational_device(ROTATIONAL_SYSFS, dev))
			d.kind = IO_DEVICE_ROTATIONAL;
	}
	return d;
}

uint64_t device_inflight_bytes(const struct io_device *d)
{
	uint64_t on_the_way;

	switch (d->kind) {
	case IO_DEVICE_ROTATIONAL:
		return 4 * MIB;
	case IO_DEVICE_MEMORY:
		return 4 * MIB;
	case IO_DEVICE_NETWORK:
		on_the_way = d->round_trip_ns / 1000 * NETWORK_BYTES_PER_US;
		return MIN_OF(4 * MIB + on_the_way, 32 * MIB);
	case IO_DEVICE_FLASH:
	default:
		return 16 * MIB;
	}
}
