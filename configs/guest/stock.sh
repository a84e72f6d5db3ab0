#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Use a kernel package of Debian in the guest: its image, modules and headers, arranged
# like a build directory.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=configs/run/lib.sh
. "$here/../run/lib.sh"
# shellcheck source=configs/guest/arch.sh
. "$here/arch.sh"
# shellcheck source=configs/guest/debs.sh
. "$here/debs.sh"
# shellcheck source=configs/guest/source.sh
. "$here/source.sh"

usage()
{
	cat <<-'EOF'
	Usage: configs/guest/stock.sh [--arch ARCH] SERIES

	  Gets the newest kernel of a series, such as 6.1, out of Debian's packages for ARCH
	  (aarch64, default x86_64) and prints two lines: a directory that modules.sh and
	  initramfs.sh take for a build directory, and one with the kernel source, as far as
	  modules for the guest are built from it.

	Environment:

	  VMIG_CACHE=DIR  where it is kept, default ~/.cache/vmig; what is in it can be deleted at
	                  any time. Another kernel of a series that came out since is not looked for
	                  as long as there is one
	EOF
}

# fetch: the packages, unpacked into $dir.part.
fetch()
{
	local image='' release common kbuild part=$dir.part suite packages

	# Of the host's own release, else of that which has newer ones.
	for suite in '' "/$source_backports"; do
		deb_lists "$arch$suite" "$log"
		deb_lists "$host$suite" "$log"
		image=$(deb_newest "$arch$suite" "linux-image-${series//./\\.}\\.[0-9.+deb-]*-$arch") || :
		[ -z "$image" ] || break
	done
	[ -n "$image" ] || die "Debian has no package linux-image-$series.*-$arch"
	release=${image#linux-image-}
	common=${release%-"$arch"}
	# The programs of the build are this host's; their package has the release or the series.
	kbuild=$(deb_newest "$host$suite" "linux-kbuild-(${common//[.+]/\\&}|${series//./\\.})" | tail -n 1)
	say "getting Debian's kernel $release (100 MiB, once)"
	rm -rf "$part"
	# In newer packages the image is a package of its own, and so are the modules.
	mapfile -t packages < <(deb_all "$arch$suite" "linux-(base|binary|modules)-${release//[.+]/\\&}")
	deb_unpack "$arch$suite" "$part" "$log" "$image" "linux-headers-$release" \
		${packages[@]+"${packages[@]}"} || return
	[ -d "$part/lib" ] || ln -s usr/lib "$part/lib"
	deb_unpack "$host$suite" "$part" "$log" "linux-headers-$common-common" "$kbuild" || return
	assemble "$part" "$release" || return
	rm -rf "$dir"
	mv "$part" "$dir"
}

# other_compiler BUILD: the kernel was built with the compiler of another release, which is not here: modules get
# the options of that which is.
other_compiler()
{
	local config=$part/config lacks f

	sed -i 's/)gcc-[0-9]*/)gcc/' "$1/.kernelvariables"
	mkdir -p "$config"
	cp "$1/.config" "$config/"
	make -s -C "$source" O="$config" olddefconfig >>"$log" 2>&1 </dev/null || return
	lacks=$(grep -o '^CONFIG_CC_HAS_[A-Z_]*=y' "$1/.config" | grep -vxFf "$config/.config" |
		sed 's/=y//' | paste -sd '|')
	# The programs of the build do not run with an older C library.
	make -s -C "$source" O="$config" -j"$(nproc)" modules_prepare >>"$log" 2>&1 </dev/null || return
	(cd "$config" && find scripts tools -type f -perm -u+x) | while read -r f; do
		[ ! -e "$1/$f" ] || cp --remove-destination "$config/$f" "$1/$f" || exit
	done || return
	rm -rf "$config"
	[ -z "$lacks" ] || sed -i -E "/($lacks)[= ]/d" "$1/include/config/auto.conf" \
		"$1/include/generated/autoconf.h"
}

# assemble DIR RELEASE: links and paths, as they will be where DIR goes.
assemble()
{
	local build=$1/usr/src/linux-headers-$2 image

	# Both makefiles name where the packages are installed.
	sed -i "s,/usr/src/,$dir/usr/src/,; s,/usr/lib/,$dir/usr/lib/," "$build/Makefile" \
		"$1/usr/src/linux-headers-${2%-"$arch"}-common/Makefile" || return
	have "$(sed -n 's/.*CROSS_COMPILE)\(gcc-[0-9]*\).*/\1/p' "$build/.kernelvariables")" ||
		other_compiler "$build" || return
	# With it there, modules get type information, by a tool that nothing else here needs.
	rm -f "$build/vmlinux"
	image=$(arch_image "$build")
	mkdir -p "${image%/*}"
	cp "$(find "$1" -name "vmlinuz-$2" -o -path "*/modules/$2/vmlinuz" | head -n 1)" "$image" || return
	ln -s "../../../lib/modules/$2/kernel" "$build/kernel"
	cp "$1/lib/modules/$2"/modules.{order,builtin} "$build/" || return
	ln -s "usr/src/linux-headers-$2" "$1/build"
}

series=
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--arch)
		arch_set "${2-}"
		shift
		;;
	*)
		[ -z "$series" ] || die "stock.sh takes one series of kernels (see --help)"
		series=$1
		;;
	esac
	shift
done
[[ $series =~ ^[0-9]+\.[0-9]+$ ]] ||
	die "a series of Debian's kernels has the form 6.1, not '$series'"
arch=$(deb_arch "$guest_arch")
host=$(deb_arch "$(uname -m)")
dir=$cache/stock/$series-$arch
log=$dir.log

# A make above us must not hand its options and variables to the kernel's make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KBUILD_OUTPUT O M ARCH CROSS_COMPILE
# For the modules, and what is asked of it here.
source=$(env -u KERNEL_SRC VMIG_KERNEL="$series" "$here/kernel.sh" source)
if [ ! -e "$dir/build/.config" ]; then
	lock_cache "$cache/stock"
	if [ ! -e "$dir/build/.config" ]; then
		need_space "$cache" 1500 "Debian's kernel" "VMIG_CACHE=DIR"
		: >"$log"
		fetch || deb_failed "Debian's kernel $series for $arch" "$log"
	fi
fi
# The full name has the release in it, for the names of what is built against it.
realpath "$dir/build"
printf '%s\n' "$source"
