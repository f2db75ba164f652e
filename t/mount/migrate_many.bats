#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov migrate of many files: several at once, errors in some, signals half way, and what is seen of
# it.

load lib
load migrate

# files_make COUNT BYTES: files of random data in four directories; their names are in $T/names,
# copies in $T/copy.
files_make() {
	local i
	mkdir -p d0 d1 d2 d3 "$T/copy"
	for i in d0 d1 d2 d3; do
		mkdir -p "$T/copy/$i"
		lov setstripe -c 1 -i 0 "$i"
	done
	for ((i = 0; i < $1; i++)); do
		head -c "$2" /dev/urandom >"$T/copy/d$((i % 4))/f$i"
	done
	cp -r "$T"/copy/d? .
	find d? -type f >"$T/names"
}

# all_whole: every file has the data that it had. There may be others.
all_whole() {
	local d
	for d in d0 d1 d2 d3; do
		diff -rq "$T/copy/$d" "$d" | grep -v '^Only in d[0-3]: ' && return 1
	done
	return 0
}

# on OST: how many of the files are there.
on() { xargs -d '\n' -a "$T/names" lov getstripe -i | grep -cx "$1" || true; }

# settled COUNT: soon there are so many objects, and nothing waits for anything.
settled() {
	local i
	for ((i = 0; i < 100; i++)); do
		(($(object_count) == $1)) && [ -z "$(ls "$MDT/PENDING")" ] && return 0
		sleep 0.1
	done
	echo "there are $(object_count) objects, not $1; PENDING: $(ls "$MDT/PENDING")" >&2
	return 1
}

# ended_within MS: waits for $MIGRATE, which was sent a signal at $sent_ns.
ended_within() {
	local took_ms
	migrate_ended
	took_ms=$((($(date +%s%N) - sent_ns) / 1000000))
	echo "status $MIGRATE_STATUS after $took_ms ms"
	((took_ms < $1))
}

