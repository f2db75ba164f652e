/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_leased_fixture.h"

struct leased_state leased = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int leased_note(const char *call)
{
	int err;

	pthread_mutex_lock(&leased.lock);
	err = fake_note(call);
	pthread_mutex_unlock(&leased.lock);
	return err;
}

void leased_lose(void)
{
	leased.file.lost |= leased.file.held;
}

void leased_write(uint64_t offset, uint64_t len, int byte)
{
	leased_lose();
	fake_write(offset, len, byte);
}

int leased_refuse_writes(const char *call, size_t len_bytes, void *cookie)
{
	(void)len_bytes;
	(void)cookie;
	return strcmp(call, "pwrite") == 0 && leased.bound && leased.file.lost ? -ESTALE : 0;
}

static struct fake_lease *lease_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return leased.other_ino && st.st_ino == leased.other_ino ? &leased.other : &leased.file;
}

static int take_lease(struct fake_lease *lease)
{
	if (lease->busy || lease->held)
		return fail(-EBUSY, "is open for writing elsewhere");
	*lease = (struct fake_lease){ .held = true, .gets = lease->gets + 1, .puts = lease->puts };
	return 0;
}

static int check_lease(const struct fake_lease *lease)
{
	return lease->held && !lease->lost ? 0 : fail(-EBUSY, "lease lost");
}

static int leased_lease_get(struct fs *fs, int fd)
{
	int err = leased_note("lease_get");

	(void)fs;
	return err ? err : take_lease(lease_of(fd));
}

static int leased_lease_check(struct fs *fs, int fd)
{
	int err = leased_note("lease_check");

	(void)fs;
	return err ? err : check_lease(lease_of(fd));
}

/* The text of what went before must have been kept by the caller. */
static void leased_lease_put(struct fs *fs, int fd)
{
	struct fake_lease *lease = lease_of(fd);

	(void)fs;
	(void)!leased_note("lease_put");
	lease->held = false;
	lease->puts++;
	leased.resyncing = false;
	(void)!fail(-EIO, "text of lease_put");
}

static int leased_data_version(struct fs *fs, int fd, bool held, uint64_t *ret)
{
	int err = leased_note("data_version");

	(void)fs;
	(void)held;
	if (!err)
		*ret = lease_of(fd) == &leased.other ? leased.other_version : fake.version;
	return err;
}

unsigned int count_stale(void)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < fake.layout->count; i++)
		n += fake.layout->comps[i].flags & COMP_STALE ? 1 : 0;
	return n;
}

static int leased_resync_begin(struct fs *fs, int fd)
{
	int err = leased_note("resync_begin");

	(void)fs;
	(void)fd;
	if (!err && count_stale() == 0)
		return fail(-EALREADY, "has no mirror that is stale");
	if (!err)
		err = take_lease(&leased.file);
	leased.resyncing = !err;
	return err;
}

static int leased_mirror_bind(struct fs *fs, int fd, uint32_t mirror_id)
{
	int err = leased_note("mirror_bind"), mirror;

	if (err)
		return err;
	assert_true(mirror_id == 0 ||
		    (leased.resyncing && mirror_flags(fake.layout, mirror_id) & COMP_STALE));
	mirror = open_mirror(mirror_id ? mirror_id : 1, O_RDWR | fs->data_flags);
	assert_true(mirror >= 0);
	assert_int_equal(dup3(mirror, fd, O_CLOEXEC), fd);
	close(mirror);
	/* It is one file: to write a mirror has changed its times. */
	if (leased.bound && mirror_id == 0)
		assert_int_equal(futimens(fake.file_fd, NULL), 0);
	leased.bound = mirror_id;
	return 0;
}

static int leased_mirror_open(struct fs *fs, int fd, uint32_t mirror_id, int flags, int *ret_fd)
{
	int err = leased_note("mirror_open");

	(void)fd;
	if (err)
		return err;
	assert_int_equal(flags, O_RDONLY); /* or the lease would be lost */
	if (mirror_id && !mirror_exists(fake.layout, mirror_id))
		return fail(-ENOENT, "has no mirror %u", mirror_id);
	*ret_fd = open_mirror(mirror_id ? mirror_id : 1, flags | fs->data_flags);
	assert_true(*ret_fd >= 0);
	return 0;
}

