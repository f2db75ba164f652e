#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov migrate: the data and the file are the same afterwards, and nothing changes where it can't be
# done. What can come between: migrate_halfway.bats. Readers and writers meanwhile: concurrent.bats.

load lib
load migrate

@test "to any layout and back: data and everything else about the file stays" {
	file_make f 5000001 -c 1 -i 0
	chmod 6751 f
	chown 1234:5678 f
	chmod 4751 f
	setfattr -n user.note -v hello f
	ln f g
	touch -d '2001-02-03 04:05:06.123456789' f
	stat -c '%i %h %a %u %g %s %y' f >"$T/stat.before"
	for target in "-c 4" "-c 1 -i 3" "-C 7 -S 64k" "-o 1,3" "-p fast -c 2" "-E 1M -c 1 -E 3M -c 2 -E -1 -c -1" "-c 1 -i 0"; do
		# shellcheck disable=SC2086 # several words
		lov migrate $target f
		same "$T/data" f
		same "$T/data" g
		stat -c '%i %h %a %u %g %s %y' f >"$T/stat.after"
		same "$T/stat.before" "$T/stat.after"
		[ "$(getfattr --only-values -n user.note f)" = hello ]
	done
	[ "$(osts f)" = "[0]" ]
	[ "$(object_count)" -eq 1 ]
	cd /
	volume_remount
	same "$T/data" "$MNT/g"
}

@test "without layout options the layout stays and the objects are new" {
	file_make f 3000000 -c 2 -S 128k
	lov getstripe f | grep 0x >"$T/objects.before"
	lov migrate f
	[ "$(lov getstripe -c -S f)" = "$(printf 'lmm_stripe_count:  2\nlmm_stripe_size:   131072')" ]
	lov getstripe f | grep 0x >"$T/objects.after"
	run ! cmp -s "$T/objects.before" "$T/objects.after"
	same "$T/data" f
	lov setstripe -E 1M -c 1 -E -1 -c 3 p
	cat "$T/data" >p
	lov migrate p
	same "$T/data" p
	[ "$(lov getstripe --component-count p)" = 2 ]
}

@test "a layout as YAML and by example" {
	file_make f 100000 -c 1
	lov setstripe -c 3 -S 256k like
	lov migrate --copy like f
	[ "$(lov getstripe -c f)" = 3 ]
	lov setstripe -c 2 other
	lov getstripe -y other | lov migrate -y - f
	[ "$(lov getstripe -c f)" = 2 ]
	same "$T/data" f
}

@test "empty files, files of one byte, and files without objects" {
	: >empty
	lov setstripe -c 2 bare
	printf x >one
	lov migrate -c 3 empty bare one
	for name in empty bare one; do [ "$(lov getstripe -c "$name")" = 3 ]; done
	[ "$(stat -c %s empty bare one | tr '\n' ' ')" = "0 0 1 " ]
	[ "$(cat one)" = x ]
	echo more >>empty
	[ "$(cat empty)" = more ]
}

@test "holes stay holes, also at the end" {
	truncate -s 300M f
	random_file "$T/data" 1000000
	dd if="$T/data" of=f bs=1M seek=100 conv=notrunc status=none
	cp --sparse=always f "$T/model"
	lov migrate -v -c 2 f >"$T/said"
	cmp f "$T/model"
	[ "$(du -k f | cut -f1)" -lt 20000 ]
	[ "$(stat -c %s f)" -eq $((300 << 20)) ]
	lov migrate -c 1 -i 3 f
	cmp f "$T/model"
	[ "$(du -k f | cut -f1)" -lt 20000 ]
}

@test "several files: all are tried, and the status says how many went well" {
	for name in a b c; do echo "$name" >"$name"; done
	lov migrate -c 2 a b c
	fails_with 3 "lov migrate: missing: " lov migrate -c 3 a missing c
	[ "$(lov getstripe -c a b c | xargs)" = "3 2 3" ]
	fails_with 1 "lov migrate: missing: " lov migrate -c 3 missing "$T/data"
	printf 'a\n\nb\n' >"$T/names"
	lov migrate -c 4 --files-from "$T/names" c
	[ "$(lov getstripe -c a b c | xargs)" = "4 4 4" ]
	mv a $'odd\nname'
	printf 'odd\nname\0b\0' | lov migrate -c 1 -0 --files-from -
	[ "$(lov getstripe -c $'odd\nname' b c | xargs)" = "1 1 4" ]
	fails_with 1 "names.missing" lov migrate -c 1 --files-from "$T/names.missing"
}

@test "what isn't a file of one's own is refused" {
	file_make f 100000 -c 1
	remember f
	mkdir d
	ln -s f link
	mkfifo fifo
	fails_with 1 "lov migrate: d: is a directory" lov migrate -c 2 d
	fails_with 1 "lov migrate: d/: is a directory" lov migrate -c 2 d/
	fails_with 1 "is a directory" lov migrate -c 2 .
	fails_with 1 "lov migrate: missing: cannot migrate it: No such file or directory" lov migrate -c 2 missing
	fails_with 1 "lov migrate: link: is a symbolic link" lov migrate -c 2 link
	fails_with 1 "lov migrate: fifo: is not a regular file" lov migrate -c 2 fifo
	fails_with 1 "is neither on a lovfs volume nor on Lustre" lov migrate -c 2 "$T/data"
	chmod 666 f
	fails_with 1 "lov migrate: f: belongs to user 0; only its owner and root may migrate it" as_user lov migrate -c 2 f
	unharmed f
}

