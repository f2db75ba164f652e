/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_layout_commit_fixture.h"

char base[64], mdt_path[PATH_LEN];
bool namespace; /* with file systems of our own */
uint8_t data[DATA_BYTES];
char context[128];

bool run_here(const char *command)
{
	setenv("BASE", base, 1);
	return testfs_run(command);
}

int format_here(void)
{
	struct conf conf = { 0 };
	char path[PATH_LEN];
	int err;

	snprintf(mdt_path, sizeof(mdt_path), "%s/mdt", base);
	mkdir(mdt_path, 0755);
	err = conf_set_fsname(&conf, "demo");
	for (int i = 0; i < OSTS && !err; i++) {
		snprintf(path, sizeof(path), "%s/ost%d", base, i);
		mkdir(path, 0755);
		err = conf_add_ost(&conf, path);
	}
	if (!err)
		err = format_volume(mdt_path, &conf, false);
	if (err)
		printf("no volume here: %s\n", error_text(err));
	conf_release(&conf);
	return err;
}

/*
 * To memory, where that takes an ordinary user's xattrs (Linux 6.6): each attempt of a sweep makes
 * dozens of things durable, and a busy disk takes minutes for all of them.
 */
static void prefer_memory(void)
{
	char path[] = "/dev/shm/lovfs-test-XXXXXX";

	if (!mkdtemp(path))
		return;
	if (!setxattr(path, "user.lovfs", "", 0, 0))
		setenv("TMPDIR", "/dev/shm", 1);
	rmdir(path);
}

int make_volume(void **state)
{
	static struct testfs fs;
	struct random_source r = { .state = 1 };
	(void)state;

	umask(022);
	log_open("test_layout_commit", LOG_LEVEL_ERROR, false);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random_u64(&r);
	namespace = testfs_enter();
	if (namespace) {
		snprintf(base, sizeof(base), TESTFS_BASE "/tmpfs");
		if (!testfs_make(&fs, "tmpfs", "tmpfs", 0))
			return -1;
	} else {
		prefer_memory();
		if (!testfs_make_plain_xattrs(&fs, base))
			return -1;
	}
	return format_here();
}

int remove_volume(void **state)
{
	(void)state;
	if (!namespace)
		testfs_remove_plain(base);
	return 0;
}

struct volume *open_volume(void)
{
	struct volume *vol = NULL;
	int err = volume_open(mdt_path, 0, &vol);

	if (err)
		fprintf(stderr, "%s: %s\n", context, error_text(err));
	CHECK(!err);
	return vol;
}

