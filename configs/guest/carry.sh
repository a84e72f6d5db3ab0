# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --save-stream, --load-stream, --send and --recv: a device's state into a file, out of
# one, or to another host. selftests/vmig_carry does it, here or in the guest; this brings
# files and a network into the guest. Sourced by run.sh, which sets the options (opt_*), top,
# devices, mode and rundir. Holds no verdict.
# shellcheck disable=SC2154,SC2034

opt_carry='' opt_link=''

# What the guests of a --link have for addresses: the receiver the one that it listens at, the
# sender the next one, of the same 254.
carry_mask=255.255.255.0

# carry_usage: the part of --help.
carry_usage()
{
	cat <<-'END'
	What to do instead of a run, with the one device that -d names
	  --save-stream FILE
	                 its state into a file; with --seed N, a pattern is put into it first
	  --load-stream FILE
	                 a file into it: 0 accepted, 1 refused by the driver, or accepted and wrong
	  --send HOST:PORT
	                 its state to a ./run.sh --recv; with --seed N as above
	  --recv [ADDRESS:]PORT
	                 a state that is sent, from one sender; at 127.0.0.1 without an address
	  --link SOCKET  with these two, in two guests: a cable between them, and no other network
	                 VMIG_CARRY_SECONDS=N is the time limit of all these, default 600;
	                 VMIG_WAIT_SECONDS=N how long the other side is waited for, default 60;
	                 VMIG_SILENCE_SECONDS=N how long it may then be silent, default 30
	END
}

# carry_option OPTION VALUE: one of the command line.
carry_option()
{
	case $1 in
	--link) opt_link=$2 ;;
	*)
		[ -z "$opt_carry" ] || die "$1 can be given once, and not with another one of its kind"
		set_action "${1#--}"
		opt_carry=$2
		;;
	esac
}

# carry_check: is that what these options can do? After choose_mode.
carry_check()
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
		[[ -w $(dirname "$opt_carry") && ! -d $opt_carry ]] ||
			die "--save-stream $opt_carry: no file can be written there"
		;;
	send) carry_resolve ;;
	esac
}

# carry_resolve: the name of the receiver becomes its address; a static program has no names.
carry_resolve()
{
	local name=${opt_carry%:*} address

	carry_peer=$opt_carry
	[[ $opt_carry == *:* && $name != *[!A-Za-z0-9.-]* && $name == *[A-Za-z]* ]] || return 0
	address=$(getent ahostsv4 "$name" | awk 'NR == 1 { print $1 }') || :
	[ -n "$address" ] || die "--send $opt_carry: the host $name is not known here"
	opt_carry=$address:${opt_carry##*:}
}

# carry_try ARG...: what the program can say without a device; dies with its sentence.
carry_try()
{
	"$top/selftests/vmig_carry" "$@" >/dev/null || exit 2
}

# carry: the whole of it; returns the exit code.
carry()
{
	carry_check
	build_programs
	case $opt_action in
	load-stream) carry_try show "$opt_carry" ;;
	send) carry_try to "$opt_carry" ;;
	recv) carry_try at "$opt_carry" ;;
	esac
	if [ "$mode" = host ]; then
		host_find "$opt_device"
		host_check
		opt_carry_args=("${opt_action%-stream}" "$dev_sysfs" "$opt_carry")
		[ -z "$opt_seed" ] || opt_carry_args+=("$opt_seed")
		VMIG_CARRY_NAME=${carry_peer:-$opt_carry} step "$top/selftests/vmig_carry" "${opt_carry_args[@]}"
		return
	fi
	packages_ensure build guest
	build_kernel
	accel_choose "$kernel_build/arch/x86/boot/bzImage"
	carry_in_guest
}

