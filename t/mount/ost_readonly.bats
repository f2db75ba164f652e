# SPDX-License-Identifier: LGPL-2.1-or-later
#
# OSTs that are there, but take no new objects: read-only, not writable, shut down, over quota. New
# files go elsewhere, df says why, and they are used again when they can be.

load lib

# volume_of_three: OSTs 0, 1 and 2 on file systems of their own (that of OST 0 holds the MDT too),
# and a pool of OST 1 alone.
volume_of_three() {
	volume_make -d 3 -n 3 --pool one=1
}

# files_go_elsewhere N NAME...: N new files, all written in full, none of them on OST 1.
files_go_elsewhere() {
	local i n=$1 name=$2
	for ((i = 0; i < n; i++)); do
		echo "$name $i" >"$MNT/$name$i" || return 1
		[ "$(cat "$MNT/$name$i")" = "$name $i" ] || return 1
		[ "$(lov getstripe -i "$MNT/$name$i")" != 1 ] || return 1
	done
}

# is_used_again NAME: within two seconds new files get objects on OST 1.
is_used_again() {
	local i
	for ((i = 0; i < 40; i++)); do
		echo x >"$MNT/$1$i" || return 1
		[ "$(lov getstripe -i "$MNT/$1$i")" != 1 ] || return 0
		sleep 0.05
	done
	lov df "$MNT"
	return 1
}

# df_says TEXT: of OST 1, and in JSON too.
df_says() {
	lov df "$MNT" >"$T/df" || return 1
	cat "$T/df"
	grep -q "OST0001_UUID.*\[OST:1\] $1$" "$T/df" || return 1
	lov df --json "$MNT" >"$T/df.json" || return 1
	python3 - "$T/df.json" "$1" <<-'END'
		import json, sys
		t = [t for t in json.load(open(sys.argv[1]))[0]["targets"] if t["kind"] == "OST" and t["index"] == 1][0]
		assert t["active"] and not t["creates_objects"], t
		assert "(" + t["why"] + ")" in sys.argv[2], t
	END
}
df_is_silent() { prints "OST0001_UUID.*\[OST:1\] $" lov df "$MNT"; }

@test "an OST that becomes read-only gets no new files, and does again" {
	volume_of_three
	volume_mount
	for i in $(seq 6); do echo "old $i" >"$MNT/old$i"; done
	lov setstripe -i 1 -c 1 "$MNT/there"
	echo data >"$MNT/there"
	mount -o remount,ro "$T/d1"
	# Who names it may be the first to meet it.
	lov setstripe -o 1 "$MNT/first"
	fails_with 1 "Read-only file system" bash -c "echo x >'$MNT/first'"
	files_go_elsewhere 12 new
	df_says "R (Read-only file system)"

	# As wide as can be: without it.
	lov setstripe -c -1 "$MNT/wide"
	random_file "$T/wide" 5000000
	cp "$T/wide" "$MNT/wide"
	same "$T/wide" "$MNT/wide"
	[ "$(lov getstripe -c "$MNT/wide")" -eq 2 ]

	# Who names it is told, and the daemon says which OST and why.
	lov setstripe -i 1 -c 1 "$MNT/named"
	fails_with 1 "Read-only file system" bash -c "echo x >'$MNT/named'"
	lov setstripe -o 1 "$MNT/listed"
	fails_with 1 "Read-only file system" bash -c "echo x >'$MNT/listed'"
	lov setstripe -p one "$MNT/pooled"
	fails_with 1 "Read-only file system" bash -c "echo x >'$MNT/pooled'"
	grep -q "OST 1 .*takes no new objects: Read-only file system" "$DAEMON_LOG"

	# What is there can be read, not written.
	[ "$(cat "$MNT/there")" = data ]
	fails_with 1 "Read-only file system" bash -c "echo x >>'$MNT/there'"
	[ "$(cat "$MNT/there")" = data ]

	mount -o remount,rw "$T/d1"
	is_used_again back
	df_is_silent
	echo more >>"$MNT/there"
	echo x >"$MNT/named"
	echo x >"$MNT/pooled"
}

@test "an OST that is read-only when the volume is mounted is left out, with a warning" {
	volume_of_three
	volume_mount
	lov setstripe -i 1 -c 1 "$MNT/there"
	echo data >"$MNT/there"
	volume_unmount
	mount -o remount,ro "$T/d1"
	lovfs "$MDT" "$MNT" 2>"$T/said"
	cat "$T/said"
	grep -q "lovfs: warning: OST 1 takes no new objects: Read-only file system" "$T/said"
	files_go_elsewhere 12 new
	[ "$(cat "$MNT/there")" = data ]
	df_says "R (Read-only file system)"
	mount -o remount,rw "$T/d1"
	is_used_again back
	unmount_soon "$MNT"
	timeout 20 flock "$MDT/lock" true
}

