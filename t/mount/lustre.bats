#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is Lustre's own, with lov on what looks like a Lustre client: which calls are made, and what
# comes of faults at each of them. What it does as on lovfs is in the other files, which run on it
# too. Needs ENGINE=lustre.

load lib
load double
load mirror

MIB=1048576

setup() {
	lov_setup
	[[ $ENGINE == lustre ]] || skip "what is Lustre's own"
	volume_make -d 3 -n 6 --pool one=0,3 --pool two=1,4 >/dev/null
	volume_mount
	cd "$MNT" || return
}

# fault SPEC COMMAND...: with LUSTRE_DOUBLE_FAULT.
fault() {
	local spec=$1
	shift
	LUSTRE_DOUBLE_FAULT=$spec "$@"
}

# plain_file NAME BYTES SETSTRIPE_OPTION...: random data, also in $T/data; what it is like is
# remembered for as_before.
plain_file() {
	rm -f "$1"
	lov setstripe "${@:3}" "$1" || return 1
	random_file "$T/data" "$2"
	cat "$T/data" >"$1"
	touch -d '2001-02-03 04:05:06.123456789' "$1"
	remember "$1"
}
remember() {
	lov getstripe -v "$1" >"$T/layout.before"
	stat -c '%i %h %a %u %g %s %y' "$1" >"$T/stat.before"
	objects_before=$(object_count)
}
as_before() {
	same "$T/data" "$1" || return 1
	lov getstripe -v "$1" | diff "$T/layout.before" - || return 1
	stat -c '%i %h %a %u %g %s %y' "$1" | diff "$T/stat.before" - || return 1
	nothing_left && objects_left "$objects_before"
}

# osts FILE: of a plain layout's objects.
osts() { lov getstripe --json "$1" | jq -c '[.[0].layout.lmm_objects[].l_ost_idx]'; }

# ioctls: those of the log, in their order; gid and descriptors left out.
ioctls() { sed -nE 's/^ioctl (GROUP_[A-Z]*) [0-9]+/\1/p; s/^ioctl //p' "$T/double.log" | sed -E 's/ ids=[0-9,]+//' | uniq; }

# background SPEC COMMAND...: sets BACKGROUND; it stands at its fault "wait" then. ended: sets
# STATUS.
background() {
	double_go
	LUSTRE_DOUBLE_FAULT=$1 env --default-signal=INT "${@:2}" >"$T/background.out" 2>"$T/background.err" 3>&- 4>&- &
	BACKGROUND=$!
	double_waiting
}
ended() {
	STATUS=0
	double_go
	timeout 20 tail --pid="$BACKGROUND" -f /dev/null || return 1
	wait "$BACKGROUND" || STATUS=$?
	echo "status $STATUS: $(<"$T/background.err")"
}

# stat_of NAME COMMAND...: by how much a number of the volume grew. GREW.
stat_of() {
	local before
	before=$(real_lov stats --json "$MNT" | jq ".[0].$1")
	"${@:2}" || return 1
	GREW=$(($(real_lov stats --json "$MNT" | jq ".[0].$1") - before))
	echo "${*:2}: $1 $GREW"
}

# --- the file system ---

@test "df: the targets that the client tells of, and the pools" {
	lov df . >"$T/df"
	cat "$T/df"
	grep -Eq "^test-MDT0000_UUID +1048576 +48576 +900000 +6%  $MNT\[MDT:0\] $" "$T/df"
	(($(grep -cE "^test-OST000[0-5]_UUID +1048576 +48576 +900000 +6%  $MNT\[OST:[0-5]\] $" "$T/df") == 6))
	grep -Eq "^filesystem_summary: +6291456 +291456 +5400000 +6%  $MNT $" "$T/df"
	lov df -p two . >"$T/df"
	grep -q OST0001 "$T/df"
	grep -q OST0004 "$T/df"
	run ! grep -Eq 'OST000[0235]' "$T/df"
	engine_active 2 0
	lov df . >"$T/df"
	run ! grep -q OST0002 "$T/df"
	prints "^OST0002 *: inactive device (deactivated on this client)" lov df -v .
	echo Df >"$T/tree/sys/fs/lustre/osc/test-OST0004-osc-ffff8f0012345678/statfs_state"
	lov df . >"$T/df"
	grep -qF "${MNT}[OST:4] D" "$T/df"
	lov df -v . >"$T/df"
	grep -qF "${MNT}[OST:4] Df" "$T/df"
	[ "$(lov df --json . | jq -r '.[0].targets[] | select(.index == 4).state')" = Df ]
	echo 0 >"$T/tree/sys/fs/lustre/osc/test-OST0003-osc-ffff8f0012345678/kbytestotal"
	lov df --json . | jq -e '.[0].targets[] | select(.kind == "OST" and .index == 3) | .active == false and .why == "it doesn'"'"'t answer"'
	fails_with 1 "" lov df -p none .
}

@test "fid, getstripe: as by lovfs itself" {
	plain_file f 100000 -c 2 -S 128k
	mkdir d
	double_log_clear
	[ "$(lov getstripe -m f d)" = $'0\n0' ]
	(($(double_log '^ioctl GET_MDTIDX') == 2))
	[ "$(lov fid f d)" = "$(real_lov fid f d)" ]
	[ "$(lov getstripe -c -S -i -p f)" = "$(real_lov getstripe -c -S -i -p f)" ]
	lov mirror create -N2 -c 2 m
	lov getstripe -v m >"$T/m"
	real_lov getstripe -v m | diff - "$T/m"
	fails_with 1 "missing" lov getstripe missing
	fails_with 1 "" lov stats .
}

# default_of DIRECTORY TEXT: what lfs prints of it.
default_of() { diff <(lov getstripe -d "$1") <(printf '%s\n\n' "$2"); }

