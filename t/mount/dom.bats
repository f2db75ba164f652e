#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Data on the MDT and self-extending layouts. On what looks like a Lustre client (ENGINE=lustre;
# t/double/special.h) they work; a lovfs volume refuses them.

load lib
load double
load mirror

MIB=1048576

on_lustre() { [[ $ENGINE == lustre ]] || skip "lovfs has no such components"; }

# made NAME BYTES SETSTRIPE_OPTION...: random data, also in $T/data, and an old time.
made() {
	rm -f "$1"
	lov setstripe "${@:3}" "$1" || return 1
	random_file "$T/data" "$2"
	cat "$T/data" >"$1"
	touch -d '2001-02-03 04:05:06' "$1"
	remember "$1"
}
remember() {
	lov getstripe -v "$1" >"$T/layout.before"
	stat -c '%i %h %a %u %g %s %y' "$1" >"$T/stat.before"
	objects_before=$(object_count)
}
# same_file NAME: data, inode, owner, mode and times are as they were.
same_file() {
	same "$T/data" "$1" && stat -c '%i %h %a %u %g %s %y' "$1" | diff "$T/stat.before" - && nothing_left
}
# untouched NAME: the layout, too, and no object is left anywhere.
untouched() { same_file "$1" && lov getstripe -v "$1" | diff "$T/layout.before" - && objects_left "$objects_before"; }

# shape FILE: its components: start, end, pattern, flags.
shape() {
	layout "$1" '.components[] | "\(."lcme_extent.e_start") \(."lcme_extent.e_end") \(.sub_layout.lmm_pattern) \(.lcme_flags)"'
}
# is_shape FILE LINE...
is_shape() { diff <(shape "$1") <(printf '%s\n' "${@:2}"); }

# write_at NAME OFFSET: one byte, also in $T/data.
write_at() {
	for file in "$1" "$T/data"; do
		printf x | dd of="$file" bs=1 seek="$2" conv=notrunc status=none
	done
}

DOM=("0 1048576 mdt init" "1048576 EOF raid0 init")

@test "a lovfs volume refuses both, and says of which option and why" {
	[[ $ENGINE == lovfs ]] || skip "what lovfs says"
	fails_with 1 "-L/--layout mdt) is Lustre's: not on a lovfs volume" lov setstripe -E 1M -L mdt -E eof f
	fails_with 1 "-z/--extension-size) are Lustre's: not on a lovfs volume" lov setstripe -E 1G -z 64M -E eof f
	[[ ! -e f ]]
	random_file f 100000
	fails_with 1 "not on a lovfs volume" lov migrate -E 1M -L mdt -E eof f
	fails_with 1 "not on a lovfs volume" lov migrate -E eof --ext-size 64M f
	fails_with 1 "not on a lovfs volume" lov mirror extend -N -E 1M -L mdt -E eof f
	mkdir d
	fails_with 1 "not on a lovfs volume" lov setstripe -E 1M -L mdt -E eof d
}

@test "bad options are named before anything is made" {
	fails_with 2 "only the first component can be on the MDT" lov setstripe -E 1M -E 2M -L mdt -E eof f
	fails_with 2 "-L/--layout 'mdt': needs -E of at most 1G" lov setstripe -L mdt f
	fails_with 2 "-L/--layout 'mdt': needs -E of at most 1G" lov setstripe -E 2G -L mdt -E eof f
	fails_with 2 "-L/--layout 'mdt': can't go with -c" lov setstripe -E 1M -L mdt -c 1 -E eof f
	fails_with 2 "-L/--layout 'mdt': can't go with -S" lov setstripe -E 1M -L mdt -S 64k -E eof f
	fails_with 2 "-L/--layout 'mdt': can't go with -z" lov setstripe -E 1M -L mdt -z 64M -E eof f
	fails_with 2 "-L/--layout 'foo': known are raid0 and mdt" lov setstripe -E 1M -L foo -E eof f
	fails_with 2 "-E/--component-end '1000000': not a multiple of 64 KiB" lov setstripe -E 1000000 -L mdt -E eof f
	fails_with 2 "-z/--extension-size: needs -E" lov setstripe -z 64M f
	fails_with 2 "-z/--extension-size '32M': too small" lov setstripe -E eof -z 32M f
	fails_with 2 "-z/--extension-size '100000000': not a multiple of 64 KiB" lov setstripe -E eof -z 100000000 f
	fails_with 2 "is not a multiple of the stripe size" lov setstripe -E eof -z 96M -S 64M f
	fails_with 2 "are all of the component" lov setstripe -E 64M -z 64M -E eof f
	[[ ! -e f ]]
}

