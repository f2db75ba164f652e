#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the kernel keeps of a file in its page cache is right, whoever changes the file by whatever
# way while others read it.
# RACE_SECONDS: how long each way is tried.

load lib

RACE=$BUILD_DIR/t/mount/page_race

setup() {
	lov_setup
	volume_make -d 2 -n 2
	volume_mount
	lov setstripe -c 2 -S 128k "$MNT/f"
}

# race_begin: readers and asynchronous writers of $MNT/f, until something ends them; sets RACING.
race_begin() {
	"$RACE" aio "$MNT/f" 30 8 >"$T/race" 2>&1 3>&- &
	RACING=$!
	sleep 0.3
}

# children: the processes that the daemon has started.
children() { awk -v parent="$DAEMON" '$4 == parent { print $1 }' /proc/[0-9]*/stat 2>/dev/null; }

# race_ends: the race has ended within 10 seconds.
race_ends() {
	local i
	for ((i = 0; i < 100; i++)); do
		kill -0 "$RACING" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL "$RACING"
	return 1
}

# all_end PID...: these processes are gone within 10 seconds.
all_end() {
	local pid i
	for pid; do
		for ((i = 0; i < 100; i++)); do
			kill -0 "$pid" 2>/dev/null || continue 2
			sleep 0.1
		done
		return 1
	done
}

@test "asynchronous direct writes are seen through the page cache" {
	"$RACE" aio "$MNT/f" "${RACE_SECONDS:-4}" 8
	"$RACE" toggled "$MNT/f" "${RACE_SECONDS:-2}" 8
}

@test "every other change is seen through the page cache" {
	local way
	for way in direct write copy swap punch zero truncate open; do
		"$RACE" "$way" "$MNT/f" "${RACE_SECONDS:-1}" 8 "$MNT/source"
	done
	# Nobody lets go of pages by himself.
	"$RACE" swap "$MNT/f" 1 0
}

# fill_up DIR: until nothing more can be written there.
fill_up() {
	dd if=/dev/zero of="$1/filling" bs=1M 2>/dev/null || true
	dd if=/dev/zero of="$1/filling2" bs=4k 2>/dev/null || true
}

@test "what a change that failed half way has done is seen through the page cache" {
	local way
	fallocate -l 8M "$T/d0/reserve" # for what the commits need
	lov setstripe -c 2 -S 64k "$MNT/sparse"
	lov setstripe -c 1 -i 0 "$MNT/source"
	random_file "$MNT/source" 1048576
	truncate -s 1M "$MNT/sparse"
	printf x | dd of="$MNT/sparse" conv=notrunc status=none
	printf x | dd of="$MNT/sparse" bs=1 seek=65536 conv=notrunc status=none
	sync -f "$T/d0" "$T/d1"
	fill_up "$T/d1"
	for way in copy direct; do
		cat "$MNT/sparse" >/dev/null
		case $way in
		copy) run xfs_io -c "copy_range -l 1048576 $MNT/source" "$MNT/sparse" ;;
		direct) run -1 dd if="$MNT/source" of="$MNT/sparse" bs=1M oflag=direct conv=notrunc ;;
		esac
		echo "$way: $output"
		[[ "$output" == *"No space left"* || "$output" == *"Input/output error"* ]]
		dd if="$MNT/sparse" of="$T/direct" bs=1M iflag=direct status=none
		run -1 cmp -s "$T/direct" "$MNT/source"
		same "$MNT/sparse" "$T/direct"
	done
}

@test "who appends while others truncate by opening finds the end where it is" {
	"$BUILD_DIR/t/mount/append_race" "$MNT/f" "${RACE_SECONDS:-2}"
}

@test "dropping pages and a group lock never wait for each other" {
	"$RACE" locked "$MNT/f" "${RACE_SECONDS:-4}" 4
}

@test "a write that was held back while its pages went is seen through the page cache" {
	"$RACE" held "$MNT/f" "${RACE_SECONDS:-3}" 0
}

@test "the daemon ends when it is told to, while pages are being dropped" {
	local beside
	race_begin
	mapfile -t beside < <(children)
	[ "${#beside[@]}" -ge 1 ]
	volume_stop
	race_ends
	all_end "${beside[@]}"
}

@test "a daemon that is killed while pages are being dropped leaves nothing that hangs" {
	local beside
	for _ in 1 2 3 4 5 6; do
		race_begin
		mapfile -t beside < <(children)
		volume_kill
		race_ends
		all_end "${beside[@]}"
		volume_mount
	done
}

@test "the process that drops pages is started again when it was killed" {
	race_begin
	children | xargs kill -KILL
	sleep 2
	[ -n "$(children)" ]
	kill "$RACING"
	wait "$RACING" || true
	"$RACE" aio "$MNT/f" 1 8
	grep -q "starting another" "$DAEMON_LOG"
}
