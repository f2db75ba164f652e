# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The front door; meson does the work.
#
#   make              build (the first time also: install missing Debian packages, as root or through sudo)
#   make demo         build, and show what lovfs does on a volume made for the occasion
#   make check        every test, with gcc and clang; SUITE=unit for one suite
#   make check-long   what takes longer: make check and the README on fresh trees of Debian 12 and 13; PART=readme for one part
#   make bench        compare with raw copies and mergerfs; what mirrors cost
#   make fuzz         libFuzzer on every target, SECONDS_EACH=60
#   make install      prefix=/usr/local, DESTDIR=
#   make format       clang-format on all C files
#   make clean

BUILD ?= build
SUITE ?=
PART ?=
SECONDS_EACH ?= 60
prefix ?= /usr/local
DESTDIR ?=

all:
	@tools/setup build
	@tools/configure $(BUILD)
	@ninja -C $(BUILD)

demo: all
	@tools/setup demo
	@BUILD_DIR="$(abspath $(BUILD))" tools/demo

check:
	@BUILD="$(BUILD)" tools/check $(SUITE)

check-long:
	@tools/setup debian
	@BUILD="$(BUILD)" tools/check-long $(PART)

bench: all
	@tools/setup bench
	@BUILD_DIR="$(abspath $(BUILD))" bench/copy
	@BUILD_DIR="$(abspath $(BUILD))" bench/mirror
	@BUILD_DIR="$(abspath $(BUILD))" bench/engine

fuzz:
	@tools/setup build test
	@BUILD="$(BUILD)-clang" tools/fuzz $(SECONDS_EACH)

install:
	@tools/setup build
	@tools/configure $(BUILD) "-Dprefix=$(prefix)"
	@ninja -C $(BUILD)
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild
	@[ -n "$(DESTDIR)" ] || [ ! -w /etc/ld.so.cache ] || /sbin/ldconfig

format:
	@t/lint/format --mend .

clean:
	@rm -rf $(BUILD) $(BUILD)-clang $(BUILD)-tsan $(BUILD)-long

.PHONY: all demo check check-long bench fuzz install format clean
