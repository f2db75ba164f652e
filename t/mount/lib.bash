# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For mount tests: load lib. Real file systems on images, a real volume, a real mount.
#
#   volume_make -d 2 -n 4       # 4 OSTs on 2 file systems of type $FS; the MDT on the first
#   volume_mount                # lovfs in the foreground form, as a child; waits until it serves
#   lov setstripe -c 4 "$MNT/f"
#   volume_unmount              # and waits for the daemon, which must end with status 0
#
# With ENGINE=lustre the tool takes the mount for that of a Lustre client (t/double/double.c): lov
# is a script that calls the real one, which is real_lov here, with the double. What is different
# then is asked of can_follow and offloads.
#
# In a test: $T the test's directory, $FS, $MNT the mount point, $MDT, ${OST[i]} the directories of
# the volume, $FSNAME. lov, lovfs and mkfs.lovfs are those of $BUILD_DIR. What is made here goes in
# teardown(), whatever the test did; a file that has setup() or teardown() of its own calls
# lov_setup and lov_teardown in them.

bats_require_minimum_version 1.5.0

FS=${FS:-xfs}
ENGINE=${ENGINE:-lovfs}
BUILD_DIR=${BUILD_DIR:?BUILD_DIR is not set: run this file with t/mount/run}
PATH=$BUILD_DIR/src/lovfsd:$BUILD_DIR/src/cli:$PATH:/usr/sbin:/sbin
BATS_TEST_TIMEOUT=${TEST_LIMIT:-60}
LIB_DIR=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
LUSTRE_DOUBLE_SO=$BUILD_DIR/t/double/liblustre_double.so
export PATH BATS_TEST_TIMEOUT

# --- before and after each test ---

lov_setup() {
	# "lovfs-" in the path is what cleanup wants to see before it removes anything.
	T=$(mktemp -d "$BATS_TEST_TMPDIR/lovfs-test.XXXXXX")
	chmod 755 "$T" "$BATS_TEST_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	MNT=$T/mnt
	MDT=
	OST=()
	FSNAME="test"
	DAEMON=
	DAEMON_LOG=$T/lovfs.log
	mkdir "$MNT"
	[[ $ENGINE != lustre ]] || engine_setup
}

# Ends the daemon in order if it can be, then removes everything. Shows the daemon's log, which bats
# prints if the test failed.
lov_teardown() {
	local status=0
	[[ -n ${T:-} ]] || return 0
	[[ -n ${KEEP:-} ]] && return 0
	cd /
	if [[ -n $DAEMON && -n ${BATS_TEST_COMPLETED:-} ]] && volume_mounted; then
		volume_unmount || status=1
	fi
	if [[ -s $DAEMON_LOG ]]; then
		echo "--- lovfs said:"
		tail -n 50 "$DAEMON_LOG"
	fi
	engine_check || status=1
	"$LIB_DIR/cleanup" "$T" || status=1
	return $status
}

setup() { lov_setup; }
teardown() { lov_teardown; }

# --- the engine ---

# engine_setup: the double in front of lov. A script, so that it may be started by any program, and
# is the process that is signalled.
engine_setup() {
	mkdir "$T/bin"
	cat >"$T/bin/lov" <<-EOF
		#!/bin/sh
		export LD_PRELOAD='$LUSTRE_DOUBLE_SO' LUSTRE_DOUBLE='$MNT' LUSTRE_DOUBLE_LOG='$T/double.log' LUSTRE_DOUBLE_SYS='$T/tree'
		exec '$BUILD_DIR/src/cli/lov' "\$@"
	EOF
	chmod 755 "$T/bin/lov"
	PATH=$T/bin:$PATH
	: >"$T/double.log"
	chmod 666 "$T/double.log"
}

