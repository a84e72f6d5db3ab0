# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Set up a device of this host for a run, and check before whether that would harm the host. Each
# change is recorded before it is made (undo.sh), and undone in reverse. The facts of a device come
# from vmig_probe. Sourced by run.sh after undo.sh and probe.sh.
# shellcheck disable=SC2154

declare -A fact

setup_asked()
{
	[ -n "$opt_bind$opt_vfs$opt_mdev$opt_hugepages$opt_memlock" ]
}

# setup_check_options: values that can be judged without a device.
setup_check_options()
{
	local o

	for o in "--vfs $opt_vfs" "--hugepages $opt_hugepages"; do
		[[ $o =~ ^--[a-z]+\ (|[1-9][0-9]{0,5})$ ]] || die "$o: a number is needed, 1 or more"
	done
	[[ $opt_memlock =~ ^(|unlimited|[1-9][0-9]{0,8})$ ]] ||
		die "--memlock $opt_memlock: a number of MiB is needed, or unlimited"
	[[ $opt_bind =~ ^[A-Za-z0-9_-]*$ ]] || die "--bind $opt_bind: the name of a driver is needed, or auto"
	[ -z "$opt_mdev" ] || [ -z "$opt_bind$opt_vfs" ] ||
		die "--mdev makes a device that has its driver: leave out --bind and --vfs"
	if setup_asked || [ "$opt_action" = prepare ]; then
		[ "$mode" = host ] ||
			die "--bind, --vfs, --mdev, --hugepages, --memlock and --prepare are for a device of this" \
				"host: name it with -d; the guest's devices are set up by their profile and --setup"
		[[ $opt_action == @(|prepare) ]] || die "--$opt_action sets no device up"
		setup_asked || die "--prepare needs to know what to set up: --bind, --vfs, --mdev, --hugepages"
	fi
}

# setup_facts DEVICE: what vmig_probe says of it, in fact[]; ends the run with its sentence.
setup_facts()
{
	local name value

	fact=()
	probe_host_arguments
	"$top/selftests/vmig_probe" "${probe_args[@]}" --facts "$1" >"$tmp/facts" || exit 2
	while IFS='=' read -r name value; do
		fact[$name]=$value
	done <"$tmp/facts"
}

# setup_refuse DEVICE: dies if taking it from the host would harm the host, unless --force.
setup_refuse()
{
	local id why

	"$top/selftests/vmig_probe" "${probe_args[@]}" --harm "$1" >"$tmp/harm" 2>&1 && return
	while IFS=$'\t' read -r id why; do
		# The kernel would wait for that user for good: there is nothing to know better.
		[ "$id" != harm_in_use ] || die "refused: $why"
		[ -n "$opt_force" ] || die "refused: $why; or --force"
		say "--force: $why"
	done <"$tmp/harm"
}

# setup_step WHAT PATH VALUE UNDO_PATH UNDO_VALUE: one change, on record first; dies with WHAT.
setup_step()
{
	[ -z "$interrupted" ] || exit "$interrupted"
	undo_record "$4" "$5" || setup_die \
		"what is to be put back cannot be written to $undo_file: run this as root, or set VMIG_UNDO"
	undo_put "$2" "$3" && return
	set -- "$@" "$undo_why"
	undo_done "$4" "$5" && undo_forget "$4" "$5"
	setup_die "$1 (${6:-no reason given}): see the kernel's log (dmesg)"
}

# setup_die SENTENCE: the same as die(), but a step that Ctrl-C ended has no other reason.
setup_die()
{
	[ -z "$interrupted" ] || exit "$interrupted"
	die "$@"
}

setup_memlock()
{
	local kib=$opt_memlock

	[ "$kib" = unlimited ] || kib=$((kib * 1024))
	ulimit -l "$kib" 2>/dev/null ||
		die "--memlock $opt_memlock: the limit is $(ulimit -H -l) KiB and only root can raise it"
}

setup_hugepages()
{
	local file=/proc/sys/vm/nr_hugepages old now

	old=$(cat $file 2>/dev/null) || die "this kernel has no huge pages (CONFIG_HUGETLBFS)"
	[ "$old" -lt "$opt_hugepages" ] || return 0
	setup_step "no huge pages" $file "$opt_hugepages" $file "$old"
	now=$(cat $file)
	[ "$now" -ge "$opt_hugepages" ] ||
		die "only $now of $opt_hugepages huge pages could be had: free some memory, or ask for fewer"
}

# setup_mdev: a mediated device of the type that was asked for, in opt_device.
setup_mdev()
{
	local types=${fact[sysfs]}/mdev_supported_types uuid

	[ -d "$types" ] || die "${fact[name]} makes no mediated devices: $run_command --probe lists" \
		"those that do"
	[ -e "$types/$opt_mdev/create" ] ||
		die "${fact[name]} has no mdev type '$opt_mdev'; it has: $(cd "$types" && echo *)"
	uuid=$(cat /proc/sys/kernel/random/uuid)
	setup_step "${fact[name]} makes no device of type $opt_mdev" "$types/$opt_mdev/create" "$uuid" \
		"/sys/bus/mdev/devices/$uuid/remove" 1
	say "made $uuid"
	opt_device=$uuid
}