@test "a directory's default: its first OST, the file system's stripe size, the root's, none" {
	lov setstripe -d . # a fresh volume's root has one
	mkdir d e f
	default_of d "stripe_count:  1 stripe_size:   4194304 pattern:        stripe_offset: -1"
	[ "$(lov getstripe -d -v d | head -n 1)" = "(Default) d" ]
	lov setstripe -i 3 -c 2 d
	default_of d "stripe_count:  2 stripe_size:   4194304 pattern:       raid0 stripe_offset: 3"
	[ "$(lov getstripe -d -i d)" = 3 ]
	[ "$(lov getstripe -d -R -S d)" = 0 ]
	[ "$(lov getstripe -d -y d | sed -n 's/^stripe_offset: //p')" = 3 ]
	lov setstripe -i 0 -c 1 -S 64k -p one e
	default_of e "stripe_count:  1 stripe_size:   65536 pattern:       raid0 stripe_offset: 0 pool:          one"
	lov setstripe -E 1M -c 1 -i 4 -E -1 -c 2 -i 1 f
	[ "$(lov getstripe -d -y f | sed -n 's/^ *stripe_offset: //p' | xargs)" = "4 1" ]
	# What a directory has from the root is a default for lfs, too.
	lov setstripe -c 3 -i 2 .
	mkdir g
	lov setstripe -d g
	default_of g "stripe_count:  3 stripe_size:   4194304 pattern:       raid0 stripe_offset: 2"
	[ "$(lov getstripe -d -v g | head -n 1)" = "(Default) g" ]
}

@test "restripe gives what the directory, the root or the file system says, first OSTs included" {
	lov setstripe -d .
	mkdir d n
	lov setstripe -i 3 -c 2 d
	for name in d/a d/b n/c; do
		lov setstripe -c 1 -i 1 "$name"
		echo x >"$name"
	done
	lov migrate --restripe d/a d/b
	[ "$(osts d/a)" = "[3,4]" ]
	[ "$(osts d/b)" = "[3,4]" ]
	lov migrate --restripe n/c
	[ "$(osts n/c | jq length)" -eq 1 ]
	lov setstripe -c 2 -i 5 .
	lov migrate --restripe n/c
	[ "$(osts n/c)" = "[5,0]" ]
	[ "$(<n/c)" = x ]
}

@test "why a layout can't be set or swapped: a full OST, an archived file" {
	fails_with 1 "cannot set the layout (OST 4, OST 2 asked for): No space left" fault SETXATTR:1:ENOSPC lov setstripe -o 4,2 f
	fails_with 1 "(OSTs from 3 asked for): No space left" fault SETXATTR:1:ENOSPC lov setstripe -c 2 -i 3 f
	fails_with 1 "(OST 5 asked for): No space left" fault SETXATTR:1:ENOSPC lov setstripe -c 1 -i 5 f
	fails_with 1 "(pool one, OST 2 asked for): No space left" \
		fault SETXATTR:1:ENOSPC lov setstripe -E 1M -c 1 -p one -E -1 -p '' -o 2 f
	fails_with 1 "cannot set the layout: No space left" fault SETXATTR:1:ENOSPC lov setstripe -c 1 f
	plain_file a 100000 -c 1 -i 1
	fails_with 1 "cannot swap its layout (HSM has archived it: see lfs hsm_state)" fault SWAP:1:EPERM lov migrate -c 2 a
	as_before a
}

@test "setstripe: OST 0, directories, what has a layout already, pools that nobody knows" {
	lov setstripe -c 1 -i 0 f
	(($(double_log '^ioctl LOV_SETSTRIPE = 0') == 1))
	echo x >f
	[ "$(osts f)" = "[0]" ]
	fails_with 1 "'lov migrate' gives it another layout" lov setstripe -c 2 f
	: >f
	fails_with 1 "'lov migrate' gives it another layout" lov setstripe -c 2 f
	[ "$(osts f)" = "[0]" ]
	mkdir d
	lov setstripe -c 3 -S 128k d
	lov getstripe -d -c d >"$T/said"
	cat "$T/said"
	echo x >d/a
	[ "$(osts d/a | jq length)" -eq 3 ]
	lov setstripe -E 1M -c 1 -E -1 -c 2 d
	prints lcm_entry_count lov getstripe -d d
	lov setstripe -d d
	echo x >d/b
	[ "$(osts d/b | jq length)" -eq 1 ]
	lov setstripe -d d
	# What the client tells is believed; where it tells nothing, the servers are asked.
	fails_with 1 "OST pool 'none-such'" lov setstripe -p none-such g
	fails_with 1 "stripe count 7 is more than the 6 OSTs" lov setstripe -c 7 g
	rm -r "$T/tree"
	double_log_clear
	fails_with 1 "cannot set the layout: " lov setstripe -p none-such g
	(($(double_log '^ioctl LOV_SETSTRIPE = E') == 1))
	lov setstripe -c 2 -p one h
	echo x >h
	[ "$(osts h | jq -c sort)" = "[0,3]" ]
}

# --- migrate ---

@test "migrate -b: the calls, one after the other" {
	plain_file f $((3 * MIB)) -c 1 -i 0
	double_log_clear
	lov migrate -c 2 -i 1 f
	ioctls | diff - <(printf '%s = 0\n' GET_MDTIDX LOV_SETSTRIPE GROUP_LOCK "DATA_VERSION flags=0" "DATA_VERSION flags=1" \
		"SWAP_LAYOUTS flags=1" GROUP_UNLOCK)
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	[ "$(osts f)" = "[1,2]" ]
	same "$T/data" f
}

@test "migrate -n: the calls, one after the other" {
	plain_file f $((30 * MIB)) -c 1 -i 0
	double_log_clear
	lov migrate -n -c 2 -i 1 f
	# The lease in between, ten times a second, where the copy takes so long.
	ioctls >"$T/calls"
	diff "$T/calls" <(printf '%s\n' "GET_MDTIDX = 0" "LOV_SETSTRIPE = 0" "SET_LEASE mode=1 flags=0 count=0 = 0" "GET_LEASE = 1" \
		"DATA_VERSION flags=1 = 0" "GET_LEASE = 1" "DATA_VERSION flags=1 = 0" "SWAP_LAYOUTS flags=16 = 0")
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	[ "$(osts f)" = "[1,2]" ]
	same "$T/data" f
}

