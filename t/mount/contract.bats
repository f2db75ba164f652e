#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What src/fs/fs.h promises, kept by both that implement it: the cases of t/contract on a volume as it is (fs_lovfs.c), and
# as a Lustre client's by the double (fs_lustre.c).

load lib
load double

CONTRACT=$BUILD_DIR/t/contract/fs_contract
FACTS=$BUILD_DIR/t/contract/lustre_facts

setup() {
	lov_setup
	volume_make -d 2 -n 4 --pool fast=0,1 >/dev/null
	volume_mount
}

# run_case NAME CASE: in a directory of its own.
run_case() {
	local as=()
	[[ $1 == lustre ]] && as=(lustre)
	mkdir "$MNT/$2.$1"
	(cd "$MNT/$2.$1" && "${as[@]}" "$CONTRACT" "$1" "$MNT" "$FSNAME" "$2") && return
	echo "$2 failed on $1" >&2
	return 1
}

# nothing_left: what had no name has gone with its last descriptor.
nothing_left() {
	local i
	rm -rf "${MNT:?}"/*
	for ((i = 0; i < 100; i++)); do
		(($(object_count) == 0)) && return
		sleep 0.1
	done
	echo "$(object_count) objects are left" >&2
	return 1
}

# only_lustre: the double was asked for nothing but what Lustre has.
only_lustre() {
	[[ -e $T/double.log ]] || return 0
	! grep -E '^lovfs ioctl|hidden directory' "$T/double.log" >&2
}

# both PATTERN: the cases with such names, on both.
both() {
	local case count=0
	for case in $("$CONTRACT"); do
		# shellcheck disable=SC2053
		[[ $case == $1 ]] || continue
		run_case lovfs "$case"
		run_case lustre "$case"
		count=$((count + 1))
	done
	((count > 0))
	nothing_forbidden
	only_lustre
	nothing_left
}

# fact NAME: as Lustre answered.
fact() {
	mkdir "$MNT/$1.fact"
	(cd "$MNT/$1.fact" && LUSTRE_DOUBLE_NOUSER_XATTR=1 lustre "$FACTS" "$1")
}

# parameters: what a client's modules would show of the volume's OSTs and its pool.
parameters() {
	local fs=$T/tree/sys/fs/lustre pools=$T/tree/proc/fs/lustre/lov/$FSNAME-clilov-ffff8/pools target
	for target in osc/$FSNAME-OST000{0,1,2,3}-osc-ffff8 "mdc/$FSNAME-MDT0000-mdc-ffff8"; do
		mkdir -p "$fs/$target"
		echo 1 >"$fs/$target/active"
		echo 524288 >"$fs/$target/kbytestotal"
		echo 400000 | tee "$fs/$target/kbytesfree" >"$fs/$target/kbytesavail"
		echo 1000 | tee "$fs/$target/filestotal" >"$fs/$target/filesfree"
	done
	mkdir -p "$pools"
	printf '%s\n' "$FSNAME-OST0000_UUID" "$FSNAME-OST0001_UUID" >"$pools/fast"
}

@test "opening" { both 'open*'; }
@test "limits" { both 'limits'; }
@test "one way or the other" { both 'ways'; }
@test "layouts" { both 'layout-*'; }
@test "FIDs" { both 'fid'; }
@test "victims" { both 'victim*'; }
@test "copying" { both 'copying'; }
@test "data versions" { both 'version*'; }
@test "dropping caches" { both 'drop-cache'; }
@test "leases" { both 'lease-*'; }
@test "group locks" { both 'lock*'; }
@test "swaps" { both 'swap*'; }
@test "mirrors as files" { both 'mirror-*'; }
@test "merges" { both 'merge*'; }
@test "splits" { both 'split*'; }
@test "component flags" { both 'flags*'; }
@test "resync under a lease" { both 'resync*'; }
@test "following" { both 'follow*'; }
@test "what is counted" { both 'moved'; }
@test "targets" { both 'targets'; }
@test "pools" { both 'pools'; }

@test "limits, targets and pools, where a client shows them" {
	parameters
	export LUSTRE_DOUBLE_SYS=$T/tree
	both 'limits'
	both 'targets'
	both 'pools'
	cd "$MNT"
	lustre lov df | grep -q OST
}

@test "facts: the double answers as Lustre did" {
	local name bad=
	for name in $("$FACTS"); do
		fact "$name" || bad+=" $name"
	done
	[[ -z $bad ]] || echo "not as Lustre, or not asked:$bad"
	[[ -z $bad ]]
	only_lustre
}

@test "no case is left out" {
	local case pattern found
	for case in $("$CONTRACT"); do
		found=
		while read -r pattern; do
			# shellcheck disable=SC2053
			[[ $case == $pattern ]] && found=yes
		done < <(grep -oP "both '\K[^']+" "$BATS_TEST_FILENAME")
		[[ $found ]] || echo "$case is not run" >&2
		[[ $found ]]
	done
}
