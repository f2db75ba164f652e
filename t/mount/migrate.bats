#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov migrate: the data is the same before, after, and after everything that can come between.
# Readers and writers of a file during a migrate: concurrent.bats.

load lib

setup() {
	lov_setup
	volume_make -d 2 -n 4 --pool fast=0,2
	volume_mount
	cd "$MNT" || return
}

teardown() {
	cd /
	lov_teardown
}

# osts FILE: the OSTs of its objects, such as [0,2].
osts() { lov getstripe --json "$1" | jq -c '[.[0].layout | (.lmm_objects // [.components[].sub_layout.lmm_objects // [] | .[]]) | .[].l_ost_idx]'; }

# layout FILE: everything that its layout says.
layout() { lov getstripe -v "$1"; }

# file_make NAME BYTES SETSTRIPE_OPTION...: a file with random data; its twin, for comparing, is $T/data.
file_make() {
	lov setstripe "${@:3}" "$1"
	random_file "$T/data" "$2"
	cat "$T/data" >"$1"
}

# unharmed NAME: data, layout and number of objects are as at remember NAME.
remember() {
	layout "$1" >"$T/layout.before"
	objects_before=$(object_count)
}
unharmed() {
	local i
	same "$T/data" "$1" || return 1
	layout "$1" >"$T/layout.after"
	same "$T/layout.before" "$T/layout.after" || return 1
	# Objects of a victim go soon after its last close.
	for ((i = 0; i < 100; i++)); do
		(($(object_count) == objects_before)) && return 0
		sleep 0.1
	done
	echo "there are $(object_count) objects, there were $objects_before" >&2
	return 1
}

# migrate_slowly ARGUMENT...: in the background, so slow that what comes next hits it half way. Sets MIGRATE.
migrate_slowly() {
	lov migrate -W 4 "$@" >"$T/migrate.out" 2>"$T/migrate.err" 3>&- 4>&- &
	MIGRATE=$!
	sleep 1
	kill -0 "$MIGRATE"
}

# migrate_ended: waits for it; its status is in MIGRATE_STATUS.
migrate_ended() {
	MIGRATE_STATUS=0
	timeout 20 tail --pid="$MIGRATE" -f /dev/null || return 1
	wait "$MIGRATE" || MIGRATE_STATUS=$?
}

@test "to any layout and back: data and everything else about the file stays" {
	file_make f 5000001 -c 1 -i 0
	chmod 6751 f
	chown 1234:5678 f
	chmod 4751 f
	setfattr -n user.note -v hello f
	ln f g
	touch -d '2001-02-03 04:05:06.123456789' f
	stat -c '%i %h %a %u %g %s %y' f >"$T/stat.before"
	for target in "-c 4" "-c 1 -i 3" "-C 7 -S 64k" "-o 1,3" "-p fast -c 2" "-E 1M -c 1 -E 3M -c 2 -E -1 -c -1" "-c 1 -i 0"; do
		# shellcheck disable=SC2086
		lov migrate $target f
		same "$T/data" f
		same "$T/data" g
		stat -c '%i %h %a %u %g %s %y' f >"$T/stat.after"
		same "$T/stat.before" "$T/stat.after"
		[ "$(getfattr --only-values -n user.note f)" = hello ]
	done
	[ "$(osts f)" = "[0]" ]
	[ "$(object_count)" -eq 1 ]
	cd /
	volume_remount
	same "$T/data" "$MNT/g"
}

@test "without layout options the layout stays and the objects are new" {
	file_make f 3000000 -c 2 -S 128k
	lov getstripe f | grep 0x >"$T/objects.before"
	lov migrate f
	[ "$(lov getstripe -c -S f)" = "$(printf 'lmm_stripe_count:  2\nlmm_stripe_size:   131072')" ]
	lov getstripe f | grep 0x >"$T/objects.after"
	run ! cmp -s "$T/objects.before" "$T/objects.after"
	same "$T/data" f
	lov setstripe -E 1M -c 1 -E -1 -c 3 p
	cat "$T/data" >p
	lov migrate p
	same "$T/data" p
	[ "$(lov getstripe --component-count p)" = 2 ]
}

@test "a layout as YAML and by example" {
	file_make f 100000 -c 1
	lov setstripe -c 3 -S 256k like
	lov migrate --copy like f
	[ "$(lov getstripe -c f)" = 3 ]
	lov setstripe -c 2 other
	lov getstripe -y other | lov migrate -y - f
	[ "$(lov getstripe -c f)" = 2 ]
	same "$T/data" f
}

@test "empty files, files of one byte, and files without objects" {
	: >empty
	lov setstripe -c 2 bare
	printf x >one
	lov migrate -c 3 empty bare one
	for name in empty bare one; do [ "$(lov getstripe -c "$name")" = 3 ]; done
	[ "$(stat -c %s empty bare one | tr '\n' ' ')" = "0 0 1 " ]
	[ "$(cat one)" = x ]
	echo more >>empty
	[ "$(cat empty)" = more ]
}

