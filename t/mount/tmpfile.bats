#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Files that are made without a name: O_TMPFILE.

load lib

by_handle() { "$BUILD_DIR/t/mount/by_handle" "$@"; }

# needs_tmpfile: the kernel asks FUSE for files without a name since Linux 6.1.
needs_tmpfile() {
	local major minor
	IFS=.- read -r major minor _ < <(uname -r)
	((major > 6 || (major == 6 && minor >= 1))) || skip "this kernel's FUSE has no O_TMPFILE"
}

pending() { find "$MDT/PENDING" -type f | wc -l; }
wait_empty() {
	local i
	for ((i = 0; i < 100; i++)); do
		[[ $(pending) == 0 && $(object_count) == "$1" ]] && return
		sleep 0.05
	done
	echo "$(pending) files in PENDING, $(object_count) objects" >&2
	return 1
}

@test "a file without a name is written, read, and gone when it is closed" {
	needs_tmpfile
	need python3
	volume_make -n 2
	volume_mount
	mkdir "$MNT/d"
	lov setstripe -c 2 "$MNT/d"
	python3 - "$MNT/d" <<-END
		import os, sys
		top = os.open("/", os.O_PATH) # so that links are followed
		fd = os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR, 0o640)
		data = os.urandom(3000001)
		assert os.write(fd, data) == len(data)
		assert os.pread(fd, len(data) + 1, 0) == data
		st = os.fstat(fd)
		assert (st.st_nlink, st.st_mode & 0o7777, st.st_size) == (0, 0o640, len(data)), st
		assert os.listdir(sys.argv[1]) == []
		os.ftruncate(fd, 5)
		assert os.fstat(fd).st_size == 5
		# With O_EXCL it never gets a name.
		excl = os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o600)
		try:
		    os.link("/proc/self/fd/%d" % excl, sys.argv[1] + "/x", src_dir_fd=top)
		    raise SystemExit("a link of an O_EXCL file")
		except FileNotFoundError:
		    pass
	END
	wait_empty 0
}

@test "it gets a name later, and is then a file like any" {
	needs_tmpfile
	volume_make -n 2
	volume_mount
	mkdir "$MNT/d"
	lov setstripe -c 2 "$MNT/d"
	by_handle tmpfile "$MNT/d" "some text" "$MNT/d/file"
	[ "$(cat "$MNT/d/file")" = "some text" ]
	[ "$(stat -c '%h %a' "$MNT/d/file")" = "1 644" ]
	[ "$(lov getstripe -c "$MNT/d/file")" = 2 ]
	[ "$(pending)" -eq 0 ]
	# The name is taken: nothing changes.
	fails_with 1 EEXIST by_handle tmpfile "$MNT/d" other "$MNT/d/file"
	[ "$(cat "$MNT/d/file")" = "some text" ]
	wait_empty 2
	volume_kill
	volume_mount
	[ "$(cat "$MNT/d/file")" = "some text" ]
	echo more >>"$MNT/d/file"
	ln "$MNT/d/file" "$MNT/two"
	rm "$MNT/d/file"
	[ "$(cat "$MNT/two")" = "some textmore" ]
	rm "$MNT/two"
	wait_empty 0
}

@test "owner, group, mode and default ACL come from the directory that it is made for" {
	needs_tmpfile
	need setfacl
	volume_make
	volume_mount
	mkdir "$MNT/d"
	chown 0:65534 "$MNT/d"
	chmod 2777 "$MNT/d"
	setfacl -d -m u:1234:rw "$MNT/d" 2>/dev/null || skip "$FS has no ACLs here"
	as_user sh -c ": >'$MNT/d/named'"
	as_user "$BUILD_DIR/t/mount/by_handle" tmpfile "$MNT/d" text "$MNT/d/later"
	[ "$(stat -c '%u %g %a' "$MNT/d/later")" = "$(stat -c '%u %g %a' "$MNT/d/named")" ]
	diff <(cd "$MNT/d" && getfacl later | tail -n +2) <(cd "$MNT/d" && getfacl named | tail -n +2)
	[ "$(stat -c '%u %g' "$MNT/d/later")" = "65534 65534" ]
	chmod 755 "$MNT/d"
	run ! as_user "$BUILD_DIR/t/mount/by_handle" tmpfile "$MNT/d" text "$MNT/d/other"
}

@test "one that has no name when the daemon dies goes at the next mount" {
	needs_tmpfile
	volume_make
	volume_mount
	coproc HOLD { by_handle tmpfile "$MNT" "some text" ""; }
	pid=$HOLD_PID
	read -r line <&"${HOLD[0]}"
	[ "$line" = ready ]
	[ "$(pending)" -eq 1 ]
	[ "$(object_count)" -eq 1 ]
	volume_kill
	kill "$pid"
	volume_mount
	wait_empty 0
	# And where the crash came between its name and its leaving PENDING.
	by_handle tmpfile "$MNT" "some text" "$MNT/file"
	fid=$(lov path2fid "$MNT/file" 2>/dev/null || lov fid "$MNT/file")
	volume_unmount
	fid=${fid#[}
	ln "$MDT/ROOT/file" "$MDT/PENDING/${fid%]}"
	volume_mount
	for ((i = 0; i < 100; i++)); do (($(pending) == 0)) && break; sleep 0.05; done
	[ "$(pending)" -eq 0 ]
	[ "$(cat "$MNT/file")" = "some text" ]
	[ "$(stat -c %h "$MNT/file")" -eq 1 ]
}

@test "hundreds of them get names, or none, while others do the same" {
	needs_tmpfile
	need python3
	volume_make -n 2
	volume_mount
	cat >"$T/many" <<-END
		import os, sys
		top = os.open("/", os.O_PATH)
		for i in range(100):
		    fd = os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR, 0o600)
		    os.write(fd, b"%d" % i)
		    try:
		        os.link("/proc/self/fd/%d" % fd, "%s/%d" % (sys.argv[1], i), src_dir_fd=top)
		    except FileExistsError:
		        pass
		    os.close(fd)
	END
	pids=()
	for _ in 1 2 3; do python3 "$T/many" "$MNT" 3>&- & pids+=($!); done
	wait "${pids[@]}"
	for i in {0..99}; do [ "$(cat "$MNT/$i")" = "$i" ]; done
	wait_empty 100
}
