/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ost/label.h"

#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL_TEXT_MAX 128

static const char uuid_chars[] = "0123456789abcdefABCDEF-";

/* Cuts the line at *text off and gives what follows its key, or NULL where it has another key or no
 * end. */
static char *take_line(char **text, const char *key)
{
	char *line = *text, *end = strchr(line, '\n');
	size_t len = strlen(key);

	if (!end || strncmp(line, key, len) != 0)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line + len;
}

static bool uuid_valid(const char *uuid)
{
	size_t len = strlen(uuid);

	return len > 0 && len < OST_UUID_MAX && strspn(uuid, uuid_chars) == len;
}

int label_parse(const char *text, size_t len_bytes, struct ost_label *ret_label)
{
	char copy[LABEL_TEXT_MAX], *p = copy;
	const char *version, *uuid, *index;
	uint64_t number;

	if (len_bytes >= sizeof(copy) || memchr(text, '\0', len_bytes))
		return fail(-EUCLEAN, LABEL_NAME " is not an OST's label");
	memcpy(copy, text, len_bytes);
	copy[len_bytes] = '\0';
	version = take_line(&p, "lovfs-ost ");
	if (!version)
		return fail(-EUCLEAN, LABEL_NAME " is not an OST's label");
	if (strcmp(version, "1") != 0)
		return fail(-EUCLEAN, LABEL_NAME " has version '%s', not 1", version);
	uuid = take_line(&p, "uuid ");
	if (!uuid || !uuid_valid(uuid))
		return fail(-EUCLEAN, LABEL_NAME " has no uuid");
	index = take_line(&p, "index ");
	if (!index || number_parse(index, 0, OST_INDEX_MAX, &number) < 0)
		return fail(-EUCLEAN, LABEL_NAME " has no OST index");
	if (*p != '\0')
		return fail(-EUCLEAN, LABEL_NAME " has more lines than a label has");
	*ret_label = (struct ost_label){ .index = (uint32_t)number };
	memcpy(ret_label->uuid, uuid, strlen(uuid) + 1);
	return 0;
}

int label_read(int dirfd, struct ost_label *ret_label)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int err = sys_read_file(dirfd, LABEL_NAME, LABEL_TEXT_MAX, &text, &len);

	if (err == -EFBIG || err == -EISDIR || err == -ELOOP)
		return fail(-EUCLEAN, LABEL_NAME " is not an OST's label");
	return err ? err : label_parse(text, len, ret_label);
}

int label_write(int dirfd, const struct ost_label *label)
{
	char text[LABEL_TEXT_MAX];
	int len;

	if (!uuid_valid(label->uuid))
		return fail(-EINVAL, "'%s' is not a uuid", label->uuid);
	if (label->index > OST_INDEX_MAX)
		return fail(-EINVAL, "OST index %u is above %u", label->index, OST_INDEX_MAX);
	len = snprintf(text, sizeof(text), "lovfs-ost 1\nuuid %s\nindex %u\n", label->uuid,
		       label->index);
	return sys_replace_file(dirfd, LABEL_NAME, text, (size_t)len, 0600);
}

bool label_equal(const struct ost_label *a, const struct ost_label *b)
{
	return a->index == b->index && strcmp(a->uuid, b->uuid) == 0;
}
