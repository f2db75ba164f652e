#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

bats_require_minimum_version 1.5.0

@test "--help goes to standard output and succeeds" {
	for tool in lov lovfs mkfs.lovfs; do
		run --separate-stderr "$tool" --help
		[ "$status" -eq 0 ]
		[[ $output == *"$tool"* ]]
		[ -z "$stderr" ]
	done
}

@test "a wrong option says so on standard error and exits with 2" {
	for tool in lov lovfs mkfs.lovfs; do
		run --separate-stderr "$tool" --no-such-option
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ $stderr == *"$tool"* ]]
	done
}

@test "each verb of lov has its help" {
	for verb in setstripe getstripe migrate mirror df fid stats; do
		run --separate-stderr lov "$verb" --help
		[ "$status" -eq 0 ]
		[[ $output == *"lov $verb"* ]]
	done
}

@test "an unknown verb exits with 2" {
	run --separate-stderr lov no-such-verb
	[ "$status" -eq 2 ]
	[[ $stderr == *no-such-verb* ]]
}
