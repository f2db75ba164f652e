#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What every verb of lov has in common, and refuses before it looks at any file.

bats_require_minimum_version 1.5.0

# usage_error TEXT ARGUMENT...: lov says TEXT and where help is, and exits with 2.
usage_error() {
	run --separate-stderr lov "${@:2}"
	echo "lov ${*:2}: $status: $stderr"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == "lov"*": $1"* ]]
	[[ $stderr == *"Try 'lov "*"--help'."* ]]
}

@test "--help of each verb names each of its options and fits a terminal" {
	run lov --help
	verbs=$(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' <<<"$output")
	[ "$(wc -w <<<"$verbs")" -ge 6 ]
	for verb in $verbs; do
		run --separate-stderr lov "$verb" --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == "usage: lov $verb "* ]]
		[[ $output == *"--help "* ]]
		! grep -q '.\{101,\}' <<<"$output" || false
		run lov help "$verb"
		[[ $output == "usage: lov $verb "* ]]
	done
	run lov path2fid --help
	[ "$status" -eq 0 ]
}

@test "--version" {
	run --separate-stderr lov --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^lov\ \(lovfs\)\ [0-9]+\.[0-9]+ ]]
}

@test "options that aren't, lack an argument, or have one too many" {
	usage_error "which verb?"
	usage_error "there is no verb 'mend'" mend
	usage_error "unknown option '--nonsense'" --nonsense
	usage_error "unknown option '-x'" setstripe -x f
	usage_error "unknown or ambiguous option '--nonsense'" migrate --nonsense f
	usage_error "unknown or ambiguous option '--stripe'" setstripe --stripe 1 f
	usage_error "option --stripe-count needs an argument" setstripe -c
	usage_error "option --stripe-size needs an argument" migrate --stripe-size
	usage_error "option --json takes no argument" df --json=yes
	usage_error "there is no verb 'nonsense'" help nonsense
}

@test "operands that are missing" {
	usage_error "which file or directory?" setstripe -c 1
	usage_error "which file or directory?" getstripe -v
	usage_error "which file?" migrate -c 1
	usage_error "which file?" fid
}

@test "values that can't be" {
	usage_error "-c/--stripe-count 'many'" setstripe -c many f
	usage_error "-S/--stripe-size '0'" setstripe -S 0 f
	usage_error "-S/--stripe-size '65537'" setstripe -S 65537 f
	usage_error "-E/--component-end '1M': overlaps" migrate -E 2M -E 1M f
	usage_error "-L/--layout 'raid6'" setstripe -L raid6 f
	usage_error "option --bandwidth: 'soon'" migrate -W soon f
	usage_error "option --bandwidth: 0 makes no sense" migrate -W 0 f
	usage_error "option --threads: '1000' is not a number from 1 to 64" migrate --threads 1000 f
	usage_error "option --stats-interval: '0'" migrate --stats --stats-interval 0 f
	usage_error "option --component-id: 'x'" getstripe --component-id=x f
	usage_error "option --ost: 'x'" getstripe -O x f
}

@test "options that exclude each other" {
	usage_error "--block and --non-block exclude each other" migrate -b -n f
	usage_error "a layout is given by options, by --yaml or by --copy" setstripe -c 1 -y layout f
	usage_error "-d removes a default layout" setstripe -d -c 1 dir
	usage_error "--null is about --files-from" migrate -0 f
}

@test "a file that is on no volume" {
	place=$BATS_TEST_TMPDIR/place
	mkdir "$place"
	for verb in "setstripe -c 1" "migrate -c 1" getstripe fid df stats; do
		# shellcheck disable=SC2086 # several words
		run --separate-stderr lov $verb "$place"
		echo "$verb: $status: $stderr"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[[ $stderr == "lov ${verb%% *}: $place: is neither on a lovfs volume nor on Lustre" ]]
	done
	[ -z "$(ls -A "$place")" ]
}

@test "a full disk below standard output is noticed" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	status=0
	lov --help >/dev/full 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
	[ "$status" -eq 1 ]
	grep -q "lov: standard output: No space left on device" "$BATS_TEST_TMPDIR/stderr"
}
