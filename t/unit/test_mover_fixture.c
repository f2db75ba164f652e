/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_mover_fixture.h"

struct fake_state fake;

static void fake_mark(uint64_t grain, uint64_t end)
{
	for (int id = 0; id < FAKE_IDS; id++) {
		for (uint64_t g = grain; g < end; g++)
			fake.maps[id].dirty[g] = true;
	}
}

void fake_write(uint64_t offset, uint64_t len, int byte)
{
	static char buf[32 * MIB];

	assert_true(len <= sizeof(buf) && offset + len <= GRAINS * GRAIN);
	memset(buf, byte, len);
	fake_mark(offset / GRAIN, (offset + len + GRAIN - 1) / GRAIN);
	assert_int_equal(pwrite(fake.file_fd, buf, len, (off_t)offset), len);
	fake.version++;
}

uint64_t fake_size(void)
{
	struct stat st;

	assert_int_equal(fstat(fake.file_fd, &st), 0);
	return (uint64_t)st.st_size;
}

void fake_truncate(uint64_t size)
{
	uint64_t from = MIN_OF(size, fake_size()) / GRAIN;

	for (int id = 0; id < FAKE_IDS; id++)
		fake.maps[id].tail = MIN_OF(fake.maps[id].tail, from);
	assert_int_equal(ftruncate(fake.file_fd, (off_t)size), 0);
	fake.version++;
}

int fake_note(const char *call)
{
	size_t len = strlen(fake.calls);

	snprintf(fake.calls + len, sizeof(fake.calls) - len, "%s ", call);
	if (fake.at_call)
		fake.at_call(call);
	if (++fake.count == fake.fail_at) {
		fake.hit = true;
		return fail(-EIO, "%s failed", call);
	}
	if (!fake.failing || strcmp(call, fake.failing) != 0 || fake.times == 0)
		return 0;
	fake.times--;
	fake.hit = true;
	return fail(fake.failure, "%s failed", call);
}

unsigned int calls_of(const char *call)
{
	char name[64];
	unsigned int n = 0;

	snprintf(name, sizeof(name), "%s ", call);
	for (const char *at = fake.calls; (at = strstr(at, name)); at += strlen(name))
		n += at == fake.calls || at[-1] == ' ';
	return n;
}

int fake_layout_get(struct fs *fs, int fd, struct layout **ret)
{
	int err = fake_note("layout_get");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	if (!fake.layout)
		return fail(-ENODATA, "none");
	*ret = layout_ref(fake.layout);
	return 0;
}

int fake_fid_get(struct fs *fs, int fd, struct fid *ret)
{
	(void)fs;
	(void)fd;
	*ret = (struct fid){ .seq = 1, .oid = 2 };
	return fake_note("fid_get");
}

int fake_victim_open(struct fs *fs, int dirfd, int src_fd, const struct layout *l, int *ret_fd)
{
	int err = fake_note("victim_open");

	(void)src_fd;
	(void)l;
	if (err)
		return err;
	*ret_fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC | fs->data_flags, 0600);
	assert_true(*ret_fd >= 0);
	return 0;
}

int fake_data_version(struct fs *fs, int fd, bool held, uint64_t *ret)
{
	int err = fake_note("data_version");

	(void)fs;
	(void)fd;
	(void)held;
	if (!err)
		*ret = fake.version;
	return err;
}

int fake_group_lock(struct fs *fs, int fd, uint32_t gid)
{
	int err = fake_note("group_lock");

	(void)fs;
	(void)fd;
	assert_int_not_equal(gid, 0);
	if (!err) {
		assert_false(fake.held);
		fake.held = true;
		fake.held_times++;
	}
	return err;
}

int fake_group_unlock(struct fs *fs, int fd, uint32_t gid)
{
	(void)fs;
	(void)fd;
	assert_int_not_equal(gid, 0);
	assert_true(fake.held);
	fake.held = false;
	return fake_note("group_unlock");
}

int fake_open_source(struct fs *fs, int fd, int *ret_fd)
{
	int err = fake_note("open_source");

	(void)fs;
	if (!err)
		*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return err;
}

int fake_moved(struct fs *fs, int fd, struct fs_moved *ret)
{
	(void)fs;
	(void)fd;
	*ret = (struct fs_moved){ .kernel_bytes = 5 };
	return 0;
}

static void fake_map_whole(struct fake_map *m)
{
	m->tail = 0;
	m->taken_tail = GRAINS;
}

int fake_follow_begin(struct fs *fs, int fd, const struct fs_follow *req)
{
	int err = fake_note("follow_begin");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	assert_false(fake.following);
	fake.following = true;
	fake.begin = *req;
	if (req->victim_count)
		fake_map_whole(&fake.maps[0]);
	fake.maps[0].followed = req->victim_count > 0;
	for (unsigned int i = 0; i < req->mirror_count; i++) {
		fake.maps[req->mirror_ids[i]].followed = true;
		if (req->whole)
			fake_map_whole(&fake.maps[req->mirror_ids[i]]);
	}
	return 0;
}

