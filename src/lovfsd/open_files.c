/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lovfsd/open_files.h"

#include "base/error.h"

#include <errno.h>
#include <stdlib.h>

void open_files_init(struct open_files *files)
{
	pthread_mutex_init(&files->lock, NULL);
	files->ends = (struct open_file){ .prev = &files->ends, .next = &files->ends };
}

void open_files_release(struct open_files *files)
{
	while (files->ends.next != &files->ends)
		open_files_close(files, files->ends.next);
	pthread_mutex_destroy(&files->lock);
}

int open_files_take(struct open_files *files, struct handle *h, struct open_file **ret_file)
{
	struct open_file *file = malloc(sizeof(*file));

	if (!file) {
		handle_release(h);
		return fail(-ENOMEM, "no memory for an open file");
	}
	file->handle = h;
	pthread_mutex_lock(&files->lock);
	file->prev = files->ends.prev;
	file->next = &files->ends;
	file->prev->next = file;
	file->next->prev = file;
	pthread_mutex_unlock(&files->lock);
	*ret_file = file;
	return 0;
}

void open_files_close(struct open_files *files, struct open_file *file)
{
	pthread_mutex_lock(&files->lock);
	file->prev->next = file->next;
	file->next->prev = file->prev;
	pthread_mutex_unlock(&files->lock);
	handle_release(file->handle);
	free(file);
}
