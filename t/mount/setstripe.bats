#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov setstripe: every way to ask for a layout, and every layout that can't be.

load lib

setup() {
	lov_setup
	volume_make -n 4 --pool fast=0,2 --pool one=3
	volume_mount
	cd "$MNT" || return
}

# field FILE OPTION...: a single value of the file's layout.
field() { lov getstripe "${@:2}" "$1"; }

# refused TEXT ARGUMENT...: setstripe of the new file z fails with status 1 and leaves no file;
# refused_usage: with status 2.
refused() {
	fails_with 1 "$1" lov setstripe "${@:2}" z
	[ ! -e z ]
}
refused_usage() {
	fails_with 2 "$1" lov setstripe "${@:2}" z
	[ ! -e z ]
}

@test "stripe count, size, first OST" {
	lov setstripe -c 3 -S 256k -i 2 f
	[ "$(field f -c)" -eq 3 ]
	[ "$(field f -S)" -eq 262144 ]
	random_file "$T/data" 3000000
	cat "$T/data" >f
	[ "$(field f -i)" -eq 2 ]
	same "$T/data" f
	[ "$(stat -c %s f)" -eq 3000000 ]
	lov setstripe --stripe-count=-1 all
	[ "$(field all -c)" -eq -1 ]
	echo x >all
	[ "$(field all -c)" -eq 4 ]
}

@test "the very OSTs, in the order named" {
	lov setstripe -o 3,1-2 f
	echo x >f
	[ "$(field f -c)" -eq 3 ]
	lov getstripe --json f >"$T/json"
	[ "$(jq -c '[.[0].layout.lmm_objects[].l_ost_idx]' "$T/json")" = "[3,1,2]" ]
}

@test "OSTs that were asked for are known when the volume is served again before the first write" {
	lov setstripe -o 3,1 f
	lov setstripe -E 1M -o 2 -E -1 -o 3,0 g
	cd /
	volume_remount
	cd "$MNT"
	random_file "$T/data" 3000000
	cat "$T/data" >f
	cat "$T/data" >g
	cd /
	volume_remount
	cd "$MNT"
	same "$T/data" f
	same "$T/data" g
	lov getstripe --json f g >"$T/json"
	[ "$(jq -c '[.[0].layout.lmm_objects[].l_ost_idx]' "$T/json")" = "[3,1]" ]
	[ "$(jq -c '[.[1].layout.components[].sub_layout.lmm_objects[].l_ost_idx]' "$T/json")" = "[2,3,0]" ]
}

@test "several stripes on one OST when asked for" {
	lov setstripe -C 6 f
	echo x >f
	[ "$(field f -c)" -eq 6 ]
	[ "$(field f -L)" = raid0,overstriped ]
}

@test "an OST pool" {
	lov setstripe -c 2 -p fast f
	lov setstripe -p "$FSNAME.one" g
	echo x | tee f >g
	[ "$(field f -p)" = fast ]
	lov getstripe --json f g >"$T/json"
	[ "$(jq -c '[.[0].layout.lmm_objects[].l_ost_idx] | sort' "$T/json")" = "[0,2]" ]
	[ "$(jq -c '[.[1].layout.lmm_objects[].l_ost_idx]' "$T/json")" = "[3]" ]
}

@test "components" {
	lov setstripe -E 1M -c 1 -E 4M -c 2 -S 512k -E -1 -c -1 f
	[ "$(field f --component-count)" -eq 3 ]
	random_file "$T/data" 2500000
	cat "$T/data" >f
	same "$T/data" f
	lov getstripe f >"$T/text"
	[ "$(grep -c 'lcme_flags: *init' "$T/text")" -eq 2 ]
	[ "$(lov getstripe -I2 --component-end f)" = 4194304 ]
}

@test "a layout as YAML, from a file and from standard input, and by example" {
	lov setstripe -E 1M -c 1 -E eof -c 3 -S 256k f
	lov getstripe -y f >"$T/layout.yaml"
	lov setstripe -y "$T/layout.yaml" g
	lov setstripe --yaml=- h <"$T/layout.yaml"
	lov setstripe --copy f i
	for name in g h i; do
		lov getstripe -y "$name" >"$T/$name.yaml"
		same "$T/layout.yaml" "$T/$name.yaml"
	done
}

@test "the default of a directory is for what is made in it" {
	mkdir d
	lov setstripe -c 2 -S 128k d
	echo x >d/f
	mkdir d/sub
	echo x >d/sub/f
	for name in d/f d/sub/f; do
		[ "$(field "$name" -c)" -eq 2 ]
		[ "$(field "$name" -S)" -eq 131072 ]
	done
	lov setstripe -d d
	echo x >d/g
	[ "$(field d/g -c)" -eq 1 ]
	lov setstripe -d d
	fails_with 1 "d/f: is not a directory" lov setstripe -d d/f
}