uint64_t grains_of(uint64_t bytes)
{
	return (bytes + GRAIN - 1) / GRAIN;
}

/* One range behind grain `from`, as of struct dirty_map. */
static bool fake_take(struct fake_map *m, uint64_t from, uint64_t max, uint64_t size,
		      struct fs_range *ret)
{
	uint64_t limit = MIN_OF(m->tail, grains_of(size)), g = from, first;

	while (g < limit && !m->dirty[g])
		g++;
	if (g < limit) {
		for (first = g; g < limit && m->dirty[g] && (g - first) * GRAIN < max; g++) {
			m->dirty[g] = false;
			m->taken[g] = true;
		}
		*ret = (struct fs_range){ first * GRAIN, MIN_OF(g * GRAIN, size), false };
		return true;
	}
	if (m->tail == GRAINS)
		return false;
	first = MIN_OF(m->tail, grains_of(size));
	for (g = first; g < GRAINS; g++)
		m->dirty[g] = false;
	m->taken_tail = MIN_OF(m->tail, m->taken_tail);
	m->tail = GRAINS;
	*ret = (struct fs_range){ MIN_OF(first * GRAIN, size), size, true };
	return true;
}

uint64_t fake_dirty_bytes(const struct fake_map *m)
{
	uint64_t size = fake_size(), sum = 0;

	for (uint64_t g = 0; g < grains_of(size); g++) {
		if (m->dirty[g] || g >= m->tail)
			sum += MIN_OF(GRAIN, size - g * GRAIN);
	}
	return sum;
}

int fake_follow_next(struct fs *fs, int fd, uint32_t mirror_id, uint64_t from, uint64_t max_bytes,
		     struct fs_changes *ret)
{
	struct fake_map *m = &fake.maps[mirror_id];
	int err = fake_note("follow_next");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	assert_true(fake.following && m->followed && max_bytes > 0);
	memset(ret, 0, sizeof(*ret));
	while (ret->count < FS_RANGES_MAX && max_bytes) {
		struct fs_range *r = &ret->ranges[ret->count];

		if (!fake_take(m, from / GRAIN, max_bytes, fake_size(), r))
			break;
		ret->count++;
		from = r->end;
		max_bytes -= MIN_OF(max_bytes, r->end - r->start);
		if (r->tail)
			break;
	}
	ret->left_bytes = fake_dirty_bytes(m);
	ret->size_bytes = fake_size();
	return 0;
}

static int fake_follow_copied(struct fs *fs, int fd, uint32_t mirror_id,
			      const struct fs_range *range)
{
	struct fake_map *m = &fake.maps[mirror_id];
	int err = fake_note("follow_copied");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	assert_true(fake.following && mirror_id && m->followed);
	for (uint64_t g = grains_of(range->start); g < grains_of(range->end); g++)
		m->taken[g] = false;
	if (range->tail)
		m->taken_tail = GRAINS;
	fake.copied++;
	return 0;
}

void fake_follow_end(struct fs *fs, int fd)
{
	(void)fs;
	(void)fd;
	assert_true(fake.following);
	assert_false(fake.held);
	fake.following = false;
	for (int id = 0; id < FAKE_IDS; id++) {
		struct fake_map *m = &fake.maps[id];

		m->followed = false;
		m->tail = MIN_OF(m->tail, m->taken_tail);
		m->taken_tail = GRAINS;
		for (unsigned int g = 0; g < GRAINS; g++) {
			m->dirty[g] |= m->taken[g];
			m->taken[g] = false;
		}
	}
}

bool fake_map_clean(const struct fake_map *m)
{
	for (unsigned int g = 0; g < GRAINS; g++) {
		if (m->dirty[g] || m->taken[g])
			return false;
	}
	return m->tail == GRAINS && m->taken_tail == GRAINS;
}

int open_mirror(uint32_t id, int flags)
{
	char name[96];

	if (id == 1)
		snprintf(name, sizeof(name), "%s/file", fake.dir);
	else
		snprintf(name, sizeof(name), "%s/mirror%u", fake.dir, id);
	return open(name, flags | O_CLOEXEC, 0600);
}

static int fake_mirror_open(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd)
{
	int err = fake_note("mirror_open");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	if (flags == O_RDWR && !fake.maps[mirror_id].followed)
		return fail(-EROFS, "isn't followed");
	*ret_fd = open_mirror(mirror_id, flags);
	return *ret_fd < 0 ? fail(-ENOENT, "no mirror") : 0;
}

int fake_mirrors_synced(struct fs *fs, int fd, const uint32_t *ids, unsigned int count)
{
	int err = fake_note("mirrors_synced");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	assert_true(fake.held);
	for (unsigned int i = 0; i < count; i++) {
		if (!fake_map_clean(&fake.maps[ids[i]]))
			return fail(-EAGAIN, "out of date again");
		fake.synced[i] = ids[i];
	}
	fake.synced_count = count;
	return 0;
}

