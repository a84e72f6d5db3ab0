#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Why is a device not migratable? Each rule of probe_rules.def on a tree of /sys and /proc in which
# it holds, or on facts as --json prints them; and each in its place: what mends it ends it. Then
# set-up and put back on real devices, in two guests.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh
# shellcheck source=selftests/meta/probe_tree.sh
. selftests/meta/probe_tree.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
probe=selftests/vmig_probe
: >"$tmp/seen"

# ids KIND: those of a list of $tmp/out, in a row
ids()
{
	python3 -c 'import json, sys
print(*[r["id"] for r in json.load(open(sys.argv[1]))["devices"][0][sys.argv[2]]])' "$tmp/out" "$1"
}

# tree_has KIND IDS WHAT OPTION...: in $root, of device 0000:01:00.0 or the last option
tree_has()
{
	local kind=$1 expected=$2 what=$3
	shift 3
	[ $# -gt 0 ] || set -- 0000:01:00.0
	"$probe" --root "$root" --profiles configs/devices --json "$@" >"$tmp/out" 2>&1
	tap_is "$expected" "$(ids "$kind")" "$what"
	ids "$kind" | tr ' ' '\n' >>"$tmp/seen"
	! grep -q '(unknown)' "$tmp/out"
	tap $? "$what: each word is filled in"
}

# Physical function, virtual function, driver: as on a host with a ConnectX.
tree
pci 0000:01:00.0 15b3 101e 7 mlx5_core
vf 0000:01:00.0 0000:00:02.0 0
alias_of 15b3 101e mlx5_vfio_pci
tree_has reasons wrong_driver "bound to a driver of the host"
bind 0000:01:00.0 vfio-pci
vfio 0000:01:00.0 7
tree_has reasons generic_driver "bound to vfio-pci"
bind 0000:01:00.0 ''
tree_has reasons no_driver "bound to nothing"
driver mlx5_vfio_pci
echo mlx5_vfio_pci >"$root/sys/bus/pci/devices/0000:01:00.0/driver_override"
tree_has reasons driver_refused "bound to nothing, though its driver is loaded and was asked for"
bind 0000:01:00.0 mlx5_vfio_pci
vfio 0000:01:00.0 7
tree_has reasons '' "bound as it should be"
rm "$root"/dev/vfio/devices/vfio0 "$root/dev/vfio/7"
tree_has reasons no_node "no node in /dev"
mv "$(dev_of 0000:01:00.0)/vfio-dev/vfio0" "$(dev_of 0000:01:00.0)/vfio-dev/noiommu-vfio0"
tree_has reasons noiommu "a cdev without an IOMMU"
grep -q '/dev/vfio/devices/noiommu-vfio0' "$tmp/out"
tap $? "it says which"
bind 0000:01:00.0 mlx5_vfio_pci
vfio 0000:01:00.0 7
echo vfio-noiommu >"$(dev_of 0000:01:00.0)/iommu_group/name"
tree_has reasons '' "a group that has its name alone from there, as that of a mediated device"
rm "$root/dev/vfio/7"
mkdir -p "$root/sys/class/vfio/noiommu-7"
tree_has reasons noiommu "a group without an IOMMU"
rm -r "$(dev_of 0000:01:00.0)/iommu_group/name" "$root/sys/class/vfio/noiommu-7"
vfio 0000:01:00.0 7
process 321 qemu-system-x86 /dev/vfio/7
tree_has reasons in_use "a virtual machine has it"
tree_has harm harm_in_use "it is not taken from a virtual machine"

tree
pci 0000:01:00.0 15b3 101e 7 mlx5_core
vf 0000:01:00.0 0000:00:02.0 0
tree_has reasons module_missing "the module is not installed"
config '# CONFIG_MLX5_VFIO_PCI is not set'
tree_has reasons config_no_driver "the kernel was built without the driver"
config CONFIG_MLX5_VFIO_PCI=m
tree_has reasons module_missing "the kernel was built with it, and it is not installed"
built_in 15b3 101e mlx5_vfio_pci
tree_has reasons wrong_driver "the kernel has it built in"
pci 0000:01:00.0 1af4 1041 7 virtio-pci
rm "$(dev_of 0000:01:00.0)/physfn"
alias_of 1af4 1041 virtio_vfio_pci
tree_has reasons not_virtual "the card of a virtual machine, which is no virtual function"
pci 0000:01:00.0 8086 1533 7 igb
tree_has reasons no_variant_driver "a device that no driver can migrate"

tree
pci 0000:01:00.0 15b3 101e 7 mlx5_core
vf 0000:01:00.0 0000:00:02.0 0
alias_of 15b3 101e mlx5_vfio_pci
pci 0000:01:00.1 8086 1533 7 igb
tree_has reasons 'wrong_driver group_shared' "a group shared with a device of the host"
tree_has harm harm_group "it is not taken from such a group"
bind 0000:01:00.1 vfio-pci
vfio 0000:01:00.1 7
tree_has harm '' "it is, once the other one is VFIO's too"
rm -r "$root/sys/kernel/iommu_groups" "$root/sys/bus/pci/devices/0000:01:00.0/iommu_group"
tree_has reasons 'no_iommu wrong_driver' "no IOMMU"
config CONFIG_IOMMU_SUPPORT=y
tree_has reasons 'config_no_vfio config_no_iommu wrong_driver' "a kernel without IOMMU and VFIO"
config CONFIG_IOMMU_SUPPORT=y CONFIG_INTEL_IOMMU=y CONFIG_VFIO=m
tree_has reasons 'no_iommu wrong_driver' "a kernel with both"
mkdir -p "$root/sys/kernel/iommu_groups/1"
tree_has reasons 'no_iommu_group wrong_driver' "a device that the IOMMU passes over"

tree
pci 0000:01:00.0 15b3 101d 7 mlx5_core
alias_of 15b3 101e mlx5_vfio_pci
pf 0000:01:00.0 101e 4
tree_has reasons pf_not_vf "a physical function without virtual ones"
tree_has harm '' "it can be given some"
pci 0000:01:00.2 15b3 101e 8 mlx5_vfio_pci
vf 0000:01:00.2 0000:01:00.0 0
vfio 0000:01:00.2 8
tree_has reasons pf_has_vfs "a physical function with virtual ones"
tree_has harm harm_pf "it is left alone"
tree_has reasons '' "the virtual function itself" 0000:01:00.2
cat >"$tmp/ports" <<-'END'
	{"port": {"pci/0000:01:00.0/1": {"flavour": "pcivf", "vfnum": 0, "function": {"migratable": "disable"}},
	 "pci/0000:01:00.0/2": {"flavour": "pcivf", "vfnum": 1, "function": {"migratable": "enable"}}}}
END
tree_has reasons devlink_off "its capability is off in devlink" --devlink "cat $tmp/ports" 0000:01:00.2
grep -q '"port": "pci/0000:01:00.0/1"' "$tmp/out"
tap $? "the port is found by the number of the function"
bind 0000:01:00.0 ''
tree_has reasons pf_without_driver "its physical function has no driver" 0000:01:00.2

tree
pci 0000:01:00.0 8086 1234 7 i915
mdev_type 0000:01:00.0 i915-small 2
tree_has reasons mdev_parent "a parent of mediated devices"
mdev_type 0000:01:00.0 i915-small 0
tree_has reasons mdev_parent_full "a parent that can make no more"

# What of the host lives on a device.
tree
pci 0000:01:00.0 144d a808 7 nvme
disk nvme0n1 0000:01:00.0/nvme/nvme0 259:0
partition nvme0n1 nvme0n1p2 259:2
mount_of 259:2 / /dev/nvme0n1p2
tree_has harm harm_carries "the disk of the root file system"
grep -q 'the file system /' "$tmp/out"
tap $? "it says which"
mount_of 253:0 /home /dev/mapper/home
disk dm-0 '' 253:0
on_top dm-0 nvme0n1p2
tree_has harm harm_carries "a disk below the device mapper"
mount_of 0:33 /data /dev/nvme0n1p2
tree_has harm harm_carries "a disk of a file system that has a number of its own"
mount_of 259:9 /data /dev/nvme1n1
tree_has harm '' "a mount on another disk"
echo '/dev/nvme0n1p2 partition 1000 0 -2' >>"$root/proc/swaps"
tree_has harm harm_carries "swap"
tree
pci 0000:01:00.0 144d a808 7 nvme
disk nvme0n1 '' 259:0
multipath nvme0n1 0000:01:00.0/nvme/nvme0
mount_of 259:0 / /dev/nvme0n1
tree_has harm harm_carries "a path of a multipath disk"
tree
pci 0000:01:00.0 8086 1533 7 igb
net eth0 0000:01:00.0
route_by eth0
tree_has harm harm_carries "the default route"
net br0 ''
ln -s ../../../../class/net/eth0 "$root/sys/class/net/br0/lower_eth0"
route_by br0
tree_has harm harm_carries "the default route through a bridge"
route_by lo
tree_has harm '' "a card that is not the way out"
pci 0000:01:00.1 8086 1533 7 vfio-pci
tree_has harm harm_group "not a device whose group has the card" 0000:01:00.1
route_by eth0
tree_has harm 'harm_carries harm_group' "nor if that is the way out" 0000:01:00.1

# What shows only when a device is opened: facts as --json has them.
cat >"$tmp/facts" <<-'END'
	{"host": {"kernel": {"release": "6.12.0", "major": 6, "minor": 12}, "groups": 3, "iommufd": "ok",
	 "container": "ok", "ipc_lock": true, "memlock": 8388608, "config": {}},
	 "devices": [{"name": "0000:01:00.2", "id": "15b3:101e", "bus": "pci", "driver": "mlx5_vfio_pci", "vfio": true,
	 "candidates": [{"driver": "mlx5_vfio_pci", "there": true, "loaded": true, "devlink": "migratable"}],
	 "sriov": {"role": "vf", "index": 0, "pf": {"name": "0000:01:00.0", "driver": "mlx5_core"}},
	 "iommu_group": 7, "peers": [], "users": [], "carries": [], "mdev_types": [],
	 "cdev": {"path": "/dev/vfio/devices/vfio0", "access": "ok"},
	 "group": {"path": "/dev/vfio/7", "access": "ok"}, "opened": {"cdev": "ok", "group": "ok"},
	 "features": {"migration": true, "flags": 1, "flag_names": ["STOP_COPY"], "dma_logging": true}}]}
END

# judged KIND IDS WHAT EDIT: python that changes h (host), d (device), f (features)
judged()
{
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
h, d = j["host"], j["devices"][0]
f = d["features"]
exec(sys.argv[2])
json.dump(j, open(sys.argv[3], "w"))' "$tmp/facts" "$4" "$tmp/edited"
	"$probe" --json --judge "$tmp/edited" >"$tmp/out" 2>&1
	tap_is "$2" "$(ids "$1")" "$3"
	ids "$1" | tr ' ' '\n' >>"$tmp/seen"
	! grep -q '(unknown)' "$tmp/out"
	tap $? "$3: each word is filled in"
}

judged reasons '' "a device that has all" pass
grep -q '"migratable": true' "$tmp/out"
tap $? "it is migratable"
judged reasons kernel_too_old "a kernel of 5.17" 'h["kernel"] = {"release": "5.17.1", "major": 5, "minor": 17}'
judged reasons no_permission "nodes of somebody else" \
	'd["cdev"]["access"] = d["group"]["access"] = "EACCES"; d["opened"] = {"cdev": "EACCES", "group": "EACCES"}; del d["features"]'
judged reasons memlock "little memory may be locked" 'h["ipc_lock"] = False'
judged reasons '' "enough memory may be locked" 'h["ipc_lock"] = False; h["memlock"] = None'
judged reasons no_interrupt_remapping "EPERM of both ways in" \
	'd["opened"] = {"cdev": "EPERM", "group": "EPERM"}; del d["features"]'
judged reasons open_fails "another error of both" \
	'd["opened"] = {"cdev": "EIO", "group": "EIO"}; del d["features"]'
judged reasons devlink_unknown "no migration, and devlink has no port" 'f["migration"] = False'
judged reasons firmware_without "no migration, though devlink has it on" \
	'f["migration"] = False; d["sriov"]["devlink"] = {"port": "pci/0000:01:00.0/1", "migratable": "enable"}'
judged reasons driver_too_old "a driver that learnt it later" \
	'f["migration"] = False; d["candidates"][0].update(devlink=None, kernels="6.13-")'
judged reasons firmware_without "no migration, and no devlink in the profile" \
	'f["migration"] = False; del d["candidates"][0]["devlink"]'
judged reasons driver_without "a driver that has none for anything" \
	'f["migration"] = False; d["bus"] = "mdev"; d["driver"] = "mdpy"; d["candidates"] = []'
judged notes no_cdev "the group alone" 'del d["opened"]["cdev"]'
judged notes no_group "the cdev alone" 'del d["opened"]["group"]'
judged notes no_dma_logging "no DMA logging" 'f["dma_logging"] = False'

# Each rule was seen to hold.
sed -n 's/^RULE(\([a-z_]*\),.*/\1/p' selftests/tools/probe/rules.def | while read -r id; do
	grep -qx "$id" "$tmp/seen" || echo "$id"
done >"$tmp/unseen"
tap_is '' "$(paste -sd ' ' "$tmp/unseen")" "each rule of probe_rules.def was seen to hold"

echo '{"host": 1' >"$tmp/edited"
"$probe" --judge "$tmp/edited" >"$tmp/out" 2>"$tmp/err"
tap_is 2 $? "facts that are none: exit code"
grep -q '^vmig: .* is not what --probe --json prints' "$tmp/err"
tap $? "facts that are none: a sentence"
"$probe" 0000:ff:1f.7 >"$tmp/out" 2>"$tmp/err"
tap_is "2 1" "$? $(grep -c "^vmig: no device '0000:ff:1f.7'" "$tmp/err")" "a device that is not there"

# What a user calls a device, for scripts: one answer whatever he calls it, and a line a value.
tree
pci 0000:01:00.0 15b3 101e 7 mlx5_vfio_pci
vfio 0000:01:00.0 7
mkdir -p "$root/sys/class/vfio-dev/vfio0"
ln -s ../../../devices/pci0000:00/0000:01:00.0 "$root/sys/class/vfio-dev/vfio0/device"
ln -s ../../devices/pci0000:00/0000:01:00.0 "$root/sys/class/mdev_bus/0000:01:00.0"
process 321 $'a=$(b)\x01 c' /dev/vfio/7
resolve()
{
	"$probe" --root "$root" --profiles configs/devices --resolve -- "$1" >"$tmp/out" 2>"$tmp/err"
}
cat >"$tmp/expected" <<-'END'
	sysfs=/sys/devices/pci0000:00/0000:01:00.0
	name=0000:01:00.0
	bus=pci
	driver=mlx5_vfio_pci
	vfio_dev=vfio0
	cdev=/dev/vfio/devices/vfio0
	group=/dev/vfio/7
	holder=321 /dev/vfio/7 a=$(b)? c
	profile=mlx5
END
for name in 0000:01:00.0 01:00.0 /dev/vfio/devices/vfio0 vfio0 "$root/sys/class/mdev_bus/0000:01:00.0" \
	"$root/sys/bus/pci/devices/0000:01:00.0"; do
	resolve "$name"
	tap_is 0 $? "--resolve ${name#"$root"}: exit code"
	diff "$tmp/expected" "$tmp/out" >"$tmp/diff"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/diff"
	tap $rc "--resolve ${name#"$root"}: the device"
done
for name in 0000:01:00.1 '' / /etc/passwd "$root/sys/bus/pci" 0000:01:00.0/vendor ../../bus/pci vfio1 --json; do
	resolve "$name"
	tap_is "2 1 0" "$? $(grep -c "^vmig: no device '$name': give " "$tmp/err") $(wc -c <"$tmp/out")" \
		"--resolve '${name#"$root"}': there is no such device"
done
bind 0000:01:00.0 ''
resolve 0000:01:00.0
tap_is "0 driver= vfio_dev= profile=" \
	"$? $(grep -E '^(driver|vfio_dev|profile)=' "$tmp/out" | paste -sd ' ')" "--resolve of a device without a driver"

# Bad input, refused before anything is looked at twice: on a device of this host, if it has any.
refused()
{
	local what=$1 pattern=$2 rc

	shift 2
	VMIG_UNDO=$tmp/undo timeout 400 ./run.sh -q "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ "$rc" -eq 2 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q "^vmig: .*$pattern" "$tmp/err" &&
		[ ! -e "$tmp/undo" ]
	rc=$?
	[ "$rc" -eq 0 ] || tap_show "$tmp/err"
	tap "$rc" "$what: one sentence, exit code 2, nothing on record"
}

refused "set-up of a device that is not there" "no device '0000:ff:1f.7'" -d 0000:ff:1f.7 --bind vfio-pci
refused "set-up of a device of the guest" "for a device of this host" -d edu --bind vfio-pci
refused "--prepare without anything to do" "needs to know what" --prepare -d 0000:ff:1f.7
refused "a limit that is no number" "a number of MiB" -d 0000:ff:1f.7 --memlock much
refused "no virtual functions" "a number is needed, 1 or more" -d 0000:ff:1f.7 --vfs 0
refused "--json of a run" "needs --probe" --json -d edu
pci_device=$(find /sys/bus/pci/devices/ -mindepth 1 -maxdepth 1 ! -execdir test -e {}/sriov_totalvfs \; \
	-printf '%f\n' 2>/dev/null | head -n 1)
vfs="virtual functions of a device that has none"
mdevs="mediated devices of a device that makes none"
if [ -n "$pci_device" ]; then
	refused "$vfs" 'can have no virtual functions' -d "$pci_device" --vfs 2
	refused "$mdevs" 'makes no mediated devices' -d "$pci_device" --mdev x
else
	tap_skip "this machine has no PCI device" "$vfs"
	tap_skip "this machine has no PCI device" "$mdevs"
fi

# Real devices: the guests print their KTAP lines; their numbers are ours.
# in_guest NAME OPTION...: runs selftests/meta/probe_guest.sh NAME in a guest
in_guest()
{
	local name=$1 line

	shift
	timeout 1500 ./run.sh -q -o "$tmp/$name" "$@" --guest-cmd "selftests/meta/probe_guest.sh $name" \
		>"$tmp/$name.out" 2>&1 </dev/null
	tap $? "the tests in guest $name ended well"
	while read -r line; do
		case $line in
		ok\ *) tap 0 "$name: ${line#ok * }" ;;
		not\ ok\ *) tap 1 "$name: ${line#not ok * }" ;;
		*) printf '# %s\n' "${line#\# }" ;;
		esac
	done <"$tmp/$name.out"
	grep -q '^1\.\.' "$tmp/$name.out"
	tap $? "the tests in guest $name came to their end"
}

in_guest edu -d edu --ko "$(find "$(./run.sh --kernel-build-dir)" -name mtty.ko)" \
	--qemu-arg '-device pcie-root-port,id=vmig-rp,chassis=77' \
	--qemu-arg '-device nvme-subsys,id=vmig-ss -device nvme,serial=vmig,subsys=vmig-ss,bus=vmig-rp,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5'
in_guest mlx5 -d mlx5 --param vfio_mig_fw_mlx5.migratable=0
tap_end
