# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --save-stream and --load-stream: save the state of a device to a file or a pipe, and load
# it. selftests/vmig_transfer does it, here or in the guest; this brings files into the guest and
# out of it. Sourced by run.sh, which sets the options (opt_*), top, devices, mode and rundir.
# There is no verdict.
# shellcheck disable=SC2154,SC2034

opt_transfer=''
# The directory that a stream from a pipe waits in for its guest.
transfer_spool=''

# transfer_usage: the part of --help.
transfer_usage()
{
	cat <<-END
	What to do with the state of the device that -d names
	  --save-stream FILE
	                 its state into a file, or with \`-' to standard output, for a pipe; with
	                 --seed N, a pattern is put into it first
	  --load-stream FILE
	                 a file into it, or with \`-' what comes from standard input: 0 accepted, 1
	                 refused by the driver, or accepted and wrong
	                 VMIG_TRANSFER_SECONDS=N is the time limit of both, default 600;
	                 VMIG_WAIT_SECONDS=N how long the other end of a pipe is waited for, default
	                 60; VMIG_SILENCE_SECONDS=N how long it may then do nothing, default 30
	END
}

# transfer_option OPTION VALUE: one of the command line.
transfer_option()
{
	[ -z "$opt_transfer" ] || die "$1 can be given once, and not with another one of its kind"
	set_action "${1#--}"
	opt_transfer=$2
}

# transfer_limits: dies of a limit that means nothing.
transfer_limits()
{
	local name

	for name in VMIG_TRANSFER_SECONDS VMIG_FERRY_SECONDS VMIG_WAIT_SECONDS VMIG_SILENCE_SECONDS; do
		[[ ${!name-1} =~ ^[1-9][0-9]{0,5}$ ]] ||
			die "$name=${!name}: a number of seconds, 1 or more"
	done
	# The name that 0.1.0 has goes on for a release.
	[ -z "${VMIG_FERRY_SECONDS:-}" ] || : "${VMIG_TRANSFER_SECONDS:=$VMIG_FERRY_SECONDS}"
}

# transfer_check: is that what these options can do? After choose_mode.
transfer_check()
{
	[ -n "$opt_device$opt_guest" ] || die "--$opt_action needs a device: add -d DEVICE"
	[ ${#devices[@]} -eq 1 ] || die "--$opt_action takes one device, and -d $opt_device is several"
	[ "$opt_stress" != brief ] || opt_stress=''
	[ -z "$opt_tests$opt_strict$opt_no_known$opt_abort$opt_stress" ] ||
		die "--$opt_action runs no tests: leave out the options that choose or judge them"
	[ -z "$opt_seed" ] || [ "$opt_action" = save-stream ] ||
		die "--seed with --$opt_action does nothing: a stream brings its own pattern"
	case $opt_action:$opt_transfer in
	save-stream:-)
		[ ! -t 1 ] || die "--save-stream -: a stream is not for a terminal: pipe it into" \
			"$run_command --load-stream -, or give a file"
		;;
	load-stream:-)
		[ ! -t 0 ] || die "--load-stream -: no stream comes from a terminal: pipe" \
			"$run_command --save-stream - into it, or give a file"
		;;
	save-stream:*)
		[[ -w $(dirname "$opt_transfer") && ! -d $opt_transfer ]] ||
			die "--save-stream $opt_transfer: no file can be written there"
		;;
	esac
}

# transfer_end: removes the data of a pipe.
transfer_end()
{
	[ -z "$transfer_spool" ] || rm -rf "$transfer_spool"
}

# transfer_tool ARG...: the program, with the two ends of a pipe; for step.
# shellcheck disable=SC2317
transfer_tool()
{
	exec "$top/selftests/vmig_transfer" "$@" <&"$transfer_in" >&"$transfer_out"
}

# transfer_pipes: the stream alone comes from standard input and goes to standard output; what
# anything else has to say goes to standard error then.
transfer_pipes()
{
	{ exec {transfer_in}</dev/null {transfer_out}>&1; } 2>/dev/null || die "standard output is closed"
	case $opt_action:$opt_transfer in
	save-stream:-) exec >&2 ;;
	load-stream:-) { exec {transfer_in}<&0 </dev/null; } 2>/dev/null || die "standard input is closed" ;;
	esac
}

# transfer: the whole of it; returns the exit code.
transfer()
{
	local args

	transfer_check
	transfer_pipes
	build_programs
	if [ "$opt_action" = load-stream ] && [ "$opt_transfer" != - ]; then
		"$top/selftests/vmig_transfer" show "$opt_transfer" >/dev/null || exit 2
	fi
	if [ "$mode" = host ]; then
		host_find "$opt_device"
		host_check
		args=("${opt_action%-stream}" "$dev_sysfs" "$opt_transfer")
		[ -z "$opt_seed" ] || args+=("$opt_seed")
		step transfer_tool "${args[@]}"
		return
	fi
	packages_ensure build guest
	[ "$opt_action:$opt_transfer" != load-stream:- ] || transfer_take_in
	build_kernel
	machine_choose
	transfer_in_guest
}

# transfer_take_in: what comes through the pipe, before anything that takes long: its sender waits.
transfer_take_in()
{
	rundir_new "${devices[0]:-guest}-load"
	transfer_spool=$rundir
	step transfer_tool copy - "$rundir/stream.vms" || exit 2
}

# transfer_words: what the program says in the guest, on the same streams here.
transfer_words()
{
	local line

	while IFS= read -r line; do
		case $line in
		"vmig: "*) printf '%s\n' "$line" >&2 ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# transfer_in_guest: the program in a guest; returns its exit code.
transfer_in_guest()
{
	local job=${opt_action%-stream} name=$opt_transfer rc=2 words

	profile=${devices[0]}
	[ -n "$transfer_spool" ] || rundir_new "${profile:-guest}-$job"
	transfer_spool=''
	if [ "$job:$name" = load:- ]; then
		name="what came through the pipe"
	elif [ "$job" = load ]; then
		cp --reflink=auto "$opt_transfer" "$rundir/stream.vms" ||
			die "--load-stream $opt_transfer: no space for a copy of it in $results"
	fi
	streams_env+=("VMIG_TRANSFER_NAME=$name")
	for name in VMIG_TRANSFER_SECONDS VMIG_WAIT_SECONDS VMIG_SILENCE_SECONDS; do
		[ -z "${!name:-}" ] || streams_env+=("$name=${!name}")
	done
	opt_guest_cmd="selftests/vmig_transfer $job \"\$VMIG_DEVICE\" "
	opt_guest_cmd+="$(sh_quote "$rundir/stream.vms") $opt_seed"
	exec {words}> >(transfer_words)
	if session command >&"$words" && [ -z "$interrupted" ] && [ -n "$guest_exit" ]; then
		rc=$guest_exit
	fi
	exec {words}>&-
	wait $!
	if [ "$job" = save ] && [ "$rc" -eq 0 ]; then
		transfer_take_out || rc=2
	fi
	rm -f "$rundir/stream.vms"
	if [ "$rc" -eq 0 ] || [ -n "$guest_exit" ]; then
		rm -rf "$rundir"
	fi
	[ -z "$interrupted" ] || rc=$interrupted
	return "$rc"
}

# transfer_take_out: what was saved, to where it was asked for.
transfer_take_out()
{
	if [ "$opt_transfer" = - ]; then
		transfer_spool=$rundir
		step transfer_tool copy "$rundir/stream.vms" -
		return
	fi
	if cp --reflink=auto "$rundir/stream.vms" "$opt_transfer.part" 2>/dev/null &&
		mv -f "$opt_transfer.part" "$opt_transfer"; then
		return
	fi
	rm -f "$opt_transfer.part"
	printf 'vmig: --save-stream %s: the file cannot be written\n' "$opt_transfer" >&2
	return 2
}
