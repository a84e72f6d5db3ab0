#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the modules of selftests/test_modules against a kernel build, once, into the cache.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=configs/guest/lib.sh
. "$here/lib.sh"

usage()
{
	cat <<-'EOF'
	Usage: configs/guest/modules.sh [--gcov KERNEL_SOURCE] KERNEL_BUILD
	       configs/guest/modules.sh --sources

	  Builds the reference drivers against the build directory of a kernel and prints the
	  directory with the .ko files. The sources are copied first, so that they may be
	  read-only; a build of the same sources, kernel and compiler is taken as it is.

	  --gcov KERNEL_SOURCE
	                 the modules count which of their lines run, and mtty of that source is
	                 built with them; the kernel needs configs/guest/gcov.config
	  --sources      print the files that a build is made of, relative to the top

	Environment:

	  VMIG_CACHE=DIR  where builds are kept, default ~/.cache/vmig; what is in it can be
	                  deleted at any time
	EOF
}

top=$(cd "$here/../.." && pwd -P)

# A make above us must not hand its options and variables to the kernel's make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KBUILD_OUTPUT O M ARCH CROSS_COMPILE

# sources: the files that a build is made of, relative to the top.
sources()
{
	(cd "$top" && find selftests/test_modules lib/exercisers \
		\( -path 'selftests/test_modules/*' -name '*.[ch]' -o -name '*_regs.h' \
		-o -name '*.def' -o -name Makefile -o -name Kbuild \) ! -name '*.mod.c' |
		LC_ALL=C sort)
}

# Builds that nobody took for an hour: of this kernel, of older sources.
prune()
{
	find "$cache/modules" -mindepth 1 -maxdepth 1 -name "$name-*" ! -path "$out" -mmin +60 \
		-exec rm -rf {} +
}

compile()
{
	local f args=() dirs=("$out/src/selftests/test_modules")

	rm -rf "$out"
	mkdir -p "$out/src"
	for f in "${files[@]}"; do
		mkdir -p "$out/src/${f%/*}"
		cp "$top/$f" "$out/src/$f"
	done
	if [ -n "$gcov" ]; then
		mkdir "$out/src/mtty"
		cp "$gcov/samples/vfio-mdev/mtty.c" "$out/src/mtty/"
		echo 'obj-m := mtty.o' >"$out/src/mtty/Makefile"
		dirs+=("$out/src/mtty")
		args=(GCOV_PROFILE=y)
	fi
	: >"$log"
	for f in "${dirs[@]}"; do
		make -C "$kernel" M="$f" -j"$(nproc)" ${args[@]+"${args[@]}"} modules \
			</dev/null >>"$log" 2>&1 || return
	done
	find "$out/src" -name '*.ko' -exec cp {} "$out/" \;
}

gcov=''
case ${1-} in
-h | --help)
	usage
	exit 0
	;;
--sources)
	sources
	exit 0
	;;
--gcov)
	gcov=${2-}
	[ -r "$gcov/samples/vfio-mdev/mtty.c" ] ||
		die "modules.sh: --gcov needs a kernel source, and '$gcov' is none"
	shift 2
	;;
esac
[ $# -eq 1 ] || die "modules.sh takes one kernel build directory (see --help)"
[ -e "$1/include/config/kernel.release" ] ||
	die "modules.sh: $1 is no build directory of a kernel (see --help)"
kernel=$(realpath "$1")
mapfile -t files < <(sources)
[[ " ${files[*]} " == *" selftests/test_modules/"*.c* ]] ||
	die "the sources of the reference drivers are missing in $top/selftests/test_modules"
have gcc || die "no compiler: install gcc"

# Kernels of the cache have a name that says all of them; a tree that is being worked on
# (KERNEL_SRC) is built anew into the same directory, and its modules with it.
name=${kernel##*/}${gcov:+-gcov}
key=$({
	printf '%s\n' "$kernel"
	(cd "$top" && sha256sum "${files[@]}" "configs/guest/modules.sh")
	gcc --version | head -n 1
	[ -z "${KERNEL_SRC:-}" ] || stat -c %Y "$kernel/vmlinux" "$kernel/Module.symvers"
} | sha256sum | cut -c1-12)
out=$cache/modules/$name-$key
log=$cache/modules/$name-$key.log

lock_cache "$cache/modules"
if [ ! -e "$out/.vmig-complete" ]; then
	need_space "$cache" 100 "the reference drivers" "VMIG_CACHE=DIR"
	compile || build_failed "the reference drivers could not be built" "$out/src/"
	: >"$out/.vmig-complete"
	rm -f "$log"
fi
touch "$out"
prune
printf '%s\n' "$out"