@test "migrate: holes stay holes, of composite layouts and odd sizes too" {
	truncate -s 200000001 f
	random_file "$T/piece" 70001
	for at in 4096 50000000 199900000; do dd if="$T/piece" of=f bs=1M oflag=seek_bytes seek=$at conv=notrunc status=none; done
	cp --sparse=always f "$T/data"
	for how in "-b -c 3 -S 64k" "-n -E 1M -c 1 -E -1 -c 2" "-b --threads 1 -c 1"; do
		# shellcheck disable=SC2086 # several words
		lov migrate -v $how f
		same "$T/data" f
		[ "$(stat -c %b f)" -lt 2000 ]
	done
}

@test "migrate --verify: a byte that went wrong on its way, in all modes" {
	local mode
	for mode in -b -n; do
		plain_file f $((24 * MIB)) -c 1 -i 0
		double_log_clear
		fails_with 1 "of the copy differ when it is read back" fault pwrite:2:flip lov migrate --verify $mode -c 2 -i 1 f
		(($(double_log '^fault pwrite:2:flip') == 1 && $(double_log SWAP) == 0))
		as_before f
	done
	# The kernel writes and reads less than it was asked for.
	fault "pwrite:1:short,pwrite:3:short,pread:2:short,pread:5:short" lov migrate --verify -c 2 -i 1 f
	same "$T/data" f
	[ "$(osts f)" = "[1,2]" ]
}

@test "migrate -n: the lease is asked by the clock, not by each stream; a copy without it ends soon" {
	local begin asked ms
	plain_file f $((24 * MIB)) -c 1 -i 0
	double_log_clear
	begin=$(date +%s%3N)
	lov migrate -n --threads 8 -W 16 -c 2 -i 1 f
	ms=$(($(date +%s%3N) - begin))
	asked=$(double_log '^ioctl GET_LEASE')
	echo "$asked times in $ms ms"
	# A piece of 128 KiB at a time: 192 of them.
	((asked >= 4 && asked <= ms / 100 + 3 && asked < 100))
	same "$T/data" f
	double_log_clear
	stat_of written_bytes fails_with 1 "lease lost" fault pwrite:3:lose-lease lov migrate -n --threads 8 -W 4 -c 1 -i 0 f
	((GREW < 12 * MIB))
	same "$T/data" f
	nothing_left
}

@test "migrate -n: the lease is lost, at every call" {
	local at
	for at in SET_LEASE:1 GET_LEASE:1 GET_LEASE:2 DATA_VERSION:1 pread:2 pwrite:1 pwrite:3 fsync:1 DATA_VERSION:2 SWAP:1; do
		plain_file f $((24 * MIB)) -c 1 -i 0
		echo "$at"
		double_log_clear
		if [[ $at == SET_LEASE:1 ]]; then
			# Before there is one.
			fault $at:lose-lease lov migrate -n -c 2 -i 1 f
			same "$T/data" f
			continue
		fi
		fails_with 1 "lov migrate: f: was opened for writing or truncated meanwhile: lease lost" \
			fault $at:lose-lease lov migrate -n -c 2 -i 1 f
		(($(double_log "^fault $at:lose-lease") == 1))
		as_before f
	done
	# The layout changes: so there was a writer.
	plain_file f $((24 * MIB)) -c 1 -i 0
	fails_with 1 "lease lost" fault GET_LEASE:2:change-layout lov migrate -n -c 2 -i 1 f
	same "$T/data" f
	nothing_left
	plain_file f $((24 * MIB)) -c 1 -i 0
	fails_with 1 "" fault GET_LEASE:2:write-file lov migrate -n -c 2 -i 1 f
	[ "$(cmp -l f "$T/data" | wc -l)" -eq 1 ]
	[ "$(osts f)" = "[0]" ]
}

@test "migrate -n: who has the file open is named" {
	plain_file f 100000 -c 1 -i 0
	python3 -c 'import sys, time; f = open("f", "r+"); print("open", flush=True); time.sleep(30)' >"$T/opened" 3>&- 4>&- &
	writer=$!
	until [ -s "$T/opened" ]; do sleep 0.1; done
	fails_with 1 "lov migrate: f: is open for writing elsewhere: process $writer (python3) has it open for writing" lov migrate -n -c 2 f
	kill "$writer"
	wait "$writer" || true
	as_before f
}

@test "migrate -b: data that changes is noticed, three times; a writer waits, and writes to the new file" {
	plain_file f $((2 * MIB)) -c 1 -i 0
	double_log_clear
	fails_with 1 "its data changed during the copy, each time it was tried" fault 'SWAP:*:EAGAIN' lov migrate -c 2 -i 1 f
	(($(double_log '^ioctl SWAP_LAYOUTS') == 3 && $(double_log '^ioctl GROUP_LOCK') == 3 && $(double_log '^ioctl GROUP_UNLOCK') == 3))
	as_before f
	double_log_clear
	fault SWAP:1:EAGAIN lov migrate -c 2 -i 1 f
	(($(double_log '^ioctl SWAP_LAYOUTS') == 2))
	same "$T/data" f
	fault pread:1:write-file lov migrate -c 1 -i 3 f
	for ((i = 0; i < 100; i++)); do
		cmp -s f "$T/data" || break
		sleep 0.05
	done
	[ "$(cmp -l f "$T/data" | wc -l)" -eq 1 ]
	[ "$(osts f)" = "[3]" ]
}

