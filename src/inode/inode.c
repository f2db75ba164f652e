/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/inode.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "inode/inode_kind.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "mdt/layout_ea.h"
#include "mdt/lma.h"
#include "mdt/mdt.h"
#include "mdt/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FIRST_BUCKETS 1024

/* What a chain is searched for. */
struct key {
	enum inode_kind kind;
	uint64_t ino;
	uint32_t mirror_id;
};

static struct key key_of(const struct inode *inode)
{
	return (struct key){ .kind = inode->kind,
			     .ino = inode->ino,
			     .mirror_id = inode->mirror_id };
}

static bool key_equal(struct key a, struct key b)
{
	return a.kind == b.kind && a.ino == b.ino && a.mirror_id == b.mirror_id;
}

/* Fibonacci hashing: neighbouring inode numbers go to different chains. */
static struct inode **chain(const struct inode_table *t, struct key key)
{
	uint64_t h = (key.ino ^ (uint64_t)key.kind << 56 ^ (uint64_t)key.mirror_id << 40) *
		     0x9E3779B97F4A7C15u;

	return &t->buckets[h >> 20 & (t->bucket_count - 1)];
}

static struct inode *find_locked(const struct inode_table *t, struct key key)
{
	struct inode *i;

	for (i = *chain(t, key); i; i = i->next) {
		if (key_equal(key_of(i), key))
			return i;
	}
	return NULL;
}

/* Doubles the table when chains get long; without memory they just stay long. */
static void grow_locked(struct inode_table *t)
{
	struct inode_table bigger = { .bucket_count = 2 * t->bucket_count, .count = t->count };

	if (t->count < t->bucket_count)
		return;
	bigger.buckets = calloc(bigger.bucket_count, sizeof(struct inode *));
	if (!bigger.buckets)
		return;
	for (size_t b = 0; b < t->bucket_count; b++) {
		while (t->buckets[b]) {
			struct inode *i = t->buckets[b], **to;

			t->buckets[b] = i->next;
			to = chain(&bigger, key_of(i));
			i->next = *to;
			*to = i;
		}
	}
	free(t->buckets);
	*t = bigger;
}

static void insert_locked(struct inode_table *t, struct inode *inode)
{
	struct inode **to;

	grow_locked(t);
	to = chain(t, key_of(inode));
	inode->next = *to;
	*to = inode;
	t->count++;
}

static void remove_locked(struct inode_table *t, struct inode *inode)
{
	struct inode **at = chain(t, key_of(inode));

	while (*at != inode)
		at = &(*at)->next;
	*at = inode->next;
	t->count--;
}

static void inode_free(struct inode *inode)
{
	file_free(inode->file);
	fd_cleanup(&inode->fd);
	pthread_mutex_destroy(&inode->lock);
	pthread_mutex_destroy(&inode->commit_lock);
	free(inode);
}

static bool is_root(const struct volume *vol, struct key key)
{
	return key.kind == INODE_MDT && (!vol->root || vol->root->ino == key.ino);
}

/* The first inode that there is is the root. */
static uint64_t number_locked(struct volume *vol, struct key key)
{
	if (is_root(vol, key))
		return INODE_NUMBER_ROOT;
	if (key.kind == INODE_MDT && numbers_known(vol->mdt) && key.ino > INODE_NUMBER_ROOT &&
	    key.ino < INODE_NUMBER_APART)
		return key.ino;
	return INODE_NUMBER_APART | vol->next_apart++;
}

static void add_locked(struct inode_table *t, struct inode *inode)
{
	inode->number = number_locked(inode->vol, key_of(inode));
	insert_locked(t, inode);
}

/* The inode of that key with a reference, or a new one made of the arguments. fd and target are
 * taken over. */
static int obtain(struct volume *vol, struct key key, mode_t type, int fd, struct inode *target,
		  struct inode **ret_inode)
{
	struct inode *fresh = calloc(1, sizeof(*fresh)), *found = NULL;

