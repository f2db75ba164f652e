#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov df: the numbers are those of the file systems below, each counted once.

load lib

setup() {
	lov_setup
	volume_make -d 2 -n 4 --pool fast=0,2
	volume_mount
}

# backing DIR FIELD: of df(1), in KiB.
backing() { df -k --output="$2" "$1" | tail -n 1 | tr -d ' '; }

@test "a line for each target, and a sum that counts each device once" {
	lov df "$MNT" >"$T/text"
	[ "$(head -n 1 "$T/text")" = "UUID                   1K-blocks        Used   Available Use%  Mounted on" ]
	for ost in 0 1 2 3; do
		read -r _ total _ <<<"$(grep "^$FSNAME-OST000${ost}_UUID" "$T/text")"
		[ "$total" -eq "$(backing "${OST[ost]}" size)" ]
		grep -qF "${MNT}[OST:$ost]" "$T/text"
	done
	grep -q "^$FSNAME-MDT0000_UUID" "$T/text"
	read -r _ total _ <<<"$(grep '^filesystem_summary:' "$T/text")"
	[ "$total" -eq $(($(backing "$T/d0" size) + $(backing "$T/d1" size))) ]
}

@test "human sizes, inodes, and all mounted volumes" {
	prints '^UUID  *bytes' lov df -h "$MNT"
	prints -E "OST0000_UUID +[0-9.]+[MG] " lov df -h "$MNT"
	prints '^UUID  *Inodes  *IUsed  *IFree  *IUse%' lov df -i "$MNT"
	# Others' volumes would be asked too, and may not answer.
	if (($(grep -c ' fuse\.lovfs ' /proc/self/mounts) == 1)); then
		prints -F "${MNT}[MDT:0]" lov df
	fi
	cd "$MNT"
	prints -F "${MNT}[OST:3]" lov df .
	cd /
}

@test "the OSTs of a pool" {
	[ "$(lov df -p fast "$MNT" | grep -c OST:)" -eq 2 ]
	[ "$(lov df -p "$FSNAME.fast" "$MNT" | grep -c OST:)" -eq 2 ]
	fails_with 1 "there is no OST pool 'slow'" lov df -p slow "$MNT"
	fails_with 1 "pool 'other.fast' of another" lov df -p other.fast "$MNT"
}

@test "JSON has the same numbers, in bytes" {
	need jq
	lov df --json "$MNT" >"$T/json"
	[ "$(jq '.[0].targets | length' "$T/json")" -eq 5 ]
	[ "$(jq -r '.[0].fsname' "$T/json")" = "$FSNAME" ]
	[ "$(jq '.[0].summary.total_bytes' "$T/json")" -eq $((1024 * ($(backing "$T/d0" size) + $(backing "$T/d1" size)))) ]
	[ "$(jq -r '.[0].targets[2].path' "$T/json")" = "${OST[1]}" ]
}

@test "an OST that is away is shown as inactive, with the reason" {
	volume_unmount
	mv "${OST[1]}" "${OST[1]}.away"
	volume_mount
	lov df "$MNT" >"$T/text"
	grep -q '^OST0001 *: inactive device (..*)' "$T/text"
	[ "$(grep -c '\[OST:' "$T/text")" -eq 3 ]
	[ "$(lov df --json "$MNT" | jq '.[0].targets[2].active')" = false ]
}

@test "not a volume, and a volume whose daemon is gone" {
	fails_with 1 "is neither on a lovfs volume nor on Lustre" lov df "$T"
	volume_kill
	fails_with 1 "is neither on a lovfs volume nor on Lustre" lov df "$MNT"
}