@test "setstripe and getstripe" {
	on_lustre
	made f 3000000 -E 1M -L mdt -E eof -c 2
	is_shape f "${DOM[@]}"
	prints -E 'lmm_mdt_index: +0' lov getstripe -v f
	prints -E 'lmm_stripe_count: +0' lov getstripe -v -I1 f
	same "$T/data" f
	fails_with 1 "has objects already" lov setstripe -c 1 f
	lov setstripe -E 1G -z 64M -c 1 -E -1 -z 256M -c 2 s
	is_shape s "0 67108864 raid0 0" "67108864 1073741824 raid0 extension" "1073741824 1073741824 raid0 0" \
		"1073741824 EOF raid0 extension"
	random_file "$T/data" 70000000
	cat "$T/data" >s
	[[ $(shape s | head -n 2) == $'0 134217728 raid0 init\n134217728 1073741824 raid0 extension' ]]
	same "$T/data" s
	(($(double_log 'ERANGE') == 0))
}

@test "yaml and --copy ask for what there was at first" {
	on_lustre
	made f 3000000 -E 1M -L mdt -E eof -c 2
	lov setstripe --copy f g
	lov getstripe -y f | lov setstripe -y - h
	for name in g h; do
		[[ $(shape "$name" | cut -d' ' -f1-3) == "$(shape f | cut -d' ' -f1-3)" ]]
		cat "$T/data" >"$name"
		is_shape "$name" "${DOM[@]}"
	done
	made s 70000000 -E 1G -z 64M -E eof -c 2
	lov setstripe --copy s t
	lov getstripe -y s | lov setstripe -y - u
	for name in t u; do
		[[ $(shape "$name" | cut -d' ' -f1-3) == $'0 67108864 raid0\n67108864 1073741824 raid0\n1073741824 EOF raid0' ]]
	done
}

@test "migrate from the MDT keeps the times" {
	on_lustre
	for mode in -b -n; do
		made f 3000000 -E 1M -L mdt -E eof -c 2
		lov migrate "$mode" --verify -c 2 f
		[[ $(lov getstripe -c f) == 2 ]]
		same_file f
		made f 3000000 -E 1M -L mdt -E eof -c 2 -S 64k
		lov migrate "$mode" -A f
		# Of the part in objects, not the part on the MDT.
		[[ $(lov getstripe -c f) == 1 && $(lov getstripe -S f) == 65536 ]]
		same_file f
	done
	# Another who writes it by then has the say.
	made f 3000000 -E 1M -L mdt -E eof -c 2
	exec 8>>f
	lov migrate -b -c 2 f
	exec 8>&-
	same "$T/data" f
}

@test "migrate to the MDT: a new mirror, and the old one goes" {
	on_lustre
	for mode in -b -n; do
		made f 3000000 -c 2
		lov migrate "$mode" --verify -E 1M -L mdt -E eof f
		is_shape f "${DOM[@]}"
		same_file f
		made f 3000000 -E 2M -E eof -c 2
		lov migrate "$mode" -E 1M -L mdt -E eof f
		is_shape f "${DOM[@]}"
		same_file f
	done
	made f 1000 -c 1
	lov migrate -E 1M -L mdt -E eof f
	[[ $(shape f | head -n 1) == "0 1048576 mdt init" ]]
	same_file f
}

@test "migrate from the MDT to the MDT" {
	on_lustre
	made f 3000000 -E 1M -L mdt -E eof -c 2
	double_log_clear
	lov migrate f
	is_shape f "${DOM[@]}"
	same_file f
	lov migrate -E 1M -L mdt -E 2M -c 1 -E eof -c 3 f
	is_shape f "0 1048576 mdt init" "1048576 2097152 raid0 init" "2097152 EOF raid0 init"
	same_file f
	# The same part on the MDT: swapped.
	(($(double_log '^ioctl SWAP_LAYOUTS.* = 0') == 2))
	# Another part: it has to leave the MDT in between, as two mirrors on the MDT would share
	# their data.
	for end in 2M 512k; do
		made f 3000000 -E 1M -L mdt -E eof -c 2
		lov migrate -E "$end" -L mdt -E eof f
		[[ $(shape f | head -n 1) == "0 $(numfmt --from=iec "${end^^}") mdt init" ]]
		same_file f
	done
}

