#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The double of Lustre's kernel interface behaves as Lustre was seen to. Nothing here is about lov.

load lib
load double

setup() {
	lov_setup
	volume_make -d 2 -n 4 >/dev/null
	volume_mount
	cd "$MNT" || return
}

teardown() {
	cd /
	lov_teardown
}

# check CASE [ARG...]: a case of double_selftest. Everything is done as root, with the file's names
# as they are.
check() { lustre "$SELFTEST" "$@"; }

# mirror_count FILE: of components, of which each mirror here has one.
mirror_count() { lov getstripe "$1" | grep -c lcme_id:; }

# plain: a file f of one stripe with the pattern. mirrored: m, of two mirrors in sync.
plain() {
	lov setstripe -c 1 f
	check direct f
}
mirrored() {
	lov setstripe -c 1 m
	lustre "$SELFTEST" direct m
	random_file m 300000
	lov mirror extend -N m
	(($(mirror_count m) == 2))
}

@test "the mount is of type lustre, and has its handles and magic" {
	plain
	check looks f "$MNT" "$FSNAME"
}

@test "without LUSTRE_DOUBLE all is as it was" {
	echo data >f
	prints data env LD_PRELOAD="$LUSTRE_DOUBLE_SO" cat f
	LD_PRELOAD=$LUSTRE_DOUBLE_SO lov setstripe -c 2 g
	LD_PRELOAD=$LUSTRE_DOUBLE_SO lov migrate -c 2 f
	[[ $(cat f) == data ]]
}

@test "parameters come from a tree, or aren't there" {
	check parameters
	mkdir -p "$T/tree/sys/fs/lustre/version"
	LUSTRE_DOUBLE_SYS=$T/tree check parameters version
}

@test "direct descriptors: alignment, and the file's own inode number" { plain; }

@test "objects of new files, and layouts" {
	mkdir d
	cd d
	check objects .
}

@test "a group lock holds back, waits and ends" {
	plain
	check group-lock f
}

@test "leases" {
	plain
	check lease f
}

@test "data versions" {
	plain
	check versions f
}

@test "migrate by group lock and swap, with the data compared" {
	plain
	check migrate f
	check direct f
}

@test "migrate by lease and swap" {
	plain
	check migrate-live f
}

@test "merge and split" {
	lov setstripe -c 1 f
	lustre "$SELFTEST" direct f
	check merge f
	(($(mirror_count f) == 2))
	check split f
}

@test "flags of components are set and cleared by an xattr" {
	local id value
	mirrored
	id=$(lov getstripe m | awk '/lcme_id:/ { print $2; exit }')
	# A header with one entry: the component's id, and flags: 6 is "prefer"; with the highest
	# bit they are cleared.
	for flags in 06000000 06000080; do
		value=$(printf '0xd00bd60b%056d' 0 | sed 's/^\(0xd00bd60b.\{20\}\)..../\10100/')
		value+=$(printf '%08x' "$id" | sed -E 's/(..)(..)(..)(..)/\4\3\2\1/')$flags$(printf '%080d' 0)
		lustre setfattr -n lustre.lov.set.flags -v "$value" m
		lov getstripe m | grep lcme_flags: >"$T/$flags"
	done
	(($(grep -c prefer "$T/06000000") == 1))
	(($(grep -c prefer "$T/06000080") == 0))
	run ! lustre setfattr -n lustre.lov.set.flags -v 0xd00bd60b m
}

@test "bindings" {
	mirrored
	check binding m
}

@test "resync from end to end, with the data compared" {
	mirrored
	check resync m
	lov mirror verify m
}

@test "resync: a mirror is in sync when all of its stale components were named" {
	lov mirror create -N2 -E 1M -c 1 -E eof -c 1 m
	random_file m 3000000
	check resync-parts m
	nothing_forbidden
}

@test "resync whose lease is lost" {
	mirrored
	check resync-lost m
	lov mirror resync m
	lov mirror verify m
}

@test "what loses data ends the process" {
	plain
	mirrored
	check forbidden f m
	(($(double_log '^FORBIDDEN flush under the group lock') == 1))
	(($(double_log '^FORBIDDEN write to mirror without resync lease') == 2))
	(($(double_log '^FORBIDDEN swap of a mirrored file') == 1))
	(($(double_log '^FORBIDDEN resync done: mirror') == 1))
	(($(double_log '^FORBIDDEN write to mirror [0-9]+, which is in sync') == 1))
	run nothing_forbidden
	((status == 1))
}

@test "the kernel's copies" {
	plain
	random_file "$T/outside" 8192
	check copies f "$T/outside"
	(($(double_log '^FORBIDDEN copy_file_range') == 1))
	(($(double_log '^FORBIDDEN sendfile') == 1))
	(($(double_log '^copy_file_range = 4096') == 1))
}

