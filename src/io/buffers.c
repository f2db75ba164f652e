/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/buffers.h"

#include <stdlib.h>

void buffers_init(struct buffers *b)
{
	*b = (struct buffers){ .count = 0 };
	pthread_mutex_init(&b->lock, NULL);
}

void buffers_release(struct buffers *b)
{
	while (b->count > 0)
		free(b->idle[--b->count]);
	pthread_mutex_destroy(&b->lock);
}

void *buffers_take(struct buffers *b)
{
	void *buffer = NULL;

	pthread_mutex_lock(&b->lock);
	if (b->count > 0)
		buffer = b->idle[--b->count];
	pthread_mutex_unlock(&b->lock);
	if (!buffer && posix_memalign(&buffer, BUFFER_ALIGN, BUFFER_BYTES))
		return NULL;
	return buffer;
}

void buffers_give(struct buffers *b, void *buffer)
{
	pthread_mutex_lock(&b->lock);
	if (buffer && b->count < BUFFERS_KEPT) {
		b->idle[b->count++] = buffer;
		buffer = NULL;
	}
	pthread_mutex_unlock(&b->lock);
	free(buffer);
}