@test "migrate of a self-extending file" {
	on_lustre
	made f 70000000 -E 1G -z 64M -c 1 -E eof -z 256M
	lov migrate f
	diff <(sed -E 's/0x[0-9a-f]+:0x[0-9a-f]+//; s/_offset: .*|_gen: .*|ost_idx: .*//' "$T/layout.before") \
		<(lov getstripe -v f | sed -E 's/0x[0-9a-f]+:0x[0-9a-f]+//; s/_offset: .*|_gen: .*|ost_idx: .*//')
	same_file f
	lov migrate -n -E 1G -z 128M -E eof f
	[[ $(shape f | head -n 2) == $'0 134217728 raid0 init\n134217728 1073741824 raid0 extension' ]]
	same_file f
	lov migrate --verify -c 2 f
	[[ $(lov getstripe -c f) == 2 ]]
	same_file f
	lov migrate -E 64M -L mdt -E eof -z 64M f
	is_shape f "0 67108864 mdt init" "67108864 134217728 raid0 init" "134217728 EOF raid0 extension"
	same_file f
}

@test "what fails on the way to the MDT leaves the file as it was" {
	on_lustre
	for spec in VOLATILE:1:ENOSPC SETXATTR:1:EINVAL pwrite:1:ENOSPC SET_LEASE:1:EBUSY SET_LEASE:2:EBUSY \
		SET_LEASE:3:EBUSY SET_LEASE:4:EIO SET_LEASE:5:EBUSY; do
		made f 3000000 -c 2
		LUSTRE_DOUBLE_FAULT=$spec fails_with 1 "" lov migrate -E 1M -L mdt -E eof f
		same_file f
		lov getstripe f >"$T/shown"
		run ! grep -q mdt "$T/shown"
		objects_left "$objects_before"
	done
	made f 3000000 -E 1M -L mdt -E eof -c 2
	for spec in pwrite:1:ENOSPC SWAP:1:EIO fsync:1:EIO; do
		LUSTRE_DOUBLE_FAULT=$spec fails_with 1 "" lov migrate -c 2 f
		untouched f
	done
}

@test "what can't be undone on the way to the MDT is said" {
	on_lustre
	# The data leaves the MDT; the mirror that is to have it there isn't made.
	made f 3000000 -E 1M -L mdt -E eof -c 2
	LUSTRE_DOUBLE_FAULT=VOLATILE:2:ENOSPC fails_with 1 "its data has left the MDT, and not come back: " lov migrate -E 2M -L mdt -E eof f
	same_file f
	[[ $(shape f | cut -d' ' -f1-3) == $'0 2097152 raid0\n2097152 EOF raid0' ]]
	# The mirror is made, the old one can't be taken out, nor can the new one.
	made f 3000000 -c 2
	LUSTRE_DOUBLE_FAULT=SET_LEASE:5:EBUSY,SET_LEASE:6:EBUSY fails_with 1 "the mirror that was made for it is left: " \
		lov migrate -E 1M -L mdt -E eof f
	same "$T/data" f
	in_sync f
	lov mirror delete --mirror-id 2 f
	same_file f
}

@test "on the way to the MDT, when there are two mirrors: another migrate, a kill, a write" {
	on_lustre
	# with_two COMMAND...: before the old mirror goes. Sets $status, the migrate's.
	with_two() {
		made f 3000000 -c 2
		double_go
		LUSTRE_DOUBLE_FAULT=SET_LEASE:5:wait lov migrate -E 1M -L mdt -E eof f >"$T/said" 2>&1 3>&- 4>&- &
		BACKGROUND=$!
		double_waiting
		in_sync f
		"$@"
		double_go
		status=0
		wait "$BACKGROUND" || status=$?
	}
	kill_it() { kill -KILL "$BACKGROUND"; }
	with_two fails_with 1 "has 2 mirrors, and a migrate would leave one" lov migrate -E 1M -L mdt -E eof f
	((status == 0))
	is_shape f "${DOM[@]}"
	same_file f
	with_two kill_it
	sleep 0.2
	in_sync f
	lov mirror delete --mirror-id 2 f
	is_shape f "0 EOF raid0 init"
	same_file f
	# One of the two is stale then, and that one goes; none of what was written is lost.
	for at in 0 2000000; do
		with_two write_at f "$at"
		cat "$T/said"
		same "$T/data" f
		[[ $(mirrors f) != *" "* ]]
		((status == 0)) || grep -q "the last one that is in sync" "$T/said"
	done
}

