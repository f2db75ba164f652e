#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What programs expect of a file system: the cases of t/posix, on the mount and on what is below it.

load lib

POSIX=$BUILD_DIR/t/posix/posix

@test "the cases hold on the backing file system itself" {
	fs_make "$T/raw"
	POSIX_RAW=1 "$POSIX" "$T/raw"
}

@test "the cases hold on the mount with files of one stripe" {
	volume_make -n 2
	volume_mount
	"$POSIX" "$MNT"
	rm -r "${MNT:?}"/*
	volume_unmount
	[ "$(object_count)" -eq 0 ]
}

@test "the cases hold on the mount with a progressive layout" {
	volume_make -n 4
	volume_mount
	lov setstripe -E 64k -c 1 -E 1M -c 2 -S 64k -E -1 -c 4 -S 256k "$MNT"
	"$POSIX" "$MNT"
	rm -r "${MNT:?}"/*
	volume_unmount
	[ "$(object_count)" -eq 0 ]
}
