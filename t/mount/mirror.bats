#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Mirrored files and the verbs of lov mirror. What is known of changes: mirror_dirty.bats; OSTs that
# fail: mirror_failure.bats; writers meanwhile, and death half way: mirror_live.bats.

load lib
load mirror

# refused STATUS TEXT COMMAND...: and the file f is as it was.
refused() {
	lov getstripe -v f >"$T/layout.before"
	fails_with "$@" || return 1
	lov getstripe -v f >"$T/layout.after"
	same "$T/layout.before" "$T/layout.after" || return 1
	same "$T/data" f
}

@test "create, write, resync: ro, then wp with the other mirror stale, then ro" {
	lov mirror create -N2 f
	[ "$(state f)" = ro ]
	[ "$(mirrors f)" = "1 2" ]
	[ -z "$(stale f)" ]
	random_file "$T/data" 3000001
	cat "$T/data" >f
	[ "$(state f)" = wp ]
	[[ $(stale f) == [12] ]]
	same "$T/data" f
	fails_with 1 "not all alike" lov mirror verify f
	grep -q "mirror [12] is stale" "$T/stdout"
	lov mirror resync f
	in_sync f
	# On different devices: 0 and 3, 1 and 4, 2 and 5 share one.
	[ $(($(mirror_osts f 1 | jq '.[0]') % 3)) -ne $(($(mirror_osts f 2 | jq '.[0]') % 3)) ]
	cd /
	volume_remount
	cd "$MNT"
	in_sync f
	rm f
	objects_left 0
	[ -z "$(ls -A "$MDT/DIRTY")" ]
}

@test "every kind of change makes the other mirrors stale, and no other operation does" {
	need python3
	mirrored_file f 1000000
	cp f "$T/piece.src"
	for how in "dd if=$T/piece.src of=@ bs=4k count=1 seek=7 conv=notrunc status=none" \
		"dd if=/dev/urandom of=/dev/null count=1 status=none" \
		"truncate -s 900001 @" "truncate -s 1300000 @" "fallocate -p -o 65536 -l 200000 @" \
		"fallocate -z -o 300000 -l 100000 @" "fallocate -o 0 -l 2000000 @" "truncate -s 0 @" "cp $T/piece.src @"; do
		# shellcheck disable=SC2086 # several words
		both $how
		case $how in
		*@*)
			[ "$(state f)" = wp ]
			[ -n "$(stale f)" ]
			lov mirror resync f
			;;
		esac
		in_sync f
	done
	for file in f "$T/data"; do
		python3 - "$file" <<-'EOF'
			import mmap, sys
			with open(sys.argv[1], "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
			    m[500000:500004] = b"here"
			    m.flush()
		EOF
	done
	[ "$(state f)" = wp ]
	lov mirror resync f
	in_sync f
	head -c 100000 /dev/urandom >src
	for file in f "$T/data"; do
		python3 - src "$file" <<-'EOF'
			import os, sys
			with open(sys.argv[1], "rb") as src, open(sys.argv[2], "r+b") as dst:
			    try:
			        n = os.copy_file_range(src.fileno(), dst.fileno(), 70000, 1000, 111111)
			    except OSError:
			        n = os.pwrite(dst.fileno(), os.pread(src.fileno(), 70000, 1000), 111111)
			    assert n == 70000, n
		EOF
	done
	[ "$(state f)" = wp ]
	lov mirror resync f
	in_sync f
	# What doesn't change the data.
	cat f >/dev/null
	sync f
	chmod 640 f
	touch -d '2001-02-03 04:05:06' f
	setfattr -n user.x -v y f
	ln f g
	mv g h
	in_sync f
	[ "$(stat -c %Y f)" -eq "$(date -d '2001-02-03 04:05:06' +%s)" ]
}

