#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Set-up and put back on the devices of a guest, which is a host here: PCI devices are bound, virtual
# functions made, runs killed, and all is as it was. Started by probe.sh through --guest-cmd.
#   probe_guest.sh edu|mlx5
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
export VMIG_UNDO=$tmp/undo VMIG_CACHE=$tmp/cache
pci=/sys/bus/pci/devices

run()
{
	timeout 900 ./run.sh -q -o "$tmp/results" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
}

driver_of()
{
	basename "$(readlink "$pci/$1/driver" || echo none)"
}

# raw DEVICE DRIVER: binds without run.sh
raw()
{
	[ ! -e "$pci/$1/driver" ] || echo "$1" >"$pci/$1/driver/unbind"
	echo "$2" >"$pci/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
}

# refused WHAT PATTERN OPTION...: exit code 2, one sentence, nothing changed
refused()
{
	local what=$1 pattern=$2 rc

	shift 2
	run "$@"
	rc=$?
	[ $rc -eq 2 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q "^vmig: .*$pattern" "$tmp/err"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/err"
	tap $rc "$what: one sentence, exit code 2"
	[ ! -e "$VMIG_UNDO" ]
	tap $? "$what: nothing is left on record"
}

# wait_for COMMAND...: until it works, a minute at most
wait_for()
{
	local i

	for ((i = 0; i < 600; i++)); do
		"$@" 2>/dev/null && return
		sleep 0.1
	done
	return 1
}

# shellcheck disable=SC2317 # called by wait_for
is_bound()
{
	[ "$(driver_of "$1")" = "$2" ]
}

check_run()
{
	local dev=$1

	raw "$dev" vfio-pci
	tap_is vfio-pci "$(driver_of "$dev")" "the device begins with vfio-pci"
	run --probe -d "$dev"
	tap_is 1 $? "--probe of it: exit code"
	grep -q '^ *no_variant_driver' "$tmp/out"
	tap $? "--probe of it: no driver is known"
	echo 'alias vfio_pci:v00001234d000011E8sv*sd*bc*sc*i* vfio_mig_edu' >"$tmp/aliases"
	selftests/vmig_probe --aliases "$tmp/aliases" "$dev" >"$tmp/out"
	tap_is "1 1" "$? $(grep -c '^ *generic_driver' "$tmp/out")" "with the module's alias, it says which"
	run -d "$dev" --bind vfio_mig_edu -t 'state.cdev.get*'
	rc=$?
	[ $rc -eq 0 ] || tap_show <(cat "$tmp/err" "$tmp/out")
	tap_is 0 $rc "a run with --bind: exit code"
	tap_is "vfio-pci vfio-pci" "$(driver_of "$dev") $(cat "$pci/$dev/driver_override")" \
		"the driver and driver_override are put back"
	refused "a driver that there is not" 'there is no driver nosuch' -d "$dev" --bind nosuch
	# The PCI bridge of the profile.
	refused "a driver that refuses the device" 'vfio-pci refuses 0000:03:00.0 (Invalid argument)' \
		-d 0000:03:00.0 --bind vfio-pci
	tap_is "none (null)" "$(driver_of 0000:03:00.0) $(cat $pci/0000:03:00.0/driver_override)" "it is put back"
}

check_prepare()
{
	local dev=$1

	run --prepare -d "$dev" --bind vfio_mig_edu --hugepages 4
	tap_is "0 vfio_mig_edu 4" "$? $(driver_of "$dev") $(cat /proc/sys/vm/nr_hugepages)" \
		"--prepare binds, has huge pages, and leaves it so"
	run -d "$dev" -t 'state.cdev.get*'
	tap_is "0 vfio_mig_edu" "$? $(driver_of "$dev")" "a run after it leaves it so"
	run --cleanup
	tap_is "0 vfio-pci 0" "$? $(driver_of "$dev") $(cat /proc/sys/vm/nr_hugepages)" "--cleanup puts all back"
	[ ! -e "$VMIG_UNDO" ] && [ ! -e "$VMIG_UNDO.kept" ]
	tap $? "the record is gone"
	printf 'boot\t0\n%s\t1\n' "$pci/$dev/remove" >"$VMIG_UNDO"
	run --cleanup
	tap_is 0 $? "--cleanup after a reboot: exit code"
	grep -q 'has booted since' "$tmp/out" && [ -e "$pci/$dev" ]
	tap $? "a record of another boot is void"
}

# check_signal NAME: what a run that is ended by a signal leaves; it is bound when that comes
check_signal()
{
	local dev=$1 name=$2 pid

	./run.sh -q -o "$tmp/results" -d "$dev" --bind vfio_mig_edu -t 'fsm.*' >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	wait_for is_bound "$dev" vfio_mig_edu
	wait_for grep -qs 'fsm' "$tmp"/results/latest/ktap/fsm.ktap
	kill "-$name" $pid
	wait $pid 2>/dev/null
	rc=$?
}

check_signals()
{
	local dev=$1 rc

	check_signal "$dev" TERM
	tap_is "143 vfio-pci" "$rc $(driver_of "$dev")" "SIGTERM ends a run, and the driver is put back"
	[ ! -e "$VMIG_UNDO" ]
	tap $? "nothing is left on record after SIGTERM"
	check_signal "$dev" KILL
	tap_is "137 vfio_mig_edu" "$rc $(driver_of "$dev")" "SIGKILL leaves the device as it is"
	grep -q "^$pci/$dev/driver_override" "$VMIG_UNDO"
	tap $? "what is to be put back is on record"
	# The chapters die with the run that started them; the kernel takes its time under load.
	wait_for eval '! pgrep vmig_fsm >/dev/null'
	run -d "$dev" -t 'state.*'
	tap_is "2 1" "$? $(grep -c 'earlier run ended.*--cleanup' "$tmp/err")" "the next run says so"
	run --cleanup
	tap_is "0 vfio-pci" "$? $(driver_of "$dev")" "--cleanup puts back what a killed run had changed"
}

check_refusals()
{
	local dev=$1 node

	raw "$dev" vfio-pci
	node=/dev/vfio/devices/$(ls "$pci/$dev/vfio-dev")
	sleep 100 3<"$node" &
	refused "a device that a program has" "refused: $dev is in use by process $! (sleep)" \
		-d "$dev" --bind vfio_mig_edu --force
	tap_is vfio-pci "$(driver_of "$dev")" "it keeps its driver"
	kill $!
	wait $! 2>/dev/null
	refused "an mdev type that is not there" "no mdev type 'x'; it has: mtty-1 mtty-2" -d /sys/class/mdev_bus/mtty --mdev x
	refused "more huge pages than there is memory" 'huge pages could be had' -d "$dev" --hugepages 99999
}

check_mdev()
{
	run --prepare -d /sys/class/mdev_bus/mtty --mdev mtty-1
	tap_is "0 1" "$? $(find /sys/bus/mdev/devices -mindepth 1 | wc -l)" "--mdev makes a device"
	selftests/vmig_probe "$(ls /sys/bus/mdev/devices)" >"$tmp/out"
	tap_is "0 1" "$? $(grep -c '^ *Migratable *yes' "$tmp/out")" "it is migratable"
	run --cleanup
	tap_is "0 0" "$? $(find /sys/bus/mdev/devices -mindepth 1 | wc -l)" "--cleanup removes it"
}

check_vfs()
{
	local pf

	for pf in "$pci"/*/sriov_totalvfs; do
		pf=$(basename "$(dirname "$pf")")
	done
	refused "a physical function without a driver" "$pf has no driver" -d "$pf" --vfs 1 --bind vfio-pci
	raw "$pf" vfio-pci
	refused "a driver of the physical function that refuses" "vfio-pci, the driver of $pf, refuses 2" \
		-d "$pf" --vfs 2 --bind vfio-pci
	tap_is "0 1" "$(cat "$pci/$pf/sriov_numvfs") $(cat "$pci/$pf/sriov_drivers_autoprobe")" "all is put back"
	raw "$pf" pci-pf-stub
	run --prepare -d "$pf" --vfs 2 --bind vfio-pci
	tap_is "0 2 2" "$? $(cat "$pci/$pf/sriov_numvfs") $(readlink "$pci/$pf"/virtfn*/driver | grep -c /vfio-pci)" \
		"--vfs makes virtual functions and binds them"
	tap_is 1 "$(cat "$pci/$pf/sriov_drivers_autoprobe")" "the host's drivers may take new ones again"
	refused_kept "virtual functions of a device that has some" "refused: $pf has 2 virtual functions" \
		-d "$pf" --vfs 1 --bind vfio-pci --i-know
	run --cleanup
	tap_is "0 0" "$? $(cat "$pci/$pf/sriov_numvfs")" "--cleanup takes them away"
	refused "a virtual function that no driver can migrate" 'has no migration\|cannot be tested\|no driver is known' \
		-d "$pf" --vfs 1
	tap_is 0 "$(cat "$pci/$pf/sriov_numvfs")" "it is taken away again"
}

