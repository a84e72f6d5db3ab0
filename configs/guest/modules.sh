#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the modules of selftests/test_modules against a kernel build, once, into the cache.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=configs/run/lib.sh
. "$here/../run/lib.sh"
# shellcheck source=configs/guest/arch.sh
. "$here/arch.sh"

usage()
{
	cat <<-'EOF'
	Usage: configs/guest/modules.sh [OPTION]... KERNEL_SOURCE KERNEL_BUILD
	       configs/guest/modules.sh --sources

	  Builds the reference drivers against the build directory of a kernel and prints the
	  directory with the .ko files. The sources are copied first, so that they may be
	  read-only; a build of the same sources, kernel and compiler is taken as it is.

	  --arch ARCH    for a guest of that machine: aarch64, default x86_64
	  --for PROFILE  not the reference drivers, but the stand-in for firmware that this
	                 profile names (firmware:) and the driver of the kernel source that runs
	                 on it (upstream:), unmodified. upstream.sha256 beside the .ko files
	                 says what the driver was built from
	  --patch FILE   with --for: the driver with this patch
	  --gcov         the modules count which of their lines run; of the reference drivers,
	                 mtty of the kernel source is built too. The kernel needs
	                 configs/guest/gcov.config
	                 In a kernel with CONFIG_KCOV the modules tell which branches a call takes, and
	                 mtty is built with the reference drivers too
	  --sample WHAT  with: mtty of the kernel source too, and mdev if the kernel has none;
	                 alone: these and no reference driver
	  --sources      print the files that a build is made of, relative to the top

	Environment:

	  VMIG_CACHE=DIR  where builds are kept, default ~/.cache/vmig; what is in it can be
	                  deleted at any time
	EOF
}

top=$(cd "$here/../.." && pwd -P)

# A make above us must not hand its options and variables to the kernel's make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KBUILD_OUTPUT O M ARCH CROSS_COMPILE

