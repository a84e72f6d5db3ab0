#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Find the kernel source and build the kernel of the guest from it, once, into a cache.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=configs/run/lib.sh
. "$here/../run/lib.sh"
# shellcheck source=configs/run/packages.sh
. "$here/../run/packages.sh"
# shellcheck source=configs/guest/arch.sh
. "$here/arch.sh"
# shellcheck source=configs/guest/debs.sh
. "$here/debs.sh"
# shellcheck source=configs/guest/source.sh
. "$here/source.sh"

usage()
{
	cat <<-'EOF'
	Usage: configs/guest/kernel.sh [--arch ARCH] [--fragment FILE]... COMMAND

	  series   print the series that the profiles are written for, the newest first
	  source   print the kernel source directory (fetched and unpacked on first use)
	  package  print what it is: Debian's package and its version, or the tree
	  headers  print a directory with the uAPI headers of that source
	  build    build the guest kernel if need be, print its build directory
	  image    the same, print the path of what QEMU boots
	  cached   build nothing; exit code 0 if what build gives is there, else 1

	--programs is for who builds test programs: these run on any kernel, and so they are built with
	the headers and the kselftest harness that are the default, unless KERNEL_SRC is 6.7 or newer.
	--arch aarch64 is for a guest of that machine, cross-compiled where need be; default x86_64.
	--fragment FILE adds a config fragment to selftests/config, base.config and that of the machine;
	may be repeated, the last one wins. Environment:

	  VMIG_KERNEL=SERIES
	                  the series of the kernel, such as 6.12, from Debian's archive; or newest, the
	                  newest that there is. Default: of configs/guest/series, the first that can be
	                  had and that this compiler builds
	  KERNEL_SRC=DIR  a kernel tree from 6.1 on, unbuilt (make mrproper), in place of that;
	                  it is built incrementally each time. Before 6.6 there is
	                  no VFIO cdev, before 6.7 no driver with migration that needs no hardware
	  VMIG_MIRROR=URL where Debian's archive is taken from, default http://deb.debian.org/debian
	  VMIG_CACHE=DIR  where sources and builds are kept, default ~/.cache/vmig; what is in
	                  it can be deleted at any time
	EOF
}

fragments=()
resumed=
# Set for who builds test programs, see usage.
programs=
# What selftests/config asks for and a kernel before 6.7 may not know.
late_options=(IOMMUFD VFIO_GROUP VFIO_CONTAINER VFIO_DEVICE_CDEV VFIO_DEBUGFS)
# Those of them that this one does not know.
missing_options=

# A make above us must not hand its options and variables to the kernel's make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES KBUILD_OUTPUT O M ARCH CROSS_COMPILE LOCALVERSION