@test "migrate: an OST that is full is named; servers that are away; and the file is as it was" {
	local mode err
	for mode in -b -n; do
		plain_file f $((24 * MIB)) -c 1 -i 0
		fails_with 1 "No space left on device (on OST 2;" fault pwrite-ost2:1:ENOSPC lov migrate $mode -c 2 -S 8M -o 1,2 f
		as_before f
		# A write that goes to several.
		fails_with 1 "No space left on device (on OST 2;" fault pwrite-ost2:3:ENOSPC lov migrate $mode -c 2 -S 1M -o 1,2 f
		fails_with 1 "No space left on device (on one of the OSTs 1, 2;" fault pwrite:2:ENOSPC lov migrate $mode -c 2 -S 1M -o 1,2 f
		fails_with 1 "No space left on device (on one of the OSTs 0, 1, 2, 3 and others;" fault 'pwrite:1:ENOSPC' \
			lov migrate --threads 1 $mode -S 1M -o 0,1,2,3,4,5 f
		as_before f
		fails_with 1 "No space left on device (on OST 1;" fault pwrite:1:ENOSPC lov migrate $mode -c 1 -i 1 f
		as_before f
		for err in EIO ESHUTDOWN ETIMEDOUT; do
			for at in pread:2 pwrite:2 fsync:1 DATA_VERSION:1 SWAP:1; do
				echo "$mode $at $err"
				fails_with 1 "the client may have been evicted by a server: see dmesg" fault $at:$err lov migrate $mode -c 2 -i 1 f
				as_before f
			done
		done
		fails_with 1 "Permission denied" fault VOLATILE:1:EACCES lov migrate $mode -c 2 f
		fails_with 1 "lov migrate: f: " fault SETXATTR:1:EINVAL lov migrate $mode -c 2 f
		fails_with 1 "lov migrate: f: " fault GETXATTR:1:EIO lov migrate $mode -c 2 f
		fails_with 1 "lov migrate: f: " fault ftruncate:1:EIO,pwrite:1:EIO lov migrate $mode -c 2 f
		as_before f
	done
	fails_with 1 "lov migrate: f: " fault GROUP_LOCK:1:ENOTTY lov migrate -c 2 f
	fails_with 1 "too old" fault SWAP:1:ENOTTY lov migrate -c 2 f
	fails_with 1 "lov migrate: f: " fault GET_LEASE:2:EIO lov migrate -n -c 2 f
	as_before f
}

@test "migrate of a mirrored file is refused, and nothing is locked or leased" {
	mirrored_file f 100000
	double_log_clear
	fails_with 1 "has 2 mirrors, and a migrate would leave one: make a new mirror (lov mirror extend) and remove an old one (lov mirror delete)" \
		lov migrate -c 2 f
	(($(double_log 'GROUP_LOCK|SET_LEASE|SWAP') == 0))
	in_sync f
	echo x >g
	fails_with 2 "this makes no mirrors; 'lov mirror extend' does" lov migrate -N2 g
}

@test "migrate: signals in each phase; the file as it was, and nothing left" {
	local mode at signal
	for mode in -b -n; do
		for at in VOLATILE:1 DATA_VERSION:1 pread:2 pwrite:2 fsync:1 DATA_VERSION:2 SWAP:1; do
				for signal in INT TERM KILL; do
				# What has begun to swap ends well, if it is not killed.
				[[ ($at == SWAP:1 || $at == DATA_VERSION:2) && $signal != KILL ]] && continue
				plain_file f $((24 * MIB)) -c 1 -i 0
				echo "$mode $at SIG$signal"
				background "$at:wait" lov migrate $mode -c 2 -i 1 f
				kill -$signal "$BACKGROUND"
				sleep 0.1
				ended
				[ "$STATUS" -eq $((128 + $(kill -l $signal))) ]
				as_before f
			done
		done
	done
	lov migrate -c 2 -i 1 f
	same "$T/data" f
}

@test "--retry: what passes is tried again, and said; the rest isn't" {
	plain_file f $((2 * MIB)) -c 1 -i 0
	double_log_clear
	fault pwrite:1:ENOSPC lov migrate --retry 3 -c 2 -i 1 f 2>"$T/stderr"
	cat "$T/stderr"
	grep -q "lov migrate: f: .*No space left on device.*; trying again in [01]\.[0-9] s (1 of 3)" "$T/stderr"
	(($(wc -l <"$T/stderr") == 1))
	same "$T/data" f
	[ "$(osts f)" = "[1,2]" ]
	double_log_clear
	fails_with 1 "Permission denied" fault 'VOLATILE:*:EACCES' lov migrate --retry 3 -c 1 f
	(($(double_log '^fault VOLATILE') == 1))
	run ! grep -q "trying again" "$T/stderr"
	fails_with 1 "No space left" fault 'pwrite:*:ENOSPC' lov migrate --retry 1 -c 1 f
	grep -q "(1 of 1)" "$T/stderr"
	fault SET_LEASE:1:EBUSY lov migrate -n --retry 1 -c 1 -i 3 f 2>"$T/stderr"
	grep -q "is open for writing elsewhere.*; trying again in [01]\.[0-9] s" "$T/stderr"
	[ "$(osts f)" = "[3]" ]
	fault GET_LEASE:2:lose-lease lov mirror extend --retry 2 -N f 2>"$T/stderr"
	grep -q "lease lost; trying again in [01]\.[0-9] s (1 of 2)" "$T/stderr"
	in_sync f
	overwrite f 0 4096
	fault pwrite:1:ENOSPC lov mirror resync --retry 2 f 2>"$T/stderr"
	grep -q "trying again in [01]\.[0-9] s (1 of 2)" "$T/stderr"
	in_sync f
}

@test "two resyncs of one file end each other, and --retry brings them through" {
	plain_file f $((24 * MIB)) -c 1 -i 0
	lov mirror extend -N -c 1 -i 1 f
	for _ in 1 2 3; do
		overwrite f $((8 * MIB)) $((4 * MIB))
		lov mirror resync --retry 8 f 2>"$T/first" &
		first=$!
		status=0
		lov mirror resync --retry 8 f 2>"$T/second" || status=$?
		wait "$first"
		((status == 0))
		in_sync f
	done
}

@test "several files: the status covers all, also when the last is good" {
	for name in a b c; do echo $name >$name; done
	fails_with 3 "lov migrate: b: " fault SWAP:2:EIO lov migrate -j 1 -c 2 a b c
	[ "$(lov getstripe -c a b c | xargs)" = "2 1 2" ]
	fails_with 3 "missing" lov migrate -c 3 missing a
	[ "$(lov getstripe -c a)" = 3 ]
	lov mirror extend -N a
	lov mirror extend -N b
	fails_with 3 "missing" lov mirror extend -N missing c
	for name in a b c; do echo more >>$name; done
	fails_with 3 "lov mirror resync: a: " fault pwrite:1:EIO lov mirror resync a b c
	[ "$(state a)$(state b)$(state c)" = spororo ] || [ "$(state a)$(state b)$(state c)" = wproro ]
	lov mirror resync a b c
	[ "$(state a)" = ro ]
}