# refused_kept WHAT PATTERN OPTION...: as refused(), and what --prepare has left is still there
refused_kept()
{
	run "${@:3}"
	tap_is "2 1" "$? $(grep -c "^vmig: .*$2" "$tmp/err")" "$1: one sentence, exit code 2"
	cmp -s "$VMIG_UNDO" "$VMIG_UNDO.kept"
	tap $? "$1: what was prepared stays"
}

edu()
{
	local dev=${VMIG_DEVICE##*/}

	rmdir "$tmp/cache" 2>/dev/null
	check_run "$dev"
	check_prepare "$dev"
	check_signals "$dev"
	check_refusals "$dev"
	check_mdev
	check_vfs
}

# A virtual function that devlink has to make migratable. The tool is ours, the firmware as well:
# what it sets is what mlx5_vfio_pci is told.
mlx5()
{
	local dev=${VMIG_DEVICE##*/} pf

	pf=$(basename "$(realpath "$pci/$dev/physfn")")
	mkdir "$tmp/bin"
	cat >"$tmp/bin/devlink" <<-END
		#!/bin/sh
		p=/sys/module/vfio_mig_fw_mlx5/parameters/migratable
		case "\$*" in
		"-j port show")
			[ "\$(cat \$p)" = Y ] && is=enable || is=disable
			echo "{\"port\": {\"pci/$pf/1\": {\"flavour\": \"pcivf\", \"vfnum\": 0, \"function\": {\"migratable\": \"\$is\"}}}}"
			;;
		"port function set pci/$pf/1 migratable enable") echo 1 >\$p ;;
		"port function set pci/$pf/1 migratable disable") echo 0 >\$p ;;
		*) exit 1 ;;
		esac
		echo "\$*" >>$tmp/devlink.log
	END
	chmod +x "$tmp/bin/devlink"
	selftests/vmig_probe --profiles configs/devices "$dev" >"$tmp/out"
	tap_is "1 1" "$? $(grep -c '^ *devlink_unknown' "$tmp/out")" "--probe of a function that is off: devlink has no port"
	export PATH=$tmp/bin:$PATH
	run --probe -d "$dev"
	tap_is "1 1" "$? $(grep -c '^ *devlink_off' "$tmp/out")" "--probe of a function that is off: devlink says so"
	run --prepare -d "$dev" --bind auto
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/err"
	tap_is "0 mlx5_vfio_pci" "$rc $(driver_of "$dev")" "--bind auto finds the driver, which has it already"
	grep -q 'set .*migratable enable' "$tmp/devlink.log"
	tap $? "--bind switches its capability on"
	selftests/vmig_probe "$dev" >"$tmp/out"
	tap_is "0 1" "$? $(grep -c '^ *Migratable *yes' "$tmp/out")" "the driver offers migration then"
	run -d "$dev" -t 'state.cdev.get*'
	tap_is 0 $? "a run on it"
	run --cleanup
	tap_is "0 mlx5_vfio_pci" "$? $(driver_of "$dev")" "--cleanup puts the driver back"
	tap_is "port function set pci/$pf/1 migratable disable" "$(grep set "$tmp/devlink.log" | tail -n 1)" \
		"and switches the capability off"
	refused "virtual functions of a card that has some" "$pf has 3 virtual functions" -d "$pf" --vfs 2
}

case $1 in
edu) edu ;;
mlx5) mlx5 ;;
esac
rm -rf "$tmp"
tap_end
