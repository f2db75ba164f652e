#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov cp without root and without a mount: operands, options, what is said, what is refused.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir src
	echo one >src/one
	echo two >src/two
	ln -s one src/link
	BATS_TEST_TIMEOUT=60
}

# says STATUS TEXT ARGUMENT...: lov cp exits with STATUS and says TEXT on standard error.
says() {
	run --separate-stderr lov cp "${@:3}"
	echo "lov cp ${*:3}: $status: $stderr"
	[ "$status" -eq "$1" ]
	[[ $stderr == *"$2"* ]]
}

# succeeds ARGUMENT...: without a word.
succeeds() {
	run --separate-stderr lov cp "$@"
	echo "lov cp $*: $status: $stderr"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -z "$stderr" ]
}

@test "usage errors" {
	says 2 "which files?"
	says 2 "where is 'src/one' to be copied to?" src/one
	says 2 "-t and -T exclude each other" -t src -T src/one
	says 2 "'c' is too much" -T a b c
	says 2 "option --jobs: '0'" -j 0 a b
	says 2 "option --bandwidth: 'soon'" -W soon a b
	says 2 "option --memory: " --memory 1k src/one b
	says 2 "option --threads: '65'" --threads 65 a b
	[ ! -e b ]
}

@test "a file to a name, over a file, into a directory" {
	succeeds src/one new
	cmp src/one new
	succeeds src/two new
	cmp src/two new
	mkdir dir
	succeeds src/one dir
	succeeds src/two src/one dir
	cmp src/two dir/two
	succeeds -t dir src/link
	# Without -r a link stands for its file.
	[ ! -L dir/link ]
	cmp src/one dir/link
	succeeds -T src/one dir/other
	[ -z "$(find . -name '*.lov*')" ]
}

@test "a link to a file is written through, as by cp" {
	echo old >file
	ln -s file link
	succeeds src/one link
	[ -L link ]
	cmp src/one file
}

@test "a tree to a name, into a directory, its contents" {
	succeeds -r src copy
	diff -r --no-dereference src copy
	mkdir dir
	succeeds -a src/ dir
	diff -r --no-dereference src dir/src
	mkdir inside
	succeeds -R src/. inside
	diff -r --no-dereference src inside
	succeeds -rT src new
	succeeds -rT src new
	[ ! -e new/src ]
	succeeds -r src slash/
	diff -r --no-dereference src slash
}

@test "-p keeps mode and times, without it neither" {
	chmod 640 src/one
	touch -d 2001-02-03 src/one
	succeeds -p src/one kept
	[ "$(stat -c '%a %Y' kept)" = "$(stat -c '%a %Y' src/one)" ]
	(umask 077 && lov cp src/one new)
	[ "$(stat -c %a new)" = 600 ]
	[ new -nt src/one ]
}

@test "-n leaves what is there" {
	echo old >file
	succeeds -n src/one file
	[ "$(cat file)" = old ]
	mkdir -p dir/src
	echo old >dir/src/one
	succeeds -rn src dir
	[ "$(cat dir/src/one dir/src/two)" = "$(printf 'old\ntwo')" ]
}

@test "what can't be is refused, and says why" {
	says 1 "src: is a directory; -r copies it" src new
	says 1 "src: a directory cannot be copied into itself" -r src src/new
	says 1 "src/one: source and destination are the same file" src/one src
	says 1 "src/one: source and destination are the same file" src/one ./src/../src/one
	says 1 "nothing: cannot be examined: No such file or directory" nothing new
	says 1 "new/: is not a directory" src/one new/
	says 1 "src/two: is not a directory" src/one src/one src/two
	mkfifo fifo
	says 1 "fifo: is not a regular file" fifo new
	says 1 "src/one: the destination is not a regular file" src/one fifo
	mkdir -p dir/one
	says 1 "src/one: a directory of that name is in the destination" src/one dir
	[ "$(cat src/one)" = one ]
	[ ! -e new ]
}

@test "some fail: the others are copied, and the status is 3" {
	mkdir dir other
	echo other >other/one
	says 3 "nothing: " src/one nothing src/two dir
	cmp src/one dir/one
	cmp src/two dir/two
	says 3 "other/one: an operand before it has the same name" src/one other/one dir
	cmp src/one dir/one
}

