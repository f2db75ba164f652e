#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Seeded random operations on mirrored files against a plain model, while mirrors become stale, are
# brought up, come and go, and are lost; at the end each mirror is compared with the model.

load lib

EXERCISER=$BUILD_DIR/t/exerciser/exerciser
TEST_LIMIT=300
BATS_TEST_TIMEOUT=300

@test "20,000 operations on mirrored files with all that can happen to mirrors in between" {
	need python3
	volume_make -d 3 -n 6 -s 1024 >/dev/null
	volume_mount
	mkdir "$MNT/x" "$T/models"
	lov mirror create -N2 -c 1 "$MNT/x/f0"
	lov mirror create -N -E 256k -c 1 -E 2M -c 2 -S 128k -E -1 -c 3 -N -E 1M -c 2 -S 64k -E -1 -c 1 "$MNT/x/f1"
	lov mirror create -N -c 3 -S 64k -N -c 1 -N -E 512k -c 1 -E -1 -C 6 -S 64k "$MNT/x/f2"
	lov setstripe -c 2 "$MNT/x/f3"
	# shellcheck disable=SC2153 # the array of lib.bash
	OSTS=$(IFS=:; echo "${OST[*]}")
	export MNT MDT OSTS LOG=$DAEMON_LOG DIR=$MNT/x STATE=$T/away SEED=${LOVFS_SEED:-$RANDOM$RANDOM}
	trouble=$LIB_DIR/mirror_trouble
	"$EXERCISER" --dir "$MNT/x" --files 4 --ops "${OPS:-20000}" --seed "$SEED" --models "$T/models" \
		--hook "$trouble hook \"\$1\"" --hook-every 125 --remount "$trouble remount" --remounts "${REMOUNTS:-14}"
	"$trouble" finish "$T/models" >"$T/done"
	cat "$T/done"
	# All of it happened.
	if [ "${OPS:-20000}" -ge 20000 ]; then
		for what in delete extend make_stale migrate resync rewrite split verify "ost away" "object away" killed power unmounted; do
			grep -q "$what [1-9]" "$T/done"
		done
	fi
	# The daemon isn't ours any more.
	DAEMON=
	rm -r "$MNT/x"
	umount "$MNT"
	flock -w 20 "$MDT/lock" true
	find "${OST[@]/%//O}" -type f
	[ "$(object_count)" -eq 0 ]
	[ -z "$(ls -A "$MDT/PENDING")" ]
	[ -z "$(ls -A "$MDT/DIRTY")" ]
}
