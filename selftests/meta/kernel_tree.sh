#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make kernel-tree`: the suite in the selftests of a kernel tree of each series, built and run by
# the tree's own make. No device: each chapter has to be there, and to skip with that reason.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
unset VMIG_DEVICE DEVICE VFIO_SELFTESTS_BDF

# refused WHAT PATTERN DEST: one sentence, exit code 2
refused()
{
	make -s kernel-tree DEST="$3" >"$tmp/out" 2>&1
	tap_is 2 $? "$1"
	grep -q "^vmig: .*$2" "$tmp/out"
	tap $? "$1: a sentence says so"
}

refused "no tree named" "make kernel-tree DEST=DIR" ""
refused "a tree that is not there" "does not exist" "$tmp/nosuch"
refused "a directory that is no tree" "is no kernel tree" "$tmp"

# names WHAT FUNCTION [VARIABLE=...] PROGRAM...: the device that a program takes is ff:1f.FUNCTION
names()
{
	local what=$1 function=$2

	shift 2
	env "$@" >"$tmp/out" 2>&1
	grep -q "no device '0000:ff:1f.$function'" "$tmp/out"
	tap $? "$series: $what names the device"
}

# check_tree SERIES: the suite in a tree of that series
check_tree()
{
	local series=$1 ksrc khdr tree copy rc

	ksrc=$(VMIG_KERNEL=$series configs/guest/kernel.sh source) &&
		khdr=$(VMIG_KERNEL=$series configs/guest/kernel.sh headers) || exit 2

	# As much of a tree as its selftests need.
	tree=$tmp/$series
	mkdir -p "$tree/tools/testing/selftests" "$tree/scripts"
	cp "$ksrc/scripts/subarch.include" "$tree/scripts/"
	cp -r "$ksrc/tools/scripts" "$tree/tools/"
	cp -r "$ksrc"/tools/testing/selftests/{Makefile,lib.mk,*.h,*.sh,kselftest} \
		"$tree/tools/testing/selftests/"
	copy=$tree/tools/testing/selftests/vfio_migration

	mkdir "$copy"
	refused "$series: a directory of that name that is somebody else's" "was not made by this" "$tree"
	rmdir "$copy"

	make -s kernel-tree DEST="$tree" >"$tmp/out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$series: make kernel-tree"
	touch "$copy/selftests/left_behind.c"
	make -s kernel-tree DEST="$tree" >"$tmp/out" 2>&1 && [ ! -e "$copy/selftests/left_behind.c" ]
	tap $? "$series: again: the copy is replaced"

	make -C "$tree/tools/testing/selftests" TARGETS=vfio_migration -j2 \
		KHDR_INCLUDES="-isystem $khdr" run_tests >"$tmp/run" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tail -n 20 "$tmp/run" | sed 's/^/# | /'
	tap $rc "$series: make -C tools/testing/selftests TARGETS=vfio_migration run_tests"
	tap_is "$(sed 's/#.*//' selftests/chapters | wc -w)" \
		"$(grep -c '^ok [0-9]* selftests: vfio_migration.*: vmig_.* # SKIP' "$tmp/run")" \
		"$series: each chapter is run by the tree's runner and skips without a device"
	! grep -q 'warning:' "$tmp/run"
	tap $? "$series: it compiles there without a warning"
	grep -q "^$(cat "$copy/COMMIT")\$" "$copy/obj/lib/commit"
	tap $? "$series: the programs know the commit of the suite, not that of the kernel"

	# As the kernel's own VFIO selftests have it, and what goes before what.
	names "VFIO_SELFTESTS_BDF" 7 VFIO_SELFTESTS_BDF=0000:ff:1f.7 "$copy/vmig_state"
	names "DEVICE" 6 DEVICE=0000:ff:1f.6 "$copy/vmig_state"
	names "VMIG_DEVICE, before both" 5 VMIG_DEVICE=0000:ff:1f.5 DEVICE=0000:ff:1f.6 \
		VFIO_SELFTESTS_BDF=0000:ff:1f.7 "$copy/vmig_state"
	names "the last argument, before all of them" 4 VMIG_DEVICE=0000:ff:1f.5 \
		VFIO_SELFTESTS_BDF=0000:ff:1f.7 "$copy/vmig_state" -r state.set 0000:ff:1f.4
	names "the first of the last arguments" 4 "$copy/vmig_state" 0000:ff:1f.4 0000:ff:1f.3
	names "no argument that is no PCI address" 7 VFIO_SELFTESTS_BDF=0000:ff:1f.7 \
		"$copy/vmig_state" 0000:ff:1f.44

	# The C files are in the part lint, by the same checkpatch.
	(cd "$copy" && find . \( -name Makefile -o -name '*.mk' -o -name '*.sh' \) -print0 |
		xargs -0 perl "$ksrc/scripts/checkpatch.pl" --no-tree --terse --show-types --no-summary \
			-f) >"$tmp/out" 2>&1
	rc=$?
	[ ! -s "$tmp/out" ] || { tap_show "$tmp/out" && rc=1; }
	tap $rc "$series: checkpatch has nothing to say of its makefiles and scripts"
}

while read -r series; do
	check_tree "$series" </dev/null
done < <(configs/guest/kernel.sh series)
tap_end