# --- mirror extend ---

@test "extend -N2: one reading, two merges" {
	plain_file f $((24 * MIB)) -c 1 -i 0
	double_log_clear
	stat_of read_bytes lov mirror extend -N2 f
	((GREW >= 24 * MIB && GREW < 25 * MIB))
	ioctls | grep SET_LEASE | diff - <(printf '%s\n' "SET_LEASE mode=1 flags=0 count=0 = 0" "SET_LEASE mode=4 flags=4 count=1 = 1" \
		"SET_LEASE mode=1 flags=0 count=0 = 0" "SET_LEASE mode=4 flags=4 count=1 = 1")
	[ "$(mirrors f)" = "1 2 3" ]
	in_sync f
	stat -c '%i %h %a %u %g %s %y' f | diff "$T/stat.before" -
	nothing_left
}

@test "extend: the lease is lost, at every call; the file is as it was" {
	local at
	plain_file f $((24 * MIB)) -c 1 -i 0
	for at in GET_LEASE:1 GET_LEASE:2 DATA_VERSION:1 pread:2 pwrite:3 fsync:1 DATA_VERSION:2 SET_LEASE:2; do
		echo "$at"
		fails_with 1 "lease lost" fault $at:lose-lease lov mirror extend -N f
		as_before f
	done
	fails_with 1 "lov mirror extend: f: " fault pwrite:2:write-file lov mirror extend -N f
	grep -Eq "its data changed during the copy|lease lost" "$T/stderr"
	lov getstripe -v f | diff "$T/layout.before" -
	[ "$(cmp -l f "$T/data" | wc -l)" -eq 1 ]
	nothing_left
}

@test "extend -N2: lost between the merges, 1 of 2 mirrors were added; written between them, the rest is copied again" {
	local at
	for at in SET_LEASE:3:EBUSY SET_LEASE:4:lose-lease DATA_VERSION:4:EIO DATA_VERSION:5:EIO; do
		plain_file f $((6 * MIB)) -c 1 -i 0
		double_log_clear
		fails_with 3 "lov mirror extend: f: 1 of 2 mirrors were added: " fault $at lov mirror extend --threads 1 -N2 f
		grep fault "$T/double.log"
		[ "$(mirrors f)" = "1 2" ]
		in_sync f
		nothing_left
	done
	plain_file f $((6 * MIB)) -c 1 -i 0
	stat_of read_bytes fault SET_LEASE:3:write-file lov mirror extend -N2 f
	((GREW >= 12 * MIB))
	[ "$(mirrors f)" = "1 2 3" ]
	[ "$(cmp -l f "$T/data" | wc -l)" -eq 1 ]
	cat f >"$T/data"
	# The write made one that had been merged stale; the third has it.
	[ "$(stale f | wc -w)" -eq 1 ]
	mirror_same f 3
	lov mirror resync f
	in_sync f
}

@test "extend: errors and signals leave the file as it was" {
	local at signal
	plain_file f $((24 * MIB)) -c 1 -i 0
	fails_with 1 "No space left on device (on OST 2;" fault pwrite-ost2:2:ENOSPC lov mirror extend -N -o 2 f
	as_before f
	for at in pread:2:EIO pwrite:2:ESHUTDOWN fsync:1:EIO DATA_VERSION:1:EIO SET_LEASE:2:EIO SET_LEASE:2:EINVAL SETXATTR:1:EINVAL VOLATILE:1:EACCES; do
		echo "$at"
		fails_with 1 "lov mirror extend: f: " fault $at lov mirror extend -N f
		as_before f
	done
	for at in VOLATILE:1 pread:2 pwrite:2 fsync:1 DATA_VERSION:2; do
		for signal in INT KILL; do
			echo "$at SIG$signal"
			background "$at:wait" lov mirror extend -N2 f
			kill -$signal "$BACKGROUND"
			sleep 0.1
			ended
			[ "$STATUS" -eq $((128 + $(kill -l $signal))) ]
			as_before f
		done
	done
	lov mirror extend -N2 f
	in_sync f
}

# --- mirror resync ---

@test "resync: what is written, with --compare, without, and by default" {
	mirrored_file f $((64 * MIB)) -N -c 1 -i 0 -N -c 1 -i 1
	overwrite f $((40 * MIB + 1000)) 4096
	copies_at_most $MIB lov mirror resync --compare -v f
	in_sync f
	overwrite f $((40 * MIB + 1000)) 4096
	copies_at_least $((64 * MIB)) lov mirror resync --no-compare f
	in_sync f
	# By default from 64 MiB on.
	overwrite f $((3 * MIB)) 4096
	copies_at_most $MIB lov mirror resync f
	in_sync f
	both truncate -s $((63 * MIB)) @
	lov mirror resync f
	overwrite f $((3 * MIB)) 4096
	copies_at_least $((63 * MIB)) lov mirror resync f
	in_sync f
	# One that has nothing has nothing to compare with.
	lov mirror create -N2 -c 1 g
	cat "$T/data" "$T/data" >g
	copies_at_least $((126 * MIB)) lov mirror resync g
	cat "$T/data" "$T/data" | cmp - g
	lov mirror verify g
	fails_with 2 "exclude each other" lov mirror resync --compare --no-compare f
}

@test "resync: several stale mirrors from one reading; one in sync is left alone" {
	mirrored_file f $((16 * MIB)) -N3 -c 1
	overwrite f 0 4096
	[ "$(stale f | wc -w)" -eq 2 ]
	double_log_clear
	stat_of read_bytes lov mirror resync --no-compare f
	((GREW >= 16 * MIB && GREW < 17 * MIB))
	(($(double_log '^ioctl SET_LEASE mode=2 flags=1 count=0 = 0') == 1))
	(($(double_log '^ioctl SET_LEASE mode=4 flags=2 count=2 ids=.* = 2') == 1))
	in_sync f
	double_log_clear
	stat_of read_bytes lov mirror resync -v f
	((GREW == 0))
	(($(double_log LEASE) == 0))
}

