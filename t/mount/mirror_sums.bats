#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sums of what mirrors have (--sums), with lov on what looks like a Lustre client: a small change
# costs one reading and a small writing; and where it isn't proven what a mirror has, both are read.
# What the mirrors have is compared each time. Needs ENGINE=lustre.

load lib
load double
load mirror

MIB=1048576
GRAIN=65536
SPOTS=$((16 * GRAIN)) # read of each mirror, at most

setup() {
	lov_setup
	[[ $ENGINE == lustre ]] || skip "Lustre only: lovfs knows what has changed"
	volume_make -d 3 -n 6 -s 512 --pool one=0,3 --pool two=1,4 --pool three=2,5 >/dev/null
	volume_mount
	SUMS=$T/sums
	mkdir -m 700 "$SUMS"
	cd "$MNT" || return
}

teardown() {
	cd /
	lov_teardown
}

# stats: bytes read and written by programs.
stats() { real_lov stats --json "$MNT" | jq -r '.[0] | "\(.read_bytes) \(.written_bytes)"'; }

# costs COMMAND...: sets READ and WRITTEN. Its output is in $T/costs.
costs() {
	local r0 w0 r1 w1
	read -r r0 w0 < <(stats)
	"$@" >"$T/costs" 2>&1 || {
		cat "$T/costs"
		return 1
	}
	cat "$T/costs"
	read -r r1 w1 < <(stats)
	READ=$((r1 - r0)) WRITTEN=$((w1 - w0))
	echo "$*: read $READ, wrote $WRITTEN"
}

# resync [OPTION...] [FILE]: with sums.
resync() { costs lov mirror resync --sums "$SUMS" -v "$@"; }

# recorded [NAME]: a file in sync with a record.
recorded() {
	mirrored_file f "${1:-$((8 * MIB))}" -N -c 2 -o 0,3 -N -c 1 -o 1 "${@:2}" || return 1
	overwrite f 0 1 && resync f && has_record && in_sync f
}

