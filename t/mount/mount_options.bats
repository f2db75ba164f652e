# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Mount options and flags of open(2) do what they say, or are refused.
#
# The commands of the cases are run later.
# shellcheck disable=SC2016 # the shell that runs them expands them

load lib

# power_cut: what isn't on disk at this moment is lost. The volume isn't mounted afterwards.
power_cut() {
	xfs_io -x -c shutdown "$T/d0" || return 1
	volume_kill
	umount "$T/d0" || return 1
	mount -o loop "$T/d0.img" "$T/d0"
}

# survives OPTIONS COMMAND CHECK: in a volume with names to be used up, mounted with OPTIONS,
# COMMAND is run in the mount point, and CHECK is true of the volume after a power cut just then.
survives() {
	local status=0
	volume_mount ${1:+-o "$1"} || return 1
	rm -rf "${MNT:?}"/*
	(cd "$MNT" && mkdir d full && echo old >file && echo old >gone && echo old >over && touch "full/x") || return 1
	sync
	sleep 0.1
	(cd "$MNT" && bash -ec "$2") || return 1
	power_cut || return 1
	volume_mount || return 1
	(cd "$MNT" && bash -c "$3") || status=1
	volume_unmount || return 1
	return $status
}

need_power_cuts() {
	need xfs_io
	[[ $FS == xfs ]] || skip "only XFS is shut down by a command"
	volume_make -n 2 -s 320
}

# rename FLAGS FROM TO, linkat FD TO: what no command does.
rename() { python3 -c 'import ctypes, sys; f, a, b = sys.argv[1:]; sys.exit(ctypes.CDLL(None).renameat2(-100, a.encode(), -100, b.encode(), int(f)))' "$@"; }
nameless() { python3 -c 'import ctypes, os, sys; f = os.open("d", os.O_TMPFILE | os.O_RDWR, 0o600)
sys.exit(ctypes.CDLL(None).linkat(-100, b"/proc/self/fd/%d" % f, -100, sys.argv[1].encode(), 0x400))' "$@"; }
export -f rename nameless

# Each line: what changes a name; what must be true afterwards. A power cut takes a second: with
# LONG all of them are tried, otherwise the first ones.
name_changes=(
	'mkdir new' '[ -d new ]'
	'rm gone' '[ ! -e gone ]'
	'mv file d/new' '[ "$(cat d/new)" = old ] && [ ! -e file ]'
	'ln file d/new' '[ "$(stat -c %h file)" -eq 2 ] && [ d/new -ef file ]'
	': >new' '[ -f new ]'
)
[[ -z ${LONG:-} ]] || name_changes+=(
	'mkfifo new' '[ -p new ]'
	'ln -s to new' '[ "$(readlink new)" = to ]'
	'rmdir d' '[ ! -e d ]'
	'mv file new' '[ -f new ] && [ ! -e file ]'
	'mv full d' '[ -f d/full/x ] && [ ! -e full ]'
	'mv file over' '[ -f over ] && [ ! -e file ]'
	'ln file d/new; rm file' '[ "$(stat -c %h d/new)" -eq 1 ] && [ ! -e file ]'
	'rename 2 file d' '[ -d file ] && [ "$(cat d)" = old ]'
	'rename 2 file full/x' '[ "$(cat full/x)" = old ] && [ ! -s file ]'
	'rename 4 full/x d/new' '[ -c full/x ] && [ -f d/new ]'
	'nameless full/new' '[ -f full/new ]'
)

@test "dirsync: names are durable when the call returns" {
	local i
	need_power_cuts
	for ((i = 0; i < ${#name_changes[@]}; i += 2)); do
		echo "${name_changes[i]}"
		survives dirsync "${name_changes[i]}" "${name_changes[i + 1]}"
	done
	# Without it they aren't: the test can tell.
	run ! survives "" 'mv file d/new' '[ -f d/new ]'
}

@test "sync: data, attributes and names are durable when the call returns" {
	need_power_cuts
	local big='head -c 3000000 /dev/zero | tr "\0" x'
	survives sync "$big >file" "$big | cmp - file"
	survives sync 'truncate -s 2 file' '[ "$(stat -c %s file)" -eq 2 ]'
	survives sync 'chmod 0421 file' '[ "$(stat -c %a file)" = 421 ]'
	survives sync 'setfattr -n user.x -v y d' '[ "$(getfattr --only-values -n user.x d)" = y ]'
	run ! survives "sync,async" 'chmod 0421 file' '[ "$(stat -c %a file)" = 421 ]'
	run ! survives "" "$big >file" "$big | cmp - file"
	[[ ${LONG:-} ]] || return 0
	survives sync 'mkdir new' '[ -d new ]'
	survives sync "$big | dd of=file conv=notrunc bs=1M iflag=fullblock oflag=direct status=none" "$big | head -c 2097152 | cmp -n 2097152 - file"
	survives sync ': >file' '[ "$(stat -c %s file)" -eq 0 ]'
	survives sync 'fallocate -l 1000000 file' '[ "$(stat -c %s file)" -eq 1000000 ]'
	survives sync 'chown 5:6 file' '[ "$(stat -c %u:%g file)" = 5:6 ]'
	survives sync 'touch -d 2001-02-03 file' '[[ "$(stat -c %y file)" == 2001-02-03* ]]'
	survives sync 'setfattr -n user.x -v y file' '[ "$(getfattr --only-values -n user.x file)" = y ]'
	survives sync 'lov setstripe -c 2 d' '[ "$(lov getstripe -c d)" -eq 2 ]'
	survives sync 'cp --sparse=never gone new' '[ "$(cat new)" = old ]'
	run ! survives "" 'chmod 0421 file' '[ "$(stat -c %a file)" = 421 ]'
}

@test "O_SYNC and O_DSYNC: what was written is durable when the call returns" {
	need_power_cuts
	local flag
	for flag in dsync direct,dsync ${LONG:+sync direct,sync}; do
		survives "" "dd if=/dev/zero of=file bs=8192 count=3 conv=notrunc oflag=$flag status=none" '[ "$(stat -c %s file)" -eq 24576 ]'
	done
	survives "" 'xfs_io -s -c "falloc 0 1000000" file' '[ "$(stat -c %s file)" -eq 1000000 ]'
	survives "" 'xfs_io -c "pwrite -V 1 -D 0 9000" file' '[ "$(stat -c %s file)" -eq 9000 ]'
	if command -v fio >/dev/null; then
		# Asynchronous ones, of which the kernel doesn't take care.
		survives "" 'head -c 65536 /dev/zero >file; sync file; fio --name=x --filename=file --ioengine=libaio --direct=1 --sync=dsync --iodepth=4 \
			--bs=4k --size=64k --rw=write --buffer_pattern=0x78 --fallocate=none >/dev/null' 'head -c 65536 /dev/zero | tr "\0" x | cmp - file'
	fi
	survives "" 'python3 -c "
import os
a = os.open(\"gone\", os.O_RDONLY); b = os.open(\"file\", os.O_WRONLY | os.O_SYNC | os.O_TRUNC)
assert os.copy_file_range(a, b, 4) == 4"' '[ "$(cat file)" = old ] && [ "$(stat -c %s file)" -eq 4 ]'
	run ! survives "" "dd if=/dev/zero of=file bs=8192 count=3 conv=notrunc status=none" '[ "$(stat -c %s file)" -eq 24576 ]'
}

@test "where the daemon has no descriptor left, programs get ENFILE" {
	volume_make -n 2
	volume_mount
	mkdir "$MNT/d"
	for i in $(seq 60); do echo x >"$MNT/d/f$i"; done
	volume_unmount
	volume_mount
	# Fewer than the files that are to be looked at.
	prlimit "--nofile=$(($(find "/proc/$DAEMON/fd" -type l | wc -l) + 20)):" --pid "$DAEMON"
	python3 - "$MNT/d" <<-'END'
		import errno, os, subprocess, sys, time
		os.chdir(sys.argv[1])
		met, kept = set(), []
		def attempt(what, *args):
		    try:
		        r = what(*args)
		        if isinstance(r, int) and what is os.open: kept.append(r)
		    except OSError as e:
		        met.add(errno.errorcode[e.errno])
		for i in range(5): attempt(os.open, "empty%d" % i, os.O_RDWR | os.O_CREAT)
		for i in range(1, 61): attempt(os.open, "f%d" % i, os.O_RDWR)
		for i in range(1, 61): attempt(os.stat, "f%d" % i)
		for i in range(20): attempt(os.open, "new%d" % i, os.O_RDWR | os.O_CREAT)
		for i in range(20): attempt(os.mkdir, "dir%d" % i)
		attempt(os.listdir, ".")
		for fd in kept:
		    attempt(os.read, fd, 10)
		    attempt(os.write, fd, b"x")
		    if fd != kept[0]: attempt(os.copy_file_range, kept[0], fd, 1)
		# Those that have no objects yet; also when what is known of the OSTs has become
		# old.
		for again in range(2):
		    for fd in kept[:5]: attempt(os.pwrite, fd, b"x", 0)
		    if not again: time.sleep(1.1)
		for verb in ["mirror", "extend", "-N", "f1"], ["migrate", "-c", "2", "f2"], ["mirror", "resync", "f3"]:
		    said = subprocess.run(["lov"] + verb, stderr=subprocess.PIPE, text=True).stderr
		    print(said)
		    assert "Too many open files" not in said or "Too many open files in system" in said, said
		    assert "Input/output error" not in said, said
		print(met)
		assert met == {"ENFILE"}, met
	END
	prlimit --nofile=4096: --pid "$DAEMON"
	[ "$(cat "$MNT/d/f60")" = x ]
	grep -q "no descriptor is left" "$DAEMON_LOG"
}

@test "many files are looked at with few descriptors" {
	volume_make -n 2
	volume_mount
	mkdir "$MNT/d"
	(cd "$MNT/d" && seq 3000 | xargs -P4 -n 200 sh -c 'for i; do printf "f$i" >"f$i"; done' sh)
	volume_unmount
	ulimit -n 1200
	volume_mount
	# Each is looked up faster than the kernel forgets others by itself.
	run "$BUILD_DIR/t/mount/by_handle" many "$MNT" "$MNT/d"
	! grep -q "can't be asked to forget" "$DAEMON_LOG" || skip "this kernel can't be asked to forget files"
	[ "$output" = 3000 ]
	python3 - "$MNT/d" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		names = ["f%d" % (i + 1) for i in range(3000)]
		def count_failures(k):
		    failures = 0
		    for name in names[k * 90:] + names[:k * 90]:
		        try:
		            fd = os.open(name, os.O_RDONLY)
		            failures += os.read(fd, 9) != name.encode()
		            os.close(fd)
		        except OSError as e:
		            failures += 1
		            why = e
		    if failures: print(failures, why, file=sys.stderr)
		    os._exit(failures > 0)
		# Some stay in use.
		kept = [os.open(name, os.O_RDONLY) for name in names[:200]]
		assert all(os.read(fd, 1) == b"f" for fd in kept)
		kids = []
		for k in range(32):
		    kids.append(os.fork())
		    if kids[-1] == 0: count_failures(k)
		assert [os.waitpid(kid, 0)[1] for kid in kids] == [0] * 32
		with os.scandir(".") as entries:
		    assert sum(e.stat().st_size > 1 for e in entries) == 3000
	END
	! grep "no descriptor is left" "$DAEMON_LOG" || false
}

@test "limits of whoever mounts aren't the volume's" {
	volume_make -n 1
	bash -c 'ulimit -S -n 64; ulimit -S -f 100; exec lovfs "$0" "$1"' "$MDT" "$MNT"
	head -c 5000000 /dev/zero >"$MNT/f"
	for i in $(seq 200); do echo x >"$MNT/f$i"; done
	[ "$(cat "$MNT"/f?* | wc -l)" -eq 200 ]
	lovfs -u "$MNT"
}

# options_are WORD...: mountinfo has each of these of the mount; !WORD: has it not.
options_are() {
	local word list
	list=,$(grep " $MNT " /proc/self/mountinfo | sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* \([^ ]*\)$/\1,\2/'),
	for word; do
		if [[ $word == !* ]]; then
			[[ $list != *,${word#!},* ]] || { echo "$list"; return 1; }
		else
			[[ $list == *,$word,* ]] || { echo "$list"; return 1; }
		fi
	done
}

# by_mount OPTIONS: mount(8) remounts. It looks for lovfs on the PATH that it gives to its helpers.
by_mount() {
	local link=/usr/local/bin/lovfs status=0
	[ ! -e $link ] || skip "$link exists already"
	ln -s "$BUILD_DIR/src/lovfsd/lovfs" $link
	mount -o "$1" "$MNT" || status=$?
	rm $link
	return $status
}

@test "remount changes what it is told, and nothing else" {
	volume_make -n 1
	volume_mount -o nosuid,nodev
	echo x >"$MNT/f"
	options_are rw nosuid nodev !noexec
	by_mount remount,ro
	options_are ro nosuid nodev !noexec
	fails_with 1 "Read-only file system" touch "$MNT/f"
	lovfs any "$MNT" -o remount,rw,noexec
	options_are rw nosuid nodev noexec
	touch "$MNT/f"
	printf '#!/bin/sh\n' >"$MNT/run"
	chmod +x "$MNT/run"
	fails_with 126 "Permission denied" bash -c "'$MNT/run'"
	by_mount remount,exec,suid,dev,relatime
	options_are rw !nosuid !nodev !noexec relatime
	"$MNT/run"
	exec 7>"$MNT/f"
	fails_with 1 "files are open for writing" lovfs any "$MNT" -o remount,ro
	options_are rw
	exec 7>&-
	[ "$(cat "$MNT/f")" = "" ]
}

@test "what remount can't do is refused in one clear line" {
	volume_make -n 1
	volume_mount
	local option
	# The daemon does them, and can't be told.
	for option in sync dirsync noatime nodiratime; do
		fails_with 1 "can't be changed by a remount" lovfs any "$MNT" -o "remount,$option"
		run ! by_mount "remount,$option"
	done
	fails_with 1 "$T: no volume is mounted there" lovfs any "$T" -o remount,ro
	fails_with 1 "$T/d0: no volume is mounted there" lovfs any "$T/d0" -o remount,ro
	fails_with 1 "only root can remount" as_user env PATH="$PATH" lovfs any "$MNT" -o remount,ro
	fails_with 2 "-o quick: unknown option" lovfs any "$MNT" -o remount,quick
	options_are rw !sync !dirsync !noatime !nodiratime
	volume_unmount
	volume_mount -o sync,dirsync,noatime
	lovfs any "$MNT" -o remount,ro,sync
	options_are ro sync dirsync noatime
	by_mount remount,rw
	options_are rw sync dirsync noatime
	fails_with 1 "can't be changed by a remount" lovfs any "$MNT" -o remount,relatime
	run by_mount remount,async
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"can't be changed by a remount"* ]]
}

@test "each option that is taken does what it says; others are refused" {
	local option
	volume_make -n 1
	for option in quick mand iversion bind user_id=0 group_id=0 max_read=4096 uid=0 nonsense=1; do
		fails_with 2 "-o $option: unknown option" lovfs -o "$option" "$MDT" "$MNT"
	done
	volume_mount -o ro
	options_are ro
	fails_with 1 "Read-only file system" touch "$MNT/f"
	volume_remount -o user
	options_are rw nosuid nodev noexec
	volume_remount -o user,exec
	options_are rw nosuid nodev !noexec
	options_are nosuid nodev
	volume_remount -o owner
	options_are nosuid nodev !noexec
	volume_remount -o group,suid
	options_are !nosuid nodev
	volume_remount -o defaults,auto,nofail,_netdev,loud,silent,comment=x,x-a.b=1,nomand,noiversion
	options_are rw !nosuid !nodev !noexec
	volume_remount -o sync,dirsync
	options_are sync dirsync
	volume_remount -o sync,async
	options_are !sync
	# The last word counts.
	read_is_noted() {
		touch -a -d 2001-02-03 "$MNT/f" "$MNT/d"
		cat "$MNT/f"
		ls "$MNT/d"
		volume_remount
		[[ "$(stat -c %x "$MNT/f" "$MNT/d" | grep -c ^2001)" -eq $1 ]]
	}
	mkdir "$MNT/d"
	echo x >"$MNT/f"
	volume_remount -o noatime
	options_are noatime
	read_is_noted 2
	volume_remount -o nodiratime
	read_is_noted 1
	volume_remount -o noatime,nodiratime,atime,diratime
	options_are !noatime
	read_is_noted 0
}