@test "resync: what is stale only" {
	mirrored_file f $((4 * MIB)) -N -E 1M -c 1 -E 3M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E 3M -c 1 -E -1 -c 1
	overwrite f 1000 4096
	double_log_clear
	copies_at_most $MIB lov mirror resync --no-compare f
	(($(double_log '^ioctl SET_LEASE mode=4 flags=2 count=1 ids=.* = 2') == 1))
	in_sync f
	overwrite f $((2 * MIB)) 4096
	copies_at_most $((2 * MIB)) lov mirror resync --no-compare f
	in_sync f
	overwrite f 0 4096
	overwrite f $((3 * MIB)) 4096
	double_log_clear
	copies_at_most $((2 * MIB)) lov mirror resync --no-compare f
	(($(double_log '^ioctl SET_LEASE mode=4 flags=2 count=2 ids=.* = 2') == 1))
	in_sync f
}

# stale_still ID: the resync that failed has marked nothing, and has changed nothing of the file.
stale_still() {
	[ "$(stale f)" = "$1" ] && [ "$(state f)" != ro ] && same "$T/data" f && nothing_left
}

@test "resync: the lease is lost, at every call: exit status 1, stale, and another repairs it" {
	local at bad
	mirrored_file f $((24 * MIB))
	for at in GET_LEASE:1 GET_LEASE:2 FLR_SET_MIRROR:1 FLR_SET_MIRROR:3 pread:2 pwrite:1 pwrite:3 ftruncate:1 fsync:1 SET_LEASE:2; do
		overwrite f 500000 4096
		bad=$(stale f)
		echo "$at"
		double_log_clear
		fails_with 1 "lov mirror resync: f: " fault $at:lose-lease lov mirror resync f
		cat "$T/stderr"
		grep -Eq "lease lost|somebody opened the file for writing" "$T/stderr"
		(($(double_log "^fault $at:lose-lease") == 1))
		(($(double_log '^ioctl SET_LEASE mode=4 flags=2 .* = 2') == 0))
		stale_still "$bad"
	done
	# The answer that is no error: 0.
	double_log_clear
	fails_with 1 "lease lost" fault SET_LEASE:2:lose-lease lov mirror resync f
	(($(double_log '^ioctl SET_LEASE mode=4 flags=2 count=1 ids=[0-9]+ = 0') == 1))
	stale_still "$bad"
	fault pwrite:2:write-file lov mirror resync f && false
	cat f >"$T/data"
	stale_still "$bad"
	lov mirror resync f
	in_sync f
}

@test "resync: errors: stale, and another repairs it" {
	local at bad
	mirrored_file f $((24 * MIB)) -N -c 1 -i 0 -N -c 1 -i 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	overwrite f 500000 4096
	[ "$(stale f)" = 2 ]
	fails_with 1 "No space left on device (on OST 1;" fault pwrite-ost1:2:ENOSPC lov mirror resync f
	stale_still 2
	for at in pread:2:EIO pwrite:1:EIO pwrite:2:ESHUTDOWN ftruncate:1:EIO fsync:1:EIO GET_LEASE:2:EIO SET_LEASE:2:EIO FLR_SET_MIRROR:2:EIO; do
		echo "$at"
		fails_with 1 "the client may have been evicted by a server: see dmesg" fault $at lov mirror resync f
		stale_still 2
	done
	fails_with 1 "lov mirror resync: f: " fault SET_LEASE:2:ESTALE lov mirror resync f
	fails_with 1 "lov mirror resync: f: " fault SET_LEASE:1:EBUSY lov mirror resync f
	stale_still 2
	fault "pwrite:1:short,pread:2:short,pread:4:short,pwrite:4:short" lov mirror resync f
	in_sync f
	overwrite f 500000 4096
	fault "pwrite:1:short,pread:2:short,pread:4:short" lov mirror resync --compare f
	in_sync f
	exec 7>>f
	overwrite f 500000 4096
	fails_with 1 "is open for writing elsewhere: process" lov mirror resync f
	exec 7>&-
	lov mirror resync f
	in_sync f
}

@test "resync: signals in each phase: stale, and another repairs it" {
	local at signal
	mirrored_file f $((24 * MIB)) -N -c 1 -i 0 -N -c 1 -i 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	for at in SET_LEASE:1 FLR_SET_MIRROR:1 pread:2 pwrite:2 ftruncate:1 fsync:1 SET_LEASE:2; do
		for signal in INT TERM KILL; do
			[[ $at == SET_LEASE:2 && $signal != KILL ]] && continue
			overwrite f 500000 4096
			echo "$at SIG$signal"
			background "$at:wait" lov mirror resync f
			kill -$signal "$BACKGROUND"
			sleep 0.1
			ended
			[ "$STATUS" -eq $((128 + $(kill -l $signal))) ]
			stale_still 2
		done
	done
	lov mirror resync f
	in_sync f
}

@test "resync: a file that has become shorter or longer: the mirror has its bytes and its length" {
	local size how
	mirrored_file f 3000001 -N -c 2 -S 64k -N -c 1
	for how in "" --compare; do
		for size in 2999999 1048576 1 0 70001 5000000; do
			both truncate -s $size @
			lov mirror resync $how f
			in_sync f
			for id in 1 2; do mirror_same f $id; done
			[ "$(stat -c %s f)" -eq $size ]
		done
		overwrite f 100 5000
		overwrite f 4999000 100001
		lov mirror resync $how f
		in_sync f
	done
}

# --- the other verbs ---

