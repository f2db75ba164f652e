# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the parts of tools/check-long that run commands in fresh trees of Debian: source it.

logs=${LONG_LOGS:?run this by tools/check-long}
count=0 failed=0 child=

# A signal ends the command that runs; it is waited for, so that it can undo what it has made.
trap 'failed=1 stopped=1; [[ -z $child ]] || kill -TERM "$child" 2>/dev/null' INT TERM HUP
stopped=

# plan RELEASE... -- POINTS: skips all when the releases can't be had.
plan() {
	local releases=() why status=0
	while [[ $1 != -- ]]; do
		releases+=("$1")
		shift
	done
	why=$(tools/in-debian --prepare "${releases[@]}" 2>&1) || status=$?
	if ((status == 77)); then
		echo "1..0 # SKIP ${why##*$'\n'}"
		exit 0
	fi
	echo "$why" >&2
	((status == 0)) || exit 1
	echo "1..$2"
}

# logged LOG COMMAND...: its status.
logged() {
	local log=$1 status
	shift
	[[ -z $stopped ]] || return 143
	echo "$*: in $log" >&2
	"$@" >"$log" 2>&1 </dev/null &
	child=$!
	wait "$child"
	status=$?
	while kill -0 "$child" 2>/dev/null; do
		wait "$child"
		status=$?
	done
	child=
	return "$status"
}

# point STATUS TEXT: one outcome.
point() {
	local word=ok
	(($1 == 0)) || { word='not ok' failed=1; }
	echo "$word $((++count)) - $2"
}
