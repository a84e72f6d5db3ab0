#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Pack the initramfs of the guest: busybox, init, the tests, the modules, the profiles.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=configs/run/lib.sh
. "$here/../run/lib.sh"
# shellcheck source=configs/run/packages.sh
. "$here/../run/packages.sh"
# shellcheck source=configs/guest/arch.sh
. "$here/arch.sh"

usage()
{
	cat <<-'EOF'
	Usage: configs/guest/initramfs.sh -o FILE --marker WORD
	       configs/guest/initramfs.sh -o FILE -k BUILDDIR -b BINDIR [-p PROFILE]...
	                                  [-m MODULE]... [--ko FILE]... [--param PARAM]...
	                                  [--built DIR]

	  -o FILE        the initramfs to write
	  -k BUILDDIR    build directory of the guest kernel, where modules come from
	  -b BINDIR      the static test binaries (vmig_*), run_chapters.sh and chapters
	  -c CHAPTERS    the chapters to take along, with blanks between; default all
	  -p PROFILE     a profile to take along; may be repeated
	  -m MODULE      a module to load, in this order, after the modules it depends on;
	                 one that is built in is skipped; may be repeated
	  --ko FILE      a module of your own; it takes the place of the one of the same name,
	                 or is loaded last; may be repeated
	  --param PARAM  MODULE.NAME=VALUE, a parameter for a module that is loaded; may be
	                 repeated, the last one wins
	  --built DIR    where modules come from that the kernel build does not have, see
	                 modules.sh
	  --arch ARCH    the machine of the guest, for the tool that strips its programs
	  --marker WORD  a guest that prints WORD and powers off, to see whether one boots
	EOF
}

# ko_info FILE KEY: a value of a module's .modinfo section.
ko_info()
{
	LC_ALL=C tr '\0' '\n' <"$1" | sed -n "s/^$2=//p" | head -n 1
}

module_name()
{
	local name=${1##*/}

	name=${name%.ko}
	name=${name%.o}
	printf '%s' "${name//-/_}"
}

# Fills built and builtin with the modules of the kernel build.
read_modules()
{
	local line

	# Older kernels list x.ko in modules.order, newer ones x.o.
	while read -r line; do
		line=${line%.*}
		built[$(module_name "$line")]="$kernel/$line.ko"
	done <"$kernel/modules.order"
	while read -r line; do
		builtin[$(module_name "$line")]=1
	done <"$kernel/modules.builtin"
}

# Those of modules.sh come before the kernel's own, as a driver that counts its lines has the
# name of the one that does not.
read_own_build()
{
	local f

	for f in "$own_build"/*.ko; do
		[ ! -e "$f" ] || built[$(module_name "$f")]=$f
	done
}

# Own modules must be of this kernel: the guest's refusal is harder to read.
check_ko()
{
	local file=$1 magic release name

	# A distribution has its modules compressed.
	[ -e "$file" ] || [ ! -e "$file.xz" ] || xz -dk "$file.xz"
	[ -r "$file" ] || die "--ko $file: no such file"
	magic=$(ko_info "$file" vermagic)
	[ -n "$magic" ] || die "--ko $file is no kernel module (an uncompressed .ko file)"
	release=$(cat "$kernel/include/config/kernel.release")
	[ "${magic%% *}" = "$release" ] ||
		die "--ko $file was built for Linux ${magic%% *} and the guest runs $release: build it" \
			"with make -C \"\$($run_command --kernel-build-dir)\" M=DIRECTORY modules"
	name=$(ko_info "$file" name)
	own[${name:-$(module_name "$file")}]=$file
}

# add_module NAME WHO: puts a module and what it depends on into order, once.
add_module()
{
	local name=${1//-/_} file depends d with

	[ -z "${builtin[$name]:-}" ] && [ -z "${added[$name]:-}" ] || return 0
	file=${own[$name]:-${built[$name]:-}}
	[ -n "$file" ] ||
		die "$2 needs the module $name, and the guest kernel has none of that name: give it" \
			"with --ko, or add it to configs/guest/base.config"
	# A distribution has its modules compressed.
	[ -e "$file" ] || [ ! -e "$file.xz" ] || xz -dk "$file.xz"
	[ -r "$file" ] || die "the guest kernel's $file is missing: delete $kernel and run again"
	added[$name]=1
	depends=$(ko_info "$file" depends)
	for d in ${depends//,/ }; do
		add_module "$d" "$name"
	done
	cp "$file" "$root/vmig/modules/$name.ko"
	with=$(params_of "$name" "$file")
	printf '%s.ko%s\n' "$name" "$with" >>"$root/vmig/modules/$order"
}

# params_of NAME FILE: what a module is loaded with, a blank before each. The kernel
# ignores a parameter that a module does not have, and the run would be of something else.
params_of()
{
	local p known

	known=$(LC_ALL=C tr '\0' '\n' <"$2" | sed -n 's/^parm\(type\)\?=\([^:]*\):.*/\2/p' |
		sort -u | tr '\n' ' ')
	for p in ${params[@]+"${params[@]}"}; do
		[ "${p%%.*}" = "$1" ] || continue
		p=${p#*.}
		[[ " $known" == *" ${p%%=*} "* ]] ||
			die "the module $1 has no parameter '${p%%=*}'; it has: ${known:-none}"
		printf ' %s' "$p"
	done
}

# Each parameter must have found its module.
check_params()
{
	local p

	for p in ${params[@]+"${params[@]}"}; do
		[ -n "${added[${p%%.*}]:-}" ] ||
			die "--param $p: the guest loads no module ${p%%.*}; it loads:" \
				"$(sed 's/\.ko.*//' "$root/vmig/modules/order" | tr '\n' ' ')"
	done
}

# is_wanted NAME: a chapter that is taken along, or a program that is no chapter.
is_wanted()
{
	[ -z "$chapters" ] || [[ " $chapters " == *" $1 "* ]] ||
		! sed 's/#.*//; s,.*/,,' "$bin/chapters" | grep -qx "$1"
}

pack()
{
	# Not compressed: under TCG the guest takes longer to inflate it than to read it.
	(cd "$root" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) \
		>"$out.part"
	mv "$out.part" "$out"
}

out='' kernel='' bin='' chapters='' marker='' own_build=''
modules=() kos=() profiles=() params=()
declare -A built builtin own added
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	esac
	[ $# -ge 2 ] || die "initramfs.sh: $1 needs a value (see --help)"
	case $1 in
	-o) out=$2 ;;
	-k) kernel=$2 ;;
	-b) bin=$2 ;;
	-c) chapters=$2 ;;
	-p) profiles+=("$2") ;;
	-m) modules+=("$2") ;;
	--ko) kos+=("$2") ;;
	--param)
		param_check "$2"
		module=${2%%.*}
		params+=("${module//-/_}.${2#*.}")
		;;
	--built) own_build=$2 ;;
	--arch) arch_set "$2" ;;
	--marker) marker=$2 ;;
	*) die "initramfs.sh: unknown option $1 (see --help)" ;;
	esac
	shift 2
