#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sparse files: what lov cp, migrate and the mirrors read of them follows their data, not their
# size, and whoever searches a hole looks for a wish to stop.

load lib

setup() {
	lov_setup
	volume_make -d 2 -n 3 -s 4000
	volume_mount
	fs_make "$T/plain" 4000
	cd "$T" || return
}

HUGE=300G

# read_bytes: by the daemon, of objects; what the kernel reads ahead is in it.
read_bytes() { lov stats "$MNT" | sed -n 's/^read_bytes: *//p'; }

# islands FILE SIZE NUMBER: a file of that size with so many bytes of data, at even distances.
islands() {
	local size i
	size=$(numfmt --from=iec "$2")
	truncate -s "$size" "$1"
	for ((i = 0; i < $3; i++)); do
		printf '%d\n' "$i" | dd of="$1" bs=1 seek=$((size * i / $3 + size / $3 / 2)) conv=notrunc status=none
	done
}

# same_islands FILE FILE SIZE NUMBER
same_islands() {
	local size i at
	size=$(numfmt --from=iec "$3")
	[[ $(stat -c %s "$1") == "$size" && $(stat -c %s "$2") == "$size" ]] || return 1
	for ((i = 0; i < $4; i++)); do
		at=$((size * i / $4 + size / $4 / 2 - 1000))
		cmp -i "$at" -n 3000 "$1" "$2" || return 1
	done
}

# reads_little COMMAND...: it succeeds within seconds, and the daemon reads less than 4 MiB for it.
reads_little() {
	local before after
	before=$(read_bytes)
	timeout 20 "$@" || return 1
	after=$(read_bytes)
	((after - before < 4 << 20)) || {
		echo "read $((after - before)) bytes: $*" >&2
		return 1
	}
}

# many_islands FILE SIZE NUMBER: of 4 KiB each.
many_islands() {
	truncate -s "$2" "$1"
	python3 - "$1" "$3" <<-'EOF'
		import os, sys
		fd = os.open(sys.argv[1], os.O_WRONLY)
		count = int(sys.argv[2])
		step = os.fstat(fd).st_size // count // 4096 * 4096
		for i in range(count):
		    os.pwrite(fd, b'%4096d' % i, i * step)
	EOF
}

# stops_soon COMMAND...: SIGTERM after half a second ends it within another half; it would take
# longer otherwise.
stops_soon() {
	local status=0 began pid
	"$@" >"$T/stop.out" 2>&1 3>&- 4>&- &
	pid=$!
	sleep 0.5
	kill -TERM "$pid" || {
		echo "it ended by itself: $*: $(<"$T/stop.out")" >&2
		return 1
	}
	began=${EPOCHREALTIME/./}
	wait "$pid" || status=$?
	((status == 128 + 15)) || {
		echo "status $status: $*" >&2
		return 1
	}
	((${EPOCHREALTIME/./} - began < 500000)) || {
		echo "took $((${EPOCHREALTIME/./} - began)) us to stop: $*" >&2
		return 1
	}
}

@test "a copy reads the data of a sparse file, and none of its holes" {
	lov setstripe -c 2 "$MNT/s"
	islands "$MNT/s" 2G 1
	reads_little lov cp "$MNT/s" "$T/plain/copy"
	same_islands "$MNT/s" "$T/plain/copy" 2G 1
	reads_little lov cp --verify "$MNT/s" "$MNT/copy"
	same_islands "$MNT/s" "$MNT/copy" 2G 1
}

@test "300 GiB with islands, from and to the mount" {
	lov setstripe -c 3 -S 1M "$MNT/s"
	islands "$MNT/s" $HUGE 50
	reads_little lov cp "$MNT/s" "$T/plain/copy"
	same_islands "$MNT/s" "$T/plain/copy" $HUGE 50
	reads_little lov cp --verify "$T/plain/copy" "$MNT/back"
	same_islands "$MNT/s" "$MNT/back" $HUGE 50
	reads_little lov cp "$T/plain/copy" "$T/plain/again"
	same_islands "$T/plain/copy" "$T/plain/again" $HUGE 50
}