@test "-v and --json say what was copied, and how" {
	command -v python3 >/dev/null || skip "python3 is not installed"
	run --separate-stderr lov cp -v src/one new
	[[ $output == "src/one -> new: "*"4"*" in "*" s: "*" bytes shared, "*" in the kernel, "*" holes" ]]
	name=$'odd \xff\n"name'
	echo odd >"src/$name"
	mkdir dir
	status=0
	lov cp -r --json src nothing dir >out 2>err || status=$?
	[ "$status" -eq 3 ]
	python3 - <<-'END'
		import json
		them = {e["path"]: e for e in json.load(open("out"))}
		assert len(them) == 6, them
		assert them["src/one"]["copied"] and them["src/one"]["copied_bytes"] == 4
		assert sum(them["src/one"]["moved"].values()) == 4
		assert them["src/one"]["destination"] == "dir/src/one"
		assert not them["nothing"]["copied"] and "No such file" in them["nothing"]["error"]
		assert "error" not in them["src/two"]
		assert them['src/odd \ufffd\n"name']["copied"]
	END
	cmp "src/$name" "dir/src/$name"
}

@test "files of /proc, which say that they are empty" {
	[ -r /proc/self/status ] || skip "there is no /proc"
	succeeds /proc/version version
	cmp /proc/version version
	: >empty
	succeeds empty copy
	[ -f copy ] && [ ! -s copy ]
}

@test "limits, buffers, verification" {
	head -c 3000001 /dev/urandom >big
	truncate -s 8M big
	succeeds --verify --sync --memory 1M --threads 3 -j 2 big copy
	cmp big copy
	succeeds -W 50M big limited
	cmp big limited
}

@test "a signal ends it at once, and nothing half copied is left" {
	head -c 50M /dev/zero | tr '\0' x >big
	mkdir dir
	lov cp -W 1 big src/one dir 3>&- &
	pid=$!
	sleep 0.7
	start=$(date +%s%N)
	kill -INT "$pid" 2>/dev/null || kill -TERM "$pid"
	kill -TERM "$pid" 2>/dev/null || true
	status=0
	wait "$pid" || status=$?
	echo "status $status, after $((($(date +%s%N) - start) / 1000000)) ms"
	((status > 128))
	(($(date +%s%N) - start < 1000000000))
	[ ! -e dir/big ]
	[ -z "$(find . -name '*.lov*')" ]
}

# unread_ended PID: a signal ends it, soon, though the pipe "unread" of this shell is full, and
# nothing half copied is left.
unread_ended() {
	local start status=0 before=-1 now
	# It is stuck once nothing changes any more.
	until now=$(find dst -type f 2>/dev/null | wc -l) && ((now > 0 && now == before)); do
		before=$now
		sleep 0.5
	done
	start=$(date +%s%N)
	kill -TERM "$1"
	timeout 20 tail --pid="$1" -s 0.05 -f /dev/null || kill -KILL "$1"
	wait "$1" || status=$?
	echo "status $status, after $((($(date +%s%N) - start) / 1000000)) ms, $now files"
	[ "$status" -eq 143 ]
	[ -z "$(find . -name '*.lov*')" ]
}

@test "a signal ends it when nobody reads its output or its messages" {
	local long
	long=$(printf 'x%.0s' {1..200})
	mkdir many
	(cd many && seq -f "$long%g" 1000 | xargs touch)
	mkfifo unread
	exec 8<>unread
	lov cp -r -v many dst >unread 3>&- 8>&- &
	unread_ended $!
	rm -r dst
	# Without its own reader the message waits in the pipe that is full still.
	lov cp -r -v --threads 1 -j 1 many dst 2>unread >&2 3>&- 8>&- &
	unread_ended $!
	exec 8>&-
}

@test "a reader that goes away ends no copy" {
	# shellcheck disable=SC2016 # for that bash
	run --separate-stderr bash -c 'exec 8> >(true); wait $!; lov cp -r -v src dst >&8; echo $?'
	echo "$output: $stderr"
	[ "$output" = 1 ]
	[ "$stderr" = "lov: standard output: Broken pipe" ]
	cmp src/two dst/two
	# Nor does a reader of the messages.
	# shellcheck disable=SC2016 # for that bash
	run bash -c 'exec 8> >(true); wait $!; lov cp -r src nowhere/at/all dst 2>&8; echo $?'
	[ "$output" = 3 ]
	cmp src/two dst/src/two
}

@test "directories that can't be written, as their owner without privileges" {
	[ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "setpriv is not installed"
	chmod 755 . src
	mkdir src/sub
	echo three >src/sub/three
	chmod 555 src/sub src
	mkdir -m 777 place
	as=()
	if [ "$(id -u)" -eq 0 ]; then
		# The checkout may be in a home that others can't enter.
		cp "$(command -v lov)" .
		chmod -R o+rX "$BATS_TEST_TMPDIR"
		as=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
		"${as[@]}" test -r src/one || skip "an ordinary user can't enter $BATS_TEST_TMPDIR"
		PATH=$PWD:$PATH
	fi
	"${as[@]}" lov cp -r src place
	diff -r --no-dereference src place/src
	[ "$(stat -c %a place/src/sub place/src)" = $'555\n555' ]
	chmod -R u+w src place
}