@test "holes, a file that becomes shorter, and one that is empty: the mirrors are the same, and as small" {
	mirrored_file f $((8 << 20))
	both fallocate -p -o $((1 << 20)) -l $((4 << 20)) @
	both truncate -s $((7 << 20)) @
	lov mirror resync f
	in_sync f
	for id in 1 2; do
		objects f $id | xargs stat -c %b | awk '{ sum += 512 * $1 } END { print sum }'
		[ "$(stat -c %s "$(mirror_file f $id)")" -eq $((7 << 20)) ]
	done >"$T/used"
	if can_follow; then
		[ "$(sort -n "$T/used" | tail -n 1)" -lt $((4 << 20)) ]
	else
		# Holes aren't punched into one mirror alone; what was data there becomes zeros.
		[ "$(sort -n "$T/used" | head -n 1)" -lt $((4 << 20)) ]
		[ "$(sort -n "$T/used" | tail -n 1)" -le $((7 << 20)) ]
	fi
	both truncate -s 300M @
	overwrite f $((200 << 20)) 100000
	lov mirror resync f
	in_sync f
	[ "$(du -k f | cut -f1)" -lt 12000 ]
	both truncate -s 100001 @
	lov mirror resync f
	in_sync f
	both truncate -s 0 @
	lov mirror resync f
	in_sync f
	[ "$(stat -c %b f)" -eq 0 ]
}

@test "mirrors of components with different boundaries: those go stale that the written component overlaps" {
	lov mirror create -N -E 1M -c 1 -E 4M -c 2 -S 128k -E -1 -c 1 -N -E 2M -c 1 -E -1 -c 2 -S 64k f
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	: >"$T/data"
	overwrite f 0 100000
	# Mirror 1 was written in [0, 1M): of mirror 2, [0, 2M) is stale.
	[ -z "$(flags f 1 | grep stale || true)" ]
	[ "$(layout f '[.components[] | select(.lcme_flags | test("stale")) | ."lcme_extent.e_end"] | tostring')" = "[2097152]" ]
	lov mirror resync f
	in_sync f
	overwrite f $((3 << 20)) 300000
	overwrite f $((5 << 20)) 300000
	[ "$(stale f)" = 2 ]
	lov mirror resync f
	in_sync f
	both truncate -s $((3 << 20)) @
	both fallocate -p -o $((1 << 19)) -l $((1 << 20)) @
	lov mirror resync f
	in_sync f
	overwrite f $(((9 << 20) + 77)) 100
	lov mirror resync f
	in_sync f
}

@test "three mirrors" {
	mirrored_file f 2000000 -N -c 2 -S 64k -N -c 1 -N -E 1M -c 1 -E -1 -c 2
	[ "$(mirrors f)" = "1 2 3" ]
	overwrite f 70000 4096
	[ "$(stale f | wc -w)" -eq 2 ]
	copies_at_most $((2 * 131072)) resync_little f
	in_sync f
	lov mirror delete --mirror-id 1 f
	[ "$(mirrors f)" = "2 3" ]
	in_sync f
	overwrite f 0 100
	lov mirror resync f
	in_sync f
}

@test "nosync: not brought up unless named" {
	mirrored_file f 1000000
	lov setstripe --comp-set -I 2 --comp-flags nosync f
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	overwrite f 1000 1000
	[ "$(stale f)" = 2 ]
	lov mirror resync f
	[ "$(stale f)" = 2 ]
	[ "$(state f)" = wp ]
	lov mirror resync --only 2 f
	in_sync f
	lov setstripe --comp-set -I 2 --comp-flags ^nosync f
	overwrite f 1000 1000
	lov mirror resync f
	in_sync f
}

