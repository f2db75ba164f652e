#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lov cp: trees and their attributes, compared with what cp -a makes of them; names that exist; what
# is refused.

load lib
load cp

# as_cp_a [OPTION...]: $S copied by lov cp -r to either file system is what cp -a makes there.
as_cp_a() {
	local to
	for to in "$A" "$B"; do
		cp -a -T "$S" "$to/theirs"
		lov cp -r "$@" -T "$S" "$to/ours"
		same_tree "$to/theirs" "$to/ours" || return 1
		nothing_temporary "$to"
		rm -rf "$to/theirs" "$to/ours"
	done
}

# as_it_was: the copy is like $S itself. cp -a leaves what an ACL of the directory gave to the copy,
# with coreutils 9.7.
as_it_was() {
	local to
	for to in "$A" "$B"; do
		lov cp -r -T "$S" "$to/ours"
		same_tree "$S" "$to/ours" || return 1
		nothing_temporary "$to"
		rm -rf "$to/ours"
	done
}

# A little of everything.
tree_make() {
	local i
	mkdir -p "$1"/d{0,1,2}/e{0,1}/f
	for i in 0 1 2; do
		random_file "$1/d$i/small" $((i * 5000 + 1))
		random_file "$1/d$i/e0/f/page" 4096
		: >"$1/d$i/e1/empty"
		ln -s "nowhere/$i" "$1/d$i/dangling"
		ln "$1/d$i/small" "$1/d$i/e1/another name"
	done
	ln -s ../d1 "$1/d0/dir"
	random_file "$1/large" $((20 << 20))
}

@test "modes, owners, times to the nanosecond, set-id bits" {
	tree_make "$S"
	chmod 4755 "$S/d0/small"
	chmod 2710 "$S/d0/e0"
	chmod 1777 "$S/d1"
	chmod 000 "$S/d1/e1/empty" "$S/d2/e0"
	chmod 444 "$S/d1/small"
	chmod 6511 "$S/large"
	chown 1234:5678 "$S/d1/small" "$S/d2"
	chown -h 77:88 "$S/d1/dangling"
	chmod 4755 "$S/d1/small"
	chown 0:4242 "$S/d0/e0/f/page"
	chmod 2755 "$S/d0/e0/f/page"
	touch -h -d '1999-12-31 23:59:59.123456789' "$S/d0/dangling"
	touch -d '2001-02-03 04:05:06.000000001' "$S/d0/small"
	touch -d '1965-01-01 00:00:00.5' "$S/large"
	touch -d '2030-01-01 00:00:00.987654321' "$S/d0" "$S/d1/e1"
	as_cp_a
	as_cp_a -j 1
}

@test "times of access" {
	mkdir "$S/d"
	echo >"$S/d/f"
	ln -s f "$S/d/l"
	touch -h -a -d '2011-11-11 11:11:11.111111111' "$S/d/f" "$S/d/l"
	touch -a -d '2012-12-12 12:12:12.121212121' "$S/d"
	(cd "$S" && stat -c '%n %x' d d/f d/l) >"$T/before"
	lov cp -r "$S/d" "$B"
	(cd "$B" && stat -c '%n %x' d d/f d/l) >"$T/after"
	diff "$T/before" "$T/after"
}

@test "extended attributes and ACLs" {
	tree_make "$S"
	setfattr -n user.empty "$S/d0/small"
	setfattr -n user.bytes -v 0x000aff00 "$S/d0/small"
	setfattr -n user.dir -v text "$S/d0/e0"
	setfattr -n trusted.secret -v text "$S/d0/e1/empty"
	setfattr -h -n trusted.of_a_link -v text "$S/d0/dangling"
	setfattr -n user.long -v "$(head -c 1500 /dev/zero | tr '\0' x)" "$S/d1/small"
	setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 "$S/large"
	# More names than fit a small buffer.
	for ((i = 0; i < 60; i++)); do setfattr -n "user.an-attribute-with-a-long-name-$i" -v $i "$S/d2/e1" || break; done
	setfacl -m u:1234:r,g:99:rwx "$S/d0/small" "$S/d1/e0"
	setfacl -d -m u:1234:rw,o::- "$S/d2/e0" "$S/d1"
	setfacl -m u:7:x "$S/d2/e0"
	mkdir "$S/d1/inherits"
	echo >"$S/d1/inherits/f"
	as_cp_a
	# Into a directory that gives an ACL to what is made in it.
	setfacl -d -m u:42:rwx,g::rwx,o::rwx "$A" "$B"
	as_it_was
}

