# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Run directory: create it and write its files. Sourced by run.sh, which sets the options (opt_*),
# top and results.
# shellcheck disable=SC2154

# chapters: the names of the test binaries, on one line.
chapters()
{
	sed 's/#.*//; s,.*/,,' "$top/selftests/chapters" | tr '\n' ' '
}

# rundir_new DEVICE: makes the directory, its path in $rundir.
rundir_new()
{
	local name n=1

	if ! mkdir -p "$results/runs" 2>/dev/null || [ ! -w "$results/runs" ]; then
		die "cannot write to $results: choose another directory with -o DIR"
	fi
	need_space "$results" 16 "the results" "-o DIR"
	name=$(date -u +%Y%m%dT%H%M%SZ)-$(uname -n)-${1//[^A-Za-z0-9._-]/-}
	rundir=$results/runs/$name
	while [ -e "$rundir" ]; do
		n=$((n + 1))
		rundir=$results/runs/$name-$n
	done
	mkdir "$rundir" "$rundir/ktap" ||
		die "cannot write to $results/runs: choose another directory with -o DIR"
	run_started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	run_clock=$EPOCHREALTIME
}

# rundir_latest: lets results/latest point at this run.
rundir_latest()
{
	ln -sfn "runs/${rundir##*/}" "$results/latest" || :
}

# rundir_planned: what this run must bring a result of, for tests.tsv and run.json. The
# guest has no say in it.
rundir_planned()
{
	env "${test_env[@]}" "$top/selftests/run_chapters.sh" --names >"$tmp/tests.tsv" </dev/null ||
		die "the test programs in $top/selftests do not say what tests they have"
}

# rundir_record WHERE ACCEL STATUS: writes run.json. Until the end of a run it says
# "interrupted", so that it is right also if the run is killed.
rundir_record()
{
	local version commit seconds hazards='' planned=null

	seconds=$(LC_ALL=C awk -v a="$run_clock" -v b="$EPOCHREALTIME" \
		'BEGIN { printf "%.2f", b - a }')
	IFS=' ' read -r _ version _ commit < <("$top/results/vmig-report" --version) || :
	[[ " ${test_env[*]} " != *" VMIG_HAZARDS=1 "* ]] || hazards=1
	# What a guest left under these names is none of ours.
	rm -rf "$rundir/run.json.part" "$rundir/tests.tsv"
	if [ -e "$tmp/tests.tsv" ]; then
		cp "$tmp/tests.tsv" "$rundir/tests.tsv"
		planned=$(wc -l <"$tmp/tests.tsv")
	fi
	cat >"$rundir/run.json.part" <<-EOF && mv "$rundir/run.json.part" "$rundir/run.json"
	{
	  "where": $(json_string "$1"),
	  "accel": $(json_string "$2"),
	  "virtual_time": $(json_bool "$([ -z "$2" ] || [ "$clock" = real ] || [ -e "$tmp/measured-real" ] || echo 1)"),
	  "status": $(json_string "$3"),
	  "guests": ${guests:-null},
	  "options": {
	    "strict": $(json_bool "$opt_strict"),
	    "hazards": $(json_bool "$hazards"),
	    "programs": $(json_string "$(foreign_words)"),
	    "stock_kernel": $(json_string "$opt_stock"),
	    "debug_kernel": $(json_bool "$opt_debug"),
	    "known_deviations": $([ -n "$opt_no_known" ] && echo false || echo true),
	    "without_migration": $(json_bool "$opt_without"),
	    "left_out": $(json_string "${left_out-}"),
	    "tests": $(json_string "$opt_tests"),
	    "mustpass": $(json_string "$mustpass"),
	    "stress": $(json_string "$opt_stress"),
	    "seed": ${opt_seed:-null},
	    "parameters": $(json_string "${opt_param[*]}"),
	    "profile": $(json_string "$profile")
	  },
	  "firmware": $(firmware_json),
	  "kernel_source": $(json_string "$kernel_package"),
	  "profile_file": $([ -e "$rundir/profile.conf" ] && json_string profile.conf || echo null),
	  "planned": $planned,
	  "started": $(json_string "$run_started"),
	  "seconds": $seconds,
	  "suite": {
	    "version": $(json_string "${version%,}"),
	    "commit": $(json_string "$commit")
	  }
	}
	EOF
	# The last word on the run: it must not be lost where the power fails now.
	sync "$rundir/run.json" 2>/dev/null || :
}

# rundir_full: is there no space left for what a run leaves?
rundir_full()
{
	[ "$(df -Pk "$rundir" | awk 'NR == 2 { print $4 }')" -lt 1024 ]
}

rundir_full_message()
{
	printf 'vmig: the disk is full, and the run in %s is not complete: %s\n' "$rundir" \
		"free some space or choose another directory with -o DIR" >&2
}
