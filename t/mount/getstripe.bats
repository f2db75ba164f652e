#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov getstripe, fid and stats on a mount. What the text looks like is tested with t/golden.

load lib

setup() {
	lov_setup
	volume_make -n 3
	volume_mount
	cd "$MNT" || return
	lov setstripe -c 2 -i 1 -S 128k plain
	lov setstripe -E 1M -c 1 -E -1 -c 3 pfl
	echo x | tee plain >pfl
}

teardown() {
	cd /
	lov_teardown
}

@test "single values" {
	[ "$(lov getstripe -c plain)" = 2 ]
	[ "$(lov getstripe -S plain)" = 131072 ]
	[ "$(lov getstripe -i plain)" = 1 ]
	[ "$(lov getstripe -L plain)" = raid0 ]
	[ "$(lov getstripe -F plain)" = "$(lov fid plain)" ]
	[ "$(lov getstripe --component-count pfl)" = 2 ]
	[ "$(lov getstripe -c plain pfl)" = $'2\n\n1' ]
}

@test "components by id, flags, start and end" {
	[ "$(lov getstripe -I1 --component-end pfl)" = 1048576 ]
	[ "$(lov getstripe --component-id=2 -c pfl)" = 3 ]
	[ "$(lov getstripe --component-flags=init --component-start pfl)" = 0 ]
	[ "$(lov getstripe --component-flags=^init --component-start pfl)" = 1048576 ]
	[ "$(lov getstripe --component-start=+0 -I pfl)" = 2 ]
	[ "$(lov getstripe --component-end=-2M -I pfl)" = 1 ]
	[ "$(lov getstripe --component-end=eof -I pfl)" = 2 ]
	fails_with 2 "option --component-start: 'x'" lov getstripe --component-start=x pfl
	fails_with 2 "nonsense" lov getstripe --component-flags=nonsense pfl
}

@test "the MDT of files and directories" {
	[ "$(lov getstripe -m plain . | od -An -c | tr -d ' \n')" = '0\n0\n' ]
	[ "$(lov getstripe -m -v plain)" = $'plain\nmdt_index:\t0' ]
}

@test "only what has an object on an OST" {
	[[ $(lov getstripe -O 2 plain) == *" *"* ]]
	[ -z "$(lov getstripe -O OST0000 plain)" ]
	[ "$(lov getstripe --json -r -O 0 . | jq -c '[.[].path]')" = '["./pfl"]' ]
	[ -n "$(lov getstripe --ost "$FSNAME-OST0001_UUID" plain)" ]
	fails_with 2 "is not an OST" lov getstripe -O nowhere plain
}

@test "-v has what the text lacks, -q only the objects" {
	lov getstripe -v plain >"$T/text"
	grep -q 'lmm_magic: *0x0BD10BD0' "$T/text"
	grep -qF "$(lov fid plain)" "$T/text"
	lov getstripe -q plain >"$T/text"
	grep -q obdidx "$T/text"
	run ! grep -q lmm_stripe_count "$T/text"
}

@test "YAML and JSON are what they say" {
	need jq python3
	lov getstripe -y pfl >"$T/yaml"
	python3 -c 'import sys, yaml; assert yaml.safe_load(sys.stdin)["lcm_entry_count"] == 2' <"$T/yaml"
	lov getstripe --json plain pfl . >"$T/json"
	[ "$(jq -r '.[0].layout.lmm_stripe_count' "$T/json")" -eq 2 ]
	[ "$(jq -r '.[1].layout.components | length' "$T/json")" -eq 2 ]
	[ "$(jq -r '[.[].path] | length' "$T/json")" -eq 5 ]
	[ "$(jq -r '.[2].is_directory' "$T/json")" = true ]
}