# record [FILE]: its path.
# shellcheck disable=SC2120 # mostly of f
record() {
	local fid
	fid=$(lov fid "${1:-f}")
	fid=${fid#[}
	echo "$SUMS/test-${fid%]}"
}
has_record() { [[ -s $(record) ]]; }
no_record() { [[ ! -e $(record) ]]; }

# by_sums BYTES [MIRRORS]: the last resync read the file and some spots of each mirror, and wrote so
# many bytes. by_reading: it didn't trust the record.
by_sums() {
	local size
	size=$(stat -c %s f)
	((READ <= size + 4096 + ${2:-1} * SPOTS && WRITTEN == $1)) && grep -q "whose sums are known" "$T/costs"
}
by_reading() { ((WRITTEN >= $(stat -c %s f))) || ((READ >= 2 * $(stat -c %s f))); }

@test "a small change: the file is read once, and the grain is written" {
	recorded $((32 * MIB + 12345))
	overwrite f $((5 * MIB + 100)) 10
	resync f
	by_sums $GRAIN
	((READ >= 32 * MIB))
	in_sync f
	# Again and again; two grains, three that are neighbours, the last.
	overwrite f $((MIB - 5)) 10
	overwrite f $((9 * MIB)) $((3 * GRAIN))
	overwrite f $((32 * MIB + 12000)) 345
	resync f
	by_sums $((5 * GRAIN + 16384))
	in_sync f
	# Nothing has really changed.
	dd if=f of=f bs=4k count=1 conv=notrunc status=none
	[ "$(stale f)" = 2 ]
	resync f
	by_sums 0
	in_sync f
	resync f
	((READ == 0 && WRITTEN == 0))
	grep -q "already in sync" "$T/costs"
}

@test "without --sums, with --compare, --no-compare and --force-resync the record isn't used" {
	local how
	recorded
	for how in --compare --no-compare --force-resync; do
		overwrite f 70000 10
		resync $how f
		by_reading
		in_sync f
		has_record
		overwrite f 70000 10
		resync f
		by_sums $GRAIN
		in_sync f
	done
	overwrite f 70000 10
	costs lov mirror resync --no-compare f
	by_reading
	in_sync f
	# The record is there still, and is of long ago.
	overwrite f $((2 * MIB)) 10
	resync f
	by_reading
	grep -q "more has happened to the mirrors" "$T/costs"
	in_sync f
}

@test "shorter, longer, holes, empty, and any size" {
	local size
	recorded $((4 * MIB + 777))
	for size in $((3 * MIB + 5)) $((3 * MIB)) $((3 * MIB + GRAIN)) $((7 * MIB + 1)) 1 $((MIB + 4097)) $((2 * MIB)); do
		both truncate -s $size @
		resync f
		grep -q "whose sums are known" "$T/costs"
		in_sync f
		if ((size > MIB)); then
			overwrite f $((size - 300)) 300
			resync f
			grep -q "whose sums are known" "$T/costs"
			in_sync f
		fi
	done
	# Appended to: what is new is written.
	random_file "$T/more" $((MIB + 1))
	cat "$T/more" >>f
	cat "$T/more" >>"$T/data"
	resync f
	by_sums $((MIB + 4096))
	in_sync f
	both fallocate -p -o $GRAIN -l $((MIB + 100)) @
	resync f
	grep -q "whose sums are known" "$T/costs"
	in_sync f
	both fallocate -p -o 0 -l 4096 @
	resync f
	in_sync f
	# Cut, and grown over the old bytes.
	both truncate -s 100000 @
	both truncate -s $((2 * MIB)) @
	resync f
	in_sync f
	both truncate -s 0 @
	resync f
	by_sums 0
	in_sync f
	overwrite f 0 200000
	resync f
	in_sync f
	[ "$(grep -c "whose sums are known" "$T/costs")" -eq 1 ]
}

@test "an empty file, and one that is smaller than a grain" {
	lov mirror create -N2 -c 1 f
	cat f
	: >"$T/data"
	overwrite f 0 1
	both truncate -s 0 @
	resync f
	has_record
	in_sync f
	overwrite f 0 100
	resync f
	by_sums 4096
	in_sync f
	overwrite f 50 1
	resync f
	by_sums 4096
	in_sync f
}

@test "several mirrors; those that the record isn't of are read" {
	recorded $((8 * MIB)) -N -c 1 -o 2
	overwrite f 1000000 10
	resync f
	by_sums $((2 * GRAIN)) 2
	in_sync f
	# One after the other: what is in sync when another is stale isn't recorded.
	overwrite f 1000000 10
	resync --only 2 f
	by_sums $GRAIN
	resync --only 3 f
	by_reading
	in_sync f
	# The record is of mirror 3 then.
	overwrite f 1000000 10
	resync f
	grep -q "it is of other mirrors" "$T/costs"
	in_sync f
	overwrite f 1000000 10
	resync f
	by_sums $((2 * GRAIN)) 2
	in_sync f
}

@test "components that are stale alone" {
	lov mirror create -N -E 1M -c 1 -E 3M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E -1 -c 2 f
	random_file "$T/data" $((6 * MIB))
	cat "$T/data" >f
	resync f
	has_record
	in_sync f
	overwrite f 1000 10
	resync f
	((READ <= MIB + SPOTS && WRITTEN == GRAIN))
	in_sync f
	# What was in sync is recorded still.
	overwrite f $((4 * MIB)) 10
	resync f
	((WRITTEN == GRAIN))
	in_sync f
	# Stale in two steps proves nothing.
	overwrite f 1000 10
	overwrite f $((4 * MIB)) 10
	resync f
	grep -q "more has happened" "$T/costs"
	in_sync f
}

@test "extend makes a record" {
	lov setstripe -c 2 f
	random_file "$T/data" $((8 * MIB + 99))
	cat "$T/data" >f
	costs lov mirror extend --sums "$SUMS" -N -c 1 -N -c 2 f
	has_record
	in_sync f
	overwrite f 3000000 10
	resync f
	by_sums $((2 * GRAIN)) 2
	in_sync f
	# Another mirror: the record is of it.
	costs lov mirror extend --sums "$SUMS" -N f
	in_sync f
	overwrite f 0 10
	resync f
	in_sync f
	# One that fails leaves none.
	overwrite f 0 10
	resync f
	fails_with 1 "" env LUSTRE_DOUBLE_FAULT=fsync:1:EIO lov mirror extend --sums "$SUMS" -N f
	in_sync f
}

# untrusted COMMAND...: each is done to a file that has a record; then both are read, and the next
# time they needn't be.
untrusted() {
	local deed
	for deed; do
		echo "--- $deed"
		rm -f f "$SUMS"/*
		recorded $((2 * MIB)) || return 1
		[[ $deed == *extend* ]] || overwrite f 100000 10
		eval "$deed"
		overwrite f 200000 10
		resync f
		by_reading && in_sync f && has_record || return 1
		overwrite f 0 10
		resync f
		grep -q "whose sums are known" "$T/costs" && in_sync f || return 1
	done
}
other_bytes() { head -c $((2 * MIB)) /dev/urandom | lov mirror write -N 2 "$1"; }
killed_resync() { fails_with 1 "" env LUSTRE_DOUBLE_FAULT=fsync:1:EIO lov mirror resync --no-compare f; }

@test "the mirror was brought up, written or copied over in between: both are read" {
	untrusted "lov mirror resync f" "lov mirror resync --force-resync f" "lov mirror copy -i 1 -o 2 f" "other_bytes f" "killed_resync f"
}

@test "mirrors were taken out and added in between: both are read" {
	untrusted "lov mirror delete --mirror-id 2 f; lov mirror extend -N -c 1 -o 1 f" "lov mirror extend -N f; lov mirror delete --mirror-id 3 f"
}

@test "changed past the file system: the spots see it, and say so" {
	local object
	recorded
	overwrite f 0 10
	for object in $(objects f 2); do
		dd if=/dev/zero of="$object" bs=1M count=8 conv=notrunc status=none
	done
	cd /
	volume_remount
	cd "$MNT"
	resync f
	grep -q "warning: sums: the record doesn't fit to mirror 2" "$T/costs"
	by_reading
	in_sync f
}

# spoiled COMMAND: done to the record $R of a file that is stale; then both are read, and there is a
# new record.
spoiled() {
	overwrite f 100000 10
	R=$(record)
	eval "$1"
	resync f
	by_reading || return 1
	in_sync f && has_record
}

@test "a record that is cut, changed, another's, or not to be trusted" {
	local what
	recorded $((2 * MIB))
	cp "$(record)" "$T/old"
	# shellcheck disable=SC2016 # for eval
	for what in 'truncate -s -1 $R' 'truncate -s 100 $R' 'truncate -s 0 $R' 'echo >>$R' 'printf x | dd of=$R bs=1 seek=200 conv=notrunc status=none' \
		'rm $R' 'cp $T/old $R' 'chmod g+w $R' 'chown 65534 $R' 'mv $R $R.x; ln -s $R.x $R' 'rm $R; mkfifo $R'; do
		echo "--- $what"
		spoiled "$what"
		rm -f "$SUMS"/*.x
		[[ $what == rm* || $what == cp* ]] || grep -q "warning: sums: record" "$T/costs"
		[ -f "$(record)" ]
	done
	# Of another file.
	lov mirror create -N2 g
	head -c 2M /dev/urandom >g
	lov mirror resync --sums "$SUMS" g
	cat g >/dev/null
	head -c 1000 /dev/urandom | dd of=g conv=notrunc status=none
	lov mirror resync --sums "$SUMS" g
	# shellcheck disable=SC2016 # for eval
	spoiled 'cp "$(record g)" $R'
	grep -q "is of another file" "$T/costs"
}

@test "a resync that is killed at each step: before the first write the record is gone" {
	local at
	recorded $((2 * MIB))
	for at in SET_LEASE:1 FLR_SET_MIRROR:1 FLR_SET_MIRROR:2 pread:1 pread:3 pwrite:1 ftruncate:1 fsync:1 SET_LEASE:2; do
		overwrite f 100000 10
		[ "$(state f)" = wp ]
		echo "--- $at"
		double_go
		LUSTRE_DOUBLE_FAULT=$at:wait lov mirror resync --sums "$SUMS" f 3>&- 4>&- &
		BACKGROUND=$!
		double_waiting
		[[ $at == SET_LEASE:1 || $at == FLR* ]] || no_record
		kill -KILL $BACKGROUND
		wait $BACKGROUND || true
		double_go
		sleep 0.2
		[[ $at == SET_LEASE:1 || $at == FLR* ]] || no_record
		overwrite f 300000 10
		resync f
		[[ $at == SET_LEASE:1 ]] || by_reading
		in_sync f
		has_record
	done
}

@test "a resync that fails: the record is gone; a spot that can't be read proves nothing, no more" {
	local at
	recorded $((2 * MIB))
	overwrite f 100000 10
	costs env LUSTRE_DOUBLE_FAULT=pread:3:EIO lov mirror resync --sums "$SUMS" f
	grep -q "warning: sums: mirror 2: cannot read at offset .*: Input/output error" "$T/costs"
	by_reading
	in_sync f
	has_record
	for at in pread:17:EIO pwrite:1:EIO ftruncate:1:EIO fsync:1:EIO SET_LEASE:2:EIO SET_LEASE:2:lose-lease; do
		overwrite f 100000 10
		echo "--- $at"
		fails_with 1 "" env LUSTRE_DOUBLE_FAULT=$at lov mirror resync --sums "$SUMS" f
		no_record
		resync f
		by_reading
		in_sync f
	done
}

@test "the directory: nobody else's, and it can be written; its trouble doesn't keep a resync from being done" {
	local how
	recorded $((2 * MIB))
	overwrite f 0 10
	for how in 'chmod g+w' 'chmod o+w' 'chown 65534'; do
		$how "$SUMS"
		fails_with 1 "lov mirror resync: --sums $SUMS: " lov mirror resync --sums "$SUMS" f
		[ "$(state f)" = wp ]
		chmod 700 "$SUMS"
		chown 0 "$SUMS"
	done
	fails_with 1 "No such file" lov mirror resync --sums "$T/missing" f
	fails_with 1 "Not a directory" lov mirror resync --sums "$T/data" f
	fails_with 2 "exclude each other" lov mirror extend --sums "$SUMS" -f g f
	mount -t tmpfs -o size=4k,mode=700 none "$SUMS"
	head -c 8k /dev/zero >"$SUMS/full" || true
	resync f
	[[ $(ls "$SUMS") == full ]]
	umount "$SUMS"
	grep -q "warning: sums: record .*: cannot write it: No space left on device" "$T/costs"
	[[ $(grep -c warning "$T/costs") == 1 ]]
	in_sync f
}

@test "a record is stored once the layout is durable, and not otherwise" {
	recorded $((2 * MIB))
	overwrite f 0 10
	# The first fsync is of the mirror, the second after the resync.
	costs env LUSTRE_DOUBLE_FAULT=fsync:2:EIO lov mirror resync --sums "$SUMS" f
	[[ $(grep -c "warning: sums: cannot make the layout durable" "$T/costs") == 1 ]]
	no_record
	in_sync f
	overwrite f 0 10
	resync f
	by_reading
	in_sync f && has_record
}

@test "the layout changes between the look at it and the resync's beginning: both are read" {
	recorded $((2 * MIB))
	overwrite f 100000 10
	costs env LUSTRE_DOUBLE_FAULT=SET_LEASE:1:change-layout lov mirror resync --sums "$SUMS" -v f
	grep -q "more has happened to the mirrors" "$T/costs"
	by_reading
	in_sync f
}

@test "a file of another time that has the same FID: both are read" {
	recorded $((2 * MIB))
	overwrite f 100000 10
	costs env LUSTRE_DOUBLE_BORN=1700000000 lov mirror resync --sums "$SUMS" -v f
	grep -q "it is of a file that was made at another time" "$T/costs"
	by_reading
	in_sync f
	has_record
	overwrite f 100000 10
	costs env LUSTRE_DOUBLE_BORN=1700000000 lov mirror resync --sums "$SUMS" -v f
	by_sums $GRAIN
	in_sync f
}

@test "what a crash or a full disk left beside a record is nothing to go by" {
	local victim
	recorded $((2 * MIB))
	victim=$T/victim
	echo precious >"$victim"
	# shellcheck disable=SC2016 # for eval
	for how in 'ln -s "$victim" "$(record).new"' 'ln "$victim" "$(record).new"' 'mkfifo "$(record).new"' 'echo old >"$(record).new"; chmod 666 "$(record).new"'; do
		overwrite f 0 10
		eval "$how"
		resync f
		run ! grep warning "$T/costs"
		has_record
		in_sync f
		[[ -f $(record) && ! -L $(record) && $(stat -c %a:%h "$(record)") == 600:1 ]]
		[[ $(cat "$victim") == precious && ! -e $(record).new ]]
	done
}
