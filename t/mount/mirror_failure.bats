#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# OSTs and objects that are lost: reads and writes go on with another mirror, and what was lost can
# be made again.

load lib
load mirror

@test "an inactive OST: the file is read and written as before, and brought up when it is back" {
	mirrored_file f 1000000 -N -o 1 -N -o 2
	for ost in 1 2 1; do
		id=$ost # mirror 1 is on OST 1, mirror 2 on OST 2
		ost_away $ost
		prints "OST000$ost.*inactive" lov df -v "$MNT"
		[ "$(stat -c %s f)" -eq 1000000 ]
		same "$T/data" f
		overwrite f 70000 4096
		[ "$(stale f)" = "$id" ]
		same "$T/data" f
		sync f
		fails_with 1 "f: " lov mirror resync f
		[ "$(stale f)" = "$id" ]
		both truncate -s 1000000 @
		ost_back $ost
		same "$T/data" f
		copies_at_most 131072 resync_little f
		in_sync f
	done
}

@test "a mirror whose OST doesn't come back is deleted, and another made" {
	mirrored_file f 1000000 -N -o 1 -N -o 2
	ost_away 1
	lov mirror delete --mirror-id 1 f
	[ "$(mirrors f)" = 2 ]
	lov mirror extend -N f
	in_sync f
	[ "$(mirror_osts f 3)" != "[1]" ]
	overwrite f 0 100
	lov mirror resync f
	in_sync f
}

@test "all mirrors are lost: an error, not wrong data" {
	mirrored_file f 1000000 -N -o 1 -N -o 2
	cd /
	volume_unmount
	mv "${OST[1]}" "${OST[1]}.away"
	mv "${OST[2]}" "${OST[2]}.away"
	volume_mount
	cd "$MNT"
	fails_with 1 "Input/output error" cat f
	[ "$(stat -c %s f)" -eq 1000000 ]
	[ "$(state f)" = ro ]
	fails_with 1 "Input/output error" dd if=/dev/zero of=f bs=4k count=1 conv=notrunc
	cd /
	volume_unmount
	mv "${OST[1]}.away" "${OST[1]}"
	mv "${OST[2]}.away" "${OST[2]}"
	volume_mount
	cd "$MNT"
	same "$T/data" f
	lov mirror resync f
	in_sync f
}

@test "a write that fails because all objects are gone doesn't make the file look empty" {
	mirrored_file f 1000000 -N -o 1 -N -o 2
	one=$(objects f 1) two=$(objects f 2)
	cd /
	volume_unmount
	mv "$one" "$T/one"
	mv "$two" "$T/two"
	volume_mount
	cd "$MNT"
	[ "$(stat -c %s f)" -eq 1000000 ]
	fails_with 1 "Input/output error" dd if=/dev/zero of=f bs=4k count=1 conv=notrunc
	fails_with 1 "Input/output error" cat f
	mv "$T/one" "$one"
	mv "$T/two" "$two"
	same "$T/data" f
}

@test "an object is gone: reads go to the other mirror, and are counted and logged" {
	mirrored_file f 3000000 -N -c 2 -S 64k -N -c 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	object=$(objects f 1 | tail -n 1)
	cd /
	volume_unmount
	mv "$object" "$T/object"
	volume_mount
	cd "$MNT"
	same "$T/data" f
	[ "$(stat -c %s f)" -eq 3000000 ]
	[ "$(failovers)" -ge 1 ]
	grep -q "mirror" "$DAEMON_LOG"
	fails_with 1 "" lov mirror verify f
	# A copy of the file reads it too.
	cp f g
	same "$T/data" g
	# It is made again by another mirror.
	lov mirror delete --mirror-id 1 f
	lov mirror extend -N -c 2 f
	in_sync f
}

@test "an object is gone: what is written goes to the other mirror, also where the first could take it" {
	mirrored_file f 300000 -N -c 2 -S 64k -N -c 1
	# Each object of mirror 1 in turn; what is written there is in the first one's range.
	for number in 1 2; do
		lov setstripe --comp-set -I 1 --comp-flags prefer f
		object=$(objects f 1 | sed -n "${number}p")
		cd /
		volume_unmount
		mv "$object" "$T/object"
		volume_mount
		cd "$MNT"
		if ((number == 1)); then
			overwrite f 131072 4096
		else
			both truncate -s 250000 @
		fi
		[ "$(stale f)" = 1 ]
		drop_caches
		same "$T/data" f
		cd /
		volume_unmount
		mv "$T/object" "$object"
		volume_mount
		cd "$MNT"
		same "$T/data" f
		lov mirror resync f
		in_sync f
	done
}

@test "a device dies while the volume is in use" {
	[[ $FS == xfs ]] || skip "needs a file system that can be shut down"
	need xfs_io
	mirrored_file f 3000000 -N -o 1 -N -o 2
	mirrored_file g 3000000 -N -o 1 -N -o 2
	cp "$T/data" "$T/data.g"
	mirrored_file h 3000000 -N -o 1 -N -o 2
	for name in f g h; do lov setstripe --comp-set -I 1 --comp-flags prefer $name; done
	exec 7<>f
	drop_caches
	xfs_io -x -c shutdown "$T/d1"
	same "$T/data.g" g
	[ "$(failovers)" -ge 1 ]
	[ "$(head -c 1000 h | cmp -n 1000 - "$T/data" && echo same)" = same ]
	overwrite h 100000 4096
	sync h
	same "$T/data" h
	exec 7<&-
	cd /
	volume_unmount
	umount "$T/d1"
	mount -o loop "$T/d1.img" "$T/d1"
	volume_mount
	cd "$MNT"
	same "$T/data" h
	lov mirror resync h
	in_sync h
	in_sync g "$T/data.g"
}

@test "no room for a mirror: extend and resync fail, nothing is lost, and later they come through" {
	mirrored_file f $((8 << 20)) -N -o 0 -N -o 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	# Of mirror 2 nothing takes room any more.
	both truncate -s 0 @
	lov mirror resync f
	fill_device 1
	overwrite f 0 $((24 << 20))
	[ "$(stale f)" = 2 ]
	fails_with 1 "No space left" lov mirror resync f
	[ "$(stale f)" = 2 ]
	[ "$(state f)" = wp ]
	same "$T/data" f
	lov setstripe -c 1 -o 0 g
	cat "$T/data" >g
	objects_before=$(object_count)
	fails_with 1 "No space left" lov mirror extend -N -o 1 g
	same "$T/data" g
	[ "$(lov getstripe -c g)" = 1 ]
	objects_left "$objects_before"
	nothing_left
	empty_device 1
	lov mirror resync f
	in_sync f
	lov mirror extend -N -o 1 g
	in_sync g
}

@test "no room for what is written: the writer is told, and the mirrors agree afterwards" {
	mirrored_file f $((1 << 20)) -N -o 1 -N -o 2
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	fill_device 1
	run ! dd if=/dev/urandom of=f bs=1M seek=1 count=24 conv=notrunc,fsync status=none
	cmp -n $((1 << 20)) "$T/data" f
	size=$(stat -c %s f)
	empty_device 1
	both truncate -s $((1 << 20)) @
	lov mirror resync f
	in_sync f
	[ "$size" -lt $((25 << 20)) ]
}
