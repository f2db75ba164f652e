/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For programs that race for files of a mount: what can't be tried ends them with status 2. */
#ifndef LOVFS_MOUNT_RACER_H
#define LOVFS_MOUNT_RACER_H

/* Prints the program's name, what it was about, and errno. */
_Noreturn void racer_die(const char *what);

/* As open(2), with O_CLOEXEC; mode 0644 where it makes the file. Dies where that fails. */
int racer_open(const char *path, int flags);

#endif
