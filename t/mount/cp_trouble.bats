#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov cp that is killed, stopped, out of room, or whose source changes; what it says of what it did;
# and where it runs.

load lib
load cp

PATH=$BUILD_DIR/t/mount:$PATH

# files_make COUNT BYTES
files_make() {
	local i
	mkdir -p "$S"/d{0,1,2}
	for ((i = 0; i < $1; i++)); do
		random_file "$S/d$((i % 3))/f$i" "$2"
	done
}

@test "killed half way: no half of a file has a name" {
	files_make 40 $((1 << 20))
	echo old >"$B/old"
	for ((round = 0; round < 5; round++)); do
		cp_begin -r -W 20 -j 4 -T "$S" "$B/ours"
		sleep "0.$((2 + round))"
		kill -KILL "$CP"
		cp_ended 5
		[ "$CP_STATUS" -eq 137 ]
		all_whole "$S" "$B/ours"
		nothing_temporary "$B"
		[ "$(find "$B/ours" -type f | wc -l)" -lt 40 ]
		rm -rf "$B/ours"
	done
	cp_begin -W 4 "$S/d0/f0" "$B/old"
	sleep 0.1
	kill -KILL "$CP"
	cp_ended 5
	[ "$(cat "$B/old")" = old ] || same "$S/d0/f0" "$B/old"
}

@test "stopped half way: it ends soon, by the signal, and what has a name is whole" {
	files_make 40 $((1 << 20))
	random_file "$S/d2/large" $((100 << 20))
	for signal in INT TERM; do
		for how in "-j 4" "-j 16 --verify" "-j 1 --json" "-j 4 --sync"; do
			# shellcheck disable=SC2086 # several options
			cp_begin -r -W 10 $how -T "$S" "$B/ours"
			sleep 0.7
			kill -"$signal" "$CP"
			cp_ended 5
			echo "$signal $how: $CP_STATUS $(<"$T/cp.err")"
			[ "$CP_STATUS" -eq $((128 + $(kill -l $signal))) ]
			[ ! -s "$T/cp.err" ]
			all_whole "$S" "$B/ours"
			nothing_temporary "$B"
			[ ! -e "$B/ours/d2/large" ]
			rm -rf "$B/ours"
		done
	done
}

@test "a destination that is full: an error, and nothing half" {
	fs_make "$T/small" 320
	files_make 6 5000
	random_file "$S/d1/large" $((330 << 20))
	fails_with 3 "No space left on device" lov cp -r -T "$S" "$T/small/ours"
	grep -q 'd1/large' "$T/stderr"
	[ ! -e "$T/small/ours/d1/large" ]
	all_whole "$S" "$T/small/ours"
	[ "$(find "$T/small/ours" -type f | wc -l)" -eq 6 ]
	nothing_temporary "$T/small"
	echo old >"$T/small/old"
	fails_with 1 "No space left on device" lov cp "$S/d1/large" "$T/small/old"
	[ "$(cat "$T/small/old")" = old ]
	nothing_temporary "$T/small"
}

@test "a device that fails to be written" {
	[[ $FS != tmpfs ]] || skip "tmpfs has no device"
	fs_make "$T/under" 200 tmpfs
	fs_make "$T/under/fs" 600
	random_file "$S/f" $((250 << 20))
	# The image grows into a file system without room for it.
	run lov cp --sync "$S/f" "$T/under/fs"
	echo "$output"
	[ "$status" -eq 1 ]
	[ ! -e "$T/under/fs/f" ]
	umount -l "$T/under/fs"
}

