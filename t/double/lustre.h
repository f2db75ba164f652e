/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and structs of Lustre's kernel interface, as observed; the double's own copy of them. */
#ifndef LUSTRE_H
#define LUSTRE_H

#include <stdint.h>

#define LUSTRE_SUPER_MAGIC 0x0BD00BD0
#define LUSTRE_IOC_TYPE 0x66

#define LUSTRE_SETSTRIPE 0x4008669aul
#define LUSTRE_GETSTRIPE 0x4008669bul
#define LUSTRE_GROUP_LOCK 0x4008669eul
#define LUSTRE_GROUP_UNLOCK 0x4008669ful
#define LUSTRE_GET_MDTIDX 0x800466aful
#define LUSTRE_FLR_SET_MIRROR 0x400866b1ul
#define LUSTRE_PATH2FID 0x800866adul
#define LUSTRE_DATA_VERSION 0x801066daul
#define LUSTRE_SWAP_LAYOUTS 0x402066dbul
#define LUSTRE_SET_LEASE 0xc00c66f3ul
#define LUSTRE_GET_LEASE 0x000066f4ul

#define LUSTRE_MAGIC_V1 0x0BD10BD0u
#define LUSTRE_MAGIC_V3 0x0BD30BD0u
#define LUSTRE_MAGIC_SPECIFIC 0x0BD50BD0u
#define LUSTRE_MAGIC_COMPOSITE 0x0BD60BD0u
#define LUSTRE_MAGIC_SEL 0x0BD80BD0u /* on servers' disks only */

#define LUSTRE_COMP_STALE 0x1u
#define LUSTRE_COMP_PREFER_READ 0x2u
#define LUSTRE_COMP_NEGATE 0x80000000u

struct lustre_fid {
	uint64_t seq;
	uint32_t oid, ver;
};

struct lustre_data_version {
	uint64_t version;
	uint32_t layout_version;
	uint32_t flags;
};

struct lustre_swap {
	uint64_t flags;
	uint32_t fd, gid;
	uint64_t dv1, dv2;
};
#define LUSTRE_SWAP_CHECK_DV1 0x1u
#define LUSTRE_SWAP_CLOSE_LEASE 0x10u

struct lustre_lease {
	uint32_t mode, flags, count;
	uint32_t ids[];
};
#define LUSTRE_LEASE_READ 1u
#define LUSTRE_LEASE_WRITE 2u
#define LUSTRE_LEASE_UNLOCK 4u
#define LUSTRE_LEASE_RESYNC 1u
#define LUSTRE_LEASE_RESYNC_DONE 2u
#define LUSTRE_LEASE_MERGE 4u
#define LUSTRE_LEASE_SPLIT 8u

/* What name_to_handle_at(2) gives: the file's FID, and its parent's, which may be zeros. */
#define LUSTRE_HANDLE_TYPE 0x97
struct lustre_handle {
	struct lustre_fid fid, parent;
};

#endif
