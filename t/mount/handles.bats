#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# File handles of the mount: what they mean after the kernel has forgotten the file, after a
# restart, and when they are made up.

load lib

# Inodes can be found by their numbers where the file systems's handles are known.
lasting() { [[ $FS != tmpfs ]]; }
needs_lasting() { lasting || skip "$FS has no handles that can be made of numbers"; }

by_handle() { "$BUILD_DIR/t/mount/by_handle" "$@"; }
save() { by_handle save "$MNT/$1" "$T/$2"; }
cat_handle() { by_handle cat "$MNT" "$T/$1"; }

# stale HANDLE: opening it says ESTALE.
stale() { fails_with 1 ESTALE cat_handle "$1"; }

# known: how many inodes of the mount the kernel knows: the daemon holds a descriptor for each.
known() { find "/proc/$DAEMON/fd" -lname "$MDT/*" -printf '%l\n' | grep -c -e "/ROOT/" -e "/PENDING/."; }

# forget: the kernel forgets all that isn't open, and the daemon has heard of it.
forget() {
	local i
	for ((i = 0; i < 40; i++)); do
		echo 2 >/proc/sys/vm/drop_caches
		[[ $(known) == 0 ]] && return
		sleep 0.05
	done
	echo "the kernel still knows $(known) inodes" >&2
	return 1
}

@test "a handle means its file after the kernel has forgotten it" {
	volume_make -n 2
	volume_mount
	mkdir -p "$MNT/a/b/c"
	echo text >"$MNT/a/b/c/file"
	save a/b/c/file h
	save a/b dir
	[ "$(cat_handle h)" = text ]
	forget
	if ! lasting; then
		stale h
		return
	fi
	[ "$(cat_handle h)" = text ]
	forget
	[ "$(by_handle path "$MNT" "$T/dir")" = "$MNT/a/b" ]
}

@test "of a file that was renamed, linked and given other names" {
	needs_lasting
	volume_make -n 2
	volume_mount
	mkdir "$MNT/a" "$MNT/b"
	echo text >"$MNT/a/file"
	save a/file h
	save a dir
	ln "$MNT/a/file" "$MNT/b/other"
	mv "$MNT/a/file" "$MNT/b/file"
	mv "$MNT/a" "$MNT/b/under"
	forget
	[ "$(cat_handle h)" = text ]
	[ "$(by_handle path "$MNT" "$T/dir")" = "$MNT/b/under" ]
	rm "$MNT/b/file"
	forget
	[ "$(cat_handle h)" = text ]
	rm "$MNT/b/other"
	stale h
	forget
	stale h
}

@test "of links and special files" {
	needs_lasting
	volume_make
	volume_mount
	ln -s target "$MNT/link"
	mkfifo "$MNT/fifo"
	save link l
	save fifo f
	forget
	by_handle path "$MNT" "$T/l"
	by_handle path "$MNT" "$T/f"
}

@test "of a removed file it is stale, also of one that is removed while open" {
	volume_make
	volume_mount
	echo text >"$MNT/file"
	mkdir "$MNT/dir"
	save file h
	save dir d
	exec 9<"$MNT/file"
	rm "$MNT/file"
	rmdir "$MNT/dir"
	echo 2 >/proc/sys/vm/drop_caches
	[ "$(cat_handle h)" = text ]
	exec 9<&-
	stale h
	stale d
	[ "$(find "$MDT/PENDING" -type f | wc -l)" -eq 0 ] || sleep 1
	echo 2 >/proc/sys/vm/drop_caches
	stale h
	stale d
}

@test "of an inode number that is used again it is stale" {
	volume_make
	volume_mount
	local ino i
	mkdir "$MNT/d"
	echo old >"$MNT/d/file"
	save d/file h
	ino=$(stat -c %i "$MNT/d/file")
	rm "$MNT/d/file"
	# The inode goes when the reaper is done with it.
	for ((i = 0; i < 100; i++)); do
		[ -z "$(ls "$MDT/PENDING")" ] && break
		sleep 0.05
	done
	for ((i = 0; i < 300; i++)); do
		: >"$MNT/d/file$i"
		[ "$(stat -c %i "$MNT/d/file$i")" = "$ino" ] && break
	done
	stale h
	echo 2 >/proc/sys/vm/drop_caches
	stale h
	[[ $FS == xfs || $FS == ext4 ]] || return 0 # the others use no number again
	[ "$(stat -c %i "$MNT/d/file$i")" = "$ino" ]
}

@test "it lasts over a restart of the daemon, and over its death" {
	needs_lasting
	volume_make -n 2
	volume_mount
	mkdir -p "$MNT/a/b"
	echo text >"$MNT/a/b/file"
	save a/b/file h
	save a/b d
	save . top
	volume_remount
	[ "$(cat_handle h)" = text ]
	volume_kill
	volume_mount
	[ "$(by_handle path "$MNT" "$T/d")" = "$MNT/a/b" ]
	[ "$(by_handle path "$MNT" "$T/top")" = "$MNT" ]
	[ "$(cat_handle h)" = text ]
	forget
	[ "$(cat_handle h)" = text ]
}

@test "what was opened by a handle is the file, for all that is done with it" {
	needs_lasting
	volume_make -n 2
	volume_mount
	echo text >"$MNT/file"
	save file h
	forget
	coproc HOLD { by_handle hold "$MNT" "$T/h"; }
	pid=$HOLD_PID
	read -r line <&"${HOLD[0]}"
	[ "$line" = ready ]
	echo more >>"$MNT/file"
	mv "$MNT/file" "$MNT/other"
	lov migrate -c 2 "$MNT/other"
	rm "$MNT/other"
	echo >&"${HOLD[1]}"
	[ "$(cat <&"${HOLD[0]}")" = $'text\nmore' ]
	wait "$pid"
}

