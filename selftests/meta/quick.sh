#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make quick`: what one wants after each edit, in less than a minute on two idle cores: unit tests, style of the
# files that differ from the last commit, and a sample of tests on mtty and mock. `make check` has
# all of it. The last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/../.." || exit 2

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# Every arc, every session, one way to open the device.
sample='fsm.cdev*.* state*.cdev*.* data_fd*.cdev*.* stream.cdev*.* round_trip.cdev*.* reset.cdev*.*'

# begin NAME COMMAND...: runs it aside
begin()
{
	local name=$1

	shift
	{
		"$@" >"$tmp/$name.out" 2>&1
		echo $? >"$tmp/$name.rc"
	} &
}

begin unit make -s -C lib/tests check KSRC="$KSRC" KHDR="$KHDR"
begin lint env VMIG_LINT=changed selftests/meta/lint.sh
begin mtty ./run.sh -q -d mtty -t "$sample" -o "$tmp/mtty"
begin mock ./run.sh -q -d mock -t "$sample" -o "$tmp/mock"
wait

passed=0
failed=0
for name in unit lint mtty mock; do
	if [ "$name" = unit ] || [ "$name" = lint ]; then
		good=$(grep -c '^ok ' "$tmp/$name.out")
		bad=$(grep -c '^not ok ' "$tmp/$name.out")
	else
		good=$(sed -n 's/^Total for .* \([0-9]*\) passed, .*/\1/p' "$tmp/$name.out")
		bad=$(sed -n 's/^Total for .* \([0-9]*\) failed, .*/\1/p' "$tmp/$name.out")
	fi
	[ "$(cat "$tmp/$name.rc")" = 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
	[ "${bad:-0}" -eq 0 ] || { echo "# $name"; grep -v '^ok ' "$tmp/$name.out" | tail -n 40; }
	passed=$((passed + ${good:-0}))
	failed=$((failed + ${bad:-0}))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
