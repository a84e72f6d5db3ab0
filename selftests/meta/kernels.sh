#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The older kernels of configs/guest/series, in short: each driver that has a profile comes up there and
# does what its profile says of that kernel. The other parts run on the newest one.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

tests='state.* feature.* stale_fd.* data_fd.* region.cdev.*'
mapfile -t older < <(configs/guest/kernel.sh series | tail -n +2)
for series in "${older[@]}"; do
	timeout 2400 ./run.sh -q -o "$tmp/$series" --kernel "$series" -d all -t "$tests" \
		>"$tmp/out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap_is 0 $rc "exit code of run.sh --kernel $series -d all"
	# The table is behind the reports.
	sed '1,/^driver  *kernel /d' "$tmp/out" >"$tmp/table"
	tap_is "$(./run.sh --help | sed -n 's/^  -d NAME .*in the guest: //p' | wc -w)" \
		"$(awk -v release="$series." 'index($2, release) == 1 && $4 == 0' "$tmp/table" | wc -l)" \
		"each driver has a line in the table, of that kernel and without a failure"
done

tap_end
