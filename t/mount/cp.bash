# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the tests of lov cp, after lib: two file systems of type $FS, $A with what is copied and $B,
# and looks at whole trees.

setup() {
	lov_setup
	A=$T/a
	B=$T/b
	fs_make "$A"
	fs_make "$B"
	mkdir "$A/src"
	S=$A/src
	cd "$T" || return
}

# same_tree DIR DIR: equal in all that can be seen, or says where they differ.
same_tree() {
	"$LIB_DIR/tree_text" "$1" >"$T/tree.1" && "$LIB_DIR/tree_text" "$2" >"$T/tree.2" || return 1
	diff "$T/tree.1" "$T/tree.2" | head -n 20
	cmp -s "$T/tree.1" "$T/tree.2"
}

# nothing_temporary DIR...: no copy that wasn't finished lies about.
nothing_temporary() {
	local found
	found=$(find "$@" -name '*.lov??????')
	[[ -z $found ]] || {
		echo "left: $found" >&2
		return 1
	}
}

# all_whole DIR DIR: whatever has a name in the second has the data of its twin in the first.
all_whole() {
	local name
	while IFS= read -r -d '' name; do
		cmp -- "$1/$name" "$2/$name" || return 1
	done < <(cd "$2" && find . -type f -print0)
}

# cp_begin ARGUMENT...: lov cp in the background. Sets CP.
cp_begin() {
	# bash starts background jobs with SIGINT ignored; env puts that right.
	env --default-signal=INT lov cp "$@" >"$T/cp.out" 2>"$T/cp.err" 3>&- 4>&- &
	CP=$!
}

# cp_ended SECONDS: waits for it; its status is in CP_STATUS.
cp_ended() {
	CP_STATUS=0
	timeout "$1" tail --pid="$CP" -s 0.05 -f /dev/null || return 1
	wait "$CP" || CP_STATUS=$?
}
