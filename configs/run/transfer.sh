# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --save-stream, --load-stream, --send and --recv: a device's state into a file, out of
# one, or to another host. selftests/vmig_ferry does it, here or in the guest; this brings
# files and a network into the guest. Sourced by run.sh, which sets the options (opt_*), top,
# devices, mode and rundir. Holds no verdict.
# shellcheck disable=SC2154,SC2034

opt_ferry='' opt_link=''

# What the guests of a --link have for addresses: the receiver the one that it listens at, the
# sender the next one, of the same 254.
ferry_mask=255.255.255.0

# ferry_usage: the part of --help.
ferry_usage()
{
	cat <<-END
	What to do with the state of the device that -d names
	  --save-stream FILE
	                 its state into a file; with --seed N, a pattern is put into it first
	  --load-stream FILE
	                 a file into it: 0 accepted, 1 refused by the driver, or accepted and wrong
	  --send HOST:PORT
	                 its state to a $run_command --recv; with --seed N as above
	  --recv [ADDRESS:]PORT
	                 a state that is sent, from one sender; at 127.0.0.1 without an address
	  --link SOCKET  with these two, in two guests: a cable between them, and no other network
	                 VMIG_FERRY_SECONDS=N is the time limit of all these, default 600;
	                 VMIG_WAIT_SECONDS=N how long the other side is waited for, default 60;
	                 VMIG_SILENCE_SECONDS=N how long it may then be silent, default 30
	END
}

# ferry_option OPTION VALUE: one of the command line.
ferry_option()
{
	case $1 in
	--link) opt_link=$2 ;;
	*)
		[ -z "$opt_ferry" ] || die "$1 can be given once, and not with another one of its kind"
		set_action "${1#--}"
		opt_ferry=$2
		;;
	esac
}

# ferry_check: is that what these options can do? After choose_mode.
ferry_check()
{
	[ -n "$opt_device$opt_guest" ] || die "--$opt_action needs a device: add -d DEVICE"
	[ ${#devices[@]} -eq 1 ] || die "--$opt_action takes one device, and -d $opt_device is several"
	[ "$opt_stress" != brief ] || opt_stress=''
	[ -z "$opt_tests$opt_strict$opt_no_known$opt_abort$opt_stress" ] ||
		die "--$opt_action runs no tests: leave out the options that choose or judge them"
	[ -z "$opt_seed" ] || [[ $opt_action == @(save-stream|send) ]] ||
		die "--seed with --$opt_action does nothing: a stream brings its own pattern"
	if [ -n "$opt_link" ]; then
		[[ $opt_action == @(send|recv) && $mode == guest ]] ||
			die "--link is for --send and --recv between two guests"
		[[ $opt_link != *[,[:space:]]* && -d $(dirname "$opt_link") ]] ||
			die "--link $opt_link: a path without blanks and commas in a directory that is there"
	fi
	case $opt_action in
	save-stream)
		[[ -w $(dirname "$opt_ferry") && ! -d $opt_ferry ]] ||
			die "--save-stream $opt_ferry: no file can be written there"
		;;
	send) ferry_resolve ;;
	esac
}

# ferry_resolve: the name of the receiver becomes its address; a static program has no names.
ferry_resolve()
{
	local name=${opt_ferry%:*} address

	ferry_peer=$opt_ferry
	[[ $opt_ferry == *:* && $name != *[!A-Za-z0-9.-]* && $name == *[A-Za-z]* ]] || return 0
	address=$(getent ahostsv4 "$name" | awk 'NR == 1 { print $1 }') || :
	[ -n "$address" ] || die "--send $opt_ferry: the host $name is not known here"
	opt_ferry=$address:${opt_ferry##*:}
}

# ferry_try ARG...: what the program can say without a device; dies with its sentence.
ferry_try()
{
	"$top/selftests/vmig_ferry" "$@" >/dev/null || exit 2
}

# ferry: the whole of it; returns the exit code.
ferry()
{
	local args

	ferry_check
	build_programs
	case $opt_action in
	load-stream) ferry_try show "$opt_ferry" ;;
	send) ferry_try to "$opt_ferry" ;;
	recv) ferry_try at "$opt_ferry" ;;
	esac
	if [ "$mode" = host ]; then
		host_find "$opt_device"
		host_check
		args=("${opt_action%-stream}" "$dev_sysfs" "$opt_ferry")
		[ -z "$opt_seed" ] || args+=("$opt_seed")
		VMIG_FERRY_NAME=${ferry_peer:-$opt_ferry} step "$top/selftests/vmig_ferry" "${args[@]}"
		return
	fi
	packages_ensure build guest
	build_kernel
	accel_choose "$(arch_image "$kernel_build")"
	ferry_in_guest
}

