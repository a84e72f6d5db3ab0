# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Build test programs for another architecture (--arch), or 32-bit ones (--m32): beside the native
# ones, into build/, with static libraries of Debian's packages for that architecture. Sourced by
# run.sh after arch.sh and debs.sh, which sets top, tmp and the options (opt_*).
# shellcheck disable=SC2154,SC2034

# Where the test programs are that the guest runs.
programs=$top/selftests

# Debian's packages that are unpacked into the cache: static libraries, and a busybox.
foreign_debs=(libjansson-dev liblzma-dev libmd-dev liburing-dev busybox-static)

# foreign_fetch DEBARCH DIR LOG: gets the packages of a machine and unpacks them into DIR.
foreign_fetch()
{
	rm -rf "$2.part"
	deb_lists "$1" "$3"
	deb_unpack "$1" "$2.part" "$3" "${foreign_debs[@]}" && rm -rf "$2" && mv "$2.part" "$2"
}

# foreign_complete: all of them are there? A cache of an older version may have fewer.
foreign_complete()
{
	[ -e "$foreign_dir/usr/include/liburing.h" ] && [ -e "$foreign_dir/usr/include/lzma.h" ] &&
		[ -e "$foreign_dir/usr/include/sha256.h" ]
}

# foreign_root DEBARCH: sets foreign_dir, the directory with the packages of a machine, got
# on first use.
foreign_root()
{
	local log=$cache/foreign/$1.log

	foreign_dir=$cache/foreign/$1
	foreign_complete && return
	lock_cache "$cache/foreign"
	if ! foreign_complete; then
		say "getting ${foreign_debs[*]} for $1 (once)"
		: >"$log"
		step foreign_fetch "$1" "$foreign_dir" "$log" ||
			deb_failed "${foreign_debs[*]} for $1" "$log"
	fi
	exec {lock}>&-
}

# foreign_build NAME ARG...: builds the test programs into build/NAME.
foreign_build()
{
	local name=$1 headers

	programs=$top/build/$name
	shift
	if [ ! -f "$top/Makefile" ] || [ ! -w "$top" ]; then
		die "the test programs for $name are built from the sources, and $top is no work" \
			"tree that can be written"
	fi
	headers=$(step "$guest/kernel.sh" --arch "$guest_arch" headers) || exit
	mkdir -p "$programs"
	if ! step make -s -C "$top/selftests" -j"$(nproc)" OUTPUT="$programs" \
		FOREIGN="$foreign_dir" KSRC="$("$guest/kernel.sh" source)" KHDR="$headers" "$@" \
		>"$tmp/make" 2>&1; then
		cat "$tmp/make" >&2
		die "the test programs for $name could not be built: see above"
	fi
	cp "$top"/selftests/{chapters,run_chapters.sh} "$programs/"
}

# foreign_programs: builds what --arch or --m32 needs, and sets programs.
foreign_programs()
{
	foreign_dir=''
	if [ -n "$opt_m32" ]; then
		packages_ensure build guest
		foreign_root i386
		foreign_build m32 M32=1
	elif arch_foreign; then
		packages_ensure build guest "${arch_packages[@]}"
		arch_check
		foreign_root arm64
		foreign_build "$guest_arch" CROSS_COMPILE="$(arch_cross)"
		[ -n "${VMIG_BUSYBOX:-}" ] || export VMIG_BUSYBOX="$foreign_dir/bin/busybox"
	fi
}

# stock_kernel: Debian's own kernel, for --stock-kernel.
stock_kernel()
{
	[ -z "$opt_debug" ] || die "--stock-kernel and --debug-kernel are two kernels: take one"
	[ -z "${KERNEL_SRC:-}" ] || die "--stock-kernel and KERNEL_SRC are two kernels: take one"
	step "$guest/stock.sh" --arch "$guest_arch" "$opt_stock" >"$tmp/kernel" || exit
	{
		read -r kernel_build
		read -r kernel_source
	} <"$tmp/kernel"
}

# kernel_check: what --kernel does not go with; the scripts that look for the source get it by VMIG_KERNEL.
kernel_check()
{
	[ -n "$opt_kernel" ] || return 0
	[ "$mode" = guest ] ||
		die "--kernel is the guest's, and $opt_device is a device of this host, with its own kernel"
	[ -z "${KERNEL_SRC:-}" ] || die "--kernel and KERNEL_SRC are two kernels: take one"
	[ -z "$opt_stock" ] || die "--kernel and --stock-kernel are two kernels: take one"
	[[ $opt_kernel =~ ^([0-9]+\.[0-9]+|newest|all)$ ]] ||
		die "--kernel $opt_kernel: a series such as 7.3, or newest, or all"
	if [ "$opt_kernel" = all ] && [ -n "$opt_action" ]; then
		die "--kernel all tests drivers, and --$opt_action takes one kernel: give its series"
	fi
	export VMIG_KERNEL=$opt_kernel
}

# foreign_words: for run.json: whose programs the tests are; nothing for the native ones.
foreign_words()
{
	[ -z "$opt_m32" ] || printf '32-bit'
}

# foreign_check: what --arch, --m32 and --stock-kernel do not go with.
foreign_check()
{
	local given='' d

	[ "$guest_arch" = x86_64 ] || given="--arch $guest_arch"
	[ -z "$opt_m32" ] || given+=${given:+ and }--m32
	[ -z "$opt_stock" ] || given+=${given:+ and }--stock-kernel
	[ -n "$given" ] || return 0
	[ "$mode" = guest ] || die "$given: for the guest, and $opt_device is a device of this host"
	[ -z "$opt_m32" ] || [ "$guest_arch" = x86_64 ] ||
		die "--m32 is for x86-64: leave out --arch $guest_arch"
	case $opt_action in
	'' | shell | mutants | nightly | kernel-build-dir) ;;
	guest-cmd)
		! arch_foreign ||
			die "--guest-cmd runs this host's programs, which a guest of another machine" \
				"cannot: leave out $given"
		;;
	*) die "--$opt_action is not for another guest: leave out $given" ;;
	esac
	[ "$guest_arch$opt_stock" != x86_64 ] || return 0
	for d in "${devices[@]}"; do
		[ -z "$d" ] || [ -z "$(profile_get "$top/configs/devices/$d.conf" firmware)" ] ||
			die "$d runs on a card in software, which is made for x86-64 and a kernel that" \
				"vmig builds: leave out $given"
	done
}
