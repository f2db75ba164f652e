# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An OST is away, or fails: a file is as long as it was known to be, or nobody is told how long it
# is. It is never shorter.
load lib

MIB=1048576

setup() {
	lov_setup
	volume_make -d 3 -n 3
}

# ost_away INDEX, ost_back INDEX: the directory goes, and comes back. ost_fail: its file system goes
# down, under the mount.
ost_away() { mv "${OST[$1]}" "${OST[$1]}.away"; }
ost_back() { mv "${OST[$1]}.away" "${OST[$1]}"; }
ost_fail() { xfs_io -x -c shutdown "$T/d$1"; }

# size FILE: what stat(2) says, or "fails" with EIO.
size() {
	local said
	if said=$(stat -c %s "$1" 2>&1); then
		echo "$said"
	elif [[ $said == *"Input/output error"* ]]; then
		echo fails
	else
		echo "$said"
	fi
}

# archive FILE: tar must fail, or have all of the file.
honest_archive() {
	local status=0
	tar -cf "$T/archive" -C "${1%/*}" "${1##*/}" 2>/dev/null || status=$?
	((status)) || [ "$(tar -tvf "$T/archive" | awk '{ print $3 }')" -ge "$2" ]
}

# append FILE: as a shell does it; gives its status.
append() { bash -c "echo line >>'$1'" 2>/dev/null; }

# same_size FILE BYTES: wherever one can ask.
same_size() {
	[ "$(size "$1")" = "$2" ] || return 1
	honest_archive "$1" "$2" || return 1
	# By name and by descriptor, and at the end.
	python3 - "$1" "$2" <<-'END'
		import os, sys
		path, size = sys.argv[1], int(sys.argv[2])
		fd = os.open(path, os.O_RDONLY)
		assert os.fstat(fd).st_size == size, os.fstat(fd).st_size
		assert os.lseek(fd, 0, os.SEEK_END) == size
		with os.scandir(os.path.dirname(path)) as entries:
		    assert [e.stat().st_size for e in entries if e.path == path] == [size]
	END
}

# never_short FILE BYTES: reading it all, in whatever way, gives all of it or an error.
never_short() {
	python3 - "$1" "$2" <<-'END'
		import errno, os, sys
		path, size = sys.argv[1], int(sys.argv[2])

		def expect_eio(what, fn):
		    try:
		        print(what, "gave", fn(), file=sys.stderr)
		    except OSError as e:
		        assert e.errno == errno.EIO, (what, e)
		        return
		    sys.exit(1)

		def all_by(step):
		    at, fd = 0, os.open(path, os.O_RDONLY)
		    while True:
		        n = step(fd, at)
		        if n == 0:
		            return at
		        at += n

		def by_read(fd, at):
		    return len(os.pread(fd, 65536, at))

		def by_sendfile(fd, at):
		    out = os.open("/dev/null", os.O_WRONLY)
		    n = os.sendfile(out, fd, at, 65536)
		    os.close(out)
		    return n

		def by_copy(fd, at):
		    out = os.open(os.path.join(os.path.dirname(path), "copy"), os.O_RDWR | os.O_CREAT)
		    try:
		        return os.copy_file_range(fd, out, 1 << 20, at, at)
		    finally:
		        os.close(out)

		def holes():
		    fd = os.open(path, os.O_RDONLY)
		    os.lseek(fd, 0, os.SEEK_HOLE)

		expect_eio("read", lambda: all_by(by_read))
		expect_eio("sendfile", lambda: all_by(by_sendfile))
		expect_eio("copy_file_range", lambda: all_by(by_copy))
		expect_eio("SEEK_HOLE", holes)
	END
}

# changes_fail FILE: each change that needs the OST does, and the file is as long as before.
changes_fail() {
	local before
	before=$(size "$1")
	run ! append "$1"
	[ "$(size "$1")" = "$before" ] || return 1
	run ! truncate -s 10 "$1"
	[ "$(size "$1")" = "$before" ] || return 1
	run ! truncate -s 90000000 "$1"
	[ "$(size "$1")" = "$before" ] || return 1
	run ! fallocate -o $((1069 * 65536)) -l 10 "$1"
	[ "$(size "$1")" = "$before" ] || return 1
	run ! fallocate -l $((1069 * 65536)) "$1" # the other stripes have it done before
	[ "$(size "$1")" = "$before" ] || return 1
	run ! bash -c "echo x >'$1'"
	[ "$(size "$1")" = "$before" ] || return 1
	run ! dd if=/dev/zero of="$1" bs=1 count=1 seek=$((1222 * 65536)) conv=notrunc status=none
	[ "$(size "$1")" = "$before" ]
}

