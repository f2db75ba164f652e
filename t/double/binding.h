/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the I/O of a descriptor really goes. */
#ifndef BINDING_H
#define BINDING_H

#include "table.h"

/* For reading; fd is the program's number. -errno. */
int binding_read_fd(struct open_file *f, int fd);
/* For writing. Ends the process where it would make mirrors differ on Lustre. -errno. */
int binding_write_fd(struct open_file *f, int fd);

#endif
