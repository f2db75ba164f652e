/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/buffers.h"

#include <stdlib.h>

void buffers_init(struct buffers *b, uint64_t max_bytes)
{
	*b = (struct buffers){
		.max = (unsigned int)MIN_OF(MAX_OF(max_bytes / BUFFER_BYTES, 1), BUFFERS_MAX),
	};
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->given, NULL);
}

void buffers_release(struct buffers *b)
{
	while (b->idle_count > 0)
		free(b->idle[--b->idle_count]);
	pthread_cond_destroy(&b->given);
	pthread_mutex_destroy(&b->lock);
}

void *buffers_take(struct buffers *b)
{
	void *buffer = NULL;

	pthread_mutex_lock(&b->lock);
	while (!b->idle_count && b->made == b->max)
		pthread_cond_wait(&b->given, &b->lock);
	if (b->idle_count > 0)
		buffer = b->idle[--b->idle_count];
	else if (!posix_memalign(&buffer, BUFFER_ALIGN, BUFFER_BYTES))
		b->made++;
	else
		buffer = NULL;
	pthread_mutex_unlock(&b->lock);
	return buffer;
}

void buffers_give(struct buffers *b, void *buffer)
{
	if (!buffer)
		return;
	pthread_mutex_lock(&b->lock);
	b->idle[b->idle_count++] = buffer;
	pthread_cond_signal(&b->given);
	pthread_mutex_unlock(&b->lock);
}