@test "300 GiB with islands: migrate, mirrors" {
	lov setstripe -c 2 "$MNT/s"
	islands "$MNT/s" $HUGE 20
	reads_little lov migrate -c 3 "$MNT/s"
	reads_little lov mirror extend -N -c 1 "$MNT/s"
	reads_little lov mirror verify "$MNT/s"
	echo x | dd of="$MNT/s" bs=1 seek=5G conv=notrunc status=none
	reads_little lov mirror resync "$MNT/s"
}

@test "8 EiB - 1 with islands: migrate, mirrors; it ends" {
	[[ $FS == xfs || $FS == tmpfs || $FS == btrfs ]] || skip "$FS has no files of that size"
	lov setstripe -c 2 "$MNT/s"
	truncate -s 9223372036854775807 "$MNT/s" || skip "$FS has no files of that size"
	echo x | dd of="$MNT/s" bs=1 seek=100G conv=notrunc status=none
	reads_little lov migrate -c 3 "$MNT/s"
	reads_little lov migrate --block -c 1 "$MNT/s"
	reads_little lov mirror extend -N -c 1 "$MNT/s"
	reads_little lov mirror verify "$MNT/s"
	reads_little lov mirror copy -i 1 -o 2 "$MNT/s"
	echo x | dd of="$MNT/s" bs=1 seek=5G conv=notrunc status=none
	reads_little lov mirror resync "$MNT/s"
	reads_little lov mirror verify "$MNT/s"
	[[ $(dd if="$MNT/s" bs=1 skip=100G count=1 status=none) == x ]]
}

@test "many small islands: only they are read, and SIGTERM ends each verb soon" {
	lov setstripe -c 2 "$MNT/s"
	many_islands "$MNT/s" $HUGE 20000
	sync
	stops_soon lov cp "$MNT/s" "$T/plain/copy"
	[[ ! -e $T/plain/copy ]]
	stops_soon lov cp --verify "$MNT/s" "$MNT/copy"
	stops_soon lov migrate -c 3 "$MNT/s"
	stops_soon lov mirror extend -N -c 1 "$MNT/s"
	[[ $(lov getstripe "$MNT/s" | grep -c lcme_id) -le 1 ]]
}

@test "mirror read and write into, and from, a pipe where nobody is" {
	lov setstripe -c 1 "$MNT/f"
	random_file "$MNT/f" 3000000
	lov mirror extend -N -c 1 "$MNT/f"
	mkfifo "$T/pipe"
	sleep 30 <>"$T/pipe" 3>&- 4>&- &
	local nobody=$!
	stops_soon sh -c "exec lov mirror read -N 2 '$MNT/f' >'$T/pipe'"
	stops_soon lov mirror write -N 2 -i "$T/pipe" "$MNT/f"
	kill "$nobody"
}

# What lovfs(8) says: the kernel answers for the daemon.
@test "FIEMAP doesn't reach the mount, and the objects have it" {
	need filefrag python3
	[[ $FS != tmpfs ]] || skip "tmpfs has no FIEMAP"
	lov setstripe -c 1 "$MNT/f"
	random_file "$MNT/f" 100000
	sync "$MNT/f"
	python3 - "$MNT/f" >"$T/fiemap" <<-'EOF'
		import errno, fcntl, struct, sys
		with open(sys.argv[1]) as f:
		    try:
		        fcntl.ioctl(f, 0xC020660B, bytearray(struct.pack('=QQLLLL', 0, 1 << 62, 0, 0, 0, 0)))
		        print('extents')
		    except OSError as e:
		        print('unsupported' if e.errno == errno.EOPNOTSUPP else e)
	EOF
	cat "$T/fiemap"
	[[ $(<"$T/fiemap") == unsupported ]]
	prints extent filefrag "$(find "${OST[@]/%//O}" -type f -size +0 | head -n 1)"
}