@test "names of every kind" {
	local long
	long=$(head -c 255 /dev/zero | tr '\0' n)
	mkdir "$S"/$'new\nline' "$S/-x" "$S/ blank " "$S"/$'\xff\xfe' "$S/$long"
	echo 1 >"$S"/$'new\nline'/$'a\n'
	echo 2 >"$S/-x/--help"
	echo 3 >"$S"/$'\xff\xfe'/$'\x80'
	echo 4 >"$S/$long/$long"
	echo 5 >"$S/..."
	echo 6 >"$S/back\\slash \"quoted' *?["
	ln -s $'new\nline' "$S/to"
	ln "$S/..." "$S/-x/-"
	as_cp_a
	# The same as operands, in place of what is there.
	mkdir "$B/to"
	(cd "$S" && lov cp -r -t "$B/to" -- * && lov cp -r -t "$B/to" -- *)
	rm "$S/..."
	ln -f "$S/-x/-" "$S/..."
	lov cp -r "$S/..." "$B/to"
	diff -r --no-dereference "$S" "$B/to"
	nothing_temporary "$B"
}

@test "a tree of 2000 levels, its paths longer than any may be" {
	python3 - "$S" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		for i in range(2000):
		    name = "level-%d" % i
		    os.mkdir(name)
		    if i % 50 == 0:
		        open("file", "w").write(name)
		        os.mkdir("beside")
		        open("beside/file", "w").write(name)
		        os.utime("file", ns=(10**18 + i, 10**18 + i))
		        if i:
		            os.link("file", "beside/linked")
		    os.chdir(name)
	END
	# rm knows how.
	lov cp -r -T "$S" "$B/ours"
	same_tree "$S" "$B/ours"
	(ulimit -n 256 && lov cp -r -j 2 -T "$S" "$B/few")
	same_tree "$S" "$B/few"
	rm -rf "$B/ours" "$B/few"
	lov cp -r -j 1 "$S" "$B"
	same_tree "$S" "$B/src"
}

@test "5000 small files, sixteen at once" {
	python3 - "$S" <<-'END'
		import os, sys
		for i in range(5000):
		    d = "%s/%d/%d" % (sys.argv[1], i % 7, i % 113)
		    os.makedirs(d, exist_ok=True)
		    open("%s/%d" % (d, i), "wb").write(os.urandom(i % 3000))
		for i in range(3000):
		    open("%s/flat-%d" % (sys.argv[1], i), "wb").write(b"%d" % i)
	END
	lov cp -r -j 16 -T "$S" "$B/ours"
	same_tree "$S" "$B/ours"
	# Again, over what is there.
	lov cp -r -j 16 -T "$S" "$B/ours"
	same_tree "$S" "$B/ours"
	nothing_temporary "$B"
}

@test "hard links in many directories, sixteen files at once" {
	python3 - "$S" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		for d in range(40):
		    os.mkdir("d%d" % d)
		for f in range(100):
		    names = ["d%d/f%d" % ((f * 7 + i * 11) % 40, f) for i in range(2 + f % 9)]
		    open(names[0], "wb").write(os.urandom(f * 400))
		    for n in names[1:]:
		        os.link(names[0], n)
		os.mkfifo("d0/pipe")
		os.symlink("x", "d0/link")
		for d in range(1, 10):
		    os.link("d0/pipe", "d%d/pipe" % d)
		    os.link("d0/link", "d%d/link" % d, follow_symlinks=False)
		for d in range(0, 40, 3):
		    os.chmod("d%d" % d, 0o555)
		    os.utime("d%d" % d, ns=(d, 10**18 + d))
	END
	as_cp_a -j 16
	for i in 1 2 3; do
		lov cp -r -j 16 -T "$S" "$B/ours"
		same_tree "$S" "$B/ours"
		rm -rf "$B/ours"
	done
	# Operands that share files; and over files that are one another's links already.
	lov cp -r -j 16 -t "$B" "$S"/d*
	same_tree "$S/d0" "$B/d0"
	[ "$(stat -c %i "$B/d1/pipe" "$B/d9/pipe" | uniq | wc -l)" -eq 1 ]
	lov cp -r -j 16 -t "$B" "$S"/d*
	for d in "$S"/d*; do diff <(ls "$d") <(ls "$B/${d##*/}"); done
	same_tree "$S/d0" "$B/d0"
	nothing_temporary "$B"
}

