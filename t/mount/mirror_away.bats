#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mirror that can't be reached (its OST is away, its file system was shut down, an object is
# missing): the last copy that can be read stays as it is, what can be done is done, and the message
# names the mirror and the OST.

load lib
load mirror

# away_file NAME: mirror 1 on OST 1, mirror 2 on OST 2, in sync, OST 1 away.
away_file() {
	mirrored_file "$1" 3000000 -N -o 1 -N -o 2 && ost_away 1
}

# untouched NAME ID...: in sync by its layout, and what these mirrors and the file have is the data.
untouched() {
	local name=$1 id
	shift
	[[ -z $(stale "$name") && $(state "$name") == ro ]] || {
		echo "$name: state '$(state "$name")', stale '$(stale "$name")'" >&2
		return 1
	}
	same "$T/data" "$name" || return 1
	for id; do mirror_same "$name" "$id" || return 1; done
}

# shut_down DEVICE: its file system gives EIO from now on; device_back DEVICE: mounted anew, and the
# volume too.
shut_down() {
	need xfs_io
	drop_caches
	xfs_io -x -c shutdown "$T/d$1"
}
device_back() {
	cd /
	volume_unmount || return 1
	umount "$T/d$1" || return 1
	mount -o loop "$T/d$1.img" "$T/d$1" || return 1
	volume_mount || return 1
	cd "$MNT" || return 1
}

@test "the last readable mirror isn't marked stale by what can't succeed" {
	away_file f
	echo other >"$T/other"
	fails_with 1 "OST 1 is inactive" lov mirror resync --force-resync f
	untouched f 2
	fails_with 1 "mirror 1: OST 1 is inactive" lov mirror copy -i 1 -o 2 f
	untouched f 2
	fails_with 1 "OST 1 is inactive" lov mirror write -N 2 -i "$T/other" f
	untouched f 2
	fails_with 1 "OST 1 is inactive" lov setstripe --comp-set -I 2 --comp-flags stale f
	untouched f 2
	fails_with 1 "OST 1 is inactive" lov setstripe --comp-set -I 2 --comp-flags offline f
	untouched f 2
	# Nor is the one that is away: nothing could be written to it.
	fails_with 1 "mirror 1: OST 1 is inactive" lov mirror copy -i 2 -o 1 f
	fails_with 1 "mirror 1: OST 1 is inactive" lov mirror write -N 1 -i "$T/other" f
	untouched f 2
	ost_back 1
	in_sync f
	lov mirror resync --force-resync f
	in_sync f
}

@test "the last readable mirror isn't deleted or split, but with --force" {
	away_file f
	objects_before=$(object_count)
	fails_with 1 "OST 1 is inactive" lov mirror delete --mirror-id 2 f
	grep -q -e "only with --force" "$T/stderr"
	fails_with 1 "OST 1 is inactive" lov mirror split --mirror-id 2 f
	fails_with 1 "OST 1 is inactive" lov mirror split -d --mirror-id 2 f
	[ ! -e "f.mirror~2" ]
	untouched f 2
	objects_left "$objects_before"
	nothing_left
	lov mirror split --force --mirror-id 2 f
	same "$T/data" "f.mirror~2"
	ost_back 1
	[ "$(mirrors f)" = 1 ]
	same "$T/data" f
}

@test "a stale mirror isn't overwritten or deleted while what is in sync can't be read" {
	mirrored_file f 3000000 -N -o 1 -N -o 2
	lov setstripe --comp-set -I 2 --comp-flags stale f
	ost_away 1
	for how in "resync" "resync --force-resync" "copy -i 1 -o 2" "delete --mirror-id 2" "split -d --mirror-id 2"; do
		# shellcheck disable=SC2086 # several words
		fails_with 1 "" lov mirror $how f
		[ "$(stale f)" = 2 ]
		same "$T/data" "$(objects f 2)"
	done
	fails_with 1 "" lov mirror write -N 2 -i /dev/null f
	same "$T/data" "$(objects f 2)"
	ost_back 1
	same "$T/data" f
	lov mirror resync f
	in_sync f
}

