#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench/lustre, with tiny sizes, on what looks like a Lustre client: what its JSON has, and that it
# leaves nothing. Needs ENGINE=lustre.

load lib
load double

# All rows take a while where others work too.
BATS_TEST_TIMEOUT=200
BENCH=$(realpath "$BATS_TEST_DIRNAME/../../bench/lustre")

setup() {
	lov_setup
	need jq python3
	[[ $ENGINE == lustre ]] || skip "measures lov on Lustre"
	volume_make -d 3 -n 6 >/dev/null
	volume_mount
	export LOV=$T/bin/lov LFS=$T/bin/nolfs
}

# lov cp copies by copy_file_range, between descriptors without O_DIRECT; the others must not.
teardown() {
	[[ ! -e $T/double.log ]] || sed -i '/^copy_file_range /d' "$T/double.log"
	lov_teardown
}

bench() { timeout 150 "$BENCH" --mib 4 --files 3 --rounds 1 "$@" 2>"$T/bench.err" || { cat "$T/bench.err"; return 1; }; }
nothing_stays() { [ -z "$(ls -A "$MNT")" ]; }

# other_lfs: a program that has the verbs, and says that it was there.
other_lfs() {
	LFS=$T/bin/lfs
	printf '#!/bin/sh\necho "$*" >>"%s"\nexec "%s" "$@"\n' "$T/lfs.log" "$LOV" >"$LFS"
	chmod 755 "$LFS"
}

# counted_lov: a lov that the client's counters of two OSTs, of this file system and of another,
# count 1000 bytes read and 10 written for.
counted_lov() {
	local where=$T/sys/sys/kernel/debug/lustre/osc
	mkdir -p "$where"/{test-OST0000-osc-ffff8f00,test-OST0001-osc-ffff8f00,other-OST0000-osc-ffff8f00}
	printf '0' >"$T/count"
	cat >"$T/bin/counted" <<-EOF
		#!/bin/bash
		n=\$((\$(<"$T/count") + 1))
		echo "\$n" >"$T/count"
		for f in "$where"/*/stats; do
			printf 'snapshot_time  1.5 secs.nsecs\nread_bytes  9 samples [bytes] 1 2 %d 7\nwrite_bytes  9 samples [bytes] 1 2 %d 7\nost_read  9 samples [usecs] 1 2 99 7\n' \$((500 * n)) \$((5 * n)) >"\$f"
		done
		exec "$LOV" "\$@"
	EOF
	chmod 755 "$T/bin/counted"
	for f in "$where"/*; do : >"$f/stats"; done
	LOV=$T/bin/counted
}

# json_is_right FILE: each row has both sides with every number, and positive times.
json_is_right() {
	python3 - "$1" "${@:2}" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		side, names = sys.argv[2], sys.argv[3:]
		assert list(r["rows"]) == names, list(r["rows"])
		assert r["about"]["file_system"] == "double" and r["about"]["mib"] == 4 and r["about"]["rounds"] == 1
		assert r["about"]["lov"].startswith("lov "), r["about"]
		for name, row in r["rows"].items():
		    expected = "cp" if name == "cp-r" else side
		    assert row["beside"] == expected, (name, row["beside"])
		    for one in (row["lov"], row[expected]):
		        assert one["seconds"] > 0 and len(one["all_seconds"]) == 1 and one["cpu_s"] > 0, (name, one)
		        for key in ("kernel_threads_cpu_s", "machine_cpu_s", "rpc_read_bytes", "rpc_written_bytes", "asked_read_bytes",
		                    "asked_written_bytes", "load_1min"):
		            assert key in one, (name, key)
		    ratio = row["lov"]["seconds"] / row[expected]["seconds"]
		    assert abs(row["time_ratio"] - ratio) < 1e-9 and row["cpu_ratio"] > 0, (name, row)
	END
}

ALL="migrate migrate-quarter n1 n2 n4 n8 resync-full extend small resync-4k resync-sums cp-r"

@test "every row beside lfs, in JSON" {
	other_lfs
	bench --json "$MNT" >"$T/json"
	# shellcheck disable=SC2086 # several words
	json_is_right "$T/json" lfs $ALL
	nothing_stays
	# Twice each: one to warm up.
	[ "$(grep -c '^migrate -c 2 ' "$T/lfs.log")" -eq 4 ]
	[ "$(grep -c '^mirror extend -N2 -c 2 ' "$T/lfs.log")" -eq 2 ]
	nothing_forbidden
}

@test "beside cp where there is no lfs, as text" {
	bench --only migrate,resync-4k,cp-r "$MNT" >"$T/text"
	cat "$T/text"
	grep -q '^file_system: double$' "$T/text"
	grep -Eq '^migrate +lov +[0-9.]+ +[0-9.]+ +- ' "$T/text"
	(($(grep -cE '^ +cp +[0-9.]+' "$T/text") == 3))
	nothing_stays
	bench --json --only resync-4k,small "$MNT" >"$T/json"
	json_is_right "$T/json" cp resync-4k small
	# Of 2 MiB both mirrors are read, and what changed is written; cp writes all.
	[ "$(jq '.rows["resync-4k"].lov.asked_read_bytes' "$T/json")" -ge 4194304 ]
	[ "$(jq '.rows["resync-4k"].lov.asked_written_bytes' "$T/json")" -lt 200000 ]
	[ "$(jq '.rows["resync-4k"].cp.asked_written_bytes' "$T/json")" -ge 2097152 ]
}

@test "RPC bytes are the sums of the client's counters, of this file system" {
	counted_lov
	bench --json --sys "$T/sys" --only migrate "$MNT" >"$T/json"
	[ "$(jq '.rows.migrate.lov.rpc_read_bytes' "$T/json")" -eq 1000 ]
	[ "$(jq '.rows.migrate.lov.rpc_written_bytes' "$T/json")" -eq 10 ]
	[ "$(jq '.rows.migrate.cp.rpc_read_bytes' "$T/json")" -eq 0 ]
	bench --json --only migrate "$MNT" >"$T/json"
	[ "$(jq '.rows.migrate.lov.rpc_read_bytes' "$T/json")" = null ]
}

# slow_lov: a lov whose migrate doesn't end; a child of it has its PID in $T/slow.
slow_lov() {
	cat >"$T/bin/slow" <<-EOF
		#!/bin/sh
		[ "\$1" != migrate ] || sh -c 'echo \$\$ >"$T/slow.new"; mv "$T/slow.new" "$T/slow"; exec sleep 600'
		exec "$LOV" "\$@"
	EOF
	chmod 755 "$T/bin/slow"
	LOV=$T/bin/slow
}

@test "a signal while it measures: nothing stays, and nothing runs on" {
	local child i
	slow_lov
	"$BENCH" --mib 4 --files 3 --only migrate "$MNT" >/dev/null 2>&1 3>&- 4>&- &
	child=$!
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$T/slow" ] || break
		sleep 0.1
	done
	[ -n "$(ls -A "$MNT")" ]
	kill -TERM "$child"
	timeout 60 tail --pid="$child" -f /dev/null
	wait "$child" && return 1
	run ! kill -0 "$(<"$T/slow")"
	nothing_stays
}

@test "what is no Lustre is refused with a reason, and so is nonsense" {
	fails_with 1 "is not on Lustre" "$BENCH" "$T"
	LOV=$BUILD_DIR/src/cli/lov fails_with 1 "is not on Lustre" "$BENCH" "$MNT"
	fails_with 2 "there is no row 'x'" "$BENCH" --only x "$MNT"
	fails_with 2 "--mib is at least 4" "$BENCH" --mib 1 "$MNT"
	nothing_stays
}
