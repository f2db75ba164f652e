# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From a mount to the next one: lovfs -u returns when all is closed, and a mount waits for whoever
# is still closing the volume, as long as somebody wants it.

load lib

# lock_is_free: nobody serves the volume any more, at this moment.
lock_is_free() { flock -n "$MDT/lock" true; }

# hold_lock LINE: another process holds the volume's lock and says LINE of itself, @ for its process
# id. Sets HOLDER.
hold_lock() {
	local i
	python3 - "$MDT/lock" "$1" 3>&- 4>&- <<-'END' &
		import fcntl, os, sys, time
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
		fcntl.flock(fd, fcntl.LOCK_EX)
		line = sys.argv[2].replace("@", str(os.getpid())) + "\n"
		os.ftruncate(fd, 0)
		os.pwrite(fd, line.encode(), 0)
		time.sleep(60)
	END
	HOLDER=$!
	for ((i = 0; i < 100; i++)); do
		grep -q "^$HOLDER " "$MDT/lock" && return 0
		sleep 0.05
	done
	return 1
}

# seconds COMMAND...: how long it took, whole.
seconds() {
	local start=$SECONDS
	"$@" || true
	echo $((SECONDS - start))
}

@test "lovfs -u returns when everything is closed" {
	volume_make -d 2 -n 2
	local i
	for i in 1 2 3 4 5; do
		lovfs "$MDT" "$MNT"
		lov setstripe -c 2 "$MNT/f$i"
		head -c 20000000 /dev/zero >"$MNT/f$i"
		rm "$MNT/f$i"
		lovfs -u "$MNT"
		lock_is_free
		umount "$T/d1"
		mount -o loop "$T/d1.img" "$T/d1"
	done
	# Relative, by a symbolic link, with a slash; the daemon's own status is 0.
	volume_mount
	ln -s mnt "$T/link"
	(cd "$T" && lovfs -u link/)
	volume_wait
	volume_mount
	(cd "$T" && lovfs -u ./mnt)
	volume_wait
	volume_mount
	(cd "$MNT" && run lovfs -u . && [ "$status" -eq 1 ])
	lovfs -u "$MNT"
	volume_wait
}

@test "what can't be unmounted is refused in one clear line" {
	volume_make -n 1
	fails_with 1 "$MNT: nothing is mounted there" lovfs -u "$MNT"
	fails_with 1 "nothing is mounted there" lovfs -u "$T/none"
	fails_with 1 "is of type $FS, not fuse.lovfs" lovfs -u "$T/d0"
	fails_with 2 "a mount point is needed" lovfs -u
	fails_with 2 "one argument too many" lovfs -u "$MNT" "$MNT"
	fails_with 2 "unknown option" lovfs -u -x "$MNT"
	fails_with 2 "number of seconds" lovfs -u -w soon "$MNT"
	volume_mount
	echo x >"$MNT/f"
	exec 7<"$MNT/f"
	fails_with 1 "$MNT is in use, and still mounted" lovfs -u "$MNT"
	fails_with 1 "-r isn't done" lovfs -u -r "$MNT"
	[ "$(cat "$MNT/f")" = x ]
	lovfs -u -l "$MNT"
	run ! volume_mounted
	[ "$(cat <&7)" = x ]
	fails_with 1 "hasn't closed the volume since it was unmounted from $MNT" lovfs -o wait=1 "$MDT" "$MNT"
	exec 7<&-
	volume_wait
}

@test "a mount whose daemon is dead or stopped is unmounted" {
	volume_make -n 1
	volume_mount
	kill -KILL "$DAEMON"
	volume_wait || true
	lovfs -u "$MNT"
	run ! volume_mounted
	volume_mount
	kill -STOP "$DAEMON"
	run timeout 2 lovfs -u -l "$MNT"
	kill -CONT "$DAEMON"
	[ "$status" -eq 0 ]
	volume_wait
	# What asks it doesn't keep the mount busy.
	volume_mount
	kill -STOP "$DAEMON"
	sleep 0.5
	run timeout 10 lovfs -u "$MNT"
	kill -CONT "$DAEMON"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"$MNT is unmounted, but who served it can't be found and waited for"* ]]
	volume_wait
	# The process beside the daemon doesn't keep its mount waiting for answers, not even
	# stopped.
	volume_mount
	kill -STOP "$(cat "/proc/$DAEMON/task/$DAEMON/children")"
	kill -KILL "$DAEMON"
	volume_wait || true
	timeout -s KILL 5 stat "$MNT/f" || [ $? -eq 1 ]
	lovfs -u "$MNT"
}