@test "by force goes also what is stale, or was the last" {
	mirrored_file f 300000 -N -o 1 -N -o 2
	lov mirror create -N -o 1 -N -o 2 g
	cat "$T/data" >g
	lov setstripe --comp-set -I 2 --comp-flags stale f
	lov setstripe --comp-set -I 2 --comp-flags stale g || true
	ost_away 1
	fails_with 1 "OST 1" lov mirror delete --mirror-id 2 f
	lov mirror delete --force --mirror-id 2 f
	[ "$(mirrors f)" = 1 ]
	lov mirror split --force --mirror-id 2 g
	[ "$(mirrors g)" = 1 ]
	ost_back 1
	same "$T/data" f
	same "$T/data" g
}

@test "the one that is away is deleted as before" {
	away_file f
	lov mirror delete --mirror-id 1 f
	[ "$(mirrors f)" = 2 ]
	same "$T/data" f
}

@test "a file system that is shut down while in use counts as away" {
	[[ $FS == xfs ]] || skip "needs a file system that can be shut down"
	mirrored_file f 3000000 -N -o 1 -N -o 2
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	exec 7<f
	shut_down 1
	for flag in stale offline; do
		fails_with 1 "OST 1" lov setstripe --comp-set -I 2 --comp-flags $flag f
	done
	fails_with 1 "mirror 1" lov mirror copy -i 1 -o 2 f
	fails_with 1 "OST 1" lov mirror delete --mirror-id 2 f
	fails_with 1 "" lov mirror write -N 2 -i "$T/data" f
	if can_follow; then
		fails_with 1 "mirror 1" lov mirror resync --force-resync f
	fi
	same "$T/data" f
	[ -z "$(stale f)" ]
	# A write goes to the one that is there.
	overwrite f 100000 4096
	[ "$(stale f)" = 1 ]
	same "$T/data" f
	exec 7<&-
	device_back 1
	same "$T/data" f
	lov mirror resync f
	in_sync f
}

@test "a missing object counts as away, also where it is open" {
	mirrored_file f 300000 -N -c 2 -S 64k -N -c 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	exec 7<>f
	drop_caches
	cat f >/dev/null # the daemon has mirror 1 open
	rm "$(objects f 1 | tail -n 1)"
	if can_follow; then
		fails_with 1 "mirror 1" lov mirror delete --mirror-id 2 f
		fails_with 1 "mirror 1" lov setstripe --comp-set -I 2 --comp-flags stale f
	else
		# Whoever has it open still reads the object, and is in the way.
		fails_with 1 "is open elsewhere" lov mirror delete --mirror-id 2 f
	fi
	same "$T/data" f
	[ -z "$(stale f)" ]
	if can_follow; then
		# What would be written to it now is gone when it is closed.
		fails_with 1 "mirror 1" lov mirror copy -i 2 -o 1 f
		[ -z "$(stale f)" ]
	fi
	exec 7>&-
	lov mirror delete --mirror-id 1 f
	same "$T/data" f
}

@test "a write that can go nowhere makes nothing stale" {
	[[ $FS == xfs ]] || skip "needs a file system that can be shut down"
	lovfs_only "the daemon chooses what is written"
	mirrored_file f 3000000 -N -o 1 -N -o 2
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	shut_down 1
	mount -o remount,ro "$T/d2"
	fails_with 1 "" dd if=/dev/zero of=f bs=4k count=1 conv=notrunc,fsync
	[ -z "$(stale f)" ]
	same "$T/data" f
	mount -o remount,rw "$T/d2"
	device_back 1
	in_sync f
}

@test "mirror write that has nothing to give makes nothing stale" {
	mirrored_file f 300000 -N -o 1 -N -o 2
	fails_with 1 "cannot read what is to be written" lov mirror write -N 2 f <"$T"
	untouched f 1 2
}

