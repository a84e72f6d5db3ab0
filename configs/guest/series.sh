#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch what test programs are built with, for another kernel series than the guest's: the kselftest
# harness, lib.mk and the uAPI headers, from Debian's package linux-source-SERIES.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=configs/run/lib.sh
. "$here/../run/lib.sh"
# shellcheck source=configs/guest/debs.sh
. "$here/debs.sh"

# Where Debian has newer kernels than that of a release, built for one.
suite=trixie-backports

usage()
{
	cat <<-'EOF'
	Usage: configs/guest/series.sh SERIES | newest

	  Prints three lines: the version of the kernel, what KSRC= and what KHDR= of
	  selftests/Makefile may be. `newest' is the newest series that Debian's backports have or
	  that is at hand: in /usr/src, or in the cache. Nothing is installed.

	Environment:

	  VMIG_CACHE=DIR  where it is kept, default ~/.cache/vmig; what is in it can be deleted at
	                  any time
	EOF
}

# series_parts: what is unpacked of a source: enough for `make headers', and the harness.
series_parts()
{
	local arch

	parts=(Makefile Kbuild scripts include/uapi include/asm-generic/Kbuild tools/include)
	case $(uname -m) in
	x86_64)
		arch=arch/x86
		parts+=("$arch/entry/syscalls")
		;;
	aarch64) arch=arch/arm64 ;;
	*) die "the uAPI headers of a kernel are made on x86-64 and on aarch64 only" ;;
	esac
	parts+=("$arch/Makefile" "$arch/tools" "$arch/include/uapi" "$arch/include/asm/Kbuild")
	parts+=(tools/testing/selftests/{kselftest.h,kselftest_harness.h,lib.mk})
	parts=("${parts[@]/#/linux-source-$series/}")
}

# series_at_hand SERIES: lines "SERIES VERSION" of what is in the cache and in /usr/src.
series_at_hand()
{
	local f name

	# shellcheck disable=SC2231 # $1 may be a glob
	for f in "$cache/series/"${1}_*/headers /usr/src/linux-source-$1.tar.xz; do
		[ -e "$f" ] || continue
		case $f in
		*/headers)
			name=${f%/headers}
			name=${name##*/}
			;;
		*)
			name=${f##*/linux-source-}
			name=${name%.tar.xz}
			name=${name}_$(dpkg-query -W -f '${Version}' "linux-source-$name" 2>/dev/null) ||
				name=${name}$(stat -c '%s-%Y' "$f")
			;;
		esac
		printf '%s %s\n' "${name%%_*}" "${name#*_}"
	done
}

# series_in_archive REGEX: the same of Debian's archive, the newest one.
series_in_archive()
{
	local package

	deb_lists "$archive" "$log"
	package=$(deb_newest "$archive" "linux-source-$1") || :
	if [ -n "$package" ]; then
		printf '%s %s\n' "${package#linux-source-}" "$(deb_version "$archive" "$package")"
	else
		say "Debian's archive has no linux-source-${wanted/newest/*} for us or cannot be read:" \
			"taking what is at hand"
	fi
}

# series_unpack: the parts of $series into $dir/source.
series_unpack()
{
	local tarball=/usr/src/linux-source-$series.tar.xz

	if ! series_at_hand "$series" | grep -qxF "$series $version"; then
		say "getting the source of Linux $version (160 MiB, once)"
		deb_source "$archive" "$dir/source" "$log" "$series" "${parts[@]}"
		return
	fi
	mkdir -p "$dir/source"
	tar -xJf "$tarball" -C "$dir/source" --strip-components=1 "${parts[@]}" >>"$log" 2>&1
}

# series_source: sets dir, with the parts of $series and its headers, made on first use.
series_source()
{
	local final=$cache/series/${series}_$version parts

	dir=$final
	[ ! -d "$final/headers" ] || return 0
	series_parts
	dir=$cache/series/part
	rm -rf "$dir"
	series_unpack || return
	make -s -C "$dir/source" O="$dir/headers" headers >>"$log" 2>&1 || return
	rm -rf "$final"
	mv "$dir" "$final"
	dir=$final
}

wanted=
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	*)
		[ -z "$wanted" ] || die "series.sh takes one series of kernels (see --help)"
		wanted=$1
		;;
	esac
	shift
done
[[ $wanted =~ ^([0-9]+\.[0-9]+|newest)$ ]] ||
	die "a series of kernels has the form 7.3, or is 'newest', and not '$wanted'"
# A make above us must not hand its options and variables to the kernel's make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KBUILD_OUTPUT O M ARCH CROSS_COMPILE

regex='[0-9]+\.[0-9]+'
glob='*'
if [ "$wanted" != newest ]; then
	regex=${wanted/./\\.}
	glob=$wanted
fi
archive=$(deb_arch "$(uname -m)")/$suite
log=$cache/series.log
lock_cache "$cache/series"
: >"$log"
dir=
# The newest first; where it cannot be had, the next one is better than none.
while read -r series version; do
	series_source && break
	say "Linux $version could not be had: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
	dir=
done < <({
	series_in_archive "$regex"
	series_at_hand "$glob"
} | sort -ruV)
[ -n "$dir" ] || die "no linux-source-${wanted/newest/*} is at hand (all of it is in $log): connect to" \
	"Debian's archive, or apt-get install linux-source-6.12"
printf '%s\n' "$version" "$dir/source" "$dir/headers/usr/include"