@test "a source that grows, shrinks or changes meanwhile" {
	random_file "$S/f" $((40 << 20))
	: >"$S/empty"
	(
		trap 'exit 0' TERM
		while :; do
			head -c 100000 /dev/zero >>"$S/f"
			head -c 100000 /dev/zero >>"$S/empty"
		done
	) 3>&- 4>&- &
	writer=$!
	for ((i = 0; i < 5; i++)); do
		timeout 20 lov cp -r "$S/f" "$S/empty" "$B" || [ $? -ne 124 ]
		: >"$S/empty"
	done
	kill "$writer"
	wait "$writer" || true
	cmp -n $((40 << 20)) "$S/f" "$B/f"
	# Cut off.
	random_file "$S/g" $((60 << 20))
	cp_begin -W 20 "$S/g" "$B/g"
	sleep 0.5
	truncate -s 1M "$S/g"
	cp_ended 20
	echo "$CP_STATUS $(<"$T/cp.err")"
	[ ! -e "$B/g" ] || cmp -n $((1 << 20)) "$S/g" "$B/g"
	# Replaced by something else, taken away, moved: no harm, and it ends.
	files_make 300 2000
	(
		trap 'exit 0' TERM
		while :; do
			rm -rf "$S/d0" "$S/d1"
			mkfifo "$S/d0"
			ln -s /etc "$S/d1"
			rm "$S/d0" "$S/d1"
			cp -r "$S/d2" "$S/d0"
			mv "$S/d0" "$S/d1"
		done
	) 2>/dev/null 3>&- 4>&- &
	writer=$!
	for ((i = 0; i < 10; i++)); do
		timeout 20 lov cp -r "$S/d0" "$S/d1" "$S/d2" "$B" 2>/dev/null || [ $? -ne 124 ]
		[ -L "$B/d1" ] || [ ! -e "$B/d1/passwd" ]
		rm -rf "$B"/d?
	done
	kill "$writer"
	wait "$writer" || true
}

@test "--verify, --sync, --json" {
	need jq
	files_make 20 30000
	random_file "$S/large" $((24 << 20))
	ln -s x "$S/link"
	ln "$S/d0/f0" "$S/d1/linked"
	lov cp -r --verify --sync --json -T "$S" "$B/ours" >"$T/json"
	same_tree "$S" "$B/ours"
	[ "$(jq 'map(select(.copied)) | length' "$T/json")" -eq "$(find "$B/ours" | wc -l)" ]
	[ "$(jq '[.[].copied_bytes // 0] | add' "$T/json")" -eq $((20 * 30000 + (24 << 20))) ]
	[ "$(jq '[.[].verified_bytes // 0] | add' "$T/json")" -eq $((20 * 30000 + (24 << 20))) ]
	[ "$(jq 'all(.[] | select(.moved); ([.moved[]] | add) == .copied_bytes)' "$T/json")" = true ]
	[ "$(jq '[.[] | select(.error)] | length' "$T/json")" -eq 0 ]
	[ "$(jq -r '.[] | select(.path | endswith("/large")) | .destination' "$T/json")" = "$B/ours/large" ]
	# With errors, and a name that isn't UTF-8.
	echo 1 >"$S"/$'\xff'
	status=0
	lov cp --json "$S/none" "$S"/$'\xff' "$B" >"$T/json" 2>/dev/null || status=$?
	[ "$status" -eq 3 ]
	[ "$(jq -c 'map(.copied) | sort' "$T/json")" = "[false,true]" ]
	[ "$(jq '[.[] | select(.error)] | length' "$T/json")" -eq 1 ]
}

@test "--events: each line is JSON, and the sums are right" {
	need jq
	files_make 30 30000
	lov cp -r --events -j 4 -T "$S" "$B/ours" >"$T/events"
	head -n 5 "$T/events"
	while IFS= read -r line; do jq -e . <<<"$line" >/dev/null; done <"$T/events"
	[ "$(jq -s '[.[].copied_bytes // 0] | add' "$T/events")" -eq $((30 * 30000)) ]
	[ "$(jq -s 'map(select(.copied_bytes and .destination)) | length' "$T/events")" -eq 30 ]
	same_tree "$S" "$B/ours"
}

