# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --nightly: each run goes into a history, and is judged against the nights before.
# Sourced by run.sh, which sets the options (opt_*), top, results, rundir, tmp and interrupted.
# The verdict is that of vmig-report.
# shellcheck disable=SC2154,SC2034

# How often each thing is measured where --bench does not say.
nightly_values=20

# nightly_file: sets nightly_history, the file.
nightly_file()
{
	nightly_history=${VMIG_HISTORY:-$results/history.db}
}

# nightly_word_check: --reason and --since are for --nightly-accept and --nightly-withdraw.
nightly_word_check()
{
	if [[ $opt_action != nightly-@(accept|withdraw) ]]; then
		[ -z "$opt_reason$opt_since" ] ||
			die "--reason and --since need --nightly-accept or --nightly-withdraw"
		return 0
	fi
	[ -n "$opt_reason" ] || die "--$opt_action needs a --reason TEXT: nightly.html shows it"
	[ -z "$opt_tests$opt_bench$opt_guest" ] ||
		die "--$opt_action runs nothing: leave out all but -d, -o, --reason and --since"
}

# nightly_word: says in the history that a change is accepted, or not, and writes the page anew.
nightly_word()
{
	local device=$opt_device

	[ "$device" != all ] || device=''
	nightly_file
	mkdir -p "$results" 2>/dev/null ||
		die "cannot write to $results: choose another directory with -o DIR"
	build_programs
	"$top/results/vmig-report" "--history-${opt_action#nightly-}" -- "$nightly_history" \
		"$opt_metric" "$opt_reason" "$device" "$opt_since" || return
	(packages_ensure nightly) || say "nightly.html will have no plots"
	"$top/results/vmig-report" --nightly-html "$nightly_history" "$results/nightly.html"
}

# nightly_begin: before the first run.
nightly_begin()
{
	nightly_file
	nightly_stamp=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	nightly_lost=''
	[ -n "${opt_bench:-}" ] || test_env+=("VMIG_BENCH=$nightly_values")
	# A page without plots is better than a night without a page.
	(packages_ensure nightly) || say "nightly.html will have no plots"
}

# nightly_add: the run in $rundir goes into the history, and to LAVA where that is listening.
nightly_add()
{
	if [ ! -s "$rundir/results.json" ]; then
		return 0
	fi
	[ -z "${VMIG_LAVA:-}" ] || "$top/results/vmig-report" --lava "$rundir"
	"$top/results/vmig-report" --history-add "$rundir" "$nightly_history" "$nightly_stamp" ||
		nightly_lost+=" $rundir"
}

# nightly_again: a metric that is worse is measured a second time, and the better one counts:
# what disturbs a machine for a minute is no regression.
nightly_again()
{
	local device globs rc kept=$rundir

	"$top/results/vmig-report" --suspects "$nightly_history" "$nightly_stamp" \
		>"$tmp/suspects" || return 0
	while IFS=$'\t' read -r device globs <&3; do
		[ -z "$interrupted" ] || break
		say "$device seems slower, and is measured again"
		opt_tests=$globs
		test_env+=("VMIG_TESTS=$globs")
		rc=0
		if [ "$mode" = host ]; then
			test_on_host >"$tmp/again" || rc=$?
		else
			test_in_guest "$device" >"$tmp/again" || rc=$?
		fi
		worse "$verdict" "$rc"
		nightly_add
	done 3<"$tmp/suspects"
	# The newest run is the one of all tests.
	rundir=$kept
	rundir_latest
}

# nightly_end: judges the night and prints the result; changes $verdict.
nightly_end()
{
	local rc=0

	if [ -z "$nightly_lost" ]; then
		[ -n "$interrupted" ] || nightly_again
		"$top/results/vmig-report" --judge-regression "$nightly_history" "$nightly_stamp" || rc=$?
		"$top/results/vmig-report" --nightly-html "$nightly_history" "$results/nightly.html" ||
			rc=2
		worse "$verdict" "$rc"
	fi
	[ -n "$nightly_lost" ] || return 0
	for rc in $nightly_lost; do
		printf 'vmig: the run is kept, and not in the history: add it with %s\n' \
			"$top/results/vmig-report --history-add $rc $nightly_history $nightly_stamp" >&2
	done
	worse "$verdict" 2
}