	if (fresh) {
		*fresh = (struct inode){
			.vol = vol,
			.kind = key.kind,
			.ino = key.ino,
			.mirror_id = key.mirror_id,
			.target = target,
			.fd = fd,
			.type = type,
			.refs = 1,
		};
		pthread_mutex_init(&fresh->lock, NULL);
		pthread_mutex_init(&fresh->commit_lock, NULL);
		pthread_mutex_lock(&vol->table_lock);
		found = find_locked(&vol->table, key);
		if (found)
			found->refs++;
		else
			add_locked(&vol->table, fresh);
		pthread_mutex_unlock(&vol->table_lock);
		*ret_inode = found ? found : fresh;
	}
	if (found)
		inode_free(fresh);
	else if (!fresh)
		fd_cleanup(&fd);
	if (target && (found || !fresh))
		inode_forget(target, 1);
	return fresh ? 0 : fail(-ENOMEM, "no memory for an inode");
}

int inode_obtain(struct volume *vol, int fd, struct inode **ret_inode)
{
	struct stat st;
	int err = sys_fstat(fd, &st);

	if (err) {
		fd_cleanup(&fd);
		return err;
	}
	return obtain(vol, (struct key){ .kind = INODE_MDT, .ino = st.st_ino }, st.st_mode & S_IFMT,
		      fd, NULL, ret_inode);
}

int inode_obtain_hidden(struct volume *vol, enum inode_kind kind, struct inode *target,
			uint32_t mirror_id, struct inode **ret_inode)
{
	struct key key = { .kind = kind, .ino = target ? target->ino : 0, .mirror_id = mirror_id };

	if (target)
		inode_ref(target);
	return obtain(vol, key, kind == INODE_MIRROR ? S_IFREG : S_IFDIR, -1, target, ret_inode);
}

/* After a search with the table locked: what was found, with a reference, and the table isn't locked any more. */
static int end_search(struct volume *vol, struct inode *found, struct inode **ret_inode)
{
	if (found)
		found->refs++;
	pthread_mutex_unlock(&vol->table_lock);
	if (!found)
		return -ENOENT;
	*ret_inode = found;
	return 0;
}

int inode_find_used(struct volume *vol, uint64_t number, struct inode **ret_inode)
{
	struct inode *found;

	pthread_mutex_lock(&vol->table_lock);
	found = find_locked(&vol->table, (struct key){ .kind = INODE_MDT, .ino = number });
	if (found && found->number != number)
		found = NULL;
	return end_search(vol, found, ret_inode);
}

static bool has_fid(const struct inode *i, struct fid fid)
{
	return i->kind == INODE_MDT && i->have_fid && fid_equal(i->fid, fid) && inode_is_regular(i);
}

/* Who asks by FID has mostly just asked for the FID. */
static struct inode *find_named_locked(const struct volume *vol, struct fid fid)
{
	for (unsigned int n = 0; n < VOLUME_NAMED_MAX; n++) {
		if (vol->named[n] && has_fid(vol->named[n], fid))
			return vol->named[n];
	}
	return NULL;
}

static struct inode *find_fid_locked(const struct inode_table *t, struct fid fid)
{
	for (size_t b = 0; b < t->bucket_count; b++) {
		for (struct inode *i = t->buckets[b]; i; i = i->next) {
			if (has_fid(i, fid))
				return i;
		}
	}
	return NULL;
}

int inode_find(struct volume *vol, struct fid fid, struct inode **ret_inode)
{
	struct inode *found;

	pthread_mutex_lock(&vol->table_lock);
	found = find_named_locked(vol, fid);
	if (!found)
		found = find_fid_locked(&vol->table, fid);
	return end_search(vol, found, ret_inode);
}

int inode_table_init(struct volume *vol)
{
	int fd;

	vol->table.buckets = calloc(FIRST_BUCKETS, sizeof(struct inode *));
	if (!vol->table.buckets)
		return fail(-ENOMEM, "no memory for the table of inodes");
	vol->table.bucket_count = FIRST_BUCKETS;
	fd = sys_reopen(mdt_root_fd(vol->mdt), O_PATH | O_DIRECTORY);
	return fd < 0 ? fail_sys(fd, "opening the root directory")
		      : inode_obtain(vol, fd, &vol->root);
}

/* Frees inodes whatever their references: the kernel forgets nothing when a file system is
 * unmounted. */
void inode_table_release(struct volume *vol)
{
	for (size_t b = 0; b < vol->table.bucket_count; b++) {
		while (vol->table.buckets[b]) {
			struct inode *i = vol->table.buckets[b];

			vol->table.buckets[b] = i->next;
			inode_free(i);
		}
	}
	free(vol->table.buckets);
	vol->table = (struct inode_table){ 0 };
}

