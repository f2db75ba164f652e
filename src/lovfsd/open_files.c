/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/open_files.h"

#include "base/error.h"
#include "volume/handle.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

void open_files_init(struct open_files *files)
{
	pthread_mutex_init(&files->lock, NULL);
	files->ends = (struct open_node){ .prev = &files->ends, .next = &files->ends };
}

void open_files_release(struct open_files *files)
{
	while (files->ends.next != &files->ends)
		open_files_close(files, files->ends.next);
	pthread_mutex_destroy(&files->lock);
}

void open_files_add(struct open_files *files, struct open_node *node)
{
	pthread_mutex_lock(&files->lock);
	node->prev = files->ends.prev;
	node->next = &files->ends;
	node->prev->next = node;
	node->next->prev = node;
	pthread_mutex_unlock(&files->lock);
}

void open_files_close(struct open_files *files, struct open_node *node)
{
	pthread_mutex_lock(&files->lock);
	node->prev->next = node->next;
	node->next->prev = node->prev;
	pthread_mutex_unlock(&files->lock);
	node->close(node);
}

static void close_file(struct open_node *node)
{
	struct open_file *file =
		(struct open_file *)((char *)node - offsetof(struct open_file, node));

	handle_release(file->handle);
	free(file);
}

int open_files_take(struct open_files *files, struct handle *h, struct open_file **ret_file)
{
	struct open_file *file = malloc(sizeof(*file));

	if (!file) {
		handle_release(h);
		return fail(-ENOMEM, "no memory for an open file");
	}
	*file = (struct open_file){ .node.close = close_file, .handle = h };
	open_files_add(files, &file->node);
	*ret_file = file;
	return 0;
}
