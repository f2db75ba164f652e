/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a shell command line and waits for it. */
#ifndef EXERCISER_XSPAWN_H
#define EXERCISER_XSPAWN_H

/*
 * Runs cmd with /bin/sh. arg, when not NULL, is its first argument: it replaces "$1" in cmd, and is
 * appended when cmd doesn't mention "$1".
 * Returns the exit status (128 + signal number when killed), or a negative errno when it could not
 * be started.
 */
int xspawn_shell(const char *cmd, const char *arg);

#endif
