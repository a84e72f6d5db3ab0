#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The hostile chapters on the debug kernel, in their brief form and with a seed: nothing fails on
# a driver that is right, defects that this kernel alone shows are noticed, and a stream that did
# harm does it again by the command that the report names.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# has NAME PATTERN FILE...: a line of the files matches.
has()
{
	local name=$1 rc=0

	shift
	# The pattern may come from a run that did not say anything.
	{ [ -n "$1" ] && grep -qE "$@"; } || rc=1
	tap $rc "$name"
}

# Where the cache is empty it takes longer to build than what follows has time.
./run.sh --debug-kernel --kernel-build-dir >"$tmp/kernel.out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/kernel.out"
tap $rc "the debug kernel is built"

# The chapters stress and fail_nth are run by --mutants below, on the driver as it is too.
timeout 900 ./run.sh -q -d mock --debug-kernel --seed 1 -o "$tmp/brief" \
	-t 'poison.cdev.* signals.cdev.* limits.cdev.no_* qemu.cdev.no_memory*' \
	>"$tmp/brief.out" 2>&1 </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/brief.out"
tap_is 0 $rc "brief: exit code"
run=$tmp/brief/latest
has "brief: streams were guided by the branches of the driver" \
	'^# vmig: metric poison_edges [1-9]' "$run/ktap/poison.ktap"
has "brief: QEMU's calls have run short of memory" \
	'^# vmig: metric fault_points_qemu_source [1-9]' "$run/ktap/consumers.ktap"
has "brief: what was random had the seed of the command line" '^# vmig: seed 1$' "$run/ktap/poison.ktap"

sample=(no_memory_blocks buffer_freed_under_writer log_lock_order)
args=()
for d in "${sample[@]}"; do
	args+=(--defect "$d")
done
timeout 2400 ./run.sh --mutants --debug-kernel -d mock -q -o "$tmp/mutants" "${args[@]}" \
	>"$tmp/mutants.out" 2>"$tmp/mutants.err" </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show <(cat "$tmp/mutants.err" "$tmp/mutants.out")
tap_is "mutants: ${#sample[@]} of ${#sample[@]} killed, 0 false alarms" \
	"$(tail -n 1 "$tmp/mutants.out")" \
	"defects of memory and locks are noticed, and nothing fails without them"

# A stream did harm: its file is in the run's directory, the command is in the report. The
# plain kernel is enough for this one.
timeout 900 ./run.sh -q -d mock --param vfio_mig_mock.defect=bad_index_wedges --seed 1 \
	-o "$tmp/harm" -t 'poison.cdev.mutants' >"$tmp/harm.out" 2>&1 </dev/null
tap_is 1 $? "harm: exit code of a run in which a stream did harm"
file=$(find "$tmp/harm/latest/repro" -name '*.bin' 2>/dev/null | head -n 1)
[ -s "$file" ]
tap $? "harm: the stream is kept in the run's repro/"
again=$(sed -n 's/.*again: \(\.\/run\.sh .*\.bin\).*/\1/p' "$tmp/harm/latest/ktap/poison.ktap" |
	head -n 1)
has "harm: the report names the command, with the driver's parameters" \
	"^\./run\.sh -d mock --param vfio_mig_mock\.defect=bad_index_wedges --replay-stream .*\.bin$" \
	<(printf '%s\n' "$again")
read -ra words <<<"$again"
timeout 900 "${words[@]:-false}" -q -o "$tmp/again" >"$tmp/again.out" 2>&1 </dev/null
tap_is 1 $? "harm: that command shows it again"
has "harm: the clause is the same" "$(sed -n 's/^# vmig: breach \(.*\)$/\1/p' \
	"$tmp/harm/latest/ktap/poison.ktap" | head -n 1)" "$tmp/again/latest/ktap/poison.ktap"
timeout 900 ./run.sh -q -d mock --replay-stream "${file:-/dev/null}" -o "$tmp/good" \
	>"$tmp/good.out" 2>&1 </dev/null
tap_is 0 $? "harm: a driver without the defect survives the stream"
tap_end