@test "prefer: that mirror is read, and written" {
	mirrored_file f 300000
	# Damaged behind its back, so that it shows who is read.
	printf OTHER | dd of="$(objects f 1)" bs=1 conv=notrunc status=none
	for id in 1 2 1; do
		lov setstripe --comp-set -I $id --comp-flags prefer f
		lov setstripe --comp-set -I "$(other $id)" --comp-flags ^prefer f
		[[ $(flags f $id) == *prefer* ]]
		drop_caches
		[ "$(head -c 5 f)" = "$(head -c 5 "$(objects f $id)")" ]
	done
	lov setstripe --comp-set -I 2 --comp-flags prefer f
	lov setstripe --comp-set -I 1 --comp-flags ^prefer f
	overwrite f 0 5
	[ "$(stale f)" = 1 ]
	lov mirror resync f
	in_sync f
	# prefrd and prefwr are two things.
	lov setstripe --comp-set -I 2 --comp-flags ^prefwr f
	lov setstripe --comp-set -I 1 --comp-flags prefwr f
	overwrite f 0 5
	[ "$(stale f)" = 2 ]
}

@test "component flags: stale at will, never the last usable mirror, and nonsense is refused" {
	mirrored_file f 300000
	lov setstripe --comp-set -I 2 --comp-flags stale f
	[ "$(stale f)" = 2 ]
	[ "$(state f)" = wp ]
	refused 1 "f: " lov setstripe --comp-set -I 1 --comp-flags stale f
	refused 1 "f: " lov setstripe --comp-set -I 1 --comp-flags offline f
	refused 1 "f: " lov setstripe --comp-set -I 2 --comp-flags ^stale f
	refused 1 "f: " lov setstripe --comp-set -I 3 --comp-flags stale f
	refused 1 "f: " lov setstripe --comp-set -I 65536 --comp-flags stale f
	refused 1 "f: " lov setstripe --comp-set -I 2 --comp-flags init f
	refused 2 "nonsense" lov setstripe --comp-set -I 2 --comp-flags nonsense f
	refused 2 "" lov setstripe --comp-set --comp-flags stale -c 1 f
	# All of it is out of date then.
	copies_at_least 300000 lov mirror resync f
	in_sync f
	lov setstripe --comp-set -I "$(layout f '.components[1].lcme_id')" --comp-flags offline f
	[[ $(flags f 2) == *offline* ]]
	overwrite f 0 100
	[ "$(stale f)" = 2 ]
	same "$T/data" f
	lov setstripe --comp-set -I 2 --comp-flags ^offline f
	lov mirror resync f
	in_sync f
	echo x >plain
	fails_with 1 "plain: " lov setstripe --comp-set -I 1 --comp-flags stale plain
	chmod 666 f
	fails_with 1 "f: " as_user lov setstripe --comp-set -I 2 --comp-flags stale f
	in_sync f
}

@test "extend: a file with data gets mirrors; its times stay; up to sixteen" {
	lov setstripe -c 2 -S 64k f
	random_file "$T/data" 3000000
	cat "$T/data" >f
	touch -d '2001-02-03 04:05:06.123456789' f
	stat -c '%i %h %a %u %g %s %y' f >"$T/stat.before"
	lov mirror extend -N f
	[ "$(mirrors f)" = "1 2" ]
	in_sync f
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	copies_at_least 6000000 lov mirror extend -N -c 1 -N -E 1M -c 1 -E -1 -c 2 f
	[ "$(mirrors f)" = "1 2 3 4" ]
	in_sync f
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	lov mirror extend -N=6 f
	[ "$(mirrors f)" = "1 2 3 4 5 6" ]
	lov mirror extend -N10 -c 1 f
	[ "$(mirrors f | wc -w)" -eq 16 ]
	in_sync f
	refused 1 "16" lov mirror extend -N f
	nothing_left
	rm f
	objects_left 0
}

