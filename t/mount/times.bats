# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A file's times are what it was told last, to the nanosecond: before 1970, in the future, whatever
# moves its data, whatever is away, and whatever ends the daemon.
load lib

setup() {
	lov_setup
	volume_make -d 2 -n 4
	[[ $ENGINE == lustre ]] || return 0
	cd "$T" || return 1
}

# Times that nobody has by chance. tmpfs, XFS with bigtime, ext4 and Btrfs all have them.
LONG_AGO='1955-11-05 06:15:00.123456789'
AT_ZERO='1970-01-01 00:00:00.000000001 +0000'
TO_COME='2037-10-21 16:29:00.987654321'
ACCESS='1960-05-05 05:05:05.505050505'
# On Lustre they are whole seconds.
if [[ $ENGINE == lustre ]]; then
	LONG_AGO=${LONG_AGO%.*} AT_ZERO='1970-01-01 00:00:00 +0000' TO_COME=${TO_COME%.*} ACCESS=${ACCESS%.*}
fi

# times FILE...: of access and modification.
times() { stat -c '%n %x %y' "$@"; }

# quiet COMMAND...: its output only where it fails.
quiet() {
	"$@" >"$T/out" 2>&1 || {
		local status=$?
		cat "$T/out" >&2
		return $status
	}
}

# kinds COMMAND_OF_LAYOUT...: for each time one file with data, one that is empty but has objects,
# and one without objects.
kinds() {
	local i=0 t
	for t in "$LONG_AGO" "$AT_ZERO" "$TO_COME"; do
		i=$((i + 1))
		lov setstripe "$@" "$MNT/data$i" || return 1
		head -c 300000 /dev/urandom >>"$MNT/data$i"
		lov setstripe "$@" "$MNT/empty$i" || return 1
		echo x >>"$MNT/empty$i"
		: >"$MNT/empty$i"
		lov setstripe "$@" "$MNT/none$i" || return 1
		touch -a -d "$ACCESS" "$MNT"/*"$i"
		touch -m -d "$t" "$MNT"/*"$i"
	done
}

# keeps COMMAND...: run on each of the files, it leaves their times as they are, also in the eyes of
# the next daemon.
keeps() {
	local f
	times "$MNT"/* >"$T/before"
	for f in "$MNT"/data? "$MNT"/empty? "$MNT"/none?; do
		quiet "$@" "$f" || return 1
	done
	times "$MNT"/* | diff "$T/before" - || return 1
	[[ $ENGINE == lustre ]] || volume_remount || return 1
	times "$MNT"/* | diff "$T/before" -
}

@test "what touch says is what there is: before 1970, at 0, in the future; after a remount, too" {
	volume_mount
	kinds -c 2
	for i in 1:"$LONG_AGO" 2:"$AT_ZERO" 3:"$TO_COME"; do
		for f in data empty none; do
			[ "$(stat -c %Y "$MNT/$f${i%%:*}")" = "$(date -d "${i#*:}" +%s)" ]
			[ "$(stat -c %y "$MNT/$f${i%%:*}" | sed 's/^[^.]*\.//; s/ .*//')" = "$(date -d "${i#*:}" +%N)" ]
			[ "$(stat -c %X "$MNT/$f${i%%:*}")" = "$(date -d "$ACCESS" +%s)" ]
		done
	done
	keeps true
}

@test "migrate keeps times" {
	volume_mount
	kinds -c 2
	keeps lov migrate -c 1
	keeps lov migrate -E 64K -c 1 -E -1 -c 2
}

@test "migrate of a file that is written meanwhile: the time is the writer's" {
	volume_mount
	lov setstripe -c 1 "$MNT/f"
	head -c 2000000 /dev/urandom >"$MNT/f"
	touch -d "$LONG_AGO" "$MNT/f"
	exec 8>>"$MNT/f"
	echo x >&8
	local earlier
	earlier=$(stat -c %y "$MNT/f")
	[ "$(stat -c %Y "$MNT/f")" -ge "$(($(date +%s) - 30))" ]
	sleep 0.05
	quiet lov migrate -c 2 "$MNT/f"
	[ "$(stat -c %y "$MNT/f")" = "$earlier" ]
	exec 8>&-
	[ "$(stat -c %y "$MNT/f")" = "$earlier" ]
}

