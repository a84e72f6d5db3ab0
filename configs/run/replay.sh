# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --replay: bring back bugs that the vendors' drivers had. For each patch of
# selftests/test_modules/history the driver is built with its bug back in, and the tests that
# name the clause that it violates must notice, on simulated firmware; on the driver as it is
# they must not. Sourced by run.sh after mutants.sh. The verdict is that of vmig-report.
# shellcheck disable=SC2154,SC2034

# A guest whose driver has a bug that hangs is ended after this time, in seconds; where the tests
# that need control groups are tried as well, which --stress has, it takes longer.
replay_seconds=400
replay_seconds_cgroups=1200

# replay_name FILE: what a bug is called: NAME of NAME.patch and of NAME.SERIES.patch.
replay_name()
{
	local name=${1##*/}

	printf '%s' "${name%%.*}"
}

# replay_choose: the patches that are meant, in replay_patches.
replay_choose()
{
	local p name

	replay_patches=()
	for p in "$top"/selftests/test_modules/history/*.patch; do
		[ -e "$p" ] || die "there are no patches in selftests/test_modules/history"
		name=$(replay_name "$p")
		[ -z "$opt_device" ] || [ "$opt_device" = "$(profile_get "$p" Driver)" ] || continue
		[ ${#opt_defect[@]} -eq 0 ] || [[ " ${opt_defect[*]} " == *" $name "* ]] || continue
		replay_patches+=("$p")
	done
	[ ${#replay_patches[@]} -gt 0 ] ||
		die "none of the patches in selftests/test_modules/history is meant: their names," \
			"without .patch, go to --defect, and their drivers to -d"
}

# replay_of_kernel VERSION: keeps those of them that are for this kernel, and writes what they
# are to defects.txt: name, driver, clause, what is undone, commit; tabs between.
replay_of_kernel()
{
	local p range kept=()

	for p in "${replay_patches[@]}"; do
		range=$(profile_get "$p" Kernels)
		kernel_in "${range:--}" "$1" || continue
		kept+=("$p")
		printf '%s\t%s\t%s\t%s\t%s\n' "$(replay_name "$p")" "$(profile_get "$p" Driver)" \
			"$(profile_get "$p" Clause)" "$(profile_get "$p" What)" \
			"$(profile_get "$p" Commit)"
	done >"$tmp/defects.txt"
	[ ${#kept[@]} -gt 0 ] ||
		die "none of these bugs can be brought back in Linux $1: their patches are for other kernels"
	replay_patches=("${kept[@]}")
}

# replay_run DIR CGROUPS PATCH CLAUSE...: one guest, with control groups of memory or (empty)
# without; what comes out is in DIR.
replay_run()
{
	local select

	rundir=$1
	session_cgroups=$2
	driver_patch=$3
	shift 3
	mkdir -p "$rundir/ktap"
	run_started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	run_clock=$EPOCHREALTIME
	opt_param=()
	[ -z "$driver_patch" ] || read -ra opt_param < <(profile_get "$driver_patch" Parameters)
	select=$(mutants_select "$@")
	test_env=(VMIG_STRICT=1 VMIG_HAZARDS=1 "VMIG_CHAPTERS=${select%%|*}"
		"VMIG_TESTS=${select#*|}")
	guest_seconds=$replay_seconds
	if [ -n "$session_cgroups" ]; then
		# Calls without memory are a test of --stress: without it they are skipped, and the bug
		# goes unnoticed.
		test_env+=("VMIG_STRESS=${opt_stress:-brief}" "VMIG_SEED=${opt_seed:-1}")
		guest_seconds=$replay_seconds_cgroups
	fi
	if ! session tests 2>"$rundir/error"; then
		return 0
	fi
	rundir_record guest "$accel" "$status"
	if [ "$status" = complete ]; then
		rm "$rundir/error"
	else
		echo "the run ended early: $status" >"$rundir/error"
	fi
}

replay_say()
{
	[ -n "$replay_quiet" ] || printf 'vmig: %s\n' "$1" >&2
}

# replay_control PROFILE CGROUPS: the driver as it is, where the bugs that are tried in such a
# guest are not noticed.
replay_control()
{
	local p clauses=()

	profile=$1
	for p in "${replay_patches[@]}"; do
		[ "$(profile_get "$p" Driver)" != "$profile" ] || [ "$(profile_get "$p" Cgroups)" != "$2" ] ||
			clauses+=("$(profile_get "$p" Clause)")
	done
	replay_run "$replay_dir/conforming/$profile${2:+-cgroups}" "$2" '' "${clauses[@]}"
	replay_say "$profile as it is${2:+, with control groups}: done"
}

# replay_job FILE: one line of the queue: NAME, or =PROFILE,CGROUPS for the driver as it is.
replay_job()
{
	local name=$1 patch p

	if [[ $name == =* ]]; then
		name=${name#=}
		replay_control "${name%,*}" "${name#*,}"
		return
	fi
	for p in "${replay_patches[@]}"; do
		[ "$(replay_name "$p")" != "$name" ] || patch=$p
	done
	profile=$(profile_get "$patch" Driver)
	replay_run "$replay_dir/defects/$name/$profile-all" "$(profile_get "$patch" Cgroups)" "$patch" \
		"$(profile_get "$patch" Clause)"
	replay_say "$name: $(profile_get "$patch" Clause), done"
}

# replay_worker NUMBER: takes one job after the other, as long as there are some.
replay_worker()
{
	local job

	tmp=$tmp/worker-$1
	mkdir -p "$tmp"
	cp "$tmp/../list" "$tmp/list"
	trap 'qemu_stop' EXIT
	for job in "$tmp"/../queue/*; do
		# Another worker took this batch.
		mv "$job" "$tmp/job" 2>/dev/null || continue
		[ -z "$interrupted" ] || return "$interrupted"
		replay_job "${job##*/}"
	done
}

# replay_queue: a file for each guest that is to run.
replay_queue()
{
	local p

	mkdir "$tmp/queue"
	for p in "${replay_patches[@]}"; do
		: >"$tmp/queue/$(replay_name "$p")"
		: >"$tmp/queue/=$(profile_get "$p" Driver),$(profile_get "$p" Cgroups)"
	done
}

# replay: the whole of it; returns the verdict.
replay()
{
	local rc=0

	replay_choose
	step "$top/selftests/run_chapters.sh" --list >"$tmp/list" || exit 2
	packages_ensure build guest
	build_kernel
	replay_of_kernel "$(make -s -C "$kernel_source" kernelversion)"
	machine_choose
	rundir_new replay
	rmdir "$rundir/ktap"
	replay_dir=$rundir
	cp "$tmp/defects.txt" "$replay_dir/"
	replay_queue
	guest_cpus=1
	session_clock=$(clock_of_tests)
	# Two guests at a time would print to one terminal.
	replay_quiet=$opt_quiet
	opt_quiet=1
	workers_run "$mutants_guests" replay_worker || rc=$?
	[ -z "$interrupted" ] || return "$interrupted"
	[ "$rc" -eq 0 ] || die "the bugs could not be replayed, see $replay_dir"
	say "what came out is in $replay_dir"
	"$top/results/vmig-report" --mutants "$replay_dir"
}
