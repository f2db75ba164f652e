/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inode/follow_state.h"

#include "inode/handle_state.h"
#include "inode/inode.h"
#include "inode/inode_state.h"

void follow_state_free(struct follow *w)
{
	for (unsigned int i = 0; w && i < w->victim_count; i++)
		inode_forget(w->victims[i], 1);
	free(w);
}

void follow_state_set_file(struct inode *victim, struct inode *file)
{
	pthread_mutex_lock(&victim->lock);
	victim->follows = file;
	pthread_mutex_unlock(&victim->lock);
}

static int find_mirror(const struct follow *w, uint32_t mirror_id)
{
	for (unsigned int i = 0; w && i < w->mirror_count; i++) {
		if (w->mirror_ids[i] == mirror_id)
			return (int)i;
	}
	return -1;
}

bool follow_state_has_mirror(struct inode *inode, uint32_t mirror_id)
{
	bool has;

	pthread_mutex_lock(&inode->lock);
	has = find_mirror(inode->follow, mirror_id) >= 0;
	pthread_mutex_unlock(&inode->lock);
	return has;
}

bool follow_state_is_by(struct handle *h, uint32_t mirror_id)
{
	const struct follow *w;
	bool is;

	pthread_mutex_lock(&h->inode->lock);
	w = h->inode->follow;
	is = w && w->h == h &&
	     (mirror_id == FILE_WHOLE ? w->victim_count > 0 : find_mirror(w, mirror_id) >= 0);
	pthread_mutex_unlock(&h->inode->lock);
	return is;
}

bool follow_state_is_physical(struct inode *inode)
{
	bool physical;

	pthread_mutex_lock(&inode->lock);
	physical = inode->follow && inode->follow->physical;
	pthread_mutex_unlock(&inode->lock);
	return physical;
}

bool follow_state_has_several(struct inode *inode)
{
	bool several;

	pthread_mutex_lock(&inode->lock);
	several = inode->follow && inode->follow->mirror_count + inode->follow->victim_count > 1;
	pthread_mutex_unlock(&inode->lock);
	return several;
}

bool follow_state_makes_mirrors(struct handle *h)
{
	const struct follow *w;
	bool makes;

	pthread_mutex_lock(&h->inode->lock);
	w = h->inode->follow;
	makes = w && w->h == h && (w->mirror_count || w->physical);
	pthread_mutex_unlock(&h->inode->lock);
	return makes;
}

void follow_state_remove_mirror(struct handle *h, uint32_t mirror_id)
{
	struct follow *w;
	int i;

	pthread_mutex_lock(&h->inode->lock);
	w = h->inode->follow;
	i = find_mirror(w, mirror_id);
	if (i >= 0)
		w->mirror_ids[i] = w->mirror_ids[--w->mirror_count];
	pthread_mutex_unlock(&h->inode->lock);
}

/* The file that the victim follows physically, with a reference; NULL: none. */
static struct inode *followed_file(struct inode *victim)
{
	struct inode *file;

	pthread_mutex_lock(&victim->lock);
	file = victim->follows;
	if (file)
		inode_ref(file);
	pthread_mutex_unlock(&victim->lock);
	if (file && !follow_state_is_physical(file)) {
		inode_forget(file, 1);
		file = NULL;
	}
	return file;
}

static unsigned int other_victims(struct inode *file, const struct inode *victim,
				  struct inode *ret_others[LAYOUT_MIRRORS_MAX])
{
	const struct follow *w;
	unsigned int count = 0;

	pthread_mutex_lock(&file->lock);
	w = file->follow;
	for (unsigned int i = 0; w && i < w->victim_count; i++) {
		if (w->victims[i] != victim) {
			inode_ref(w->victims[i]);
			ret_others[count++] = w->victims[i];
		}
	}
	pthread_mutex_unlock(&file->lock);
	return count;
}

/* Both have been opened: they have a struct file. */
static unsigned int add_layout(struct inode *inode, const struct layout **layouts,
			       unsigned int count, unsigned int max)
{
	if (count < max)
		layouts[count++] = file_layout(inode->file);
	inode_forget(inode, 1);
	return count;
}

unsigned int follow_state_layouts_to_avoid(struct inode *victim, const struct layout **ret_layouts,
					   unsigned int max)
{
	struct inode *file = followed_file(victim), *others[LAYOUT_MIRRORS_MAX];
	unsigned int other_count, count = 0;

	if (!file)
		return 0;
	other_count = other_victims(file, victim, others);
	for (unsigned int i = 0; i < other_count; i++)
		count = add_layout(others[i], ret_layouts, count, max);
	return add_layout(file, ret_layouts, count, max);
}
