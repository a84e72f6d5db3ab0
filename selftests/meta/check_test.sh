#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check` itself, on parts that are made up: what fails there fails the check, and so does
# what was skipped without leave.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
: >"$tmp/skips"

# check RC LAST WHAT LINE...: check.sh of one part, "fake", that prints these lines: its exit code,
# and the last line that it prints
check()
{
	local rc expected=$1 last=$2 what=$3
	shift 3
	printf '%s\n' "$@" >"$tmp/fake"
	VMIG_CHECK_LOGS=$tmp/logs VMIG_CHECK_SKIPS=$tmp/skips VMIG_CHECK_TABLE="fake 60 cat $tmp/fake" \
		timeout 100 selftests/meta/check.sh >"$tmp/out" 2>"$tmp/err"
	rc=$?
	tap_is "$expected: $last" "$rc: $(cat "$tmp/out" "$tmp/err" | tail -n 1)" "$what"
}

# says PATTERN WHAT: what it printed on standard output has such a line
says()
{
	local rc=0

	grep -qE -e "$1" "$tmp/out" || rc=1
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$2"
}

check 0 "2 passed, 0 failed" "what passes passes" "ok 1 a" "ok 2 - b" "1..2"
says '^# fake +2 passed, 0 failed, 0 skipped, [0-9]+ s$' "the line of a part"
check 1 "1 passed, 1 failed" "what fails fails" "ok 1 a" "not ok 2 b" "1..2"
check 1 "0 passed, 1 failed" "a part without a result fails" "hello"
check 0 "1 passed, 0 failed" "results within a result are not counted" \
	"    not ok 1 inner" "    ok 2 inner # SKIP no" "ok 1 outer" "1..1"
check 0 "1 passed, 0 failed" "SKIP in the name of a test skips nothing" "ok 1 a test of SKIP" "1..1"

printf '# a comment\n\nfake: a? b *: it: cannot\n' >"$tmp/skips"
check 1 "1 passed, 1 failed" "what is skipped fails" "ok 1 a: b c" "ok 2 d # SKIP no" "1..2"
says '^not ok 2 d # SKIP no$' "it says which"
check 1 "0 passed, 1 failed" "whatever the case of the word" "ok 1 a: b c # skip" "ok 2 d # Skip no" "1..2"
check 0 "1 passed, 0 failed" "what is on the list may be skipped" "ok 1 a: b c # SKIP no" "ok 2 d" "1..2"
says '^# fake +1 passed, 0 failed, 1 skipped' "and is no pass"
check 1 "0 passed, 2 failed" "what is on the list may not fail" "not ok 1 a: b c" "not ok 2 a: b d # SKIP no" "1..2"
check 1 "1 passed, 1 failed" "a line of the list that no test fits" "ok 1 d" "1..1"
says "^not ok .*/skips line 3: the part fake has no test 'a\? b \*'$" "it says which line"

refused()
{
	printf '%s\n' "$3" >"$tmp/skips"
	check 2 "check.sh: $tmp/skips $2" "refused: $1" "ok 1 a" "1..1"
}

refused "a line without a reason" "line 1 is not of the form 'part: test: reason'" "fake: a"
refused "a reason of nothing" "line 1 is not of the form 'part: test: reason'" "fake: a: "
refused "a line of another form" "line 1 is not of the form 'part: test: reason'" "nonsense"
refused "a part that there is not" "line 1: there is no part 'nosuch'" "nosuch: a: why"
rm "$tmp/skips"
check 2 "check.sh: $tmp/skips cannot be read" "refused: no list" "ok 1 a" "1..1"
tap_end