# sources [all]: the files that this build is made of, or all builds, relative to the top.
sources()
{
	local dir=selftests/test_modules parts

	parts=("$dir/ref" "$dir/mock" "$dir/edu")
	[ -z "${firmware:-}" ] || parts=("$dir/firmware/core" "$dir/firmware/$firmware")
	[ "${1-}" != all ] || parts=("$dir")
	(cd "$top" && {
		echo "$dir/Makefile"
		find "${parts[@]}" "$dir"/*.def lib/exercisers \
			\( -path "$dir/*" -name '*.[ch]' -o -name '*_regs.h' -o -name '*.def' \
			-o -name '*.mk' \) ! -name '*.mod.c'
	} | LC_ALL=C sort -u)
}

# Builds of this kernel from older sources that were not used for an hour.
prune()
{
	find "$cache/modules" -mindepth 1 -maxdepth 1 -name "$name-*" ! -path "$out" -mmin +60 \
		-exec rm -rf {} +
}

# module_make DIR ARG...: the kernel's make for the modules of a directory.
module_make()
{
	local dir=$1

	shift
	[ -z "$gcov" ] || set -- "$@" GCOV_PROFILE=y
	[ -z "$kcov" ] || set -- "$@" KCOV_INSTRUMENT=y
	make -C "$kernel" M="$dir" "${arch_words[@]}" -j"$(nproc)" "$@" modules </dev/null >>"$log" 2>&1
}

# upstream_list: what the drivers under test are made of, with checksums.
upstream_list()
{
	(cd "$source" && profile_get "$profile" upstream | while read -r path _; do
		find "$path" -name '*.[ch]'
	done | LC_ALL=C sort | xargs sha256sum)
}

# apply_patch DIR: the patch, to a copy of the directory that it is for.
apply_patch()
{
	patch -s -f -p1 -d "$1" <"$patch" >>"$log" 2>&1 ||
		{ echo "error: ${patch##*/} does not fit ${1#"$out/src/"}" >>"$log" && false; }
}

# patch_beneath: a patch for what the stand-in is built from, not for the driver on top.
patch_beneath()
{
	local dir copy

	dir=$(profile_get "$patch" Directory)
	[ -n "$dir" ] || return 0
	copy=$out/src/selftests/test_modules/firmware/$firmware/${dir##*/}
	cp -r "$source/$dir" "$copy"
	apply_patch "$copy" || return
	patch=''
}

# upstream_driver: copies the driver of the kernel source and builds it against the stand-in.
upstream_driver()
{
	local dir config

	read -r dir config <<<"$upstream"
	mkdir -p "$out/src/${dir%/*}"
	cp -r "$source/$dir" "$out/src/$dir"
	[ -z "$patch" ] || apply_patch "$out/src/$dir" || return
	module_make "$out/src/$dir" "$config=m" \
		KBUILD_EXTRA_SYMBOLS="$out/src/selftests/test_modules/Module.symvers"
}

# sample_driver: mtty of the kernel source, and beneath it mdev where the kernel has none.
sample_driver()
{
	local dir=$out/src/mtty

	mkdir -p "$dir"
	cp "$source/samples/vfio-mdev/mtty.c" "$dir/" || return
	echo 'obj-m := mtty.o' >"$dir/Makefile"
	if ! grep -qE '/mdev\.k?o$' "$kernel"/modules.{order,builtin}; then
		cp "$source"/drivers/vfio/mdev/*.[ch] "$dir/" || return
		printf '%s\n' 'obj-m += mdev.o' 'mdev-y := mdev_core.o mdev_sysfs.o mdev_driver.o' \
			>>"$dir/Makefile"
	fi
	module_make "$dir"
}

compile()
{
	local f

	rm -rf "$out"
	mkdir -p "$out/src"
	for f in "${files[@]}"; do
		mkdir -p "$out/src/${f%/*}"
		cp "$top/$f" "$out/src/$f"
	done
	: >"$log"
	[ -z "$patch" ] || patch_beneath || return
	if [ -z "$firmware" ] && [ -n "$gcov$kcov$sample" ]; then
		sample_driver || return
	fi
	[ "$sample" = alone ] || module_make "$out/src/selftests/test_modules" \
		"FIRMWARE=$firmware" "KERNEL_SOURCE=$source" \
		KBUILD_EXTRA_SYMBOLS="$(ls "$out/src/mtty/Module.symvers" 2>/dev/null)" || return
	if [ -n "$firmware" ]; then
		upstream_list >"$out/upstream.sha256" || return
		upstream_driver || return
	fi
	find "$out/src" -name '*.ko' -exec cp {} "$out/" \;
}

# read_profile FILE: the stand-in and the driver that it names.
read_profile()
{
	[ -r "$1" ] || die "modules.sh: there is no profile $1"
	profile=$(realpath "$1")
	firmware=$(profile_get "$1" firmware)
	upstream=$(profile_get "$1" upstream | head -n 1)
	if [ -z "$firmware" ] || [[ $upstream != drivers/*[[:blank:]]CONFIG_* ]]; then
		die "$1 has to say firmware: NAME and upstream: drivers/DIRECTORY CONFIG_OPTION"
	fi
}

gcov='' sample='' profile='' firmware='' upstream='' patch=''
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--sources)
		sources all
		exit 0
		;;
	--gcov) gcov=1 ;;
	--sample)
		sample=${2-}
		shift
		;;
	--arch)
		arch_set "${2-}"
		shift
		;;
	--for)
		read_profile "${2-}"
		shift
		;;
	--patch)
		patch=${2-}
		[ -r "$patch" ] || die "modules.sh: there is no patch $patch"
		shift
		;;
	*) break ;;
	esac
	shift
done
[ $# -eq 2 ] || die "modules.sh takes a kernel source and a kernel build directory (see --help)"
source=$1
[ -r "$source/Kbuild" ] || die "modules.sh: $source is no kernel source (see --help)"
[ -e "$2/include/config/kernel.release" ] ||
	die "modules.sh: $2 is no build directory of a kernel (see --help)"
kernel=$(realpath "$2")
kcov=$(grep -x CONFIG_KCOV=y "$kernel/.config") || kcov=''
[ -z "$upstream" ] || [ -d "$source/${upstream%%[[:blank:]]*}" ] ||
	die "the kernel source $source has no ${upstream%%[[:blank:]]*}"
[ -z "$patch" ] || have patch || die "no patch: install the package patch"
mapfile -t files < <(sources)
[[ " ${files[*]} " == *" selftests/test_modules/"*.c* ]] ||
	die "the sources of the reference drivers are missing in $top/selftests/test_modules"
arch_check
read -ra arch_words < <(arch_make)

# Kernels of the cache have a name that says all of them; a tree that is being worked on
# (KERNEL_SRC) is built anew into the same directory, and its modules with it.
name=${kernel##*/}${firmware:+-$firmware}${gcov:+-gcov}
key=$({
	printf '%s\n' "$kernel"
	[ -z "$profile" ] || profile_get "$profile" upstream
	[ -z "$sample" ] || printf '%s\n' "$sample"
	(cd "$top" && sha256sum "${files[@]}" "configs/guest/modules.sh")
	[ -z "$patch" ] || sha256sum <"$patch"
	arch_compiler
	[ -z "${KERNEL_SRC:-}" ] || {
		stat -c %Y "$kernel/vmlinux" "$kernel/Module.symvers"
		[ -z "$upstream" ] || find "$source/${upstream%%[[:blank:]]*}" -type f -exec sha256sum {} +
	}
} | sha256sum | cut -c1-12)
out=$cache/modules/$name-$key
log=$cache/modules/$name-$key.log

lock_cache "$cache/modules"
if [ ! -e "$out/.vmig-complete" ]; then
	need_space "$cache" 100 "the drivers" "VMIG_CACHE=DIR"
	compile || build_failed "the drivers of the guest could not be built" "$out/src/"
	: >"$out/.vmig-complete"
	rm -f "$log"
fi
touch "$out"
prune
printf '%s\n' "$out"
