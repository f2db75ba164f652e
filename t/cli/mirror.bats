#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the verbs of lov mirror, and setstripe --component-set, refuse before they look at any file.

bats_require_minimum_version 1.5.0

VERBS="create extend resync verify split delete read write copy"

# usage_error TEXT ARGUMENT...: lov says TEXT and where help is, and exits with 2.
usage_error() {
	run --separate-stderr lov "${@:2}"
	echo "lov ${*:2}: $status: $stderr"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == "lov"*": $1"* ]]
	[[ $stderr == *"Try 'lov "*"--help'."* ]]
}

@test "lov mirror --help lists the verbs, and each has its help" {
	run --separate-stderr lov mirror --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	listed=$(sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' <<<"$output")
	# shellcheck disable=SC2086 # several words
	[ "$listed" = "$(printf '%s\n' $VERBS)" ]
	for verb in $VERBS; do
		run --separate-stderr lov mirror "$verb" --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == "usage: lov mirror $verb "* ]]
		[[ $output == *"More in lov-mirror(1)." ]]
		! grep -q '.\{101,\}' <<<"$output" || false
		help=$output
		run lov help mirror "$verb"
		[ "$output" = "$help" ]
	done
}

@test "verbs that aren't" {
	usage_error "which verb of mirror?" mirror
	usage_error "there is no verb 'mirror mend'" mirror mend f
	usage_error "there is no verb 'mirror mend'" help mirror mend
	usage_error "there is no verb 'df mend'" help df mend
	usage_error "unknown option '-N2'" mirror -N2 f
	usage_error "unknown option '-x'" mirror resync -x f
	[[ $stderr == "lov mirror resync: "* ]]
}

@test "operands that are missing, or too many" {
	usage_error "which file or directory?" mirror create -N2
	for verb in "extend -N" resync verify "split --mirror-id 1" "delete --mirror-id 1" "read -N 1" "write -N 1" "copy -i 1 -o 2"; do
		# shellcheck disable=SC2086 # several words
		usage_error "which file?" mirror $verb
	done
	usage_error "one file at a time" mirror read -N 1 f g
	usage_error "one file at a time" mirror write -N 1 f g
	usage_error "one --file for several files" mirror split --mirror-id 1 -f new f g
	usage_error "VICTIM can become a mirror of one file only" mirror extend -f v f g
}

@test "ids of mirrors" {
	for bad in 0 x "" 65536 -3 1.5; do
		usage_error "option --only: '$bad' is not the id of a mirror, 1 to 65535" mirror resync --only "$bad" f
		usage_error "option --mirror-id: '$bad' is not the id of a mirror" mirror read -N "$bad" f
		usage_error "option --mirror-id: '$bad' is not the id of a mirror" mirror split --mirror-id "$bad" f
		usage_error "option --read-mirror: '$bad' is not the id of a mirror" mirror copy -i "$bad" -o 2 f
	done
	usage_error "option --only: '' is not the id of a mirror" mirror verify --only 1, f
	usage_error "option --only: '-1' is not the id of a mirror" mirror resync --only -1 f
	usage_error "option --only: '11111111111111111111' is not" mirror resync --only 11111111111111111111 f
	usage_error "option --only: mirror 2 is given twice" mirror resync --only 2,1,2 f
	usage_error "option --only is given twice" mirror resync --only 2 --only 3 f
	usage_error "option --only: a file has no more than 16 mirrors" mirror resync --only "$(seq -s, 17)" f
	usage_error "option --only: two mirrors are needed" mirror verify --only 1 f
	usage_error "option --write-mirror: mirror 2 is given twice" mirror copy -i 1 -o 2,2 f
	usage_error "option --write-mirror is given twice" mirror copy -i 1 -o -1 -o 2 f
	usage_error "mirror 1 can't be copied onto itself" mirror copy -i 1 -o 2,1 f
	usage_error "which mirror to copy?" mirror copy -o 2 f
	usage_error "which mirrors to copy it to?" mirror copy -i 1 f
	usage_error "which mirror? -N says it" mirror read f
	usage_error "which mirror? -N says it" mirror write f
}

@test "which mirror to split" {
	for verb in split delete; do
		usage_error "which mirror?" mirror "$verb" f
		usage_error "which mirror?" mirror "$verb" --mirror-id 1 -p pool f
		usage_error "option --component-id: '3' is not the id of a component of a mirror" mirror "$verb" -I 3 f
		usage_error "option --pool: 'fs.' is not the name" mirror "$verb" -p fs. f
		usage_error "option --pool: 'sixteen-letters-' is not the name" mirror "$verb" -p sixteen-letters- f
	done
	usage_error "--destroy and --file exclude each other" mirror split --mirror-id 1 -d -f new f
	usage_error "unknown option '-f'" mirror delete --mirror-id 1 -f new f
}

