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

# Each part: how many seconds it may take, and its command. No part may hang; how long each
# may take is no assertion on its speed.
table="
unit      600   make -s -C lib/tests check
report    600   results/tests/run.sh
fuzz      900   results/tests/survive.sh
nightly   600   results/tests/nightly.sh
lint      600   lib/tests/lint.sh
coverage  300   lib/tests/coverage.sh
profiles  300   lib/tests/profiles.sh
bad_input 900   lib/tests/bad_input.sh
guest     1800  lib/tests/guest.sh
survive   1800  lib/tests/survive.sh
debug     2700  lib/tests/debug.sh
firmware  3000  lib/tests/firmware.sh
mutants   1500  lib/tests/mutants.sh
install   1800  lib/tests/install.sh
"
mapfile -t parts < <(awk 'NF { print $1 }' <<<"$table")
[ $# -eq 0 ] || parts=("$@")

# of_part PART FIELD...: these fields of its line
of_part()
{
	awk -v part="$1" -v from="$2" -v to="${3:-$2}" '$1 == part {
		for (i = from; i <= NF && i <= to; i++) printf "%s%s", $i, i < NF && i < to ? " " : ""
	}' <<<"$table"
}

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
KSRC=$(configs/guest/kernel.sh source) || exit 2
KHDR=$(configs/guest/kernel.sh headers) || exit 2
export KSRC KHDR

passed=0
failed=0
for p in "${parts[@]}"; do
	read -ra command < <(of_part "$p" 3 99)
	if [ ${#command[@]} -eq 0 ]; then
		echo "check.sh: no part '$p'; there are:$(awk '{ printf " %s", $1 }' <<<"$table")" >&2
		exit 2
	fi
	timeout -k 10 "$(of_part "$p" 2)" "${command[@]}" >"$logs/$p.tap" 2>&1 </dev/null
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
