#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is known of a stale mirror: a resync copies what changed, at most a grain of 64 KiB around
# each change, as long as the record of it can be trusted; and all where it can't. On Lustre nothing
# is known of that, and --compare finds it.

load lib
load mirror

MIB=1048576

# crash: the daemon is killed. After reboot, the machine has been started anew since.
crash() {
	cd /
	volume_kill
}
reboot() {
	[ "$(sed -n 's/^boot_id //p' "$MDT/MOUNTED")" = "$(cat /proc/sys/kernel/random/boot_id)" ]
	echo "boot_id 01234567-89ab-cdef-0123-456789abcdef" >"$MDT/MOUNTED"
}
# start: serves the volume again.
start() {
	volume_mount || return
	cd "$MNT" || return
}

# map FILE ID: the file with the mirror's map.
map() {
	local found
	found=$(ls "$MDT/DIRTY")
	[[ $(wc -w <<<"$found") -eq 1 ]] || {
		echo "not one map: $found" >&2
		return 1
	}
	echo "$MDT/DIRTY/$found"
}

# is_hole FILE START END: there is no data between.
is_hole() {
	python3 - "$@" <<-'EOF'
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		data = os.lseek(fd, int(sys.argv[2]), os.SEEK_DATA)
		assert data >= int(sys.argv[3]), "data at %d" % data
	EOF
}

@test "4 KiB overwritten: at most two grains are copied; after unmounting and after a crash of the daemon too" {
	mirrored_file f $((16 * MIB))
	overwrite f $((5 * MIB + 61000)) 8192
	copies_at_most 131072 resync_little f
	in_sync f
	! can_follow || [ -z "$(ls -A "$MDT/DIRTY")" ]

	overwrite f 4096 4096
	cd /
	volume_remount
	cd "$MNT"
	copies_at_most 65536 resync_little f
	in_sync f

	overwrite f $((9 * MIB)) 4096
	cd /
	volume_remount
	cd "$MNT"
	overwrite f $((7 * MIB)) 4096
	crash
	[ -s "$MDT/MOUNTED" ]
	start
	[ "$(state f)" = wp ]
	copies_at_most 131072 resync_little f
	in_sync f
	cd /
	volume_unmount
	[ ! -e "$MDT/MOUNTED" ]
}

@test "the machine went down: all is copied" {
	lovfs_only "about the record of what changed"
	mirrored_file f $((4 * MIB))
	overwrite f 0 4096
	sync
	crash
	reboot
	start
	grep -q "map" "$DAEMON_LOG"
	[ -z "$(ls -A "$MDT/DIRTY")" ] || [ "$(stat -c %s "$(map)")" -gt 0 ]
	copies_at_least $((4 * MIB)) lov mirror resync f
	in_sync f
	# Once all is copied, it's known again.
	overwrite f 0 4096
	copies_at_most 65536 resync_little f
	in_sync f
	# What says who used the volume is unreadable.
	overwrite f 0 4096
	for text in "" "boot_id" "rubbish"; do
		overwrite f 0 4096
		sync
		crash
		echo "$text" >"$MDT/MOUNTED"
		start
		copies_at_least $((4 * MIB)) lov mirror resync f
		in_sync f
	done
}

@test "a clean end is one, whatever happens to the machine afterwards" {
	lovfs_only "about the record of what changed"
	mirrored_file f $((4 * MIB))
	overwrite f $MIB 4096
	cd /
	volume_unmount
	[ ! -e "$MDT/MOUNTED" ]
	start
	copies_at_most 65536 resync_little f
	in_sync f
}

@test "a map that is cut, torn, of another file, another mirror or another time isn't believed" {
	lovfs_only "about the record of what changed"
	mirrored_file f $((4 * MIB))
	mirrored_f=$T/data.f
	cp "$T/data" "$mirrored_f"
	# A map of an earlier time: it knows nothing of what comes later.
	overwrite f $((3 * MIB)) 100
	cd /
	volume_unmount
	cp "$(map)" "$T/earlier"
	start
	lov mirror resync f
	in_sync f

	for damage in "earlier" "truncate -s 0" "truncate -s 55" "truncate -s 4096" "magic" "mirror" "fid" "missing" "long"; do
		overwrite f $((MIB + 123)) 100
		cd /
		volume_unmount
		case $damage in
		earlier) cat "$T/earlier" >"$(map)" ;;
		magic) printf X | dd of="$(map)" bs=1 conv=notrunc status=none ;;
		mirror) printf X | dd of="$(map)" bs=1 seek=24 conv=notrunc status=none ;;
		fid) printf X | dd of="$(map)" bs=1 seek=16 conv=notrunc status=none ;;
		missing) rm "$(map)" ;;
		long) printf X | dd of="$(map)" bs=1 seek=44 conv=notrunc status=none ;;
		*) $damage "$(map)" ;;
		esac
		start
		echo "damage: $damage"
		copies_at_least $((4 * MIB)) lov mirror resync f
		in_sync f
	done
}

