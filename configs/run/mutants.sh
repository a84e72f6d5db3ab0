# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --mutants: the suite on the reference drivers as they are, where nothing may fail,
# and with each of their defects, which a test must notice. Sourced by run.sh, which sets the
# options (opt_*), top, guest, tmp and interrupted. The verdict is that of vmig-report.
#
# An entry is one load of a driver: "LABEL|PARAMETERS|CHAPTERS|GLOBS", where LABEL is the
# directory of what comes out. A batch is a file of entries for the guests of one profile.
# Each entry begins with the driver loaded anew, so that nothing leaks from one to the next.
# shellcheck disable=SC2154,SC2034

# What the drivers can offer: first the shape in which each defect is tried, then those for
# defects that came through it. Each state machine of the specification, and no DMA logging.
mutants_shapes=(all log "p2p,log" "pre_copy,log" "p2p,pre_copy")
# Entries of one guest: a boot costs as much as two or three of them.
mutants_batch_size=24
# The same of entries without a defect, as each takes as long as a batch of defects.
mutants_conforming_batch=1
# Guests at a time.
mutants_guests=2
# A guest whose kernel log says nothing for longer, in seconds, hangs. A chapter may take
# less.
mutants_silence=300
# How long a guest that runs entries may take.
mutants_seconds=36000
# Defects that crash the guest: selftests/meta/survive.sh has them.
mutants_fatal="set_error_deadlocks set_undefined_panics blocked_arc_spins"
# What runs with --debug-kernel, for the defects which that kernel alone shows: chapters, and the
# globs of their tests.
mutants_debug_chapters="fail_nth stress consumers"
mutants_debug_globs="fail_nth*.* stress*.* *.no_memory_at_*"

# mutants_profile_of WHERE: the profile whose driver has the defect.
mutants_profile_of()
{
	if [ "$1" = EDU ]; then echo edu; else echo mock; fi
}

