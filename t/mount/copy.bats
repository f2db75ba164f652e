#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# copy_file_range(2) on the mount, as plain programs use it.

load lib

# moved KIND: bytes that copies moved that way since the mount: shared, kernel, user or holes.
moved() { lov stats --json "$MNT" | jq -r ".[0].${1}_bytes"; }

# crossed: bytes that programs read and wrote through the mount.
crossed() { lov stats --json "$MNT" | jq -r '.[0].read_bytes + .[0].written_bytes'; }

# used: bytes in use on the file systems of the OSTs.
used() {
	sync -f "$T/d0"
	df --output=used -B1 "$T/d0" | tail -1
}

setup() {
	lov_setup
	volume_make -n 4 -s 1024
	volume_mount
}

@test "cp shares extents where the OSTs can, and no byte crosses the mount" {
	local size=$((30 * 1024 * 1024 + 12345)) before after
	for layout in "-c 1" "-c 4 -S 1M" "-E 1M -c 1 -E 16M -c 2 -E -1 -c 4"; do
		mkdir -p "$MNT/dir"
		# shellcheck disable=SC2086 # several options
		lov setstripe $layout "$MNT/dir"
		head -c "$size" /dev/urandom >"$MNT/dir/a"
		sync
		before=$(crossed)
		cp "$MNT/dir/a" "$MNT/dir/b"
		after=$(crossed)
		[ "$((after - before))" -eq 0 ]
		same "$MNT/dir/a" "$MNT/dir/b"
		[ "$(stat -c %s "$MNT/dir/b")" -eq $size ]
		if fs_shares_extents; then
			# All but the ends of stripes that aren't whole blocks.
			[ "$(moved shared)" -ge $((size - 8 * 4096)) ]
		else
			[ "$(moved shared)" -eq 0 ]
			[ "$(($(moved kernel) + $(moved user)))" -ge $size ]
		fi
		rm "$MNT/dir/a" "$MNT/dir/b"
		volume_remount
	done
}

@test "copies between files of different stripe sizes and counts hold the same bytes" {
	local a b
	random_file "$T/data" $((11 * 1024 * 1024 + 4097))
	for a in "-c 1" "-c 3 -S 64k" "-c 4 -S 1M" "-C 7 -S 128k"; do
		# shellcheck disable=SC2086 # several options
		lov setstripe $a "$MNT/a"
		cp "$T/data" "$MNT/a"
		for b in "-c 1 -S 64k" "-c 4 -S 64k" "-c 2 -S 1M" "-E 64k -c 1 -E 10M -c 3 -E -1 -c 2 -S 2M"; do
			# shellcheck disable=SC2086 # several options
			lov setstripe $b "$MNT/b"
			cp "$MNT/a" "$MNT/b"
			same "$T/data" "$MNT/b"
			rm "$MNT/b"
		done
		rm "$MNT/a"
	done
}

@test "a shared copy takes no space until it is overwritten, and then each file keeps its own data" {
	fs_shares_extents || skip "$FS can't share extents"
	local before after
	head -c 64M /dev/urandom >"$MNT/a"
	before=$(used)
	cp "$MNT/a" "$MNT/b"
	after=$(used)
	[ $((after - before)) -lt $((4 * 1024 * 1024)) ]
	cp "$MNT/a" "$T/a"
	head -c 1M /dev/zero | dd of="$MNT/b" bs=1M seek=3 conv=notrunc status=none
	same "$T/a" "$MNT/a"
	head -c 1M /dev/zero | dd of="$T/a" bs=1M seek=3 conv=notrunc status=none
	same "$T/a" "$MNT/b"
}

@test "holes stay holes" {
	truncate -s 300M "$MNT/sparse"
	head -c 1M /dev/urandom | dd of="$MNT/sparse" bs=1M seek=100 conv=notrunc status=none
	head -c 5000 /dev/urandom | dd of="$MNT/sparse" bs=1000 seek=250000 conv=notrunc status=none
	cp --sparse=auto "$MNT/sparse" "$MNT/copy"
	same "$MNT/sparse" "$MNT/copy"
	[ "$(stat -c %s "$MNT/copy")" -eq $((300 * 1024 * 1024)) ]
	[ "$(du -k "$MNT/copy" | cut -f1)" -lt 4096 ]
	# The same in one call, which meets the holes by itself; over old data, which must not shine
	# through.
	lov setstripe -c 3 -S 64k "$MNT/over"
	head -c 310M /dev/zero | tr '\0' x >"$MNT/over"
	xfs_io -c "copy_range -s 0 -d 0 -l $((300 * 1024 * 1024)) $MNT/sparse" "$MNT/over"
	cmp -n $((300 * 1024 * 1024)) "$MNT/sparse" "$MNT/over"
	[ "$(tail -c 10M "$MNT/over" | tr -d x | wc -c)" -eq 0 ]
	[ "$(du -k "$MNT/over" | cut -f1)" -lt $((16 * 1024)) ]
}

