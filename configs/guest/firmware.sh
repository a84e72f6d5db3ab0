# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Set-up of a guest for a driver on simulated firmware (firmware: in its profile): memory
# that is the card's alone, a range of PCI bus numbers under an IOMMU, and the stand-in.
# Sourced by run.sh after lib.sh, which sets the options (opt_*) and top.
# shellcheck disable=SC2154

# Memory that the guest's kernel has for itself, and where the card's begins, in MiB.
firmware_ram=1024

# profile_value KEY: the value of a key of this run's profile; empty without one.
profile_value()
{
	[ -z "$profile" ] || profile_get "$profiles/$profile.conf" "$1"
}

# firmware_parameter NAME DEFAULT: what vfio_mig_fw is loaded with.
firmware_parameter()
{
	local p value=$2

	for p in $(profile_value parameter) ${opt_param[@]+"${opt_param[@]}"}; do
		[[ $p != vfio_mig_fw."$1"=* ]] || value=${p#*=}
	done
	[[ $value =~ ^[0-9]+$ ]] || die "vfio_mig_fw.$1=$value: a number is needed"
	printf '%s' "$value"
}

# firmware_window: MiB of memory for the cards: that of their functions, and some for registers.
firmware_window()
{
	local cards vfs kb

	cards=$(firmware_parameter cards 1) || return
	vfs=$(firmware_parameter nr_vfs 3) || return
	kb=$(firmware_parameter state_kb 64) || return
	printf '%s' $((cards * (vfs * (kb + 1023) / 1024 + 16)))
}

# firmware_qemu: arguments for QEMU, one a line. Behind the port there is nothing but a range
# of bus numbers that belongs to the IOMMU: the bus of each card takes one of them. The firmware of
# the machine keeps its tables at the end of the memory.
firmware_qemu()
{
	local window cards

	[ -n "$(profile_value firmware)" ] || return 0
	window=$(firmware_window) || return
	cards=$(firmware_parameter cards 1) || return
	printf '%s\n' -m "$((firmware_ram + window + 16))M" \
		-device "pcie-root-port,id=fw-port,chassis=99,bus-reserve=$((cards + 1))"
}

# firmware_boot: words for the kernel's command line.
firmware_boot()
{
	local window

	[ -n "$(profile_value firmware)" ] || return 0
	window=$(firmware_window) || return
	# shellcheck disable=SC2016 # the kernel's syntax
	printf ' memmap=%sM$%sM' "$window" "$firmware_ram"
}

# firmware_modules: the modules of the profile, and before them those of the stand-in.
firmware_modules()
{
	local name

	name=$(profile_value firmware)
	[ -z "$name" ] || printf '%s\n' vfio_mig_fw "vfio_mig_fw_$name" "$(profile_value driver)"
	profile_value modules | tr ' ' '\n'
}

# firmware_parameters: those of the profile, and where the card's memory is.
firmware_parameters()
{
	local window

	profile_value parameter
	if [ -n "$opt_without" ]; then
		profile_value without_migration
	fi
	[ -n "$(profile_value firmware)" ] || return 0
	window=$(firmware_window) || return
	printf 'vfio_mig_fw.window_base=%d\nvfio_mig_fw.window_size=%d\n' \
		$((firmware_ram << 20)) $((window << 20))
}

# firmware_json: for run.json: what the driver ran on, and what it was built from.
firmware_json()
{
	local name dir

	name=$(profile_value firmware)
	# On a host the same profile is for the vendor's card.
	if [ -z "$name" ] || [ "$mode" = host ]; then
		printf null
		return
	fi
	dir=$(profile_value upstream)
	printf '{"stand_in": %s, "driver_source": %s, "sha256": %s, "patch": %s}' \
		"$(json_string "vfio_mig_fw_$name")" "$(json_string "${dir%%[[:blank:]]*}")" \
		"$(json_string "$([ ! -e "$own_build/upstream.sha256" ] ||
			sha256sum <"$own_build/upstream.sha256" | cut -d' ' -f1)")" \
		"$(json_string "${driver_patch:+${driver_patch##*/}}")"
}

# own_modules: builds what the guest loads beside the kernel's modules, its directory in
# own_build, empty for nothing.
own_modules()
{
	local args=() f need=''

	own_build=''
	[ -z "$gcov_wanted" ] || args+=(--gcov)
	if [ -n "$(profile_value firmware)" ]; then
		args+=(--for "$top/configs/devices/$profile.conf")
		[ -z "$driver_patch" ] || args+=(--patch "$driver_patch")
	else
		[[ " $(profile_value modules)" != *" vfio_mig_"* ]] || need=1
		# A driver of one's own on the engine of the reference drivers.
		for f in "${opt_ko[@]}"; do
			! tr '\0' '\n' <"$f" | grep -q '^depends=.*vfio_mig_ref' || need=1
		done
		# In the debug kernel mtty is built anew, with branch coverage.
		[[ " $(profile_value modules) " != *" mtty "* ]] || need=$need$opt_debug
		if [ -n "$opt_stock" ]; then
			args+=(--sample "$(if [ -n "$need" ]; then echo with; else echo alone; fi)")
		elif [ -z "$need$gcov_wanted" ]; then
			return 0
		fi
	fi
	own_build=$("$guest/modules.sh" --arch "$guest_arch" "${args[@]}" "$kernel_source" "$kernel_build")
}

# A patch for the driver that is built.
driver_patch=''
# Set where modules are to count their lines.
gcov_wanted=''
own_build=''