@test "a volume that is still mounted elsewhere isn't waited for" {
	volume_make -n 1
	volume_mount
	mkdir "$T/bound"
	mount --bind "$MNT" "$T/bound"
	fails_with 0 "still mounted on $MNT" timeout 5 lovfs -u "$T/bound"
	# In a container, say.
	fails_with 0 "still mounted on $MNT in the mount namespace of process $DAEMON" \
		timeout 5 unshare --mount --propagation private lovfs -u "$MNT"
	volume_mounted
	lovfs -u "$MNT"
}

@test "lovfs -u gives up after the time given, and says what it waited for" {
	need fsfreeze
	[[ $FS == xfs || $FS == ext4 ]] || skip "$FS can't be frozen"
	volume_make -d 2 -n 2
	volume_mount
	lov setstripe -i 1 -c 1 "$MNT/f"
	echo x >"$MNT/f"
	sync
	# The space of a removed file can't be given back for now.
	fsfreeze -f "$T/d1"
	rm "$MNT/f"
	run timeout 30 lovfs -u -w 1 "$MNT"
	local said=$output how=$status
	run timeout 30 lovfs -o wait=1 "$MDT" "$MNT"
	fsfreeze -u "$T/d1"
	echo "$said"
	echo "$output"
	[ "$how" -eq 1 ]
	[[ $said == *"$MNT is unmounted, but process $DAEMON hasn't closed the volume after 1 s: giving back the space of removed files" ]]
	[ "$status" -eq 1 ]
	[[ $output == *"process $DAEMON is still closing the volume: giving back the space of removed files" ]]
	volume_wait
	[ "$(object_count)" -eq 0 ]
}