static struct component *component_of(struct layout *l, uint32_t id)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->comps[i].id == id)
			return &l->comps[i];
	}
	fail_msg("there is no component %u", id);
	return NULL;
}

/* Whether the part that the component has is as the file is, and ends where it does. */
static bool component_is_like_file(const struct component *c)
{
	uint64_t size = fake_size(), end = MIN_OF(c->end, size);
	int fd = open_mirror(c->id >> 16, O_RDONLY);
	static char a[MIB], b[MIB];
	bool same = lseek(fd, 0, SEEK_END) == (off_t)size;

	for (uint64_t at = c->start; same && at < end; at += MIB) {
		size_t len = (size_t)MIN_OF(MIB, end - at);

		assert_int_equal(pread(fake.file_fd, a, len, (off_t)at), len);
		same = pread(fd, b, len, (off_t)at) == (ssize_t)len && memcmp(a, b, len) == 0;
	}
	close(fd);
	return same;
}

static void new_layout(struct layout *l)
{
	layout_unref(fake.layout);
	fake.layout = l;
}

static int leased_resync_done(struct fs *fs, int fd, const uint32_t *component_ids,
			      unsigned int count)
{
	struct layout *then = layout_clone(fake.layout);
	int err = leased_note("resync_done");

	(void)fs;
	(void)fd;
	if (!err)
		err = check_lease(&leased.file);
	for (unsigned int i = 0; i < count && !err; i++) {
		struct component *c = component_of(then, component_ids[i]);

		assert_true(c->flags & COMP_STALE);
		assert_true(component_is_like_file(c));
		c->flags &= ~(uint32_t)COMP_STALE;
		leased.done[leased.done_count++] = component_ids[i];
	}
	if (err) {
		layout_unref(then);
		return err;
	}
	assert_true(leased.resyncing && leased.bound == 0);
	new_layout(then);
	leased.dones++;
	leased.resyncing = leased.file.held = false;
	return 0;
}

static int leased_component_flags(struct fs *fs, int fd, uint32_t id, uint32_t set, uint32_t clear)
{
	struct layout *then;
	int err = leased_note("component_flags");

	(void)fs;
	(void)fd;
	if (err)
		return err;
	assert_int_equal(set, COMP_STALE);
	assert_int_equal(clear, 0);
	assert_true(leased.file.held);
	if (mirror_usable(fake.layout, id) && mirror_count_usable(fake.layout) == 1)
		return fail(-EBUSY, "is the last one in sync");
	then = layout_clone(fake.layout);
	for (uint32_t i = 0; i < then->count; i++) {
		if (mirror_id_at(then, i) == id)
			then->comps[i].flags |= set;
	}
	new_layout(then);
	return 0;
}

/* The victim is what the file is, with its times. */
static void assert_merged_right(int victim_fd)
{
	struct stat file, victim;
	char name[FD_PATH_MAX];
	int plain = open(fd_path(victim_fd, name), O_RDONLY | O_CLOEXEC);

	assert_true(plain >= 0);
	assert_true(same_bytes(fake.file_fd, plain));
	assert_int_equal(fstat(fake.file_fd, &file) | fstat(plain, &victim), 0);
	assert_int_equal(file.st_mtim.tv_sec, victim.st_mtim.tv_sec);
	assert_int_equal(file.st_mtim.tv_nsec, victim.st_mtim.tv_nsec);
	close(plain);
}

static int leased_merge(struct fs *fs, int fd, const struct fs_merge *req)
{
	int err = leased_note("merge");

	(void)fd;
	if (err)
		return err;
	assert_int_equal(req->victim_count, fs->merge_max);
	assert_true(req->close_lease && leased.file.held);
	err = check_lease(&leased.file);
	if (err)
		return err;
	assert_int_equal(req->file_version, fake.version);
	assert_merged_right(req->victim_fds[0]);
	leased.file.held = false;
	leased.merges++;
	return 0;
}