@test "layouts of mirrors" {
	usage_error "-N is missing" mirror create f
	usage_error "-N is missing" mirror create -c 2 f
	usage_error "-N is missing" mirror extend -c 2 f
	usage_error "-N/--mirror-count '0': not a number of mirrors" mirror create -N0 f
	usage_error "-N/--mirror-count '17'" mirror create -N17 f
	usage_error "-N/--mirror-count" mirror extend -N=x f
	usage_error "-N/--mirror-count: 18 mirrors are more than the 16 possible" mirror create -N9 -N9 f
	usage_error "-N/--mirror-count: must stand before" mirror create -E 1M -E 2M -N -E eof f
	usage_error "--flags 'prefer': needs -N before it" mirror create --flags prefer f
	usage_error "--flags 'init'" mirror create -N --flags init f
	usage_error "-c/--stripe-count 'many'" mirror extend -N=3 -c many f
	usage_error "a layout is given by options, by --yaml or by --copy" mirror extend -N --copy g f
	usage_error "--no-verify is about --file" mirror extend -N --no-verify f
	usage_error "with --file the mirror is VICTIM as it is" mirror extend -N2 -f v f
	usage_error "with --file the mirror is VICTIM as it is" mirror extend -N -N -f v f
	usage_error "with --file the mirror is VICTIM as it is" mirror extend -N -f v -c 2 f
	usage_error "with --file the mirror is VICTIM as it is" mirror extend --copy g -f v f
	usage_error "option --file: one file becomes a mirror at a time" mirror extend -f v -f w f
}

@test "a migrate makes no mirrors" {
	usage_error "option --mirror-count: this makes no mirrors; 'lov mirror extend' does" migrate -N2 f
	usage_error "option --flags: this makes no mirrors" migrate --flags prefer f
	lov getstripe -y --xattr-file "$BATS_TEST_DIRNAME/../golden/mirror2.hex" >"$BATS_TEST_TMPDIR/yaml"
	usage_error "the layout has 2 mirrors" migrate -y "$BATS_TEST_TMPDIR/yaml" f
}

@test "flags of components" {
	usage_error "--component-set needs one --component-flags" setstripe --component-set -I 65537 f
	usage_error "--component-set needs --component-id or --mirror-id" setstripe --comp-set --comp-flags prefer f
	usage_error "option --component-flags: 'nonsense' is not a component flag" setstripe --comp-set -I 65537 --comp-flags nonsense f
	usage_error "option --component-flags: 'prefer,^prefer' sets and clears" setstripe --comp-set -I 65537 --comp-flags prefer,^prefer f
	usage_error "option --component-id: '0' is not the id of a component" setstripe --comp-set -I 0 --comp-flags prefer f
	usage_error "option --mirror-id: '65537' is not the id of a mirror" setstripe --comp-set --mirror-id 65537 --comp-flags prefer f
	usage_error "--component-set changes flags only" setstripe --comp-set -I 65537 --comp-flags prefer -c 2 f
	usage_error "--component-set changes flags only" setstripe --comp-set -I 65537 --comp-flags prefer -d f
	usage_error "--component-set changes flags only" setstripe --comp-set -I 65537 --comp-flags prefer --copy g f
	usage_error "ids are given with --component-set" setstripe -I 65537 -c 2 f
	usage_error "which file or directory?" setstripe --comp-set -I 65537 --comp-flags prefer
}

@test "a file that is on no volume, and one of several" {
	place=$BATS_TEST_TMPDIR/place
	mkdir "$place"
	: >"$place/f"
	for verb in "create -N2" "extend -N" "extend -N=3" "extend -f $place/f" resync verify "split --mirror-id 1" "split -p pool" "delete --mirror-id 2" "read -N 1" "write -N 1 -i /dev/null" "copy -i 1 -o -1"; do
		# shellcheck disable=SC2086 # several words
		run --separate-stderr lov mirror $verb "$place/f"
		echo "$verb: $status: $stderr"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[ "$stderr" = "lov mirror ${verb%% *}: $place/f: is neither on a lovfs volume nor on Lustre" ]
	done
	run --separate-stderr lov setstripe --comp-set --mirror-id 1 --comp-flags ^prefer "$place/f" "$place/g"
	[ "$status" -eq 1 ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[ "$(ls -A "$place")" = f ]
}

@test "a file that can't be read into leaves nothing behind" {
	run --separate-stderr lov mirror read -N 1 -o "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR"
	[ "$status" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
}
