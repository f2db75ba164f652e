#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The mount as overlayfs' upper directory, and what that is made of: whiteouts, and renames that
# leave one.

load lib

# rename FLAGS OLD NEW: renameat2(2); says the error's name.
rename() {
	python3 - "$@" <<-END
		import ctypes, errno, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		flags, old, new = int(sys.argv[1]), os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3])
		if libc.renameat2(-100, old, -100, new, flags):
		    sys.exit(errno.errorcode[ctypes.get_errno()])
	END
}
NOREPLACE=1 EXCHANGE=2 WHITEOUT=4

is_whiteout() { [ "$(stat -c '%F %t %T' "$1")" = "character special file 0 0" ]; }

overlay_mount() {
	mkdir -p "$T/lower" "$MNT/upper" "$MNT/work" "$T/all"
	dmesg -C
	mount -t overlay -o "lowerdir=$T/lower,upperdir=$MNT/upper,workdir=$MNT/work${1:+,$1}" overlay "$T/all"
}

overlay_unmount() { umount "$T/all"; }

teardown() {
	umount "$T/all" 2>/dev/null || true
	lov_teardown
}

@test "a whiteout is made by anybody, and listed, looked up and removed like any file" {
	volume_make
	volume_mount
	chmod 777 "$MNT"
	mknod "$MNT/root" c 0 0
	as_user mknod "$MNT/user" c 0 0
	is_whiteout "$MNT/root"
	is_whiteout "$MNT/user"
	[ "$(stat -c %u "$MNT/user")" -eq 65534 ]
	run ! as_user mknod "$MNT/null" c 1 3
	volume_remount
	is_whiteout "$MNT/user"
	as_user rm "$MNT/user"
	rm "$MNT/root"
	[ -z "$(ls -A "$MNT")" ]
}

@test "a whiteout that a rename leaves belongs to its caller" {
	need python3
	volume_make
	volume_mount
	export -f rename
	mkdir -m 777 "$MNT/user" "$MNT/other"
	as_user touch "$MNT/user/a" "$MNT/user/b"
	as_user bash -c 'rename "$@"' - $WHITEOUT "$MNT/user/a" "$MNT/other/a"
	# Over the last name of a file, which goes through a directory of root's.
	as_user bash -c 'rename "$@"' - $WHITEOUT "$MNT/user/b" "$MNT/other/a"
	[ "$(stat -c '%u:%g' "$MNT/user/a")" = 65534:65534 ]
	[ "$(stat -c '%u:%g' "$MNT/user/b")" = 65534:65534 ]
	rename $WHITEOUT "$MNT/other/a" "$MNT/other/b"
	[ "$(stat -c '%u:%g' "$MNT/other/a")" = 0:0 ]
}