# engine_targets [NAME=INDEX,...]...: what a client tells of the OSTs, each of 1 GiB, and the pools.
engine_targets() {
	local i pool name
	rm -rf "$T/tree"
	for ((i = 0; i < ${#OST[@]}; i++)); do
		engine_target "osc/$(printf '%s-OST%04x-osc-ffff8f0012345678' "$FSNAME" "$i")"
	done
	engine_target "mdc/$FSNAME-MDT0000-mdc-ffff8f0012345678"
	engine_target "lov/$FSNAME-clilov-ffff8f0012345678"
	echo 4194304 >"$T/tree/sys/fs/lustre/lov/$FSNAME-clilov-ffff8f0012345678/stripesize"
	echo 1 >"$T/tree/sys/fs/lustre/lov/$FSNAME-clilov-ffff8f0012345678/stripecount"
	mkdir -p "$T/tree/proc/fs/lustre/lov/$FSNAME-clilov-ffff8f0012345678/pools"
	for pool; do
		name=${pool%%=*}
		for i in ${pool#*=}; do
			printf '%s-OST%04x_UUID\n' "$FSNAME" "$i"
		done >"$T/tree/proc/fs/lustre/lov/$FSNAME-clilov-ffff8f0012345678/pools/$name"
	done
}
engine_target() {
	local dir=$T/tree/sys/fs/lustre/$1
	mkdir -p "$dir"
	echo 1048576 >"$dir/kbytestotal"
	echo 1000000 >"$dir/kbytesfree"
	echo 900000 >"$dir/kbytesavail"
	echo 65536 >"$dir/filestotal"
	echo 65000 >"$dir/filesfree"
	echo 1 >"$dir/active"
}

# engine_active INDEX 0|1: what a client tells of the OST.
engine_active() {
	[[ $ENGINE == lovfs ]] || echo "$2" >"$T/tree/sys/fs/lustre/osc/$(printf '%s-OST%04x-osc-ffff8f0012345678' "$FSNAME" "$1")/active"
}

# engine_check: the tool has done nothing that loses data on Lustre, and has left the kernel's ways
# of copying alone.
engine_check() {
	[[ $ENGINE == lustre ]] || return 0
	if grep -hE 'FORBIDDEN|copy_file_range|sendfile|splice|io_uring|lovfs ioctl' "$T"/double.log*; then
		return 1
	fi
}

# real_lov ARGUMENT...: not by the double.
real_lov() { "$BUILD_DIR/src/cli/lov" "$@"; }

# can_follow: whether copies follow a file while others write it; otherwise writers are held back or
# a lease is taken.
# offloads: whether the file system moves the bytes of copies by itself; otherwise all go through
# user space.
can_follow() { [[ $ENGINE == lovfs ]]; }
offloads() { [[ $ENGINE == lovfs ]]; }

# lovfs_only: skips a test of what isn't there on Lustre.
lovfs_only() { [[ $ENGINE == lovfs ]] || skip "lovfs only: $1"; }

# prints [-GREP_OPTION]... PATTERN COMMAND...: the command succeeds, and its output has the pattern.
prints() {
	local options=() pattern said
	while [[ $1 == -* ]]; do
		options+=("$1")
		shift
	done
	pattern=$1
	shift
	said=$("$@") || return
	LC_ALL=C grep -q "${options[@]}" -e "$pattern" <<<"$said" || {
		printf '"%s" does not print "%s" but:\n%s\n' "$*" "$pattern" "$said" >&2
		return 1
	}
}

# --- backing file systems ---

# fs_make DIR [SIZE_MIB] [TYPE]: a fresh file system of TYPE (default $FS), mounted on DIR, which is
# made.
fs_make() {
	local dir=$1 size_mib=${2:-512} type=${3:-$FS} image=$1.img options=() said
	mkdir -p "$dir"
	if [[ $type == tmpfs ]]; then
		mount -t tmpfs -o "size=${size_mib}m,mode=755" lovfs-test "$dir"
		return
	fi
	truncate -s "${size_mib}M" "$image"
	[[ $type == xfs ]] && options=(-m reflink=1)
	if ! said=$("mkfs.$type" -q "${options[@]}" "$image" 2>&1); then
		echo "mkfs.$type: $said" >&2
		return 1
	fi
	# The loop device goes with the mount.
	mount -t "$type" -o loop "$image" "$dir"
}

# fs_shares_extents: whether files on $FS can share extents.
fs_shares_extents() { [[ $FS == xfs || $FS == btrfs ]]; }

# --- the volume ---

# volume_make [-d FILE_SYSTEMS] [-n OSTS] [-s SIZE_MIB] [MKFS_OPTION...]: OST i is $T/d<i mod
# FILE_SYSTEMS>/ost<i>.
volume_make() {
	local devices=1 osts=2 size_mib=512 i args=() pools=()
	while [[ ${1:-} == -[dns] ]]; do
		case $1 in
		-d) devices=$2 ;;
		-n) osts=$2 ;;
		-s) size_mib=$2 ;;
		esac
		shift 2
	done
	for ((i = 0; i < devices; i++)); do
		fs_make "$T/d$i" "$size_mib" || return 1
	done
	MDT=$T/d0/mdt
	mkdir "$MDT"
	for ((i = 0; i < osts; i++)); do
		OST[i]=$T/d$((i % devices))/ost$i
		mkdir "${OST[i]}"
		args+=(--ost "${OST[i]}")
	done
	mkfs.lovfs --fsname "$FSNAME" --mdt "$MDT" "${args[@]}" "$@" || return 1
	[[ $ENGINE == lustre ]] || return 0
	while (($#)); do
		[[ $1 != --pool ]] || pools+=("${2//,/ }")
		shift
	done
	engine_targets "${pools[@]}"
}

volume_mounted() { grep -q " $MNT fuse" /proc/self/mounts; }

# volume_mount [LOVFS_OPTION...]: serves $MDT on $MNT; returns when it is mounted. Sets DAEMON to
# its process id.
volume_mount() {
	volume_serve "$MDT" "$MNT" "$@"
}

# volume_serve MDT MOUNTPOINT [LOVFS_OPTION...]
volume_serve() {
	local i
	# bats waits for whoever holds its descriptors.
	lovfs -f "$@" >>"$DAEMON_LOG" 2>&1 3>&- 4>&- &
	DAEMON=$!
	for ((i = 0; i < 200; i++)); do
		grep -q " $2 fuse" /proc/self/mounts && return 0
		if ! kill -0 "$DAEMON" 2>/dev/null; then
			echo "lovfs ended before it served $2:" >&2
			cat "$DAEMON_LOG" >&2
			DAEMON=
			return 1
		fi
		sleep 0.05
	done
	echo "lovfs doesn't serve $2 after 10 seconds" >&2
	return 1
}

# unmount_soon MOUNT_POINT: what is mounted just now may be busy for a moment, if somebody on this
# machine looks into new mounts.
unmount_soon() {
	local i
	for ((i = 0; i < 20; i++)); do
		umount "$1" 2>/dev/null && return
		sleep 0.05
	done
	umount "$1"
}

# volume_unmount: unmounts and waits for the daemon, whose exit status it returns.
volume_unmount() {
	unmount_soon "$MNT" || return 1
	volume_wait
}

# volume_stop [SIGNAL]: ends the daemon by SIGTERM or another signal, and waits for it.
volume_stop() {
	kill -"${1:-TERM}" "$DAEMON"
	volume_wait
}

# volume_kill: a crash. The mount point is left clean for another volume_mount.
volume_kill() {
	kill -KILL "$DAEMON"
	volume_wait || true
	umount -l "$MNT" 2>/dev/null || true
}

# volume_wait: waits up to 20 seconds for the daemon to end; returns its exit status.
volume_wait() {
	local pid=$DAEMON i
	[[ -n $pid ]] || return 0
	for ((i = 0; i < 400; i++)); do
		if ! kill -0 "$pid" 2>/dev/null; then
			DAEMON=
			wait "$pid"
			return
		fi
		sleep 0.05
	done
	echo "lovfs ($pid) doesn't end" >&2
	return 1
}

volume_remount() { volume_unmount && volume_mount "$@"; }

# --- for the tests themselves ---

# random_file PATH BYTES
random_file() { head -c "$2" /dev/urandom >"$1"; }

# same FILE FILE: equal contents, or says where they differ.
same() { cmp -- "$1" "$2"; }

# object_count: objects on all OSTs of the volume.
object_count() { find "${OST[@]/%//O}" -type f 2>/dev/null | wc -l; }

# as_user COMMAND...: runs it as nobody, without capabilities.
as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }

# fails_with STATUS TEXT COMMAND...: COMMAND must exit with STATUS and say TEXT (a fixed string) on
# standard error.
fails_with() {
	local want=$1 text=$2 status=0
	shift 2
	"$@" >"$T/stdout" 2>"$T/stderr" || status=$?
	if ((status != want)) || ! grep -qF -- "$text" "$T/stderr"; then
		echo "wanted status $want and '$text' from: $*" >&2
		echo "got status $status and: $(<"$T/stderr")" >&2
		return 1
	fi
}

# need COMMAND...: skips the test where one is not installed.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

# --- files that stay open ---

# hold FILE BYTES...: appends that many to each and keeps them open, so that no close tells the
# daemon anything. Sets HOLDER.
hold() {
	rm -f "$T/written"
	python3 - "$T/written" "$@" <<-'END' 3>&- 4>&- &
		import os, sys, time
		held = []
		for path, size in zip(sys.argv[2::2], sys.argv[3::2]):
		    held.append(os.open(path, os.O_WRONLY | os.O_APPEND))
		    assert os.write(held[-1], os.urandom(int(size))) == int(size)
		open(sys.argv[1], "w").close()
		time.sleep(50)
	END
	HOLDER=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -e "$T/written" ] || return 0
		sleep 0.05
	done
	return 1
}
let_go() {
	kill "$HOLDER" || true
	wait "$HOLDER" || true
}
