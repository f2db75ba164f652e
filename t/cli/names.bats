#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Names with odd bytes, of other people: as ls shows them on a terminal, as they are elsewhere, and
# so that they can be had back in YAML and JSON. No control character reaches a terminal.

bats_require_minimum_version 1.5.0

setup() {
	T=$(mktemp -d "$BATS_TEST_TMPDIR/lovfs-names.XXXXXX")
	cd "$T" || return
	mkdir src dst
	NAMES=($'esc\033]0;x\a' $'new\nline' $'bad\xffbyte' $'\xc2\x9b31m' 'two words' "it's" $'caf\xc3\xa9' 'back\slash')
	for name in "${NAMES[@]}"; do
		echo "$name" >"src/$name"
	done
}

# on_terminal COMMAND...: its output and errors, as a terminal gets them, in $T/typescript. In a
# UTF-8 locale.
on_terminal() {
	LC_ALL=${LOCALE:-C.UTF-8} TERM=${TERMINAL:-xterm} SHELL=/bin/bash timeout 20 script -qec "$(printf '%q ' "$@")" /dev/null </dev/null >"$T/typescript"
}

# no_controls FILE [MORE]: no byte that moves a cursor, nor C1 as UTF-8; MORE is what a text may
# have, as tr(1) has it.
no_controls() {
	! LC_ALL=C tr -d "\\n$2" <"$1" | LC_ALL=C grep -qP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]' || {
		od -c "$1" >&2
		return 1
	}
}

# as_ls FILE: each of the names is in it as ls has it.
as_ls() {
	local name shown
	for name in "${NAMES[@]}"; do
		shown=$(LC_ALL=${LOCALE:-C.UTF-8} ls -d --quoting-style=shell-escape "src/$name")
		LC_ALL=C grep -qF -- "$shown" "$1" || {
			echo "not there: $shown" >&2
			cat -v "$1" >&2
			return 1
		}
	done
}