@test "an OST whose directories can't be written gets no new files, and does again" {
	need chattr
	volume_of_three
	volume_mount
	for i in $(seq 6); do echo "old $i" >"$MNT/old$i"; done
	# As root: what takes the right away even from it.
	find "${OST[1]}/O" -type d -exec chattr +i {} + || skip "$FS has no immutable directories"
	files_go_elsewhere 12 new || { find "${OST[1]}/O" -type d -exec chattr -i {} +; false; }
	df_says "N (Operation not permitted)" || { find "${OST[1]}/O" -type d -exec chattr -i {} +; false; }
	find "${OST[1]}/O" -type d -exec chattr -i {} +
	is_used_again back
	df_is_silent
}

@test "an OST whose file system has shut down gets no new files" {
	need xfs_io
	[[ $FS == xfs ]] || skip "only XFS is shut down by a command"
	volume_of_three
	volume_mount
	for i in $(seq 6); do echo "old $i" >"$MNT/old$i"; done
	xfs_io -x -c shutdown "$T/d1"
	files_go_elsewhere 12 new
	df_says "N (Input/output error)"
}

# quota SOFT_AND_HARD_LIMIT...: of nobody on d1.
quota() { xfs_quota -x -c "limit -u $* nobody" "$T/d1"; }

# over_quota LIMIT...: a user's volume, whose OST 1 is over its quota, and then isn't.
over_quota() {
	local mode
	[[ $FS == xfs ]] || skip "the quota of a user is asked of XFS"
	need xfs_quota
	[ -u "$(command -v fusermount3)" ] || skip "fusermount3 isn't set-user-id"
	fs_make "$T/d0"
	fs_make "$T/d1"
	umount "$T/d1"
	mount -o loop,uquota "$T/d1.img" "$T/d1" || skip "the kernel's XFS has no quotas"
	chmod 777 "$T/d0" "$T/d1"
	MDT=$T/d0/mdt MNT=$T/d0/mnt OST=("$T/d0/ost0" "$T/d1/ost1")
	as_user mkdir "$MDT" "$MNT" "${OST[@]}"
	as_user env PATH="$PATH" mkfs.lovfs --fsname user --mdt "$MDT" --ost "${OST[0]}" --ost "${OST[1]}"
	mode=$(stat -c %a /dev/fuse)
	chmod 666 /dev/fuse
	as_user env PATH="$PATH" lovfs "$MDT" "$MNT" || { chmod "$mode" /dev/fuse; false; }
	chmod "$mode" /dev/fuse
	as_user bash -ec "for i in {1..8}; do echo old >'$MNT/old'\$i; done"
	quota "$@"
	# The first that is written there may meet it; those after that don't.
	as_user bash -c "for i in {1..3}; do head -c 100000 /dev/zero >'$MNT/first'\$i; done" 2>/dev/null || true
	as_user bash -ec "for i in {1..12}; do head -c 100000 /dev/zero >'$MNT/new'\$i; done"
	as_user env PATH="$PATH" lov df "$MNT" >"$T/df"
	cat "$T/df"
	grep -q "\[OST:1\] N (Disk quota exceeded)" "$T/df"
	quota bhard=0 ihard=0
	sleep 1.1
	as_user env PATH="$PATH" lov df "$MNT" >"$T/df"
	cat "$T/df"
	grep -q "\[OST:1\] $" "$T/df"
	as_user fusermount3 -u "$MNT"
	timeout 20 flock "$MDT/lock" true
}

@test "an OST over its quota of files gets no new ones, and does again" {
	over_quota ihard=1
}

@test "an OST over its quota of blocks gets no new files, and does again" {
	over_quota bhard=1k
}

@test "a mirror isn't put on a read-only OST" {
	volume_of_three
	volume_mount
	lov setstripe -i 0 -c 1 "$MNT/f"
	random_file "$T/f" 3000000
	cp "$T/f" "$MNT/f"
	mount -o remount,ro "$T/d1"
	for i in 1 2; do
		lov mirror extend -N -c 1 "$MNT/f"
		lov getstripe -v "$MNT/f" >"$T/said"
		run ! grep -E "l_ost_idx: 1[^0-9]" "$T/said"
		lov mirror delete --mirror-id 2 "$MNT/f" 2>/dev/null || break
	done
	same "$T/f" "$MNT/f"
	lov migrate -c -1 "$MNT/f" 2>/dev/null || true
	same "$T/f" "$MNT/f"
}
