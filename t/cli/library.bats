#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The library as it is installed: a program that knows nothing of this tree is built with it, and
# copies.

bats_require_minimum_version 1.5.0

setup() {
	T=$(mktemp -d "$BATS_TEST_TMPDIR/lovfs-test.XXXXXX")
	DESTDIR=$T/root meson install -C "$BUILD_DIR" --no-rebuild >"$T/log" 2>&1 || { cat "$T/log" && false; }
	PKG_CONFIG_PATH=$(dirname "$(find "$T/root" -name lov.pc)")
	export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$T/root
	LIB_DIR=$(dirname "$(find "$T/root" -name liblov.so)")
	read -ra CFLAGS < <(pkg-config --cflags lov)
	read -ra FLAGS < <(pkg-config --cflags --libs lov)
}

@test "the example is built with pkg-config alone, and copies" {
	${CC:-cc} -Wall -Werror -o "$T/copyfile" "$BATS_TEST_DIRNAME/../../examples/copyfile.c" "${FLAGS[@]}"
	head -c 5000000 /dev/urandom >"$T/a"
	truncate -s 9000001 "$T/a"
	LD_LIBRARY_PATH=$LIB_DIR "$T/copyfile" "$T/a" "$T/b" >"$T/said" 2>/dev/null
	cmp "$T/a" "$T/b"
	grep -q '^9000001 bytes: .* 9000001 verified$' "$T/said"
	: >"$T/empty"
	LD_LIBRARY_PATH=$LIB_DIR "$T/copyfile" "$T/empty" "$T/c" 2>"$T/said"
	run ! grep nan "$T/said"
	[ -e "$T/c" ]
	# What is there already is left alone.
	run -1 env LD_LIBRARY_PATH="$LIB_DIR" "$T/copyfile" "$T/a" "$T/b"
	cmp "$T/a" "$T/b"
}

@test "the header compiles alone, as C and as C++" {
	echo '#include <lov/copy.h>' >"$T/x.c"
	${CC:-cc} -std=c99 -pedantic -Wall -Werror -fsyntax-only "${CFLAGS[@]}" "$T/x.c"
	clang -x c++ -std=c++11 -pedantic -Wall -Werror -fsyntax-only "${CFLAGS[@]}" "$T/x.c"
}

@test "nothing but what the header declares can be seen in the library" {
	nm -D --defined-only "$LIB_DIR/liblov.so" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' | sort >"$T/seen"
	grep -o '\blov_cop[a-z]*_[a-z]*(\|\blov_error_text(' "$(find "$T/root" -path "*/lov/copy.h")" | tr -d '(' | sort -u >"$T/declared"
	[ -s "$T/seen" ]
	diff "$T/declared" "$T/seen"
	nm -D --defined-only "$LIB_DIR/liblov.so" >"$T/all"
	run ! grep -v ' A LOV_\| T lov_' "$T/all"
}

@test "each function has a manual page" {
	local name
	for name in $(nm -D --defined-only "$LIB_DIR/liblov.so" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }'); do
		[ -s "$(find "$T/root" -name "$name.3")" ]
	done
}
