# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Several guests at a time. Sourced by run.sh.

# workers_run COUNT FUNCTION: runs FUNCTION NUMBER in so many shells and waits for all of them; a signal
# that comes to us ends them. Returns the last exit code that is not 0.
workers_run()
{
	local n pids=() pid rc=0

	for ((n = 0; n < $1; n++)); do
		"$2" "$n" </dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		while :; do
			wait "$pid" || rc=$?
			# Not kill -0: the number of one that has ended long ago may be another process now.
			jobs -rp | grep -qx "$pid" || break
			kill -TERM "${pids[@]}" 2>/dev/null || :
		done
	done
	return "$rc"
}
