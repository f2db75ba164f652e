#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several names of one file in one command: it is worked on once. And names with odd bytes in what
# is said of a volume.

load lib

setup() {
	lov_setup
	volume_make -d 2 -n 3
	volume_mount
	cd "$MNT" || return
}

# links: three files, with 20 names each in h.
links() {
	local i k
	mkdir h
	for i in 0 1 2; do
		lov setstripe -c 1 -i 0 "h/f$i.0"
		random_file "h/f$i.0" 300000
		for ((k = 1; k < 20; k++)); do
			ln "h/f$i.0" "h/f$i.$k"
		done
	done
	md5sum h/* >"$T/sums"
}

stripes() { lov getstripe -c "$1"; }
mirrors() { lov getstripe --mirror-count "$1"; }

@test "migrate of hard links: each file once, by many at a time" {
	links
	find h -type f -print0 | lov migrate -j 8 -c 2 -0 --files-from - --errors "$T/errors"
	[[ ! -s $T/errors ]]
	for i in 0 1 2; do
		[[ $(stripes "h/f$i.7") == 2 ]]
	done
	md5sum --quiet -c "$T/sums"
	# The layout is changed once for each file: a second time would count on.
	lov migrate -v -j 4 -c 1 h/f0.* h/f0.0 "$MNT/h/../h/f0.3" >"$T/said"
	[[ $(grep -c ' in [0-9.]* s: ' "$T/said") == 1 ]]
	[[ $(grep -c ': another name of a file that was named before$' "$T/said") == 21 ]]
	[[ $(stripes h/f0.3) == 1 ]]
}

@test "an error is told of the first name alone, and the status is of the file" {
	links
	local status=0
	lov migrate -j 4 -c 99 h/f0.* 2>"$T/err" || status=$?
	[[ $status == 1 && $(wc -l <"$T/err") == 1 ]]
	status=0
	lov migrate -j 4 -c 2 h/f1.* h/none h/none 2>"$T/err" || status=$?
	# What isn't there is told each time.
	[[ $status == 3 && $(wc -l <"$T/err") == 2 ]]
}

@test "mirror verbs: each file once" {
	links
	lov mirror extend -v -N -c 1 -i 1 h/f0.0 h/f0.1 "$MNT/h/f0.0" h/f1.3 h/f1.0 >"$T/said"
	[[ $(mirrors h/f0.5) == 2 && $(mirrors h/f1.5) == 2 && $(mirrors h/f2.5) -le 1 ]]
	[[ $(grep -c 'named before$' "$T/said") == 3 ]]
	lov mirror verify -v h/f0.* >"$T/said"
	[[ $(grep -c 'in sync and equal$' "$T/said") == 1 ]]
	echo more >>h/f0.2
	lov mirror resync -v h/f0.* >"$T/said"
	[[ $(grep -c 'brought up' "$T/said") == 1 ]]
	[[ $(grep -c 'already in sync' "$T/said") == 0 ]]
	lov mirror split --mirror-id 2 h/f0.1 h/f0.2
	[[ $(mirrors h/f0.5) -le 1 && -e h/f0.1.mirror~2 && ! -e h/f0.2.mirror~2 ]]
	lov mirror delete --mirror-id 2 h/f1.1 h/f1.2 h/f1.1
	[[ $(mirrors h/f1.5) -le 1 ]]
}

@test "setstripe of a name that is repeated" {
	mkdir d
	lov setstripe -c 2 new new d/../new
	[[ $(stripes new) == 2 ]]
	lov mirror create -N2 -c 1 twice ./twice
	[[ $(mirrors twice) == 2 ]]
	# What can't be done is told once.
	random_file full 1000
	lov setstripe -c 2 full ./full 2>"$T/err" && return 1
	[[ $(wc -l <"$T/err") == 1 ]]
	lov mirror create -N2 -c 1 full ./full 2>"$T/err" && return 1
	[[ $(wc -l <"$T/err") == 1 ]]
}

@test "totals count a file once" {
	links
	find h -type f >"$T/list"
	lov migrate -j 2 -c 2 --files-from "$T/list" --events >"$T/events"
	need jq
	[[ $(jq -s 'map(select(.event == "done")) | .[0].all | [.files_done, .files_total, .bytes_done] | @csv' -r "$T/events") == "3,3,900000" ]]
	[[ $(jq -s 'map(select(.event == "begin")) | length' "$T/events") == 3 ]]
}

@test "hard links stay hard links in a copy" {
	links
	lov cp -r h "$T/copy"
	[[ $(stat -c %h "$T/copy/f0.0") == 20 ]]
	[[ $(find "$T/copy" -type f -printf '%i\n' | sort -u | wc -l) == 3 ]]
}

# --- odd bytes ---

ODD=$'esc\033[31m\xff'

# on_terminal COMMAND...: what a terminal gets of it is in $T/typescript.
on_terminal() {
	LC_ALL=C.UTF-8 SHELL=/bin/bash timeout 20 script -qec "$(printf '%q ' "$@")" /dev/null </dev/null >"$T/typescript"
}

# shown_safely: no control characters, and the odd name as ls has it.
shown_safely() {
	LC_ALL=C tr -d '\r\n\t' <"$T/typescript" >"$T/bytes"
	if LC_ALL=C grep -qP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]' "$T/bytes"; then
		cat -v "$T/typescript" >&2
		return 1
	fi
	LC_ALL=C grep -qF -- "'esc'\$'\\033''[31m'\$'\\377'" "$T/typescript" || {
		cat -v "$T/typescript" >&2
		return 1
	}
}

@test "what the verbs say of a file with an odd name" {
	lov setstripe -c 1 "$ODD"
	random_file "$ODD" 100000
	on_terminal lov getstripe "$ODD"
	shown_safely
	on_terminal lov getstripe -v "$ODD"
	shown_safely
	on_terminal lov fid "$ODD" .
	shown_safely
	on_terminal lov migrate -v -c 2 "$ODD"
	shown_safely
	on_terminal lov mirror extend -v -N -c 1 "$ODD"
	shown_safely
	on_terminal lov mirror verify -v "$ODD"
	shown_safely
	printf x >>"$ODD"
	on_terminal lov mirror resync -v "$ODD"
	shown_safely
	on_terminal lov migrate -c 99 "$ODD" || true
	shown_safely
	# Not on a terminal: the bytes.
	prints -xF "$ODD" lov getstripe "$ODD"
	prints -F "$ODD: [" lov fid "$ODD" .
}

@test "JSON of a file with an odd name" {
	need jq
	lov setstripe -c 1 "$ODD"
	for verb in "getstripe --json" "fid --json" "migrate -c 2 --json"; do
		# shellcheck disable=SC2086 # a verb and its options
		lov $verb "$ODD" >"$T/json"
		[[ $(jq -r '.[0].path' "$T/json") == $'esc\033[31m\xef\xbf\xbd' ]]
		[[ $(jq -r '.[0].path_bytes' "$T/json") == $'esc\033[31m\\xff' ]]
	done
	mkdir dir
	lov getstripe --json dir | jq -e '.[0] | has("path_bytes") | not'
}

@test "a mount point with an odd name" {
	lovfs_only "the double stands for one mount"
	need jq
	cd /
	volume_unmount
	mkdir "$T/$ODD"
	MNT="$T/$ODD"
	lovfs -f "$MDT" "$MNT" >>"$DAEMON_LOG" 2>&1 3>&- 4>&- &
	DAEMON=$!
	for ((i = 0; i < 100; i++)); do
		mountpoint -q "$MNT" && break
		sleep 0.05
	done
	on_terminal lov df -h "$MNT"
	run ! env LC_ALL=C grep -q $'\033' "$T/typescript"
	grep -qF "[31m'\$'\\377'" "$T/typescript"
	lov stats "$MNT" >"$T/yaml"
	grep -qF 'esc\e[31m\xff"' "$T/yaml"
	[[ $(lov df --json "$MNT" | jq -r '.[0].mount_point_bytes') == "$T/"$'esc\033[31m\\xff' ]]
	on_terminal lov df
	run ! env LC_ALL=C grep -q $'\033' "$T/typescript"
	umount "$MNT"
	volume_wait
}

@test "what the daemon and mkfs.lovfs say of directories with odd names" {
	lovfs_only "it is about the daemon"
	cd /
	volume_unmount
	mkdir -p "$T/d0/$ODD/mdt" "$T/d0/$ODD/o0"
	# Such paths would not fit its list of OSTs.
	mkfs.lovfs --fsname odd --mdt "$T/d0/$ODD/mdt" --ost "$T/d0/$ODD/o0" 2>"$T/err" && return 1
	[[ $(wc -l <"$T/err") == 1 ]]
	run ! env LC_ALL=C grep -q $'\033' "$T/err"
	lovfs "$T/d0/$ODD/mdt" "$T/$ODD" 2>"$T/err" && return 1
	run ! env LC_ALL=C grep -q $'\033' "$T/err"
	mv "${OST[1]}" "$T/away"
	: >"$DAEMON_LOG"
	volume_mount -d
	mkdir "$MNT/$ODD"
	echo >"$MNT/$ODD/"$'new\nline'
	run ! stat "$MNT/$ODD/"$'none\033'
	lov df "$MNT" >"$T/df"
	volume_unmount
	# It says something of them, and in lines of its own alone.
	grep -q 'inactive' "$DAEMON_LOG"
	run ! env LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$DAEMON_LOG"
	run ! grep -qvE '^lovfs: ' "$DAEMON_LOG"
	run ! env LC_ALL=C grep -q $'\033' "$T/df"
}
