#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov getstripe --xattr-file: layouts of real Lustre files, dumped with getfattr, printed as lfs
# printed them there.

bats_require_minimum_version 1.5.0

GOLDEN=${BATS_TEST_DIRNAME}/../golden

# Without the lines on what a dump doesn't hold: the FID (of a directory's default and of
# composites), and the generation of a plain layout; and a stripe size that a directory leaves to
# the file system is 0, which the real one had as 4 MiB.
known() {
	grep -v 'lmm_fid:\|lmm_seq:\|lmm_object_id:\|lmm_layout_gen:' "$1" |
		sed -E 's/^( *stripe_count: .*)?( *stripe_size:  ) (0|4194304)/\1\2 default/'
}

# dump_refused TEXT FILE: status 1 and TEXT on standard error.
dump_refused() {
	run --separate-stderr lov getstripe --xattr-file "$2"
	echo "$status: $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == "lov getstripe: $2: "*"$1"* ]]
}

@test "-v prints the text of lfs getstripe -v" {
	for hex in "$GOLDEN"/*.hex; do
		lov getstripe -v --xattr-file "$hex" >"$BATS_TEST_TMPDIR/text"
		diff <(known "$BATS_TEST_TMPDIR/text") <(known "${hex%.hex}.txt")
	done
}

@test "-y prints the YAML of lfs getstripe -y" {
	for hex in "$GOLDEN"/*.hex; do
		lov getstripe -y --xattr-file "$hex" >"$BATS_TEST_TMPDIR/yaml"
		diff <(known "$BATS_TEST_TMPDIR/yaml") <(known "${hex%.hex}.yaml")
	done
}

@test "plain layouts of files hold all there is to print" {
	for name in plain1 plain4 stripe64k overstriped pool empty_nostripe default; do
		diff <(lov getstripe -v --xattr-file "$GOLDEN/$name.hex") "$GOLDEN/$name.txt"
	done
}

@test "--json is JSON, an element for each layout" {
	command -v jq >/dev/null || skip "jq is not installed"
	run --separate-stderr lov getstripe --json --xattr-file "$GOLDEN/pfl3.hex" --xattr-file "$GOLDEN/plain4.hex"
	[ "$status" -eq 0 ]
	[ "$(jq -r 'map(.path) | join(" ")' <<<"$output")" = "pfl3 plain4" ]
	[ "$(jq '.[0].layout.components | length' <<<"$output")" -eq 3 ]
	[ "$(jq -c '[.[1].layout.lmm_objects[].l_ost_idx]' <<<"$output")" = "[3,4,5,0]" ]
}

@test "standard input, several dumps in one, raw bytes, and values alone" {
	cat "$GOLDEN"/{plain1,pool}.hex >"$BATS_TEST_TMPDIR/two"
	run lov getstripe -c --xattr-file "$BATS_TEST_TMPDIR/two"
	[ "$output" = $'1\n\n2' ]
	run lov getstripe -c --xattr-file - <"$GOLDEN/plain4.hex"
	[ "$output" = 4 ]
	hex=$(sed -n 's/^lustre.lov=0x//p' "$GOLDEN/plain4.hex")
	echo "0x$hex" >"$BATS_TEST_TMPDIR/value"
	run lov getstripe -c --xattr-file "$BATS_TEST_TMPDIR/value"
	[ "$output" = 4 ]
	for ((i = 0; i < ${#hex}; i += 2)); do printf '%b' "\\x${hex:i:2}"; done >"$BATS_TEST_TMPDIR/raw"
	run lov getstripe -c --xattr-file "$BATS_TEST_TMPDIR/raw"
	[ "$output" = 4 ]
}

@test "what isn't a layout is refused, and says where it is wrong" {
	dump_refused "No such file" "$BATS_TEST_TMPDIR/missing"
	: >"$BATS_TEST_TMPDIR/empty"
	dump_refused "" "$BATS_TEST_TMPDIR/empty"
	printf 'user.other="x"\n' >"$BATS_TEST_TMPDIR/other"
	dump_refused "" "$BATS_TEST_TMPDIR/other"
	head -c 200 "$GOLDEN/pfl3.hex" >"$BATS_TEST_TMPDIR/cut"
	dump_refused "" "$BATS_TEST_TMPDIR/cut"
	sed 's/=0xd00bd1/=0xd00bdd/' "$GOLDEN/plain4.hex" >"$BATS_TEST_TMPDIR/magic"
	dump_refused "plain4: " "$BATS_TEST_TMPDIR/magic"
	echo 'lustre.lov=0xd00bd10b0' >"$BATS_TEST_TMPDIR/odd"
	dump_refused "" "$BATS_TEST_TMPDIR/odd"
	head -c 5000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	dump_refused "" "$BATS_TEST_TMPDIR/noise"
}

@test "a dump that is wrong doesn't hide another that isn't" {
	: >"$BATS_TEST_TMPDIR/empty"
	run --separate-stderr lov getstripe -c --xattr-file "$BATS_TEST_TMPDIR/empty" --xattr-file "$GOLDEN/plain4.hex"
	[ "$status" -eq 3 ]
	[ "$output" = 4 ]
}
