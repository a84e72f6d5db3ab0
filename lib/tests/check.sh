#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check`: the project's own tests. Each part prints KTAP; this adds them up. The
# last line is `N passed, N failed`.
#
#   check.sh [PART]...      default: all, in the order below
set -u
cd "$(dirname "$0")/../.." || exit 2

logs=lib/tests/build/check
mkdir -p "$logs" || exit 2
parts=(unit report fuzz lint coverage profiles bad_input guest survive firmware mutants install)
[ $# -eq 0 ] || parts=("$@")

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
KSRC=$(configs/guest/kernel.sh source) || exit 2
KHDR=$(configs/guest/kernel.sh headers) || exit 2
export KSRC KHDR

# No part may hang; how long each may take is no assertion on its speed.
declare -A limit=([unit]=600 [report]=600 [fuzz]=900 [lint]=600 [coverage]=300 [profiles]=300
	[bad_input]=900 [guest]=1800 [survive]=1800 [firmware]=3000 [mutants]=1500 [install]=1800)

declare -A command=([unit]="make -s -C lib/tests check" [report]=results/tests/run.sh
	[fuzz]=results/tests/survive.sh
	[lint]=lib/tests/lint.sh [coverage]=lib/tests/coverage.sh
	[profiles]=lib/tests/profiles.sh
	[bad_input]=lib/tests/bad_input.sh [guest]=lib/tests/guest.sh
	[survive]=lib/tests/survive.sh [firmware]=lib/tests/firmware.sh [mutants]=lib/tests/mutants.sh
	[install]=lib/tests/install.sh)

passed=0
failed=0
for p in "${parts[@]}"; do
	if [ -z "${command[$p]:-}" ]; then
		echo "check.sh: no part '$p'; there are: ${!command[*]}" >&2
		exit 2
	fi
	# shellcheck disable=SC2086 # words
	timeout -k 10 "${limit[$p]}" ${command[$p]} >"$logs/$p.tap" 2>&1 </dev/null
	rc=$?
	ok=$(grep -c '^ok ' "$logs/$p.tap")
	bad=$(grep -c '^not ok ' "$logs/$p.tap")
	# A part that dies without a word of KTAP has failed all the same.
	if [ $rc -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok $p ended with exit code $rc"
		tail -n 15 "$logs/$p.tap" | sed 's/^/# /'
	elif [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok $p ran no test"
	fi
	grep -B 12 '^not ok ' "$logs/$p.tap" | grep -E '^(#|not ok )'
	printf '# %-10s %5d passed, %d failed\n' "$p" "$ok" "$bad"
	passed=$((passed + ok))
	failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