@test "devices, FIFOs, sockets" {
	mknod "$S/null" c 1 3
	mknod "$S/block" b 7 250
	mkfifo -m 640 "$S/pipe"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$S/socket"
	chown 5:6 "$S/null" "$S/pipe"
	chmod 1462 "$S/block"
	touch -d '2020-02-02 02:02:02.02' "$S/pipe" "$S/null"
	as_cp_a
	lov cp -r "$S/pipe" "$S/null" "$B"
	[[ -p $B/pipe && -c $B/null ]]
	# Special files are replaced by their like, and left alone by data.
	lov cp -r "$S/pipe" "$S/null" "$B"
	echo data >"$A/pipe"
	fails_with 1 "the destination is not a regular file: it is left alone" lov cp "$A/pipe" "$B"
	[ -p "$B/pipe" ]
	fails_with 1 "is not a regular file; -r copies it as what it is" lov cp "$S/null" "$B/other"
	# Nobody opens what may wait for ever.
	fails_with 1 "is not a regular file" timeout 5 lov cp "$S/pipe" "$B/other"
	[ ! -e "$B/other" ]
}

@test "sparse files stay sparse" {
	local at f to how
	truncate -s 5G "$S/islands"
	for at in 0 1000001 300000000 5368000000; do
		head -c 100000 /dev/urandom | dd of="$S/islands" bs=64k oflag=seek_bytes seek=$at conv=notrunc iflag=fullblock status=none
	done
	truncate -s 5G "$S/islands" "$S/hole"
	truncate -s 1 "$S/tiny"
	random_file "$S/tail" 70000
	truncate -s 10M "$S/tail"
	sync -f "$A"
	for to in "$A/ours" "$B/ours" "$B/verified"; do
		how=
		[[ $to != */verified ]] || how=--verify
		timeout 30 lov cp -r $how -T "$S" "$to"
		sync -f "$to"
		for f in islands hole tiny tail; do
			[ "$(stat -c %s "$S/$f")" -eq "$(stat -c %s "$to/$f")" ]
			echo "$to/$f: $(stat -c %b "$S/$f" "$to/$f")"
			# XFS allocates a little ahead of who writes.
			[ "$(stat -c %b "$to/$f")" -le $(($(stat -c %b "$S/$f") + 512)) ]
		done
		same "$S/tail" "$to/tail"
		for at in 0 1000000 299999990 5367999990; do
			cmp -i $at -n 100100 "$S/islands" "$to/islands"
		done
	done
}

# ---- names that exist ----

@test "DST as a file, a directory, a link, a dangling link" {
	random_file "$S/f" 70000
	echo old >"$A/old"
	ln "$A/old" "$A/other name of old"
	chmod 640 "$A/old"
	chown 12:34 "$A/old"
	mkdir "$A/dir"
	ln -s dir "$A/to dir"
	ln -s old "$A/to old"
	ln -s nothing "$A/dangling"
	# A file is replaced in one step; the copy keeps its owner and mode, and its other names the
	# old data.
	lov cp "$S/f" "$A/old"
	same "$S/f" "$A/old"
	[ "$(stat -c '%a %u:%g' "$A/old")" = "640 12:34" ]
	[ "$(cat "$A/other name of old")" = old ]
	lov cp "$S/f" "$A/dir"
	same "$S/f" "$A/dir/f"
	rm "$A/dir/f"
	lov cp "$S/f" "$A/to dir"
	same "$S/f" "$A/dir/f"
	echo old >"$A/old"
	lov cp "$S/f" "$A/to old"
	[ -L "$A/to old" ]
	same "$S/f" "$A/old"
	lov cp "$S/f" "$A/dangling"
	same "$S/f" "$A/dangling"
	[ ! -e "$A/nothing" ]
	fails_with 1 "a directory of that name is in the destination" lov cp -T "$S/f" "$A/dir"
	mkdir "$A/dir/sub"
	echo >"$S/sub"
	fails_with 1 "a directory of that name" lov cp "$S/sub" "$A/dir"
	fails_with 1 "something that is no directory has its name" lov cp -r -T "$S" "$A/old"
	fails_with 1 "something that is no directory has its name" lov cp -r -T "$S" "$A/to dir"
	fails_with 1 "is not a directory" lov cp "$S/f" "$S/sub" "$A/old"
	fails_with 1 "is not a directory" lov cp "$S/f" "$A/new/"
	fails_with 1 "No such file" lov cp "$S/f" "$A/new/f"
	fails_with 1 "is a directory; -r copies it" lov cp "$S" "$A/dir"
	[ -d "$A/dir/sub" ]
	nothing_temporary "$A"
}

