#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check`: the project's own tests. Each part prints KTAP; this adds them up. The
# last line is `N passed, N failed`.
#
#   check.sh [PART]...      default: all
#
# Two parts run at a time, as a guest takes one processor most of the time.
set -u
cd "$(dirname "$0")/../.." || exit 2

logs=selftests/meta/build/check
mkdir -p "$logs" || exit 2

# Each part: in which of the two lanes it runs, how many seconds it may take, and its command.
# No part may hang; how long each may take is no assertion on its speed.
table="
unit         first  900   make -s -C lib/tests check
report       first  900   results/tests/run.sh
fuzz         first  1200  results/tests/survive.sh
lint         first  1200  selftests/meta/lint.sh
coverage     first  300   selftests/meta/coverage.sh
profiles     first  300   selftests/meta/profiles.sh
nightly      first  900   results/tests/nightly.sh
install      first  1800  selftests/meta/install.sh
kernel_tree  first  1800  selftests/meta/kernel_tree.sh
debug        first  2700  selftests/meta/debug.sh
firmware     first  3000  selftests/meta/firmware.sh
kernel       second 2400 selftests/meta/kernel.sh
bad_input    second 900   selftests/meta/bad_input.sh
guest        second 1800  selftests/meta/guest.sh
survive      second 1800  selftests/meta/survive.sh
mutants      second 1500  selftests/meta/mutants.sh
streams      second 1800  selftests/meta/streams.sh
probe        second 3000  selftests/meta/probe.sh
qualify      second 1800  selftests/meta/qualify.sh
other_guests second 3600  selftests/meta/other_guests.sh
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

# run_part PART: its output goes to a file, and what it comes to, to another.
run_part()
{
	local p=$1 rc ok bad began=$SECONDS command

	read -ra command < <(of_part "$p" 4 99)
	timeout -k 10 "$(of_part "$p" 3)" "${command[@]}" >"$logs/$p.tap" 2>&1 </dev/null &
	part_pid=$!
	wait "$part_pid"
	rc=$?
	part_pid=''
	ok=$(grep -c '^ok ' "$logs/$p.tap")
	bad=$(grep -c '^not ok ' "$logs/$p.tap")
	{
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
		printf '# %-10s %5d passed, %d failed, %d s\n' "$p" "$ok" "$bad" $((SECONDS - began))
	} >"$logs/$p.says"
	cat "$logs/$p.says"
	echo "$ok $bad" >"$logs/$p.sum"
}

# run_lane LANE: the parts that run in it, one after the other
run_lane()
{
	local p

	part_pid=''
	trap '[ -z "$part_pid" ] || kill "$part_pid" 2>/dev/null; exit 143' TERM
	for p in "${parts[@]}"; do
		[ "$(of_part "$p" 2)" != "$1" ] || run_part "$p"
	done
}

for p in "${parts[@]}"; do
	if [ -z "$(of_part "$p" 2)" ]; then
		echo "check.sh: no part '$p'; there are:$(awk '{ printf " %s", $1 }' <<<"$table")" >&2
		exit 2
	fi
	rm -f "$logs/$p.sum"
done
lanes=()
for lane in first second; do
	run_lane $lane &
	lanes+=($!)
done
trap 'kill "${lanes[@]}" 2>/dev/null; wait; exit 130' INT TERM
wait

passed=0
failed=0
for p in "${parts[@]}"; do
	ok=0
	bad=1
	[ ! -e "$logs/$p.sum" ] || read -r ok bad <"$logs/$p.sum"
	passed=$((passed + ok))
	failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
