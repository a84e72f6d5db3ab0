# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A run in lanes: guests side by side, each with a part of the chapters. What the lanes leave becomes
# the one run directory that a single guest would have left.
# Sourced by run.sh, which sets top, tmp, rundir and interrupted, after clock.sh and session.sh.
# shellcheck disable=SC2154,SC2034

# Chapters that look for races: there processors must run side by side, which they do not in virtual time.
lanes_parallel="race stress"
# Chapters that measure: in a guest of their own, so that nothing that another chapter has left shows.
lanes_measure="throughput downtime"
# Fewer tests than this are not worth another boot.
lanes_worth=200
# Where the lanes leave word for each other.
lanes_lists=''
# Lanes at a time, by the processors of the host.
lanes_max=4

# lanes_of CHAPTER: the lane of a chapter; `rest` for those that any guest can have.
lanes_of()
{
	case " $lanes_parallel " in *" $1 "*) echo parallel && return ;; esac
	case " $lanes_measure " in *" $1 "*) echo measure && return ;; esac
	echo rest
}

# lanes_plan: which lanes there are, in lanes, and what each has, in $tmp/lane-NAME; from the tests
# that this run must bring a result of.
lanes_plan()
{
	local c lane n=0 rest

	lanes_at_a_time=$(nproc)
	[ "$lanes_at_a_time" -le $lanes_max ] || lanes_at_a_time=$lanes_max
	# One guest where there is not much to do, and where a chapter needs no other one.
	[ "$(wc -l <"$tmp/tests.tsv")" -ge $lanes_worth ] || lanes_at_a_time=1
	rest=$lanes_at_a_time
	[ "$rest" -gt 1 ] || rest=0
	# A device before this one may have left them.
	rm -rf "$tmp"/lane-* "$tmp"/taken-* "$tmp"/lanes-failed "$tmp"/measured-real
	while read -r c; do
		lane=all
		if [ "$rest" -gt 0 ] || [ "$clock" = virtual ]; then
			lane=$(lanes_of "$c")
			[ "$lane" != rest ] || [ "$rest" -eq 0 ] || lane=rest$((n++ % rest))
		fi
		printf '%s ' "$c" >>"$tmp/lane-$lane"
	done < <(cut -f 1 "$tmp/tests.tsv" | awk '!seen[$0]++')
	# The longest first; what is measured last, when a real clock must not be disturbed any more.
	lanes=()
	for lane in all rest rest0 parallel rest1 rest2 rest3 measure; do
		[ ! -e "$tmp/lane-$lane" ] || lanes+=("$lane")
	done
}

# lanes_clock LANE: its clock, as clock_qemu() has it.
lanes_clock()
{
	case $clock-$1 in
	virtual-parallel) echo real ;;
	virtual-measure) echo "$clock_measure" ;;
	*) clock_of_tests ;;
	esac
}

# lanes_enter LANE: from now on session_tests() runs this one.
lanes_enter()
{
	session_clock=$(lanes_clock "$1")
	read -r lane_chapters <"$tmp/lane-$1" || :
	test_env+=("VMIG_CHAPTERS=$lane_chapters")
}