@test "--force-resync, copy and write mark their target stale before they write it, and never their source" {
	local how bad
	mirrored_file f $((12 * MIB)) -N -c 1 -i 0 -N -c 1 -i 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	for how in "resync --force-resync" "copy -i 1 -o 2" "write -N 2 -i $T/data"; do
		echo "$how"
		# shellcheck disable=SC2086 # several words
		background pwrite:1:wait lov mirror $how f
		[ "$(stale f)" = 2 ]
		kill -KILL "$BACKGROUND"
		ended
		stale_still 2
		# shellcheck disable=SC2086 # several words
		lov mirror $how f
		in_sync f
	done
	lov mirror copy -i 2 -o 1 f
	in_sync f
	random_file "$T/other" $((12 * MIB))
	lov mirror write -N 2 -i "$T/other" f
	[ "$(stale f)" = 2 ]
	mirror_same f 2 "$T/other"
	same "$T/data" f
	# Of what it isn't in sync with, nothing is taken.
	fails_with 1 "" lov mirror copy -i 2 -o 1 f
	fails_with 1 "" fault pwrite:2:lose-lease lov mirror write -N 2 -i "$T/data" f
	stale_still 2
	lov mirror write -N 2 -i "$T/data" f
	in_sync f
}

@test "split and delete: the lease, and never the last mirror in sync" {
	mirrored_file f 1000000 -N3 -c 1
	double_log_clear
	lov mirror split --mirror-id 3 -f part f
	(($(double_log '^ioctl SET_LEASE mode=2 flags=0 count=0 = 0') == 1))
	(($(double_log '^ioctl SET_LEASE mode=4 flags=8 count=2 ids=[0-9]+,3 = 2') == 1))
	same "$T/data" part
	in_sync f
	for at in GET_LEASE:1:lose-lease SET_LEASE:2:lose-lease SET_LEASE:1:EBUSY SET_LEASE:2:EIO VOLATILE:1:EACCES; do
		echo "$at"
		fails_with 1 "lov mirror delete: f: " fault $at lov mirror delete --mirror-id 2 f
		[ "$(mirrors f)" = "1 2" ]
	done
	exec 7<f
	fails_with 1 "is open elsewhere: process" lov mirror delete --mirror-id 2 f
	exec 7<&-
	in_sync f
	overwrite f 0 100
	fails_with 1 "is the last one that is in sync" lov mirror delete --mirror-id "$(other "$(stale f)")" f
	lov mirror delete --mirror-id "$(stale f)" f
	[[ $(mirrors f) == [12] ]]
	same "$T/data" f
	nothing_left
}

@test "verify: differences, stale mirrors, and writers" {
	mirrored_file f $((12 * MIB)) -N -c 1 -i 0 -N -c 1 -i 1
	printf XYZ | dd of="$(objects f 2)" bs=1 seek=700000 conv=notrunc status=none
	drop_caches
	run ! lov mirror verify -v f
	[[ $output == *"mirror 2 differs from mirror 1: bytes [696320, 700416)"* ]]
	lov mirror resync --force-resync --only 2 f
	in_sync f
	fails_with 1 "written meanwhile" fault pread:2:write-file lov mirror verify f
	cat f >"$T/data"
	lov mirror resync f
	in_sync f
	fails_with 1 "" fault pread:2:EIO lov mirror verify f
}

# --- what was wrong once ---

# pfl_file: two mirrors of two components; of the second one only the first component is stale.
pfl_file() {
	mirrored_file f $((12 * MIB)) -N -E 1M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E -1 -c 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	overwrite f 1000 4096
	[ "$(stale_parts)" = "1 0" ]
}
# stale_parts: how many components of mirror 2 of f are stale, and how many of mirror 1.
stale_parts() { echo "$(flags f 2 | grep -c stale) $(flags f 1 | grep -c stale)"; }
# corrupt ID: bytes of the mirror's last component, which isn't stale.
corrupt() {
	printf XYZ | dd of="$(objects f "$1" | tail -n 1)" bs=1 seek=$((2 * MIB)) conv=notrunc status=none
	drop_caches
}

# component_flags FILE NUMBER FLAGS: of that component, as no tool would set them.
component_flags() {
	need python3
	cd /
	volume_unmount || return 1
	python3 - "$MDT/ROOT/$1" "$2" "$3" <<-'EOF'
		import os, struct, sys
		path, number, flags = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		lov = bytearray(os.getxattr(path, "trusted.lov"))
		struct.pack_into("<I", lov, 32 + 48 * number + 4, flags)
		os.setxattr(path, "trusted.lov", bytes(lov))
	EOF
	volume_mount
	cd "$MNT" || return
}

@test "write, copy and --force-resync onto a mirror that is stale in a part: all of it is stale meanwhile" {
	local how
	pfl_file
	random_file "$T/other" $((12 * MIB))
	for how in "write -N 2 -i $T/other" "copy -i 1 -o 2" "resync --force-resync"; do
		echo "$how"
		# shellcheck disable=SC2086 # several words
		background pwrite:1:wait lov mirror $how f
		[ "$(stale_parts)" = "2 0" ]
		kill -KILL "$BACKGROUND"
		ended
		[ "$(stale_parts)" = "2 0" ]
		lov mirror resync f
		in_sync f
		overwrite f 1000 4096
		[ "$(stale_parts)" = "1 0" ]
		# An open alone doesn't end the writes, and other data than the file's leaves the
		# mirror stale anyway.
		if [[ $how == write* ]]; then
			# shellcheck disable=SC2086 # several words
			fails_with 1 "lov mirror" fault pwrite:2:write-file lov mirror $how f
			cat f >"$T/data"
		else
			# shellcheck disable=SC2086 # several words
			fails_with 1 "lov mirror" fault pwrite:2:lose-lease lov mirror $how f
		fi
		[ "$(stale_parts)" = "2 0" ]
		lov mirror resync f
		in_sync f
		overwrite f 1000 4096
	done
}

@test "write, copy and --force-resync onto a mirror that is stale in a part: what it is afterwards" {
	local how
	pfl_file
	random_file "$T/other" $((12 * MIB))
	lov mirror write -N 2 -i "$T/other" f
	[ "$(stale_parts)" = "2 0" ]
	mirror_same f 2 "$T/other"
	same "$T/data" f
	lov mirror resync f
	in_sync f
	for how in "copy -i 1 -o 2" "resync --force-resync"; do
		echo "$how"
		overwrite f 1000 4096
		[ "$(stale_parts)" = "1 0" ]
		corrupt 2
		# shellcheck disable=SC2086 # several words
		lov mirror $how f
		in_sync f
	done
}