@test "one stripe, its OST away: as long as before, also after changes that fail" {
	volume_mount
	lov setstripe -c 1 -o 1 "$MNT/log"
	head -c 3000000 /dev/urandom >"$MNT/log"
	cp "$MNT/log" "$T/log"
	volume_unmount
	ost_away 1
	volume_mount
	same_size "$MNT/log" 3000000
	[ "$(stat -c %b "$MNT/log")" -ge 5000 ]
	never_short "$MNT/log" 3000000
	changes_fail "$MNT/log"
	same_size "$MNT/log" 3000000
	[ "$(stat -c %b "$MNT/log")" -ge 5000 ]
	lov getstripe "$MNT/log" >/dev/null
	volume_remount
	same_size "$MNT/log" 3000000
	volume_unmount
	ost_back 1
	volume_mount
	same "$T/log" "$MNT/log"
	append "$MNT/log"
	same_size "$MNT/log" 3000005
}

@test "three stripes, one of them away: not what the others have; what they have can be read and written" {
	volume_mount
	lov setstripe -S 64k -o 0,1,2 "$MNT/f"
	head -c $((46 * 65536 + 5)) /dev/urandom >"$MNT/f" # the end is on OST 1
	cp "$MNT/f" "$T/f"
	volume_unmount
	ost_away 1
	volume_mount
	same_size "$MNT/f" $((46 * 65536 + 5))
	never_short "$MNT/f" $((46 * 65536 + 5))
	[ "$(head -c 65536 "$MNT/f" | md5sum)" = "$(head -c 65536 "$T/f" | md5sum)" ]
	changes_fail "$MNT/f"
	same_size "$MNT/f" $((46 * 65536 + 5))
	# Appended where it can be: known to be that much longer.
	dd if=/dev/zero of="$MNT/f" bs=64k seek=47 count=1 conv=notrunc status=none
	same_size "$MNT/f" $((48 * 65536))
	volume_remount
	same_size "$MNT/f" $((48 * 65536))
	volume_unmount
	ost_back 1
	volume_mount
	same_size "$MNT/f" $((48 * 65536))
}

@test "it fails while it is mounted and the file is open: as long as before" {
	[[ $FS == xfs ]] || skip "shutting down is XFS's"
	need xfs_io
	volume_mount
	lov setstripe -c 1 -o 1 "$MNT/log"
	lov setstripe -S 64k -o 0,1,2 "$MNT/wide"
	for f in log wide; do
		head -c $((46 * 65536 + 5)) /dev/urandom >"$MNT/$f"
	done
	sync
	exec 6>>"$MNT/log" 7>>"$MNT/wide"
	echo more >&6
	echo more >&7
	sync
	local size=$((46 * 65536 + 10))
	ost_fail 1
	for f in log wide; do
		run ! append "$MNT/$f"
		[ "$(size "$MNT/$f")" = "$size" ] || [ "$(size "$MNT/$f")" = fails ]
		honest_archive "$MNT/$f" "$size"
	done
	exec 6>&- 7>&-
	for f in log wide; do
		[ "$(size "$MNT/$f")" = "$size" ] || [ "$(size "$MNT/$f")" = fails ]
		honest_archive "$MNT/$f" "$size"
	done
}

@test "the daemon is killed while a file is written, and its OST is away afterwards: stat fails, getstripe works, rm works" {
	volume_mount
	for f in log gone; do
		lov setstripe -S 64k -o 0,1,2 "$MNT/$f"
		head -c 1000000 /dev/urandom >"$MNT/$f"
	done
	sync
	hold "$MNT/log" 1000000 "$MNT/gone" 1000000
	volume_kill
	let_go
	ost_away 1
	volume_mount
	[ "$(size "$MNT/log")" = fails ]
	run ! ls -l "$MNT"
	ls "$MNT" >/dev/null
	honest_archive "$MNT/log" 2000000
	never_short "$MNT/log" 2000000
	run ! append "$MNT/log"
	run ! truncate -s 5 "$MNT/log"
	[ "$(size "$MNT/log")" = fails ]
	lov getstripe "$MNT/log" >"$T/shown"
	grep -q 'lmm_stripe_count:  3' "$T/shown"
	prints "$MNT/log" lov getstripe "$MNT"
	lov path2fid "$MNT/log"
	run ! as_user getfattr -n system.lovfs.lov "$MNT/log"
	touch -c -d 2001-01-01 "$MNT/log"
	# What the kernel does without asking for the size.
	python3 -c 'import os, sys; os.chmod(sys.argv[1], 0o640); os.setxattr(sys.argv[1], "trusted.x", b"y")' "$MNT/log"
	[ "$(stat -c %a "$MDT/ROOT/log")" = 640 ]
	[ "$(size "$MNT/log")" = fails ]
	mv "$MNT/log" "$MNT/log2"
	ln "$MNT/log2" "$MNT/log"
	rm "$MNT/gone" "$MNT/log2"
	[ ! -e "$MNT/gone" ]
	volume_unmount
	ost_back 1
	volume_mount
	same_size "$MNT/log" 2000000
	[ "$(stat -c %Y "$MNT/log")" = "$(date -d 2001-01-01 +%s)" ]
	# It is settled now.
	volume_unmount
	ost_away 1
	volume_mount
	same_size "$MNT/log" 2000000
	append "$MNT/log" || true
	[ "$(size "$MNT/log")" -ge 2000000 ]
}

