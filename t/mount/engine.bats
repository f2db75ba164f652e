#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Large copies on a volume: past the page cache, by what was measured; and where io_uring isn't to
# be had.

load lib

PATH=$BUILD_DIR/t/mount:$PATH
SIZE=$((96 << 20))

# cold: nothing is in any page cache.
cold() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# stat_of NAME: a number of lov stats.
stat_of() { lov stats --json "$MNT" | jq ".[0].$1"; }

# cached_bytes FILE...: of them in the page cache; objects_cached OST_DIR: of its objects.
cached_bytes() { fincore -nb -o RES "$@" | awk '{ sum += $1 } END { print sum + 0 }'; }
objects_cached() {
	local objects
	mapfile -t objects < <(find "$1/O" -type f -size +1M)
	cached_bytes "${objects[@]}"
}

@test "a migrate to another device goes past the page cache, and leaves nothing there" {
	need fincore
	volume_make -d 2 -n 2
	volume_mount
	lov setstripe -o 0 "$MNT/f"
	random_file "$T/f" "$SIZE"
	cp "$T/f" "$MNT/f"
	cold
	lov migrate -o 1 "$MNT/f"
	[ "$(stat_of user_bytes)" -eq "$SIZE" ]
	[ "$(stat_of direct_bytes)" -gt $((SIZE * 3 / 4)) ]
	# what is between two blocks of direct I/O, and read ahead
	[ "$(objects_cached "${OST[1]}")" -lt $((SIZE / 4)) ]
	same "$T/f" "$MNT/f"
	volume_remount
	same "$T/f" "$MNT/f"
}

@test "what is in the page cache is copied from there" {
	volume_make -d 2 -n 2
	volume_mount
	lov setstripe -o 0 "$MNT/f"
	random_file "$T/f" "$SIZE"
	cp "$T/f" "$MNT/f"
	cat "$MNT/f" >/dev/null
	lov migrate -o 1 "$MNT/f"
	[ "$(stat_of user_bytes)" -eq "$SIZE" ]
	[ "$(stat_of direct_bytes)" -eq 0 ]
	same "$T/f" "$MNT/f"
}

@test "where the kernel could copy too, both ways are measured, and one is chosen" {
	fs_shares_extents && skip "$FS shares extents: nothing is to be chosen"
	volume_make -d 1 -n 2
	volume_mount
	lov setstripe -o 0 "$MNT/f"
	random_file "$T/f" "$SIZE"
	cp "$T/f" "$MNT/f"
	cold
	lov migrate -v -o 1 "$MNT/f" >"$T/said"
	cat "$T/said"
	grep -q '^choices:$' "$T/said"
	grep -Eq 'kernel_bytes_per_s: [1-9][0-9]*, direct_bytes_per_s: [1-9][0-9]*, chosen: (kernel|direct) ' "$T/said"
	[ "$(lov stats --json "$MNT" | jq '.[0].choices | length')" -eq 1 ]
	# Each way had its tries.
	[ "$(stat_of kernel_bytes)" -ge $((8 << 20)) ]
	[ "$(stat_of direct_bytes)" -ge $((8 << 20)) ]
	[ $(($(stat_of kernel_bytes) + $(stat_of user_bytes))) -eq "$SIZE" ]
	same "$T/f" "$MNT/f"
}

@test "without io_uring copies are made by reading and writing" {
	local how status=0
	need fincore
	no_uring true || status=$?
	((status == 77)) && skip "seccomp can't be used here"
	volume_make -d 2 -n 2
	random_file "$T/f" "$SIZE"
	for how in "" -n; do
		no_uring $how lovfs -f "$MDT" "$MNT" >>"$DAEMON_LOG" 2>&1 3>&- 4>&- &
		DAEMON=$!
		for ((i = 0; i < 200; i++)); do volume_mounted && break || sleep 0.05; done
		lov setstripe -o 0 "$MNT/f"
		cp "$T/f" "$MNT/f"
		cold
		lov migrate -o 1 "$MNT/f"
		[ "$(stat_of user_bytes)" -eq "$SIZE" ]
		[ "$(stat_of direct_bytes)" -eq 0 ]
		# It leaves the page cache behind the copy all the same.
		[ "$(objects_cached "${OST[1]}")" -lt $((SIZE / 2)) ]
		same "$T/f" "$MNT/f"
		rm "$MNT/f"
		volume_unmount
	done
	run ! grep -i 'uring\|error' "$DAEMON_LOG"
}

@test "buffers can be bounded" {
	fails_with 2 "-o memory=1K: a size is needed, 512K or more" lovfs -o memory=1K "$T" "$MNT"
	volume_make -d 2 -n 4
	volume_mount -o memory=512K
	lov setstripe -c 2 -o 0,2 "$MNT/f"
	random_file "$T/f" "$SIZE"
	cp "$T/f" "$MNT/f"
	cold
	lov migrate -c 2 -o 1,3 "$MNT/f"
	same "$T/f" "$MNT/f"
}

@test "a sparse file between devices stays sparse, and its islands arrive" {
	volume_make -d 2 -n 2
	volume_mount
	lov setstripe -o 0 "$MNT/f"
	truncate -s 2G "$T/f"
	for at in 0 1000001 300000000 2147483000; do
		head -c 100000 /dev/urandom | dd of="$T/f" bs=64k oflag=seek_bytes seek=$at conv=notrunc iflag=fullblock status=none
	done
	truncate -s 2G "$T/f"
	cp --sparse=always "$T/f" "$MNT/f"
	cold
	lov migrate -o 1 "$MNT/f"
	same "$T/f" "$MNT/f"
	# shellcheck disable=SC2046 # names without blanks
	[ "$(du -k --block-size=1 $(find "${OST[1]}/O" -type f -size +1G) | awk '{ print $1 }')" -lt $((4 << 20)) ]
}

@test "a large copy to XFS keeps no blocks behind its end" {
	[[ $FS == xfs ]] || skip "XFS allocates ahead, $FS does not"
	volume_make -d 2 -n 2 -s 1536
	random_file "$T/d0/f" $((150 * 1048576 + 12345))
	cold
	lov cp "$T/d0/f" "$T/d1/f"
	cmp "$T/d0/f" "$T/d1/f"
	sync
	umount "$T/d1"
	mount -o loop "$T/d1.img" "$T/d1"
	[ "$(stat -c %b "$T/d1/f")" -le $(((150 * 1048576 + 12345) / 512 + 256)) ]
}