@test "verify says which mirror can't be read, and compares the others" {
	mirrored_file f 3000000 -N -o 1 -N -o 2 -N -o 3
	ost_away 1
	fails_with 1 "not all of its mirrors can be read" lov mirror verify f
	grep -qF "f: mirror 1: cannot be read (OST 1 is inactive" "$T/stdout"
	[ "$(wc -l <"$T/stdout")" -eq 1 ]
	lov mirror verify -v --only 2,3 f
	fails_with 1 "" lov mirror verify --only 1,2 f
	# One of the others differs.
	object=$(objects f 3)
	cd /
	volume_unmount
	printf X | dd of="$object" bs=1 seek=1000000 conv=notrunc status=none
	volume_mount
	cd "$MNT"
	fails_with 1 "its mirrors are not all alike, and not all can be read" lov mirror verify f
	grep -qF "f: mirror 1: cannot be read (OST 1 is inactive" "$T/stdout"
	grep -qF "f: mirror 3 differs from mirror 2: bytes [" "$T/stdout"
	[ "$(wc -l <"$T/stdout")" -eq 2 ]
}

@test "verify: one that fails in the middle is said to be unreadable, once, and nothing differs" {
	can_follow && skip "the double fails the reads"
	mirrored_file f $((12 << 20)) -N -o 1 -N -o 2 -N -o 3
	for n in 1 2 3 4 5 6 8 10 12; do
		export LUSTRE_DOUBLE_FAULT=pread:$n:EIO
		fails_with 1 "not all of its mirrors can be read" lov mirror verify f
		[ "$(grep -c "cannot be read (" "$T/stdout")" -eq 1 ]
		[ "$(wc -l <"$T/stdout")" -eq 1 ]
	done
	unset LUSTRE_DOUBLE_FAULT
	lov mirror verify f
}

@test "verify: stale, unreadable and different ones are told apart" {
	mirrored_file f 3000000 -N -o 1 -N -o 2 -N -o 3
	lov setstripe --comp-set -I 3 --comp-flags stale f
	fails_with 1 "its mirrors are not all alike" lov mirror verify f
	[ "$(cat "$T/stdout")" = "f: mirror 3 is stale" ]
	ost_away 1
	fails_with 1 "and not all can be read" lov mirror verify f
	grep -qF "f: mirror 3 is stale" "$T/stdout"
	grep -qF "f: mirror 1: cannot be read (OST 1 is inactive" "$T/stdout"
	run ! grep -q differs "$T/stdout"
}

@test "resync brings up what can be brought up, and names what can't" {
	mirrored_file f 3000000 -N -o 2 -N -o 0 -N -o 3
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	overwrite f 100000 200000
	[ "$(stale f)" = "2 3" ]
	ost_away 0
	fails_with 3 "1 of 2 mirrors brought up; mirror 2: OST 0 is inactive" lov mirror resync f
	[ "$(stale f)" = 2 ]
	[ "$(state f)" = wp ]
	mirror_same f 3
	# Now there is nothing that can be.
	fails_with 1 "mirror 2: OST 0 is inactive" lov mirror resync f
	# Of several files.
	lov mirror create -N -o 1 -N -o 2 g
	cat "$T/data" >g
	fails_with 3 "f: mirror 2: OST 0 is inactive" lov mirror resync f g
	[ -z "$(stale g)" ]
	# All of it by force, too: mirror 1 is read, and stays.
	fails_with 3 "1 of 2 mirrors brought up; mirror 2: OST 0 is inactive" lov mirror resync --force-resync f
	[ "$(stale f)" = 2 ]
	mirror_same f 3
	ost_back 0
	lov mirror resync f
	in_sync f
}

@test "by force: the mirror that is kept is one that can be read" {
	mirrored_file f 3000000 -N -o 1 -N -o 2 -N -o 3
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	ost_away 1
	fails_with 3 "1 of 2 mirrors brought up; mirror 1: OST 1 is inactive" lov mirror resync --force-resync -v f
	grep -q "f: 1 mirror brought up" "$T/stdout"
	untouched f 2 3
	fails_with 1 "OST 1 is inactive" lov mirror resync --force-resync --only 1 f
	lov mirror copy -i 2 -o 3 f
	fails_with 3 "mirror 1: OST 1 is inactive" lov mirror copy -i 2 -o -1 f
	untouched f 2 3
	ost_back 1
	in_sync f
}

@test "one destination is full: the others are brought up" {
	mirrored_file f $((4 << 20)) -N -o 0 -N -o 1 -N -o 2
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	both truncate -s 0 @
	lov mirror resync f
	overwrite f 0 $((24 << 20))
	[ "$(stale f)" = "2 3" ]
	fill_device 1
	fails_with 3 "1 of 2 mirrors brought up; mirror 2: " lov mirror resync f
	grep -q "OST 1" "$T/stderr"
	grep -q "No space left" "$T/stderr"
	[ "$(stale f)" = 2 ]
	mirror_same f 3
	empty_device 1
	lov mirror resync f
	in_sync f
	# All or nothing of what is new.
	fill_device 1
	fails_with 1 "OST 4" lov mirror extend -N -o 4 -N -o 5 f
	[ "$(mirrors f)" = "1 2 3" ]
	same "$T/data" f
	empty_device 1
}

@test "messages name the OST: migrate, extend, read" {
	lov setstripe -c 2 -S 64k -o 1,2 f
	random_file "$T/data" 1000000
	cat "$T/data" >f
	mirrored_file g 300000 -N -o 1 -N -o 2
	ost_away 1
	fails_with 1 "OST 1" lov migrate -c 1 -o 4 f
	fails_with 1 "OST 1" lov mirror extend -N -o 4 f
	fails_with 1 "OST 1" lov mirror read -N 1 -o "$T/out" g
	[ "$(lov getstripe -c f)" = 2 ]
	nothing_left
}

@test "messages name the OST that failed, not another one of its device, and what isn't known for it" {
	[[ $FS == xfs ]] || skip "needs a file system that can be shut down"
	lovfs_only "a device that fails in the middle"
	mirrored_file h 3000000 -N -o 1 -N -o 2
	mirrored_file f $((40 << 20)) -N -o 2 -N -o 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	overwrite f 0 $((40 << 20))
	lov setstripe -o 1 g
	cat "$T/data" >g
	exec 7<>f 8<>g 9<>h
	drop_caches
	(sleep 1 && shut_down 1) 3>&- &
	fails_with 1 "mirror 2" lov mirror resync -W 20M f
	grep -q "OST 1" "$T/stderr"
	run ! grep -q "OST 4" "$T/stderr"
	fails_with 1 "OST 1: " lov migrate -o 2 g
	fails_with 1 "OST 1: " lov mirror read -N 1 -o "$T/out" h
	exec 7>&- 8>&- 9>&-
	device_back 1
}

@test "setstripe and create warn of OSTs that can't be written now" {
	ost_away 1
	fails_with 0 "f: warning: OST 1 is inactive" lov setstripe -o 1,2 f
	[ "$(wc -l <"$T/stderr")" -eq 1 ]
	fails_with 0 "g: warning: OST 1 is inactive" lov mirror create -N -o 1 -N -o 2 g
	run --separate-stderr lov setstripe -c 2 h
	[ -z "$stderr" ]
	if can_follow; then
		mount -o remount,ro "$T/d2"
		fails_with 1 "" dd if=/dev/zero of=f bs=4k count=1 status=none
		fails_with 0 "OST 2 takes no new objects: Read-only file system" lov setstripe -o 2 i
		mount -o remount,rw "$T/d2"
	fi
}

@test "lov cp names the OST that can't be read, or written" {
	lovfs_only "the daemon knows"
	lov setstripe -o 1 f
	random_file "$T/data" 300000
	cat "$T/data" >f
	ost_away 1
	fails_with 1 "OST 1 is inactive" lov cp f "$T/out"
	mkdir d
	lov setstripe -o 1 d
	fails_with 1 "OST 1 takes no new objects" lov cp "$T/data" d/g
}