@test "a program that is running is refused" {
	cp "$(command -v sleep)" prog
	./prog 30 3>&- 4>&- &
	prog=$!
	sleep 0.2
	fails_with 1 "is a program that is running now" lov migrate -c 2 prog
	kill "$prog"
	wait "$prog" || true
	lov migrate -c 2 prog
	./prog 0
}

@test "a user migrates his own file" {
	mkdir -m 777 d
	as_user lov setstripe -c 1 d/f
	random_file "$T/data" 2000000
	cat "$T/data" >d/f
	as_user lov migrate -c 3 d/f
	[ "$(lov getstripe -c d/f)" = 3 ]
	[ "$(stat -c %u d/f)" -eq 65534 ]
	same "$T/data" d/f
	lov migrate -c 2 d/f
	[ "$(stat -c %u d/f)" -eq 65534 ]
	mkdir -m 755 e
	mv d/f e/f
	fails_with 1 "cannot make a temporary file in its directory: Permission denied" as_user lov migrate -c 1 e/f
	same "$T/data" e/f
}

@test "layouts that can't be leave the file alone" {
	file_make f 100000 -c 2
	remember f
	fails_with 1 "stripe count 5 is more than the 4 OSTs" lov migrate -c 5 f
	fails_with 1 "OST pool 'none-such'" lov migrate -p none-such f
	fails_with 1 "OST 7" lov migrate -o 7 f
	fails_with 2 "-S/--stripe-size '0'" lov migrate -S 0 f
	fails_with 2 "-S/--stripe-size '100k'" lov migrate -S 100k f
	fails_with 2 "overlaps" lov migrate -E 2M -E 1M f
	fails_with 2 "exclude each other" lov migrate -A --restripe f
	fails_with 2 "exclude each other" lov migrate -A -c 2 f
	fails_with 2 "exclude each other" lov migrate -b -n f
	fails_with 2 "option --bandwidth: 'fast'" lov migrate -W fast f
	fails_with 2 "option --threads: '0' is not a number" lov migrate --threads 0 f
	fails_with 2 "which file?" lov migrate -c 1
	fails_with 2 "--null is about --files-from" lov migrate -0 f
	unharmed f
}

@test "onto a full OST: no space, and the file is as it was" {
	file_make f $((24 << 20)) -c 1 -i 0
	# To the last block, also of those reserved for root, who migrates here; then a part of the
	# copy will fit.
	dd if=/dev/zero of="$T/d1/filler" bs=1M status=none 2>/dev/null || true
	sync -f "$T/d1/filler"
	truncate -s -8M "$T/d1/filler"
	remember f
	fails_with 1 "No space left on device" lov migrate -c 1 -i 1 f
	unharmed f
	rm "$T/d1/filler"
	sync -f "$T/d1"
	sleep 1.1 # the daemon asks for free space once a second
	lov migrate -c 1 -i 1 f
	same "$T/data" f
}

@test "-v says how the bytes moved, --stats where it is, --json both in one" {
	need jq python3
	file_make f $((4 << 20)) -c 1 -i 0
	lov migrate -v -c 1 -i 2 f >"$T/said"
	grep -Eq '^f: 4\.0M in [0-9.]+ s: [0-9]+ bytes shared, [0-9]+ in the kernel, [0-9]+ through user space \([0-9]+ by direct I/O\), 0 holes$' "$T/said"
	if offloads; then
		! fs_shares_extents || grep -q ': 4194304 bytes shared, 0 in the kernel, 0 through' "$T/said"
	else
		grep -q ': 0 bytes shared, 0 in the kernel, 4194304 through user space (4194304 by direct I/O), 0 holes' "$T/said"
		grep -qx "f: nothing was offloaded: this file system doesn't move data by itself" "$T/said"
	fi
	lov migrate -W 2 --stats --stats-interval 1 -c 1 -i 1 f >"$T/stats"
	python3 - "$T/stats" <<-'EOF'
		import sys, yaml
		lines = yaml.safe_load(open(sys.argv[1]))
		assert len(lines) >= 2, lines
		assert set(lines[0]) == {"seconds", "rmbps", "wmbps", "copied", "total", "pct"}
		assert lines[-1]["copied"] == lines[-1]["total"] == 4 << 20 and lines[-1]["pct"] == 100
	EOF
	status=0
	lov migrate --json -v --stats f missing >"$T/json" 2>"$T/stderr" || status=$?
	[ "$status" -eq 3 ]
	[ "$(jq '.[0] | .migrated and .size_bytes == 4194304' "$T/json")" = true ]
	[ "$(jq '.[0].moved | .shared_bytes + .kernel_bytes + .user_bytes' "$T/json")" -eq 4194304 ]
	[ "$(jq -r '.[1].migrated' "$T/json")" = false ]
	prints "No such file" jq -r '.[1].error' "$T/json"
}

