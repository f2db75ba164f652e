/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a file's layout to the one that it has after a commit on its mirrors. PURE: gives a new layout
 * (one reference, the caller's) and leaves the old one alone; its generation is the next one. Where
 * nothing would change, *ret_layout is a reference of `l` itself.
 *
 * Errors have text that names the mirror: -ENOENT no such mirror, -EINVAL, -ENOMEM.
 */
#ifndef LOVFS_LAYOUT_MIRROR_CHANGE_H
#define LOVFS_LAYOUT_MIRROR_CHANGE_H

#include "layout/mirror.h"

/*
 * Before data is written to [start, end) of mirror `primary`: each component of another mirror that
 * overlaps a component of the primary that overlaps the range becomes stale, and the file write
 * pending. (Lustre's rule: the written component counts, not the bytes.) entry_gen of a component
 * that becomes stale is set to the generation at which its mirror became stale first: that of the
 * mirror's other stale components, or the new layout's. `end` may be LAYOUT_EOF. -EINVAL: the primary
 * isn't usable.
 */
int MUST_CHECK mirror_change_stale_others(const struct layout *l, uint32_t primary, uint64_t start,
					  uint64_t end, struct layout **ret_layout);

/* Whether mirror_change_stale_others() would change anything: false is what each write asks for. */
bool mirror_change_needed(const struct layout *l, uint32_t primary, uint64_t start, uint64_t end);

/* All components of the mirror become stale, by order and not by a write: a dirty map that it has
 * knows nothing of that, so all take the new generation. -EBUSY: it is the last usable one. */
int MUST_CHECK mirror_change_stale(const struct layout *l, uint32_t mirror_id,
				   struct layout **ret_layout);

/* The layout after `l`, in which the primary is stale as a whole, instead of what became stale from `before` to
 * `l`. -EBUSY: no other mirror was usable before. */
int MUST_CHECK mirror_change_stale_instead(const struct layout *l, const struct layout *before,
					   uint32_t primary, struct layout **ret_layout);

/* The generation at which the mirror became stale: entry_gen of its stale components; 0 where they
 * don't agree or none is stale. It names the mirror's dirty map. */
uint32_t mirror_change_stale_gen(const struct layout *l, uint32_t mirror_id);

/* A resync begins or ends without having done anything: state SP, or WP where a component is stale
 * and RO where none is. -EINVAL: to begin where there are no mirrors. */
int MUST_CHECK mirror_change_begin_resync(const struct layout *l, struct layout **ret_layout);
int MUST_CHECK mirror_change_end_resync(const struct layout *l, struct layout **ret_layout);

/* The mirrors are in sync: their stale flags go. State RO where no component is stale any more,
 * otherwise WP. */
int MUST_CHECK mirror_change_synced(const struct layout *l, const uint32_t *mirror_ids,
				    unsigned int count, struct layout **ret_layout);

/*
 * The layouts of `others`, each of one file without (or with one) mirror, become mirrors of l, in
 * sync, with the ids after the highest there is; component numbers begin at 1 in each, as on
 * Lustre; owners are the file's. A plain layout becomes a component over [0, EOF). -ERANGE: more
 * than 16 mirrors, or more components than LAYOUT_COMPONENTS_MAX. -EINVAL: one that has several
 * mirrors, or doesn't reach as far as the file's. -EOPNOTSUPP: data isn't in objects.
 */
int MUST_CHECK mirror_change_merge(const struct layout *l, const struct layout *const *others,
				   unsigned int count, struct fid file, struct layout **ret_layout);

/*
 * Takes one mirror out. *ret_rest is l without it (still composite, also with one mirror left; state
 * NONE then), *ret_split a layout of that mirror alone, mirror_count 1 and without stale flags, for
 * another file. -EBUSY: it is the last usable mirror, or the only one.
 */
int MUST_CHECK mirror_change_split(const struct layout *l, uint32_t mirror_id,
				   struct layout **ret_rest, struct layout **ret_split);

/*
 * `setstripe --comp-set`: sets and clears flags of component `id`, or, where id is a mirror's
 * (1 to 65535), of all of its components; id 0 is the component of a composite layout that has only
 * one. Known: prefer, prefrd, prefwr, offline, nosync, and stale to set (mirror_change_stale()).
 * nosync sets the timestamp to now_s (seconds since 1970), ^nosync to 0. -EOPNOTSUPP: ^stale (only a
 * resync can), others. -EBUSY: the last usable mirror would go offline or stale. -EINVAL: the layout
 * is plain.
 */
int MUST_CHECK mirror_change_flags(const struct layout *l, uint32_t id, uint32_t set,
				   uint32_t clear, uint64_t now_s, struct layout **ret_layout);

#endif