@test "write: more or fewer bytes than the file has stay stale, also if what both have is the same" {
	mirrored_file f $((MIB + 777)) -N -c 1 -i 0 -N -c 1 -i 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	(cat "$T/data" && echo garbage) >"$T/longer"
	cp "$T/data" "$T/shorter"
	double_log_clear
	lov mirror write -N 2 -i "$T/longer" f
	[ "$(stale f)" = 2 ]
	both truncate -s $((3 * MIB)) @
	lov mirror resync f
	in_sync f
	double_log_clear
	lov mirror write -N 2 -i "$T/shorter" f
	[ "$(stale f)" = 2 ]
	(($(double_log '^ioctl SET_LEASE mode=4 flags=2') == 0))
	same "$T/data" f
	lov mirror write -N 2 -i "$T/data" f
	in_sync f
}

@test "split: a new file that may have got the mirror is never removed" {
	local n done=0
	for n in 1 2 3 4 5 6; do
		rm -f f part
		mirrored_file f 3000000 -N3 -c 1
		double_log_clear
		fault GETXATTR:$n:EIO lov mirror split --mirror-id 3 -f part f || true
		if [ "$(mirrors f)" = "1 2 3" ]; then
			[ ! -e part ]
			continue
		fi
		# The look afterwards was the one that failed, or there was none left to fail.
		[ "$(mirrors f)" = "1 2" ]
		same "$T/data" part
		in_sync f
		done=$((done + $(double_log "^fault GETXATTR:$n:EIO")))
	done
	((done > 0))
}

@test "extend --retry: not again once a mirror was added" {
	local at
	for at in SET_LEASE:3:EBUSY SET_LEASE:4:EBUSY DATA_VERSION:4:EIO; do
		plain_file f $((6 * MIB)) -c 1 -i 0
		double_log_clear
		fails_with 3 "f: 1 of 2 mirrors were added: " fault $at lov mirror extend --threads 1 --retry 2 -N2 f
		(($(double_log "^fault $at") == 1))
		run ! grep "trying again" "$T/stderr"
		[ "$(mirrors f)" = "1 2" ]
		in_sync f
	done
	# Before the first one was, it is.
	plain_file f $((6 * MIB)) -c 1 -i 0
	fault SET_LEASE:2:EBUSY lov mirror extend --threads 1 --retry 2 -N2 f
	[ "$(mirrors f)" = "1 2 3" ]
	in_sync f
}

@test "resync of what is in sync, and a migrate that is refused, end nobody's lease" {
	mirrored_file f $((24 * MIB))
	background pwrite:2:wait lov mirror extend -N f
	lov mirror resync f
	fails_with 1 "f: " lov migrate -c 2 f
	ended
	[ "$STATUS" -eq 0 ]
	[ "$(mirrors f)" = "1 2 3" ]
	in_sync f
	overwrite f 0 10
	background pwrite:1:wait lov mirror resync f
	fails_with 1 "f: " lov migrate -c 2 f
	ended
	[ "$STATUS" -eq 0 ]
	in_sync f
	# A program that runs can't be opened for writing.
	cp "$(command -v sleep)" "$T/data"
	lov mirror create -N2 prog
	cat "$T/data" >prog
	chmod 755 prog
	lov mirror resync prog
	./prog 30 3>&- 4>&- &
	BACKGROUND=$!
	for ((i = 0; i < 100; i++)); do
		[ "$(readlink "/proc/$BACKGROUND/exe")" = "$MNT/prog" ] && break
		sleep 0.05
	done
	lov mirror resync prog
	kill "$BACKGROUND"
	in_sync prog
}

@test "migrate -n of one file that is named several times: it is migrated once" {
	plain_file f $((24 * MIB)) -c 1 -i 0
	double_log_clear
	lov migrate -n -j 4 -c 2 f f f f
	(($(double_log '^ioctl SWAP_LAYOUTS .* = 0') == 1))
	same "$T/data" f
	nothing_left
}

@test "df: where nothing is known of the OSTs" {
	rm -r "$T/tree"
	fails_with 1 "nothing is known of its OSTs here" lov df .
	[ ! -s "$T/stdout" ]
}

@test "component flags: mirrors that went stale meanwhile, by the server's answer" {
	mirrored_file f 100000
	fails_with 1 "no mirror would be left in sync" fault SETXATTR:1:EUCLEAN lov setstripe --comp-set -I 2 --comp-flags stale f
	in_sync f
}

@test "split and delete: not the last mirror in sync where it is offline, or the others are so in a part only" {
	local verb
	mirrored_file f $((4 * MIB)) -N -E 1M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E -1 -c 1
	# Mirror 1 may still be read, though it isn't used. setstripe refuses that.
	lov setstripe --comp-set -I 2 --comp-flags stale f
	component_flags f 0 $((0x18))
	[ "$(flags f 1 | head -n 1)" = init,offline ]
	for verb in "delete --mirror-id 1" "split --mirror-id 1 -f part" "delete --mirror-id 2"; do
		# shellcheck disable=SC2086 # several words
		fails_with 1 "or no other one is as a whole" lov mirror $verb f
		[ "$(mirrors f)" = "1 2" ]
		[ ! -e part ]
	done
}

@test "write, copy and --force-resync mark nothing that no other mirror has in sync" {
	local how
	mirrored_file f $((4 * MIB)) -N -E 1M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E -1 -c 1
	random_file "$T/other" $((4 * MIB))
	overwrite f $((2 * MIB)) 10
	[ "$(stale f)" = 2 ]
	# The other part of the other one: each has something that is in sync there only.
	component_flags f 0 $((0x11))
	lov getstripe -v f >"$T/layout.before"
	for how in "resync --force-resync" "write -N 1 -i $T/other" "write -N 2 -i $T/other"; do
		echo "$how"
		# shellcheck disable=SC2086 # several words
		fails_with 1 "in sync" lov mirror $how f
		cat "$T/stderr"
		lov getstripe -v f | diff "$T/layout.before" -
	done
}