@test "a store into a mapping during the copy is noticed, and the copy done again" {
	need python3
	file_make f $((2 << 20)) -c 1 -i 0
	python3 - f 3>&- 4>&- <<-'EOF' &
		import mmap, sys, time
		with open(sys.argv[1], "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
		    for i in range(20):
		        m[4096 * i] = 255
		        m.flush()
		        time.sleep(0.1)
	EOF
	writer=$!
	for ((i = 0; i < 20; i++)); do printf '\377' | dd of="$T/data" bs=1 seek=$((4096 * i)) conv=notrunc status=none; done
	sleep 0.3
	for target in 1 2 3 0; do lov migrate -c 1 -i "$target" f || true; done
	wait "$writer"
	lov migrate -c 4 f
	same "$T/data" f
}

@test "-A chooses the stripe count by size, --restripe takes the directory's layout" {
	mkdir "$MNT/d"
	lov setstripe -c 3 -S 128k "$MNT/d/f"
	random_file "$MNT/d/f" 500000
	cp "$MNT/d/f" "$T/f"
	lov migrate -A "$MNT/d/f"
	[ "$(lov getstripe -c "$MNT/d/f")" -eq 1 ]
	[ "$(lov getstripe -S "$MNT/d/f")" -eq 131072 ]
	truncate -s 4G "$MNT/d/sparse"
	lov migrate -A "$MNT/d/sparse"
	[ "$(lov getstripe -c "$MNT/d/sparse")" -eq 3 ]
	[ "$(stat -c %s "$MNT/d/sparse")" -eq $((4 << 30)) ]
	lov setstripe -c 2 -S 64k "$MNT/d"
	lov migrate --restripe "$MNT/d/f"
	[ "$(lov getstripe -c "$MNT/d/f")" -eq 2 ]
	lov setstripe -d "$MNT/d"
	lov migrate --restripe "$MNT/d/f"
	[ "$(lov getstripe -c "$MNT/d/f")" -eq 1 ]
	same "$T/f" "$MNT/d/f"
}

@test "a file that is the command's own standard output is refused; one that it inherited otherwise is not" {
	random_file "$MNT/f" 100000
	cp "$MNT/f" "$T/f"
	# shellcheck disable=SC2094 # on purpose
	if lov migrate -v -c 2 "$MNT/f" >>"$MNT/f" 2>"$T/said"; then
		false
	fi
	grep -qF "standard output" "$T/said"
	same "$T/f" "$MNT/f"
	# shellcheck disable=SC2094 # on purpose
	lov migrate -c 2 "$MNT/f" 8<"$MNT/f" 9<>"$MNT/f"
	[ "$(lov getstripe -c "$MNT/f")" -eq 2 ]
	same "$T/f" "$MNT/f"
}

@test "--verify reads the copy back, in all modes, and says so" {
	need jq
	file_make f 5000001 -c 1 -i 0
	truncate -s 9M f
	truncate -s 9M "$T/data"
	target=0
	for mode in "" -b -n; do
		target=$((target + 1))
		lov migrate --verify $mode -v -c 1 -i "$target" f >"$T/said"
		grep -qx 'f: read back and equal' "$T/said"
		[ "$(osts f)" = "[$target]" ]
		same "$T/data" f
	done
	# From the devices: the daemon has read it again, holes left out.
	before=$(real_lov stats --json . | jq '.[0].read_bytes')
	lov migrate --verify --json -c 4 f >"$T/json"
	[ "$(($(real_lov stats --json . | jq '.[0].read_bytes') - before))" -ge $((2 * 5000001)) ]
	[ "$(jq '.[0].verified and .[0].migrated' "$T/json")" = true ]
	: >empty
	lov setstripe -c 2 bare
	lov migrate --verify -c 3 empty bare
	[ "$(lov getstripe -c empty bare | xargs)" = "3 3" ]
	same "$T/data" f
}

@test "the ioctl that drops a file from the cache: none of its objects' pages is left" {
	need python3 fincore
	[ "$FS" != tmpfs ] || skip "tmpfs has nothing but its pages"
	file_make f $((4 << 20)) -c 2 -S 64k
	cat f >/dev/null
	resident() { find "${OST[@]/%//O}" -type f -print0 | xargs -0 fincore -nb -o PAGES | awk '{ sum += $1 } END { print sum + 0 }'; }
	[ "$(resident)" -ge 1024 ]
	# Also what is dirty; and by a descriptor for reading.
	printf x | dd of=f bs=1 seek=2000000 conv=notrunc status=none
	printf x | dd of="$T/data" bs=1 seek=2000000 conv=notrunc status=none
	python3 -c 'import fcntl, sys; fcntl.ioctl(open(sys.argv[1]), 0xB715)' f
	[ "$(resident)" -eq 0 ]
	same "$T/data" f
}