@test "extend: by a file with the same content, which loses its name" {
	mirrored_file f 1000000 -N1 -c 1 -i 0
	if can_follow; then
		lov setstripe -c 2 victim
	else
		lov setstripe -c 2 plain
		cat "$T/data" >plain
		refused 1 "the layout of the file that is to be the mirror is plain" lov mirror extend -N -f plain f
		rm plain
		lov setstripe -E -1 -c 2 victim
	fi
	cat "$T/data" >victim
	printf X | dd of=victim bs=1 seek=777777 conv=notrunc status=none
	refused 1 "774144" lov mirror extend -N -f victim f
	[ -e victim ]
	head -c 999999 "$T/data" >victim
	refused 1 "victim" lov mirror extend -N -f victim f
	[ -e victim ]
	cat "$T/data" >victim
	before=$(object_count)
	lov mirror extend -N -f victim f
	[ ! -e victim ]
	[ "$(mirrors f)" = "1 2" ]
	in_sync f
	objects_left "$before"
	# Nobody looks when told so.
	lov setstripe -E -1 -c 1 -i 5 liar
	tr a b <"$T/data" >liar
	lov mirror extend --no-verify -N -f liar f
	[ "$(mirrors f)" = "1 2 3" ]
	fails_with 1 "not all alike" lov mirror verify f
	grep -q "mirror 3 differs" "$T/stdout"
	lov mirror resync --force-resync --only 3 f
	in_sync f
	refused 1 "missing" lov mirror extend -N -f missing f
	refused 1 "f" lov mirror extend -N -f f f
}

@test "extend: of what can't be is refused, and leaves nothing" {
	mirrored_file f 100000 -N1
	objects_before=$(object_count)
	mkdir d
	ln -s f link
	fails_with 1 "directory" lov mirror extend -N d
	fails_with 1 "link" lov mirror extend -N link
	fails_with 1 "missing" lov mirror extend -N missing
	fails_with 1 "neither on a lovfs volume" lov mirror extend -N "$T/data"
	refused 1 "stripe count 9" lov mirror extend -N -c 9 f
	refused 1 "none-such" lov mirror extend -N -p none-such f
	refused 2 "16" lov mirror extend -N17 f
	refused 2 "" lov mirror extend -N0 f
	refused 2 "" lov mirror extend -N f -E 2M -E 1M
	fails_with 2 "" lov mirror extend -N
	fails_with 2 "" lov mirror
	fails_with 2 "sideways" lov mirror sideways f
	chmod 666 f
	fails_with 1 "f: " as_user lov mirror extend -N f
	fails_with 1 "f: " as_user lov mirror resync f
	objects_left "$objects_before"
	nothing_left
}

@test "split into a file, split away, delete; never the last mirror in sync" {
	mirrored_file f 1000000 -N3 -c 1
	touch -d '2001-02-03 04:05:06' f
	lov mirror split --mirror-id 2 -f part f
	same "$T/data" part
	[ "$(mirrors f)" = "1 3" ]
	in_sync f
	[ "$(stat -c '%a %u %g %Y' part)" = "$(stat -c '%a %u %g %Y' f)" ]
	# They have nothing in common any more.
	echo other >part
	in_sync f
	rm part
	objects_left 2
	lov mirror split --mirror-id 3 -d f
	[ "$(mirrors f)" = 1 ]
	objects_left 1
	same "$T/data" f
	refused 1 "f: " lov mirror delete --mirror-id 1 f
	lov mirror extend -N2 f
	overwrite f 5000 1000
	good=$(comm -23 <(mirrors f | tr ' ' '\n') <(stale f | tr ' ' '\n'))
	[ "$(wc -w <<<"$good")" -eq 1 ]
	refused 1 "f: " lov mirror delete --mirror-id "$good" f
	refused 1 "f: " lov mirror split --mirror-id "$good" -f part f
	[ ! -e part ]
	# A stale one, into a file: what it has.
	bad=$(stale f | cut -d' ' -f1)
	lov mirror split --mirror-id "$bad" -f part f
	[ "$(stat -c %s part)" -eq 1000000 ]
	lov mirror resync f
	in_sync f
	refused 1 "77" lov mirror delete --mirror-id 77 f
	refused 1 "part" lov mirror split --mirror-id "$good" -f part f
	refused 2 "" lov mirror delete f
	rm part f
	objects_left 0
	nothing_left
}

@test "split by pool" {
	mirrored_file f 200000 -N -c 1 -p one -N -c 1 -p two
	refused 1 "three" lov mirror split -p three -d f
	lov mirror split -p one -d f
	[ "$(mirrors f)" = 2 ]
	same "$T/data" f
}