static int fake_merge(struct fs *fs, int fd, const struct fs_merge *req)
{
	int err = fake_note("merge");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	if (req->file_version != fake.version)
		return fail(-EAGAIN, "changed");
	fake.merged = (int)req->victim_count;
	return 0;
}

int fake_split(struct fs *fs, int fd, uint32_t mirror_id, int target_fd, bool force)
{
	int err = fake_note("split");

	(void)fs;
	(void)force;
	(void)fd;
	assert_true(fcntl(target_fd, F_GETFL) >= 0);
	if (!err)
		fake.split_id = mirror_id;
	return err;
}

int fake_mirror_check(struct fs *fs, int fd, uint32_t mirror_id, bool write)
{
	(void)fs;
	(void)fd;
	if (write ? fake.unwritable & 1u << mirror_id : fake.unreadable & 1u << mirror_id)
		return fail(-EIO, "mirror %u: OST %u is inactive", mirror_id, mirror_id);
	return 0;
}

int fake_swap(struct fs *fs, int fd, int victim_fd, const struct fs_swap *req)
{
	int err = fake_note("swap");

	(void)fs;
	(void)fd;
	(void)victim_fd;
	if (err)
		return err;
	if (req->file_version != fake.version)
		return fail(-EAGAIN, "changed");
	fake.commits++;
	return 0;
}

int fake_target(struct fs *fs, uint32_t index, struct fs_target *ret)
{
	static const uint64_t devices[] = { 7, 7, 8, 0 };

	(void)fs;
	*ret = (struct fs_target){ .index = index,
				   .inactive = index == 3,
				   .device = devices[index] };
	return fake_note("target");
}

int fake_pool(struct fs *fs, uint32_t position, struct fs_pool *ret)
{
	(void)fs;
	(void)position;
	*ret = (struct fs_pool){ .name = "near", .member_count = 2, .members = { 0, 1 } };
	return fake_note("pool");
}

const struct fs_ops fake_ops = {
	.name = "fake",
	.layout_get = fake_layout_get,
	.fid_get = fake_fid_get,
	.victim_open = fake_victim_open,
	.data_version = fake_data_version,
	.group_lock = fake_group_lock,
	.group_unlock = fake_group_unlock,
	.open_source = fake_open_source,
	.swap = fake_swap,
	.follow_begin = fake_follow_begin,
	.follow_next = fake_follow_next,
	.follow_copied = fake_follow_copied,
	.follow_end = fake_follow_end,
	.mirror_open = fake_mirror_open,
	.mirror_check = fake_mirror_check,
	.mirrors_synced = fake_mirrors_synced,
	.merge = fake_merge,
	.split = fake_split,
	.moved = fake_moved,
	.target = fake_target,
	.pool = fake_pool,
};

int fake_make(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(fake.dir, sizeof(fake.dir), "%.40s/mover-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(fake.dir))
		return -1;
	snprintf(fake.path, sizeof(fake.path), "%s/file", fake.dir);
	fake.file_fd = -1;
	return 0;
}

int fake_remove(void **state)
{
	char command[96];

	(void)state;
	close(fake.file_fd);
	layout_unref(fake.layout);
	snprintf(command, sizeof(command), "rm -rf '%s'", fake.dir);
	return system(command) ? -1 : 0;
}

int fixture_reset(void **state)
{
	char dir[64], path[80];
	struct stat st;

	(void)state;
	memcpy(dir, fake.dir, sizeof(dir));
	memcpy(path, fake.path, sizeof(path));
	if (fake.file_fd >= 0)
		close(fake.file_fd);
	layout_unref(fake.layout);
	memset(&fake, 0, sizeof(fake));
	memcpy(fake.dir, dir, sizeof(dir));
	memcpy(fake.path, path, sizeof(path));
	for (uint32_t id = 2; id < FAKE_IDS; id++)
		close(open_mirror(id, O_RDWR | O_CREAT | O_TRUNC));
	fake.file_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	for (int id = 0; id < FAKE_IDS; id++)
		fake.maps[id].tail = fake.maps[id].taken_tail = GRAINS;
	fake.fs.ops = &fake_ops;
	fake.fs.ost_count = 4;
	fake.fs.pool_count = 1;
	fake.fs.pools_known = true;
	if (fake.file_fd < 0 || stat(dir, &st))
		return -1;
	fake.fs.dev = st.st_dev;
	return 0;
}

bool same_bytes(int a, int b)
{
	static char x[MIB], y[MIB];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(a, x, sizeof(x), at);

		assert_true(n >= 0);
		if (pread(b, y, sizeof(y), at) != n || memcmp(x, y, (size_t)n) != 0)
			return false;
		if (n == 0)
			return true;
		at += n;
	}
}

bool mirror_is_like_file(uint32_t id)
{
	int fd = open_mirror(id, O_RDONLY);
	bool same = same_bytes(fake.file_fd, fd);

	close(fd);
	return same;
}
