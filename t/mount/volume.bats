#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Making, serving and losing parts of a volume.

load lib

mkfs() { mkfs.lovfs --fsname test "$@"; }

@test "mkfs refuses what isn't empty, isn't there, is given twice or belongs to another volume" {
	fs_make "$T/d0"
	cd "$T/d0"
	mkdir mdt ost0 ost1 used mdt2 fresh
	echo data >used/file
	fails_with 1 "$T/d0/used" mkfs --mdt mdt --ost used
	fails_with 1 "$T/d0/used" mkfs --mdt used --ost ost0
	fails_with 1 "missing" mkfs --mdt mdt --ost missing
	fails_with 1 "missing" mkfs --mdt missing --ost ost0
	fails_with 1 "$T/d0/ost0" mkfs --mdt mdt --ost ost0 --ost ost0
	fails_with 1 "$T/d0/mdt" mkfs --mdt mdt --ost mdt
	fails_with 1 "$T/d0/used/file" mkfs --mdt mdt --ost used/file
	mkdir mdt/inside
	fails_with 1 "mdt/inside" mkfs --mdt mdt --ost mdt/inside
	rmdir mdt/inside
	fails_with 1 "nosuch" mkfs --mdt mdt --ost ost0 --pool nosuch,=1
	fails_with 1 "7" mkfs --mdt mdt --ost ost0 --pool flash=0,7
	fails_with 2 "--ost" mkfs --mdt mdt
	fails_with 2 "--mdt" mkfs --ost ost0
	fails_with 1 "toolongname" mkfs.lovfs --fsname toolongname --mdt mdt --ost ost0
	# Nothing was made by any of these.
	[ -z "$(find mdt ost0 ost1 -mindepth 1)" ]
	[ "$(cat used/file)" = data ]

	mkfs --mdt mdt --ost ost0
	fails_with 1 "OST 0" mkfs --mdt mdt2 --ost ost0
	fails_with 1 "$T/d0/mdt" mkfs --mdt mdt --ost fresh
	[ -z "$(find mdt2 fresh -mindepth 1)" ]
}

@test "a volume can be served once" {
	volume_make -n 1
	volume_mount
	mkdir "$T/second"
	fails_with 1 "served already" lovfs "$MDT" "$T/second"
	run ! mountpoint -q "$T/second"
	echo fine >"$MNT/file"
	[ "$(cat "$MNT/file")" = fine ]
}

@test "what can't be mounted says why" {
	volume_make -n 1
	mkdir "$T/empty" "$T/mp"
	fails_with 1 "not a volume" lovfs "$T/empty" "$T/mp"
	fails_with 1 "$T/nowhere" lovfs "$T/nowhere" "$T/mp"
	fails_with 1 "$T/nomp" lovfs "$MDT" "$T/nomp"
	echo "format: 99" >"$T/empty/volume.conf"
	fails_with 1 "volume.conf" lovfs "$T/empty" "$T/mp"
	head -c 100 /dev/urandom >"$T/empty/volume.conf"
	fails_with 1 "volume.conf" lovfs "$T/empty" "$T/mp"
	cp "$MDT/LAST_FID" "$T/last"
	echo rubbish >"$MDT/LAST_FID"
	fails_with 1 "LAST_FID" lovfs "$MDT" "$T/mp"
	cp "$T/last" "$MDT/LAST_FID"
	volume_mount
}

@test "an OST that is missing or swapped is inactive, and nothing is written into its place" {
	volume_make -n 3
	volume_mount
	for i in 0 1 2; do
		lov setstripe -i $i -c 1 "$MNT/f$i"
		echo "data $i" >"$MNT/f$i"
	done
	lov setstripe -c 3 -S 64k "$MNT/wide"
	random_file "$T/wide" 1000000
	cp "$T/wide" "$MNT/wide"
	volume_unmount
	mv "${OST[1]}" "$T/away"

	# Missing.
	volume_mount
	prints "OST0001.*inactive" lov df "$MNT"
	[ "$(cat "$MNT/f0")" = "data 0" ]
	fails_with 1 "Input/output error" cat "$MNT/f1"
	fails_with 1 "Input/output error" cat "$MNT/wide"
	[ "$(stat -c %s "$MNT/wide")" -eq 1000000 ]
	fails_with 1 "Input/output error" sh -c "echo x | dd of='$MNT/f1' conv=notrunc status=none"
	for i in $(seq 8); do echo new >"$MNT/new$i"; done
	fails_with 1 "inactive" lov setstripe -i 1 -c 1 "$MNT/named" || true
	volume_unmount

	# Another directory in its place: not ours.
	mkdir "${OST[1]}"
	volume_mount
	prints "OST0001.*inactive" lov df "$MNT"
	echo new >"$MNT/new9"
	[ -z "$(ls -A "${OST[1]}")" ]
	volume_unmount

	# The directory of another index.
	rmdir "${OST[1]}"
	cp -a "${OST[2]}" "${OST[1]}"
	volume_mount
	prints "OST0001.*inactive" lov df "$MNT"
	volume_unmount
	rm -r "${OST[1]}"

	# Back again: all data is there.
	mv "$T/away" "${OST[1]}"
	volume_mount
	[ "$(cat "$MNT/f1")" = "data 1" ]
	same "$T/wide" "$MNT/wide"
}

