# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Architecture of the guest: x86-64 or aarch64. Sourced after lib.sh; the differences between
# the two are here and in qemu.sh only.
# shellcheck disable=SC2034 # of who sources this

guest_arch=x86_64
# A fragment on top of base.config, in this directory.
arch_config=x86_64.config
# Where the guest's kernel has its console.
arch_console=ttyS0
# A group of packages.sh.
arch_packages=()

# arch_set NAME: the machine of the guest.
arch_set()
{
	case $1 in
	x86_64) ;;
	aarch64)
		arch_config=aarch64.config
		arch_console=ttyAMA0
		arch_packages=(aarch64)
		;;
	*) die "--arch ${1:-}: the guest can be x86_64 or aarch64" ;;
	esac
	guest_arch=$1
}

# arch_foreign: is the guest another machine than this host?
arch_foreign()
{
	[ "$guest_arch" != "$(uname -m)" ]
}

# arch_cross: what stands before the names of the compiler and its friends.
arch_cross()
{
	! arch_foreign || printf '%s-linux-gnu-' "$guest_arch"
}

# arch_compiler: the compiler and its version, one line, for names in the cache.
arch_compiler()
{
	"$(arch_cross)gcc" --version | head -n 1
}

# arch_check: dies where nothing for a guest of this machine can be compiled.
arch_check()
{
	if [ "$guest_arch" = x86_64 ] && arch_foreign; then
		die "the guest is an x86-64 one, and this host is $(uname -m): use --arch $(uname -m)," \
			"or a device of this host (-d DEVICE)"
	fi
	have "$(arch_cross)gcc" || die "no compiler $(arch_cross)gcc: install" \
		"$(if arch_foreign; then echo gcc-aarch64-linux-gnu; else echo gcc; fi)"
}

# arch_make: arguments of the kernel's make, on one line.
arch_make()
{
	case $guest_arch in
	x86_64) echo ARCH=x86_64 ;;
	aarch64) echo "ARCH=arm64 CROSS_COMPILE=$(arch_cross)" ;;
	esac
}

# arch_image_target: what the kernel's make calls the image.
arch_image_target()
{
	case $guest_arch in
	x86_64) echo bzImage ;;
	aarch64) echo Image ;;
	esac
}

# arch_image BUILDDIR: the path of the image that QEMU boots.
arch_image()
{
	case $guest_arch in
	x86_64) printf '%s\n' "$1/arch/x86/boot/bzImage" ;;
	aarch64) printf '%s\n' "$1/arch/arm64/boot/Image" ;;
	esac
}