@test "set-id bits and capabilities of what is replaced" {
	echo new >"$S/f"
	echo old >"$A/f"
	chown 65534:65534 "$A/f"
	chmod 6755 "$A/f"
	setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 "$A/f"
	setfattr -n user.kept -v yes "$A/f"
	lov cp "$S/f" "$A/f"
	# As a write by anybody does.
	run getfattr -n security.capability "$A/f"
	[ "$status" -ne 0 ]
	[ "$(getfattr --only-values -n user.kept "$A/f")" = yes ]
	chown 65534:65534 "$A/f"
	chmod 6755 "$A/f"
	chmod 777 "$A"
	as_user env "PATH=$PATH" lov cp "$S/f" "$A/f"
	[ "$(stat -c %a "$A/f")" = 755 ]
}

@test "a link that is named, and a link below" {
	echo data >"$S/f"
	ln -s f "$S/link"
	ln -s . "$S/dirlink"
	lov cp "$S/link" "$B"
	[ ! -L "$B/link" ]
	[ "$(cat "$B/link")" = data ]
	lov cp -r "$S/link" "$B"
	[ "$(readlink "$B/link")" = f ]
	lov cp -r "$S/dirlink" "$B/x"
	[ -L "$B/x" ]
	lov cp -r "$S/dirlink/" "$B/y"
	same_tree "$S" "$B/y"
	lov cp -r "$S/." "$B/z/" 2>/dev/null || lov cp -r "$S/." "$B/z"
	same_tree "$S" "$B/z"
}

@test "the same file, and a directory into itself" {
	echo data >"$S/f"
	ln "$S/f" "$S/g"
	ln -s f "$S/l"
	mkdir "$S/d"
	fails_with 1 "are the same file" lov cp "$S/f" "$S/f"
	fails_with 1 "are the same file" lov cp "$S/f" "$S/g"
	fails_with 1 "are the same file" lov cp "$S/f" "$S/l"
	fails_with 1 "are the same file" lov cp "$S/f" "$S"
	fails_with 1 "are the same file" lov cp "$S/l" "$S/f"
	[ "$(cat "$S/f")" = data ]
	fails_with 1 "cannot be copied into itself" lov cp -r "$S" "$S"
	fails_with 1 "cannot be copied into itself" lov cp -r "$S" "$S/d"
	fails_with 1 "cannot be copied into itself" lov cp -r "$S" "$S/d/new"
	fails_with 1 "same directory" lov cp -r -T "$S" "$S"
	fails_with 1 "same directory" lov cp -r "$S" "$A"
	(cd "$S/d" && fails_with 1 "cannot be copied into itself" lov cp -r .. .)
	[ "$(find "$S" | wc -l)" -eq 5 ]
	# Seen by another way in.
	mkdir "$T/bound"
	mount --bind "$S" "$T/bound"
	fails_with 1 "cannot be copied into itself" lov cp -r "$S" "$T/bound/d"
	fails_with 1 "are the same file" lov cp "$S/f" "$T/bound"
	umount "$T/bound"
	[ -z "$(ls "$S/d")" ]
}

@test "-n, and merging into a tree" {
	tree_make "$S"
	lov cp -r -T "$S" "$B/t"
	echo mine >"$B/t/d0/small"
	rm "$B/t/d1/small" "$B/t/large"
	echo >"$B/t/d2/only here"
	chmod 700 "$B/t/d2"
	lov cp -r -n -T "$S" "$B/t"
	[ "$(cat "$B/t/d0/small")" = mine ]
	same "$S/d1/small" "$B/t/d1/small"
	same "$S/large" "$B/t/large"
	[ -e "$B/t/d2/only here" ]
	lov cp -n "$S/large" "$B/t/d0/small"
	[ "$(cat "$B/t/d0/small")" = mine ]
	lov cp -r -T "$S" "$B/t"
	rm "$B/t/d2/only here"
	touch -r "$S/d2" "$B/t/d2"
	same_tree "$S" "$B/t"
	nothing_temporary "$B"
}

@test "-x stays on its file system, -t and -T" {
	mkdir "$S/d" "$S/mounted" "$B/in"
	echo >"$S/d/f"
	mount -t tmpfs lovfs-test "$S/mounted"
	echo >"$S/mounted/f"
	lov cp -r -x "$S" "$B/x"
	[[ -d $B/x/mounted && ! -e $B/x/mounted/f && -e $B/x/d/f ]]
	lov cp -r "$S" "$B/all"
	[ -e "$B/all/mounted/f" ]
	# What is named is copied, wherever it is.
	lov cp -r -x "$S/mounted" "$B/m"
	[ -e "$B/m/f" ]
	umount "$S/mounted"
	lov cp -r -t "$B/in" "$S/d" "$S/d/f"
	[[ -e $B/in/d/f && -e $B/in/f ]]
	lov cp -r -T "$S/d" "$B/in"
	lov cp -r "$S/d" "$B/in/"
	fails_with 3 "an operand before it has the same name" lov cp "$S/d/f" "$S/./d/f" "$B/in"
	fails_with 1 "" lov cp -t "$S/d/f" "$S/d"
	fails_with 1 "No such file" lov cp -r -t "$B/none" "$S/d"
}

