# SPDX-License-Identifier: LGPL-2.1-or-later
#
# After lib: the mount as a Lustre client's, by the double of t/double (see t/double/double.c, and
# fault.h for faults).
#
#   lustre lov migrate -c 2 f
#   lustre_fault 'SWAP:1:lose-lease,pwrite:3:EIO' lov migrate -n -c 2 f
#   (($(double_log '^ioctl SWAP_LAYOUTS') == 1))
#   nothing_forbidden

SELFTEST=$BUILD_DIR/t/double/double_selftest

# lustre COMMAND...: a program, or a function of these tests.
lustre() {
	LD_PRELOAD=$LUSTRE_DOUBLE_SO LUSTRE_DOUBLE=$MNT LUSTRE_DOUBLE_LOG=$T/double.log "$@"
}

# lustre_fault SPEC COMMAND...
lustre_fault() {
	local spec=$1
	shift
	LUSTRE_DOUBLE_FAULT=$spec lustre "$@"
}

# double_log PATTERN: how many lines of the log match the extended regular expression.
# double_log_clear: it begins anew; what lov_teardown looks for is kept.
double_log() {
	local count
	count=$(grep -scE -- "$1" "$T/double.log") || true
	echo "${count:-0}"
}
double_log_clear() {
	cat "$T/double.log" >>"$T/double.log.before" 2>/dev/null
	rm -f "$T/double.log"
}

# nothing_forbidden: and says what was.
nothing_forbidden() {
	[[ -e $T/double.log ]] || return 0
	if grep FORBIDDEN "$T/double.log" >&2; then
		return 1
	fi
}

# double_waiting [SECONDS]: waits until a command stands at a fault "wait"; double_go: lets it go
# on.
double_waiting() {
	local i
	for ((i = 0; i < ${1:-10} * 20; i++)); do
		[[ -e $T/double.log.waiting ]] && return 0
		sleep 0.05
	done
	echo "nobody waits at a fault" >&2
	return 1
}
double_go() { rm -f "$T/double.log.waiting"; }
