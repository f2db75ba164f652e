# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the tests of lov migrate, after lib: a volume of four OSTs on two devices, files with a known
# content, and what must be as before.

setup() {
	lov_setup
	volume_make -d 2 -n 4 --pool fast=0,2
	volume_mount
	cd "$MNT" || return
}

teardown() {
	cd /
	lov_teardown
}

# osts FILE: the OSTs of its objects, such as [0,2].
osts() { lov getstripe --json "$1" | jq -c '[.[0].layout | (.lmm_objects // [.components[].sub_layout.lmm_objects // [] | .[]]) | .[].l_ost_idx]'; }

# layout FILE: everything that its layout says.
layout() { lov getstripe -v "$1"; }

# file_make NAME BYTES SETSTRIPE_OPTION...: a file with random data; its twin, for comparing, is
# $T/data.
file_make() {
	lov setstripe "${@:3}" "$1"
	random_file "$T/data" "$2"
	cat "$T/data" >"$1"
}

# unharmed NAME: data, layout and number of objects are as at remember NAME.
remember() {
	layout "$1" >"$T/layout.before"
	objects_before=$(object_count)
}
unharmed() {
	local i
	same "$T/data" "$1" || return 1
	layout "$1" >"$T/layout.after"
	same "$T/layout.before" "$T/layout.after" || return 1
	# Objects of a victim go soon after its last close.
	for ((i = 0; i < 100; i++)); do
		(($(object_count) == objects_before)) && return 0
		sleep 0.1
	done
	echo "there are $(object_count) objects, there were $objects_before" >&2
	return 1
}

# migrate_slowly ARGUMENT...: in the background, so slow that what comes next hits it half way. Sets
# MIGRATE.
migrate_slowly() {
	lov migrate -W 4 "$@" >"$T/migrate.out" 2>"$T/migrate.err" 3>&- 4>&- &
	MIGRATE=$!
	sleep 0.6
	kill -0 "$MIGRATE"
}

# migrate_ended: waits for it; its status is in MIGRATE_STATUS.
migrate_ended() {
	MIGRATE_STATUS=0
	timeout 20 tail --pid="$MIGRATE" -f /dev/null || return 1
	wait "$MIGRATE" || MIGRATE_STATUS=$?
}
