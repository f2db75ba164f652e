#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Seeded random operations on files of different layouts against a plain model, with migrations and
# remounts in between.

load lib

EXERCISER=$BUILD_DIR/t/exerciser/exerciser
TEST_LIMIT=300
BATS_TEST_TIMEOUT=300

# The layouts that a file is migrated to in turn.
layouts=("-c 1" "-c 4 -S 64k" "-E 256k -c 1 -E 2M -c 2 -S 128k -E -1 -c 3" "-C 6 -S 64k" "-c 2 -S 1M")

hook() {
	cat >"$T/hook" <<-END
		#!/bin/bash
		layouts=($(printf '"%s" ' "${layouts[@]}"))
		exec lov migrate \${layouts[EXERCISER_OP / 400 % ${#layouts[@]}]} "\$1"
	END
	chmod +x "$T/hook"
}

remount() {
	cat >"$T/remount" <<-END
		#!/bin/bash
		umount "$MNT" || exit 1
		flock -w 20 "$MDT/lock" true || exit 1
		lovfs "$MDT" "$MNT"
	END
	chmod +x "$T/remount"
}

@test "20,000 operations on files of five layouts, migrated and remounted in between" {
	local i
	volume_make -d 2 -n 4 -s 1024
	volume_mount
	mkdir "$MNT/x"
	for i in "${!layouts[@]}"; do
		# shellcheck disable=SC2086 # several options
		lov setstripe ${layouts[i]} "$MNT/x/f$i"
	done
	hook
	remount
	"$EXERCISER" --dir "$MNT/x" --files 5 --ops "${OPS:-20000}" --seed "${LOVFS_SEED:-$RANDOM$RANDOM}" \
		--hook "$T/hook \"\$1\"" --hook-every 400 --remount "$T/remount" --remounts 3
	rm -r "$MNT/x"
	umount "$MNT"
	flock -w 20 "$MDT/lock" true
	[ "$(object_count)" -eq 0 ]
	[ -z "$(ls -A "$MDT/PENDING")" ]
}