struct inode *inode_root(struct volume *vol)
{
	return vol->root;
}

void inode_ref(struct inode *inode)
{
	pthread_mutex_lock(&inode->vol->table_lock);
	inode->refs++;
	pthread_mutex_unlock(&inode->vol->table_lock);
}

void inode_forget(struct inode *inode, uint64_t n)
{
	struct volume *vol = inode->vol;
	struct inode *target = NULL;
	bool last;

	pthread_mutex_lock(&vol->table_lock);
	/* The root is never forgotten, whatever the kernel counts. */
	last = inode != vol->root && inode->refs <= n;
	if (last)
		remove_locked(&vol->table, inode);
	else if (inode != vol->root)
		inode->refs -= n;
	pthread_mutex_unlock(&vol->table_lock);
	if (last) {
		target = inode->target;
		inode_free(inode);
	}
	if (target)
		inode_forget(target, 1);
}

struct volume *inode_volume(const struct inode *inode)
{
	return inode->vol;
}

struct cached_pages *inode_cached_pages(struct inode *inode)
{
	return &inode->cached;
}

int inode_fd(const struct inode *inode)
{
	return inode->fd;
}

bool inode_is_hidden(const struct inode *inode)
{
	return inode->kind != INODE_MDT;
}

bool inode_is_mirror(const struct inode *inode)
{
	return inode->kind == INODE_MIRROR;
}

bool inode_is_regular(const struct inode *inode)
{
	return S_ISREG(inode->type);
}

static int get_fid_locked(struct inode *inode)
{
	int err = 0;

	if (!inode->have_fid)
		err = lma_get_fid(inode->vol->mdt, inode->fd, &inode->fid);
	inode->have_fid = !err;
	return err;
}

int inode_get_fid(struct inode *inode, struct fid *ret_fid)
{
	int err;

	if (inode->kind != INODE_MDT)
		return inode->target ? inode_get_fid(inode->target, ret_fid) : -EOPNOTSUPP;
	pthread_mutex_lock(&inode->lock);
	err = get_fid_locked(inode);
	if (!err)
		*ret_fid = inode->fid;
	pthread_mutex_unlock(&inode->lock);
	return err;
}

/* A file that has no layout (it was put into ROOT by hand) is an empty one with the volume's
 * default. */
static int read_layout(struct inode *inode, struct layout **ret_layout)
{
	int err = layout_ea_get(inode->vol->mdt, inode->fd, ret_layout);

	if (err == -ENODATA)
		return layout_resolve(inode->vol->default_layout, NULL, ret_layout);
	return err;
}

static int make_file_locked(struct inode *inode)
{
	CLEANUP_LAYOUT struct layout *l = NULL;
	int err;

	if (inode->file)
		return 0;
	err = get_fid_locked(inode);
	if (!err)
		err = read_layout(inode, &l);
	if (!err)
		err = layout_check_file(l, &inode->vol->limits);
	if (err == -EOPNOTSUPP) /* can't be read or written, but looked at and removed */
		err = 0;
	if (!err)
		err = file_new(inode->fid, &inode->vol->osts, l, inode->vol->first_version,
			       &inode->file);
	return err;
}

int inode_get_file(struct inode *inode, struct file **ret_file)
{
	int err;

	if (inode->kind == INODE_MIRROR)
		return inode_get_file(inode->target, ret_file);
	if (inode->kind != INODE_MDT || !inode_is_regular(inode))
		return -EISDIR;
	pthread_mutex_lock(&inode->lock);
	err = make_file_locked(inode);
	if (!err)
		*ret_file = inode->file;
	pthread_mutex_unlock(&inode->lock);
	return err;
}

int inode_fsync(struct inode *inode)
{
	return mdt_fsync(inode->vol->mdt, inode->fd);
}

int inode_check_owner(struct inode *inode, uid_t uid)
{
	struct stat st;
	int err = sys_fstat(inode->fd, &st);

	if (err)
		return err;
	return uid == 0 || uid == st.st_uid
		       ? 0
		       : fail(-EPERM, "the file belongs to user %u", st.st_uid);
}