unsigned int entries(const char *name)
{
	char path[PATH_LEN + 16];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", mdt_path, name);
	dir = opendir(path);
	CHECK(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Two components (the second over what is behind 128 KiB), or a plain one of that many stripes. */
static void set_layout(struct inode *inode, uint16_t stripes, bool composite)
{
	struct layout *l =
		layout_new(composite ? LAYOUT_COMPOSITE : LAYOUT_PLAIN, composite ? 2 : 1);
	uint8_t *bytes = malloc(LAYOUT_BYTES_MAX);
	size_t len;

	CHECK(l && bytes);
	l->magic = composite ? LAYOUT_MAGIC_COMPOSITE : 0;
	l->mirror_count = 1;
	for (uint32_t i = 0; i < l->count; i++) {
		struct component *c = &l->comps[i];

		c->magic = LAYOUT_MAGIC_V1;
		c->pattern = PATTERN_RAID0;
		c->start = i ? 2 * KIB64 : 0;
		c->end = composite && i == 0 ? 2 * KIB64 : LAYOUT_EOF;
		c->stripe_size = KIB64;
		c->stripe_count = stripes;
		c->offset_or_gen = LAYOUT_OFFSET_ANY;
	}
	CHECK(!layout_encode(l, bytes, LAYOUT_BYTES_MAX, &len));
	CHECK(!layout_attr_set(inode, bytes, len));
	free(bytes);
	layout_unref(l);
}

void fill(struct one *f, bool filled)
{
	if (filled)
		CHECK(handle_write(f->h, data, sizeof(data), 0) == (ssize_t)sizeof(data));
	CHECK(!handle_fsync(f->h, false));
}

struct one make(struct volume *vol, const char *name, uint16_t stripes, bool composite, bool filled)
{
	const struct mdt_creator who = { .uid = geteuid(), .gid = getegid(), .umask = 022 };
	struct one f = { 0 };

	CHECK(!names_create(inode_root(vol), name, 0644, &who, &f.inode));
	set_layout(f.inode, stripes, composite);
	CHECK(!handle_open(f.inode, O_RDWR, &f.h));
	CHECK(!inode_get_fid(f.inode, &f.fid));
	fill(&f, filled);
	return f;
}

uint64_t version(const struct one *f)
{
	uint64_t v;
	uint32_t layout_version;

	CHECK(!handle_data_version(f->h, &v, &layout_version));
	return v;
}

void drop(struct one *f)
{
	if (f->h)
		handle_release(f->h);
	if (f->inode)
		inode_forget(f->inode, 1);
	*f = (struct one){ 0 };
}

struct layout *layout_of(struct inode *inode)
{
	uint8_t *bytes = malloc(LAYOUT_BYTES_MAX);
	struct layout *l = NULL;
	ssize_t n;

	CHECK(bytes);
	n = layout_attr_get(inode, bytes, LAYOUT_BYTES_MAX);
	CHECK(n > 0 && !layout_decode(bytes, (size_t)n, &l));
	free(bytes);
	return l;
}

char content(struct inode *inode)
{
	static uint8_t got[DATA_BYTES + 1];
	struct handle *h;
	ssize_t n;

	CHECK(!handle_open(inode, O_RDONLY, &h));
	n = handle_read(h, got, sizeof(got), 0);
	handle_release(h);
	if (n == 0)
		return 'e';
	return n == (ssize_t)sizeof(data) && memcmp(got, data, sizeof(data)) == 0 ? 'd' : '?';
}

struct inode *look(struct inode *parent, const char *name)
{
	struct inode *inode = NULL;

	return names_lookup(parent, name, 0, &inode) ? NULL : inode;
}

void check_mirrors(struct volume *vol, struct inode *inode, char want)
{
	struct layout *l = layout_of(inode);
	uint32_t ids[LAYOUT_MIRRORS_MAX];
	unsigned int count = mirror_ids(l, ids);
	struct inode *lovfs = look(inode_root(vol), LOVFS_HIDDEN_DIR), *mirror, *dir, *file;
	char name[64];
	struct fid fid;

	CHECK(!inode_get_fid(inode, &fid));
	CHECK(lovfs && (mirror = look(lovfs, "mirror")));
	CHECK((dir = look(mirror, fid_text(fid, name))));
	for (unsigned int i = 0; i < count && l->mirror_count > 1; i++) {
		snprintf(name, sizeof(name), "%u", ids[i]);
		CHECK((file = look(dir, name)));
		CHECK(content(file) == want);
		inode_forget(file, 1);
	}
	inode_forget(dir, 1);
	inode_forget(mirror, 1);
	inode_forget(lovfs, 1);
	layout_unref(l);
}

static void add_named(struct objects *o, struct inode *inode)
{
	struct layout *l = layout_of(inode);

	for (uint32_t i = 0; i < l->count; i++) {
		const struct component *c = &l->comps[i];

		for (uint16_t k = 0; component_instantiated(l, c) && k < c->object_count; k++) {
			CHECK(o->named_count < OBJECTS_MAX);
			o->named[o->named_count++] = c->objects[k].fid;
		}
	}
	layout_unref(l);
}

static int add_there(void *cookie, struct fid id)
{
	struct objects *o = cookie;

	CHECK(o->there_count < OBJECTS_MAX);
	o->there[o->there_count++] = id;
	return 0;
}

static int by_fid(const void *a, const void *b)
{
	return fid_compare(*(const struct fid *)a, *(const struct fid *)b);
}

void check_objects(struct volume *vol, struct inode *const *files, size_t count)
{
	struct objects *o = calloc(1, sizeof(*o));

	CHECK(o);
	for (size_t i = 0; i < count; i++)
		if (files[i])
			add_named(o, files[i]);
	for (uint32_t i = 0; i < OSTS; i++)
		CHECK(!object_list_each(volume_ost(vol, i), add_there, o));
	qsort(o->named, o->named_count, sizeof(o->named[0]), by_fid);
	qsort(o->there, o->there_count, sizeof(o->there[0]), by_fid);
	CHECK(o->named_count == o->there_count);
	for (size_t i = 0; i < o->named_count; i++)
		CHECK(fid_equal(o->named[i], o->there[i]));
	free(o);
}

void check_links(struct inode *inode)
{
	struct stat st;

	CHECK(!inode_attr_get(inode, &st));
	CHECK(st.st_nlink == 1);
}

struct one t, victims[VICTIMS_MAX];

static const char *victim_name(unsigned int i, bool named, char buf[64])
{
	snprintf(buf, 64, "%s%u", named ? "v" : LOVFS_VICTIM_PREFIX, i);
	return buf;
}

void prepare_victims(struct volume *vol, unsigned int count, bool first_named, bool filled)
{
	char name[64];

	for (unsigned int i = 0; i < count; i++)
		victims[i] = make(vol, victim_name(i, first_named && i == 0, name),
				  (uint16_t)(i + 1), i == 1, filled);
}

int merge_all(void)
{
	struct fid fids[VICTIMS_MAX];
	uint64_t versions[VICTIMS_MAX];
	struct merge_request req = { .victims = fids,
				     .victim_versions = versions,
				     .file_version = version(&t),
				     .uid = geteuid() };

	for (; req.victim_count < VICTIMS_MAX && victims[req.victim_count].h; req.victim_count++) {
		fids[req.victim_count] = victims[req.victim_count].fid;
		versions[req.victim_count] = version(&victims[req.victim_count]);
	}
	return merge_commit(t.h, &req);
}

int swap_first(void)
{
	struct swap_request req = { .victim = victims[0].fid,
				    .file_version = version(&t),
				    .victim_version = version(&victims[0]),
				    .uid = geteuid() };

	return swap_commit(t.h, &req);
}

int split_by(uint32_t mirror_id, struct fid target, uid_t uid)
{
	const struct split_request req = { .mirror_id = mirror_id, .target = target, .uid = uid };

	return split_commit(t.h, &req);
}

int split_second(void)
{
	return split_by(2, victims[0].fid, geteuid());
}

unsigned int mirrors(struct inode *inode)
{
	struct layout *l = layout_of(inode);
	unsigned int n = l->mirror_count;

	layout_unref(l);
	return n;
}

uint16_t stripes(struct inode *inode)
{
	struct layout *l = layout_of(inode);
	uint16_t n = l->comps[0].stripe_count;

	layout_unref(l);
	return n;
}

void prepare_named_merge(struct volume *vol)
{
	t = make(vol, "t", 2, true, true);
	prepare_victims(vol, 2, true, true);
}

void prepare_any_split(struct volume *vol, bool named)
{
	t = make(vol, "t", 2, true, true);
	prepare_victims(vol, 2, false, true);
	CHECK(!merge_all());
	drop(&victims[0]);
	drop(&victims[1]);
	volume_drain(vol);
	prepare_victims(vol, 1, named, false);
}

void drop_all(void)
{
	for (unsigned int i = 0; i < VICTIMS_MAX; i++)
		drop(&victims[i]);
	drop(&t);
}

void clean(struct volume *vol, bool map_may_stay)
{
	static const char *const names[] = { "t", "v0", "v1", "v2" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)!names_unlink(inode_root(vol), names[i]);
	volume_drain(vol);
	check_objects(vol, NULL, 0);
	CHECK(entries("PENDING") == 0);
	CHECK(entries("LAYOUT") == 0);
	if (map_may_stay && entries("DIRTY") == 1)
		CHECK(run_here("rm $BASE/mdt/DIRTY/*"));
	CHECK(entries("DIRTY") == 0);
	CHECK(entries("ROOT") == 0);
}

struct volume *begin(void)
{
	snprintf(context, sizeof(context), "by hand");
	return open_volume();
}

void end(struct volume *vol)
{
	drop_all();
	volume_drain(vol);
	clean(vol, false);
	volume_close(vol);
}