# ferry_network: gives the guest a network card, and sets ferry_where, the address there.
ferry_network()
{
	local host=${opt_ferry%:*} port=${opt_ferry##*:} own

	[ "$host" != "$opt_ferry" ] || host=127.0.0.1
	opt_setup+=("ifconfig lo 127.0.0.1 up")
	if [ -n "$opt_link" ]; then
		ferry_where=$opt_ferry
		[[ $host =~ ^([0-9]+\.[0-9]+\.[0-9]+)\.([0-9]+)$ && ${BASH_REMATCH[2]} -ge 1 &&
			${BASH_REMATCH[2]} -le 253 && ${BASH_REMATCH[1]} != 127.* ]] ||
			die "--$opt_action $opt_ferry: with --link, give the receiving guest an address such" \
				"as 192.0.2.1 (and the port), on both sides"
		own=$host
		if [ "$opt_action" = send ]; then
			own=${BASH_REMATCH[1]}.$((BASH_REMATCH[2] + 1))
			ferry_link_wait
		fi
		opt_setup+=("ifconfig eth0 $own netmask $ferry_mask up")
		opt_qemu_arg+=("-netdev stream,id=ferry,server=$(ferry_on recv),addr.type=unix,addr.path=$opt_link")
	elif [ "$opt_action" = recv ]; then
		[[ $host != *:* ]] || die "--recv $opt_ferry: the guest's network is IPv4 only"
		ferry_where=10.0.2.15:$port
		opt_qemu_arg+=("-netdev user,id=ferry,ipv6=off,restrict=on,hostfwd=tcp:$host:$port-$ferry_where")
		opt_setup+=("ifconfig eth0 10.0.2.15 netmask $ferry_mask up")
	else
		[[ $host != *:* ]] || die "--send $opt_ferry: the guest's network is IPv4 only"
		# In the guest, this host is another one.
		[[ $host != 127.* ]] || host=10.0.2.2
		ferry_where=$host:$port
		opt_qemu_arg+=("-netdev user,id=ferry,ipv6=off")
		opt_setup+=("ifconfig eth0 10.0.2.15 netmask $ferry_mask up && route add default gw 10.0.2.2")
	fi
	opt_qemu_arg+=("-device virtio-net-pci,netdev=ferry,romfile=")
}

# ferry_on ACTION: a switch of QEMU that is on for that action.
ferry_on()
{
	if [ "$opt_action" = "$1" ]; then echo on; else echo off; fi
}

# ferry_link_wait: the other guest's end of the cable is there when its QEMU has started.
ferry_link_wait()
{
	local until=$((SECONDS + ${VMIG_WAIT_SECONDS:-60}))

	while [ ! -S "$opt_link" ]; do
		[[ $SECONDS -lt $until && -z $interrupted ]] ||
			die "--link $opt_link: no guest with --recv came there in ${VMIG_WAIT_SECONDS:-60} s"
		nap
	done
}

# ferry_words: what the program says in the guest, on the same streams here.
ferry_words()
{
	local line

	while IFS= read -r line; do
		case $line in
		"vmig: "*) printf '%s\n' "$line" >&2 ;;
		"waiting for "*) printf 'waiting for a sender at %s\n' "$ferry_name" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# ferry_limits: dies of an option or a limit that means nothing here.
ferry_limits()
{
	local name

	[ -z "$opt_link" ] || [ -n "$opt_ferry" ] || die "--link needs --send or --recv"
	for name in VMIG_FERRY_SECONDS VMIG_WAIT_SECONDS VMIG_SILENCE_SECONDS; do
		[[ ${!name-1} =~ ^[1-9][0-9]{0,5}$ ]] ||
			die "$name=${!name}: a number of seconds, 1 or more"
	done
}

# ferry_in_guest: the program in a guest; returns its exit code.
ferry_in_guest()
{
	local job=${opt_action%-stream} name rc=2 words

	profile=${devices[0]}
	ferry_where=''
	ferry_name=$opt_ferry
	[[ $opt_ferry == *:* ]] || ferry_name=127.0.0.1:$opt_ferry
	[[ $job != @(send|recv) ]] || ferry_network
	rundir_new "${profile:-guest}-$job"
	if [ "$job" = load ]; then
		cp --reflink=auto "$opt_ferry" "$rundir/stream.vms" ||
			die "--load-stream $opt_ferry: no space for a copy of it in $results"
	fi
	for name in VMIG_FERRY_SECONDS VMIG_WAIT_SECONDS VMIG_SILENCE_SECONDS; do
		[ -z "${!name:-}" ] || streams_env+=("$name=${!name}")
	done
	streams_env+=("VMIG_FERRY_NAME=${ferry_peer:-$opt_ferry}")
	opt_guest_cmd="selftests/vmig_ferry $job \"\$VMIG_DEVICE\" "
	opt_guest_cmd+="$(sh_quote "${ferry_where:-$rundir/stream.vms}") $opt_seed"
	exec {words}> >(ferry_words)
	if session command >&"$words" && [ -z "$interrupted" ] && [ -n "$guest_exit" ]; then
		rc=$guest_exit
	fi
	exec {words}>&-
	wait $!
	[ -z "$opt_link" ] || [ "$job" != recv ] || rm -f "$opt_link"
	if [ "$job" = save ] && [ "$rc" -eq 0 ]; then
		ferry_take_out || rc=2
	fi
	rm -f "$rundir/stream.vms"
	if [ "$rc" -eq 0 ] || [ -n "$guest_exit" ]; then
		rm -rf "$rundir"
	fi
	[ -z "$interrupted" ] || rc=$interrupted
	return "$rc"
}

# ferry_take_out: what was saved, to where it was asked for.
ferry_take_out()
{
	if cp --reflink=auto "$rundir/stream.vms" "$opt_ferry.part" 2>/dev/null &&
		mv -f "$opt_ferry.part" "$opt_ferry"; then
		return
	fi
	rm -f "$opt_ferry.part"
	printf 'vmig: --save-stream %s: the file cannot be written\n' "$opt_ferry" >&2
	return 2
}
