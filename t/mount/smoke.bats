#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later

load lib

@test "a file written on the mount is read back, also after a remount" {
	volume_make -n 2
	volume_mount
	random_file "$T/data" 3000001
	cp "$T/data" "$MNT/file"
	same "$T/data" "$MNT/file"
	[ "$(stat -c %s "$MNT/file")" -eq 3000001 ]
	volume_remount
	same "$T/data" "$MNT/file"
	rm "$MNT/file"
	volume_unmount
	[ "$(object_count)" -eq 0 ]
}

@test "SIGTERM unmounts and ends the daemon in order" {
	volume_make -n 1
	volume_mount
	echo text >"$MNT/file"
	volume_stop TERM
	run ! volume_mounted
	volume_mount
	[ "$(cat "$MNT/file")" = text ]
}

@test "a directory that was opened earlier shows what has come since" {
	need python3
	volume_make >/dev/null
	volume_mount
	mkdir "$MNT/d"
	python3 - "$MNT/d" <<-END
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		open(sys.argv[1] + "/new", "w").close()
		assert os.listdir(fd) == ["new"], os.listdir(fd)
	END
}
