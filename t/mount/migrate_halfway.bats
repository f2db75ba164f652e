#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov migrate and what can happen half way: signals, a daemon that goes, another migrate, writers.
# The copy is held at a few MiB a second, so that the middle of it lasts.

load lib
load migrate

@test "Ctrl-C half way: soon over, the file as it was, nothing left behind" {
	for signal in INT TERM HUP; do
		rm -f f
		file_make f $((16 << 20)) -c 1 -i 0
		remember f
		# bash starts background jobs with SIGINT ignored; env puts that right.
		env --default-signal=INT lov migrate -W 4 -c 1 -i 1 f >"$T/migrate.out" 2>"$T/migrate.err" 3>&- 4>&- &
		MIGRATE=$!
		sleep 0.6
		kill -"$signal" "$MIGRATE"
		before=$(date +%s%N)
		migrate_ended
		took_ms=$((($(date +%s%N) - before) / 1000000))
		echo "SIG$signal: status $MIGRATE_STATUS after $took_ms ms: $(<"$T/migrate.err")"
		[ "$MIGRATE_STATUS" -eq $((128 + $(kill -l "$signal"))) ]
		[ "$took_ms" -lt 1500 ]
		grep -q "lov migrate: f: interrupted" "$T/migrate.err"
		unharmed f
	done
	lov migrate -c 2 f
	same "$T/data" f
}

@test "killed half way: the file as it was, and it can be migrated again" {
	file_make f $((16 << 20)) -c 1 -i 0
	remember f
	migrate_slowly -c 1 -i 1 f
	kill -KILL "$MIGRATE"
	migrate_ended
	unharmed f
	lov migrate -c 2 f
	same "$T/data" f
}

@test "the daemon dies or is ended half way: an error, and the file as it was" {
	for signal in KILL TERM; do
		rm -f f
		file_make f $((16 << 20)) -c 1 -i 0
		sync
		remember f
		cd /
		migrate_slowly -c 1 -i 1 "$MNT/f"
		kill -"$signal" "$DAEMON"
		migrate_ended
		echo "SIG$signal: status $MIGRATE_STATUS: $(<"$T/migrate.err")"
		[ "$MIGRATE_STATUS" -eq 1 ]
		grep -q "lov migrate: $MNT/f: " "$T/migrate.err"
		volume_wait || true
		umount -l "$MNT" 2>/dev/null || true
		volume_mount
		cd "$MNT"
		unharmed f
	done
}

@test "unmounted half way: refused while it runs; with -l it ends well" {
	file_make f $((12 << 20)) -c 1 -i 0
	cd /
	migrate_slowly -c 1 -i 1 "$MNT/f"
	run ! umount "$MNT" 2>/dev/null
	umount -l "$MNT"
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	volume_wait
	volume_mount
	same "$T/data" "$MNT/f"
	[ "$(lov getstripe -i "$MNT/f")" = 1 ]
	[ "$(object_count)" -eq 1 ]
}

@test "two at once: the second is refused, or waits" {
	file_make f $((12 << 20)) -c 1 -i 0
	if ! can_follow; then
		# Lustre's group lock lets the second one wait for the first.
		migrate_slowly -c 1 -i 1 f
		fails_with 1 "is open for writing elsewhere" lov migrate -n -c 1 -i 3 f
		lov migrate -c 1 -i 3 f
		migrate_ended
		[ "$MIGRATE_STATUS" -eq 0 ]
		same "$T/data" f
		[ "$(osts f)" = "[3]" ]
		return
	fi
	migrate_slowly -c 1 -i 1 f
	fails_with 1 "another resync, extend or migrate of it is running" lov migrate -c 1 -i 3 f
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	[ "$(osts f)" = "[1]" ]
	migrate_slowly -b -c 1 -i 2 f
	fails_with 1 "another migrate of it is running" lov migrate -b -c 1 -i 3 f
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	same "$T/data" f
}

@test "-n: a writer that has the file open, or comes later, ends it" {
	file_make f $((12 << 20)) -c 1 -i 0
	remember f
	exec 7>>f
	fails_with 1 "lov migrate: f: is open for writing elsewhere" lov migrate -n -c 2 f
	exec 7>&-
	unharmed f
	migrate_slowly -n -c 1 -i 1 f
	printf x | dd of=f bs=1 conv=notrunc status=none
	printf x | dd of="$T/data" bs=1 conv=notrunc status=none
	migrate_ended
	echo "status $MIGRATE_STATUS: $(<"$T/migrate.err")"
	[ "$MIGRATE_STATUS" -eq 1 ]
	grep -q "lease lost" "$T/migrate.err"
	unharmed f
	lov migrate --non-block -c 2 f
	same "$T/data" f
	[ "$(lov getstripe -c f)" = 2 ]
}

@test "a writer waits for the end of a migrate that blocks, and then writes to the new objects" {
	file_make f $((8 << 20)) -c 1 -i 0
	migrate_slowly -b -c 1 -i 1 f
	printf NEW | dd of=f bs=1 seek=100 conv=notrunc status=none
	[ "$(osts f)" = "[1]" ]
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	printf NEW | dd of="$T/data" bs=1 seek=100 conv=notrunc status=none
	same "$T/data" f
	[ "$(osts f)" = "[1]" ]
}

@test "-W limits the rate" {
	file_make f $((12 << 20)) -c 1 -i 0
	before=$(date +%s%N)
	lov migrate -W 6M -c 1 -i 1 f
	took_ms=$((($(date +%s%N) - before) / 1000000))
	echo "$took_ms ms"
	[ "$took_ms" -gt 1700 ]
	same "$T/data" f
}

@test "a terminal gets a line of progress, which is gone at the end" {
	need script
	file_make f $((8 << 20)) -c 1 -i 0
	SHELL=/bin/bash TERM=xterm script -qec "lov migrate -W 3 -c 1 -i 1 f" /dev/null >"$T/seen" </dev/null
	grep -aEq 'f +[0-9]+% [0-9.]+M/8\.0M [0-9.]+M/s [0-9]:[0-9]{2} left' "$T/seen"
	[ "$(tail -c 4 "$T/seen" | od -An -tx1 | tr -d ' ')" = 0d1b5b4b ]
	lov migrate -W 3 -c 1 -i 0 f 2>"$T/stderr"
	[ ! -s "$T/stderr" ]
}