# ---- not root ----

@test "an ordinary user: read-only directories, what can't be read, what isn't theirs" {
	chmod 777 "$B"
	tree_make "$S"
	chown -R 65534:65534 "$S"
	echo secret >"$S/d1/secret"
	chmod 600 "$S/d1/secret"
	echo theirs >"$S/d1/theirs"
	chmod 4755 "$S/d1/theirs"
	mkdir "$S/d2/closed"
	chmod 700 "$S/d2/closed"
	chmod 555 "$S/d0" "$S/d0/e0" "$S/d2"
	as_user env "PATH=$PATH" cp -a -T "$S" "$B/theirs" 2>/dev/null || true
	fails_with 3 "secret: cannot be opened: Permission denied" as_user env "PATH=$PATH" lov cp -r -T "$S" "$B/ours"
	grep -q 'd2/closed: the directory cannot be opened: Permission denied' "$T/stderr"
	[ "$(wc -l <"$T/stderr")" -eq 2 ]
	# cp makes the directory that it can't read; empty.
	rm -rf "$B/theirs/d2/closed" "$B/ours/d2/closed"
	touch -r "$S/d2" "$B/theirs/d2" "$B/ours/d2"
	same_tree "$B/theirs" "$B/ours"
	[ "$(stat -c %a "$B/ours/d1/theirs")" = 755 ]
	# Places that can't be written.
	fails_with 1 "its copy cannot be made: Permission denied" as_user env "PATH=$PATH" lov cp "$S/large" "$A"
	fails_with 1 "its copy cannot be made: Permission denied" as_user env "PATH=$PATH" lov cp -r "$S/d1" "$A"
	# May be written to, and not read.
	mkdir -m 733 "$B/drop"
	as_user env "PATH=$PATH" lov cp "$S/large" "$B/drop"
	as_user env "PATH=$PATH" lov cp -r "$S/d1/e1" "$B/drop"
	same "$S/large" "$B/drop/large"
	nothing_temporary "$B"
}

@test "an ordinary user: files that their owner may not write, or read, large and small" {
	chmod 777 "$B"
	random_file "$S/large" $((20 << 20))
	random_file "$S/small" 5000
	chmod 444 "$S"/*
	chown -R 65534 "$S"
	for how in "" -p --verify "-p --verify"; do
		# shellcheck disable=SC2086 # several options
		as_user env "PATH=$PATH" lov cp $how "$S/large" "$S/small" "$B"
		same "$S/large" "$B/large"
		same "$S/small" "$B/small"
		[ "$(stat -c %a "$B/large" "$B/small" | uniq)" = 444 ]
		find "$B" -maxdepth 1 -type f -delete
	done
	# By their group alone.
	chown -R 0:65534 "$S"
	chmod 040 "$S"/*
	as_user env "PATH=$PATH" lov cp -p --verify "$S/large" "$S/small" "$B"
	[ "$(stat -c %a "$B/large" "$B/small" | uniq)" = 40 ]
	same "$S/large" "$B/large"
}

@test "umask, without -p" {
	echo >"$S/f"
	chmod 6777 "$S/f"
	(umask 027 && lov cp "$S/f" "$B/a" && cp "$S/f" "$B/b")
	[ "$(stat -c %a "$B/a")" = "$(stat -c %a "$B/b")" ]
	(umask 027 && lov cp -p "$S/f" "$B/a" && lov cp -p "$S/f" "$B/c")
	[ "$(stat -c %a "$B/a" "$B/c" | uniq)" = 6777 ]
	# A default ACL takes the umask's place.
	setfacl -d -m u:42:rw,g::r,o::- "$B"
	(umask 077 && lov cp "$S/f" "$B/d" && cp "$S/f" "$B/e")
	diff <(getfacl -cp "$B/d") <(getfacl -cp "$B/e")
}

@test "immutable destinations" {
	[[ $FS != tmpfs ]] || skip "tmpfs has no such flag before Linux 6.6"
	echo new >"$S/f"
	echo old >"$B/f"
	mkdir "$B/d"
	chattr +i "$B/f" "$B/d"
	fails_with 1 "f: its copy cannot be given its name: Operation not permitted" lov cp "$S/f" "$B"
	fails_with 1 "its copy cannot be made" lov cp "$S/f" "$B/d"
	chattr -i "$B/f" "$B/d"
	[ "$(cat "$B/f")" = old ]
	nothing_temporary "$B"
}
