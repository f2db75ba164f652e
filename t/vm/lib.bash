# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For scripts that run inside of tools/vm: . lib.bash. A script says what it has found right, and
# ends at the first thing that isn't.
#
#   volume_start             a volume on an XFS image in memory, served on $MNT; $T is ours
#   nfsd_start DIR OPTIONS   exports DIR by NFS 3 and 4.2 to this machine (exports(5)'s options)
#   nfs_mount VERSION DIR    mounts what is exported, $MNT with fsid=0, on DIR, without caching of
#                            attributes
#   step TEXT                what comes next
#
# BUILD_DIR: where lovfs and the tools were built.

set -eEu -o pipefail
trap 'echo "FAILED in line $LINENO of $0, after: $STEP" >&2; dmesg | tail -n 20 >&2; cat "$T"/*.log >&2' ERR
BUILD_DIR=${BUILD_DIR:?BUILD_DIR is not set}
PATH=$BUILD_DIR/src/lovfsd:$BUILD_DIR/src/cli:$BUILD_DIR/t/mount:$PATH
T=/run/test
MNT=$T/mnt
STEP=start
mkdir -p "$T" "$MNT"
for module in loop xfs fuse nfsd nfs nfsv3 nfsv4 lockd; do
	modprobe "$module"
done

step() {
	STEP=$1
	echo "- $1"
}

# wait_until COMMAND...: until it succeeds, 30 seconds at most.
wait_until() {
	local i
	for ((i = 0; i < 150; i++)); do
		"$@" >"$T/waited.log" 2>&1 && return
		sleep 0.2
	done
	return 1
}

lovfs_start() {
	# Not with what the script holds open.
	lovfs "$T/fs/mdt" "$MNT" 7<&- 8<&- 9<&-
}

# The daemon has ended when nobody has its lock.
lovfs_stop() {
	umount "$MNT"
	flock -w 60 "$T/fs/mdt/lock" true
}

volume_start() {
	mkdir -p "$T/fs"
	truncate -s 700M "$T/fs.img"
	mkfs.xfs -q "$T/fs.img"
	mount -o loop "$T/fs.img" "$T/fs"
	mkdir "$T/fs/mdt" "$T/fs/ost0" "$T/fs/ost1"
	mkfs.lovfs --fsname test --mdt "$T/fs/mdt" --ost "$T/fs/ost0" --ost "$T/fs/ost1" >"$T/mkfs.log"
	lovfs_start
}

# Starts the servers if they don't run yet.
nfsd_start() {
	mkdir -p /var/lib/nfs/v4recovery /run/rpcbind /run/sendsigs.omit.d
	touch /etc/exports /var/lib/nfs/{etab,rmtab,state}
	grep -q ' /proc/fs/nfsd ' /proc/self/mounts || mount -t nfsd nfsd /proc/fs/nfsd
	# What the packages' installation would have made.
	grep -q ^_rpc: /etc/passwd || echo "_rpc:x:987:65534::/run/rpcbind:/usr/sbin/nologin" >>/etc/passwd
	pidof rpcbind >/dev/null || rpcbind >"$T/rpcbind.log" 2>&1
	wait_until rpcinfo -p 127.0.0.1
	pidof rpc.mountd >/dev/null || rpc.mountd >"$T/mountd.log" 2>&1
	exportfs -o "$2" "127.0.0.1:$1"
	nfsd_restart
}

# No grace period in which nobody may open anything: nobody had anything open.
nfsd_restart() {
	rpc.nfsd 0
	echo 2 >/proc/sys/fs/nfs/nlm_grace_period 2>/dev/null || true
	rpc.nfsd --grace-time 10 --lease-time 10 4 >"$T/nfsd.log" 2>&1
}

# By NFS 4 the export with fsid=0 is the root: the directories above it, which it would show
# otherwise, can't be exported here.
nfs_mount() {
	local path=$MNT
	[[ $1 == 3 ]] || path=/
	mkdir -p "$2"
	mount -t nfs -o "vers=$1,noac,nolock,soft,timeo=100,retrans=3,sec=sys" "127.0.0.1:$path" "$2"
}