# carry_network: gives the guest a network card, and sets carry_where, the address there.
carry_network()
{
	local host=${opt_carry%:*} port=${opt_carry##*:} own

	[ "$host" != "$opt_carry" ] || host=127.0.0.1
	opt_setup+=("ifconfig lo 127.0.0.1 up")
	if [ -n "$opt_link" ]; then
		carry_where=$opt_carry
		[[ $host =~ ^([0-9]+\.[0-9]+\.[0-9]+)\.([0-9]+)$ && ${BASH_REMATCH[2]} -ge 1 &&
			${BASH_REMATCH[2]} -le 253 && ${BASH_REMATCH[1]} != 127.* ]] ||
			die "--$opt_action $opt_carry: with --link, give the receiving guest an address such" \
				"as 192.0.2.1 (and the port), on both sides"
		own=$host
		if [ "$opt_action" = send ]; then
			own=${BASH_REMATCH[1]}.$((BASH_REMATCH[2] + 1))
			carry_link_wait
		fi
		opt_setup+=("ifconfig eth0 $own netmask $carry_mask up")
		opt_qemu_arg+=("-netdev stream,id=carry,server=$(carry_on recv),addr.type=unix,addr.path=$opt_link")
	elif [ "$opt_action" = recv ]; then
		[[ $host != *:* ]] || die "--recv $opt_carry: the guest's network is IPv4 only"
		carry_where=10.0.2.15:$port
		opt_qemu_arg+=("-netdev user,id=carry,ipv6=off,restrict=on,hostfwd=tcp:$host:$port-$carry_where")
		opt_setup+=("ifconfig eth0 10.0.2.15 netmask $carry_mask up")
	else
		[[ $host != *:* ]] || die "--send $opt_carry: the guest's network is IPv4 only"
		# In the guest, this host is another one.
		[[ $host != 127.* ]] || host=10.0.2.2
		carry_where=$host:$port
		opt_qemu_arg+=("-netdev user,id=carry,ipv6=off")
		opt_setup+=("ifconfig eth0 10.0.2.15 netmask $carry_mask up && route add default gw 10.0.2.2")
	fi
	opt_qemu_arg+=("-device virtio-net-pci,netdev=carry,romfile=")
}

# carry_on ACTION: a switch of QEMU that is on for that action.
carry_on()
{
	if [ "$opt_action" = "$1" ]; then echo on; else echo off; fi
}

# carry_link_wait: the other guest's end of the cable is there when its QEMU has started.
carry_link_wait()
{
	local until=$((SECONDS + ${VMIG_WAIT_SECONDS:-60}))

	while [ ! -S "$opt_link" ]; do
		[[ $SECONDS -lt $until && -z $interrupted ]] ||
			die "--link $opt_link: no guest with --recv came there in ${VMIG_WAIT_SECONDS:-60} s"
		nap
	done
}

# carry_words: what the program says in the guest, on the same streams here.
carry_words()
{
	local line

	while IFS= read -r line; do
		case $line in
		"vmig: "*) printf '%s\n' "$line" >&2 ;;
		"waiting for "*) printf 'waiting for a sender at %s\n' "$carry_name" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# carry_in_guest: the program in a guest; returns its exit code.
carry_in_guest()
{
	local job=${opt_action%-stream} name rc=2 words

	profile=${devices[0]}
	carry_where=''
	carry_name=$opt_carry
	[[ $opt_carry == *:* ]] || carry_name=127.0.0.1:$opt_carry
	[[ $job != @(send|recv) ]] || carry_network
	rundir_new "${profile:-guest}-$job"
	rmdir "$rundir/ktap"
	mkdir "$rundir/ktap"
	if [ "$job" = load ]; then
		cp --reflink=auto "$opt_carry" "$rundir/stream.vms" ||
			die "--load-stream $opt_carry: no space for a copy of it in $results"
	fi
	for name in VMIG_CARRY_SECONDS VMIG_WAIT_SECONDS VMIG_SILENCE_SECONDS; do
		[ -z "${!name:-}" ] || streams_env+=("$name=${!name}")
	done
	streams_env+=("VMIG_CARRY_NAME=${carry_peer:-$opt_carry}")
	opt_guest_cmd="selftests/vmig_carry $job \"\$VMIG_DEVICE\" "
	opt_guest_cmd+="$(sh_quote "${carry_where:-$rundir/stream.vms}") $opt_seed"
	exec {words}> >(carry_words)
	if session command >&"$words" && [ -z "$interrupted" ] && [ -n "$guest_exit" ]; then
		rc=$guest_exit
	fi
	exec {words}>&-
	wait $!
	[ -z "$opt_link" ] || [ "$job" != recv ] || rm -f "$opt_link"
	if [ "$job" = save ] && [ "$rc" -eq 0 ]; then
		carry_take_out || rc=2
	fi
	rm -f "$rundir/stream.vms"
	if [ "$rc" -eq 0 ] || [ -n "$guest_exit" ]; then
		rm -rf "$rundir"
	fi
	[ -z "$interrupted" ] || rc=$interrupted
	return "$rc"
}

# carry_take_out: what was saved, to where it was asked for.
carry_take_out()
{
	if cp --reflink=auto "$rundir/stream.vms" "$opt_carry.part" 2>/dev/null &&
		mv -f "$opt_carry.part" "$opt_carry"; then
		return
	fi
	rm -f "$opt_carry.part"
	printf 'vmig: --save-stream %s: the file cannot be written\n' "$opt_carry" >&2
	return 2
}