@test "verify: says which ranges differ, of which mirror" {
	mirrored_file f 1000000 -N3 -c 1
	lov mirror verify -v f
	for at in 100000 700000; do printf XYZ | dd of="$(objects f 2)" bs=1 seek=$at conv=notrunc status=none; done
	drop_caches
	run ! lov mirror verify -v f
	echo "$output"
	[[ $output == *"mirror 2"*"[98304, 102400)"* ]]
	[[ $output == *"mirror 2"*"[696320, 700416)"* ]]
	[[ $output != *"mirror 3"* ]]
	run -1 lov mirror verify f
	lov mirror verify --only 1,3 f
	fails_with 1 "" lov mirror verify --only 1,2 f
	# Shorter than it should be.
	lov mirror resync --force-resync --only 2 f
	in_sync f
	truncate -s 999999 "$(objects f 3)"
	cd /
	volume_remount
	cd "$MNT"
	fails_with 1 "" lov mirror verify f
	lov mirror verify --only 1,2 f
	fails_with 1 "9" lov mirror verify --only 1,9 f
	fails_with 2 "twice" lov mirror verify --only 1,1 f
	echo x >plain
	fails_with 1 "plain" lov mirror verify plain
}

@test "read, write, copy" {
	mirrored_file f 500001
	lov mirror read -N 2 -o "$T/out" f
	same "$T/data" "$T/out"
	fails_with 1 "exists" lov mirror read -N 2 -o "$T/out" f
	lov mirror read -N 1 f >"$T/out"
	same "$T/data" "$T/out"
	# The same bytes again: in sync. Others: stale.
	lov mirror write -N 2 -i "$T/data" f
	in_sync f
	head -c 400000 /dev/urandom >"$T/new"
	lov mirror write -N 2 -i "$T/new" f
	[ "$(stale f)" = 2 ]
	same "$T/data" f
	mirror_same f 2 "$T/new"
	lov mirror read -N 2 -o - f | cmp - "$T/new"
	lov mirror copy -i 1 -o 2 f
	in_sync f
	refused 1 "9" lov mirror read -N 9 -o "$T/out9" f
	[ ! -e "$T/out9" ]
	refused 1 "9" lov mirror write -N 9 -i "$T/data" f
	refused 2 "itself" lov mirror copy -i 1 -o 1 f
	refused 1 "9" lov mirror copy -i 9 -o 1 f
	refused 1 "missing" lov mirror write -N 2 -i "$T/missing" f
	in_sync f
	lov setstripe --comp-set -I 2 --comp-flags stale f
	refused 1 "" lov mirror write -N 1 -i "$T/data" f
	refused 1 "" lov mirror copy -i 2 -o 1 f
}

@test "a hidden file isn't truncated by opening it" {
	local i
	lov mirror create -N2 f
	random_file "$T/data" 300001
	cat "$T/data" >f
	lov mirror resync f
	for i in 0 1 2; do
		# shellcheck disable=SC2016 # for that bash
		run ! bash -c ': >"$1"' - "$(mirror_file f $i)"
	done
	same "$T/data" f
	lov mirror verify f
}

@test "mirrors as files are found by the FID that lov told, also when the kernel has forgotten the file" {
	mirrored_file f 200000
	fid=$(lov fid f)
	for _ in 1 2 3; do
		echo 3 >/proc/sys/vm/drop_caches
		sleep 0.2
		cmp ".lovfs/mirror/$fid/1" ".lovfs/mirror/$fid/2"
	done
	rm f
	objects_left 0
	run ! cat ".lovfs/mirror/$fid/1"
}

