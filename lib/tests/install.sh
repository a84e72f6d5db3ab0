#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make gen_tar` packs works where there is no compiler and no source.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=lib/tests/tap.sh
. lib/tests/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

make -s gen_tar TAR_PATH="$tmp/vmig.tar.gz" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "make gen_tar"
tar -C "$tmp" -xzf "$tmp/vmig.tar.gz"
tap $? "the tarball unpacks"
cd "$tmp/vmig" || exit 1

# All commands but the compiler and make.
path_without "$tmp/bin" "gcc*" cc make "x86_64-linux-gnu-*" "*-gcc*" "clang*"
export PATH=$tmp/bin

./run.sh --no-install --list >"$tmp/list" 2>"$tmp/err"
tap $? "run.sh --list without a compiler"
./run.sh --no-install --clauses >"$tmp/clauses" 2>"$tmp/err"
tap $? "run.sh --clauses without a compiler"
./run.sh --no-install -d 0000:ff:1f.7 >/dev/null 2>"$tmp/err"
tap_is 2 $? "hardware mode without a compiler refuses a device that is not there"
grep -q "no device" "$tmp/err"
tap $? "with a sentence"
./run_kselftest.sh -l >"$tmp/tests" 2>&1
tap_is "$(wc -w <<<"$(sed 's/#.*//' selftests/chapters)")" "$(grep -c '^selftests:vmig_' "$tmp/tests")" \
	"run_kselftest.sh lists the chapters"
# No device: each chapter is skipped, through the kernel's own runner.
./run_kselftest.sh -t selftests:vmig_fsm >"$tmp/ksft" 2>&1
grep -q '^ok 1 selftests: selftests: vmig_fsm # SKIP' "$tmp/ksft"
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/ksft"
tap $rc "run_kselftest.sh runs a chapter, which skips without a device"
tap_end