@test "scattered changes cost a grain each; what isn't there costs nothing" {
	need python3
	mirrored_file f $((16 * MIB))
	for ((i = 0; i < 10; i++)); do overwrite f $(((i * 25 + i % 3) * 65536 + 999)) 4096; done
	copies_at_most $((10 * 65536)) resync_little f
	in_sync f
	# Cut: the end is cut off there, and only what is new is copied.
	both truncate -s $((10 * MIB)) @
	copies_at_most 65536 resync_little f
	in_sync f
	both truncate -s $((10 * MIB - 5)) @
	overwrite f $((12 * MIB)) 100000
	copies_at_most $((3 * 65536)) resync_little f
	in_sync f
	# Holes.
	both fallocate -p -o $((2 * MIB)) -l $((6 * MIB)) @
	# Where no hole can be punched into one mirror, zeros are written.
	zeros=$(can_follow && echo 0 || echo $((6 * MIB)))
	copies_at_most $((zeros + 131072)) resync_little f
	in_sync f
	! can_follow || for id in 1 2; do is_hole "$(objects f $id)" $((2 * MIB)) $((8 * MIB)); done
	# Far away.
	overwrite f $((1 << 39)) 4096
	copies_at_most 131072 resync_little f
	[ "$(state f)" = ro ]
	[ "$(stat -c %s "$(mirror_file f 1)")" -eq $(((1 << 39) + 4096)) ]
	[ "$(stat -c %s "$(mirror_file f 2)")" -eq $(((1 << 39) + 4096)) ]
	both truncate -s $((9 * MIB)) @
	lov mirror resync f
	in_sync f
}

@test "maps follow stores into mappings, allocation and copies into the file" {
	need python3
	mirrored_file f $((8 * MIB))
	for file in f "$T/data"; do
		python3 - "$file" <<-'EOF'
			import mmap, sys
			with open(sys.argv[1], "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
			    m[3000000:3000004] = b"here"
		EOF
	done
	cd /
	volume_remount
	cd "$MNT"
	copies_at_most 131072 resync_little f
	in_sync f
	head -c 300000 /dev/urandom >g
	for file in f "$T/data"; do
		python3 - g "$file" <<-'EOF'
			import os, sys
			with open(sys.argv[1], "rb") as src, open(sys.argv[2], "r+b") as dst:
			    done = 0
			    while done < 200000:
			        try:
			            n = os.copy_file_range(src.fileno(), dst.fileno(), 200000 - done, done, 5000000 + done)
			        except OSError:
			            n = os.pwrite(dst.fileno(), os.pread(src.fileno(), 200000 - done, done), 5000000 + done)
			        assert n > 0
			        done += n
		EOF
	done
	copies_at_most $((5 * 65536)) resync_little f
	in_sync f
	both fallocate -z -o 1000000 -l 100 @
	copies_at_most 131072 resync_little f
	in_sync f
	both fallocate -o $((8 * MIB)) -l $MIB @
	copies_at_most $((17 * 65536)) resync_little f
	in_sync f
}

@test "one of two stale mirrors is brought up: the other's map stays" {
	mirrored_file f $((8 * MIB)) -N3 -c 1
	lov setstripe --comp-set -I 1 --comp-flags prefer f
	overwrite f $MIB 4096
	copies_at_most 65536 resync_little --only 2 f
	[ "$(stale f)" = 3 ]
	overwrite f $((3 * MIB)) 4096
	[ "$(stale f)" = "2 3" ]
	copies_at_most 65536 resync_little --only 2 f
	cd /
	volume_remount
	cd "$MNT"
	copies_at_most 131072 resync_little f
	in_sync f
	[ -z "$(ls -A "$MDT/DIRTY")" ]
}

@test "maps go with their file, and with their mirror" {
	lovfs_only "about the record of what changed"
	mirrored_file f $MIB -N3 -c 1
	overwrite f 0 10
	[ "$(find "$MDT/DIRTY" -type f | wc -l)" -eq 2 ]
	lov mirror delete --mirror-id "$(stale f | cut -d' ' -f1)" f
	[ "$(find "$MDT/DIRTY" -type f | wc -l)" -eq 1 ]
	exec 7<f
	rm f
	exec 7<&-
	objects_left 0
	[ -z "$(ls -A "$MDT/DIRTY")" ]
	mirrored_file f $MIB
	overwrite f 0 10
	cd /
	volume_unmount
	start
	rm f
	objects_left 0
	[ -z "$(ls -A "$MDT/DIRTY")" ]
}

@test "the daemon is killed while others write: all that they have written is known to be" {
	need python3
	mirrored_file f $((32 * MIB))
	for ((round = 0; round < 3; round++)); do
		# Writes blocks here and there until it can't; says so.
		python3 - f 3>&- 4>&- <<-'EOF' &
			import os, random, sys
			fd = os.open(sys.argv[1], os.O_WRONLY)
			os.chdir("/")
			try:
			    while True:
			        os.pwrite(fd, random.randbytes(4096 + random.randrange(3)), random.randrange(4 << 20) + (random.randrange(4) << 23))
			except OSError:
			    pass
		EOF
		writer=$!
		until [ -n "$(stale f)" ]; do sleep 0.1; done
		sleep 0.5
		crash
		wait "$writer"
		start
		[ -n "$(stale f)" ]
		cat f >"$T/data"
		copies_at_most $((24 * MIB)) resync_little f
		in_sync f
	done
}

@test "no room for maps: the write comes through, and all is copied later" {
	lovfs_only "about the record of what changed"
	mirrored_file f $((4 * MIB)) -N -o 1 -N -o 2
	fill_device 0
	overwrite f 100000 4096
	[ -n "$(stale f)" ]
	same "$T/data" f
	empty_device 0
	overwrite f $((2 * MIB)) 4096
	copies_at_least $((4 * MIB)) lov mirror resync f
	in_sync f
}
