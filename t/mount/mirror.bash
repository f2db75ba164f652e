# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the tests of mirrors, after lib: a volume of six OSTs on three devices, and what layouts and
# mirrors say of themselves. The data that a file of these tests must have is in $T/data, unless
# another MODEL is named.

setup() {
	lov_setup
	volume_make -d 3 -n 6 -s "${DEVICE_MIB:-512}" --pool one=0,3 --pool two=1,4 --pool three=2,5 >/dev/null
	volume_mount
	cd "$MNT" || return
}

teardown() {
	cd /
	lov_teardown
}

# --- layouts ---

# layout FILE JQ: a value of its layout.
layout() { lov getstripe --json "$1" | jq -r ".[0].layout | $2"; }

# state FILE: ro, wp or sp; nothing without mirrors.
state() { layout "$1" '.lcm_flags | if . == "0" then "" else . end'; }
# mirrors FILE: the ids, such as "1 2". stale FILE: those of which a component is stale.
mirrors() { layout "$1" '[.components[].lcme_mirror_id] | unique | map(tostring) | join(" ")'; }
stale() { layout "$1" '[.components[] | select(.lcme_flags | test("stale")) | .lcme_mirror_id] | unique | map(tostring) | join(" ")'; }
# flags FILE ID: flags of the mirror's components, one in a line.
flags() { layout "$1" ".components[] | select(.lcme_mirror_id == $2) | .lcme_flags"; }
# mirror_osts FILE ID: OSTs of its objects, such as [0,3].
mirror_osts() { layout "$1" "[.components[] | select(.lcme_mirror_id == $2) | .sub_layout.lmm_objects // [] | .[].l_ost_idx] | tostring"; }

# objects FILE ID: paths of the mirror's objects.
objects() {
	local ost fid seq oid
	layout "$1" ".components[] | select(.lcme_mirror_id == $2) | .sub_layout.lmm_objects // [] | .[] | \"\(.l_ost_idx) \(.l_fid)\"" |
		while read -r ost fid; do
			IFS=: read -r seq oid _ <<<"$fid"
			echo "${OST[ost]}/O/${seq#0x}/d$((oid % 32))/$((oid))"
		done
}

# other MIRROR_ID...: of mirrors 1 and 2 the one that isn't named.
other() { echo $((3 - $1)); }

# --- data ---

# mirrored_file NAME BYTES [CREATE_OPTION...]: random data in a mirrored file (default: -N2) and in
# $T/data; all mirrors, if there are several, in sync.
mirrored_file() {
	local name=$1 bytes=$2
	shift 2
	(($#)) || set -- -N2
	lov mirror create "$@" "$name" || return 1
	random_file "$T/data" "$bytes" || return 1
	cat "$T/data" >"$name" || return 1
	[[ $(mirrors "$name") == *" "* ]] || return 0
	lov mirror resync "$name" && in_sync "$name"
}

# overwrite NAME OFFSET BYTES: new random data there, in the file and in $T/data.
overwrite() {
	random_file "$T/piece" "$3"
	dd if="$T/piece" of="$1" bs=64k oflag=seek_bytes seek="$2" conv=notrunc status=none || return 1
	dd if="$T/piece" of="$T/data" bs=64k oflag=seek_bytes seek="$2" conv=notrunc status=none
}

# both COMMAND...: runs it twice, with "@" replaced by the file f and by $T/data.
both() {
	"${@//@/f}" || return 1
	"${@//@/$T/data}"
}

# mirror_file FILE ID: the mirror as a file of its own. Files are found there while they are in use.
mirror_file() { echo "$MNT/.lovfs/mirror/$(lov fid "$1")/$2"; }

# mirror_same FILE ID [MODEL]: the mirror's bytes, as it gives them and as they are on the devices.
mirror_same() {
	local model=${3:-$T/data}
	(
		exec 9<"$1" || exit 1
		cmp -- "$model" "$(mirror_file "$1" "$2")"
	) || {
		echo "mirror $2 of $1 differs" >&2
		return 1
	}
}

# in_sync FILE [MODEL]: nothing is stale, and all mirrors and the file have the bytes of the model.
in_sync() {
	local id
	if [[ -n $(stale "$1") || $(state "$1") != ro ]]; then
		echo "$1 isn't in sync: state '$(state "$1")', stale '$(stale "$1")'" >&2
		return 1
	fi
	same "${2:-$T/data}" "$1" || return 1
	for id in $(mirrors "$1"); do mirror_same "$1" "$id" "${2:-}" || return 1; done
	lov mirror verify "$1"
}

# drop_caches: what is read next comes from the devices.
drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# copied: bytes that were copied or written since the volume was mounted, whoever did it.
copied() { real_lov stats --json "$MNT" | jq '.[0] | .shared_bytes + .kernel_bytes + .user_bytes + .written_bytes'; }

# copies_at_most BYTES COMMAND... (copies_at_least): what the command copied, in bytes.
copies_count() {
	local before
	before=$(copied)
	"$@" || return 1
	COPIED=$(($(copied) - before))
	echo "$* copied $COPIED bytes"
}
copies_at_most() { copies_count "${@:2}" && ((COPIED <= $1)); }
copies_at_least() { copies_count "${@:2}" && ((COPIED >= $1)); }

# resync_little ARGUMENT...: a resync that copies only what changed: where nothing is known of that,
# by comparing.
resync_little() {
	if can_follow; then
		lov mirror resync "$@"
	else
		lov mirror resync --compare "$@"
	fi
}

# failovers: reads that another mirror had to serve.
failovers() { real_lov stats --json "$MNT" | jq '.[0].failovers'; }

# --- what must be left over ---

# nothing_left: no file waits in PENDING; a victim goes soon after its last close.
nothing_left() {
	local i
	for ((i = 0; i < 100; i++)); do
		[[ -z $(ls -A "$MDT/PENDING") ]] && return 0
		sleep 0.1
	done
	echo "left in PENDING: $(ls -A "$MDT/PENDING")" >&2
	return 1
}

# objects_left COUNT: so many objects are on the OSTs, soon.
objects_left() {
	local i
	for ((i = 0; i < 100; i++)); do
		(($(object_count) == $1)) && return 0
		sleep 0.1
	done
	echo "there are $(object_count) objects, not $1" >&2
	return 1
}

# --- OSTs that fail ---

# ost_away INDEX, ost_back INDEX: from the next mount on it is inactive, or there again. The volume
# is unmounted meanwhile.
ost_away() {
	cd /
	volume_unmount || return 1
	mv "${OST[$1]}" "${OST[$1]}.away"
	engine_active "$1" 0
	volume_mount || return
	cd "$MNT" || return
}
ost_back() {
	cd /
	volume_unmount || return 1
	mv "${OST[$1]}.away" "${OST[$1]}"
	engine_active "$1" 1
	volume_mount || return
	cd "$MNT" || return
}

# fill_device NUMBER: to the last block, also of those reserved for root; empty_device NUMBER.
fill_device() {
	dd if=/dev/zero of="$T/d$1/filler" bs=1M status=none 2>/dev/null || true
	sync -f "$T/d$1"
	dd if=/dev/zero of="$T/d$1/filler2" bs=4k status=none 2>/dev/null || true
}
empty_device() {
	rm -f "$T/d$1/filler" "$T/d$1/filler2"
	sync -f "$T/d$1"
	sleep 1.1 # the daemon asks for free space once a second
}
