/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "special.h"

#include "lovfs.h"
#include "lustre.h"
#include "special_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* Of each of lovfs's components, in their order: '.' ordinary, 'm' on the MDT, or the size of an extension in KiB. */
#define KINDS_XATTR "user.lustre_double.components"

#define HEADER_BYTES 32
#define ENTRY_BYTES 48
#define V1_BYTES 32
#define BYTES_MAX 65536
#define ANY 0xffff
#define RAID0 0x001u
#define MDT 0x100u
#define EXTENSION 0x40u
#define INIT 0x10u
#define EXTENSION_ID                                                                               \
	0x8000u /* in the id of an extension: the component that it extends, and this */
#define MDT_END_MAX (1ull << 30)

/* ---- the xattr ---- */

bool special_any(const struct kinds *k)
{
	for (unsigned int i = 0; i < k->count; i++) {
		if (k->of[i])
			return true;
	}
	return false;
}

void special_read(const char *path, struct kinds *k)
{
	char text[BYTES_MAX], *word, *rest = NULL;
	ssize_t n = real.getxattr(path, KINDS_XATTR, text, sizeof(text) - 1);

	k->count = 0;
	if (n <= 0)
		return;
	text[n] = '\0';
	for (word = strtok_r(text, ",", &rest); word && k->count < PEEK_COMPONENTS_MAX;
	     word = strtok_r(NULL, ",", &rest))
		k->of[k->count++] = *word == 'm'   ? ON_MDT
				    : *word == '.' ? 0
						   : (uint32_t)strtoul(word, NULL, 10);
}

static int write_kinds(const char *path, const struct kinds *k)
{
	char text[PEEK_COMPONENTS_MAX * 12] = "";
	size_t len = 0;

	if (!special_any(k))
		return real.removexattr(path, KINDS_XATTR) && errno != ENODATA ? -errno : 0;
	for (unsigned int i = 0; i < k->count; i++) {
		const char *comma = i ? "," : "";

		if (k->of[i] == ON_MDT || !k->of[i])
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%c", comma,
						k->of[i] ? 'm' : '.');
		else
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", comma,
						k->of[i]);
	}
	return real.setxattr(path, KINDS_XATTR, text, len, 0) ? -errno : 0;
}

void special_write(const char *path, const struct kinds *k)
{
	int err = write_kinds(path, k);

	if (err)
		double_forbid("what components a file has can't be kept: %s",
			      strerrorname_np(-err));
}

void special_forget(const char *path)
{
	(void)!real.removexattr(path, KINDS_XATTR);
}

