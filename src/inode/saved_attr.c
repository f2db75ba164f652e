/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/saved_attr.h"

#include "base/error.h"
#include "base/log.h"
#include "base/sys.h"
#include "inode/inode.h"
#include "inode/inode_state.h"
#include "inode/volume_state.h"
#include "layout/layout.h"

#include <errno.h>
#include <string.h>

/* The clock by which the file systems below set times: what is made after a write isn't older than it. */
static struct timespec now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t;
}

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

static struct timespec later(struct timespec a, struct timespec b)
{
	return is_later(a, b) ? a : b;
}

/* ---- what is on disk ---- */

static bool has_objects(struct file *f)
{
	CLEANUP_LAYOUT struct layout *l = file_layout(f);

	return l && layout_has_objects(l);
}

/* A record that can't be understood says nothing: the objects do. */
static int read_record(struct inode *inode, struct som *ret_som)
{
	int err = som_get(inode->vol->mdt, inode->fd, ret_som);

	if (err != -ENODATA && err != -EUCLEAN)
		return err;
	if (err == -EUCLEAN)
		log_warning("inode %ju: %s", (uintmax_t)inode->ino, error_text(err));
	*ret_som = (struct som){ .times = SOM_TIMES_OBJECTS };
	return 0;
}

static int load_locked(struct inode *inode, bool objects)
{
	struct saved_attr *a = &inode->saved;
	struct som som = { .exact = true, .times = SOM_TIMES_INODE };
	int err = objects && !a->loaded ? read_record(inode, &som) : 0;

	if (err || a->loaded)
		return err;
	a->som = som;
	a->size_known = som.exact;
	a->times_open = som.times != SOM_TIMES_INODE;
	a->loaded = true;
	return 0;
}

static int load(struct inode *inode, struct file *f)
{
	bool loaded, objects;
	int err;

	pthread_mutex_lock(&inode->lock);
	loaded = inode->saved.loaded;
	pthread_mutex_unlock(&inode->lock);
	if (loaded)
		return 0;
	objects = has_objects(f);
	pthread_mutex_lock(&inode->lock);
	err = load_locked(inode, objects);
	pthread_mutex_unlock(&inode->lock);
	return err;
}

/* The file, with its record loaded. */
static int get_loaded(struct inode *inode, struct file **ret_file)
{
	int err = inode_get_file(inode, ret_file);

	return err ? err : load(inode, *ret_file);
}

static int store_locked(struct inode *inode, const struct som *som)
{
	int err = som_set(inode->vol->mdt, inode->fd, som);

	if (!err)
		inode->saved.som = *som;
	return err;
}

static int flush_mtime_locked(struct inode *inode)
{
	struct saved_attr *a = &inode->saved;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, a->mtime };
	int err = a->mtime_ahead ? sys_utimens_fd(inode->fd, times) : 0;

	if (err)
		log_debug("inode %ju: modification time not set: %s", (uintmax_t)inode->ino,
			  strerrordesc_np(-err));
	else
		a->mtime_ahead = false;
	return err;
}

void saved_attr_flush_mtime(struct inode *inode)
{
	pthread_mutex_lock(&inode->lock);
	(void)!flush_mtime_locked(inode);
	pthread_mutex_unlock(&inode->lock);
}

/* ---- after a crash ---- */

/*
 * The time that a file has whose inode may not know it. Since when it was being written is known to 1/256 s.
 * The inode's own was set since then, by a sync, or it is from before, and then it may be in the future.
 */
static struct timespec open_mtime(const struct som *som, struct timespec of_inode,
				  const struct file_attr *attr)
{
	struct timespec t = of_inode;

	if (som->times == SOM_TIMES_SINCE)
		t = is_later(of_inode, now()) ? som->since : later(of_inode, som->since);
	return attr->has_mtime ? later(t, attr->mtime) : t;
}

static int settle_time_locked(struct inode *inode, const struct file_attr *attr)
{
	struct saved_attr *a = &inode->saved;
	struct stat st;
	int err = sys_fstat(inode->fd, &st);

	if (err)
		return err;
	a->mtime = open_mtime(&a->som, st.st_mtim, attr);
	a->mtime_ahead = is_later(a->mtime, st.st_mtim) || is_later(st.st_mtim, a->mtime);
	a->times_open = false;
	return flush_mtime_locked(inode);
}

/* All objects were asked, and nothing began to change since: what they say is so. Where it can't be stored
 * (the MDT is read only), it is known here, and the next daemon finds it out anew. */