@test "300 files of several directories, eight at once" {
	files_make 300 16384
	lov migrate -j 8 -c 1 -i 1 --files-from "$T/names"
	[ "$(on 1)" -eq 300 ]
	all_whole
	settled 300
	tr '\n' '\0' <"$T/names" | lov migrate -j 8 -c 1 -i 2 -0 --files-from -
	[ "$(on 2)" -eq 300 ]
	# More at once than there are files, and one: the same.
	lov migrate -j 256 -c 1 -i 3 d0/f0 d1/f1
	[ "$(on 3)" -eq 2 ]
	lov migrate -j 1 -c 2 d0/* d1/*
	[ "$(xargs -d '\n' -a "$T/names" lov getstripe -c | grep -cx 2)" -eq 150 ]
	all_whole
	settled $((150 * 2 + 150))
	fails_with 2 "option --jobs: '0' is not a number" lov migrate -j 0 d0/f0
}

# peak_mib COMMAND...: the most memory that the command had at once. PEAK.
peak_mib() {
	PEAK=$(python3 -c 'import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(done.returncode)' "$@") || return 1
	echo "$*: $PEAK MiB"
}

@test "16 large files at once have as much memory together as is said" {
	local i
	need python3
	lov setstripe -c 1 -i 0 .
	head -c $((24 << 20)) /dev/urandom >"$T/data"
	for ((i = 0; i < 16; i++)); do cat "$T/data" >"f$i"; done
	peak_mib lov migrate -b --verify -j 16 -c 1 -i 1 f*
	((PEAK < 128 + 24))
	for ((i = 0; i < 16; i++)); do
		cmp "$T/data" "f$i"
		[ "$(lov getstripe -i "f$i")" = 1 ]
	done
	peak_mib lov migrate -b -c 1 -i 2 f0
	((PEAK < 32 + 24))
	cmp "$T/data" f0
}

@test "some fail, the others are done; --errors lists those, and they can be tried again" {
	local names="$T/names"
	chmod 777 .
	files_make 100 16384
	cp "$(command -v sleep)" d0/prog
	chown -R 65534 d0 d1 d2 d3
	chmod 666 d1/f1
	chown 0 d1/f1
	./d0/prog 60 3>&- 4>&- &
	prog=$!
	mkdir d0/dir
	printf '%s\n' d0/prog d0/dir missing >>"$names"
	fails_with 3 "lov migrate: d1/f1: belongs to user 0" \
		as_user lov migrate -j 8 -c 1 -i 1 --errors - --files-from "$names"
	sort "$T/stdout" >"$T/errors"
	[ "$(tr '\n' ' ' <"$T/errors")" = "d0/dir d0/prog d1/f1 missing " ]
	grep -q "lov migrate: d0/prog: is a program that is running now" "$T/stderr"
	grep -q "lov migrate: d0/dir: is a directory" "$T/stderr"
	grep -q "lov migrate: missing: " "$T/stderr"
	[ "$(wc -l <"$T/stderr")" -eq 4 ]
	head -100 "$names" >"$T/good"
	mv "$T/good" "$names"
	[ "$(on 1)" -eq 99 ]
	all_whole
	kill "$prog"
	wait "$prog" || true
	rmdir d0/dir
	mv d2/f2 missing
	# The list is the one that is read, and is replaced.
	cp "$T/errors" "$T/list"
	fails_with 3 "lov migrate: d0/dir: " lov migrate -c 1 -i 1 --errors "$T/list" --files-from "$T/list"
	[ "$(cat "$T/list")" = d0/dir ]
	: >d0/dir
	lov migrate -c 1 -i 1 --errors "$T/list" --files-from "$T/list"
	[[ -f $T/list && ! -s $T/list ]]
	[ "$(ls "$T"/list*)" = "$T/list" ]
	fails_with 1 "lov migrate: none: " lov migrate -c 1 --errors "$T/list" none
	fails_with 1 "$T/no/list: cannot make it" lov migrate -c 1 --errors "$T/no/list" missing
	mv missing $'odd\nname'
	chmod 000 $'odd\nname'
	fails_with 3 "1 name with a newline left out: use --null" \
		as_user lov migrate --errors - $'odd\nname' d0/f0
	[ ! -s "$T/stdout" ]
	fails_with 3 "" as_user lov migrate -0 --errors - $'odd\nname' d0/f0
	printf 'odd\nname\0' | cmp - "$T/stdout"
}

@test "signals half way: soon over, every file whole, nothing left behind; the rest is done from --errors" {
	files_make 300 65536
	for signal in INT TERM HUP; do
		lov migrate -c 1 -i 0 --files-from "$T/names"
		env --default-signal=INT lov migrate -j 8 -W 8 -c 1 -i 1 --errors "$T/errors" --files-from "$T/names" \
			>"$T/migrate.out" 2>"$T/migrate.err" 3>&- 4>&- &
		MIGRATE=$!
		sleep 0.8
		kill -"$signal" "$MIGRATE"
		sent_ns=$(date +%s%N)
		ended_within 1500
		[ "$MIGRATE_STATUS" -eq $((128 + $(kill -l "$signal"))) ]
		all_whole
		settled 300
		done=$(on 1)
		echo "$done done"
		((done > 10 && done < 250))
		[ "$(wc -l <"$T/errors")" -eq $((300 - done)) ]
		lov migrate -c 1 -i 1 --errors "$T/errors" --files-from "$T/errors"
		[ ! -s "$T/errors" ]
		[ "$(on 1)" -eq 300 ]
	done
	all_whole
}

@test "a signal while nobody reads what it says: soon over, every file whole, nothing left behind" {
	files_make 300 4096
	mkfifo "$T/unread"
	exec 8<>"$T/unread"
	# Full: there is no room for a line.
	dd if=/dev/zero of="$T/unread" bs=4096 oflag=nonblock status=none 2>/dev/null || true
	for out in 1 2; do
		lov migrate -c 1 -i 0 --files-from "$T/names"
		if ((out == 1)); then
			lov migrate -v -j 8 -c 1 -i 1 --files-from "$T/names" >"$T/unread" 3>&- 4>&- 8>&- &
		else
			lov migrate -j 8 -c 1 -i 1 d0 d1 d2 d3 --files-from "$T/names" 2>"$T/unread" 3>&- 4>&- 8>&- &
		fi
		MIGRATE=$!
		sleep 1.5
		kill -TERM "$MIGRATE"
		sent_ns=$(date +%s%N)
		ended_within 1500
		[ "$MIGRATE_STATUS" -eq 143 ]
		all_whole
		settled 300
	done
	exec 8>&-
	lov migrate -c 1 -i 1 --files-from "$T/names"
	all_whole
}

@test "killed half way: every file whole, nothing left behind" {
	files_make 300 65536
	lov migrate -j 8 -W 8 -c 1 -i 1 --files-from "$T/names" 3>&- 4>&- &
	MIGRATE=$!
	sleep 0.8
	kill -KILL "$MIGRATE"
	migrate_ended
	all_whole
	settled 300
}

@test "SIGUSR1: a line on standard error that says where it is, and nothing else happens" {
	files_make 300 65536
	lov migrate -j 8 -W 8 -c 1 -i 1 --files-from "$T/names" 2>"$T/migrate.err" 3>&- 4>&- &
	MIGRATE=$!
	for ((i = 0; i < 3; i++)); do
		sleep 0.4
		kill -USR1 "$MIGRATE"
	done
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	cat "$T/migrate.err"
	# Whoever else sends one gets a line, too.
	count=$(wc -l <"$T/migrate.err")
	[ "$count" -ge 3 ]
	[ "$(grep -Ec '^lov migrate: d[0-9]/f[0-9]+ [0-9]+/300 files +[0-9]+% [0-9.]+[KM]/19M [0-9.]+[KM]/s [0-9]:[0-9]{2} left$' "$T/migrate.err")" -eq "$count" ]
	all_whole
	# Of one file, in the middle of it; and of a verb of mirror.
	random_file f $((8 << 20))
	lov migrate -W 4 -c 1 -i 1 f 2>"$T/migrate.err" 3>&- 4>&- &
	MIGRATE=$!
	sleep 0.7
	kill -USR1 "$MIGRATE"
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	grep -Eqx 'lov migrate: f +[0-9]+% [0-9.]+M/8\.0M [0-9.]+M/s [0-9]:[0-9]{2} left' "$T/migrate.err"
	lov mirror extend -W 4 -N -c 1 -i 0 f 2>"$T/migrate.err" 3>&- 4>&- &
	MIGRATE=$!
	sleep 0.7
	kill -USR1 "$MIGRATE"
	migrate_ended
	[ "$MIGRATE_STATUS" -eq 0 ]
	grep -Eqx 'lov mirror extend: f +[0-9]+% .* left' "$T/migrate.err"
}

@test "--events: lines of JSON that add up; --json and --stats of several files at once" {
	need jq python3
	files_make 40 65536
	status=0
	lov migrate -j 8 -W 4 -v --json --stats --events -c 1 -i 1 --files-from "$T/names" missing >"$T/events" 2>"$T/stderr" || status=$?
	[ "$status" -eq 3 ]
	python3 - "$T/events" <<-'EOF'
		import json, sys
		events = [json.loads(line) for line in open(sys.argv[1])]
		kinds = [e["event"] for e in events]
		assert kinds.count("begin") == kinds.count("end") == 41, kinds
		assert kinds[-1] == "done" and kinds.count("done") == 1
		ends = [e for e in events if e["event"] == "end"]
		bad = [e for e in ends if "error" in e]
		assert [e["path"] for e in bad] == ["missing"] and "No such file" in bad[0]["error"]
		assert all(e["bytes_done"] == e["bytes_total"] == 65536 and e["migrated"] for e in ends if "error" not in e)
		last = events[-1]["all"]
		assert sum(e["bytes_done"] for e in ends) == 40 * 65536 == last["bytes_done"] == last["bytes_total"]
		assert last["files_done"] == last["files_total"] == 41 and last["files_failed"] == 1 and last["total_known"]
		under_way = set()
		for e in events:
		    assert e["all"]["bytes_done"] <= e["all"]["bytes_total"], e
		    if e["event"] == "begin": under_way.add(e["path"])
		    if e["event"] != "done": assert e["path"] in under_way, e
		    if e["event"] == "end": under_way.remove(e["path"])
		    assert len(under_way) <= 8
		done = [e["all"]["files_done"] for e in events]
		assert done == sorted(done)
	EOF
	lov migrate -j 8 --json -c 1 -i 2 d0/* missing d1/* >"$T/json" 2>"$T/stderr" || true
	jq -r '.[].path' "$T/json" >"$T/order"
	ls d0/* >"$T/wanted"
	echo missing >>"$T/wanted"
	ls d1/* >>"$T/wanted"
	same "$T/wanted" "$T/order"
	lov migrate -j 8 --stats -c 1 -i 3 d0/* d1/* >"$T/stats"
	python3 - "$T/stats" <<-'EOF'
		import sys, yaml
		text = open(sys.argv[1]).read()
		documents = list(yaml.safe_load_all(text))
		assert len(documents) == 21 and text.count("--- # d0/f") == 10 and "--- # 20 files" in text
		assert all(d[-1]["copied"] == d[-1]["total"] == 65536 for d in documents[:-1])
		assert documents[-1][-1]["copied"] == 20 * 65536
	EOF
	random_file f $((4 << 20))
	lov mirror extend -W 2 --events -v -N -c 1 f | jq -s -e 'map(.event) | .[0] == "begin" and .[-1] == "done" and index("progress") != null'
}

@test "-W is one budget for all files and jobs" {
	files_make 40 262144
	before=$(date +%s%N)
	lov migrate -j 8 -W 5 -c 1 -i 1 --files-from "$T/names"
	took_ms=$((($(date +%s%N) - before) / 1000000))
	# 10 MiB at 5 MiB a second.
	echo "$took_ms ms"
	[ "$took_ms" -gt 1900 ]
	all_whole
}

@test "a terminal gets one line for all files" {
	need script
	files_make 200 65536
	SHELL=/bin/bash TERM=xterm script -qec "lov migrate -j 8 -W 4 -c 1 -i 1 --files-from $T/names" /dev/null >"$T/seen" </dev/null
	grep -aEq 'd[0-9]/f[0-9]+ [0-9]+/200 files +[0-9]+% [0-9.]+M/[0-9]+M [0-9.]+M/s [0-9]:[0-9]{2} left' "$T/seen"
	[ "$(tail -c 4 "$T/seen" | od -An -tx1 | tr -d ' ')" = 0d1b5b4b ]
}