/* Under the lease it is that which keeps the data as it is. */
static int leased_swap(struct fs *fs, int fd, int victim_fd, const struct fs_swap *req)
{
	int err = leased_note("swap");

	(void)fs;
	(void)fd;
	if (!err && req->close_lease)
		err = check_lease(&leased.file);
	if (!err && !req->close_lease && req->file_version != fake.version)
		err = fail(-EAGAIN, "changed");
	if (err)
		return err;
	assert_true(req->close_lease ? leased.file.held : fake.held);
	assert_merged_right(victim_fd);
	fake.commits++;
	leased.file.held = false;
	return 0;
}

static int leased_drop_cache(struct fs *fs, int fd)
{
	int err = leased_note("drop_cache");

	(void)fs;
	assert_true(fcntl(fd, F_GETFL) >= 0);
	return err;
}

static int leased_moved(struct fs *fs, int fd, struct fs_moved *ret)
{
	(void)fs;
	(void)fd;
	(void)ret;
	return fail(-EOPNOTSUPP, "isn't counted");
}

static const struct fs_ops leased_ops = {
	.name = "leased",
	.layout_get = fake_layout_get,
	.fid_get = fake_fid_get,
	.victim_open = fake_victim_open,
	.data_version = leased_data_version,
	.lease_get = leased_lease_get,
	.lease_check = leased_lease_check,
	.lease_put = leased_lease_put,
	.group_lock = fake_group_lock,
	.group_unlock = fake_group_unlock,
	.open_source = fake_open_source,
	.swap = leased_swap,
	.drop_cache = leased_drop_cache,
	.resync_begin = leased_resync_begin,
	.mirror_bind = leased_mirror_bind,
	.resync_done = leased_resync_done,
	.mirror_open = leased_mirror_open,
	.merge = leased_merge,
	.mirror_check = fake_mirror_check,
	.split = fake_split,
	.component_flags = leased_component_flags,
	.moved = leased_moved,
	.target = fake_target,
	.pool = fake_pool,
};

uint32_t leased_id(uint32_t mirror, uint32_t number)
{
	return mirror << 16 | (mirror * COMPONENTS + number);
}

void set_mirrors(const uint32_t flags[LEASED_MIRRORS][COMPONENTS])
{
	struct layout *l = layout_new(LAYOUT_COMPOSITE, LEASED_MIRRORS * COMPONENTS);

	assert_non_null(l);
	l->mirror_count = LEASED_MIRRORS;
	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t k = i % COMPONENTS, mirror = i / COMPONENTS + 1;

		l->comps[i] = (struct component){ .id = leased_id(mirror, k),
						  .flags = flags[mirror - 1][k] | COMP_INIT,
						  .start = k ? COMPONENT_END : 0,
						  .end = k ? LAYOUT_EOF : COMPONENT_END,
						  .magic = LAYOUT_MAGIC_V1,
						  .pattern = PATTERN_RAID0,
						  .stripe_size = 1 << 20,
						  .stripe_count = 1 };
		assert_int_equal(component_set_objects(&l->comps[i], 1), 0);
		l->comps[i].objects[0].ost_idx = mirror - 1;
	}
	new_layout(l);
}

void set_plain(void)
{
	struct layout *l = layout_new(LAYOUT_PLAIN, 1);

	l->comps[0].stripe_count = 1;
	l->comps[0].stripe_size = 1 << 20;
	new_layout(l);
}

int leased_reset(void **state)
{
	static const uint32_t in_sync[LEASED_MIRRORS][COMPONENTS] = { { 0 } };
	const pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int err = fixture_reset(state), direct;

	memset(&leased, 0, sizeof(leased));
	leased.lock = lock;
	leased.other_version = 70;
	fake.version = 7;
	fake.fs.ops = &leased_ops;
	fake.fs.copying = FS_COPYING_STREAMS;
	fake.fs.copy_threads = 2;
	fake.fs.merge_max = 1;
	direct = open_mirror(1, O_RDWR | O_DIRECT);
	fake.fs.data_flags = direct >= 0 ? O_DIRECT : 0;
	if (direct >= 0)
		close(direct);
	set_mirrors(in_sync);
	return err;
}