@test "a file that was never closed, without a record of an earlier version: stat fails" {
	volume_mount
	lov setstripe -c 1 -o 1 "$MNT/f"
	head -c 3000000 /dev/urandom >"$MNT/f"
	: >"$MNT/none"
	volume_unmount
	setfattr -x trusted.som "$MDT/ROOT/f"
	ost_away 1
	volume_mount
	[ "$(size "$MNT/f")" = fails ]
	honest_archive "$MNT/f" 3000000
	lov getstripe "$MNT/f" >/dev/null
	# What has no objects has its size, and gets objects elsewhere.
	[ "$(size "$MNT/none")" = 0 ]
	lov setstripe -o 0 "$MNT/new"
	append "$MNT/new"
	same_size "$MNT/new" 5
}

@test "mirrors: one away, all away, only a stale one there" {
	volume_mount
	lov mirror create -N -c 1 -o 0 -N -c 1 -o 1 "$MNT/sync"
	lov mirror create -N -c 1 -o 0 -N -c 1 -o 1 "$MNT/stale"
	head -c 3000000 /dev/urandom | tee "$MNT/sync" >"$MNT/stale"
	lov mirror resync "$MNT/sync" "$MNT/stale"
	head -c 1000000 /dev/urandom >>"$MNT/stale"
	local primary
	primary=$(lov getstripe "$MNT/stale" | awk '/lcme_mirror_id/ { id = $2 } /lcme_flags/ && !/stale/ { print id - 1; exit }')
	volume_unmount
	ost_away "$primary"
	volume_mount
	same_size "$MNT/sync" 3000000
	[ "$(stat -c %b "$MNT/sync")" -ge 5800 ]
	same_size "$MNT/stale" 4000000
	never_short "$MNT/stale" 4000000
	changes_fail "$MNT/stale"
	same_size "$MNT/stale" 4000000
	volume_unmount
	ost_away $((1 - primary))
	volume_mount
	same_size "$MNT/sync" 3000000
	never_short "$MNT/sync" 3000000
	changes_fail "$MNT/sync"
	same_size "$MNT/sync" 3000000
	volume_unmount
	ost_back 0
	ost_back 1
	volume_mount
	same_size "$MNT/sync" 3000000
	same_size "$MNT/stale" 4000000
	# A mirror that was moved, split off or taken away takes its size along.
	quiet() { "$@" >/dev/null; }
	quiet lov mirror resync "$MNT/stale"
	quiet lov mirror split --mirror-id 2 -f "$MNT/part" "$MNT/stale"
	quiet lov mirror delete --mirror-id 2 "$MNT/sync"
	quiet lov migrate -c 1 -o 1 "$MNT/sync"
	volume_unmount
	ost_away 0
	ost_away 1
	volume_mount
	same_size "$MNT/sync" 3000000
	same_size "$MNT/part" 4000000
	same_size "$MNT/stale" 4000000
}

@test "the mirror of a file, as a file: its size is known or not told" {
	volume_mount
	lov mirror create -N -c 1 -o 0 -N -c 1 -o 1 "$MNT/f"
	head -c 3000000 /dev/urandom >"$MNT/f"
	lov mirror resync "$MNT/f"
	volume_unmount
	ost_away 1
	volume_mount
	local fid
	fid=$(lov path2fid "$MNT/f")
	[ "$(size "$MNT/.lovfs/mirror/$fid/1")" = 3000000 ]
	[ "$(size "$MNT/.lovfs/mirror/$fid/2")" = fails ]
}