@test "holes stay holes, also at the end" {
	truncate -s 300M f
	random_file "$T/data" 1000000
	dd if="$T/data" of=f bs=1M seek=100 conv=notrunc status=none
	cp --sparse=always f "$T/model"
	lov migrate -v -c 2 f >"$T/said"
	cmp f "$T/model"
	[ "$(du -k f | cut -f1)" -lt 20000 ]
	[ "$(stat -c %s f)" -eq $((300 << 20)) ]
	lov migrate -c 1 -i 3 f
	cmp f "$T/model"
	[ "$(du -k f | cut -f1)" -lt 20000 ]
}

@test "several files: all are tried, and the status says how many went well" {
	for name in a b c; do echo "$name" >"$name"; done
	lov migrate -c 2 a b c
	fails_with 3 "lov migrate: missing: " lov migrate -c 3 a missing c
	[ "$(lov getstripe -c a b c | tr '\n' ' ')" = "3 2 3 " ]
	fails_with 1 "lov migrate: missing: " lov migrate -c 3 missing "$T/data"
	printf 'a\n\nb\n' >"$T/names"
	lov migrate -c 4 --files-from "$T/names" c
	[ "$(lov getstripe -c a b c | tr '\n' ' ')" = "4 4 4 " ]
	mv a $'odd\nname'
	printf 'odd\nname\0b\0' | lov migrate -c 1 -0 --files-from -
	[ "$(lov getstripe -c $'odd\nname' b c | tr '\n' ' ')" = "1 1 4 " ]
	fails_with 1 "names.missing" lov migrate -c 1 --files-from "$T/names.missing"
}

@test "what isn't a file of one's own is refused" {
	file_make f 100000 -c 1
	remember f
	mkdir d
	ln -s f link
	mkfifo fifo
	fails_with 1 "lov migrate: d: is a directory" lov migrate -c 2 d
	fails_with 1 "lov migrate: d/: is a directory" lov migrate -c 2 d/
	fails_with 1 "is a directory" lov migrate -c 2 .
	fails_with 1 "lov migrate: missing: cannot migrate it: No such file or directory" lov migrate -c 2 missing
	fails_with 1 "lov migrate: link: is a symbolic link" lov migrate -c 2 link
	fails_with 1 "lov migrate: fifo: is not a regular file" lov migrate -c 2 fifo
	fails_with 1 "is neither on a lovfs volume nor on Lustre" lov migrate -c 2 "$T/data"
	chmod 666 f
	fails_with 1 "lov migrate: f: belongs to user 0; only its owner and root may migrate it" as_user lov migrate -c 2 f
	unharmed f
}

@test "a program that is running is refused" {
	cp "$(command -v sleep)" prog
	./prog 30 3>&- 4>&- &
	prog=$!
	sleep 0.2
	fails_with 1 "is a program that is running now" lov migrate -c 2 prog
	kill "$prog"
	wait "$prog" || true
	lov migrate -c 2 prog
	./prog 0
}

@test "a user migrates his own file" {
	mkdir -m 777 d
	as_user lov setstripe -c 1 d/f
	random_file "$T/data" 2000000
	cat "$T/data" >d/f
	as_user lov migrate -c 3 d/f
	[ "$(lov getstripe -c d/f)" = 3 ]
	[ "$(stat -c %u d/f)" -eq 65534 ]
	same "$T/data" d/f
	lov migrate -c 2 d/f
	[ "$(stat -c %u d/f)" -eq 65534 ]
	mkdir -m 755 e
	mv d/f e/f
	fails_with 1 "cannot make a temporary file in its directory: Permission denied" as_user lov migrate -c 1 e/f
	same "$T/data" e/f
}

@test "layouts that can't be leave the file alone" {
	file_make f 100000 -c 2
	remember f
	fails_with 1 "stripe count 5 is more than the 4 OSTs" lov migrate -c 5 f
	fails_with 1 "OST pool 'none-such'" lov migrate -p none-such f
	fails_with 1 "OST 7" lov migrate -o 7 f
	fails_with 2 "-S/--stripe-size '0'" lov migrate -S 0 f
	fails_with 2 "-S/--stripe-size '100k'" lov migrate -S 100k f
	fails_with 2 "overlaps" lov migrate -E 2M -E 1M f
	fails_with 2 "option --auto-stripe" lov migrate -A f
	fails_with 2 "option --restripe" lov migrate --restripe f
	fails_with 2 "exclude each other" lov migrate -b -n f
	fails_with 2 "option --bandwidth: 'fast'" lov migrate -W fast f
	fails_with 2 "option --threads: '0' is not a number" lov migrate --threads 0 f
	fails_with 2 "which file?" lov migrate -c 1
	fails_with 2 "--null is about --files-from" lov migrate -0 f
	unharmed f
}