static void settle_locked(struct inode *inode, const struct file_attr *attr)
{
	struct saved_attr *a = &inode->saved;
	const struct som som = { .size_bytes = attr->size_bytes,
				 .blocks = attr->blocks,
				 .exact = true,
				 .times = SOM_TIMES_INODE };
	int err = a->times_open ? settle_time_locked(inode, attr) : 0;

	if (!err)
		err = store_locked(inode, &som);
	if (err) {
		log_debug("inode %ju: not settled: %s", (uintmax_t)inode->ino, error_text(err));
		a->som.size_bytes = som.size_bytes;
	}
	a->size_known = true;
}

/* ---- saving ---- */

static bool may_save_locked(const struct inode *inode)
{
	const struct saved_attr *a = &inode->saved;

	return a->dirty && !a->changing && inode->file && !inode->orphan;
}

static void save_locked(struct inode *inode, const struct file_attr *attr)
{
	struct saved_attr *a = &inode->saved;
	struct som som = a->som;
	int err;

	if (attr->complete) {
		som.size_bytes = attr->size_bytes;
		a->size_known = true;
	}
	som.blocks = attr->all_blocks ? attr->blocks : MAX_OF(attr->blocks, som.blocks);
	som.exact = a->size_known;
	if (!flush_mtime_locked(inode) && !a->times_open)
		som.times = SOM_TIMES_INODE;
	err = store_locked(inode, &som);
	if (err)
		log_warning("inode %ju: size not saved: %s", (uintmax_t)inode->ino,
			    strerrordesc_np(-err));
	else
		a->dirty = false;
}

/* The objects are asked without the lock, which comes after the file's own. */
void saved_attr_save(struct inode *inode)
{
	struct file_attr attr;
	uint64_t begun;
	bool may;

	pthread_mutex_lock(&inode->lock);
	may = may_save_locked(inode);
	begun = inode->saved.begun;
	pthread_mutex_unlock(&inode->lock);
	if (!may || file_stat(inode->file, FILE_WHOLE, &attr))
		return;
	pthread_mutex_lock(&inode->lock);
	if (may_save_locked(inode) && inode->saved.begun == begun)
		save_locked(inode, &attr);
	pthread_mutex_unlock(&inode->lock);
}

/* ---- asking ---- */

/* Only what is about to be changed needs its time settled: that of each file of an earlier version is open. */
static bool may_settle_locked(const struct saved_attr *a, bool writes)
{
	return (!a->size_known || (a->times_open && writes)) && !a->dirty && !a->changing;
}

/*
 * What the objects say, with the file settled or saved if need be: what is told of a file that is written
 * isn't to change by its close.
 */
static int ask_objects(struct inode *inode, struct file *f, bool writes, struct file_attr *ret_attr)
{
	struct saved_attr *a = &inode->saved;
	uint64_t begun;
	int err = load(inode, f);

	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	begun = a->begun;
	pthread_mutex_unlock(&inode->lock);
	err = file_stat(f, FILE_WHOLE, ret_attr);
	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	if (a->begun == begun && may_save_locked(inode))
		save_locked(inode, ret_attr);
	else if (a->begun == begun && may_settle_locked(a, writes) && ret_attr->complete)
		settle_locked(inode, ret_attr);
	pthread_mutex_unlock(&inode->lock);
	return 0;
}

static int size_not_known(struct file *f)
{
	return file_size_unknown(f, FILE_WHOLE, "the file's size");
}

int saved_attr_check_size(struct inode *inode, bool writes)
{
	struct file_attr attr;
	struct file *f;
	bool settled, known;
	int err = get_loaded(inode, &f);

	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	known = inode->saved.size_known;
	settled = known && !(inode->saved.times_open && writes);
	pthread_mutex_unlock(&inode->lock);
	if (settled)
		return 0;
	err = ask_objects(inode, f, writes, &attr);
	return err || known || attr.complete ? err : size_not_known(f);
}

static void add_size_locked(const struct saved_attr *a, const struct file_attr *attr,
			    struct stat *st)
{
	uint64_t size = attr->size_bytes, blocks = attr->blocks;

	if (!attr->complete)
		size = a->size_known ? a->som.size_bytes : MAX_OF(size, a->som.size_bytes);
	if (!attr->all_blocks)
		blocks = MAX_OF(blocks, a->som.blocks);
	st->st_size = (off_t)size;
	st->st_blocks = (blkcnt_t)blocks;
}