@test "with an OST away the file is found, and says itself what it can't" {
	needs_lasting
	volume_make -d 2 -n 2
	volume_mount
	lov setstripe -c 1 -i 1 "$MNT/file"
	echo text >"$MNT/file"
	mkdir "$MNT/dir"
	save file h
	save dir d
	volume_unmount
	mv "${OST[1]}" "${OST[1]}.away"
	volume_mount
	[ "$(by_handle path "$MNT" "$T/d")" = "$MNT/dir" ]
	by_handle path "$MNT" "$T/h"
	fails_with 1 EIO cat_handle h
	volume_unmount
	mv "${OST[1]}.away" "${OST[1]}"
	volume_mount
	[ "$(cat_handle h)" = text ]
}

@test "nobody can make up a handle of what is not on the mount" {
	needs_lasting
	volume_make
	volume_mount
	echo text >"$MNT/file"
	ln -s elsewhere "$T/d0/link"
	echo secret >"$T/d0/outside"
	mkdir "$T/d0/outside.d"
	# Another volume's file on the same file system looks like one of ours.
	mkdir "$T/d0/mdt2" "$T/d0/ost2"
	mkfs.lovfs --fsname second --mdt "$T/d0/mdt2" --ost "$T/d0/ost2"
	mkdir "$T/mnt2"
	DAEMON_1=$DAEMON
	volume_serve "$T/d0/mdt2" "$T/mnt2"
	echo second >"$T/mnt2/file"
	by_handle save "$T/mnt2/file" "$T/second"
	unmount_soon "$T/mnt2"
	volume_wait
	DAEMON=$DAEMON_1
	# Its own handle, and ours with other numbers.
	stale second
	for path in outside outside.d link mdt mdt/PENDING mdt/volume.conf "ost0/label" mdt2/ROOT mdt2/ROOT/file ../mnt; do
		[[ -e $T/d0/$path || -L $T/d0/$path ]] || continue
		save file h
		by_handle forge "$T/h" "$(stat -c %i "$T/d0/$path")"
		echo "$path"
		stale h
	done
	# Nothing was written to any of them.
	[ -z "$(getfattr -h -m - -d "$T/d0/outside" 2>/dev/null)" ]
	[ -z "$(getfattr -h -m - -d "$T/d0/outside.d" 2>/dev/null)" ]
	# A number that nobody has, the root's, one of those apart.
	for number in 999999999 2 0 0x8000000000000000 0xffffffffffffffff 0x100000000000; do
		save file h
		by_handle forge "$T/h" $number
		stale h
	done
	save file h
	[ "$(by_handle guess "$MNT" "$T/h")" -eq 0 ]
	save . top
	[ "$(by_handle guess "$MNT" "$T/top")" -eq 0 ]
	echo more >>"$MNT/file"
	[ "$(cat "$MNT/file")" = $'text\nmore' ]
}

@test "a directory that somebody has moved out of the volume is stale" {
	needs_lasting
	volume_make
	volume_mount
	mkdir -p "$MNT/a/b" "$MNT/c"
	save a a
	save a/b b
	save c c
	volume_unmount
	mv "$MDT/ROOT/a" "$MDT/ROOT/c" "$T/d0"
	mv "$T/d0/c" "$MDT/PENDING"
	volume_mount
	stale a
	stale b
	stale c
}

@test "another key makes all handles stale" {
	needs_lasting
	volume_make
	volume_mount
	echo text >"$MNT/file"
	save file h
	volume_unmount
	[ "$(stat -c '%s %a' "$MDT/HANDLE_KEY")" = "16 600" ]
	rm "$MDT/HANDLE_KEY"
	volume_mount
	stale h
	save file h
	volume_remount
	[ "$(cat_handle h)" = text ]
}

@test "10,000 handles are kept and opened after the kernel has forgotten the files" {
	needs_lasting
	volume_make -s 1024
	volume_mount
	mkdir "$MNT/d"
	seq -f "$MNT/d/file%.0f" 10000 | while read -r name; do printf %s "${name##*/}" >"$name"; done
	[ "$(by_handle many "$MNT" "$MNT/d")" -eq 10000 ]
}

@test "files that are forgotten, looked up and opened by handle all the time" {
	needs_lasting
	volume_make
	volume_mount
	mkdir "$MNT/d"
	for i in {1..40}; do printf %s "f$i" >"$MNT/d/f$i"; done
	for _ in {1..6}; do by_handle many "$MNT" "$MNT/d" || echo failed; done >"$T/1" 2>&1 3>&- &
	one=$!
	for _ in {1..6}; do by_handle many "$MNT" "$MNT/d" || echo failed; done >"$T/2" 2>&1 3>&- &
	two=$!
	for _ in {1..20}; do cat "$MNT"/d/* >/dev/null; ls -l "$MNT/d" >/dev/null; done
	wait "$one" "$two"
	[ "$(sort -u "$T/1" "$T/2")" = 40 ]
}

@test "a daemon that may not open by handle offers no handles that last" {
	volume_make
	lovfs() { exec setpriv --bounding-set=-dac_read_search "$BUILD_DIR/src/lovfsd/lovfs" "$@"; }
	volume_mount
	unset -f lovfs
	mkdir "$MNT/d"
	echo text >"$MNT/d/file"
	save d/file h
	save d d
	[ "$(cat_handle h)" = text ]
	forget
	stale h
	stale d
	[ "$(cat "$MNT/d/file")" = text ]
	# It is known again, under the same number.
	[[ $FS == tmpfs ]] || [ "$(cat_handle h)" = text ]
}
