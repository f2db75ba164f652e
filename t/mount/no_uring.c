/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * no_uring COMMAND [ARG...]: runs it where io_uring_setup(2) fails with EPERM, as in containers
 * whose seccomp
 * profile doesn't know it. With -n in front: with ENOSYS, as on kernels without it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int forbid(unsigned int call, unsigned int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (err & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	int first = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;

	if (first >= argc) {
		fprintf(stderr, "usage: no_uring [-n] COMMAND [ARG...]\n");
		return 2;
	}
	if (forbid(SYS_io_uring_setup, first == 2 ? ENOSYS : EPERM)) {
		perror("no_uring: seccomp");
		return 77;
	}
	execvp(argv[first], argv + first);
	perror(argv[first]);
	return 127;
}
