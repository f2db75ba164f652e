/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of layouts, as requests and as they are read. */
#include "selftest.h"

#include <stdint.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define HEADER_BYTES 32
#define ENTRY_BYTES 48
#define PLAIN_BYTES 32

/* ---- reading ---- */

static uint32_t u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

struct st_mirrors st_look(int fd)
{
	static unsigned char bytes[65536];
	struct st_mirrors m = { 0 };

	CHECK(fgetxattr(fd, "lustre.lov", bytes, sizeof(bytes)) >= HEADER_BYTES);
	if (u32(bytes) != LUSTRE_MAGIC_COMPOSITE)
		return m;
	m.gen = u32(bytes + 8);
	m.state = bytes[12] & 0xf;
	m.count = bytes[14];
	CHECK(m.count <= 16);
	for (unsigned int i = 0; i < m.count; i++) {
		m.ids[i] = u32(bytes + HEADER_BYTES + ENTRY_BYTES * i);
		m.stale[i] = u32(bytes + HEADER_BYTES + ENTRY_BYTES * i + 4) & LUSTRE_COMP_STALE;
	}
	return m;
}

unsigned int st_stale_one(const struct st_mirrors *m)
{
	return m->stale[0] ? 0 : m->stale[1] ? 1 : 2;
}

unsigned int st_stripes(int fd)
{
	unsigned char v1[4096];

	CHECK(fgetxattr(fd, "lustre.lov", v1, sizeof(v1)) >= PLAIN_BYTES);
	return v1[28] + 256u * v1[29];
}

/* ---- requests ---- */

static void put(unsigned char *bytes, size_t at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[at + i] = (unsigned char)(value >> (8 * i));
}

void st_make_plain(unsigned char bytes[32], uint16_t stripes, uint16_t first_ost)
{
	memset(bytes, 0, PLAIN_BYTES);
	put(bytes, 0, LUSTRE_MAGIC_V1, 4);
	put(bytes, 4, 1, 4);
	put(bytes, 24, 1 << 20, 4);
	put(bytes, 28, stripes, 2);
	put(bytes, 30, first_ost, 2);
}

int st_set_composite(int fd, unsigned int mirrors)
{
	unsigned char bytes[HEADER_BYTES + 4 * (ENTRY_BYTES + PLAIN_BYTES)] = { 0 };
	size_t size = HEADER_BYTES + mirrors * (ENTRY_BYTES + PLAIN_BYTES);

	CHECK(mirrors >= 1 && mirrors <= 4);
	put(bytes, 0, LUSTRE_MAGIC_COMPOSITE, 4);
	put(bytes, 4, size, 4);
	put(bytes, 14, mirrors, 2);
	put(bytes, 16, mirrors - 1, 2);
	for (unsigned int i = 0; i < mirrors; i++) {
		size_t entry = HEADER_BYTES + i * ENTRY_BYTES;
		size_t plain = HEADER_BYTES + mirrors * ENTRY_BYTES + i * PLAIN_BYTES;

		put(bytes, entry + 16, UINT64_MAX, 8);
		put(bytes, entry + 24, plain, 4);
		put(bytes, entry + 28, PLAIN_BYTES, 4);
		st_make_plain(bytes + plain, 1, 0xffff);
	}
	return fsetxattr(fd, "lustre.lov", bytes, size, 0);
}

int st_set_flags(int fd, uint32_t component_id, uint32_t flags)
{
	unsigned char bytes[HEADER_BYTES + ENTRY_BYTES] = { 0 };

	put(bytes, 0, LUSTRE_MAGIC_COMPOSITE, 4);
	put(bytes, 4, sizeof(bytes), 4);
	put(bytes, 14, 1, 2);
	put(bytes, HEADER_BYTES, component_id, 4);
	put(bytes, HEADER_BYTES + 4, flags, 4);
	return fsetxattr(fd, "lustre.lov.set.flags", bytes, sizeof(bytes), 0);
}

int st_composite_victim(size_t len)
{
	int victim = st_victim(O_NOCTTY | FASYNC);

	CHECK(st_set_composite(victim, 1) == 0);
	st_write_pattern(victim, len, 1);
	CHECK(fsync(victim) == 0);
	return victim;
}
