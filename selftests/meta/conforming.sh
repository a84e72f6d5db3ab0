#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A sample of `run.sh --conforming`: no driver is accused that conforms in a way of its own. And what
# can be looked up of all of them: the words of the header, the code, the chapters.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
header=${KSRC:-$(configs/guest/kernel.sh source)}/include/uapi/linux/vfio.h

# on_one_line FILE: without the stars of comments, and with single blanks.
on_one_line()
{
	sed 's,^[[:blank:]]*\*,,' "$1" | tr -s '[:space:]' ' '
}

results/vmig-report --freedoms >"$tmp/freedoms"
tap $? "the freedoms are listed"
n=$(wc -l <"$tmp/freedoms")
[ "$n" -ge 40 ]
tap $? "there are $n freedoms, 40 or more"
tap_is "" "$(cut -f 1 "$tmp/freedoms" | sort | uniq -d)" "no two freedoms have one name"
on_one_line "$header" >"$tmp/header"
tap_is "" "$(cut -f 1,5 "$tmp/freedoms" | while IFS=$'\t' read -r name words; do
	grep -qF -- "$words" "$tmp/header" || echo "$name"
done)" "the header has the words that each of them names"
tap_is "" "$(cut -f 1 "$tmp/freedoms" | while read -r name; do
	grep -rqw "REF_FREEDOM_$name" selftests/test_modules/{ref,mock,edu} || echo "$name"
done)" "each of them is in a driver"
tap_is "" "$(cut -f 3 "$tmp/freedoms" | tr ' ' '\n' | sort -u | while read -r chapter; do
	[ "$chapter" = - ] || grep -qx ".*/$chapter" selftests/chapters || echo "$chapter"
done)" "there are chapters of the names that they have"

# One of each kind, none of them slow.
sample=(initial_bytes_low data_size_zero precopy_once stream_encrypted
	read_eagain ended_gives_eof refused_arc_eperm bad_load_halfway log_pages_64k
	stopped_ignores_access)
args=()
for f in "${sample[@]}"; do
	args+=(--freedom "$f")
done
timeout 2400 ./run.sh --conforming -q -o "$tmp/results" "${args[@]}" >"$tmp/out" 2>"$tmp/err" </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show <(cat "$tmp/err" "$tmp/out")
tap_is 0 $rc "exit code of run.sh --conforming"
tap_is "conforming: ${#sample[@]} drivers, 0 accused" "$(tail -n 1 "$tmp/out")" \
	"a sample of ${#sample[@]} drivers that conform is not accused"
tap_end