@test "several files at once, and a file that is empty but has no objects yet" {
	lov setstripe -c 2 a b c
	for name in a b c; do [ "$(field "$name" -c)" -eq 2 ]; done
	lov setstripe -c 3 a
	[ "$(field a -c)" -eq 3 ]
	: >empty
	lov setstripe -c 4 empty
	echo x >empty
	[ "$(field empty -c)" -eq 4 ]
}

@test "a file that has data keeps its layout" {
	echo data >f
	fails_with 1 "lov setstripe: f: has objects already" lov setstripe -c 2 f
	[ "$(cat f)" = data ]
	[ "$(field f -c)" -eq 1 ]
	fails_with 3 "f: has objects already" lov setstripe -c 2 f new
	[ "$(field new -c)" -eq 2 ]
}

@test "stripe sizes that can't be" {
	refused_usage "-S/--stripe-size '0'" -S 0
	refused_usage "-S/--stripe-size '100k': not a multiple of 64 KiB" -S 100k
	refused_usage "-S/--stripe-size '3G': too large" -S 3G
	refused_usage "-S/--stripe-size 'much'" -S much
}

@test "more stripes than OSTs, OSTs and pools that aren't there" {
	refused "stripe count 5 is more than the 4 OSTs" -c 5
	refused "stripe count 3 is more than the 2 OSTs of pool fast" -c 3 -p fast
	refused "OST pool 'none-such'" -p none-such
	refused "OST 4" -i 4
	refused "OST 9" -o 1,9
	refused "OST 1 is not in pool 'fast'" -i 1 -p fast
	refused_usage "-c/--stripe-count '70000'" -c 70000
	refused_usage "-o/--ost '1,x'" -o 1,x
	refused_usage "-p/--pool" -p a-name-that-is-too-long
}

@test "components that overlap, leave a gap, or don't end at whole stripes" {
	refused_usage "overlaps the component before it" -E 4M -E 2M
	refused_usage "overlaps the component before it" -E 4M -E 4M
	refused "end 1114112 is not a multiple of its stripe size 131072" -E 1088k -S 128k -E -1
	refused_usage "-E/--component-end" -E 1M -E nowhere
	cat >"$T/gap.yaml" <<-'EOF'
		lcm_layout_gen:    0
		lcm_mirror_count:  1
		lcm_entry_count:   2
		components:
		  - lcme_id:             1
		    lcme_extent.e_start: 0
		    lcme_extent.e_end:   1048576
		    sub_layout:
		      lmm_stripe_count:  1
		      lmm_stripe_size:   1048576
		      lmm_pattern:       raid0
		      lmm_stripe_offset: -1
		  - lcme_id:             2
		    lcme_extent.e_start: 2097152
		    lcme_extent.e_end:   EOF
		    sub_layout:
		      lmm_stripe_count:  1
		      lmm_stripe_size:   1048576
		      lmm_pattern:       raid0
		      lmm_stripe_offset: -1
	EOF
	refused "component 2: starts at 2097152 and leaves a gap after 1048576" -y "$T/gap.yaml"
	sed 's/2097152/524288/' "$T/gap.yaml" >"$T/overlap.yaml"
	refused "component 2: starts at 524288 and overlaps" -y "$T/overlap.yaml"
	echo 'no: [layout' >"$T/bad.yaml"
	fails_with 2 "bad.yaml" lov setstripe -y "$T/bad.yaml" z
	[ ! -e z ]
}

@test "layouts that Lustre has and lovfs has not" {
	refused "data on the MDT (-L/--layout mdt) is Lustre's: not on a lovfs volume" -E 1M -L mdt -E -1
	fails_with 2 "--flags 'prefer': needs -N before it" lov setstripe --flags prefer z
	fails_with 2 "one of the three" lov setstripe -c 1 --copy . z
}

@test "places where there is no volume, or no way in" {
	fails_with 1 "is neither on a lovfs volume nor on Lustre" lov setstripe -c 1 "$T/elsewhere"
	[ ! -e "$T/elsewhere" ]
	fails_with 1 "missing/f" lov setstripe -c 1 missing/f
	mkfifo fifo
	fails_with 1 "is neither a regular file nor a directory" lov setstripe -c 1 fifo
	fails_with 2 "which file or directory?" lov setstripe -c 1
	mkdir -m 755 other
	fails_with 1 "Permission denied" as_user lov setstripe -c 1 other/f
	fails_with 1 "cannot set the layout" as_user lov setstripe -c 1 other
	[ "$(find other | wc -l)" -eq 1 ]
}

@test "a file takes the mode that the umask leaves" {
	umask 027
	lov setstripe -c 2 f
	[ "$(stat -c %a f)" = 640 ]
}

teardown() {
	cd /
	lov_teardown
}
