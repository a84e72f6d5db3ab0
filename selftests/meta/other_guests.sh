#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Guests of another kind: 32-bit programs, another machine, each on vmig's kernel and on Debian's
# own ones. Those whose kernel is not in the cache are skipped: building or getting it is nothing
# for `make check`.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh
# shellcheck source=configs/run/lib.sh
. configs/run/lib.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# there SERIES-DEBARCH: is that kernel in the cache?
there()
{
	[ -e "$cache/stock/$1/build/.config" ]
	cached $? "./run.sh --stock-kernel" "Debian's kernel $1 is in the cache"
}

# built OPTION...: is the kernel in the cache that run.sh has for these options?
built()
{
	configs/guest/kernel.sh "$@" cached
	cached $? "./run.sh $* --kernel-build-dir" "vmig's kernel for $* is in the cache"
}

# cached RC COMMAND WHAT: the result of that; COMMAND gets it
cached()
{
	[ "$1" -ne 0 ] || { tap 0 "$3" && return; }
	tap_skip "it is not: $2" "$3"
	return 1
}

# run NAME EXPECTED OPTION...: a run with an exit code; what it prints is in $tmp/NAME.out
run()
{
	local name=$1 expected=$2 rc
	shift 2
	timeout 900 ./run.sh -o "$tmp/$name" --no-hazards "$@" >"$tmp/$name.out" 2>&1 </dev/null
	rc=$?
	[ "$rc" = "$expected" ] || tail -n 40 "$tmp/$name.out" | sed 's/^/# | /'
	tap_is "$expected" "$rc" "exit code of run.sh $*"
}

# says NAME PATTERN WHAT: the report has a line that matches
says()
{
	grep -qE "$2" "$tmp/$1.out"
	tap $? "$3"
}

if there 6.12-amd64; then
	run m32 0 --m32 --stock-kernel 6.12 -d mtty -t 'feature.* hostile.group.concurrent_writers'
	says m32 'Where .*, 32-bit programs$' "the report says that the programs were 32-bit ones"
	grep -q '^ok .*feature.group.compat32$' "$tmp/m32/latest/ktap/feature.ktap"
	tap $? "a 32-bit program and its 64-bit companion get the same answers"
	run compat 1 --strict --m32 --stock-kernel 6.12 -d mock -t 'feature.*.compat32 precopy_info.group*' \
		--param vfio_mig_mock.defect=no_compat_ioctl
	says compat 'FEAT-16 .*' "a driver that forgets 32-bit callers is caught"
fi
if there 7.3-amd64; then
	run stock 0 --stock-kernel 7.3 -d mtty -t 'feature.* state.*'
	says stock '^ *Kernel +7.3.* Debian' "the report says that it was Debian's own 7.3"
fi
# With a cdev, and DMA logging, which Debian's kernels have not.
run own32 0 --m32 -d mtty -t 'feature.* dma_logging.*report* limits.group*'
says own32 'iommufd takes no calls of 32-bit programs' "why a 32-bit program has no cdev is told"
grep -q '^ok .*feature.group.compat32$' "$tmp/own32/latest/ktap/feature.ktap"
tap $? "a 32-bit program and its 64-bit companion get the same answers there too"
if built --arch aarch64; then
	run ownarm 0 --arch aarch64 -d mtty -t 'feature.* fsm.*_STOP_* dma_logging.*report*'
	says ownarm '^ *Kernel .* aarch64' "the report says that it was an aarch64 kernel"
	grep -q '^ok .*feature.cdev.[a-z_]*$' "$tmp/ownarm/latest/ktap/feature.ktap"
	tap $? "aarch64 through the cdev"
	# Both keep what they have made below the same directory.
	run machines 0 -d mock -t 'compat.cdev.kept_streams'
	run machines 0 --arch aarch64 -d mock -t 'compat.cdev.kept_streams'
	grep -q '"text": ".* x86_64), this version: accepted"' "$tmp/machines/latest/results.json"
	tap $? "a stream of an x86-64 guest goes into an aarch64 one"
fi
if there 6.1-amd64; then
	run old 2 --stock-kernel 6.1 -d mtty -t 'feature.* state.* lifecycle_any.*'
	says old '^Verdict: could not be tested: .*migration' \
		"the mtty of 6.1: the verdict says that it has no migration"
	says old 'the device offers no migration' "so do the tests that were skipped"
	says old 'known to take the kernel down' "what takes the mtty of that kernel down is left out"
	says old 'no /dev/vfio/devices node' "and the others say that this kernel has no cdev"
fi
if there 6.12-arm64; then
	run arm 0 --arch aarch64 --stock-kernel 6.12 -d mtty -t 'feature.* fsm.group_STOP_*'
	says arm '^ *Kernel .* aarch64' "the report says that it was an aarch64 kernel"
fi
tap_end