@test "-v names what was made, and what was chosen between two devices" {
	random_file "$S/f" $((160 << 20))
	ln -s f "$S/l"
	sync -f "$S"
	echo 3 >/proc/sys/vm/drop_caches
	lov cp -r -v "$S" "$B" >"$T/said"
	cat "$T/said"
	grep -qx "$S -> $B/src" "$T/said"
	grep -qx "$S/l -> $B/src/l" "$T/said"
	grep -q "^$S/f -> $B/src/f: 160M in " "$T/said"
	# The kernel copies between files of one file system; where extents aren't shared there is a
	# choice.
	if [[ $FS == ext4 ]]; then
		echo 3 >/proc/sys/vm/drop_caches
		lov cp -v "$S/f" "$A/f" >"$T/said"
		cat "$T/said"
		grep -Eq '^from device [0-9:]+ to [0-9:]+: [0-9.]+[KMGT]?/s in the kernel, [0-9.]+[KMGT]?/s by direct I/O: took (the kernel|direct I/O)$' "$T/said"
	fi
	same "$S/f" "$B/src/f"
}

@test "files that are larger inside than they say, or empty" {
	lov cp /proc/self/limits /sys/kernel/mm/transparent_hugepage/enabled "$B"
	diff <(cat /sys/kernel/mm/transparent_hugepage/enabled) "$B/enabled"
	[ "$(wc -l <"$B/limits")" -gt 10 ]
}

@test "to and from a lovfs mount" {
	[[ $FS != btrfs ]] || skip "the volume is no different there"
	fails_with 1 "" lov cp "$T/none" "$B"
	volume_make -d 2 -n 2
	volume_mount
	files_make 60 20000
	random_file "$S/large" $((20 << 20))
	ln "$S/d0/f0" "$S/d1/linked"
	ln -s x "$S/link"
	mkfifo "$S/pipe"
	chmod 4711 "$S/d1/f1"
	chown 12:34 "$S/d1/f4"
	chmod 555 "$S/d2"
	setfattr -n user.x -v y "$S/d0/f3"
	lov setstripe -c 2 "$MNT"
	lov cp -r -T "$S" "$MNT/ours"
	nothing_temporary "$MNT"
	[ "$(lov getstripe -c "$MNT/ours/large")" -eq 2 ]
	lov cp -r -T "$MNT/ours" "$B/back"
	same_tree "$S" "$B/back"
	lov cp -r --verify -j 16 "$MNT/ours" "$MNT/again"
	diff -r --no-dereference "$S" "$MNT/again" 2>&1 | grep -v 'is a fifo' && false
	# Over what is there; and stopped.
	lov cp -r -T "$S" "$MNT/ours"
	cp_begin -W 4 "$S/large" "$MNT/stopped"
	sleep 0.7
	kill -INT "$CP"
	cp_ended 5
	[ "$CP_STATUS" -eq 130 ]
	[ ! -e "$MNT/stopped" ]
	nothing_temporary "$MNT"
}

@test "without io_uring, also as an ordinary user" {
	local status=0
	no_uring true || status=$?
	((status == 77)) && skip "seccomp can't be used here"
	files_make 20 30000
	random_file "$S/large" $((40 << 20))
	chmod 777 "$B"
	chown -R 65534:65534 "$S"
	for how in "" -n; do
		no_uring $how lov cp -r -T "$S" "$B/root"
		same_tree "$S" "$B/root"
		no_uring $how lov cp -r --verify -T "$S" "$B/root"
		same_tree "$S" "$B/root"
		as_user env "PATH=$PATH" no_uring $how lov cp -r -j 16 -T "$S" "$B/user"
		same_tree "$S" "$B/user"
		rm -rf "$B/root" "$B/user"
	done
	as_user env "PATH=$PATH" lov cp -r -j 16 --sync -T "$S" "$B/user"
	same_tree "$S" "$B/user"
}

@test "few descriptors, little memory" {
	files_make 60 30000
	random_file "$S/large" $((20 << 20))
	(ulimit -n 64 && lov cp -r -j 256 -T "$S" "$B/few")
	same_tree "$S" "$B/few"
	lov cp -r --memory 512K -j 64 -T "$S" "$B/little"
	same_tree "$S" "$B/little"
}