@test "a rename leaves a whiteout where it is asked to" {
	need python3
	volume_make -n 2
	volume_mount
	mkdir "$MNT/d" "$MNT/e"
	echo 1 >"$MNT/one"
	echo 2 >"$MNT/two"
	rename $WHITEOUT "$MNT/one" "$MNT/d/one"
	is_whiteout "$MNT/one"
	[ "$(cat "$MNT/d/one")" = 1 ]
	# Over the last name of a file: that goes, and its objects.
	rename $WHITEOUT "$MNT/two" "$MNT/d/one"
	is_whiteout "$MNT/two"
	[ "$(cat "$MNT/d/one")" = 2 ]
	# Over a directory, and of one.
	rename $WHITEOUT "$MNT/d" "$MNT/e"
	is_whiteout "$MNT/d"
	[ "$(cat "$MNT/e/one")" = 2 ]
	[ "$(rename $((WHITEOUT | NOREPLACE)) "$MNT/e" "$MNT/two" 2>&1)" = EEXIST ]
	rename $((WHITEOUT | NOREPLACE)) "$MNT/e" "$MNT/f"
	is_whiteout "$MNT/e"
	[ "$(rename $((WHITEOUT | EXCHANGE)) "$MNT/f" "$MNT/e" 2>&1)" = EINVAL ]
	[ "$(rename 8 "$MNT/f" "$MNT/e" 2>&1)" = EINVAL ]
	# A whiteout is replaced, exchanged and moved itself.
	rename $EXCHANGE "$MNT/f" "$MNT/e"
	is_whiteout "$MNT/f"
	mv -f "$MNT/e/one" "$MNT/f"
	[ "$(cat "$MNT/f")" = 2 ]
	volume_kill
	volume_mount
	[ "$(cat "$MNT/f")" = 2 ]
	is_whiteout "$MNT/one"
	rm -r "${MNT:?}"/*
	volume_unmount
	[ "$(object_count)" -eq 0 ]
}

@test "the mount is the upper directory of an overlay" {
	grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || skip "this kernel has no overlayfs"
	volume_make -n 2
	volume_mount
	mkdir -p "$T/lower/dir/sub" "$T/lower/gone"
	echo low >"$T/lower/dir/file"
	echo low >"$T/lower/changed"
	echo low >"$T/lower/gone/file"
	head -c 3000001 /dev/urandom >"$T/lower/big"
	overlay_mount
	run ! grep -E "overlayfs: .*(not supported|does not support|falling back|read-only)" <(dmesg | grep -v 'supports* O_TMPFILE\|tmpfile')
	cd "$T/all"
	# Create, change, append to what is below, rename, remove, remove directories, replace one
	# by another.
	echo new >new
	echo more >>changed
	echo x >>big
	mv dir/file dir/renamed
	rm -r gone
	mkdir gone
	echo other >gone/other
	mkdir -p a/b/c
	mv a/b d
	ln changed linked
	ln -s changed symbolic
	rmdir dir/sub
	chmod 600 changed
	setfattr -n user.test -v value changed
	cd /
	check() {
		[ "$(cat "$T/all/new")" = new ]
		[ "$(cat "$T/all/changed")" = $'low\nmore' ]
		[ "$(cat "$T/all/symbolic")" = $'low\nmore' ]
		[ "$(stat -c %a "$T/all/linked")" = 600 ]
		[ "$(getfattr --only-values -n user.test "$T/all/changed")" = value ]
		[ "$(cat "$T/all/dir/renamed")" = low ]
		[ "$(ls "$T/all/dir")" = renamed ]
		[ "$(ls "$T/all/gone")" = other ]
		[ -d "$T/all/d/c" ]
		[ ! -e "$T/all/a/b" ]
		same "$T/all/big" <(cat "$T/lower/big"; echo x)
	}
	check
	is_whiteout "$MNT/upper/dir/file"
	is_whiteout "$MNT/upper/dir/sub"
	[ "$(getfattr --only-values -n trusted.overlay.opaque "$MNT/upper/gone")" = y ]
	overlay_unmount
	volume_remount
	overlay_mount
	check
	overlay_unmount
	volume_kill
	volume_mount
	overlay_mount
	check
	# Overlayfs keeps one name for an inode, and asks FUSE for that: with it gone, the other is
	# stale until it looks again.
	rm "$T/all/changed"
	overlay_unmount
	overlay_mount
	rm -rf "$T/all"/*
	[ -z "$(ls -A "$T/all")" ]
}

@test "an overlay renames directories from below" {
	grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || skip "this kernel has no overlayfs"
	volume_make
	volume_mount
	mkdir -p "$T/lower/dir/sub"
	echo low >"$T/lower/dir/sub/file"
	overlay_mount redirect_dir=on,metacopy=on
	mv "$T/all/dir" "$T/all/moved"
	chmod 600 "$T/all/moved/sub/file"
	mv "$T/all/moved/sub" "$T/all/sub2"
	overlay_unmount
	overlay_mount redirect_dir=on,metacopy=on
	[ "$(cat "$T/all/sub2/file")" = low ]
	[ "$(stat -c %a "$T/all/sub2/file")" = 600 ]
	[ ! -e "$T/all/dir" ]
	[ -z "$(ls "$T/all/moved")" ]
	is_whiteout "$MNT/upper/dir"
}

@test "an overlay on user xattrs" {
	grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || skip "this kernel has no overlayfs"
	volume_make
	volume_mount
	mkdir -p "$T/lower/dir"
	echo low >"$T/lower/dir/file"
	setfattr -n user.test -v 1 "$MNT" 2>/dev/null || skip "$FS has no user xattrs here"
	overlay_mount userxattr
	rm -r "$T/all/dir"
	mkdir "$T/all/dir"
	[ -z "$(ls "$T/all/dir")" ]
	[ "$(getfattr --only-values -n user.overlay.opaque "$MNT/upper/dir")" = y ]
	overlay_unmount
}
