#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What src/fs/fs.h promises, kept by both that implement it: the cases of t/contract on a volume as
# it is (fs_lovfs.c), and as a Lustre client's by the double (fs_lustre.c).

load lib
load double

CONTRACT=$BUILD_DIR/t/contract/fs_contract
FACTS=$BUILD_DIR/t/contract/lustre_facts
RUN=$BATS_TEST_DIRNAME/../contract/run

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
	if grep -E '^lovfs ioctl|hidden directory' "$T/double.log" >&2; then
		return 1
	fi
}

# both PATTERN: the cases with such names, on both.
both() {
	local case count=0
	for case in $("$CONTRACT"); do
		# shellcheck disable=SC2053 # a pattern
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
	prints OST lustre lov df
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

# report NAME [OPTION...]: t/contract/run on $MNT as a Lustre client's; the report is $T/NAME.
report() {
	local name=$1
	shift
	lustre "$RUN" "$@" "$MNT" >"$T/$name" 2>"$T/$name.err"
}

# left: what runs have left in $MNT, which must be nothing.
left() { find "$MNT" -mindepth 1 -maxdepth 1 -name 'lov-contract*'; }

@test "the run for a mount of anybody's: a report, and nothing left" {
	report all
	cat "$T/all"
	grep -q "^kernel: *$(uname -s) $(uname -r)" "$T/all"
	grep -q "^mount: *$FSNAME on $MNT, lustre (the double" "$T/all"
	grep -q '^ok       case lock-signal' "$T/all"
	grep -q '^ok       fact lease-none: .*: ENOLCK$' "$T/all"
	grep -q '^skipped  fact user-xattr: it is mounted with user_xattr' "$T/all"
	(($(grep -c '^ok  ' "$T/all") == $("$CONTRACT" | wc -l) + $("$FACTS" | wc -l) - 1))
	grep -q ' 1 skipped, 0 otherwise, ' "$T/all"
	cat "$T/all.err" >&2
	[[ ! -s $T/all.err && -z $(left) ]]
}

@test "the run: on lovfs there are no facts, and OSTs are counted" {
	"$RUN" --only '[lf]*' "$MNT" >"$T/report"
	grep -q '^ok       case layout-osts' "$T/report"
	grep -q '^facts are those of Lustre alone' "$T/report"
	run ! grep -q ' fact ' "$T/report"
	[[ -z $(left) ]]
}

@test "the run: an answer that is another is told, and fails" {
	local status=0
	LUSTRE_DOUBLE_FAULT='SET_LEASE:1:EIO,SET_LEASE:2:EIO' report other --only 'lease-none' || status=$?
	((status == 1))
	grep -q '^DIFFERS  fact lease-none: .*: EIO (on 2.17: ENOLCK)$' "$T/other"
	grep -q '^FAILED   case lease-none: status 1$' "$T/other"
	[[ -z $(left) ]]
}

@test "the run: where it can't be tried it says so" {
	local status=0
	run -2 --separate-stderr "$RUN"
	run -2 --separate-stderr "$RUN" "$MNT/missing"
	[[ $stderr == *"$MNT/missing is no directory" ]]
	run -2 --separate-stderr "$RUN" "$T"
	[[ $stderr == *"$T is not on Lustre or lovfs: "* ]]
	run -2 --separate-stderr "$RUN" --limit 0 "$MNT"
	mkdir "$T/read_only"
	mount --bind "$MNT" "$T/read_only"
	mount -o remount,bind,ro "$T/read_only"
	run -2 --separate-stderr "$RUN" "$T/read_only"
	umount "$T/read_only"
	echo "$stderr"
	[[ $stderr == *"$T/read_only can't be written: "* ]]
}

@test "the run: a case that hangs is ended, and the others are tried" {
	local status=0
	LUSTRE_DOUBLE_FAULT='GROUP_LOCK:1:wait' report hangs --case-limit 2 --only 'l[eo]*[kn]*' || status=$?
	cat "$T/hangs"
	((status == 1))
	grep -q '^HANGS    case lock: not done after 2 seconds, and ended$' "$T/hangs"
	grep -q '^ok       case lease-none' "$T/hangs"
	grep -q '^ok       fact lease-none' "$T/hangs"
	[[ -z $(left) ]]
}

@test "the run: what can't be ended is left, and told" {
	local status=0 runner i
	LUSTRE_DOUBLE_FAULT='GROUP_LOCK:1:wait' report stuck --case-limit 3 --only lock &
	runner=$!
	double_waiting
	for i in 0 1; do fsfreeze --freeze "$T/d$i"; done
	double_go
	wait "$runner" || status=$?
	for i in 0 1; do fsfreeze --unfreeze "$T/d$i"; done
	cat "$T/stuck"
	((status == 1))
	grep -q "^HANGS    case lock: process group [0-9]* can't be ended (state D), and was left$" "$T/stuck"
	grep -q "^processes that can't be ended, by group: [0-9]*$" "$T/stuck"
	grep -q "^left behind: $MNT/lov-contract" "$T/stuck"
}

@test "the run: a signal in the middle leaves nothing" {
	local status=0 runner i
	LUSTRE_DOUBLE_FAULT='GROUP_LOCK:1:wait' report signal &
	runner=$!
	double_waiting 30
	[[ -n $(left) ]]
	kill -TERM "$(pgrep -P "$runner" -f contract/run || echo "$runner")"
	wait "$runner" || status=$?
	cat "$T/signal"
	((status == 1))
	grep -q '^stopped by SIGTERM' "$T/signal"
	run ! grep -q ' fact ' "$T/signal"
	[[ -z $(left) ]]
	run ! pgrep -f "fs_contract lustre $MNT"
}

@test "the run: all together have their time" {
	local status=0
	LUSTRE_DOUBLE_FAULT='GROUP_LOCK:1:wait' report limit --limit 2 --only 'lock*' || status=$?
	((status == 1 && $(grep -c '^NOT RUN ' "$T/limit") > 0))
	[[ -z $(left) ]]
}

@test "no case is left out" {
	local case pattern found
	for case in $("$CONTRACT"); do
		found=
		while read -r pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ $case == $pattern ]] && found=yes
		done < <(grep -oP "both '\K[^']+" "$BATS_TEST_FILENAME")
		[[ $found ]] || echo "$case is not run" >&2
		[[ $found ]]
	done
}