@test "a malformed layout costs that file only" {
	volume_make -n 2
	volume_mount
	for f in good cut flip none; do
		lov setstripe -c 2 "$MNT/$f"
		echo "$f" >"$MNT/$f"
	done
	volume_unmount
	local hex
	hex=$(getfattr -n trusted.lov -e hex "$MDT/ROOT/cut" | sed -n 's/^trusted.lov=0x//p')
	setfattr -n trusted.lov -v "0x${hex:0:60}" "$MDT/ROOT/cut"
	setfattr -n trusted.lov -v "0x$(tr 0-9 9 <<<"${hex:0:8}")${hex:8}" "$MDT/ROOT/flip"
	volume_mount
	[ "$(cat "$MNT/good")" = good ]
	fails_with 1 "Structure needs cleaning" cat "$MNT/cut"
	fails_with 1 "Structure needs cleaning" cat "$MNT/flip"
	ls -l "$MNT" >/dev/null
	echo more >>"$MNT/good"
	fails_with 1 "cut" lov getstripe "$MNT/cut"
	fails_with 1 "Structure needs cleaning" bash -c "echo x >>'$MNT/cut'"
	# They can be removed; what isn't understood is kept for a check.
	rm "$MNT/cut" "$MNT/flip"
	[ "$(head -1 "$MNT/good")" = good ]
}

@test "a full OST gives ENOSPC and harms nothing" {
	volume_make -d 2 -n 2 -s 512
	# The second device is filled from outside.
	volume_mount
	lov setstripe -c 1 -i 1 "$MNT/old"
	random_file "$T/old" 3000000
	cp "$T/old" "$MNT/old"
	lov setstripe -c 2 -S 64k "$MNT/wide"
	random_file "$T/wide" 1000000
	cp "$T/wide" "$MNT/wide"
	sync
	dd if=/dev/zero of="$T/d1/filler" bs=1M status=none 2>/dev/null || true
	sync -f "$T/d1"
	dd if=/dev/zero of="$T/d1/filler2" bs=4k status=none 2>/dev/null || true
	fails_with 1 "No space left" sh -c "head -c 50M /dev/urandom >>'$MNT/old'"
	cmp -n 3000000 "$T/old" "$MNT/old"
	fails_with 1 "No space left" sh -c "head -c 50M /dev/urandom >>'$MNT/wide'"
	cmp -n 1000000 "$T/wide" "$MNT/wide"
	# New files go where there is room.
	head -c 1M /dev/urandom >"$MNT/new"
	[ "$(lov getstripe -i "$MNT/new")" -eq 0 ]
	rm -f "$T/d1/filler" "$T/d1/filler2" # the second may not have got its inode
	head -c 1M /dev/urandom >>"$MNT/old"
	cmp -n 3000000 "$T/old" "$MNT/old"
}

@test "files go to OSTs in turn while these are balanced, and to the emptier when not" {
	[[ $FS == xfs || $FS == ext4 ]] || skip "free space of $FS is too soft for counting"
	volume_make -d 2 -n 2 -s 600
	volume_mount
	for i in $(seq 20); do echo x >"$MNT/f$i"; done
	local zero=0
	for i in $(seq 20); do [ "$(lov getstripe -i "$MNT/f$i")" -eq 0 ] && zero=$((zero + 1)); done
	[ "$zero" -eq 10 ]
	fallocate -l 450M "$T/d1/filler"
	sleep 1.5
	zero=0
	for i in $(seq 40); do
		echo x >"$MNT/g$i"
		[ "$(lov getstripe -i "$MNT/g$i")" -eq 0 ] && zero=$((zero + 1))
	done
	[ "$zero" -gt 24 ]
}

