# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Trees that look like /sys, /proc, /dev and /lib/modules of a host, for vmig_probe --root. Sourced
# by probe.sh, which sets tmp. Each function adds to the tree in $root.
# shellcheck disable=SC2154

tree_number=0

# tree: a new one, of a host with an IOMMU, a capable user and no devices
tree()
{
	tree_number=$((tree_number + 1))
	root=$tmp/tree$tree_number
	mkdir -p "$root"/proc/{self,net} "$root"/sys/bus/pci/{devices,drivers} "$root/sys/bus/mdev/devices" \
		"$root"/sys/class/{net,block,mdev_bus,iommu/dmar0} "$root/sys/dev/block" \
		"$root/sys/kernel/iommu_groups/1" "$root/dev/vfio/devices" "$root/lib/modules/$(uname -r)"
	printf 'CapEff:\t000001ffffffffff\n' >"$root/proc/self/status"
	: >"$root/dev/iommu"
	: >"$root/dev/vfio/vfio"
	: >"$root/lib/modules/$(uname -r)/modules.alias"
	printf 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n' >"$root/proc/net/route"
}

dev_of()
{
	printf '%s/sys/devices/pci0000:00/%s' "$root" "$1"
}

# pci ADDRESS VENDOR DEVICE GROUP DRIVER: a PCI device
pci()
{
	local d group=$root/sys/kernel/iommu_groups/$4

	d=$(dev_of "$1")
	mkdir -p "$d" "$group/devices"
	echo "0x$2" >"$d/vendor"
	echo "0x$3" >"$d/device"
	echo 0x020000 >"$d/class"
	echo '(null)' >"$d/driver_override"
	printf 'pci:v0000%sd0000%ssv00000000sd00000000bc02sc00i00\n' "${2^^}" "${3^^}" >"$d/modalias"
	ln -sfn ../../../bus/pci "$d/subsystem"
	ln -sfn "../../../kernel/iommu_groups/$4" "$d/iommu_group"
	ln -sfn "../../../../devices/pci0000:00/$1" "$group/devices/$1"
	ln -sfn "../../../devices/pci0000:00/$1" "$root/sys/bus/pci/devices/$1"
	bind "$1" "$5"
}

driver()
{
	mkdir -p "$root/sys/bus/pci/drivers/$1"
}

# bind ADDRESS DRIVER: the driver of a device, '' for none; it is not VFIO's then
bind()
{
	local d

	d=$(dev_of "$1")
	rm -rf "$d/driver" "$d/vfio-dev"
	[ -n "$2" ] || return
	driver "$2"
	ln -s "../../../bus/pci/drivers/$2" "$d/driver"
}

# vfio ADDRESS GROUP: what VFIO shows of a device that its driver has
vfio()
{
	mkdir -p "$(dev_of "$1")/vfio-dev/vfio0"
	: >"$root/dev/vfio/devices/vfio0"
	: >"$root/dev/vfio/$2"
}

# alias_of VENDOR DEVICE MODULE: a module that says it can have such a device for VFIO
alias_of()
{
	printf 'alias vfio_pci:v0000%sd0000%ssv*sd*bc*sc*i* %s\n' "${1^^}" "${2^^}" "$3" \
		>>"$root/lib/modules/$(uname -r)/modules.alias"
}

built_in()
{
	printf 'vfio.author=x\0%s.alias=vfio_pci:v0000%sd0000%ssv*sd*bc*sc*i*\0' "$3" "${1^^}" "${2^^}" \
		>>"$root/lib/modules/$(uname -r)/modules.builtin.modinfo"
}

# config LINE...: the kernel's configuration; without one it has VFIO and the Intel IOMMU
config()
{
	if [ $# -eq 1 ] && [[ $1 == *MLX5* ]]; then
		set -- "$1" CONFIG_VFIO=y
	fi
	printf '%s\n' "$@" | gzip >"$root/proc/config.gz"
}

# pf ADDRESS VF_DEVICE TOTAL: a physical function
pf()
{
	local d

	d=$(dev_of "$1")
	echo "$2" >"$d/sriov_vf_device"
	echo "$3" >"$d/sriov_totalvfs"
	echo 0 >"$d/sriov_numvfs"
}

# vf ADDRESS PF NUMBER: a PCI device is a virtual function; of a ConnectX, if there is no such PF
vf()
{
	[ -d "$(dev_of "$2")" ] || pci "$2" 15b3 101d 6 mlx5_core
	ln -s "../$2" "$(dev_of "$1")/physfn"
	ln -s "../$1" "$(dev_of "$2")/virtfn$3"
	echo $(($3 + 1)) >"$(dev_of "$2")/sriov_numvfs"
}

# mdev_type ADDRESS TYPE AVAILABLE
mdev_type()
{
	local d

	d=$(dev_of "$1")/mdev_supported_types/$2
	mkdir -p "$d"
	echo "$3" >"$d/available_instances"
}

# process PID NAME NODE: somebody who has a node open
process()
{
	mkdir -p "$root/proc/$1/fd"
	echo "$2" >"$root/proc/$1/comm"
	ln -s "$3" "$root/proc/$1/fd/17"
}

# disk NAME BELOW NUMBER: a disk below a PCI device, '' for a virtual one
disk()
{
	local d=${2:+pci0000:00/$2}

	d=devices/${d:-virtual/block}/$1
	mkdir -p "$root/sys/$d/slaves"
	ln -s "../../$d" "$root/sys/class/block/$1"
	ln -s "../../$d" "$root/sys/dev/block/$3"
	: >"$root/dev/$1"
}

# partition DISK NAME NUMBER
partition()
{
	local d

	d=$(realpath --relative-to "$root/sys" "$root/sys/class/block/$1")/$2
	mkdir "$root/sys/$d"
	echo 1 >"$root/sys/$d/partition"
	ln -s "../../$d" "$root/sys/class/block/$2"
	ln -s "../../$d" "$root/sys/dev/block/$3"
	: >"$root/dev/$2"
}

# on_top VOLUME DISK: a volume of the device mapper
on_top()
{
	ln -s "../../../../../class/block/$2" "$root/sys/class/block/$1/slaves/$2"
}

# multipath DISK BELOW: a controller that leads to a disk of a subsystem of NVMe
multipath()
{
	local subsystem=$root/sys/devices/virtual/nvme-subsystem/nvme-subsys0

	mkdir -p "$subsystem" "$root/sys/devices/pci0000:00/$2"
	ln -s "../../../pci0000:00/$2" "$subsystem/nvme0"
	ln -s ../../nvme-subsystem/nvme-subsys0 "$root/sys/devices/virtual/block/$1/device"
}

# mount_of NUMBER PLACE SOURCE: the only mount there is
mount_of()
{
	printf '20 1 %s / %s rw,relatime shared:1 - ext4 %s rw\n' "$1" "$2" "$3" >"$root/proc/self/mountinfo"
	: >"$root/proc/swaps"
}

# net NAME ADDRESS: a network interface of a PCI device, '' for a virtual one
net()
{
	local d=${2:+pci0000:00/$2/net}

	d=devices/${d:-virtual/net}/$1
	mkdir -p "$root/sys/$d"
	ln -s "../../$d" "$root/sys/class/net/$1"
}

# route_by NAME: the default route, through this interface
route_by()
{
	printf 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n%s\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' \
		"$1" >"$root/proc/net/route"
}