done
[ -n "$out" ] || die "initramfs.sh: -o FILE is needed (see --help)"

busybox=$(busybox_path) || die "no static busybox: install busybox-static"
root=$(mktemp -d)
trap 'rm -rf "$root" "$out.part"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,tmp,results,vmig/{modules,profiles,selftests}}
cp "$busybox" "$root/bin/busybox"

if [ -n "$marker" ]; then
	cat >"$root/init" <<-EOF
	#!/bin/busybox sh
	/bin/busybox echo $marker
	/bin/busybox poweroff -f
	EOF
	chmod 755 "$root/init"
	pack
	exit
fi

if [ -z "$kernel" ] || [ -z "$bin" ]; then
	die "initramfs.sh: -k and -b are needed (see --help)"
fi
cp "$here/init" "$root/init"
chmod 755 "$root/init"
cp "$bin"/run_chapters.sh "$root/vmig/selftests/"
# The guest copies all of it into its memory before it begins.
awk -v wanted="$chapters" '
	{ sub(/#.*/, "") }
	!NF { next }
	{ name = $1; sub(/.*\//, "", name) }
	!wanted || index(" " wanted " ", " " name " ") { print }
	' "$bin/chapters" >"$root/vmig/selftests/chapters"
for f in "$bin"/vmig_*; do
	# Next to the binaries lie their sources, and links with names that they had.
	if [ ! -f "$f" ] || [ ! -x "$f" ] || [ -L "$f" ] || ! is_wanted "${f##*/vmig_}"; then
		continue
	fi
	"$(arch_cross)strip" -o "$root/vmig/selftests/${f##*/}" "$f" 2>/dev/null ||
		cp "$f" "$root/vmig/selftests/"
done
for f in ${profiles[@]+"${profiles[@]}"}; do
	cp "$f" "$root/vmig/profiles/"
done

read_modules
[ -z "$own_build" ] || read_own_build
: >"$root/vmig/modules/order"
: >"$root/vmig/modules/early"
# What a distribution's kernel has as modules and the guest cannot begin without: the ways to
# the host, and the container, which no module depends on.
order=early
for f in virtio_pci virtio_console 9pnet_virtio 9p vfio_iommu_type1; do
	add_module "$f" "the guest"
done
order=order
for f in ${kos[@]+"${kos[@]}"}; do
	check_ko "$f"
done
for f in ${modules[@]+"${modules[@]}"}; do
	add_module "$f" "the profile"
done
for f in ${kos[@]+"${kos[@]}"}; do
	f=$(ko_info "$f" name)
	add_module "$f" "--ko"
done
check_params
pack
