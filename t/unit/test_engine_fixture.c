/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_engine_fixture.h"

struct testfs engine_fs[4];
size_t engine_fs_count;
char engine_plain[64];

void engine_setup(unsigned int size_mib)
{
	static const char *const types[] = { "tmpfs", "ext4", "xfs", "btrfs" };

	if (testfs_enter()) {
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			engine_fs_count += testfs_make(&engine_fs[engine_fs_count], types[i],
						       types[i], size_mib);
	} else {
		engine_fs_count += testfs_make_plain_memory(&engine_fs[0], engine_plain);
	}
}

void engine_teardown(void)
{
	if (engine_plain[0])
		testfs_remove_plain(engine_plain);
}

int engine_run(const struct CMUnitTest *tests, size_t count, struct io_ladder *ladder)
{
	int failed;

	engine_setup(400);
	io_ladder_init(ladder, 0);
	failed = _cmocka_run_group_tests("tests", tests, count, NULL, NULL);
	io_ladder_release(ladder);
	engine_teardown();
	return failed;
}

const struct testfs *engine_find(const char *name)
{
	for (size_t i = 0; i < engine_fs_count; i++) {
		if (!strcmp(engine_fs[i].name, name))
			return &engine_fs[i];
	}
	return NULL;
}

int engine_file(const struct testfs *fs, const char *name)
{
	int fd = openat(fs->dirfd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	return fd;
}

void engine_bytes(uint8_t *bytes, uint64_t offset, uint64_t len, uint64_t seed)
{
	for (uint64_t i = 0; i < len; i++) {
		uint64_t at = offset + i;

		bytes[i] = (uint8_t)((at / 8 + seed) * 0x9e3779b97f4a7c15u >> at % 8 * 8) | 1;
	}
}

void engine_write(int fd, uint64_t offset, uint64_t len, uint64_t seed)
{
	const uint64_t step = MIB;
	uint8_t *bytes = malloc(step);

	assert_non_null(bytes);
	for (uint64_t done = 0; done < len;) {
		size_t n = (size_t)MIN_OF(step, len - done);

		engine_bytes(bytes, offset + done, n, seed);
		assert_int_equal(pwrite(fd, bytes, n, (off_t)(offset + done)), n);
		done += n;
	}
	free(bytes);
}

uint64_t engine_size(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_size;
}

uint64_t engine_allocated(int fd)
{
	struct stat st;

	assert_int_equal(fsync(fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

uint64_t engine_equal(int a_fd, uint64_t a_offset, int b_fd, uint64_t b_offset, uint64_t len)
{
	const uint64_t step = MIB;
	uint8_t *a = malloc(step), *b = malloc(step);
	uint64_t done = 0;
	size_t n = 1, same = 1;

	assert_non_null(a);
	assert_non_null(b);
	while (done < len && same == n) {
		n = (size_t)MIN_OF(step, len - done);
		memset(a, 0, n);
		memset(b, 0, n);
		assert_true(pread(a_fd, a, n, (off_t)(a_offset + done)) >= 0);
		assert_true(pread(b_fd, b, n, (off_t)(b_offset + done)) >= 0);
		same = 0;
		if (memcmp(a, b, n) == 0)
			same = n;
		while (same < n && a[same] == b[same])
			same++;
		done += same;
	}
	free(a);
	free(b);
	return done;
}

struct io_request engine_request(const struct testfs *src_fs, int src, const struct testfs *dst_fs,
				 int dst)
{
	return (struct io_request){ .src = { .fd = src, .dev = src_fs->dev },
				    .dst = { .fd = dst, .dev = dst_fs->dev },
				    .bulk = true };
}

void engine_ladder(struct io_ladder *ladder, const struct io_request *req, enum io_rung top)
{
	io_ladder_init(ladder, 0);
	(void)io_device_of(ladder, &req->src);
	(void)io_device_of(ladder, &req->dst);
	for (enum io_rung rung = 0; rung < top; rung++)
		io_ladder_note(ladder, req, rung, RUNG_REFUSED);
}

uint64_t engine_moved(const struct io_moved *m)
{
	uint64_t sum = m->hole_bytes;

	for (int i = 0; i < IO_RUNGS; i++)
		sum += m->bytes[i];
	return sum;
}

bool engine_has_uring(void)
{
	struct uring *ring;
	int err = uring_new(2, 64 * KIB, &ring);

	if (err) {
		print_message("skipped: no io_uring here (%s)\n", strerror(-err));
		return false;
	}
	uring_free(ring);
	return true;
}

static bool engine_transfers(const char *call)
{
	return !strcmp(call, "pread") || !strcmp(call, "pwrite") || !strcmp(call, "uring_read") ||
	       !strcmp(call, "uring_write") || !strcmp(call, "copy_file_range");
}

static int engine_hook_call(const char *call, size_t len_bytes, void *cookie)
{
	struct engine_hook *h = cookie;
	unsigned int n;
	bool same;

	(void)len_bytes;
	if (h->no_direct && !strcmp(call, "openat"))
		return -EACCES;
	if (h->old_linux && !strcmp(call, "dio_align"))
		return -EOPNOTSUPP;
	if (h->old_linux && !strcmp(call, "cached_bytes"))
		return -ENOSYS;
	if (h->cold && !strcmp(call, "cached_bytes"))
		return -ENOSYS;
	if (h->cold && !strcmp(call, "read_nowait"))
		return -EAGAIN;
	if (h->count == 0 || (h->only && strcmp(h->only, call)))
		return 0;
	/* Other calls can't be short; EINTR is retried by the wrappers of all others. */
	if (h->result > 0 && !engine_transfers(call))
		return 0;
	if (h->result == -EINTR && strncmp(call, "uring_", 6) && strcmp(call, "copy_file_range"))
		return 0;
	n = atomic_fetch_add(&h->seen, 1);
	if (n == 0 && h->first_short)
		return SYS_HOOK_SHORT;
	if (n < h->at || n - h->at >= h->count)
		return 0;
	pthread_mutex_lock(&h->lock);
	if (!h->hit[0])
		snprintf(h->hit, sizeof(h->hit), "%s", call);
	same = !strcmp(h->hit, call);
	pthread_mutex_unlock(&h->lock);
	if (!same)
		return 0;
	if (atomic_fetch_add(&h->hits, 1) == 0 && h->when_hit)
		h->when_hit(h->arg);
	return h->result;
}

void engine_hook_set(struct engine_hook *h)
{
	atomic_store(&h->seen, 0);
	atomic_store(&h->hits, 0);
	h->hit[0] = '\0';
	pthread_mutex_init(&h->lock, NULL);
	sys_set_hook(engine_hook_call, h);
}

void engine_hook_end(struct engine_hook *h)
{
	sys_set_hook(NULL, NULL);
	pthread_mutex_destroy(&h->lock);
}
