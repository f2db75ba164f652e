/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_data.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/units.h"

#include <errno.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>

/* Files of this size keep devices busy by themselves: of these few at a time. */
#define LARGE_BYTES (64 * MIB)
#define LARGE_AT_A_TIME 2
/* Larger ones of sysfs are memory of devices, and have their size. */
#define SYSFS_BYTES_MAX 65536
/* Smaller files decide nothing between ways to copy. */
#define CHOICE_BYTES (4 * MIB)
/* More pairs of devices aren't told of. */
#define PAIRS_MAX 64

struct copy_data {
	struct lov_copier *copier; /* owned */
	struct copy_watch *watch;  /* borrowed */
	unsigned int flags;        /* constant: LOV_COPY_* */
	atomic_bool stop;

	pthread_mutex_t lock;
	pthread_cond_t large_ended;
	/* guarded by lock: */
	unsigned int large;
	struct copy_data_choice pairs[PAIRS_MAX];
	unsigned int pair_count;
};

int copy_data_new(const struct copy_data_options *options, struct copy_data **ret_data)
{
	struct lov_copier_options o = LOV_COPIER_OPTIONS_INIT;
	struct copy_data *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	o.memory_bytes = options->memory_bytes;
	o.bytes_per_s = options->bytes_per_s;
	o.workers = options->threads;
	err = lov_copier_new(&o, &c->copier);
	if (err) {
		free(c);
		return err;
	}
	c->watch = options->watch;
	c->flags = options->verify ? LOV_COPY_VERIFY : 0;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->large_ended, NULL);
	*ret_data = c;
	return 0;
}

void copy_data_free(struct copy_data *c)
{
	if (!c)
		return;
	pthread_cond_destroy(&c->large_ended);
	pthread_mutex_destroy(&c->lock);
	lov_copier_free(c->copier);
	free(c);
}

void copy_data_stop(void *data)
{
	struct copy_data *c = data;

	atomic_store(&c->stop, true);
	lov_copier_stop(c->copier);
}

/* ---- what is large ---- */

static void large_begin(struct copy_data *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->large >= LARGE_AT_A_TIME)
		pthread_cond_wait(&c->large_ended, &c->lock);
	c->large++;
	pthread_mutex_unlock(&c->lock);
}

static void large_end(struct copy_data *c)
{
	pthread_mutex_lock(&c->lock);
	c->large--;
	pthread_cond_signal(&c->large_ended);
	pthread_mutex_unlock(&c->lock);
}

static void note_pair(struct copy_data *c, uint64_t src_dev, uint64_t dst_dev)
{
	unsigned int i = 0;

	pthread_mutex_lock(&c->lock);
	while (i < c->pair_count &&
	       (c->pairs[i].src_dev != src_dev || c->pairs[i].dst_dev != dst_dev))
		i++;
	if (i == c->pair_count && i < PAIRS_MAX)
		c->pairs[c->pair_count++] =
			(struct copy_data_choice){ .src_dev = src_dev, .dst_dev = dst_dev };
	pthread_mutex_unlock(&c->lock);
}

bool copy_data_choice(struct copy_data *c, unsigned int position, struct copy_data_choice *ret)
{
	for (unsigned int i = 0; i < c->pair_count; i++) {
		*ret = c->pairs[i];
		if (lov_copier_choice(c->copier, ret->src_dev, ret->dst_dev,
				      &ret->kernel_bytes_per_s, &ret->direct_bytes_per_s) == 1 &&
		    position-- == 0)
			return true;
	}
	return false;
}

/* ---- one file ---- */

/* Files of /proc and the like say that they are empty; those of sysfs that they are a page. */
static bool says_no_size(const struct tree_file *file)
{
	const struct stat *st = &file->src_st;
	struct statfs fs;

	if (st->st_size == 0)
		return true;
	return st->st_blocks == 0 && st->st_size <= (off_t)SYSFS_BYTES_MAX &&
	       !sys_fstatfs(file->src_fd, &fs) && fs.f_type == SYSFS_MAGIC;
}

/* An empty file may be one that is growing: as much as it has now. */
static uint64_t end_of_unsized(const struct tree_file *file)
{
	struct stat st;

	if (file->src_st.st_size == 0 && !sys_fstat(file->src_fd, &st) && st.st_size > 0)
		return (uint64_t)st.st_size;
	return UINT64_MAX;
}

static int copy_unsized(struct copy_data *c, const struct tree_file *file,
			struct lov_copy_result *result)
{
	uint64_t began_ns = clock_now_ns(), end = UINT64_MAX;
	char buffer[4096];
	int err = 0;

	while (!err && !atomic_load(&c->stop) && result->copied_bytes < end) {
		ssize_t n = sys_pread(file->src_fd, buffer, sizeof(buffer), result->copied_bytes);

		if (n < 0)
			return fail_sys((int)n, "reading at offset %llu",
					(unsigned long long)result->copied_bytes);
		if (n == 0)
			break;
		if (result->copied_bytes == 0)
			end = end_of_unsized(file);
		err = sys_pwrite_full(file->dst_fd, buffer, (size_t)n, result->copied_bytes);
		if (err)
			return fail_sys(err, "writing at offset %llu",
					(unsigned long long)result->copied_bytes);
		result->copied_bytes += (uint64_t)n;
	}
	result->buffered_bytes = result->copied_bytes;
	result->elapsed_ns = clock_now_ns() - began_ns;
	return atomic_load(&c->stop) ? -ECANCELED : 0;
}

static int say(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	copy_watch_progress(done_bytes, total_bytes, cookie);
	return 0;
}

static int copy_sized(struct copy_data *c, const struct tree_file *file, struct copy_data_file *f)
{
	struct lov_copy_job job = LOV_COPY_JOB_INIT;
	struct stat dst;

	job.src_fd = file->src_fd;
	job.dst_fd = file->dst_fd;
	job.flags = c->flags;
	job.progress = say;
	job.cookie = &f->watch;
	if (file->src_st.st_size >= (off_t)CHOICE_BYTES && !sys_fstat(file->dst_fd, &dst))
		note_pair(c, file->src_st.st_dev, dst.st_dev);
	f->result = (struct lov_copy_result)LOV_COPY_RESULT_INIT;
	return lov_copy_file(c->copier, &job, &f->result);
}

int copy_data_run(void *data, struct tree_file *file)
{
	struct copy_data *c = data;
	struct copy_data_file *f = calloc(1, sizeof(*f));
	bool large = file->src_st.st_size >= (off_t)LARGE_BYTES;
	int err;

	if (!f)
		return -ENOMEM;
	file->data = f;
	copy_watch_begin(c->watch, &f->watch, file->src_path, (uint64_t)file->src_st.st_size);
	if (says_no_size(file))
		return copy_unsized(c, file, &f->result);
	if (large)
		large_begin(c);
	err = copy_sized(c, file, f);
	if (large)
		large_end(c);
	return err;
}