@test "migrate from the MDT: times that another's write has set stay" {
	on_lustre
	made f 3000000 -E 1M -L mdt -E eof -c 2
	double_go
	LUSTRE_DOUBLE_FAULT=SET_LEASE:1:wait lov migrate -b -c 2 f 3>&- 4>&- &
	BACKGROUND=$!
	double_waiting
	[[ $(lov getstripe -c f) == 2 ]]
	write_at f 5
	touch -d '2011-02-03 04:05:06' "$T/new"
	touch -m -r "$T/new" f
	double_go
	wait "$BACKGROUND"
	[[ $(stat -c %Y f) == "$(stat -c %Y "$T/new")" ]]
	same "$T/data" f
}

@test "mirrors: extend, resync, split" {
	on_lustre
	made f 3000000 -E 1M -L mdt -E eof -c 2
	lov mirror extend -N -c 1 f
	[[ $(mirrors f) == "1 2" && -z $(stale f) && $(state f) == ro ]]
	same "$T/data" f
	lov mirror verify f
	# A write to the MDT's part makes the other stale.
	write_at f 0
	[[ -n $(stale f) ]]
	lov mirror resync f
	in_sync f
	lov mirror verify f
	lov mirror split --mirror-id 2 -d f
	is_shape f "${DOM[@]}"
	same "$T/data" f
	# The other way: what is on the MDT is stale after the merge, and brought up.
	made g 3000000 -c 2
	lov mirror extend -N -E 1M -L mdt -E eof g
	[[ -z $(stale g) && $(mirrors g) == "1 2" ]]
	lov mirror verify g
	lov mirror split --mirror-id 1 -d g
	is_shape g "${DOM[@]}"
	same "$T/data" g
}

@test "mirrors of self-extending files" {
	on_lustre
	made f 70000000 -E 1G -z 64M -c 1 -E eof
	lov mirror extend -N -E eof -z 128M f
	[[ $(mirrors f) == "1 2" && -z $(stale f) ]]
	lov mirror verify f
	write_at f 69000000
	[[ -n $(stale f) ]]
	lov mirror resync f
	in_sync f
	lov mirror verify f
	lov mirror create -N -E 1M -L mdt -E eof -N -E eof -z 64M m
	cat "$T/data" >m
	lov mirror resync m
	in_sync m
	lov mirror verify m
	same "$T/data" m
}

@test "mirrors that share what is on the MDT: none goes without the others being stale" {
	on_lustre
	lov mirror create -N -E 1M -L mdt -E eof -N -E 1M -L mdt -E eof -c 2 -N -c 1 f
	random_file "$T/data" 3000000
	cat "$T/data" >f
	lov mirror resync f
	in_sync f
	fails_with 1 "mirror 2 shares its data on the MDT with mirror 1, which would lose it" lov mirror delete --mirror-id 2 f
	in_sync f
	lov setstripe --component-set --mirror-id 1 --component-flags stale f
	lov mirror delete --mirror-id 2 f
	lov mirror resync f
	[[ $(mirrors f) == "1 3" ]]
	in_sync f
}

@test "a directory's default, and --restripe" {
	on_lustre
	mkdir d
	lov setstripe -E 1M -L mdt -E eof -z 64M -c 2 d
	diff <(lov getstripe -d -y d | grep -E 'e_start|e_end|pattern|flags:|extension' | sed 's/^ *//') - <<-'EOF'
		lcme_flags:          0
		lcme_extent.e_start: 0
		lcme_extent.e_end:   1048576
		pattern:       mdt
		lcme_flags:          0
		lcme_extent.e_start: 1048576
		lcme_extent.e_end:   1048576
		pattern:       raid0
		lcme_flags:          extension
		lcme_extent.e_start: 1048576
		lcme_extent.e_end:   EOF
		extension_size: 67108864
		pattern:       raid0
	EOF
	random_file "$T/data" 3000000
	lustre dd if="$T/data" of=d/new bs=1M status=none
	is_shape d/new "0 1048576 mdt init" "1048576 68157440 raid0 init" "68157440 EOF raid0 extension"
	made d/f 3000000 -c 1
	[[ $(lov getstripe -c d/f) == 1 ]]
	lov migrate --restripe d/f
	is_shape d/f "0 1048576 mdt init" "1048576 68157440 raid0 init" "68157440 EOF raid0 extension"
	same_file d/f
	lov setstripe -d d
	lustre dd if="$T/data" of=d/later bs=1M status=none
	[[ $(lov getstripe d/later) != *mdt* ]]
}
