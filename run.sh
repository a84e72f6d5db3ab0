#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The front door: runs the suite on drivers in a QEMU guest, or on a device of this host.
# Starts programs and holds no verdicts; results/vmig-report has those.

set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
guest=$top/configs/guest
# shellcheck source=configs/run/lib.sh
. "$top/configs/run/lib.sh"
# shellcheck source=configs/run/packages.sh
. "$top/configs/run/packages.sh"
# shellcheck source=configs/guest/arch.sh
. "$guest/arch.sh"
# shellcheck source=configs/guest/debs.sh
. "$guest/debs.sh"
# shellcheck source=configs/guest/foreign.sh
. "$guest/foreign.sh"
# shellcheck source=configs/guest/qemu.sh
. "$guest/qemu.sh"
# shellcheck source=configs/guest/clock.sh
. "$guest/clock.sh"
# shellcheck source=configs/guest/cost.sh
. "$guest/cost.sh"
# shellcheck source=configs/guest/firmware.sh
. "$guest/firmware.sh"
# shellcheck source=configs/run/streams.sh
. "$top/configs/run/streams.sh"
# shellcheck source=configs/run/transfer.sh
. "$top/configs/run/transfer.sh"
# shellcheck source=configs/guest/session.sh
. "$guest/session.sh"
# shellcheck source=configs/guest/lanes.sh
. "$guest/lanes.sh"
# shellcheck source=configs/run/workers.sh
. "$top/configs/run/workers.sh"
# shellcheck source=configs/run/mutants.sh
. "$top/configs/run/mutants.sh"
# shellcheck source=configs/run/replay.sh
. "$top/configs/run/replay.sh"
# shellcheck source=configs/run/core.sh
. "$top/configs/run/core.sh"
# shellcheck source=configs/run/conforming.sh
. "$top/configs/run/conforming.sh"
# shellcheck source=configs/run/coverage.sh
. "$top/configs/run/coverage.sh"
# shellcheck source=configs/run/nightly.sh
. "$top/configs/run/nightly.sh"
# shellcheck source=configs/run/options.sh
. "$top/configs/run/options.sh"
# shellcheck source=configs/run/rundir.sh
. "$top/configs/run/rundir.sh"
# shellcheck source=configs/host/undo.sh
. "$top/configs/host/undo.sh"
# shellcheck source=configs/host/host.sh
. "$top/configs/host/host.sh"
# shellcheck source=configs/run/probe.sh
. "$top/configs/run/probe.sh"
# shellcheck source=configs/host/setup.sh
. "$top/configs/host/setup.sh"
# shellcheck source=configs/run/qualify.sh
. "$top/configs/run/qualify.sh"

# step COMMAND...: runs what may take long, so that a signal ends it and then us.
step()
{
	local rc=0

	[ -z "$interrupted" ] || exit "$interrupted"
	"$@" </dev/null &
	step_pid=$!
	wait "$step_pid" || rc=$?
	if [ -n "$interrupted" ]; then
		wait "$step_pid"
		exit "$interrupted"
	fi
	step_pid=''
	return "$rc"
}

# shellcheck disable=SC2317 # called by a trap, like clean_up
on_signal()
{
	interrupted=$1
	[ -z "${step_pid:-}" ] || kill -TERM "$step_pid" 2>/dev/null
}

# shellcheck disable=SC2317
clean_up()
{
	qemu_stop
	host_kmsg_end
	undo_end
	transfer_end
	rm -rf "$tmp"
}

built()
{
	local c words

	read -ra words < <(chapters)
	for c in env host ktap probe transfer "${words[@]}"; do
		[ -x "$top/selftests/vmig_$c" ] || return 1
	done
	[ -x "$top/results/vmig-report" ]
}