@test "object ids aren't used again after a crash" {
	volume_make -n 1
	volume_mount
	echo a >"$MNT/a"
	local first second
	first=$(find "${OST[0]}/O" -type f -printf '%f\n')
	volume_kill
	volume_mount
	rm "$MNT/a"
	echo b >"$MNT/b"
	sleep 0.3
	second=$(find "${OST[0]}/O" -type f -printf '%f\n')
	[ "$first" != "$second" ]
	[ "$second" -gt "$first" ]
}

@test "a killed daemon leaves no object behind once the volume is served again" {
	volume_make -n 2
	volume_mount
	random_file "$T/keep" 1000000
	cp "$T/keep" "$MNT/keep"
	sync
	# Unlinked but open.
	cp "$T/keep" "$MNT/gone"
	exec 7<"$MNT/gone"
	rm "$MNT/gone"
	volume_kill
	exec 7<&-
	volume_mount
	same "$T/keep" "$MNT/keep"
	df "$MNT" >/dev/null
	[ "$(object_count)" -eq 1 ]
	[ -z "$(ls -A "$MDT/PENDING")" ]
}

@test "mount -t fuse.lovfs and an fstab line work" {
	[[ $FS == xfs ]] || skip "once is enough: it's the same on every backing file system"
	volume_make -n 1
	local link=/usr/local/bin/lovfs
	[ ! -e $link ] || skip "$link exists already"
	ln -s "$BUILD_DIR/src/lovfsd/lovfs" $link
	mount -t fuse.lovfs "$MDT" "$MNT" || { rm $link; false; }
	echo fine >"$MNT/file"
	grep -q " $MNT fuse.lovfs " /proc/self/mounts
	unmount_soon "$MNT"
	echo "$MDT $MNT fuse.lovfs defaults,noauto 0 0" >"$T/fstab"
	mount -T "$T/fstab" "$MNT" || { rm $link; false; }
	rm $link
	[ "$(cat "$MNT/file")" = fine ]
	unmount_soon "$MNT"
	# The daemon ends and gives the lock back.
	for i in $(seq 100); do flock -n "$MDT/lock" true && break; sleep 0.1; done
	flock -n "$MDT/lock" true
}

@test "a user's volume works without root" {
	local mode
	mode=$(stat -c %a /dev/fuse)
	[ -u "$(command -v fusermount3)" ] || skip "fusermount3 isn't set-user-id"
	fs_make "$T/d0"
	chmod 777 "$T/d0"
	as_user mkdir "$T/d0/mdt" "$T/d0/ost0" "$T/d0/ost1" "$T/d0/mnt"
	as_user setfattr -n user.test -v 1 "$T/d0/ost0" 2>/dev/null || skip "$FS has no user xattrs here"
	as_user setfattr -x user.test "$T/d0/ost0"
	as_user env PATH="$PATH" mkfs.lovfs --fsname user --mdt "$T/d0/mdt" --ost "$T/d0/ost0" --ost "$T/d0/ost1"
	chmod 666 /dev/fuse
	MNT=$T/d0/mnt
	as_user env PATH="$PATH" lovfs "$T/d0/mdt" "$MNT" || { chmod "$mode" /dev/fuse; false; }
	chmod "$mode" /dev/fuse
	as_user env PATH="$PATH" sh -ec "
		cd '$MNT'
		lov setstripe -c 2 -S 64k f
		head -c 3000000 /dev/urandom >f
		cp f g
		cmp f g
		ln -s f l; mkfifo p; mkdir d; ln f d/h
		lov migrate -c 1 f
		cmp f g
		[ \"\$(lov getstripe -c f)\" -eq 1 ]
		setfattr -n user.lov -v x f 2>/dev/null && exit 1
		rm -r f g l p d"
	fails_with 2 "Permission denied" ls "$MNT"
	as_user fusermount3 -u "$MNT"
	for i in $(seq 100); do flock -n "$T/d0/mdt/lock" true && break; sleep 0.1; done
	[ "$(find "$T/d0/ost0/O" "$T/d0/ost1/O" -type f | wc -l)" -eq 0 ]
}