@test "duplicated descriptors are one open file" {
	plain
	check dup f
}

@test "ordinary programs work as ever" {
	random_file "$T/data" $((5 << 20))
	lustre cp "$T/data" a
	same a "$T/data"
	lustre dd if="$T/data" of=b bs=1M oflag=direct status=none
	same b "$T/data"
	lustre dd if="$T/data" of=b bs=64k iflag=fullblock oflag=direct conv=notrunc status=none
	lustre dd if=b bs=1M iflag=direct status=none | cmp - "$T/data"
	lustre cp --preserve=all a c
	lustre lov cp c d
	lustre cat d | cmp - "$T/data"
	lustre tar -cf "$T/all.tar" .
	lustre tar -xf "$T/all.tar" --to-stdout ./d | cmp - "$T/data"
	lustre mv d e
	lustre rm a b c e
	[[ -z $(ls -A) ]]
	nothing_forbidden
}

@test "faults: errors" {
	local call
	plain
	for call in pread pwrite ftruncate fsync GETXATTR GET_LEASE SET_LEASE GROUP_LOCK DATA_VERSION FLR_SET_MIRROR; do
		lustre_fault "$call:1:EIO" "$SELFTEST" calls f "$call" "$call" >"$T/out"
		[[ $(head -n 1 "$T/out") == "$call EIO" ]]
		[[ $(tail -n 1 "$T/out") != *" E"* ]]
	done
	prints "SET_LEASE EBUSY" lustre_fault "SET_LEASE:2:EBUSY" "$SELFTEST" calls f SET_LEASE SET_LEASE
	(($(double_log '^fault pread:1:EIO') == 1))
	(($(double_log '^ioctl GET_LEASE = EIO') == 1))
	run lustre_fault "VOLATILE:1:ENOSPC" "$SELFTEST" merge f
	((status == 1))
	[[ $output == *"No space"* ]]
	run lustre_fault "SETXATTR:1:ENODATA" "$SELFTEST" migrate f
	((status == 1))
	run lustre_fault "nonsense" "$SELFTEST" calls f pread
	((status != 0))
}

@test "faults: short and flip" {
	plain
	lustre_fault "pwrite:1:flip" "$SELFTEST" calls f pwrite
	(($(tr -d w <f | wc -c) == 1))
	: >f
	lustre_fault "pwrite:1:short" "$SELFTEST" calls f pwrite
	[[ $(stat -c %s f) == 8192 ]]
}

@test "faults: the file is opened, written, gets another layout" {
	local before
	plain
	prints -x "GET_LEASE 0" lustre_fault "GET_LEASE:1:lose-lease" "$SELFTEST" calls f SET_LEASE GET_LEASE
	cp f "$T/before"
	lustre_fault "pread:1:write-file" "$SELFTEST" calls f pread
	[[ $(cmp -l f "$T/before" | wc -l) == 1 ]]
	cp f "$T/before"
	before=$(lov getstripe -v f)
	lustre_fault "pread:1:change-layout" "$SELFTEST" calls f pread
	same f "$T/before"
	[[ $(lov getstripe -v f) != "$before" ]]
	mirrored
	lustre_fault "pread:1:change-layout" "$SELFTEST" calls m pread
	(($(lov getstripe m | grep -c prefrd) == 1))
	lustre_fault "pread:1:change-layout" "$SELFTEST" calls m pread
	(($(lov getstripe m | grep -c prefrd) == 0))
}

@test "faults: a writer under a group lock comes when it's gone" {
	plain
	cp f "$T/before"
	lustre_fault "pread:1:write-file" "$SELFTEST" calls f GROUP_LOCK pread
	for ((i = 0; i < 100; i++)); do
		cmp -s f "$T/before" || break
		sleep 0.05
	done
	[[ $(cmp -l f "$T/before" | wc -l) == 1 ]]
}

@test "faults: waiting, to be killed or to go on" {
	plain
	lustre_fault "pread:1:wait" "$SELFTEST" calls f pread 3>&- &
	double_waiting
	kill -0 $!
	double_go
	wait $!
	lustre_fault "pread:1:wait" "$SELFTEST" calls f GROUP_LOCK pread 3>&- &
	double_waiting
	kill -KILL $!
	wait $! || true
	double_go
	echo after >f
}

@test "faults: one OST is full" {
	lov setstripe -c 2 -i 1 -S 64k f
	random_file f 200000
	prints "pwrite ENOSPC" lustre_fault "pwrite-ost1:1:ENOSPC" "$SELFTEST" calls f pwrite
	prints "pwrite positive" lustre_fault "pwrite-ost2:1:ENOSPC" "$SELFTEST" calls f pwrite
}