@test "onto a full OST: no space, and the file is as it was" {
	file_make f $((24 << 20)) -c 1 -i 0
	free_kib=$(df -k --output=avail "$T/d1" | tail -n 1)
	fallocate -l $(((free_kib - 8192) * 1024)) "$T/d1/filler" || head -c $(((free_kib - 8192) * 1024)) /dev/zero >"$T/d1/filler"
	remember f
	fails_with 1 "No space left on device" lov migrate -c 1 -i 1 f
	unharmed f
	rm "$T/d1/filler"
	lov migrate -c 1 -i 1 f
	same "$T/data" f
}

@test "Ctrl-C half way: soon over, the file as it was, nothing left behind" {
	for signal in INT TERM HUP; do
		rm -f f
		file_make f $((48 << 20)) -c 1 -i 0
		remember f
		# bash starts background jobs with SIGINT ignored; env puts that right.
		env --default-signal=INT lov migrate -W 4 -c 1 -i 1 f >"$T/migrate.out" 2>"$T/migrate.err" 3>&- 4>&- &
		MIGRATE=$!
		sleep 1
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
	file_make f $((48 << 20)) -c 1 -i 0
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
		file_make f $((48 << 20)) -c 1 -i 0
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
	file_make f $((24 << 20)) -c 1 -i 0
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

@test "two at once: the second is refused" {
	file_make f $((24 << 20)) -c 1 -i 0
	migrate_slowly -c 1 -i 1 f
	fails_with 1 "another migrate of it is running" lov migrate -c 1 -i 3 f
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	[ "$(osts f)" = "[1]" ]
	same "$T/data" f
}

@test "-n: a writer that has the file open, or comes later, ends it" {
	file_make f $((24 << 20)) -c 1 -i 0
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
	migrate_slowly -c 1 -i 1 f
	printf NEW | dd of=f bs=1 seek=100 conv=notrunc status=none
	run ! kill -0 "$MIGRATE" 2>/dev/null
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

@test "-v says how the bytes moved, --stats where it is, --json both in one" {
	need jq python3
	file_make f $((4 << 20)) -c 1 -i 0
	lov migrate -v -c 1 -i 2 f >"$T/said"
	grep -Eq '^f: 4\.0M in [0-9.]+ s: [0-9]+ bytes shared, [0-9]+ in the kernel, [0-9]+ through user space, 0 holes$' "$T/said"
	fs_shares_extents && grep -q ': 4194304 bytes shared, 0 in the kernel, 0 through' "$T/said"
	lov migrate -W 2 --stats --stats-interval 1 -c 1 -i 1 f >"$T/stats"
	python3 - "$T/stats" <<-'EOF'
		import sys, yaml
		lines = yaml.safe_load(open(sys.argv[1]))
		assert len(lines) >= 2, lines
		assert set(lines[0]) == {"seconds", "rmbps", "wmbps", "copied", "total", "pct"}
		assert lines[-1]["copied"] == lines[-1]["total"] == 4 << 20 and lines[-1]["pct"] == 100
	EOF
	status=0
	lov migrate --json -v --stats f missing >"$T/json" 2>"$T/stderr" || status=$?
	[ "$status" -eq 3 ]
	[ "$(jq '.[0] | .migrated and .size_bytes == 4194304' "$T/json")" = true ]
	[ "$(jq '.[0].moved | .shared_bytes + .kernel_bytes + .user_bytes' "$T/json")" -eq 4194304 ]
	[ "$(jq -r '.[1].migrated' "$T/json")" = false ]
	jq -r '.[1].error' "$T/json" | grep -q "No such file"
}

@test "a terminal gets a line of progress, which is gone at the end" {
	need script
	file_make f $((8 << 20)) -c 1 -i 0
	TERM=xterm script -qec "lov migrate -W 3 -c 1 -i 1 f" /dev/null >"$T/seen" </dev/null
	grep -aEq 'f +[0-9]+% [0-9.]+M/8\.0M [0-9.]+M/s [0-9]:[0-9]{2} left' "$T/seen"
	[ "$(tail -c 4 "$T/seen" | od -An -tx1 | tr -d ' ')" = 0d1b5b4b ]
	lov migrate -W 3 -c 1 -i 0 f 2>"$T/stderr"
	[ ! -s "$T/stderr" ]
}

@test "a store into a mapping during the copy is noticed, and the copy done again" {
	need python3
	file_make f $((2 << 20)) -c 1 -i 0
	python3 - f 3>&- 4>&- <<-'EOF' &
		import mmap, sys, time
		with open(sys.argv[1], "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
		    for i in range(20):
		        m[4096 * i] = 255
		        m.flush()
		        time.sleep(0.1)
	EOF
	writer=$!
	for ((i = 0; i < 20; i++)); do printf '\377' | dd of="$T/data" bs=1 seek=$((4096 * i)) conv=notrunc status=none; done
	sleep 0.3
	for target in 1 2 3 0; do lov migrate -c 1 -i "$target" f || true; done
	wait "$writer"
	lov migrate -c 4 f
	same "$T/data" f
}
