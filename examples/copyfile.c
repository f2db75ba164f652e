/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copyfile SOURCE DESTINATION: copies a file with liblov, says how far it has come, and how the
 * bytes moved. Ctrl-C ends it.
 *
 *	cc copyfile.c $(pkg-config --cflags --libs lov)
 */
#include <lov/copy.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct lov_copier *copier;

static void on_interrupt(int number)
{
	(void)number;
	lov_copier_stop(copier);
}

static int say(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	(void)cookie;
	if (total_bytes) /* an empty file is done at once */
		fprintf(stderr, "\r%3.0f %%", 100.0 * (double)done_bytes / (double)total_bytes);
	return 0;
}

static int copy(int src, int dst)
{
	struct lov_copy_job job = LOV_COPY_JOB_INIT;
	struct lov_copy_result r = LOV_COPY_RESULT_INIT;
	int err;

	job.src_fd = src;
	job.dst_fd = dst;
	job.flags = LOV_COPY_VERIFY;
	job.progress = say;
	err = lov_copy_file(copier, &job, &r);
	fputc('\n', stderr);
	if (err) {
		fprintf(stderr, "copyfile: %s\n", lov_error_text(err));
		return 1;
	}
	printf("%llu bytes: %llu shared, %llu in the kernel, %llu direct, %llu through the page cache, "
	       "%llu holes; %llu verified\n",
	       (unsigned long long)r.copied_bytes, (unsigned long long)r.shared_bytes,
	       (unsigned long long)r.kernel_bytes, (unsigned long long)r.direct_bytes,
	       (unsigned long long)(r.uring_bytes + r.buffered_bytes),
	       (unsigned long long)r.hole_bytes, (unsigned long long)r.verified_bytes);
	return 0;
}

int main(int argc, char **argv)
{
	int src, dst, status = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: copyfile SOURCE DESTINATION\n");
		return 2;
	}
	src = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (src < 0) {
		perror(argv[1]);
		return 1;
	}
	dst = open(argv[2], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (dst < 0) {
		perror(argv[2]);
		return 1;
	}
	if (lov_copier_new(NULL, &copier) == 0) {
		signal(SIGINT, on_interrupt);
		status = copy(src, dst);
		lov_copier_free(copier);
	}
	if (status)
		unlink(argv[2]);
	close(src);
	return close(dst) || status;
}
