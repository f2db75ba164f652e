#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Mirrors that are made and brought up, and files that are migrated, while others read and write
# them; and what is left when one of those involved dies half way.

load lib
load mirror

CONCUR=$BUILD_DIR/t/exerciser/concur
TEST_LIMIT=120
BATS_TEST_TIMEOUT=120
MIB=1048576

# writers_begin FILE HOW: rewrites the file until writers_end; each writer checks what it wrote.
# Sets WRITERS.
writers_begin() {
	rm -f "$T/stop"
	"$CONCUR" rewrite --file "$1" --write "$2" --threads 3 --until-file-exists "$T/stop" 3>&- 4>&- &
	WRITERS=$!
	BEGAN=$SECONDS
}

# enough ROUNDS: two of them, and three seconds of writing.
enough() { (($1 >= 2 && SECONDS - BEGAN >= 3)); }

writers_end() {
	kill -0 "$WRITERS" && touch "$T/stop" && wait "$WRITERS"
}

# unless_outrun COMMAND...: it succeeds, or says that writers were faster; nothing else may come of
# it. Where copies can't follow the file, a writer ends what has a lease.
unless_outrun() {
	local status=0 words=faster
	can_follow || words="open for writing elsewhere|lease lost|somebody opened the file for writing"
	"$@" 2>"$T/said" || status=$?
	((status == 0)) && return 0
	grep -Eq "$words" "$T/said" && ((status == 1)) && return 0
	echo "$*: status $status: $(<"$T/said")" >&2
	return 1
}

# settle FILE: what writers made stale is brought up; the mirrors are the same, and as the file.
settle() {
	[[ $(mirrors "$1") == *" "* ]] || lov mirror extend -N "$1" || return 1
	lov mirror resync "$1" && cat "$1" >"$T/data" && in_sync "$1"
}

# lov_slowly ARGUMENT...: in the background, so slow that what comes next hits it half way. Sets
# SLOW.
lov_slowly() {
	lov "$@" >"$T/slow.out" 2>"$T/slow.err" 3>&- 4>&- &
	SLOW=$!
	sleep 1
	kill -0 "$SLOW"
}

# slow_ended: waits for it; its status is in SLOW_STATUS.
slow_ended() {
	SLOW_STATUS=0
	timeout 30 tail --pid="$SLOW" -f /dev/null || return 1
	wait "$SLOW" || SLOW_STATUS=$?
	echo "status $SLOW_STATUS: $(<"$T/slow.err")"
}

@test "resync again and again while others write: no write is lost, no writer fails" {
	local how times
	for how in pwrite direct mixed; do
		lov mirror create -N -c 2 -S 64k -N -c 1 $how
		truncate -s 16M $how
		writers_begin $how $how
		times=0
		until enough "$times"; do
			unless_outrun lov mirror resync $how
			times=$((times + 1))
		done
		writers_end
		echo "$how: $times"
		settle $how
	done
	nothing_left
}

@test "mirrors come and go while others write" {
	local times=0
	lov mirror create -N1 -c 2 -S 64k f
	truncate -s 16M f
	writers_begin f mixed
	until enough "$times"; do
		unless_outrun lov mirror extend -N -c 1 -N -E 1M -c 1 -E -1 -c 2 f
		[ "$(mirrors f)" = 1 ] || unless_outrun lov mirror resync f
		for id in $(mirrors f); do
			[ "$(mirrors f | wc -w)" -gt 1 ] || break
			# The one that is written may be the last in sync.
			lov mirror delete --mirror-id "$id" f 2>"$T/said" || [ -n "$(stale f)" ]
		done
		times=$((times + 1))
	done
	writers_end
	echo "$times"
	settle f
	nothing_left
	objects_left "$(for id in $(mirrors f); do objects f "$id"; done | wc -l)"
}

@test "migrate while others write: nobody's write fails or ends it" {
	local layouts=("-c 4 -S 64k" "-c 1" "-E 1M -c 1 -E -1 -c 3 -S 256k" "-c 2 -S 1M") times=0
	lov setstripe -c 2 -S 64k f
	truncate -s 16M f
	writers_begin f pwrite
	until enough "$times"; do
		# shellcheck disable=SC2086 # several words
		unless_outrun lov migrate -v ${layouts[times % 4]} f
		times=$((times + 1))
	done
	writers_end
	lov migrate -c 1 f
	objects_left 1
	nothing_left
}

