#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several programs at once on one file, and on one directory.

load lib

CONCUR=$BUILD_DIR/t/exerciser/concur
TEST_LIMIT=120
BATS_TEST_TIMEOUT=120

setup() {
	lov_setup
	volume_make -d 2 -n 4 -s 1024
	volume_mount
}

# migrate_for SECONDS TIMES FILE: migrates FILE to one layout after the other for so long, and on
# until that was done so often, since a busy machine is slow. $T/stop exists afterwards. Where
# writers are too fast, nothing is moved, and it is tried again.
migrate_for() {
	local i done=0 status=0 begin=$SECONDS layouts=("-c 4 -S 64k" "-c 1" "-E 1M -c 1 -E -1 -c 3 -S 256k" "-c 2 -S 1M")
	for ((i = 0; SECONDS < begin + $1 || done < $2; i++)); do
		# shellcheck disable=SC2086 # several options
		if lov migrate ${layouts[i % 4]} "$3" 2>"$T/said"; then
			done=$((done + 1))
		elif ! grep -qE "faster than it is copied|changed during the copy" "$T/said"; then
			cat "$T/said" >&2
			status=1
			break
		fi
		if ((SECONDS >= begin + 35)); then
			echo "$done migrations of $i tried in 35 seconds; the last one: $(cat "$T/said")" >&2
			status=1
			break
		fi
	done
	touch "$T/stop"
	return "$status"
}

@test "copying while writing: every byte copied is one that was there" {
	lovfs_only "the tool has no part in it"
	"$CONCUR" copy-while-writing --dir "$MNT" --seconds 4
}

@test "locks, appends and names by many processes" {
	lovfs_only "the tool has no part in it"
	"$CONCUR" locks --dir "$MNT" --seconds 2
	"$CONCUR" append --dir "$MNT" --seconds 2
	"$CONCUR" names --dir "$MNT" --seconds 2
}

@test "readers see the right data while the file is migrated" {
	lov setstripe -c 2 "$MNT/f"
	"$CONCUR" fill --file "$MNT/f" --size $((48 * 1024 * 1024))
	local before
	before=$(sha256sum <"$MNT/f")
	"$CONCUR" readers --file "$MNT/f" --until-file-exists "$T/stop" 3>&- &
	local readers=$!
	migrate_for 6 3 "$MNT/f"
	wait "$readers"
	[ "$(sha256sum <"$MNT/f")" = "$before" ]
	[ "$(object_count)" -le 4 ]
}

@test "no write is lost while the file is migrated, by write, direct write or map" {
	local how times writers migrated
	for how in pwrite direct mixed; do
		lov setstripe -c 2 -S 64k "$MNT/$how"
		truncate -s 16M "$MNT/$how"
		rm -f "$T/stop"
		"$CONCUR" rewrite --file "$MNT/$how" --write $how --threads 3 --until-file-exists "$T/stop" 3>&- &
		writers=$!
		# A map that changes all the time may win; then the file is as it was.
		times=2 migrated=0
		[ "$how" != mixed ] || times=0
		migrate_for 5 "$times" "$MNT/$how" || migrated=$?
		# First what matters: this fails when a write was lost.
		wait "$writers"
		[ "$migrated" -eq 0 ]
	done
}

@test "a migration that doesn't block gives way to a writer" {
	head -c 32M /dev/urandom >"$MNT/f"
	cp "$MNT/f" "$T/f"
	exec 8>>"$MNT/f"
	fails_with 1 "open for writing elsewhere" lov migrate -n -c 4 "$MNT/f"
	exec 8>&-
	sleep 0.2
	lov migrate -n -c 4 "$MNT/f"
	[ "$(lov getstripe -c "$MNT/f")" -eq 4 ]
	same "$T/f" "$MNT/f"
}

@test "a writer that is held back can be interrupted" {
	head -c 1M /dev/urandom >"$MNT/f"
	# Slow enough to be met.
	lov migrate -b -W 200k -c 2 "$MNT/f" 3>&- &
	local migrate=$! status=0
	sleep 0.7
	timeout -s INT 1 dd if=/dev/zero of="$MNT/f" bs=4k count=1 conv=notrunc status=none || status=$?
	[ "$status" -eq 124 ]
	kill -INT "$migrate"
	wait "$migrate" || true
	dd if=/dev/zero of="$MNT/f" bs=4k count=1 conv=notrunc status=none
}

@test "a holder of the group lock that is killed lets writers go on" {
	head -c 1M /dev/urandom >"$MNT/f"
	cp "$MNT/f" "$T/f"
	lov migrate -b -W 100k -c 2 "$MNT/f" 3>&- &
	local migrate=$!
	sleep 0.7
	dd if=/dev/zero of="$MNT/f" bs=4k count=1 conv=notrunc status=none 3>&- &
	local writer=$!
	sleep 0.3
	kill -0 "$writer"
	kill -KILL "$migrate"
	wait "$writer"
	dd if=/dev/zero of="$T/f" bs=4k count=1 conv=notrunc status=none
	same "$T/f" "$MNT/f"
	df "$MNT" >/dev/null
	[ "$(object_count)" -eq 1 ]
}