# setup_vfs: virtual functions, the first of which is the device under test, the second its equal.
setup_vfs()
{
	local pf=${fact[sysfs]} name=${fact[name]} total v vfs=()

	[ "${fact[role]}" = pf ] ||
		die "$name can have no virtual functions: --vfs needs a physical function that can"
	total=$(cat "$pf/sriov_totalvfs")
	[ "$opt_vfs" -le "$total" ] || die "$name can have $total virtual functions, not $opt_vfs"
	# The kernel changes their number only by way of none at all.
	v=$(cat "$pf/sriov_numvfs")
	[ "$v" = 0 ] || die "refused: $name has $v virtual functions; name one of these with -d, or take them" \
		"away first (echo 0 > $pf/sriov_numvfs)"
	setup_refuse "$name"
	[ -n "${fact[driver]}" ] ||
		die "$name has no driver, and so can have no virtual functions: bind it to the driver of its" \
			"vendor (echo $name > /sys/bus/pci/drivers_probe)"
	# Else the host's drivers take them at once.
	v=$(cat "$pf/sriov_drivers_autoprobe")
	setup_step "$name keeps its autoprobe" "$pf/sriov_drivers_autoprobe" 0 "$pf/sriov_drivers_autoprobe" "$v"
	setup_step "${fact[driver]}, the driver of $name, refuses $opt_vfs virtual functions" \
		"$pf/sriov_numvfs" "$opt_vfs" "$pf/sriov_numvfs" 0
	undo_back "$pf/sriov_drivers_autoprobe"
	for ((v = 0; v < opt_vfs; v++)); do
		[ -e "$pf/virtfn$v" ] ||
			die "${fact[driver]}, the driver of $name, made $v of $opt_vfs virtual functions"
		vfs+=("$(basename "$(realpath "$pf/virtfn$v")")")
	done
	say "made ${vfs[*]}"
	opt_device=${vfs[0]}
	[ -z "${vfs[1]-}" ] || export VMIG_DEVICE2=${VMIG_DEVICE2:-${vfs[1]}}
	for v in "${vfs[@]}"; do
		setup_bind "$v"
	done
}

# setup_to_switch_on DRIVER: devlink has a capability of the device that this driver needs, off.
setup_to_switch_on()
{
	[ "${fact[best_devlink]}" = migratable ] && [ "${fact[best]}" = "$1" ] &&
		[ "${fact[devlink_migratable]}" = disable ]
}

# setup_migratable DRIVER: the capability of a virtual function that is bound to nothing.
setup_migratable()
{
	if ! setup_to_switch_on "$1"; then
		if [ "${fact[best_devlink]}" = migratable ] && [ "${fact[best]}" = "$1" ] && ! have devlink; then
			say "devlink is not installed (apt-get install iproute2): if ${fact[name]} turns out to have" \
				"no migration, its capability was off"
		fi
		return 0
	fi
	setup_step "devlink does not make ${fact[name]} migratable" "devlink:${fact[devlink_port]}" \
		"migratable enable" "devlink:${fact[devlink_port]}" "migratable disable"
}

# setup_bind DEVICE: gives it to the driver that was asked for.
setup_bind()
{
	local driver=$opt_bind dev=/sys/bus/pci/devices old

	setup_facts "$1"
	[ "${fact[bus]}" = pci ] || die "--bind is for PCI devices, and ${fact[name]} is on bus ${fact[bus]:-none}"
	dev+=/${fact[name]}
	if [ "${driver:-auto}" = auto ]; then
		driver=${fact[best]}
		[ "${fact[role]}" != pf ] || driver=''
		[ -n "$driver" ] ||
			die "no driver is known that could migrate ${fact[name]}: $run_command --probe" \
				"-d ${fact[name]} says why; one that you know of is taken with --bind DRIVER"
	fi
	old=${fact[driver]}
	[ "$old" != "$driver" ] || setup_to_switch_on "$driver" || return 0
	setup_refuse "${fact[name]}"
	[ -e "/sys/bus/pci/drivers/$driver" ] || modprobe -q "$driver" 2>/dev/null || :
	[ -e "/sys/bus/pci/drivers/$driver" ] ||
		die "there is no driver $driver in this kernel, and no module of that name: $run_command --probe" \
			"-d ${fact[name]} says what is missing"
	[ -z "$old" ] ||
		setup_step "${fact[name]} stays with $old" "/sys/bus/pci/drivers/$old/unbind" "${fact[name]}" \
			"/sys/bus/pci/drivers/$old/bind" "${fact[name]}"
	setup_migratable "$driver"
	setup_step "${fact[name]} takes no driver_override" "$dev/driver_override" "$driver" \
		"$dev/driver_override" "${fact[override]}"
	setup_step "$driver refuses ${fact[name]}$(setup_pf_words)" "/sys/bus/pci/drivers/$driver/bind" \
		"${fact[name]}" "/sys/bus/pci/drivers/$driver/unbind" "${fact[name]}"
	[ -e "/sys/bus/pci/drivers/$driver/${fact[name]}" ] ||
		die "$driver refuses ${fact[name]}$(setup_pf_words): see the kernel's log (dmesg)"
	say "bound ${fact[name]} to $driver${old:+, from $old}"
}

setup_pf_words()
{
	[ "${fact[role]}" != vf ] ||
		printf ', whose physical function %s has %s' "${fact[pf]}" "${fact[pf_driver]:-no driver}"
}

# setup_host: all that was asked for; sets opt_device to the device under test.
setup_host()
{
	setup_facts "$opt_device"
	[ -z "$opt_memlock" ] || setup_memlock
	[ -z "$opt_hugepages" ] || setup_hugepages
	if [ -n "$opt_mdev" ]; then
		setup_mdev
	elif [ -n "$opt_vfs" ]; then
		setup_vfs
	elif [ -n "$opt_bind" ]; then
		setup_bind "$opt_device"
	fi
	[ -z "$interrupted" ] || exit "$interrupted"
}

# prepare_host: --prepare: set-up without a run.
prepare_host()
{
	build_programs
	undo_begin
	setup_host
	undo_keep
	printf '%s is set up: %s -d %s tests it, %s --cleanup puts the host back.\n' \
		"$opt_device" "$run_command" "$opt_device" "$run_command"
}
