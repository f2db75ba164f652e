#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Files that are cut off and extended all the time, while they are moved, copied and mirrored.
# HAMMER_SECONDS: how long each way is tried.

load lib

HAMMER=$BUILD_DIR/t/mount/resize_hammer
TEST_LIMIT=120
BATS_TEST_TIMEOUT=120

# hammer_begin FILE, hammer_end: something that resizes FILE meanwhile, and how FILE must be then.
hammer_begin() {
	rm -f "$T/stop"
	HAMMERED=$1
	dd if="$1" of="$T/model" bs=64k status=none
	"$HAMMER" "$1" "$T/model" "$T/stop" >"$T/hammered" 2>&1 3>&- &
	HAMMERING=$!
}
hammer_end() {
	touch "$T/stop"
	wait "$HAMMERING" || cat "$T/hammered"
	[ "$(cat "$T/hammered")" -gt 10 ]
	same "$HAMMERED" "$T/model"
}

# until_time SECONDS COMMAND...: the command again and again; it must do what it's told, or say that
# the file is changed too fast. Sets TIMES to how often it did.
until_time() {
	local end=$((SECONDS + $1)) status
	shift
	TIMES=0
	while ((SECONDS < end)); do
		status=0
		"$@" 2>"$T/said" || status=$?
		if ((status)); then
			grep -qE "writers change it faster|Resource temporarily unavailable" "$T/said" && continue
			cat "$T/said"
			return 1
		fi
		TIMES=$((TIMES + 1))
	done
	((TIMES > 0))
}

@test "a file that is resized all the time is migrated" {
	volume_make -d 2 -n 4
	volume_mount
	lov setstripe -c 2 -S 64k "$MNT/f"
	random_file "$MNT/f" 1000000
	hammer_begin "$MNT/f"
	back_and_forth() { lov migrate -c 4 -S 64k "$MNT/f" && lov migrate -c 1 "$MNT/f"; }
	until_time "${HAMMER_SECONDS:-4}" back_and_forth
	until_time "${HAMMER_SECONDS:-2}" lov migrate -b -c 2 -S 64k "$MNT/f"
	hammer_end
	volume_remount
	same "$MNT/f" "$T/model"
}

@test "a file that is resized all the time gets a mirror, and loses it again" {
	lovfs_only "mirrors of a file that is open for writing are refused there"
	volume_make -d 2 -n 4
	volume_mount
	random_file "$MNT/f" 1000000
	hammer_begin "$MNT/f"
	extend_and_delete() {
		local id
		lov mirror extend -N -c 2 -S 64k "$MNT/f" || return
		id=$(lov getstripe "$MNT/f" | awk '/lcme_mirror_id/ { id = $2 } END { print id }')
		lov mirror delete --mirror-id "$id" "$MNT/f"
	}
	until_time "${HAMMER_SECONDS:-3}" extend_and_delete
	hammer_end
	volume_remount
	same "$MNT/f" "$T/model"
}

@test "copies of a file that is resized all the time end well" {
	lovfs_only "lov cp copies in the kernel, which the movers must not"
	volume_make -d 2 -n 4
	volume_mount
	lov setstripe -c 2 -S 64k "$MNT/f"
	random_file "$MNT/f" 1000000
	hammer_begin "$MNT/f"
	until_time "${HAMMER_SECONDS:-2}" lov cp "$MNT/f" "$T/copy"
	until_time "${HAMMER_SECONDS:-2}" lov cp "$MNT/f" "$MNT/copy"
	until_time "${HAMMER_SECONDS:-2}" cp "$MNT/f" "$MNT/copy2"
	hammer_end
	run ! grep error "$DAEMON_LOG"
}

@test "mirrors of a file that is resized all the time are brought up" {
	lovfs_only "mirrors of a file that is open for writing are refused there"
	local count mirrors
	volume_make -d 2 -n 4
	volume_mount
	for count in 2 15; do
		mirrors=()
		random_file "$MNT/f" 1000000
		for ((i = 1; i < count; i++)); do
			mirrors+=(-N -c 2 -S 64k)
		done
		lov mirror extend "${mirrors[@]}" "$MNT/f"
		hammer_begin "$MNT/f"
		until_time "${HAMMER_SECONDS:-4}" lov mirror resync "$MNT/f"
		hammer_end
		lov mirror resync "$MNT/f"
		lov mirror verify "$MNT/f"
		for ((i = 1; i <= count; i++)); do
			lov mirror read -N "$i" "$MNT/f" | same - "$T/model"
		done
		rm "$MNT/f"
	done
}