# The test binaries and the report: built from the sources where that can be done, else
# those that came along.
build_programs()
{
	local sources='' missing building ksrc khdr

	[ -f "$top/Makefile" ] && [ -d "$top/lib/spec" ] && [ -w "$top/selftests" ] && sources=1
	if built; then
		[ -n "$sources" ] || return 0
		mapfile -t missing < <(packages_missing build)
		[ ${#missing[@]} -eq 0 ] || return 0
	elif [ -z "$sources" ]; then
		die "the test binaries are missing and cannot be built in $top: take a tarball that has" \
			"them (make gen_tar), or a work tree that can be written"
	fi
	# Two runs in a pipe begin at the same time.
	exec {building}<"$top/Makefile"
	if ! flock -n "$building"; then
		say "waiting for another run that builds the suite"
		flock "$building"
	fi
	packages_ensure build
	ksrc=$("$guest/kernel.sh" --programs source) || exit
	khdr=$("$guest/kernel.sh" --programs headers) || exit
	if ! step make -s -C "$top" -j"$(nproc)" selftests report "KSRC=$ksrc" "KHDR=$khdr" \
		>"$tmp/make" 2>&1; then
		cat "$tmp/make" >&2
		if grep -q 'No space left on device' "$tmp/make"; then
			die "the disk is full: free some space under $top"
		fi
		die "the suite could not be built: see above"
	fi
	exec {building}<&-
	grep '^vmig: ' "$tmp/make" >&2 || :
}

print_catalogue()
{
	build_programs
	step "$top/selftests/run_chapters.sh" --list >"$tmp/list" || exit 2
	"$top/results/vmig-report" "--$1" "$tmp/list"
}

build_kernel()
{
	local args=()

	packages_ensure build guest "${arch_packages[@]}"
	if [ -n "$opt_stock" ]; then
		stock_kernel
		return
	fi
	args=(--arch "$guest_arch")
	[ -z "$opt_debug" ] || args+=(--fragment "$guest/debug.config")
	step "$guest/kernel.sh" "${args[@]}" build >"$tmp/kernel" || exit
	kernel_build=$(cat "$tmp/kernel")
	kernel_source=$("$guest/kernel.sh" source) || exit
	kernel_package=$("$guest/kernel.sh" package) || exit
}

# check_profile NAME: dies if the profile of that name cannot be understood.
check_profile()
{
	[ -z "$1" ] || "$top/results/vmig-report" --check-profile "$top/configs/devices/$1.conf" ||
		die "the profile $1 has to be mended first (configs/devices/README.md)"
}

# report: the verdict of this run as exit code.
report()
{
	local rc=0

	if rundir_full; then
		rundir_full_message
		return 2
	fi
	"$top/results/vmig-report" "$rundir" || rc=$?
	[ -z "$interrupted" ] || rc=$interrupted
	return "$rc"
}

# untested: a run that never began leaves its directory only if it says something.
untested()
{
	rmdir "$rundir/ktap" 2>/dev/null
	if [ -s "$rundir/dmesg.txt" ] || [ -s "$rundir/console.log" ]; then
		say "what the kernel said is in $rundir"
	else
		rm -rf "$rundir"
	fi
	return 2
}

# run_in_guest PROFILE: a run, in $rundir; false if it never began.
run_in_guest()
{
	profile=$1
	rundir_planned
	rundir_record guest "$accel" interrupted
	streams_in /results || return
	if ! lanes_run; then
		streams_out
		return 1
	fi
	streams_out
	# By our rules, whatever the guest has made of them.
	profile=${1:-${profile##*/}}
	rm -f "$rundir/profile.conf"
	[ -z "$profile" ] || cp "$profiles/$profile.conf" "$rundir/profile.conf"
	cost_unless
	rundir_record guest "$accel" "$status"
}

# test_in_guest PROFILE: the same, in a directory of its own; returns the verdict.
test_in_guest()
{
	rundir_new "${1:-${guest_device:-guest}}"
	if ! run_in_guest "$1"; then
		untested
		return
	fi
	rundir_latest
	report
}

# run_on_host: a run, in $rundir; false if it never began.
run_on_host()
{
	profile=''
	rundir_planned
	rundir_record host '' interrupted
	host_run || return
	cost_choose
	cost_unless
	rundir_record host '' "$status"
}

test_on_host()
{
	build_programs
	if setup_asked; then
		undo_begin
		setup_host
	fi
	host_find "$opt_device"
	host_check
	undo_begin
	rundir_new "$dev_name"
	rundir_latest
	if ! run_on_host; then
		untested
		return
	fi
	rundir_latest
	report
}

# work_in_guest MODE: a command or a shell; returns its exit code.
work_in_guest()
{
	profile=${devices[0]}
	rundir_new "${profile:-guest}-$1"
	session "$1" || return 2
	[ -z "$interrupted" ] || return "$interrupted"
	[ -n "$guest_exit" ] || return 2
	return "$guest_exit"
}

# worse A B: the exit code that says more, in $verdict.
worse()
{
	local code

	for code in 143 130 1 3 2; do
		if [ "$1" = $code ] || [ "$2" = $code ]; then
			verdict=$code
			return
		fi
	done
	verdict=$(($1 > $2 ? $1 : $2))
}

# test_devices: each of the devices on one kernel; worsens verdict.
test_devices()
{
	local d rc

	for d in "${devices[@]}"; do
		[ -z "$interrupted" ] || break
		rc=0
		test_in_guest "$d" || rc=$?
		worse "$verdict" "$rc"
		[ "$opt_action" != nightly ] || nightly_add
		[ ! -e "$rundir/results.json" ] || runs+=("$rundir")
	done
}

# test_kernels: the devices on each of the kernels that the profiles know; returns the worst verdict. A
# kernel that cannot be had or built costs no result of another one.
test_kernels()
{
	local known

	verdict=0
	mapfile -t known < <("$guest/kernel.sh" series)
	for VMIG_KERNEL in "${known[@]}"; do
		[ -z "$interrupted" ] || break
		say "Linux $VMIG_KERNEL"
		if (build_kernel) && [ -z "$interrupted" ]; then
			build_kernel
			machine_choose
			test_devices
		else
			worse "$verdict" 2
		fi
	done
	runs_table
	[ -z "$interrupted" ] || verdict=$interrupted
	return "$verdict"
}

# runs_table: a line for each run, where there were several.
runs_table()
{
	[ ${#runs[@]} -gt 1 ] || return 0
	echo
	"$top/results/vmig-report" --table "${runs[@]}"
}

main()
{
	local d

	parse_options "$@"
	transfer_limits
	check_whole
	bundle_check
	choose_mode
	foreign_check
	kernel_check
	nightly_word_check
	setup_check_options
	[ -z "$opt_json" ] || [ "$opt_action" = probe ] || die "--json needs --probe"
	case $opt_action in
	probe | prepare)
		if [ "$opt_action" = probe ]; then probe; else prepare_host; fi
		return
		;;
	nightly-accept | nightly-withdraw)
		nightly_word
		return
		;;
	mutants)
		build_programs
		mutants
		return
		;;
	replay)
		build_programs
		replay
		return
		;;
	core-defects)
		build_programs
		core_defects
		return
		;;
	conforming)
		build_programs
		conforming
		return
		;;
	driver-coverage)
		build_programs
		driver_coverage
		return
		;;
	cleanup)
		[ -x "$top/selftests/vmig_host" ] || build_programs
		undo_all
		return
		;;
	qualify | verify)
		"$opt_action"
		return
		;;
	list | clauses)
		print_catalogue "$opt_action"
		return
		;;
	save-stream | load-stream)
		transfer
		return
		;;
	kernel-build-dir)
		build_kernel
		printf '%s\n' "$kernel_build"
		return
		;;
	esac
	[ "$opt_action" != nightly ] || nightly_begin
	verdict=0
	if [ "$mode" = host ]; then
		test_on_host || verdict=$?
		[ "$opt_action" != nightly ] || nightly_add
		[ "$opt_action" != nightly ] || nightly_end
		return "$verdict"
	fi
	packages_ensure build guest
	build_programs
	for d in "${devices[@]}"; do
		check_profile "$d"
	done
	foreign_programs
	if [ "$opt_kernel" = all ]; then
		test_kernels
		return
	fi
	build_kernel
	machine_choose
	case $opt_action in
	guest-cmd)
		work_in_guest command
		return
		;;
	shell)
		work_in_guest shell
		return
		;;
	esac
	test_devices
	runs_table
	[ "$opt_action" != nightly ] || nightly_end
	[ -z "$interrupted" ] || verdict=$interrupted
	return "$verdict"
}

interrupted=''
kernel_package=''
runs=()
# A make above us must not hand its options to the ones we start.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CDPATH
# These are set from the options alone, so that run.json says what was in force.
unset VMIG_KERNEL VMIG_DEVICE VMIG_PROFILE VMIG_TESTS VMIG_CHAPTERS VMIG_STRICT VMIG_NO_KNOWN VMIG_HAZARDS
export LC_ALL=C
tmp=$(mktemp -d) || die "cannot write to ${TMPDIR:-/tmp}: free some space there or set TMPDIR"
trap clean_up EXIT
trap 'on_signal 130' INT
trap 'on_signal 143' TERM HUP
main "$@"
exit