@test "umount(8) calls it" {
	volume_make -d 2 -n 2
	mkdir "$T/helper" "$T/dest"
	DESTDIR=$T/dest "$LIB_DIR/../../tools/install-umount-helper" "$BUILD_DIR/src/lovfsd"
	cp "$T"/dest/*sbin/umount.fuse.lovfs "$T/helper" 2>/dev/null || cp "$T"/dest/usr/sbin/umount.fuse.lovfs "$T/helper"
	# What mount(8) keeps of mounts is the machine's: not for a test.
	mount -t tmpfs lovfs-test /run
	mount -t overlay -o "lowerdir=$T/helper:$(realpath /sbin)" overlay "$(realpath /sbin)" || skip "the kernel has no overlayfs"
	local i
	for i in 1 2 3; do
		lovfs "$MDT" "$MNT"
		head -c 20000000 /dev/zero >"$MNT/f$i"
		umount "$MNT"
		lock_is_free
		umount "$T/d1"
		mount -o loop "$T/d1.img" "$T/d1"
	done
	lovfs "$MDT" "$MNT"
	exec 7<"$MNT/f1"
	fails_with 1 "is in use" umount "$MNT"
	umount -l "$MNT"
	exec 7<&-
	umount "$(realpath /sbin)"
	run ! grep -F "$MNT" /run/mount/utab
	umount /run
	timeout 20 flock "$MDT/lock" true
}

@test "a mount just after an umount works, again and again" {
	volume_make -n 1
	local i
	for ((i = 0; i < (${LONG:-0} ? 100 : 15); i++)); do
		lovfs "$MDT" "$MNT"
		# At once: nothing of the daemon's own keeps the mount busy.
		umount "$MNT"
	done
	lovfs "$MDT" "$MNT"
	lovfs -u "$MNT"
}

@test "a mount waits for whoever closes the volume, bounded, and says for whom" {
	volume_make -n 1
	hold_lock "@ ending writing out OST 0 (/a)"
	local took
	took=$(seconds lovfs -o wait=3 "$MDT" "$MNT" 2>"$T/said")
	cat "$T/said"
	((took >= 3 && took <= 6))
	grep -qF "lovfs: waiting: $MDT: process $HOLDER is still closing the volume: writing out OST 0 (/a)" "$T/said"
	[ "$(grep -c closing "$T/said")" -eq 2 ]
	fails_with 1 "process $HOLDER is still closing" timeout 5 lovfs -o wait=0 "$MDT" "$MNT"
	fails_with 2 "-o wait=x: a number of seconds" lovfs -o wait=x "$MDT" "$MNT"
	# It ends: the mount goes on.
	(sleep 1; kill "$HOLDER") 3>&- 4>&- &
	lovfs "$MDT" "$MNT"
	lovfs -u "$MNT"
	# Who serves it isn't waited for.
	hold_lock "@ starting"
	((SECONDS = 0)) || true
	fails_with 1 "served already, by process $HOLDER" lovfs "$MDT" "$MNT"
	((SECONDS < 5))
	kill "$HOLDER"
}

@test "a mount that waits is ended by a signal, and doesn't mount later" {
	volume_make -n 1
	hold_lock "@ ending soon"
	timeout 50 python3 - "$MDT" "$MNT" <<-'END' 3>&- 4>&-
		import glob, re, signal, subprocess, sys, time

		def status(pid):
		    try:
		        with open("/proc/%s/status" % pid) as f: return f.read()
		    except OSError: return ""

		def waits(pid):  # it blocks signals meanwhile
		    return re.search(r"^Name:\tlovfs$", status(pid), re.M) and re.search(r"^SigBlk:.*[1-9a-f]", status(pid), re.M)

		def child_of(pid):
		    for path in glob.glob("/proc/[0-9]*"):
		        if re.search(r"^PPid:\t%d$" % pid, status(path[6:]), re.M): return int(path[6:])

		def until(what, true):
		    for i in range(500):
		        if true(): return
		        time.sleep(0.02)
		    sys.exit("never: " + what)

		def gone(pid): return status(pid) == "" or "\nState:\tZ" in status(pid)

		def one(options, who, sig, want):
		    p = subprocess.Popen(["lovfs"] + options + sys.argv[1:], stderr=subprocess.PIPE, text=True)
		    if options:
		        target = p.pid
		        until("foreground waits", lambda: waits(p.pid))
		        pids = []
		    else:
		        until("there is a child that waits", lambda: child_of(p.pid) and waits(child_of(p.pid)))
		        pids = [child_of(p.pid)]
		        target = p.pid if who == "parent" else pids[0]
		    subprocess.run(["kill", "-%d" % sig, str(target)], check=True)
		    said = p.communicate(timeout=10)[1]
		    until("all have ended", lambda: all(gone(pid) for pid in pids))
		    assert p.returncode == want, (options, who, sig, p.returncode)
		    assert want != 1 or "lovfs: not mounted: " in said, said

		for sig in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
		    one(["-f"], "it", sig, 1)
		for sig in signal.SIGTERM, signal.SIGINT, signal.SIGKILL:
		    one([], "parent", sig, -sig)
		for sig in signal.SIGTERM, signal.SIGKILL:
		    one([], "child", sig, 1)
	END
	kill "$HOLDER"
	sleep 0.5
	run ! volume_mounted
	lock_is_free
}

@test "a user unmounts their own, and root a user's" {
	local mode
	[ -u "$(command -v fusermount3)" ] || skip "fusermount3 isn't set-user-id"
	fs_make "$T/d0"
	chmod 777 "$T/d0"
	MDT=$T/d0/mdt MNT=$T/d0/mnt
	as_user mkdir "$MDT" "$MNT" "$T/d0/ost0"
	as_user setfattr -n user.test -v 1 "$T/d0/ost0" 2>/dev/null || skip "$FS has no user xattrs here"
	as_user setfattr -x user.test "$T/d0/ost0"
	as_user env PATH="$PATH" mkfs.lovfs --fsname user --mdt "$MDT" --ost "$T/d0/ost0"
	mode=$(stat -c %a /dev/fuse)
	chmod 666 /dev/fuse
	local status=0
	# shellcheck disable=SC2016 # the inner shell expands it
	as_user env PATH="$PATH" MDT="$MDT" MNT="$MNT" bash -ec '
		for i in 1 2 3; do
			lovfs "$MDT" "$MNT"
			head -c 10000000 /dev/zero >"$MNT/f"
			lovfs -u "$MNT"
			flock -n "$MDT/lock" true
		done
		[ "$(lovfs -o suid "$MDT" "$MNT" 2>&1)" = "lovfs: -o suid: only root'"'"'s mounts can have it" ]
		lovfs "$MDT" "$MNT"
		exec 7<"$MNT/f"
		! lovfs -u "$MNT" || exit 1
		! lovfs -u -f "$MNT" || exit 1
		exec 7<&-' || status=$?
	chmod "$mode" /dev/fuse
	[ "$status" -eq 0 ]
	lovfs -u "$MNT"
	lock_is_free
	umount "$T/d0"
}
