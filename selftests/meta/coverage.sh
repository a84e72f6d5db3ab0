#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every clause of the catalogue is named by a test or has a reason why none can see it,
# and every test names clauses.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

./run.sh --list >"$tmp/listed" 2>"$tmp/err"
tap $? "run.sh --list works without a device"
selftests/run_chapters.sh --list >"$tmp/list"
results/vmig-report --check-coverage "$tmp/list" >"$tmp/holes" 2>&1
rc=$?
tap_show "$tmp/holes"
tap $rc "each clause has a test or a reason, each test has a clause"

./run.sh --clauses >"$tmp/clauses" 2>"$tmp/err"
tap $? "run.sh --clauses works without a device"
while IFS=$'\t' read -r _ test _; do
	grep -qF "$test" "$tmp/listed" || echo "$test"
done <"$tmp/list" >"$tmp/unlisted"
tap_show "$tmp/unlisted"
[ ! -s "$tmp/unlisted" ]
tap $? "run.sh --list names each of the $(wc -l <"$tmp/list") tests"
sed -n 's/.*\t//p' "$tmp/list" | tr ' ' '\n' | sort -u | while read -r id; do
	grep -qw -- "$id" "$tmp/clauses" || echo "$id"
done >"$tmp/unlisted"
[ ! -s "$tmp/unlisted" ]
tap $? "run.sh --clauses names each clause that has a test"
tap_end
