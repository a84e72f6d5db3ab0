# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --probe: on this host, or in a guest, whose kernel has no directory of modules. Sourced by
# run.sh, which sets the options (opt_*), top and mode.
# shellcheck disable=SC2154,SC2034

# probe_host_arguments: what vmig_probe needs to know on this host, in probe_args.
probe_host_arguments()
{
	probe_args=(--profiles "$top/configs/devices")
	! have devlink || probe_args+=(--devlink "timeout 5 devlink -j port show 2>/dev/null")
}

probe_on_host()
{
	build_programs
	probe_host_arguments
	[ -z "$opt_json" ] || probe_args+=(--json)
	"$top/selftests/vmig_probe" "${probe_args[@]}" ${opt_device:+"$opt_device"}
}

# probe_aliases: the modules.alias that depmod would make of the modules that the guest can have.
probe_aliases()
{
	local ko name alias

	for ko in "$kernel_build"/drivers/vfio/pci/*/*.ko ${own_build:+"$own_build"/*.ko} \
		${opt_ko[@]+"${opt_ko[@]}"}; do
		[ -e "$ko" ] || continue
		name=${ko##*/}
		name=${name%.ko}
		LC_ALL=C tr '\0' '\n' <"$ko" | sed -n 's/^alias=//p' | while read -r alias; do
			printf 'alias %s %s\n' "$alias" "${name//-/_}"
		done
	done
}

# probe_in_guest: all devices of a profile's guest, or the one that --guest -d names.
probe_in_guest()
{
	local cmd=(selftests/vmig_probe --profiles configs/devices)

	[ "$opt_device" != all ] || die "--probe looks at one guest: name its profile ($(profile_names))"
	packages_ensure build guest
	build_programs
	build_kernel
	machine_choose
	profile=${devices[0]}
	rundir_new "${profile:-guest}-probe"
	own_modules || return 2
	probe_aliases >"$rundir/modules.alias"
	cmd+=(--aliases "$rundir/modules.alias" --devlink 'timeout 5 devlink -j port show 2>/dev/null')
	[ -z "$opt_json" ] || cmd+=(--json)
	[ -z "$guest_device" ] || cmd+=("$guest_device")
	opt_guest_cmd="VMIG_COMMAND=${run_command@Q} ${cmd[*]@Q}"
	session command || return 2
	[ -z "$interrupted" ] || return "$interrupted"
	return "${guest_exit:-2}"
}

# probe: --probe; without a device, this host.
probe()
{
	if [ "$mode" = host ] || [ -z "$opt_device$opt_guest" ]; then
		probe_on_host
	else
		probe_in_guest
	fi
}
