#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check`: the project's own tests. Each part prints KTAP; this adds them up. The
# last line is `N passed, N failed`.
#
#   check.sh [PART]...      default: all
#
# A skipped test has not passed: it is counted apart if the file `skips` allows it, and has
# failed if not.
#
# Two parts run at a time, as a guest takes one processor most of the time.
set -u
cd "$(dirname "$0")/../.." || exit 2

# shellcheck source=configs/run/lib.sh
. configs/run/lib.sh
# shellcheck source=configs/run/packages.sh
. configs/run/packages.sh

# The test of this script has parts, a list of skips and a directory of its own.
logs=${VMIG_CHECK_LOGS:-selftests/meta/build/check}
skips=${VMIG_CHECK_SKIPS:-selftests/meta/skips}
mkdir -p "$logs" || exit 2

# Each part: how many seconds it may take, which is no assertion on its speed, as no part may hang; and its
# command. Whoever is free takes the next one. The kernel comes first, as most of what is behind needs it, and
# while it is built there are parts that do not; then the longest, so that both end at about the same time.
table="
kernel       2400 selftests/meta/kernel.sh
check        120  selftests/meta/check_test.sh
unit         900  make -s -C lib/tests check
report       900  results/tests/run.sh
fuzz         1200 results/tests/survive.sh
ktap         120  selftests/meta/ktap.sh
lint         1200 selftests/meta/lint.sh
coverage     300  selftests/meta/coverage.sh
profiles     300  selftests/meta/profiles.sh
nightly      900  results/tests/nightly.sh
install      1800 selftests/meta/install.sh
debug        3600 selftests/meta/debug.sh
guest        2700 selftests/meta/guest.sh
mutants      1500 selftests/meta/mutants.sh
conforming   2700 selftests/meta/conforming.sh
firmware     3000 selftests/meta/firmware.sh
kernels      3000 selftests/meta/kernels.sh
core         1500 selftests/meta/core.sh
survive      1800 selftests/meta/survive.sh
streams      2700 selftests/meta/streams.sh
probe        3000 selftests/meta/probe.sh
cost         2400 selftests/meta/cost.sh
qualify      1800 selftests/meta/qualify.sh
other_guests 3600 selftests/meta/other_guests.sh
kernel_tree  1800 selftests/meta/kernel_tree.sh
bad_input    1800 selftests/meta/bad_input.sh
modules      1500 selftests/meta/module_circles.sh
host_change  300  selftests/meta/host_change.sh
"
table=${VMIG_CHECK_TABLE:-$table}
mapfile -t parts < <(awk 'NF { print $1 }' <<<"$table")
[ $# -eq 0 ] || parts=("$@")

# of_part PART FIELD...: these fields of its line
of_part()
{
	awk -v part="$1" -v from="$2" -v to="${3:-$2}" '$1 == part {
		for (i = from; i <= NF && i <= to; i++) printf "%s%s", $i, i < NF && i < to ? " " : ""
	}' <<<"$table"
}

# read_skips: the list `skips` into $skip_part, $skip_test and $skip_line. A line is
# `part: name of a test, as a glob: reason`; # begins a comment.
read_skips()
{
	local line number=0
	local form='^([a-z_]+): (([^:]|:[^ ])+): +[^ ]'

	skip_part=()
	skip_test=()
	skip_line=()
	[ -r "$skips" ] || skips_refused "cannot be read"
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		[[ ! $line =~ ^[[:blank:]]*(#.*)?$ ]] || continue
		[[ $line =~ $form ]] || skips_refused "line $number is not of the form 'part: test: reason'"
		[ -n "$(of_part "${BASH_REMATCH[1]}" 2)" ] ||
			skips_refused "line $number: there is no part '${BASH_REMATCH[1]}'"
		skip_part+=("${BASH_REMATCH[1]}")
		skip_test+=("${BASH_REMATCH[2]}")
		skip_line+=("$number")
	done <"$skips"
}

skips_refused()
{
	echo "check.sh: $skips $*" >&2
	exit 2
}

# tally PART: counts the results in its output into $ok, $bad and $skipped, and says which skip
# is not allowed. Results within results are indented in KTAP, and are not counted.
tally()
{
	local p=$1 line name i skip allowed used=()
	local result='^(not )?ok( [0-9]+)?( -)? (.*)$'
	local directive='^(.*[^ ]) +# *[Ss][Kk][Ii][Pp]( .*)?$'

	ok=0 bad=0 skipped=0
	while IFS= read -r line; do
		[[ $line =~ $result ]] || continue
		name=${BASH_REMATCH[4]}
		skip='' allowed=''
		[[ ! $name =~ $directive ]] || { skip=1 && name=${BASH_REMATCH[1]}; }
		for i in "${!skip_part[@]}"; do
			# shellcheck disable=SC2053 # a glob
			[[ ${skip_part[i]} == "$p" && $name == ${skip_test[i]} ]] || continue
			used[i]=1
			allowed=1
		done
		case $line:$skip:$allowed in
		not\ *) bad=$((bad + 1)) ;;
		*::*) ok=$((ok + 1)) ;;
		*:1:1) skipped=$((skipped + 1)) ;;
		*)
			bad=$((bad + 1))
			echo "# skipped, which $skips does not allow:"
			echo "not $line"
			;;
		esac
	done <"$logs/$p.tap"
	# A line that no test fits, run or skipped, allows what does not exist any more.
	for i in "${!skip_part[@]}"; do
		[ "${skip_part[i]}" = "$p" ] || continue
		[ -z "${used[i]-}" ] || continue
		grep -q '^1\.\.' "$logs/$p.tap" || continue
		bad=$((bad + 1))
		echo "not ok $skips line ${skip_line[i]}: the part $p has no test '${skip_test[i]}'"
	done
}

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
KSRC=$(configs/guest/kernel.sh source) || exit 2
KHDR=$(configs/guest/kernel.sh headers) || exit 2
export KSRC KHDR

