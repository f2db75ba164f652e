/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit/truncate.h"

#include "commit/instantiate.h"
#include "commit/mirror_state.h"
#include "file/file.h"
#include "inode/inode.h"

#include <errno.h>

/* A file that grows may need objects first; what is behind its new end changes in all of its
 * mirrors. */
int truncate_objects(struct inode *inode, uint32_t mirror_id, uint64_t size_bytes)
{
	uint64_t last = size_bytes ? size_bytes - 1 : 0;
	struct stale_marks marks = { 0 };
	bool done = false;
	struct file *f;
	int err = inode_get_file(inode, &f);

	while (!err && !done) {
		err = file_truncate(f, mirror_id, size_bytes);
		if (err == FILE_NOT_STALE)
			err = mirror_state_make_stale(inode, last, LAYOUT_EOF, &marks);
		else if (err == FILE_NOT_INSTANTIATED)
			err = instantiate_range(inode, mirror_id, last, last + 1, NULL);
		else if ((err == -EIO || err == -EROFS) &&
			 mirror_state_fail_over(inode, &marks, err))
			err = 0;
		else
			done = true;
	}
	mirror_state_release_marks(&marks);
	return err;
}