@test "a directory: its default, its entries, and with -r all below" {
	mkdir -p d/sub
	echo x >d/f
	echo x >d/sub/g
	ln -s f d/link
	lov setstripe -c 3 d
	[ "$(lov getstripe -d -c d)" = 3 ]
	[ "$(lov getstripe d | grep -c '^d')" -eq 3 ]
	[ "$(lov getstripe -r d | grep -c '^d')" -eq 4 ]
	# A single value: nothing below is looked at, except with -r, and then the paths are
	# printed.
	[ "$(lov getstripe -c d)" = 3 ]
	lov getstripe -r -c d >"$T/text"
	[ "$(grep -c '^d' "$T/text")" -eq 4 ]
	[ "$(head -n 2 "$T/text")" = $'d\n3' ]
	[ "$(lov getstripe --json -c d | jq length)" -eq 3 ]
	[ "$(lov getstripe -d d)" = "stripe_count:  3 stripe_size:   1048576 pattern:       raid0 stripe_offset: -1" ]
	[ "$(lov getstripe -d d/sub)" = "stripe_count:  1 stripe_size:   1048576 pattern:        stripe_offset: -1" ]
	[ "$(lov getstripe -d -R d/sub)" = "stripe_count:  0 stripe_size:   0 pattern:        stripe_offset: -1" ]
	[ "$(lov getstripe -d -v d/sub | head -n 1)" = "(Default) d/sub" ]
	[ "$(lov getstripe -d -v d | head -n 1)" = d ]
}

@test "what can't be shown is said, and the rest is shown" {
	fails_with 1 "missing: " lov getstripe missing
	fails_with 3 "missing: " lov getstripe -c missing plain
	[ "$(<"$T/stdout")" = 2 ]
	fails_with 1 "is neither on a lovfs volume nor on Lustre" lov getstripe "$T/d0"
	mkfifo fifo
	fails_with 1 "is neither a regular file nor a directory" lov getstripe fifo
	fails_with 2 "which file or directory?" lov getstripe
	chmod 600 plain
	fails_with 1 "Permission denied" as_user lov getstripe plain
}

@test "a full disk below standard output is noticed" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	status=0
	lov getstripe plain >/dev/full 2>"$T/stderr" || status=$?
	[ "$status" -eq 1 ]
	grep -q "standard output: No space left on device" "$T/stderr"
}

@test "a layout that was dumped with getfattr reads the same anywhere" {
	need getfattr
	getfattr -n lustre.lov -e hex plain pfl >"$T/dump"
	lov getstripe -v plain pfl | grep -v 'lmm_fid\|lmm_seq\|lmm_object_id' >"$T/direct"
	cd /
	lov getstripe -v --xattr-file "$T/dump" | grep -v 'lmm_fid\|lmm_seq\|lmm_object_id' >"$T/read"
	same "$T/direct" "$T/read"
}

@test "fid names files and directories, and stays over rename and remount" {
	mkdir d
	before=$(lov fid plain)
	[[ $before =~ ^\[0x[0-9a-f]+:0x[0-9a-f]+:0x0\]$ ]]
	[[ $(lov path2fid d) =~ ^\[0x ]]
	mv plain d/moved
	cd /
	volume_remount
	cd "$MNT"
	[ "$(lov fid d/moved)" = "$before" ]
	[ "$(lov fid d/moved pfl | grep -c '^[a-z/]*: \[0x')" -eq 2 ]
	[ "$(lov fid --json pfl | jq -r '.[0].fid')" = "$(lov fid pfl)" ]
	fails_with 3 "missing: " lov fid missing pfl
}

@test "stats says how bytes moved" {
	random_file "$T/data" 4194304
	before=$(lov stats --json . | jq '.[0].written_bytes')
	cp "$T/data" f
	cp f g
	[ $(($(lov stats --json . | jq '.[0].written_bytes') - before)) -eq 4194304 ]
	copied=$(lov stats --json "$MNT" | jq '.[0] | .shared_bytes + .kernel_bytes + .user_bytes')
	[ "$copied" -ge 4194304 ]
	prints '^shared_bytes: ' lov stats
	fails_with 1 "is neither on" lov stats /
}