# kernel_version DIR: "6.12.117" from the Makefile of a tree, nothing if it is none.
kernel_version()
{
	sed -n '/^VERSION *= */{s///;h}
		/^PATCHLEVEL *= */{s///;H}
		/^SUBLEVEL *= */{s///;H;x;s/\n/./gp;q}' "$1/Makefile" 2>/dev/null || :
}

# older_than VERSION MAJOR MINOR
older_than()
{
	local major minor

	IFS=. read -r major minor _ <<<"$1"
	[ "$major" -lt "$2" ] || { [ "$major" -eq "$2" ] && [ "$minor" -lt "$3" ]; }
}

# find_missing: for an older kernel, which of late_options it does not know.
find_missing()
{
	local o

	fragments+=("$here/early.config")
	for o in "${late_options[@]}"; do
		grep -rqxE "(menu)?config $o" --include='Kconfig*' "$src/drivers" ||
			missing_options+=" $o"
	done
}

# Sets src_id, what the cache knows the source by, and src, where it is or will be.
find_source()
{
	local version

	if [ -n "${KERNEL_SRC:-}" ]; then
		src=$(realpath -e "$KERNEL_SRC" 2>/dev/null) ||
			die "KERNEL_SRC=$KERNEL_SRC does not exist: give the top of a kernel tree"
		version=$(kernel_version "$src")
		[ -n "$version" ] ||
			die "KERNEL_SRC=$KERNEL_SRC is no kernel tree: its Makefile says no version"
		if older_than "$version" 6 1; then
			die "KERNEL_SRC=$KERNEL_SRC is Linux $version: the guest needs 6.1 or newer"
		fi
		if [ -e "$src/.config" ] || [ -d "$src/include/config" ]; then
			die "KERNEL_SRC=$KERNEL_SRC was built in place, and kbuild then refuses to" \
				"build anywhere else: run make mrproper there, or give another tree"
		fi
		src_id="tree $src"
		! older_than "$version" 6 7 || find_missing
		return
	fi
	source_find
	! older_than "$(kernel_version "$src")" 6 7 || find_missing
}

unlock_cache()
{
	exec {lock}>&-
}

# long_step COMMAND...: output to $log; stops the command on a signal.
long_step()
{
	local pid status=0

	"$@" >>"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 130' INT
	trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 143' TERM HUP
	wait "$pid" || status=$?
	trap - INT TERM HUP
	return "$status"
}

hash_of()
{
	sha256sum | cut -c1-12
}

kmake()
{
	local words

	read -ra words < <(arch_make)
	long_step make -C "$src" O="$out" "${words[@]}" -j"$(nproc)" "$@"
}

ensure_headers()
{
	out="$cache/headers/$(printf '%s\n' "$src_id${guest_arch#x86_64}" | hash_of)"
	[ -e "$out/.vmig-complete" ] && [ -z "${KERNEL_SRC:-}" ] && return
	lock_cache "$cache"
	if [ ! -e "$out/.vmig-complete" ] || [ -n "${KERNEL_SRC:-}" ]; then
		mkdir -p "$out"
		rm -f "$out/.vmig-complete"
		log=$out/vmig-build.log
		: >"$log"
		# Not headers_install, which needs rsync to copy what is already apart.
		kmake headers || build_failed "could not make the kernel's uAPI headers"
		: >"$out/.vmig-complete"
	fi
	unlock_cache
}

# Every option that a fragment asks for must be in the finished .config: Kconfig drops
# what has an unmet dependency or another name in this version without a word.
check_config()
{
	local wrong

	[ -z "$missing_options" ] ||
		say "Linux $(kernel_version "$src") does not know$missing_options: the guest goes without"
	wrong=$(awk -v missing="$missing_options " '
		function name(line) {
			sub(/^# /, "", line)
			sub(/[= ].*/, "", line)
			return line
		}
		!/^(# )?CONFIG_/ { next }
		{ line = $0; sub(/[ \t]+$/, "", line) }
		FILENAME != config { want[name(line)] = line; next }
		{ is[name(line)] = line }
		END {
			for (n in want) {
				off = want[n] ~ /^#/
				if (index(missing, " " substr(n, 8) " "))
					continue
				if (n in is ? is[n] != want[n] : !off)
					printf "%s%s", sep, off ? n " off" : want[n]
				else
					continue
				sep = ", "
			}
		}' config="$out/.config" "${fragments[@]}" "$out/.config")
	[ -z "$wrong" ] ||
		die "Linux $(kernel_version "$src") does not take these options of" \
			"${fragments[*]}: $wrong (its .config is $out/.config)"
}

configure()
{
	if [ ! -e "$out/.vmig-configured" ]; then
		kmake tinyconfig || return
		long_step "$src/scripts/kconfig/merge_config.sh" -m -O "$out" "$out/.config" \
			"${fragments[@]}" || return
	fi
	kmake olddefconfig || return
	: >"$out/.vmig-configured"
}

# A build that was interrupted goes on where make stopped, and from the start if that
# fails; it counts only once everything was made.
compile()
{
	if configure && check_config && kmake "$(arch_image_target)" modules; then
		return
	fi
	[ -n "$resumed" ] && [ -z "${KERNEL_SRC:-}" ] || return 1
	say "the interrupted build cannot be resumed, starting over"
	rm -rf "$out"
	mkdir -p "$out"
	: >"$log"
	configure && check_config && kmake "$(arch_image_target)" modules
}

# find_build: sets out, where the kernel is or will be, and version.
find_build()
{
	local key

	key=$({
		printf '%s\n' "$src_id"
		cat "${fragments[@]}"
		arch_compiler
	} | hash_of)
	version=$(kernel_version "$src")
	out="$cache/kernel/${version:-unknown}${guest_arch#x86_64}-$key"
}

# cached: is the kernel there? One of a tree that may have changed since is not.
cached()
{
	have "$(arch_cross)gcc" || return
	find_build
	[ -e "$out/.vmig-complete" ] && [ -z "${KERNEL_SRC:-}" ]
}

ensure_build()
{
	local started=$SECONDS missing

	arch_check
	find_build
	[ -e "$out/.vmig-complete" ] && [ -z "${KERNEL_SRC:-}" ] && return

	missing=$(packages_missing build guest | grep -x 'flex\|bison\|bc\|libelf-dev\|make' |
		tr '\n' ' ') || :
	[ -z "$missing" ] ||
		die "the guest kernel needs what is not installed: apt-get install $missing"
	lock_cache "$cache"
	if [ ! -e "$out/.vmig-complete" ] || [ -n "${KERNEL_SRC:-}" ]; then
		log=$out/vmig-build.log
		if [ ! -d "$out" ] || [ ! -e "$(arch_image "$out")" ]; then
			need_space "$cache" 1000 "the guest kernel" "VMIG_CACHE=DIR"
			say "building the guest kernel, Linux $version: 3 to 4 minutes on 2 cores, once" \
				"(log: $log)"
		fi
		[ -d "$out" ] && resumed=1
		mkdir -p "$out"
		rm -f "$out/.vmig-complete"
		: >"$log"
		compile || build_failed "the guest kernel could not be built"
		: >"$out/.vmig-complete"
		[ $((SECONDS - started)) -lt 20 ] ||
			say "the guest kernel took $((SECONDS - started)) s to build"
	fi
	unlock_cache
}

command=
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
	--programs) programs=1 ;;
	--fragment)
		[ -r "${2-}" ] || die "--fragment ${2-}: no such file"
		fragments+=("$2")
		shift
		;;
	series | source | package | headers | build | image | cached)
		[ -z "$command" ] || die "kernel.sh takes one command: see --help"
		command=$1
		;;
	*)
		die "kernel.sh: '$1' is no command: series, source, package, headers, build, image or cached (see --help)"
		;;
	esac
	shift
done
[ -n "$command" ] || die "kernel.sh: say what: series, source, package, headers, build, image or cached (see --help)"

if [ "$command" = series ]; then
	source_known
	exit
fi

fragments=("$(realpath "$here/../../selftests/config")" "$here/base.config" "$here/$arch_config"
	${fragments[@]+"${fragments[@]}"})
[ -z "$programs" ] || unset VMIG_KERNEL
if [ -n "$programs" ] && [ -n "${KERNEL_SRC:-}" ]; then
	version=$(kernel_version "$KERNEL_SRC")
	[ -z "$version" ] || ! older_than "$version" 6 7 || unset KERNEL_SRC
fi
find_source
if [ "$command" = cached ]; then
	cached
	exit
fi
case $command in
source)
	printf '%s\n' "$src"
	;;
package)
	printf '%s\n' "$src_id"
	;;
headers)
	ensure_headers
	printf '%s\n' "$out/usr/include"
	;;
build)
	ensure_build
	printf '%s\n' "$out"
	;;
image)
	ensure_build
	arch_image "$out"
	;;
esac