@test "unaligned ranges: the ends are copied, the middle is shared" {
	fs_shares_extents || skip "$FS can't share extents"
	head -c 32M /dev/urandom >"$MNT/a"
	xfs_io -f -c "copy_range -s 1000 -d 5096 -l $((30 * 1024 * 1024 + 77)) $MNT/a" "$MNT/b"
	cmp -n $((30 * 1024 * 1024 + 77)) -i 1000:5096 "$MNT/a" "$MNT/b"
	[ "$(moved shared)" -ge $((29 * 1024 * 1024)) ]
}

@test "overlapping ranges of one file, files open for reading or appending are refused" {
	head -c 1M /dev/urandom >"$MNT/a"
	fails_with 0 "Invalid argument" xfs_io -c "copy_range -s 0 -d 4096 -l 8192 $MNT/a" "$MNT/a"
	fails_with 0 "Bad file descriptor" xfs_io -r -c "copy_range -s 0 -d 65536 -l 8192 $MNT/a" "$MNT/a"
	fails_with 0 "Bad file descriptor" xfs_io -a -c "copy_range -s 0 -d 65536 -l 8192 $MNT/a" "$MNT/a"
	# Not overlapping within one file is fine.
	xfs_io -c "copy_range -s 0 -d 524288 -l 65536 $MNT/a" "$MNT/a"
	cmp -n 65536 -i 0:524288 "$MNT/a" "$MNT/a"
}

@test "a copy clears set-user-id of an ordinary user's file" {
	mkdir "$MNT/u"
	chown 65534:65534 "$MNT/u"
	as_user sh -c "head -c 64k /dev/urandom >'$MNT/u/a'; echo old >'$MNT/u/b'; chmod 6755 '$MNT/u/b'"
	[ "$(stat -c %a "$MNT/u/b")" = 6755 ]
	as_user xfs_io -c "copy_range -s 0 -d 0 -l 65536 $MNT/u/a" "$MNT/u/b"
	[ "$(stat -c %a "$MNT/u/b")" = 755 ]
	same "$MNT/u/a" "$MNT/u/b"
}

@test "a copy past the source's end is short, at the end it is nothing" {
	head -c 100000 /dev/urandom >"$MNT/a"
	: >"$MNT/b"
	xfs_io -c "copy_range -s 50000 -d 0 -l 1000000 $MNT/a" "$MNT/b"
	[ "$(stat -c %s "$MNT/b")" -eq 50000 ]
	cmp -n 50000 -i 50000:0 "$MNT/a" "$MNT/b"
	xfs_io -c "copy_range -s 100000 -d 0 -l 1000 $MNT/a" "$MNT/b"
	[ "$(stat -c %s "$MNT/b")" -eq 50000 ]
}

@test "a copy stays on its source's device where extents can be shared, and is spread where not" {
	volume_unmount
	rm -rf "$T"/d0/*
	volume_make_again() {
		fs_make "$T/d1" 1024
		rm -rf "$T/d0/mdt" "$T/d0/ost"*
		mkdir "$T/d0/mdt" "$T/d0/ost0" "$T/d1/ost1"
		OST=("$T/d0/ost0" "$T/d1/ost1")
		mkfs.lovfs --fsname test --mdt "$T/d0/mdt" --ost "${OST[0]}" --ost "${OST[1]}"
	}
	volume_make_again
	volume_mount
	head -c 4M /dev/urandom >"$MNT/a"
	local home i there=0
	home=$(lov getstripe -i "$MNT/a")
	for i in $(seq 8); do
		cp "$MNT/a" "$MNT/b$i"
		[ "$(lov getstripe -i "$MNT/b$i")" -eq "$home" ] && there=$((there + 1))
		same "$MNT/a" "$MNT/b$i"
	done
	if fs_shares_extents; then
		[ "$there" -eq 8 ]
		[ "$(moved shared)" -eq $((8 * 4 * 1024 * 1024)) ]
	else
		[ "$there" -lt 7 ]
	fi
	# What is asked for goes first.
	lov setstripe -i $((1 - home)) "$MNT/c"
	cp "$MNT/a" "$MNT/c"
	[ "$(lov getstripe -i "$MNT/c")" -eq $((1 - home)) ]
	same "$MNT/a" "$MNT/c"
}

@test "the first copies on a mount, many at once, are done by the daemon like all others" {
	need python3 jq
	for ((i = 0; i < 16; i++)); do random_file "$MNT/a$i" 65536; done
	for ((round = 0; round < 5; round++)); do
		volume_remount
		python3 - "$MNT" <<-'EOF'
			import os, sys, threading
			os.chdir(sys.argv[1])
			start = threading.Barrier(16)
			def copy(i):
			    with open(f"a{i}", "rb") as a, open(f"b{i}", "wb") as b:
			        start.wait()
			        assert os.copy_file_range(a.fileno(), b.fileno(), 65536) == 65536
			threads = [threading.Thread(target=copy, args=(i,)) for i in range(16)]
			for t in threads: t.start()
			for t in threads: t.join()
		EOF
		[ "$(crossed)" -eq 0 ]
		cp "$MNT/a0" "$MNT/c"
		[ "$(crossed)" -eq 0 ]
		for ((i = 0; i < 16; i++)); do same "$MNT/a$i" "$MNT/b$i"; done
	done
}
