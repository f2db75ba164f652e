/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/session.h"

#include "base/error.h"
#include "inode/inode.h"

#include <assert.h>
#include <stdlib.h>

#define BUFFER_ALIGN 4096

struct thread_buffer {
	size_t cap_bytes;
	void *bytes;
};

static void free_buffer(void *p)
{
	struct thread_buffer *buffer = p;

	free(buffer->bytes);
	free(buffer);
}

int session_init(struct session *s, struct volume *vol)
{
	int err = pthread_key_create(&s->buffer_key, free_buffer);

	if (err)
		return fail_sys(-err, "thread buffers");
	s->volume = vol;
	known_inodes_init(&s->known);
	open_files_init(&s->files);
	held_list_init(&s->held);
	failures_init(&s->failures);
	return 0;
}

/* In this order: closing files gives up group locks, which would wake what they hold; inodes are in
 * use by open files. */
void session_release(struct session *s)
{
	held_list_release(&s->held);
	open_files_release(&s->files);
	known_inodes_release(&s->known);
	failures_release(&s->failures);
	pthread_key_delete(s->buffer_key);
}

struct session *session_begin(fuse_req_t req)
{
	error_clear();
	return fuse_req_userdata(req);
}

struct inode *session_inode(struct session *s, fuse_ino_t ino)
{
	struct inode *inode =
		ino == FUSE_ROOT_ID ? inode_root(s->volume) : known_inodes_find(&s->known, ino);

	assert(inode); /* what the kernel asks of, it knows */
	return inode;
}

static struct thread_buffer *thread_buffer(struct session *s)
{
	struct thread_buffer *buffer = pthread_getspecific(s->buffer_key);

	if (buffer)
		return buffer;
	buffer = calloc(1, sizeof(*buffer));
	if (buffer && pthread_setspecific(s->buffer_key, buffer)) {
		free(buffer);
		return NULL;
	}
	return buffer;
}

void *session_buffer(struct session *s, size_t len_bytes)
{
	struct thread_buffer *buffer = thread_buffer(s);
	void *bytes;

	if (!buffer)
		return NULL;
	if (buffer->cap_bytes >= len_bytes)
		return buffer->bytes;
	len_bytes = (len_bytes + BUFFER_ALIGN - 1) / BUFFER_ALIGN * BUFFER_ALIGN;
	if (posix_memalign(&bytes, BUFFER_ALIGN, len_bytes))
		return NULL;
	free(buffer->bytes);
	buffer->bytes = bytes;
	buffer->cap_bytes = len_bytes;
	return bytes;
}