@test "readers see the right data while mirrors become stale, are brought up, come and go" {
	lov mirror create -N2 f
	"$CONCUR" fill --file f --size $((24 * MIB))
	lov mirror resync f
	cat f >"$T/data"
	(cd /; sleep 3; touch "$T/stop") 3>&- 4>&- &
	"$CONCUR" readers --file f --until-file-exists "$T/stop" 3>&- 4>&- &
	local readers=$! id
	if ! can_follow; then
		# To split needs a lease that readers are in the way of, too.
		sleep 0.5
		fails_with 1 "is open elsewhere" lov mirror delete --mirror-id 1 f
	fi
	while [ ! -e "$T/stop" ]; do
		id=$(mirrors f | cut -d' ' -f1)
		lov setstripe --comp-set -I "$id" --comp-flags stale f
		printf OTHER | dd of="$(objects f "$id" | head -n 1)" bs=1 seek=100000 conv=notrunc status=none
		lov mirror resync f
		can_follow || continue
		lov mirror extend -N -c 2 f
		lov mirror delete --mirror-id "$id" f
	done
	wait "$readers"
	in_sync f
}

@test "a writer isn't held back while a resync or a migrate copies" {
	lovfs_only "a writer ends the lease, or waits for the group lock"
	mirrored_file f $((16 * MIB))
	lov setstripe --comp-set -I 2 --comp-flags stale f
	lov_slowly mirror resync -W 8 f
	overwrite f 5000000 4096
	[ "$(state f)" = sp ]
	kill -0 "$SLOW" # done while it went on
	same "$T/data" f
	slow_ended
	[ "$SLOW_STATUS" -eq 0 ]
	in_sync f
	lov mirror delete --mirror-id 2 f
	lov_slowly migrate -W 8 -c 2 f
	overwrite f 9000000 4096
	both truncate -s $((16 * MIB + 5)) @
	kill -0 "$SLOW"
	slow_ended
	[ "$SLOW_STATUS" -eq 0 ]
	same "$T/data" f
	[ "$(lov getstripe -c f)" = 2 ]
	lov_slowly mirror extend -W 8 -N f
	overwrite f 100000 4096
	both truncate -s $((11 * MIB + 5)) @
	kill -0 "$SLOW"
	slow_ended
	[ "$SLOW_STATUS" -eq 0 ]
	in_sync f
}

@test "two at once: the second is refused" {
	mirrored_file f $((16 * MIB))
	lov setstripe --comp-set -I 2 --comp-flags stale f
	lov_slowly mirror resync -W 8 f
	if ! can_follow; then
		# The second one's descriptor is a writer's: it ends the first one's lease.
		lov mirror resync f || true
		slow_ended
		[ "$SLOW_STATUS" -eq 1 ]
		grep -Eq "lease lost|somebody opened the file for writing" "$T/slow.err"
		lov mirror resync f
		in_sync f
		return
	fi
	fails_with 1 "f: " lov mirror resync f
	fails_with 1 "f: " lov mirror extend -N f
	fails_with 1 "f: " lov mirror delete --mirror-id 2 f
	slow_ended
	[ "$SLOW_STATUS" -eq 0 ]
	in_sync f
}

@test "a resync that is killed, interrupted, or whose daemon dies: the next one copies only the rest" {
	local signal total=$((16 * MIB))
	mirrored_file f $total
	for signal in INT KILL; do
		lov setstripe --comp-set -I 2 --comp-flags stale f
		env --default-signal=INT lov mirror resync -W 4 f >"$T/slow.out" 2>"$T/slow.err" 3>&- 4>&- &
		SLOW=$!
		sleep 2.7
		kill -"$signal" "$SLOW"
		slow_ended
		[ "$SLOW_STATUS" -ne 0 ]
		[ "$(stale f)" = 2 ]
		same "$T/data" f
		overwrite f 100 100
		copies_at_most $((total - 7 * MIB)) resync_little f
		in_sync f
	done
	for signal in KILL TERM; do
		lov setstripe --comp-set -I 2 --comp-flags stale f
		cd /
		lov_slowly mirror resync -W 4 "$MNT/f"
		sleep 1.7
		kill -"$signal" "$DAEMON"
		slow_ended
		[ "$SLOW_STATUS" -ne 0 ]
		volume_wait || true
		umount -l "$MNT" 2>/dev/null || true
		volume_mount
		cd "$MNT"
		[ "$(stale f)" = 2 ]
		[ "$(state f)" = wp ] || [ "$(state f)" = sp ]
		overwrite f 100 100
		copies_at_most $((total - 7 * MIB)) resync_little f
		in_sync f
	done
	nothing_left
}