@test "mirror extend, resync, verify, read, split and delete keep times" {
	volume_mount
	kinds -c 1
	keeps lov mirror extend -N -c 1
	keeps lov mirror verify
	keeps lov mirror resync
	read_out() { rm -f "$T/copy" && lov mirror read -N 2 -o "$T/copy" "$1"; }
	keeps read_out
	keeps lov mirror delete --mirror-id 2
	keeps lov mirror extend -N2 -c 1
	split_off() { lov mirror split --mirror-id 3 -f "$T/mnt/part" "$1" && times "$MNT/part" | sed 's/.*part //' >"$T/part" &&
		times "$1" | sed "s,^[^ ]* ,," | diff - "$T/part" && rm "$MNT/part"; }
	keeps split_off
}

@test "a resync, and write and copy to a mirror, keep times" {
	volume_mount
	local f
	for f in data empty; do
		lov mirror create -N2 -c 1 "$MNT/$f"
		[ $f = empty ] || head -c 300000 /dev/urandom >"$MNT/$f"
		cp "$MNT/$f" "$T/$f"
		lov mirror resync "$MNT/$f"
		echo x >>"$MNT/$f" # mirror 2 is stale
		cat "$MNT/$f" >"$T/$f"
		touch -a -d "$ACCESS" "$MNT/$f"
		touch -m -d "$LONG_AGO" "$MNT/$f"
	done
	times "$MNT"/* >"$T/before"
	for f in data empty; do
		quiet lov mirror resync "$MNT/$f"
		times "$MNT"/* | diff "$T/before" -
		quiet lov mirror write -N 2 "$MNT/$f" <"$T/$f"
		times "$MNT"/* | diff "$T/before" -
		quiet lov mirror copy -i 1 -o 2 "$MNT/$f"
		times "$MNT"/* | diff "$T/before" -
	done
	[[ $ENGINE == lustre ]] || volume_remount
	times "$MNT"/* | diff "$T/before" -
}

@test "mirror extend -f: the file's times, not those of the file that becomes its mirror" {
	volume_mount
	for t in "$LONG_AGO" "$TO_COME"; do
		rm -f "$MNT"/*
		lov setstripe -c 1 "$MNT/f"
		lov setstripe -E -1 -c 1 "$MNT/g"
		head -c 100000 /dev/urandom | tee "$MNT/f" >"$MNT/g"
		touch -d "$t" "$MNT/f"
		touch -d '2001-01-01' "$MNT/g"
		times "$MNT/f" >"$T/before"
		quiet lov mirror extend -N -f "$MNT/g" "$MNT/f"
		times "$MNT/f" | diff "$T/before" -
		[[ $ENGINE == lustre ]] || volume_remount
		times "$MNT/f" | diff "$T/before" -
	done
}

@test "what is said of a file that is written is said of it after the close, too: all of its times" {
	volume_mount
	python3 - "$MNT" <<-'END'
		import os, sys, time
		names = [os.path.join(sys.argv[1], name) for name in ("written", "cut", "twice", "by name")]
		told = {}
		for name in names:
		    fd = os.open(name, os.O_RDWR | os.O_CREAT)
		    os.write(fd, b"data")
		    if name.endswith("cut"):
		        os.ftruncate(fd, 1)
		    if name.endswith("twice"):
		        os.fstat(fd)
		        os.write(fd, b"more")
		    st = os.stat(name) if name.endswith("by name") else os.fstat(fd)
		    told[name] = (st.st_size, st.st_mtime_ns, st.st_ctime_ns)
		    time.sleep(0.02)  # longer than a tick of the clock of file systems
		    os.close(fd)
		time.sleep(1.2)  # longer than the kernel keeps attributes
		for name in names:
		    st = os.stat(name)
		    now = (st.st_size, st.st_mtime_ns, st.st_ctime_ns)
		    assert now == told[name], (name, told[name], now)
	END
}

@test "a time that is set while an OST is away lasts when it comes back" {
	lovfs_only "a client asks the servers"
	volume_mount
	lov mirror create -N -c 1 -o 1 -N -c 1 -o 2 "$MNT/f"
	lov setstripe -c 1 -o 1 "$MNT/g"
	for f in f g; do
		head -c 100000 /dev/urandom >"$MNT/$f"
	done
	lov mirror resync "$MNT/f"
	touch -d '2020-01-01' "$MNT"/?
	volume_unmount
	mv "${OST[1]}" "${OST[1]}.away"
	volume_mount
	touch -d "$LONG_AGO" "$MNT"/?
	chmod 640 "$MNT"/?
	chown 1234:5678 "$MNT"/?
	setfattr -n user.x -v y "$MNT/f" "$MNT/g"
	touch -m -d "$TO_COME" "$MNT/g"
	stat -c '%n %x %y %a %u %g' "$MNT"/? >"$T/before"
	volume_unmount
	mv "${OST[1]}.away" "${OST[1]}"
	volume_mount
	stat -c '%n %x %y %a %u %g' "$MNT"/? | diff "$T/before" -
	[ "$(getfattr --only-values -n user.x "$MNT/g" 2>/dev/null)" = y ]
	cat "$MNT"/? >/dev/null
}

# --- a crash ---

# is_now FILE: modified in the last minute, not in the future.
is_now() {
	local t
	t=$(stat -c %Y "$1")
	[ "$t" -ge "$(($(date +%s) - 60))" ] && [ "$t" -le "$(date +%s)" ]
}

@test "a daemon that is killed: what was written is newer than before, what was touched since is not" {
	lovfs_only "the server's business"
	volume_mount
	for f in written seen touched moved idle failed; do
		lov setstripe -c 2 -S 64k "$MNT/$f"
		head -c 200000 /dev/urandom >"$MNT/$f"
		touch -d "$LONG_AGO" "$MNT/$f"
	done
	hold "$MNT/written" 5 "$MNT/seen" 5 "$MNT/touched" 5
	exec 8>>"$MNT/idle"
	is_now "$MNT/seen"
	is_now "$MNT/touched"
	[ "$(stat -c %Y "$MDT/ROOT/written")" = "$(date -d "$LONG_AGO" +%s)" ] # nobody has told it yet
	touch -c -d '2001-01-01 00:00:00.123' "$MNT/touched" # opens nothing
	quiet lov migrate -c 1 "$MNT/moved"
	volume_kill
	let_go
	exec 8>&-
	volume_mount
	is_now "$MNT/written"
	is_now "$MNT/seen"
	[ "$(stat -c %.3Y "$MNT/touched")" = "$(date -d 2001-01-01 +%s).123" ]
	[ "$(stat -c %Y "$MNT/moved")" = "$(date -d "$LONG_AGO" +%s)" ]
	[ "$(stat -c %Y "$MNT/idle")" = "$(date -d "$LONG_AGO" +%s)" ]
	# It is settled: what happens to the objects since doesn't count.
	stat -c '%n %y' "$MNT"/* >"$T/before"
	volume_kill
	find "${OST[@]/%//O}" -type f -exec touch -d '2036-01-01' {} +
	volume_mount
	stat -c '%n %y' "$MNT"/* | diff "$T/before" -
}

@test "a file of the future that is written and whose daemon is killed isn't of the future" {
	lovfs_only "the server's business"
	volume_mount
	lov setstripe -c 1 "$MNT/f"
	echo x >"$MNT/f"
	touch -d "$TO_COME" "$MNT/f"
	hold "$MNT/f" 5
	volume_kill
	let_go
	volume_mount
	is_now "$MNT/f"
}

@test "a power cut after fsync: the time is the one before it" {
	lovfs_only "the server's business"
	[[ $FS == xfs ]] || skip "shutting down is XFS's"
	need xfs_io
	volume_mount
	lov setstripe -c 2 "$MNT/f"
	head -c 200000 /dev/urandom >"$MNT/f"
	sync "$MNT/f"
	touch -d "$LONG_AGO" "$MNT/f"
	sync "$MNT/f"
	hold "$MNT/f" 5
	sync "$MNT/f"
	local earlier i
	earlier=$(stat -c %.Y "$MNT/f")
	is_now "$MNT/f"
	for i in 0 1; do
		xfs_io -x -c 'shutdown' "$T/d$i"
	done
	volume_kill
	let_go
	for i in 0 1; do
		umount "$T/d$i"
		mount -o loop "$T/d$i.img" "$T/d$i"
	done
	volume_mount
	# The objects' clock may be a tick finer (Linux 6.13).
	awk -v a="$earlier" -v b="$(stat -c %.Y "$MNT/f")" 'BEGIN { exit !(b >= a && b < a + 0.02) }'
	[ "$(stat -c %s "$MNT/f")" = 200005 ]
}

@test "files of an earlier version: the time is the latest of all; then it is the inode's" {
	lovfs_only "an earlier lovfs"
	volume_mount
	local f hex before
	for f in closed open moved; do
		echo data >"$MNT/$f"
		touch -d '2001-01-01' "$MNT/$f"
	done
	volume_unmount
	# What it left: a record without times, or none at all.
	hex=$(getfattr --absolute-names -n trusted.som -e hex "$MDT/ROOT/closed" | sed -n 's/^trusted.som=0x//p')
	for f in closed moved; do
		setfattr -n trusted.som -v "0x0100000000000000${hex:16}" "$MDT/ROOT/$f"
	done
	setfattr -x trusted.som "$MDT/ROOT/open"
	find "${OST[@]/%//O}" -type f -exec touch -d '2011-11-11' {} +
	before=$(stat -c %z "$MDT/ROOT/closed")
	volume_mount
	for f in closed open moved; do
		[ "$(stat -c %Y "$MNT/$f")" = "$(date -d 2011-11-11 +%s)" ]
		[ "$(cat "$MNT/$f")" = data ]
	done
	[ "$(stat -c %z "$MDT/ROOT/closed")" = "$before" ] # a look, and a read, change nothing
	lov migrate -c 1 "$MNT/moved"
	[ "$(stat -c %Y "$MNT/moved")" = "$(date -d 2011-11-11 +%s)" ]
	touch -d "$LONG_AGO" "$MNT/closed"
	volume_remount
	[ "$(stat -c %Y "$MNT/closed")" = "$(date -d "$LONG_AGO" +%s)" ]
	[ "$(stat -c %Y "$MNT/open")" = "$(date -d 2011-11-11 +%s)" ]
}

# --- times of access ---

# aged FILE...: read long ago, and changed later: a read sets the time of access.
aged() {
	touch -a -d "$ACCESS" "$@"
	echo 3 >/proc/sys/vm/drop_caches
}

# accessed FILE: its time of access is of the last minute.
accessed() { [ "$(stat -c %X "$1")" -ge "$(($(date +%s) - 60))" ]; }

@test "a read sets the time of access, by the rule of the file system below, and nothing else" {
	lovfs_only "the server's business"
	volume_mount
	for f in read copied mapped quiet opened; do
		head -c 200000 /dev/urandom >"$MNT/$f"
	done
	mkdir "$MNT/d"
	aged "$MNT"/*
	stat -c '%n %y %z' "$MNT"/* >"$T/before"
	find "${OST[@]/%//O}" -type f -exec touch -a -d "$ACCESS" {} +
	cat "$MNT/read" >/dev/null
	[ "$(find "${OST[@]/%//O}" -type f -anewer "$MDT/volume.conf" | wc -l)" -eq 0 ] # not on the objects' disks
	cp "$MNT/copied" "$T/copy"
	python3 -c 'import mmap,sys; f = open(sys.argv[1], "rb"); mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[5]' "$MNT/mapped"
	dd if="$MNT/quiet" of=/dev/null iflag=noatime status=none
	: <"$MNT/opened"
	for f in read copied mapped; do
		accessed "$MNT/$f"
	done
	run ! accessed "$MNT/quiet"
	run ! accessed "$MNT/opened"
	stat -c '%n %y %z' "$MNT"/* | diff "$T/before" -
	ls "$MNT/d"
	accessed "$MNT/d"
	# relatime: not again.
	stat -c %x "$MNT/read" >"$T/before"
	sleep 1.1
	dd if="$MNT/read" of=/dev/null iflag=direct bs=1M status=none
	stat -c %x "$MNT/read" | diff "$T/before" -
	# But after it was written.
	echo x >>"$MNT/read"
	dd if="$MNT/read" of=/dev/null iflag=direct bs=1M status=none
	run ! diff "$T/before" <(stat -c %x "$MNT/read")
	volume_remount
	for f in read copied mapped; do
		accessed "$MNT/$f"
	done
}

@test "a read after a write sets the time of access, also within the same open and the same second" {
	lovfs_only "the server's business"
	volume_mount
	head -c 200000 /dev/urandom >"$MNT/f"
	sleep 1.1
	python3 - "$MNT/f" <<-'END'
		import os, sys, time, mmap
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
		page = mmap.mmap(-1, 4096)
		os.preadv(fd, [page], 0)
		before = os.fstat(fd)
		time.sleep(1.1)
		os.pwritev(fd, [page], 0)
		os.preadv(fd, [page], 0)
		time.sleep(0.05)
		assert os.stat(fd).st_atime_ns > before.st_mtime_ns + 10**9
		# Again, and nobody asks before it is closed.
		os.pwritev(fd, [page], 0)
		os.preadv(fd, [page], 0)
	END
	sleep 0.2
	awk "BEGIN { exit !($(stat -c '%.9X >= %.9Y' "$MDT/ROOT/f")) }"
}

@test "a read right after a write sets the time of access, though nobody has looked at the file in between" {
	lovfs_only "the server's business"
	volume_mount
	python3 - "$MNT/f" <<-'END'
		import mmap, os, sys, time
		path, page = sys.argv[1], mmap.mmap(-1, 4096)
		with open(path, "wb") as f:
		    f.write(b"x" * 8192)
		time.sleep(0.05)
		w = os.open(path, os.O_WRONLY)
		r = os.open(path, os.O_RDONLY | os.O_DIRECT)  # its reads come to the daemon
		os.preadv(r, [page], 0)
		before = os.fstat(r).st_atime_ns
		time.sleep(1.2)  # one reading a second is told
		os.pwrite(w, b"y", 5000)
		os.preadv(r, [page], 0)
		now = os.fstat(r)
		assert now.st_atime_ns > before, (now.st_atime_ns, before)
		assert now.st_atime_ns >= now.st_mtime_ns, (now.st_atime_ns, now.st_mtime_ns)
	END
}

@test "copy_file_range on the mount is a read of the source, unless O_NOATIME" {
	lovfs_only "the server's business"
	volume_mount
	head -c 200000 /dev/urandom | tee "$MNT/a" >"$MNT/b"
	aged "$MNT/a" "$MNT/b"
	python3 - "$MNT" <<-'END'
		import os, sys
		for name, flags in (("a", 0), ("b", os.O_NOATIME)):
		    src = os.open(sys.argv[1] + "/" + name, os.O_RDONLY | flags)
		    dst = os.open(sys.argv[1] + "/to", os.O_WRONLY | os.O_CREAT)
		    assert os.copy_file_range(src, dst, 1000) == 1000
	END
	sleep 1.1 # the kernel knows of no change by a copy, and trusts what it has for a second
	accessed "$MNT/a"
	run ! accessed "$MNT/b"
}

@test "-o noatime, nodiratime: reads set no time of access; what can't be had is refused" {
	lovfs_only "mount options"
	local opt
	volume_mount
	head -c 200000 /dev/urandom >"$MNT/f"
	mkdir "$MNT/d"
	for opt in noatime nodiratime; do
		volume_remount -o $opt
		aged "$MNT/f" "$MNT/d"
		cat "$MNT/f" >/dev/null
		ls "$MNT/d"
		run ! accessed "$MNT/d"
		[ $opt = nodiratime ] || run ! accessed "$MNT/f"
		[ $opt = noatime ] || accessed "$MNT/f"
	done
	for opt in atime relatime diratime nolazytime; do
		volume_remount -o $opt
		aged "$MNT/f" "$MNT/d"
		cat "$MNT/f" >/dev/null
		ls "$MNT/d"
		accessed "$MNT/f"
		accessed "$MNT/d"
	done
	volume_unmount
	for opt in strictatime norelatime lazytime; do
		fails_with 2 "-o $opt: not supported" lovfs -f "$MDT" "$MNT" -o $opt
	done
}

@test "the MDT's file system is mounted noatime: files have no times of access either" {
	lovfs_only "the server's business"
	[[ $FS != tmpfs ]] || skip "tmpfs can't be remounted so"
	mount -o remount,noatime "$T/d0"
	volume_mount
	head -c 200000 /dev/urandom >"$MNT/f"
	aged "$MNT/f"
	cat "$MNT/f" >/dev/null
	run ! accessed "$MNT/f"
}

@test "a user's volume: times, and times of access" {
	lovfs_only "a volume of its own"
	[ -u "$(command -v fusermount3)" ] || skip "fusermount3 isn't set-user-id root"
	[[ $FS != tmpfs ]] || skip "tmpfs has no user xattrs here"
	local mode
	mode=$(stat -c %a /dev/fuse)
	mkdir "$T/d0/user" "$T/d0/user/mdt" "$T/d0/user/ost" "$T/d0/user/mnt"
	chown -R 65534:65534 "$T/d0/user"
	as_user env PATH="$PATH" mkfs.lovfs --fsname user --mdt "$T/d0/user/mdt" --ost "$T/d0/user/ost"
	chmod 666 /dev/fuse
	as_user env PATH="$PATH" lovfs "$T/d0/user/mdt" "$T/d0/user/mnt" 3>&- 4>&- || { chmod "$mode" /dev/fuse; false; }
	chmod "$mode" /dev/fuse
	as_user sh -c "head -c 100000 /dev/urandom >'$T/d0/user/mnt/f'; cp '$T/d0/user/mnt/f' '$T/d0/user/mnt/unreadable'"
	as_user touch -a -d "$ACCESS" "$T/d0/user/mnt/f"
	as_user touch -m -d "$LONG_AGO" "$T/d0/user/mnt/f"
	as_user stat -c '%y' "$T/d0/user/mnt/f" >"$T/before"
	echo 3 >/proc/sys/vm/drop_caches
	as_user cat "$T/d0/user/mnt/f" >/dev/null
	[ "$(as_user stat -c %X "$T/d0/user/mnt/f")" -ge "$(($(date +%s) - 60))" ]
	as_user stat -c '%y' "$T/d0/user/mnt/f" | diff "$T/before" -
	as_user env PATH="$PATH" lov migrate -c 1 "$T/d0/user/mnt/f"
	as_user stat -c '%y' "$T/d0/user/mnt/f" | diff "$T/before" -
	as_user fusermount3 -u "$T/d0/user/mnt"
}