# run_part PART: its output goes to a file, and what it comes to, to another.
run_part()
{
	local p=$1 rc ok bad skipped began=$SECONDS command

	read -ra command < <(of_part "$p" 3 99)
	VMIG_SPENT=$(realpath -m "$logs/$p.spent")
	export VMIG_SPENT
	timeout -k 10 "$(of_part "$p" 2)" "${command[@]}" >"$logs/$p.tap" 2>&1 </dev/null &
	part_pid=$!
	wait "$part_pid"
	rc=$?
	part_pid=''
	{
		tally "$p"
		# A part that dies without a word of KTAP has failed all the same.
		if [ $rc -ne 0 ] && [ "$bad" -eq 0 ]; then
			bad=1
			echo "not ok $p ended with exit code $rc"
			tail -n 15 "$logs/$p.tap" | sed 's/^/# /'
		elif [ $((ok + bad + skipped)) -eq 0 ]; then
			bad=1
			echo "not ok $p ran no test"
		fi
		grep -B 12 '^not ok ' "$logs/$p.tap" | grep -E '^(#|not ok )'
		printf '# %-12s %5d passed, %d failed, %d skipped, %d s\n' "$p" "$ok" "$bad" "$skipped" \
			$((SECONDS - began))
	} >"$logs/$p.says"
	cat "$logs/$p.says"
	echo "$ok $bad" >"$logs/$p.sum"
	echo $((SECONDS - began)) >"$logs/$p.took"
}

# spent: where the time went, of the parts that ran: seconds of the wall, guests, and what those took to boot
# and for their tests. Guests run side by side, so that theirs add up to more than the part took.
spent()
{
	local p seconds

	printf '# %-12s %8s %7s %8s %8s\n' part seconds guests booting running
	for p in "${parts[@]}"; do
		seconds=0
		[ ! -e "$logs/$p.took" ] || read -r seconds <"$logs/$p.took"
		: >>"$logs/$p.spent"
		awk -v p="$p" -v s="$seconds" '
			{ n++; boot += $1; run += $2 }
			END { printf "# %-12s %8d %7d %8d %8d\n", p, s, n, boot, run }' "$logs/$p.spent"
	done | sort -k 3 -rn
}

# run_parts: takes one part after the other, as long as there are some
run_parts()
{
	local p

	part_pid=''
	trap '[ -z "$part_pid" ] || kill "$part_pid" 2>/dev/null; exit 143' TERM
	for p in "${parts[@]}"; do
		# Else the other one of us took it.
		! mkdir "$logs/$p.taken" 2>/dev/null || run_part "$p"
	done
}

for p in "${parts[@]}"; do
	if [ -z "$(of_part "$p" 2)" ]; then
		echo "check.sh: no part '$p'; there are:$(awk '{ printf " %s", $1 }' <<<"$table")" >&2
		exit 2
	fi
	rm -rf "$logs/$p.sum" "$logs/$p.took" "$logs/$p.spent" "$logs/$p.taken"
done
read_skips
absent=$(packages_missing build guest nightly bundle check | sort -u | paste -sd ' ')
[ -z "$absent" ] || echo "# not installed, so tests will fail: $absent; .ci/run installs them"
workers=()
for _ in 1 2; do
	run_parts &
	workers+=($!)
done
trap 'kill "${workers[@]}" 2>/dev/null; wait; exit 130' INT TERM
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
spent
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
