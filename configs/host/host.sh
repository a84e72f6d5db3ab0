# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Hardware mode: is the device of this host fit to be tested, and the run on it. Changes
# nothing on the host but the rate limit of /dev/kmsg, which it puts back; setup.sh does
# what a user asks for. Sourced by
# run.sh after undo.sh, which sets the options (opt_*), top, rundir and interrupted.
# shellcheck disable=SC2154,SC2034

# host_find SPEC: sets dev_sysfs, dev_name, dev_driver, dev_vfio_dev, dev_cdev, dev_group, dev_holder
# and dev_profile, by what vmig_probe finds for what a user calls a device.
host_find()
{
	local line

	if "$top/selftests/vmig_probe" --profiles "$profiles" --resolve -- "$1" >"$tmp/device" 2>/dev/null; then
		while IFS= read -r line; do
			declare -g "dev_${line%%=*}=${line#*=}"
		done <"$tmp/device"
		return
	fi
	die "no device '$1': give a PCI address such as 0000:3b:00.2, an mdev UUID," \
		"/dev/vfio/devices/vfioN or a path under /sys of a device of this host, or the name" \
		"of a guest device ($(profile_names))"
}

# host_check: dies with a sentence unless the device can be opened through VFIO now.
host_check()
{
	local major minor release ways=''

	release=$(uname -r)
	IFS=.- read -r major minor _ <<<"$release"
	if [ "$major" -lt 5 ] || { [ "$major" -eq 5 ] && [ "$minor" -lt 18 ]; }; then
		die "this kernel is $release: version 2 of the migration protocol came with 5.18"
	fi
	[ -n "$dev_driver" ] ||
		die "$dev_name has no driver: bind it to its VFIO migration driver, $(host_bind_hint)"
	# Kernels before 6.1 have no vfio-dev, but a group node only for VFIO drivers.
	if [ -z "$dev_vfio_dev$dev_group" ]; then
		[ -e /dev/vfio ] ||
			die "/dev/vfio is missing: load the VFIO driver of $dev_name (modprobe), and" \
				"bind the device to it, $(host_bind_hint)"
		die "$dev_name is bound to $dev_driver, which is no VFIO driver: bind it to its VFIO" \
			"migration driver, $(host_bind_hint)"
	fi
	[ -n "$dev_group$dev_cdev" ] ||
		die "$dev_name is a VFIO device and has no node in /dev/vfio: is udev or devtmpfs" \
			"running here?"
	[ -r "$dev_cdev" ] && [ -w "$dev_cdev" ] && [ -w /dev/iommu ] && ways=1
	[ -r "$dev_group" ] && [ -w "$dev_group" ] && [ -w /dev/vfio/vfio ] && ways=1
	host_check_busy
	[ -n "$ways" ] ||
		die "no access to ${dev_cdev:-$dev_group}${dev_cdev:+${dev_group:+ or $dev_group}}: run this as root" \
			"(sudo), or let an administrator give you the nodes"
}

host_bind_hint()
{
	printf 'with --bind DRIVER or --bind auto (%s --probe -d %s says to which)' "$run_command" "$dev_name"
}

# host_check_busy: who has it open? What is in another container shows only as an open of the group
# that fails.
host_check_busy()
{
	local pid node comm

	if [ -n "$dev_holder" ]; then
		read -r pid node comm <<<"$dev_holder"
		die "$dev_name is in use: process $pid ($comm) has $node open; end it first"
	fi
	if [ -w "$dev_group" ] && ! { : <>"$dev_group"; } 2>/dev/null; then
		die "$dev_name is in use: $dev_group cannot be opened; end the virtual machine or program" \
			"that has it"
	fi
}

# The profile that is written for the driver, if there is one, in $profile.
host_profile()
{
	profile=$dev_profile
	[ -n "$profile" ] || return 0
	check_profile "$profile"
	cp "$profiles/$profile.conf" "$rundir/profile.conf"
}

# host_kmsg: writes the kernel's log from now on to dmesg.txt, in the background.
host_kmsg()
{
	local mark="vmig: run ${rundir##*/} begins"

	kmsg_pid=''
	if ! { echo "$mark" >/dev/kmsg; } 2>/dev/null || ! { : </dev/kmsg; } 2>/dev/null; then
		say "no access to /dev/kmsg: the run will not see what the kernel says (root does)"
		return
	fi
	# Else the kernel drops most of the marks that the tests set in the log.
	undo_change /proc/sys/kernel/printk_devkmsg on || :
	# Read by cat, as a shell's read asks for single bytes, which /dev/kmsg refuses.
	# shellcheck disable=SC2016,SC2046 # expanded by sh; several words, or none
	$(tie KILL) setsid sh -c '$2 cat /dev/kmsg | {
		while IFS= read -r line; do
			case $line in *";$1") break ;; esac
		done
		cat
	}' sh "$mark" "$(tie KILL)" >"$rundir/dmesg.txt" 2>/dev/null </dev/null &
	kmsg_pid=$!
}

host_kmsg_end()
{
	[ -n "${kmsg_pid:-}" ] || return 0
	# By this the report knows that it has all of the log; the guest's init does the same.
	{ echo "vmig: end of run" >/dev/kmsg; } 2>/dev/null || :
	undo_back /proc/sys/kernel/printk_devkmsg || :
	# What the kernel said last is on its way through a pipe.
	sleep 0.2
	kill -- "-$kmsg_pid" 2>/dev/null || :
	wait "$kmsg_pid" 2>/dev/null || :
	kmsg_pid=''
}

# host_run: the tests on the device; sets status, which is for run.sh, false if they could not be run.
host_run()
{
	local chapters rc=0 out=/dev/stdout

	host_profile
	test_env+=("VMIG_DEVICE=$dev_sysfs")
	[ -z "$profile" ] || test_env+=("VMIG_PROFILE=$rundir/profile.conf")
	if ! "$top/selftests/vmig_env" "$dev_sysfs" >"$rundir/environment.json" 2>"$tmp/env"; then
		printf 'vmig: %s cannot be tested: %s\n' "$dev_name" "$(cat "$tmp/env")" >&2
		return 1
	fi
	streams_in "$rundir" || return
	host_kmsg
	[ -z "$opt_quiet" ] || out=/dev/null
	# shellcheck disable=SC2046 # several words, or none
	$(tie TERM) env "${test_env[@]}" "${streams_env[@]}" "$top/selftests/run_chapters.sh" -o "$rundir" >"$out" </dev/null &
	chapters=$!
	# A signal ends the wait, not the chapters: they put the device to rest first.
	while :; do
		rc=0
		wait "$chapters" || rc=$?
		kill -0 "$chapters" 2>/dev/null || break
		[ -z "$interrupted" ] || kill -TERM "$chapters" 2>/dev/null || :
	done
	host_kmsg_end
	streams_out
	case $rc in
	0) status=complete ;;
	3) status=device-lost ;;
	2) return 1 ;;
	*) status=interrupted ;;
	esac
	[ -z "$interrupted" ] || status=interrupted
}