@test "lov cp -v: quoted on a terminal, as they are in a file" {
	on_terminal lov cp -v src/* dst
	no_controls typescript '\r'
	as_ls typescript
	lov cp -v src/* dst >out
	for name in "${NAMES[@]}"; do
		grep -qFz "src/$name -> dst/$name" <(tr '\n' '\n' <out)
	done
}

@test "where the locale is C, what isn't ASCII is escaped on a terminal" {
	LOCALE=C on_terminal lov cp -v src/* dst
	no_controls typescript '\r'
	LOCALE=C as_ls typescript
	run ! env LC_ALL=C grep -qP '[\x80-\xff]' typescript
}

@test "messages are one line each, and have no control characters anywhere" {
	run ! on_terminal lov cp src/*/nothing "${NAMES[@]}" dst
	no_controls typescript '\r'
	status=0
	lov cp "${NAMES[@]}" dst 2>err || status=$?
	[ "$status" -eq 1 ]
	[ "$(wc -l <err)" -eq ${#NAMES[@]} ]
	no_controls err
	grep -qF "lov cp: caf"$'\xc3\xa9'": " err
	grep -qF 'lov cp: new\nline: ' err
	run ! on_terminal lov $'\033[31mverb'
	no_controls typescript '\r'
	run ! on_terminal lov migrate $'--\033[31m'
	no_controls typescript '\r'
	run ! on_terminal mkfs.lovfs --fsname x --mdt $'src/esc\033]0;x\a' --ost $'\033[31m'
	no_controls typescript '\r'
	run ! on_terminal lovfs $'\033[31m' $'\033[32m'
	no_controls typescript '\r'
}

@test "JSON: U+FFFD, and the exact bytes beside it" {
	command -v jq >/dev/null || skip "jq is not installed"
	command -v python3 >/dev/null || skip "python3 is not installed"
	lov cp --json src/* dst >out
	no_controls out
	jq -e . out >/dev/null
	rm -r dst
	mkdir dst
	lov cp --events src/* dst >events
	no_controls events
	jq -e . events >/dev/null
	python3 - out events "${NAMES[@]}" <<-'END'
		import json, os, re, sys
		def exact(o, key):
		    if key + '_bytes' not in o:
		        return o[key].encode()
		    assert '\ufffd' in o[key]
		    text = o[key + '_bytes'].encode()
		    return re.sub(rb'\\(\\|x[0-9a-f]{2})', lambda m: b'\\' if m[1] == b'\\' else bytes([int(m[1][1:], 16)]), text)
		want = {b'src/' + os.fsencode(n) for n in sys.argv[3:]}
		assert {exact(o, 'path') for o in json.load(open(sys.argv[1]))} == want
		events = [json.loads(line) for line in open(sys.argv[2])]
		assert {exact(o, 'path') for o in events if o['event'] == 'begin'} == want
	END
}

@test "--stats: the name is a YAML scalar" {
	command -v python3 >/dev/null || skip "python3 is not installed"
	lov cp -j 2 --stats src/* dst >out
	no_controls out
	iconv -f UTF-8 -t UTF-8 out >/dev/null
	grep -qxF -- '--- # "src/bad\xffbyte"' out
	grep -qxF -- '--- # "src/new\nline"' out
	grep -qxF -- '--- # "src/esc\e]0;x\a"' out
	grep -qxF -- '--- # "src/\u009b31m"' out
	grep -qxF -- $'--- # src/caf\xc3\xa9' out
	on_terminal lov cp --stats src/* dst
	no_controls typescript '\r'
}

@test "the progress line" {
	head -c 4M /dev/zero >$'src/long\033[31m\xff'
	on_terminal lov cp -W 2M $'src/long\033[31m\xff' dst
	# What is its own: back to the start of the line, and the rest of it cleared.
	sed 's/\r\x1b\[K//g; s/\x1b\[K//g' typescript >rest
	no_controls rest '\r'
	grep -qE ' [0-9.]+[KM]/s' typescript
	grep -qF "'src/long'\$'\\033''[31m'\$'\\377'" typescript
}

@test "--errors: exact for a program, readable on a terminal" {
	chmod 000 src
	[ "$(id -u)" -ne 0 ] || chmod 755 src
	printf '%s\0' "${NAMES[@]/#/none/}" >list
	run ! lov migrate -0 --files-from list --errors failed -c 1
	cmp <(sort -z list) <(sort -z failed)
	run ! on_terminal lov migrate -0 --files-from list --errors - -c 1
	no_controls typescript '\r\0'
	chmod 755 src
}

@test "what is no list of names ends soon" {
	status=0
	timeout 10 lov migrate -0 --files-from /dev/zero -c 1 2>err || status=$?
	[ "$status" -eq 1 ]
	grep -qF '/dev/zero: not a list of names: 1000000 in a row are empty' err
	status=0
	timeout 10 lov migrate --files-from /dev/zero -c 1 2>err || status=$?
	[ "$status" -eq 1 ]
	grep -qF 'not a list of names: one has more than 4095 bytes' err
	# A pipe that never says anything.
	mkfifo pipe
	sleep 20 >pipe 3>&- 4>&- &
	sleeper=$!
	lov migrate --files-from pipe -c 1 3>&- 4>&- &
	lov=$!
	sleep 0.3
	kill -TERM $lov
	status=0
	timeout 2 tail --pid=$lov -f /dev/null
	wait $lov || status=$?
	kill $sleeper
	[ "$status" -eq 143 ]
}

@test "the name of a pool that somebody wrote into a layout" {
	sed 's/666c617368/1b5b6dff41/' "$BATS_TEST_DIRNAME/../golden/pool.hex" >pool.hex
	on_terminal lov getstripe --xattr-file pool.hex
	no_controls typescript '\r\t'
	grep -qF 'lmm_pool:          \033[m\377A' typescript
	lov getstripe --xattr-file pool.hex >"$T/said"
	LC_ALL=C grep -qF $'\033[m\xffA' "$T/said"
	lov getstripe -y --xattr-file pool.hex >yaml
	grep -qF 'lmm_pool:          "\e[m\xffA"' yaml
	no_controls yaml
	lov getstripe --json --xattr-file pool.hex >json
	no_controls json
	grep -qF '\u001B[m'$'\xef\xbf\xbd''A"' json
	grep -qF '_bytes": "\u001B[m\\xffA"' json
}