@test "an extend or a migrate that is killed, or whose daemon dies: the file is as it was, nothing is left" {
	local verb who
	mirrored_file f $((12 * MIB)) -N1 -c 1 -i 0
	remembered=$(lov getstripe -v f | grep -v generation)
	for verb in "mirror extend -W 4 -N2" "migrate -W 4 -c 2"; do
		for who in tool daemon; do
			cd /
			# shellcheck disable=SC2086 # several words
			lov_slowly $verb "$MNT/f"
			! can_follow || overwrite "$MNT/f" 12345 1000
			if [ $who = tool ]; then
				kill -KILL "$SLOW"
				slow_ended
			else
				kill -KILL "$DAEMON"
				slow_ended
				volume_wait || true
				umount -l "$MNT" 2>/dev/null || true
				volume_mount
			fi
			cd "$MNT"
			[ "$SLOW_STATUS" -ne 0 ]
			same "$T/data" f
			[ "$(lov getstripe -v f | grep -v generation)" = "$remembered" ]
			nothing_left
			objects_left 1
			overwrite f 777 1000
			same "$T/data" f
		done
	done
	lov mirror extend -N f
	in_sync f
}

@test "writers that are faster: it says so and stops; nothing is lost" {
	mirrored_file f $((16 * MIB))
	writers_begin f pwrite
	sleep 0.5
	words=faster
	can_follow || words="is open for writing elsewhere: process $WRITERS (concur) has it open for writing"
	fails_with 1 "$words" lov mirror resync -W 30 f
	kill -0 "$WRITERS"
	fails_with 1 "$words" lov mirror extend -W 30 -N f
	writers_end
	[ "$(mirrors f)" = "1 2" ]
	settle f
	overwrite f 0 100
	copies_at_most 65536 resync_little f
	in_sync f
	nothing_left
}

@test "a migrate that blocks nobody gives way to a writer, also of a file that had mirrors" {
	mirrored_file f $((12 * MIB)) -N1 -c 1 -i 0
	exec 7>>f
	fails_with 1 "open for writing elsewhere" lov migrate -n -c 2 f
	exec 7>&-
	sleep 0.2
	lov_slowly migrate -n -W 4 -c 2 f
	overwrite f 0 100
	slow_ended
	[ "$SLOW_STATUS" -eq 1 ]
	grep -q "lease lost" "$T/slow.err"
	same "$T/data" f
	[ "$(mirrors f)" = 1 ]
	nothing_left
	objects_left 1
}

@test "held back by a migrate that blocks: writers wait, and nothing is lost" {
	lov setstripe -c 1 -i 0 f
	random_file "$T/data" $((6 * MIB))
	cat "$T/data" >f
	lov_slowly migrate -b -W 3 -c 1 -i 1 f
	overwrite f 1000 1000
	[ "$(lov getstripe -i f)" = 1 ]
	slow_ended
	[ "$SLOW_STATUS" -eq 0 ]
	same "$T/data" f
}

@test "a file that is removed while it is brought up: nothing is left of it" {
	mirrored_file f $((6 * MIB))
	lov setstripe --comp-set -I 2 --comp-flags stale f
	lov_slowly mirror resync -W 3 f
	rm f
	slow_ended
	objects_left 0
	nothing_left
	[ -z "$(ls -A "$MDT/DIRTY")" ]
	cat "$T/data" >f
	lov_slowly mirror extend -W 3 -N f
	rm f
	slow_ended
	objects_left 0
	nothing_left
}
