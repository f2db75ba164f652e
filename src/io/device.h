/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of what a file lies on, as far as it decides how to copy. */
#ifndef LOVFS_IO_DEVICE_H
#define LOVFS_IO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum io_device_kind {
	IO_DEVICE_FLASH,      /* also whatever isn't known better: many requests at once */
	IO_DEVICE_ROTATIONAL, /* few requests, in their order */
	IO_DEVICE_NETWORK,    /* NFS, SMB, FUSE: as many as a round trip is worth */
	IO_DEVICE_MEMORY,     /* tmpfs: there is nothing below the page cache */
};

struct io_device {
	enum io_device_kind kind;
	uint64_t round_trip_ns; /* NETWORK: how long it takes to ask for next to nothing */
	bool preallocate;       /* blocks that are asked for first come in larger runs (ext4) */
	bool plain_buffers;     /* direct I/O with registered buffers is broken here (Lustre) */
};

/* Looks at the file system of fd, whose st_dev is dev. What can't be found out is as on flash. */
struct io_device device_look(int fd, dev_t dev);

/* How many bytes should be under way at once to keep the device busy: 1 to 32 MiB. */
uint64_t device_inflight_bytes(const struct io_device *d);

#endif
