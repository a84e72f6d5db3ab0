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
	local image release common kbuild part=$dir.part

	deb_lists "$arch" "$log"
	deb_lists "$host" "$log"
	image=$(deb_newest "$arch" "linux-image-${series//./\\.}\\.[0-9.+deb-]*-$arch")
	[ -n "$image" ] || die "Debian has no package linux-image-$series.*-$arch"
	release=${image#linux-image-}
	common=${release%-"$arch"}
	# The programs of the build are this host's; their package has the release or the series.
	kbuild=$(deb_newest "$host" "linux-kbuild-(${common//[.+]/\\&}|${series//./\\.})" | tail -n 1)
	say "getting Debian's kernel $release (100 MiB, once)"
	rm -rf "$part"
	deb_unpack "$arch" "$part" "$log" "$image" "linux-headers-$release" || return
	deb_unpack "$host" "$part" "$log" "linux-headers-$common-common" "$kbuild" || return
	assemble "$part" "$release" || return
	rm -rf "$dir"
	mv "$part" "$dir"
}

# assemble DIR RELEASE: links and paths, as they will be where DIR goes.
assemble()
{
	local build=$1/usr/src/linux-headers-$2 image

	# Both makefiles name where the packages are installed.
	sed -i "s,/usr/src/,$dir/usr/src/,; s,/usr/lib/,$dir/usr/lib/," "$build/Makefile" \
		"$1/usr/src/linux-headers-${2%-"$arch"}-common/Makefile" || return
	# With it there, modules get type information, by a tool that nothing else here needs.
	rm -f "$build/vmlinux"
	image=$(arch_image "$build")
	mkdir -p "${image%/*}"
	cp "$1/boot/vmlinuz-$2" "$image" || return
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

if [ ! -e "$dir/build/.config" ]; then
	lock_cache "$cache/stock"
	if [ ! -e "$dir/build/.config" ]; then
		need_space "$cache" 1500 "Debian's kernel" "VMIG_CACHE=DIR"
		: >"$log"
		fetch || deb_failed "Debian's kernel $series for $arch" "$log"
	fi
fi
# Of that series, for the modules; before, as it may be that it cannot be had.
source=$(env -u KERNEL_SRC VMIG_KERNEL="$series" "$here/kernel.sh" source)
# The full name has the release in it, for the names of what is built against it.
realpath "$dir/build"
printf '%s\n' "$source"
