#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# exerciser_selftest.sh EXERCISER: it passes on the local file system, and finds what it must find.
set -eu

exerciser=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/exerciser.XXXXXX")
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/d"

fail() {
	echo "exerciser_selftest: $1" >&2
	exit 1
}

# must_find TEXT ARGUMENTS: the run fails with status 1 and says TEXT.
must_find() {
	text=$1
	shift
	status=0
	"$exerciser" --dir "$dir/d" --ops 500 --seed 7 "$@" >"$dir/out" 2>&1 || status=$?
	[ "$status" = 1 ] || fail "status $status instead of 1 with $*"
	grep -q -- "$text" "$dir/out" || fail "no '$text' with $*"
	grep -q -- "--seed 7" "$dir/out" || fail "no seed with $*"
}

"$exerciser" --dir "$dir/d" --ops 2000 --seed 1
# shellcheck disable=SC2016 # the hook expands it
"$exerciser" --dir "$dir/d" --ops 500 --seed 2 --hook 'cp "$1" "$1.t" && cat "$1.t" >"$1" && rm "$1.t"' \
	--hook-every 50 --hook-closed --remount true

mkdir "$dir/m" "$dir/models"
"$exerciser" --dir "$dir/m" --ops 500 --seed 3 --files 2 --models "$dir/models"
for name in f0 f1; do
	cmp "$dir/m/$name" "$dir/models/$name" || fail "the model of $name isn't what it holds"
done

must_find 'differs at offset' --inject 1
must_find 'differs at offset' --inject 500
must_find 'exit status 1' --hook false --hook-every 10
# shellcheck disable=SC2016 # the hook expands it
must_find 'FAILED at operation 100:' --hook-every 100 \
	--hook 'printf xxx | dd of="$1" bs=1 seek=5 conv=notrunc status=none'
must_find 'exit status 3' --remount 'exit 3'

status=0
"$exerciser" --dir "$dir/d" --ops many >"$dir/out" 2>&1 || status=$?
[ "$status" = 2 ] || fail "status $status instead of 2 for a wrong option"