# lanes_ran_away: did a test, or all of them, reach its limit in a guest that counts instructions? A clock that
# ran ahead while the guest waited for the host looks like this.
lanes_ran_away()
{
	[ "$session_clock" != real ] && [ -z "$interrupted" ] || return 1
	[ "$status" != timeout ] || return 0
	grep -qsE '^# .*: Test terminated by timeout' "$rundir"/ktap/*.ktap
}

# lanes_session LANE: the lane that was entered. What is measured with a clock that may have run away is measured
# again by a real one, which is another series of a history; a driver that hangs does so there, too.
lanes_session()
{
	session_tests || return
	[ "$1" = measure ] && lanes_ran_away || return 0
	say "a test came to its limit in virtual time, so that the clock may have run away: measuring with a real one"
	find "$rundir/ktap" -name '*.ktap' -exec rm -f {} +
	rm -f "$rundir/dmesg.txt" "$rundir/cost.tsv"
	session_clock=real
	: >"$lanes_lists/measured-real"
	session_tests
}

# lanes_worker NUMBER: takes one lane after the other, as long as there are some.
lanes_worker()
{
	local lane run=$rundir env=("${test_env[@]}") lists=$tmp d

	trap 'qemu_stop' EXIT
	for lane in "${lanes[@]}"; do
		[ -z "$interrupted" ] && [ ! -e "$lists/lanes-failed" ] || return 0
		# Another worker took this one.
		mkdir "$lists/taken-$lane" 2>/dev/null || continue
		test_env=("${env[@]}")
		tmp=$lists
		lanes_enter "$lane"
		tmp=$lists/taken-$lane
		rundir=$run/.lane-$lane
		mkdir -p "$rundir/ktap"
		for d in corpus streams replayed; do
			[ ! -d "$run/$d" ] || cp -r "$run/$d" "$rundir/"
		done
		lanes_session "$lane" || : >"$lists/lanes-failed"
		printf '%s %s %s\n' "${status:-lost}" "$guests" "$profile" >"$rundir/.ended"
	done
}

# lanes_stuck: the calls that other lanes know not to come back (selftests/harness/stuck.h).
lanes_stuck()
{
	local dir words known=''

	[[ $rundir == */.lane-* ]] || return 0
	read -ra words <<<"$(chapters | tr '\n' ' ')"
	for dir in "${rundir%/*}"/.lane-*; do
		[ "$dir" = "$rundir" ] || [ ! -d "$dir/ktap" ] ||
			known=$(VMIG_STUCK=$known "$top/selftests/vmig_ktap" given-up "$dir/ktap" "${words[@]}")
	done
	printf '%s' "$known"
}

# lanes_merge: what the lanes have left, into $rundir; sets status, guests and profile as session_tests().
lanes_merge()
{
	local lane dir f s g p

	status=complete
	guests=0
	for lane in "${lanes[@]}"; do
		dir=$rundir/.lane-$lane
		s=interrupted g=1 p=$profile
		[ ! -s "$dir/.ended" ] || read -r s g p <"$dir/.ended"
		[ "$s" = complete ] || status=$s
		guests=$((guests + g))
		[ -z "$p" ] || profile=$p
		[ -d "$dir" ] || continue
		find "$dir/ktap" -size 0 -delete 2>/dev/null
		for f in "$dir"/ktap/*.ktap; do
			[ ! -e "$f" ] || mv "$f" "$rundir/ktap/"
		done
		for f in dmesg.txt console.log; do
			[ ! -e "$dir/$f" ] || cat "$dir/$f" >>"$rundir/$f"
		done
		for f in environment.json profile.conf cost.tsv modules.sha256 kernel.config; do
			[ ! -s "$dir/$f" ] || [ -s "$rundir/$f" ] || mv "$dir/$f" "$rundir/"
		done
		for f in corpus streams repro gcov; do
			[ ! -d "$dir/$f" ] || { mkdir -p "$rundir/$f" && cp -r "$dir/$f/." "$rundir/$f/"; }
		done
		rm -rf "$dir"
	done
}

# lanes_run: the suite, as session_tests(), in as many guests at a time as the host has processors.
lanes_run()
{
	local measure='' env=("${test_env[@]}") rc=0

	lanes_lists=$tmp
	lanes_plan
	cost_choose
	if [ ${#lanes[@]} -eq 1 ]; then
		lanes_enter "${lanes[0]}"
		lanes_session "${lanes[0]}" || rc=$?
		# The next device may have other tests to run.
		lane_chapters=''
		test_env=("${env[@]}")
		return "$rc"
	fi
	# A real clock measures what the others do, too.
	if [ "$clock" = real ] && [[ ${lanes[*]} == *measure ]]; then
		measure=1
		unset 'lanes[-1]'
	fi
	{
		workers_run "$lanes_at_a_time" lanes_worker
		if [ -n "$measure" ]; then
			lanes+=(measure)
			workers_run 1 lanes_worker
		fi
	} 2> >(awk '!seen[$0]++ { print; fflush() }' >&2)
	lanes_merge
	[ ! -e "$tmp/lanes-failed" ]
}