# mutants_choose: the profiles and the defects of this run, in mutants_profiles and in
# $tmp/defects (name, where, clause; tabs between).
mutants_choose()
{
	local d p

	# What is said of such a defect ends with the words "which KASAN sees", or who else does;
	# or it is one of the errors that a kernel has to be made to have.
	"$top/results/vmig-report" --defects >"$tmp/told-defects" || exit
	cut -f 1-3 "$tmp/told-defects" >"$tmp/all-defects"
	awk -F '\t' '/^no_memory_/ || $4 ~ /which (KASAN|lockdep|kmemleak|a control group) sees/ { print $1 }' \
		"$tmp/told-defects" >"$tmp/debug-defects"
	for d in "${opt_defect[@]}"; do
		awk -F '\t' -v d="$d" '$1 == d { there = 1 } END { exit !there }' "$tmp/all-defects" ||
			die "no defect '$d': results/vmig-report --defects lists them"
		if [ -z "$opt_debug" ] && mutants_needs_debug "$d"; then
			die "the defect '$d' shows in the debug kernel alone: add --debug-kernel"
		fi
	done
	mutants_profiles=()
	for p in mock edu; do
		[ -n "$opt_device" ] && [ "$opt_device" != "$p" ] || mutants_profiles+=("$p")
	done
	while IFS=$'\t' read -r d p c; do
		if [ ${#opt_defect[@]} -gt 0 ]; then
			[[ " ${opt_defect[*]} " == *" $d "* ]] || continue
		elif [ -n "$opt_debug" ]; then
			mutants_needs_debug "$d" || continue
		elif mutants_needs_debug "$d" || [[ " $mutants_fatal " == *" $d "* ]]; then
			continue
		fi
		[[ " ${mutants_profiles[*]} " == *" $(mutants_profile_of "$p") "* ]] || continue
		printf '%s\t%s\t%s\n' "$d" "$p" "$c"
	done <"$tmp/all-defects" >"$tmp/defects"
	[ -s "$tmp/defects" ] || die "none of these defects is one of the driver $opt_device"
	# A part of the defects needs only the driver that has them to be conforming.
	if [ ${#opt_defect[@]} -gt 0 ] || [ -n "$opt_debug" ]; then
		mapfile -t mutants_profiles < <(cut -f 2 "$tmp/defects" | sed 's/REF/MOCK/' |
			sort -u | tr '[:upper:]' '[:lower:]')
	fi
}

# mutants_leave_newer: takes those defects out whose clause the kernel does not have yet.
mutants_leave_newer()
{
	local release name since left=()

	release=$(cat "$kernel_build/include/config/kernel.release") || exit 2
	cp "$tmp/defects" "$tmp/chosen"
	while IFS=$'\t' read -r name since; do
		[ "$(printf '%s\n' "$since" "$release" | sort -V | head -n 1)" != "$since" ] || continue
		left+=("$name from $since on")
		awk -F '\t' -v d="$name" '$1 != d' "$tmp/defects" >"$tmp/defects-left"
		mv "$tmp/defects-left" "$tmp/defects"
	done < <(awk -F '\t' 'NR == FNR { since[$1] = $6; next } since[$1] != "-" { print $1 "\t" since[$1] }' \
		"$tmp/told-defects" "$tmp/chosen")
	[ ${#left[@]} -gt 0 ] || return 0
	left=("$(printf '%s, ' "${left[@]}")")
	[ -s "$tmp/defects" ] ||
		die "Linux $release does not have the clauses of these defects: ${left[0]%, }"
	say "left out, as Linux $release does not have their clauses: ${left[0]%, }"
}

# mutants_select CLAUSE...: the chapters and the globs of the tests that name one of them.
mutants_select()
{
	awk -F '\t' -v ids="$*" '
		BEGIN { n = split(ids, id, " ") }
		{
			for (i = 1; i <= n; i++)
				if (index(" " $4 " ", " " id[i] " "))
					break
			if (i > n)
				next
			if (!seen[$1]++)
				chapters = chapters " " $1
			sub(/\./, ".*.", $2)
			globs = globs " " $2
		}
		END { print (globs ? substr(chapters, 2) : "none") "|" substr(globs, 2) }' "$tmp/list"
}

# mutants_keep_debug_chapters: of the list of tests, those that need the debug kernel; the rest
# has its own run, in a kernel that is some times as fast.
mutants_keep_debug_chapters()
{
	local chapter test rest glob globs

	read -ra globs <<<"$mutants_debug_globs"
	while IFS=$'\t' read -r chapter test rest; do
		[[ " $mutants_debug_chapters " == *" $chapter "* ]] || continue
		for glob in "${globs[@]}"; do
			# shellcheck disable=SC2053 # a pattern
			[[ $test != $glob ]] || printf '%s\t%s\t%s\n' "$chapter" "$test" "$rest"
		done
	done <"$tmp/list" >"$tmp/list-debug"
	mv "$tmp/list-debug" "$tmp/list"
}

# mutants_entry LABEL PARAMETERS [CLAUSE]: with a clause, only the tests that name it.
mutants_entry()
{
	local select='|'

	# As they are: all that is run with a defect.
	[ -z "$opt_debug" ] || [ -n "${3-}" ] || select="$mutants_debug_chapters|$mutants_debug_globs"
	[ -z "${3-}" ] || [ -n "$opt_full" ] || select=$(mutants_select "$3")
	printf '%s|%s|%s\n' "$1" "$2" "$select"
}

# mutants_plan_conforming: entries of the drivers as they are.
mutants_plan_conforming()
{
	local p shape shapes

	for p in "${mutants_profiles[@]}"; do
		shapes=("${mutants_shapes[@]}")
		# What depends on the shape is the engine's, which both drivers share.
		[ "$p" = mock ] && [ ${#opt_defect[@]} -eq 0 ] && [ -z "$opt_debug" ] ||
			shapes=(all)
		for shape in "${shapes[@]}"; do
			mutants_entry "conforming/$p-${shape//,/+}" "features=$shape" >>"$tmp/entries-$p"
		done
	done
}

# mutants_plan FILE SHAPE...: entries of the defects in FILE, in these shapes.
mutants_plan()
{
	local name where clause p shape file=$1

	shift
	for shape in "$@"; do
		while IFS=$'\t' read -r name where clause; do
			p=$(mutants_profile_of "$where")
			mutants_entry "defects/$name/$p-${shape//,/+}" \
				"defect=$name features=$shape" "$clause" >>"$tmp/entries-$p"
		done <"$file"
	done
}

# mutants_plan_edu FILE: entries of those defects of the engine, which both drivers share, on
# the driver that was not tried yet.
mutants_plan_edu()
{
	local name where clause

	[[ " ${mutants_profiles[*]} " == *" edu "* ]] || return 0
	while IFS=$'\t' read -r name where clause; do
		[ "$where" != REF ] || mutants_entry "defects/$name/edu-${mutants_shapes[0]}" \
			"defect=$name features=${mutants_shapes[0]}" "$clause" >>"$tmp/entries-edu"
	done <"$1"
}

# mutants_batches: cuts the entries into batches.
mutants_batches()
{
	local p n

	rm -rf "$tmp/batches"
	mkdir "$tmp/batches"
	for p in "$tmp"/entries-*; do
		[ -s "$p" ] || continue
		p=${p##*/entries-}
		grep '^conforming/' "$tmp/entries-$p" |
			split -d -l "$mutants_conforming_batch" - "$tmp/batches/1-$p-"
		n=$(grep -c '^defects/' "$tmp/entries-$p") || :
		if [ "$n" -gt 0 ]; then
			# As many in each, so that the guests end at the same time.
			n=$(((n + mutants_batch_size - 1) / mutants_batch_size))
			grep '^defects/' "$tmp/entries-$p" | split -d -n "r/$n" - "$tmp/batches/2-$p-"
		fi
		rm -f "$tmp/entries-$p"
	done
}

# mutants_chapters BATCH: those that its entries run, with blanks between; nothing where one runs all.
mutants_chapters()
{
	awk -F '|' '
		$3 == "" { all = 1 }
		{ n = split($3, c, " "); for (i = 1; i <= n; i++) if (!seen[c[i]]++) list = list c[i] " " }
		END { if (!all) print list }' "$1"
}

# mutants_guest BATCH: one boot; takes from the batch what it has done, and what it died of.
mutants_guest()
{
	local current label

	session_entries=$1
	status=''
	lane_chapters=$(mutants_chapters "$1")
	session mutants || :
	lane_chapters=''
	# What it moved to the host is done, whatever came of the guest then.
	touch "$rundir/finished"
	current=$(cat "$rundir/current" 2>/dev/null) || :
	if [ -n "$current" ] && ! grep -qxF -- "$current" "$rundir/finished"; then
		[ -z "$interrupted" ] || return
		mkdir -p "$rundir/out/$current"
		printf '%s\n' "$([ "$status" = timeout ] && echo "the guest hung" ||
			echo "the guest died")" >"$rundir/out/$current/error"
		cp "$rundir/dmesg.txt" "$rundir/console.log" "$rundir/out/$current/" 2>/dev/null
		printf '%s\n' "$current" >>"$rundir/finished"
		say "$current: $(cat "$rundir/out/$current/error")"
	fi
	[ -s "$rundir/finished" ] || return 1
	while read -r label; do
		mkdir -p "$mutants_dir/${label%/*}"
		mv "$rundir/out/$label" "$mutants_dir/${label%/*}/"
	done <"$rundir/finished"
	awk -F '|' 'NR == FNR { done[$0] = 1; next } !($1 in done)' "$rundir/finished" "$1" \
		>"$1.rest"
	mv "$1.rest" "$1"
}

# mutants_worker NUMBER: takes one batch after the other, as long as there are some.
mutants_worker()
{
	local batch mine boots=0

	tmp=$tmp/worker-$1
	mkdir -p "$tmp"
	trap 'qemu_stop' EXIT
	for batch in "$tmp"/../batches/*; do
		mine=$tmp/${batch##*/}
		# Another worker took this batch.
		mv "$batch" "$mine" 2>/dev/null || continue
		profile=${batch##*/}
		profile=${profile#*-}
		profile=${profile%-*}
		while [ -s "$mine" ] && [ -z "$interrupted" ]; do
			boots=$((boots + 1))
			rundir=$mutants_dir/guests/$1-$boots
			mkdir -p "$rundir/ktap" || return 2
			mutants_guest "$mine" || return 2
			if [ -d "$rundir/gcov" ]; then
				mkdir -p "$mutants_dir/counted/$1-$boots"
				mv "$rundir/gcov" "$mutants_dir/counted/$1-$boots/"
			fi
			rm -rf "$rundir"
		done
		[ -z "$interrupted" ] || return "$interrupted"
	done
}

# mutants_round: the batches, in several guests at a time; false if they could not be run.
mutants_round()
{
	mutants_batches
	workers_run "$mutants_guests" mutants_worker
}

# mutants_setup DIR: how guests are run whose results go to DIR.
mutants_setup()
{
	mutants_dir=$1
	mkdir -p "$mutants_dir/guests"
	local seconds=90

	[ -z "$opt_debug" ] || seconds=900
	test_env=(VMIG_STRICT=1 VMIG_HAZARDS=1 "VMIG_CHAPTER_SECONDS=${VMIG_CHAPTER_SECONDS:-$seconds}"
		"VMIG_STRESS=${opt_stress:-brief}" "VMIG_SEED=${opt_seed:-1}")
	guest_cpus=1
	session_clock=$(clock_of_tests)
	[ -z "$opt_debug" ] || mutants_silence=600
}

# mutants_needs_debug NAME: is it seen in the debug kernel alone?
mutants_needs_debug()
{
	grep -qxF -- "$1" "$tmp/debug-defects"
}

# mutants_kernel: the guest's kernel, and the drivers.
mutants_kernel()
{
	packages_ensure build guest
	foreign_programs
	build_kernel
	# Built before two guests want them at once.
	step "$guest/modules.sh" --arch "$guest_arch" "$kernel_source" "$kernel_build" >/dev/null || exit 2
	machine_choose
}

# mutants_begin NAME: a directory for the results of this run.
mutants_begin()
{
	rundir_new "$1"
	rmdir "$rundir/ktap"
	mutants_setup "$rundir"
}

# mutants_end RC SENTENCE: after the rounds: ends with the sentence, which says what could not be done,
# unless they ended well; or where they were interrupted.
mutants_end()
{
	rmdir "$mutants_dir/guests" 2>/dev/null || :
	[ -z "$interrupted" ] || exit "$interrupted"
	[ "$1" -eq 0 ] || die "$2, see $mutants_dir"
	say "what came out is in $mutants_dir"
}

# mutants: the whole of it; returns the verdict.
mutants()
{
	local rc=0

	case $opt_device in
	'' | mock | edu) ;;
	*) die "--mutants takes -d mock or -d edu: $opt_device has no defects on demand" ;;
	esac
	step "$top/selftests/run_chapters.sh" --list >"$tmp/list" || exit 2
	[ -z "$opt_debug" ] || mutants_keep_debug_chapters
	mutants_choose
	mutants_kernel
	mutants_leave_newer
	mutants_begin mutants
	cut -f 1 "$tmp/defects" >"$mutants_dir/defects.txt"

	mutants_plan_conforming
	mutants_plan "$tmp/defects" "${mutants_shapes[0]}"
	mutants_round || rc=$?
	if [ "$rc" -eq 0 ]; then
		"$top/results/vmig-report" --survivors "$mutants_dir" >"$tmp/survivors" || return 2
		# Some rules bind only a device that lacks a feature.
		awk -F '\t' 'NR == FNR { left[$1] = 1; next } $1 in left' "$tmp/survivors" \
			"$tmp/defects" >"$tmp/defects-left"
		if [ -s "$tmp/defects-left" ]; then
			mutants_plan "$tmp/defects-left" "${mutants_shapes[@]:1}"
			mutants_plan_edu "$tmp/defects-left"
			mutants_round || rc=$?
		fi
	fi
	mutants_end "$rc" "the mutants could not be run"
	"$top/results/vmig-report" --mutants "$mutants_dir"
}
