#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A sample of `make mutants`: a defect of each chapter, on the driver that has it, must be
# noticed by a test that names its clause, and nothing may fail on the drivers without one.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

results/vmig-report --defects >"$tmp/defects"
tap $? "each defect violates a clause that the catalogue has"
tap_is "" "$(cut -f 1 "$tmp/defects" | sort | uniq -d)" "no two defects have one name"
n=$(wc -l <"$tmp/defects")
[ "$n" -ge 80 ]
tap $? "there are $n defects, 80 or more"

sample=(no_compat_ioctl reset_not_advertised set_undefined_breaks arc_lands_elsewhere
	stale_after_reset read_from_start write_error_forgotten temp_end_is_eos
	data_size_is_errno log_not_cleared reset_keeps_state dma_in_stop
	reopen_first_set_oops log_page_size_warns hot_reset_ignored
	interrupted_set_strays precopy_freed_in_flush loaded_p2p_stuck odd_length_loops
	racing_readers version_not_checked)
args=()
for d in "${sample[@]}"; do
	args+=(--defect "$d")
done
timeout 1400 ./run.sh --mutants -q -o "$tmp/results" "${args[@]}" >"$tmp/out" 2>"$tmp/err" </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show <(cat "$tmp/err" "$tmp/out")
tap_is 0 $rc "exit code of run.sh --mutants"
tap_is "mutants: ${#sample[@]} of ${#sample[@]} killed, 0 false alarms" "$(tail -n 1 "$tmp/out")" \
	"a sample of ${#sample[@]} defects is noticed, each by a breach of its clause"
run=$(find "$tmp/results/runs" -mindepth 1 -maxdepth 1 -name '*-mutants')
[ -s "$run/mutants.json" ] && [ -s "$run/mutants.txt" ]
tap $? "the kill matrix is written"
tap_end