@test "mirrors as files: for the owner and root, hidden, read only" {
	mkdir -m 777 d
	as_user lov mirror create -N2 d/f
	random_file "$T/data" 200000
	chmod 644 "$T/data"
	as_user sh -c "cat '$T/data' >d/f"
	bad=$(stale d/f)
	[ "$(stat -c %s "$(mirror_file d/f "$(other "$bad")")")" -eq 200000 ]
	run ! cmp -s "$T/data" "$(mirror_file d/f "$bad")"
	as_user lov mirror resync d/f
	in_sync d/f
	as_user cmp "$T/data" "$(mirror_file d/f 1)"
	as_user cmp "$(mirror_file d/f 1)" "$(mirror_file d/f 2)"
	run ls -A .
	[[ $output != *lovfs* ]]
	run ! sh -c "echo x >'$(mirror_file d/f 1)'"
	run ! sh -c "echo x >'$(mirror_file d/f 0)'"
	run ! cat "$(mirror_file d/f 3)"
	run ! cat "$(mirror_file d/f 65537)"
	in_sync d/f
	# Who may write the file may not write one mirror of it.
	chmod 666 d/f
	[ "$(stat -c %a "$(mirror_file d/f 2)")" -eq 644 ]
	chown 0:0 d/f
	chmod 600 d/f
	run ! as_user cat "$(mirror_file d/f 1)"
	in_sync d/f
}

@test "data and holes are found in one mirror from front to end, also where another has other holes" {
	need python3
	mib=1048576
	mirrored_file f $((16 * mib))
	for at in 3 4 11 12; do both fallocate -p -o $((at * mib)) -l $mib @; done
	lov mirror resync f
	first=$(objects f 1) second=$(objects f 2)
	cd /
	volume_unmount
	# Zeros that one has as data and the other as a hole; where mirrors take turns at reading.
	dd if=/dev/zero of="$first" bs=1M seek=4 count=1 conv=notrunc status=none
	dd if=/dev/zero of="$second" bs=1M seek=12 count=1 conv=notrunc status=none
	volume_mount
	cd "$MNT"
	in_sync f
	python3 - f <<-'EOF'
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		for at in (3, 11):
		    data = os.lseek(fd, at << 20, os.SEEK_DATA)
		    hole = os.lseek(fd, data, os.SEEK_HOLE)
		    assert hole > data, (at, data, hole)
	EOF
}

@test "mirrors share no extents, also on one device; a copy of the file does" {
	fs_shares_extents || skip "$FS shares no extents"
	# Placed on one device on purpose: that is said, and done.
	lov mirror create -N -o 0 -N -o 3 f 2>"$T/stderr"
	# Lustre's clients don't know which OSTs share disks.
	if can_follow; then grep -q "warning" "$T/stderr"; else [ ! -s "$T/stderr" ]; fi
	random_file "$T/data" $((4 << 20))
	cat "$T/data" >f
	lov mirror resync f
	overwrite f 100000 4096
	lov mirror resync f
	in_sync f
	lov mirror extend -N -o 0 f 2>"$T/stderr"
	in_sync f
	[ "$(mirror_osts f 1)$(mirror_osts f 2)$(mirror_osts f 3)" = "[0][3][0]" ]
	sync
	extents() { filefrag -ekv "$@" | awk -F'[ :.]+' '/^ *[0-9]+:/ { for (b = $5; b <= $6; b++) print b }'; }
	for id in 1 2 3; do
		run ! grep -q shared <(filefrag -v "$(objects f $id)")
		extents "$(objects f $id)"
	done | sort >"$T/blocks"
	[ "$(wc -l <"$T/blocks")" -ge 3072 ]
	[ -z "$(uniq -d "$T/blocks")" ]
	# The test can fail.
	cp --reflink=always "$(objects f 1)" "$T/d0/clone"
	{ extents "$(objects f 1)"; extents "$T/d0/clone"; } | sort >"$T/blocks"
	[ "$(uniq -d "$T/blocks" | wc -l)" -ge 1024 ]
}