static void add_times_locked(const struct saved_attr *a, const struct file_attr *attr,
			     struct stat *st)
{
	if (a->mtime_ahead) {
		st->st_mtim = a->mtime;
		st->st_ctim = later(st->st_ctim, a->mtime);
	} else if (a->times_open) {
		st->st_mtim = open_mtime(&a->som, st->st_mtim, attr);
	}
}

/* A file whose layout can't be understood still has what was saved of it. */
static int load_without_file(struct inode *inode, int why)
{
	bool known;
	int err;

	if (why != -EUCLEAN)
		return why;
	pthread_mutex_lock(&inode->lock);
	err = load_locked(inode, true);
	known = inode->saved.size_known;
	pthread_mutex_unlock(&inode->lock);
	return err || known ? err : why;
}

int saved_attr_ask(struct inode *inode, struct file_attr *ret_attr)
{
	struct file *f;
	int err = inode_get_file(inode, &f);

	*ret_attr = (struct file_attr){ 0 };
	return err ? load_without_file(inode, err) : ask_objects(inode, f, false, ret_attr);
}

int saved_attr_size_unknown(struct inode *inode)
{
	struct file *f;
	int err = inode_get_file(inode, &f);

	return err ? err : size_not_known(f);
}

int saved_attr_add_locked(const struct inode *inode, const struct file_attr *attr, struct stat *st)
{
	const struct saved_attr *a = &inode->saved;

	add_size_locked(a, attr, st);
	add_times_locked(a, attr, st);
	return attr->complete || a->size_known ? 0 : -EIO;
}

/* ---- changing ---- */

/* Data that only moves has the times that it had. What was open stays so: the objects' times are new. */
static struct som inexact_locked(const struct saved_attr *a, enum saved_change change)
{
	struct som som = a->som;

	som.exact = false;
	if (change == SAVED_DATA && som.times != SOM_TIMES_SINCE) {
		som.times = SOM_TIMES_SINCE;
		som.since = now();
	}
	return som;
}

/* The record on disk says less than is to happen. */
static bool must_tell_locked(const struct saved_attr *a, enum saved_change change)
{
	return !a->dirty || (change == SAVED_DATA && a->som.times != SOM_TIMES_SINCE);
}

static int begin_locked(struct inode *inode, enum saved_change change)
{
	struct saved_attr *a = &inode->saved;

	if (must_tell_locked(a, change)) {
		const struct som som = inexact_locked(a, change);
		int err = store_locked(inode, &som);

		if (err)
			return fail_sys(err, "cannot note that the file is written");
		a->dirty = true;
	}
	a->changing++;
	a->begun++;
	return 0;
}

int saved_attr_begin(struct inode *inode, enum saved_change change)
{
	struct file *f;
	int err = get_loaded(inode, &f);

	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	err = begin_locked(inode, change);
	pthread_mutex_unlock(&inode->lock);
	return err;
}

void saved_attr_end(struct inode *inode, const struct saved_result *result)
{
	struct saved_attr *a = &inode->saved;
	uint64_t at_least;

	pthread_mutex_lock(&inode->lock);
	at_least = result->sets_size ? 0 : a->som.size_bytes;
	a->som.size_bytes = MAX_OF(at_least, result->size_bytes);
	if (result->size_unclear)
		a->size_known = false;
	if (result->changed) {
		a->mtime = now();
		a->mtime_ahead = true;
		a->times_open = false;
		/* Older than that now, by the rule that compares the two: the next read may set
		 * it. */
		atomic_store(&inode->access.fresh_until_s, INT64_MIN);
	}
	a->changing--;
	pthread_mutex_unlock(&inode->lock);
}

/* ---- utimensat(2) ---- */

/* The record no longer says since when it is written: or a crash would bring that time back. */
static int forget_since_locked(struct inode *inode)
{
	struct saved_attr *a = &inode->saved;
	struct som som = a->som;

	a->mtime_ahead = false;
	a->times_open = false;
	if (som.times == SOM_TIMES_INODE)
		return 0;
	som.times = SOM_TIMES_INODE;
	som.exact = !a->dirty && som.exact;
	return store_locked(inode, &som);
}

int saved_attr_set_times(struct inode *inode, const struct timespec times[2])
{
	struct file *f;
	int err = get_loaded(inode, &f);

	if (err)
		return err;
	pthread_mutex_lock(&inode->lock);
	err = sys_utimens_fd(inode->fd, times);
	if (!err && times[1].tv_nsec != UTIME_OMIT)
		err = forget_since_locked(inode);
	pthread_mutex_unlock(&inode->lock);
	if (!err)
		file_touch(
			f); /* a swap that was prepared with the times before must not come through */
	return err;
}
