#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# concur_selftest.sh CONCUR: each subcommand passes on the local file system, and damage is found.
set -eu

concur=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/concur.XXXXXX")
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "concur_selftest: $1" >&2
	exit 1
}

# must_find TEXT ARGUMENTS: the run fails with status 1 and says TEXT.
must_find() {
	text=$1
	shift
	status=0
	"$concur" "$@" >"$dir/out" 2>&1 || status=$?
	[ "$status" = 1 ] || fail "status $status instead of 1 with $*"
	grep -q -- "$text" "$dir/out" || fail "no '$text' with $*"
}

"$concur" copy-while-writing --dir "$dir" --seconds 1
"$concur" rewrite --file "$dir/rw" --seconds 1
"$concur" rewrite --file "$dir/rw" --seconds 1 --write mixed
"$concur" locks --dir "$dir" --seconds 1
"$concur" append --dir "$dir" --seconds 1
"$concur" names --dir "$dir" --seconds 1
"$concur" fill --file "$dir/fill" --size 3000001
"$concur" readers --file "$dir/fill" --seconds 1

# One wrong byte, one wrong byte behind the last whole block, and a block of another place.
cp "$dir/fill" "$dir/bad"
printf x | dd of="$dir/bad" bs=1 seek=1234567 conv=notrunc status=none
must_find 'bytes of no version' readers --file "$dir/bad" --seconds 0
cp "$dir/fill" "$dir/bad"
printf x | dd of="$dir/bad" bs=1 seek=3000000 conv=notrunc status=none
must_find 'wrong bytes after' readers --file "$dir/bad" --seconds 0
cp "$dir/fill" "$dir/bad"
dd if="$dir/fill" of="$dir/bad" bs=4096 skip=9 seek=100 count=1 conv=notrunc status=none
must_find 'of offset 0x9000' readers --file "$dir/bad" --seconds 0

# A file that is zeroed under its writers.
(
	sleep 1
	dd if=/dev/zero of="$dir/rw" bs=1M count=16 conv=notrunc status=none
) &
must_find 'zeros instead of' rewrite --file "$dir/rw" --until-file-exists "$dir/never"
wait
