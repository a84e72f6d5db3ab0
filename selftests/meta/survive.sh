#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The runner outlives what a driver does to the kernel: a panic, a deadlock and a loop that
# never ends each cost the test that met them, and a call that never comes back some of them. The others are judged, in a fresh guest, and
# nothing that is missing passes for good.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# survive NAME DEFECT GUESTS GLOBS WORDS GOOD: with this defect a run takes so many guests; the
# kernel's end is told with these words, and the test GOOD, which comes after it, passes.
survive()
{
	local name=$1 out=$tmp/$1 rc

	timeout 900 ./run.sh -q -o "$out" -d mock --param "vfio_mig_mock.defect=$2" -t "$4" \
		>"$out.out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq 1 ] || tap_show "$out.out"
	tap_is 1 $rc "$name: exit code"
	grep -q "complete in $3 guests" "$out.out"
	tap $? "$name: the run is complete, and took $3 guests"
	grep -q "$5" "$out.out"
	tap $? "$name: the report says $5"
	grep -qE "^ok [0-9]+ $6\$" "$out"/latest/ktap/*.ktap
	tap $? "$name: $6, behind it, passes"
	! grep -q 'not run' "$out.out"
	tap $? "$name: each test has a result"
}

survive panic set_undefined_panics 2 \
	'fsm.cdev_STOP_to_9.set fsm.cdev_RESUMING_to_STOP.set' \
	'Kernel panic - not syncing' fsm.cdev_RESUMING_to_STOP.set
survive deadlock set_error_deadlocks 2 \
	'fsm.cdev_STOP_to_ERROR.set fsm.cdev_RESUMING_to_STOP.set fsm.cdev_RESUMING_to_RUNNING.set' \
	'stuck in the kernel and cannot be killed' fsm.cdev_RESUMING_to_STOP.set
# Where in the driver it is stuck: the one line of the report that its author needs.
grep -qE '\[<0>\] .*vfio_mig_ref' "$tmp/deadlock/latest/results.json"
tap $? "deadlock: the report has the stack of the process that is stuck, down to the driver"
survive loop blocked_arc_spins 3 \
	'fsm.cdev_RUNNING_to_STOP.set fsm.cdev_STOP_COPY_to_PRE_COPY*.blocked logging.group.odd_start' \
	'the process hangs in the kernel and cannot be killed' logging.group.odd_start

# A read() that never returns is not waited for in each test that reads: those that come to it are
# told as not run, the others are judged. Nothing is said of how long it takes, but for a hang.
out=$tmp/blocks
timeout 900 ./run.sh -q -o "$out" -d mock --param vfio_mig_mock.defect=reads_block_for_ever \
	-t 'data_fd.* stream.* segments.* reset_any.*' >"$out.out" 2>&1 </dev/null
tap_is 1 $? "blocks: exit code"
grep -qE '^  [0-9]+ not run: read\(\) of a data_fd did not come back in [0-9]+ tests' "$out.out"
tap $? "blocks: the report says what tests were not run for"
grep -qE '^ok [0-9]+ reset_any.cdev.capabilities_unchanged$' "$out"/latest/ktap/reset.ktap
tap $? "blocks: a test that reads nothing passes"
tap_is 3 "$(cat "$out"/latest/ktap/*.ktap | grep -c '^# vmig: stuck read')" \
	"blocks: three tests have waited for it"
tap_end