/* Not from the root, as lovfs would: no test needs that. */
void special_inherit(int fd, int dirfd, const char *path)
{
	char parent[4096] = ".", own[PROC_PATH_MAX], directory[PROC_PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct identity id;
	struct kinds k;
	int at;

	if (!double_is_ours(fd, &id) || !S_ISREG(id.mode))
		return;
	if (slash)
		snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
	at = real.openat(dirfd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return;
	special_read(double_proc_path(at, directory), &k);
	real.close(at);
	if (special_any(&k))
		special_write(double_proc_path(fd, own), &k);
}

ssize_t special_hide_name(char *list, ssize_t len)
{
	for (char *at = list; at < list + len; at += strlen(at) + 1) {
		size_t name = strlen(at) + 1;

		if (strcmp(at, KINDS_XATTR) != 0)
			continue;
		memmove(at, at + name, (size_t)(list + len - at) - name);
		return len - (ssize_t)name;
	}
	return len;
}

/* ---- bytes ---- */

static uint64_t get(const void *bytes, size_t offset, size_t size)
{
	uint64_t n = 0;

	memcpy(&n, (const char *)bytes + offset, size);
	return n;
}

static void put(void *bytes, size_t offset, uint64_t n, size_t size)
{
	memcpy((char *)bytes + offset, &n, size);
}

/* A composite that is being made: entries and plain layouts apart, until it is known how many there are. */
struct making {
	unsigned char header[HEADER_BYTES];
	unsigned char entries[PEEK_COMPONENTS_MAX][ENTRY_BYTES];
	unsigned char plain[BYTES_MAX];
	size_t plain_len;
	unsigned int count;
};

static unsigned char *add(struct making *m, const void *entry, const void *plain, size_t len)
{
	if (m->count == PEEK_COMPONENTS_MAX || m->plain_len + len > BYTES_MAX / 2)
		double_forbid("a layout that is too long for the double");
	memcpy(m->entries[m->count], entry, ENTRY_BYTES);
	put(m->entries[m->count], 28, len, 4);
	memcpy(m->plain + m->plain_len, plain, len);
	m->plain_len += len;
	m->count++;
	return m->plain + m->plain_len - len;
}

static size_t finish(struct making *m, unsigned char *bytes)
{
	size_t at = HEADER_BYTES + (size_t)m->count * ENTRY_BYTES, len = at + m->plain_len;

	put(m->header, 4, len, 4);
	put(m->header, 14, m->count, 2);
	memcpy(bytes, m->header, HEADER_BYTES);
	memcpy(bytes + at, m->plain, m->plain_len);
	for (unsigned int i = 0; i < m->count; i++) {
		put(m->entries[i], 24, at, 4);
		at += get(m->entries[i], 28, 4);
		memcpy(bytes + HEADER_BYTES + (size_t)i * ENTRY_BYTES, m->entries[i], ENTRY_BYTES);
	}
	return len;
}

static struct making *make_from(const void *header)
{
	struct making *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	memcpy(m->header, header, HEADER_BYTES);
	return m;
}

/* ---- setting ---- */

bool special_asked_for(const void *bytes, size_t len)
{
	size_t count;

	if (len < HEADER_BYTES || get(bytes, 0, 4) == LUSTRE_MAGIC_SEL)
		return len >= HEADER_BYTES;
	if (get(bytes, 0, 4) != LUSTRE_MAGIC_COMPOSITE)
		return false;
	count = get(bytes, 14, 2);
	for (size_t i = 0; i < count && HEADER_BYTES + (i + 1) * ENTRY_BYTES <= len; i++) {
		size_t entry = HEADER_BYTES + i * ENTRY_BYTES, plain = get(bytes, entry + 24, 4);

		if (get(bytes, entry + 4, 4) & EXTENSION)
			return true;
		if (plain + V1_BYTES <= len && get(bytes, plain + 4, 4) & MDT)
			return true;
	}
	return false;
}

/* What it extends gets its extent, too. */
static int translate_extension(struct making *m, struct kinds *k, const unsigned char *entry,
			       const unsigned char *plain)
{
	unsigned char *extended = m->count ? m->entries[m->count - 1] : NULL;

	if (!extended || k->of[m->count - 1] || get(entry, 8, 8) == 0 ||
	    get(extended, 16, 8) != get(entry, 8, 8))
		return -EINVAL;
	if (get(extended, 8, 8) && get(extended, 8, 8) != get(extended, 16, 8))
		return -EINVAL; /* must be empty */
	if (!get(plain, 24, 4) || get(entry, 16, 8) <= get(entry, 8, 8))
		return -EINVAL;
	k->of[m->count - 1] = (uint32_t)get(plain, 24, 4);
	put(extended, 16, get(entry, 16, 8), 8);
	return 0;
}

static int translate_mdt(struct making *m, struct kinds *k, const unsigned char *entry,
			 const unsigned char *plain)
{
	unsigned char *stripe;

	if (get(entry, 8, 8) || get(entry, 16, 8) > MDT_END_MAX || get(plain, 28, 2))
		return -EINVAL;
	k->of[m->count] = ON_MDT;
	stripe = add(m, entry, plain, V1_BYTES);
	put(stripe, 0, LUSTRE_MAGIC_V1, 4);
	put(stripe, 4, RAID0, 4);
	put(stripe, 24, 0, 4);
	put(stripe, 28, 1, 2);
	put(stripe, 30, ANY, 2);
	return 0;
}

static int translate_one(struct making *m, struct kinds *k, const unsigned char *bytes, size_t len,
			 const unsigned char *entry)
{
	size_t offset = get(entry, 24, 4), plain_len = get(entry, 28, 4);

	if (plain_len < V1_BYTES || offset + plain_len > len)
		return -EINVAL;
	if (get(entry, 4, 4) & EXTENSION)
		return translate_extension(m, k, entry, bytes + offset);
	if (get(bytes, offset + 4, 4) & MDT)
		return translate_mdt(m, k, entry, bytes + offset);
	add(m, entry, bytes + offset, plain_len);
	return 0;
}

static int translate(struct making *m, struct kinds *k, const unsigned char *bytes, size_t len)
{
	size_t count = get(bytes, 14, 2);
	int err = 0;

	if (count > PEEK_COMPONENTS_MAX || HEADER_BYTES + count * ENTRY_BYTES > len)
		return -EINVAL;
	for (size_t i = 0; i < count && !err; i++)
		err = translate_one(m, k, bytes, len, bytes + HEADER_BYTES + i * ENTRY_BYTES);
	k->count = m->count;
	return err;
}

int special_set(const char *path, const void *bytes, size_t len)
{
	struct kinds k = { 0 };
	unsigned char *out;
	struct making *m;
	int err;

	if (get(bytes, 0, 4) == LUSTRE_MAGIC_SEL)
		return -ERANGE;
	m = make_from(bytes);
	out = malloc(BYTES_MAX);
	if (!out)
		abort();
	err = translate(m, &k, bytes, len);
	if (!err && real.setxattr(path, LOVFS_LAYOUT_XATTR, out, finish(m, out), 0))
		err = -errno;
	if (!err)
		err = write_kinds(path, &k);
	free(out);
	free(m);
	return err;
}

/* ---- showing ---- */

static void show_mdt(struct making *m, const unsigned char *entry, const unsigned char *plain,
		     bool directory)
{
	unsigned char *shown = add(m, entry, plain, V1_BYTES);
	unsigned char *e = m->entries[m->count - 1];

	put(e, 4, get(e, 4, 4) | (directory ? 0 : INIT), 4);
	put(shown, 0, LUSTRE_MAGIC_V1, 4);
	put(shown, 4, MDT, 4);
	put(shown, 24, get(entry, 16, 8), 4);
	put(shown, 28, 0, 2);
	put(shown, 30, ANY, 2);
}

/* Up to where it has grown, for a file of so many bytes. */
static uint64_t grown_to(uint64_t start, uint64_t end, uint64_t extension, bool written,
			 uint64_t size)
{
	uint64_t need = size > start ? size - start : written || start == 0 ? 1 : 0;
	uint64_t grown = (need + extension - 1) / extension * extension;

	return grown >= end - start ? end : start + grown;
}

static void show_growing(struct making *m, const unsigned char *entry, const unsigned char *plain,
			 size_t plain_len, uint32_t kib, uint64_t size)
{
	uint64_t start = get(entry, 8, 8), end = get(entry, 16, 8);
	size_t header = get(plain, 0, 4) == LUSTRE_MAGIC_V1 ? V1_BYTES : V1_BYTES + 16;
	uint64_t grown = grown_to(start, end, (uint64_t)kib << 10, get(entry, 4, 4) & INIT, size);
	unsigned char *e, *shown;

	add(m, entry, plain, plain_len);
	put(m->entries[m->count - 1], 16, grown, 8);
	if (grown == end)
		return;
	shown = add(m, entry, plain, header);
	e = m->entries[m->count - 1];
	if (get(e, 0, 4) & 0xffff) /* not in a directory's default */
		put(e, 0, get(e, 0, 4) | EXTENSION_ID, 4);
	put(e, 4, EXTENSION, 4);
	put(e, 8, grown, 8);
	put(shown, 24, kib, 4);
	put(shown, 30, ANY, 2);
}

static void show_all(struct making *m, const struct layout_peek *l, const struct kinds *k,
		     const struct stat *st)
{
	bool directory = S_ISDIR(st->st_mode);
	uint64_t size = directory ? 0 : (uint64_t)st->st_size;

	for (unsigned int i = 0; i < l->count; i++) {
		const unsigned char *entry = l->bytes + HEADER_BYTES + (size_t)i * ENTRY_BYTES;
		const unsigned char *plain = l->bytes + l->comps[i].offset;
		uint32_t kind = i < k->count ? k->of[i] : 0;

		if (kind == ON_MDT)
			show_mdt(m, entry, plain, directory);
		else if (kind)
			show_growing(m, entry, plain, l->comps[i].len_bytes, kind, size);
		else
			add(m, entry, plain, l->comps[i].len_bytes);
	}
}

ssize_t special_show(const char *path, void *bytes)
{
	struct layout_peek *l;
	struct making *m;
	struct stat st;
	struct kinds k;
	size_t len = 0;

	special_read(path, &k);
	if (!k.count)
		return 0;
	l = layout_peek(path);
	if (l && real.fstatat(AT_FDCWD, path, &st, 0) == 0 && l->magic == LUSTRE_MAGIC_COMPOSITE) {
		m = make_from(l->bytes);
		show_all(m, l, &k, &st);
		len = finish(m, bytes);
		free(m);
	}
	free(l);
	return (ssize_t)len;
}