@test "fewer devices than mirrors: done, with a warning; enough: without" {
	lov mirror create -N3 f 2>"$T/stderr"
	[ ! -s "$T/stderr" ]
	lov mirror create -N4 g 2>"$T/stderr"
	if can_follow; then grep -q "warning" "$T/stderr"; else [ ! -s "$T/stderr" ]; fi
	echo x >f
	lov mirror resync f
	lov mirror extend -N f 2>"$T/stderr"
	if can_follow; then grep -q "warning" "$T/stderr"; else [ ! -s "$T/stderr" ]; fi
	[ "$(mirrors f)" = "1 2 3 4" ]
}

@test "--sums: on Lustre there is a record then; lovfs needs none" {
	lov setstripe -c 1 f
	random_file "$T/data" 300000
	cat "$T/data" >f
	mkdir -m 700 "$T/sums"
	lov mirror extend --sums "$T/sums" -N f
	in_sync f
	overwrite f 100000 10
	lov mirror resync --sums "$T/sums" -v f
	in_sync f
	if can_follow; then
		[ -z "$(ls "$T/sums")" ]
	else
		set -- "$T/sums"/*
		[ $# -eq 1 ]
	fi
}

@test "resync of several files: the status covers all" {
	for name in a b c; do
		lov mirror create -N2 $name
		echo $name >$name
	done
	echo plain >plain
	fails_with 3 "missing" lov mirror resync a missing b
	[ "$(state a)$(state b)$(state c)" = rorowp ]
	fails_with 3 "plain" lov mirror resync c plain
	[ "$(state c)" = ro ]
	fails_with 1 "plain" lov mirror resync plain
	lov mirror resync a b c
	echo more >>a
	fails_with 1 "9" lov mirror resync --only 9 a
	fails_with 2 "twice" lov mirror resync --only 1,1 a
	[ "$(state a)" = wp ]
	fails_with 2 "nine" lov mirror resync --only nine a
	fails_with 2 "" lov mirror resync
	lov mirror resync a
	[ "$(state a)" = ro ]
}

@test "a resync keeps the times, and says what it did" {
	mirrored_file f 1000000
	overwrite f 300000 4096
	# On Lustre times are whole seconds.
	touch -d "2001-02-03 04:05:06$([[ $ENGINE == lustre ]] || echo .123456789)" f
	stat -c '%i %h %a %u %g %s %y' f >"$T/stat.before"
	lov mirror resync -v f >"$T/said"
	cat "$T/said"
	grep -q "f" "$T/said"
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	in_sync f
	cd /
	volume_remount
	cd "$MNT"
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	overwrite f 300000 4096
	lov mirror resync --stats f >"$T/stats"
	grep -q "copied:" "$T/stats"
	copies_at_least 1000000 lov mirror resync --force-resync f
	in_sync f
	copies_at_most 0 lov mirror resync f
}

@test "another layout: migrate of a file that had mirrors, and cp of one that has" {
	mirrored_file f 1000000
	cp f g
	same "$T/data" g
	cp g f
	[ "$(mirrors f)" = "1 2" ]
	lov mirror resync f
	in_sync f
	lov mirror delete --mirror-id 1 f
	lov migrate -c 3 -S 64k f
	same "$T/data" f
	[ "$(lov getstripe -c f)" = 3 ]
	lov mirror extend -N f
	in_sync f
	rm f g
	objects_left 0
}

@test "extend with two mirrors reads the source once from its device" {
	[ "$FS" != tmpfs ] || skip "tmpfs has no device to ask"
	lov setstripe -o 1 f
	random_file "$T/data" $((48 << 20))
	cat "$T/data" >f
	sync
	device=$(basename "$(findmnt -no SOURCE -T "${OST[1]}")")
	echo 3 >/proc/sys/vm/drop_caches
	before=$(awk '{ print $3 }' "/sys/block/$device/stat")
	lov mirror extend -N -o 3 -N -o 2 f
	read=$((($(awk '{ print $3 }' "/sys/block/$device/stat") - before) * 512))
	echo "$read bytes read"
	((read >= 48 << 20 && read < 60 << 20))
	in_sync f
}
